//! TCP servers that follow a script, the same for every connection.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use socket2::SockRef;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a server does next. After the last step it closes the connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads until this came at the end.
    Await(&'static str),
    /// Sends.
    Send(Vec<u8>),
    /// Sends one byte after the other, this far apart, for ever.
    Drip(u8, Duration),
    /// Sends the same until the client has had enough.
    Endlessly(Vec<u8>),
    /// Says nothing until the client goes, and keeps what it still says.
    Hold,
    /// Breaks the connection instead of closing it.
    Reset,
}

pub(crate) fn send(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

/// A server on the loopback.
pub(crate) struct Scripted {
    pub(crate) addr: SocketAddr,
    heard: Receiver<Heard>,
}

/// What a client said on one connection.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) said: String,
    /// The name that TLS was asked for.
    pub(crate) server_name: Option<String>,
    /// Whether the client closed the TLS session.
    pub(crate) farewell: bool,
}

impl Scripted {
    pub(crate) fn plain(script: &[Step]) -> Self {
        let script = script.to_vec();
        Self::serve(move |stream, heard| {
            let mut plain = &stream;
            follow(&script, &mut plain, &stream, heard)
        })
    }

    /// A server with a certificate of its own making.
    pub(crate) fn tls(script: &[Step]) -> Self {
        Self::tls_with(script, self_signed())
    }

    pub(crate) fn tls_with(script: &[Step], config: ServerConfig) -> Self {
        let (script, config) = (script.to_vec(), Arc::new(config));
        Self::serve(move |stream, heard| {
            let session = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            let mut secure = StreamOwned::new(session, stream.try_clone()?);
            let result = follow(&script, &mut secure, &stream, heard);
            stream.shutdown(Shutdown::Write)?;
            heard.server_name = secure.conn.server_name().map(str::to_owned);
            heard.farewell = result.is_ok() && secure.read(&mut [0; 64]).is_ok_and(|read| read == 0);
            result
        })
    }

    fn serve(talk: impl Fn(TcpStream, &mut Heard) -> io::Result<()> + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let (sender, heard): (Sender<Heard>, _) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut one = Heard::default();
                // A client that goes away in the middle is what some tests are about.
                let _ = talk(stream, &mut one);
                let _ = sender.send(one);
            }
        });
        Self { addr, heard }
    }

    /// What the next client said.
    pub(crate) fn heard(&self) -> Heard {
        self.heard.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn follow<S: Read + Write>(
    script: &[Step],
    stream: &mut S,
    tcp: &TcpStream,
    heard: &mut Heard,
) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    for step in script {
        match step {
            Step::Await(end) => {
                while !heard.said.ends_with(end) {
                    let read = stream.read(&mut buffer)?;
                    if read == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    heard.said.push_str(&String::from_utf8_lossy(&buffer[..read]));
                }
            }
            Step::Send(bytes) => {
                stream.write_all(bytes)?;
                stream.flush()?;
            }
            Step::Drip(byte, pause) => loop {
                stream.write_all(&[*byte])?;
                stream.flush()?;
                thread::sleep(*pause);
            },
            Step::Endlessly(bytes) => loop {
                stream.write_all(bytes)?;
            },
            Step::Hold => loop {
                let read = stream.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                heard.said.push_str(&String::from_utf8_lossy(&buffer[..read]));
            },
            Step::Reset => SockRef::from(tcp).set_linger(Some(Duration::ZERO))?,
        }
    }
    Ok(())
}

fn self_signed() -> ServerConfig {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap()
}
