//! Real HTTP between nodes: a server that tells who answers and who asked, and a client's connection to it.

use crate::{
    failure::{Failure, Outcome, While as _},
    listen::Listening,
    namespace::Namespace,
    scene::Node,
};
use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream},
    thread,
    time::Duration,
};

/// A client that gets no answer for so long has none.
const PATIENCE: Duration = Duration::from_secs(3);

/// An HTTP/1.1 server; once dropped, its port refuses connections. Connections that are open stay so.
#[derive(Debug)]
pub struct Origin {
    _serving: Listening,
}

impl Origin {
    /// Serves `port` on every address of `node`. Each answer takes `delay` to begin.
    ///
    /// # Errors
    /// The port is taken.
    pub fn start(node: &Node, port: u16, delay: Duration) -> Outcome<Self> {
        let name = node.name().to_owned();
        let serving = Listening::start(node, port, move |stream| {
            let name = name.clone();
            // A client that leaves ends it.
            thread::spawn(move || serve(stream, &name, delay));
        })?;
        Ok(Self { _serving: serving })
    }
}

fn serve(mut stream: TcpStream, name: &str, delay: Duration) -> io::Result<()> {
    let asker = stream.peer_addr()?.ip().to_canonical();
    let mut requests = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        let mut keep = true;
        loop {
            line.clear();
            if requests.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let said = line.trim_end();
            if said.is_empty() {
                break;
            }
            keep &= !said.ends_with(" HTTP/1.0");
        }
        thread::sleep(delay);
        let body = format!("{name} {asker}\n");
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        if !keep {
            return Ok(());
        }
    }
}

/// What an [`Origin`] has answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// The name of its node.
    pub name: String,
    /// The address it saw the request come from.
    pub asker: IpAddr,
}

/// A client's connection, over which it may ask more than once.
#[derive(Debug)]
pub struct Conversation {
    stream: BufReader<TcpStream>,
}

impl Conversation {
    /// Connects from a network.
    ///
    /// # Errors
    /// Nobody answers within three seconds, or the connection is refused.
    pub fn open(network: &Namespace, to: SocketAddr) -> Outcome<Self> {
        let stream = network
            .enter(|| TcpStream::connect_timeout(&to, PATIENCE))?
            .doing(format_args!("cannot connect to {to}"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Asks once.
    ///
    /// # Errors
    /// The connection breaks, nothing comes within three seconds, or it is no answer of an [`Origin`].
    pub fn ask(&mut self) -> Outcome<Answer> {
        self.stream.get_mut().write_all(b"GET / HTTP/1.1\r\nHost: service\r\n\r\n")?;
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(Failure::new("the connection was closed instead of an answer"));
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length: ") {
                length = value.parse().map_err(|_| Failure::new(format!("not a length: {value}")))?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let not_ours = || Failure::new(format!("not an answer: {body}"));
        let (name, asker) = body.trim_end().split_once(' ').ok_or_else(not_ours)?;
        Ok(Answer { name: name.to_owned(), asker: asker.parse().map_err(|_| not_ours())? })
    }
}

/// Asks once over a connection of its own.
///
/// # Errors
/// As [`Conversation::open`] and [`Conversation::ask`].
pub fn get(network: &Namespace, from: SocketAddr) -> Outcome<Answer> {
    Conversation::open(network, from)?.ask()
}
