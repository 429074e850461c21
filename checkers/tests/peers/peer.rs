//! Servers of one kind each; they live as long as the value.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use checkers::Outcome;
use checkers::io::tls::Tls;
use checkers::params::{CheckerKind, Endpoint};
use socket2::{Domain, SockAddr, Socket, Type};

/// Probes without certificates.
pub(crate) async fn probe(kind: &CheckerKind, question: usize) -> Outcome {
    checkers::probe::probe(kind, question, &Tls::default()).await.outcome
}

/// Accepts connections into its backlog.
pub(crate) struct Accepting(TcpListener);

impl Accepting {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// Who connected.
    pub(crate) fn accept(&self) -> (TcpStream, SocketAddr) {
        self.0.accept().unwrap()
    }
}

/// A port that nobody listens on: bound, so that nobody else gets it.
pub(crate) struct Refusing(Socket);

impl Refusing {
    pub(crate) fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).unwrap();
        Self(socket)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.local_addr().unwrap().as_socket().unwrap()
    }
}

/// Listens, but its backlog is full: further connections get no answer at all.
pub(crate) struct BlackHole {
    listener: Socket,
    _full: Vec<Socket>,
}

impl BlackHole {
    pub(crate) fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).unwrap();
        listener.listen(0).unwrap();
        let addr = listener.local_addr().unwrap();
        let fill = |_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), None).unwrap();
            // In progress for ever, once there is no room.
            let _ = socket.connect(&addr);
            socket
        };
        let full = (0..4).map(fill).collect();
        Self { listener, _full: full }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.listener.local_addr().unwrap().as_socket().unwrap()
    }
}

pub(crate) fn endpoint(dest: SocketAddr, timeout: Duration) -> Endpoint {
    Endpoint { dest, bind: None, device: None, timeout, mark: 0 }
}

pub(crate) fn tcp_check(dest: SocketAddr, timeout: Duration) -> CheckerKind {
    CheckerKind::Tcp(endpoint(dest, timeout))
}
