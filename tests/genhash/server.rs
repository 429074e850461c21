//! Servers that read a request and then follow a script, the same for every connection.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use socket2::SockRef;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

/// What a server does next. After the last step it closes the connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends.
    Send(Vec<u8>),
    /// Lets what was sent arrive alone.
    Pause(Duration),
    /// Sends the same until the client has had enough.
    Endlessly(Vec<u8>),
    /// Says nothing until the client goes.
    Hold,
    /// Says that the TLS session is over.
    CloseNotify,
    /// Breaks the connection instead of closing it.
    Reset,
}

pub(crate) fn send(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

pub(crate) fn pause() -> Step {
    Step::Pause(Duration::from_millis(100))
}

/// A server on the loopback.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    asked: Receiver<Asked>,
}

/// What a client asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) request: String,
    /// The name that TLS was asked for.
    pub(crate) server_name: Option<String>,
}

impl Server {
    /// A server that speaks HTTP at once.
    pub(crate) fn plain(script: &[Step]) -> Self {
        Self::on(Ipv4Addr::LOCALHOST.into(), script)
    }

    pub(crate) fn on(ip: IpAddr, script: &[Step]) -> Self {
        let script = script.to_vec();
        Self::serve(ip, move |stream, asked| {
            let mut plain = &stream;
            let request = request(&mut plain)?;
            // The test may not want to know.
            let _ = asked.send(Asked { request, server_name: None });
            follow(&script, &mut plain, &stream, |_| Ok(()))
        })
    }

    /// A server that answers whatever comes first, as one does that does not know TLS, or not ours.
    pub(crate) fn raw(script: &[Step]) -> Self {
        let script = script.to_vec();
        Self::serve(Ipv4Addr::LOCALHOST.into(), move |stream, _asked| {
            let mut plain = &stream;
            let _ = plain.read(&mut [0; 4096])?;
            follow(&script, &mut plain, &stream, |_| Ok(()))
        })
    }

    /// A server with a certificate of its own making.
    pub(crate) fn tls(versions: &[&'static SupportedProtocolVersion], script: &[Step]) -> Self {
        let (script, config) = (script.to_vec(), Arc::new(self_signed(versions)));
        Self::serve(Ipv4Addr::LOCALHOST.into(), move |stream, asked| {
            let session = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            let mut secure = StreamOwned::new(session, stream.try_clone()?);
            let request = request(&mut secure)?;
            let server_name = secure.conn.server_name().map(str::to_owned);
            let _ = asked.send(Asked { request, server_name });
            follow(&script, &mut secure, &stream, |secure| {
                secure.conn.send_close_notify();
                secure.flush()
            })
        })
    }

    fn serve(
        ip: IpAddr,
        talk: impl Fn(TcpStream, &Sender<Asked>) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("a port on the loopback");
        let addr = listener.local_addr().expect("the listener is bound");
        let (sender, asked) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away in the middle is what some tests are about.
                let _ = talk(stream, &sender);
            }
        });
        Self { addr, asked }
    }

    /// What the next client asked.
    pub(crate) fn asked(&self) -> Asked {
        self.asked.recv_timeout(Duration::from_secs(10)).expect("a request came")
    }
}

fn request(stream: &mut impl Read) -> io::Result<String> {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => break,
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&request).into_owned())
}

fn follow<S: Read + Write>(
    script: &[Step],
    stream: &mut S,
    tcp: &TcpStream,
    close_notify: impl Fn(&mut S) -> io::Result<()>,
) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    for step in script {
        match step {
            Step::Send(bytes) => {
                stream.write_all(bytes)?;
                stream.flush()?;
            }
            Step::Pause(time) => thread::sleep(*time),
            Step::Endlessly(bytes) => loop {
                stream.write_all(bytes)?;
            },
            Step::Hold => while stream.read(&mut [0; 64])? > 0 {},
            Step::CloseNotify => close_notify(stream)?,
            Step::Reset => SockRef::from(tcp).set_linger(Some(Duration::ZERO))?,
        }
    }
    Ok(())
}

fn self_signed(versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("versions that ring has")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("key and certificate belong together")
}
