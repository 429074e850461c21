//! TCP connections as checkers want them: from a given address, port and interface, marked, and in time.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::params::Endpoint;
use crate::{Failure, Outcome, Step, Trouble};

/// Connects within `endpoint.timeout`.
///
/// # Errors
///
/// The outcome of the probe: what the network refuses is the server's failure, anything else is this machine's trouble
/// and does not count (checkers.md §4.6).
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<TcpStream, Outcome> {
    let socket = open_stream(endpoint).map_err(Outcome::Unable)?;
    let stream = begin(socket, endpoint.dest)?;
    match timeout(endpoint.timeout, stream.writable()).await {
        Err(_elapsed) => return Err(Outcome::Failed(Failure::ConnectTimeout)),
        Ok(Err(error)) => return Err(judge(&error)),
        Ok(Ok(())) => {}
    }
    match stream.take_error() {
        Ok(None) => Ok(stream),
        Ok(Some(error)) | Err(error) => Err(judge(&error)),
    }
}

/// A socket for a TCP connection as the endpoint wants it, not yet connected.
pub(super) fn open_stream(endpoint: &Endpoint) -> Result<Socket, Trouble> {
    open(endpoint, Type::STREAM, Protocol::TCP)
}

/// A socket as the endpoint wants it, not yet connected.
pub(super) fn open(endpoint: &Endpoint, kind: Type, protocol: Protocol) -> Result<Socket, Trouble> {
    let trouble = |step| move |error: io::Error| Trouble { step, errno: error.raw_os_error().unwrap_or(0) };
    let domain = Domain::for_address(endpoint.dest);
    // Non-blocking and close-on-exec from the first moment.
    let socket = Socket::new(domain, kind.nonblocking(), Some(protocol));
    let socket = socket.map_err(trouble(Step::Socket))?;
    if let Some(device) = &endpoint.device {
        socket.bind_device(Some(device.as_bytes())).map_err(trouble(Step::Device))?;
    }
    if endpoint.mark != 0 {
        socket.set_mark(endpoint.mark).map_err(trouble(Step::Mark))?;
    }
    if let Some(bind) = endpoint.bind {
        // Probes follow one another faster than TIME_WAIT ends.
        if bind.port() != 0 {
            socket.set_reuse_address(true).map_err(trouble(Step::Bind))?;
        }
        socket.bind(&SockAddr::from(bind)).map_err(trouble(Step::Bind))?;
    }
    Ok(socket)
}

/// Starts to connect. The kernel may know the result at once.
fn begin(socket: Socket, dest: SocketAddr) -> Result<TcpStream, Outcome> {
    match socket.connect(&SockAddr::from(dest)) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => {}
        Err(error) => return Err(judge(&error)),
    }
    let stream = std::net::TcpStream::from(OwnedFd::from(socket));
    TcpStream::from_std(stream).map_err(|error| {
        let errno = error.raw_os_error().unwrap_or(0);
        Outcome::Unable(Trouble { step: Step::Socket, errno })
    })
}

/// What the network may answer.
const NETWORK: [Errno; 7] = [
    Errno::ENETUNREACH,
    Errno::EHOSTUNREACH,
    Errno::ECONNREFUSED,
    Errno::EHOSTDOWN,
    Errno::ENETDOWN,
    Errno::ECONNRESET,
    Errno::ECONNABORTED,
];

pub(super) fn judge(error: &io::Error) -> Outcome {
    let errno = error.raw_os_error().unwrap_or(0);
    let known = Errno::from_raw(errno);
    if known == Errno::ETIMEDOUT {
        Outcome::Failed(Failure::ConnectTimeout)
    } else if NETWORK.contains(&known) {
        Outcome::Failed(Failure::Connect(errno))
    } else {
        Outcome::Unable(Trouble { step: Step::Connect, errno })
    }
}
