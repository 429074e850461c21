//! One request and its reply over TCP or TLS (checkers.md §18.3, §18.10): connect, ask, read to the end.
//!
//! ```no_run
//! # use checkers::io::exchange::{Exchange, Failed, Limits};
//! # use checkers::params::Endpoint;
//! # async fn fetch(endpoint: &Endpoint, limits: Limits) -> Result<(), Failed> {
//! let mut exchange = Exchange::open(endpoint, None, b"GET / HTTP/1.0\r\n\r\n", limits).await?;
//! while let Some(_part) = exchange.next().await? {}
//! let response = exchange.finish()?;
//! # Ok(()) }
//! ```

use std::fmt;
use std::io;
use std::time::Duration;

use nix::errno::Errno;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use super::connect::connect;
use super::tls::{Client, PeerName, wants_certificate};
use crate::http::{NoHead, Reader, Reason, Response};
use crate::params::Endpoint;
use crate::{Failure, Outcome, Step, TlsFault};

/// Bytes taken from the network at once.
const BUFFER: usize = 16 * 1024;

/// How long to wait for a server. How long to connect is the endpoint's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For sending; then for each read, over TLS for all reads together.
    pub step: Duration,
    /// For everything, so that a server cannot go on for ever a byte at a time.
    pub whole: Duration,
    /// Bytes of the reply that [`Response::text`] is to have.
    pub keep: usize,
}

/// An exchange under way. Dropping it closes the connection.
pub struct Exchange {
    stream: Stream,
    pace: Pace,
    reader: Reader,
    buffer: Vec<u8>,
    progress: Progress,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("pace", &self.pace).finish_non_exhaustive()
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Until when a read may take.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// Each its own time, all of them until a last moment.
    Each(Duration, Instant),
    /// All of them until one moment.
    Together(Instant),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Not one byte came.
    Silent,
    /// The head is not complete.
    Head,
    /// The head was complete and handed out.
    Body,
}

/// What one read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// The whole head, in the part that completes it.
    pub head: Option<&'a [u8]>,
    /// Body that counts for the digest.
    pub body: &'a [u8],
}

/// Why there is no response.
#[derive(Debug)]
pub struct Failed {
    /// In keepalived's words.
    pub reason: Reason,
    /// What exactly happened, where the words leave it open.
    pub detail: Option<String>,
    /// What a checker makes of it.
    pub outcome: Outcome,
}

impl Failed {
    fn new(reason: Reason) -> Self {
        Self { reason, detail: None, outcome: Outcome::Failed(Failure::Http(reason)) }
    }

    fn because(reason: Reason, detail: impl fmt::Display) -> Self {
        Self { detail: Some(detail.to_string()), ..Self::new(reason) }
    }
}

impl From<NoHead> for Failed {
    fn from(no_head: NoHead) -> Self {
        Self::because(Reason::NoData, no_head)
    }
}

impl Exchange {
    /// Connects, over TLS if there is a client for it, and sends the request. Connecting and the handshake together may take
    /// the endpoint's timeout.
    ///
    /// # Errors
    ///
    /// When there is no connection or it does not take the request.
    pub async fn open(
        endpoint: &Endpoint,
        tls: Option<(&Client, &PeerName)>,
        request: &[u8],
        limits: Limits,
    ) -> Result<Self, Failed> {
        let begun = Instant::now();
        let connected =
            connect(endpoint).await.map_err(|outcome| Failed { outcome, ..unconnected(&outcome) })?;
        let mut stream = match tls {
            None => Stream::Plain(connected),
            Some((client, name)) => {
                match timeout_at(after(begun, endpoint.timeout), client.handshake(name, connected)).await {
                    Err(_elapsed) => return Err(Failed::new(Reason::TimeoutConnecting)),
                    Ok(Err(error)) => {
                        let outcome = Outcome::Failed(Failure::Handshake(error.fault()));
                        return Err(Failed { outcome, ..Failed::because(Reason::Handshake, error) });
                    }
                    Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
                }
            }
        };
        let last = after(begun, limits.whole);
        match timeout_at(after(Instant::now(), limits.step).min(last), stream.send(request)).await {
            Err(_elapsed) => return Err(Failed::new(Reason::TimeoutSending)),
            Ok(Err(error)) => return Err(Failed::because(Reason::CannotSend, error)),
            Ok(Ok(())) => {}
        }
        let pace = match stream {
            Stream::Plain(_) => Pace::Each(limits.step, last),
            Stream::Tls(_) => Pace::Together(after(Instant::now(), limits.step).min(last)),
        };
        let (reader, buffer) = (Reader::keeping(limits.keep), vec![0; BUFFER]);
        Ok(Self { stream, pace, reader, buffer, progress: Progress::Silent })
    }

    /// Reads on; `None` is the end of the reply.
    ///
    /// # Errors
    ///
    /// When the time is over, the connection breaks, or what came cannot become a reply.
    pub async fn next(&mut self) -> Result<Option<Part<'_>>, Failed> {
        let now = Instant::now();
        let until = match self.pace {
            Pace::Each(step, last) => after(now, step).min(last),
            Pace::Together(last) => last,
        };
        // From a server that is faster than we are there is always something to read, and then nobody looks at the clock.
        if now >= until {
            return Err(Failed::new(self.timed_out()));
        }
        let read = match timeout_at(until, self.stream.read(&mut self.buffer)).await {
            Err(_elapsed) => return Err(Failed::new(self.timed_out())),
            Ok(Err(error)) if self.is_end(&error) => 0,
            Ok(Err(error)) => return Err(self.broken(&error)),
            Ok(Ok(read)) => read,
        };
        if read == 0 {
            return Ok(None);
        }
        let body = self.reader.feed(&self.buffer[..read])?;
        let head = match self.progress {
            Progress::Silent | Progress::Head => self.reader.head(),
            Progress::Body => None,
        };
        self.progress = match (self.progress, head) {
            (Progress::Body, _) | (Progress::Silent | Progress::Head, Some(_)) => Progress::Body,
            (Progress::Silent | Progress::Head, None) => Progress::Head,
        };
        Ok(Some(Part { head, body }))
    }

    /// Ends a TLS session as RFC 8446 §6.1 wants it; a server that does not take that within the time for a step, or has
    /// gone, misses nothing.
    pub async fn say_farewell(&mut self) {
        let (Pace::Each(_, last) | Pace::Together(last)) = self.pace;
        if let Stream::Tls(stream) = &mut self.stream {
            let _gone = timeout_at(last, stream.shutdown()).await;
        }
    }

    /// What the reply was.
    ///
    /// # Errors
    ///
    /// When it had no head.
    pub fn finish(self) -> Result<Response, Failed> {
        Ok(self.reader.end()?)
    }

    fn timed_out(&self) -> Reason {
        match (&self.stream, self.progress) {
            (Stream::Tls(_), _) => Reason::TimeoutTlsRead,
            (Stream::Plain(_), Progress::Silent) => Reason::TimeoutFirst,
            (Stream::Plain(_), Progress::Head | Progress::Body) => Reason::TimeoutRead,
        }
    }

    /// Whether an error is how the reply ends. Many servers drop a TLS connection without `close_notify`, or reset it; once
    /// there is a head, keepalived takes that for the end.
    fn is_end(&self, error: &io::Error) -> bool {
        match (&self.stream, error.kind()) {
            (Stream::Tls(_), io::ErrorKind::UnexpectedEof) => true,
            (Stream::Tls(_), io::ErrorKind::ConnectionReset) => self.progress == Progress::Body,
            (Stream::Tls(_) | Stream::Plain(_), _) => false,
        }
    }

    fn broken(&self, error: &io::Error) -> Failed {
        // In TLS 1.3 a server looks at our certificate after the handshake is over on this side.
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
        if tls.is_some_and(wants_certificate) {
            let outcome = Outcome::Failed(Failure::Handshake(TlsFault::ClientCertificate));
            return Failed { outcome, ..Failed::because(Reason::Handshake, error) };
        }
        let reason = match self.stream {
            Stream::Tls(_) => Reason::TlsReadError,
            Stream::Plain(_) => Reason::ReadError,
        };
        Failed::because(reason, error)
    }
}

impl Stream {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer).await,
            Self::Tls(stream) => stream.read(buffer).await,
        }
    }
}

/// What the kernel says when there is no way to a server.
const NO_WAY: [Errno; 4] = [Errno::ENETUNREACH, Errno::EHOSTUNREACH, Errno::ENETDOWN, Errno::EHOSTDOWN];

fn unconnected(outcome: &Outcome) -> Failed {
    match outcome {
        Outcome::Failed(Failure::ConnectTimeout) => Failed::new(Reason::TimeoutConnecting),
        Outcome::Failed(Failure::Connect(errno)) => {
            let way = !NO_WAY.contains(&Errno::from_raw(*errno));
            let reason = if way { Reason::ConnectionFailed } else { Reason::Unreachable };
            Failed::because(reason, io::Error::from_raw_os_error(*errno))
        }
        Outcome::Unable(trouble) => {
            let step = match trouble.step {
                Step::Socket => "socket",
                Step::Device => "SO_BINDTODEVICE",
                Step::Mark => "SO_MARK",
                Step::Bind => "bind",
                Step::Connect => "connect",
            };
            let error = io::Error::from_raw_os_error(trouble.errno);
            Failed::because(Reason::ErrorConnecting, format_args!("{step}: {error}"))
        }
        // No outcomes of connect().
        Outcome::Passed
        | Outcome::PassedWith(_)
        | Outcome::Failed(
            Failure::Send(_)
            | Failure::Handshake(_)
            | Failure::Http(_)
            | Failure::Smtp(_)
            | Failure::Reply
            | Failure::Dns(_)
            | Failure::Script(_),
        ) => Failed::new(Reason::ErrorConnecting),
    }
}

/// A moment later; one that no clock will see if the time is too long for it.
fn after(moment: Instant, time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    moment.checked_add(time).unwrap_or(moment + FAR)
}
