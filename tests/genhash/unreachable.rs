//! Where no connection comes about.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, SockAddr, Socket, Type};

use super::client::{HELLO, Said, digest, original, run, without_time};
use super::server::{Server, send};

const OURS: &str = env!("CARGO_BIN_EXE_keepalived");

fn ask(program: &str, at: SocketAddr, options: &[&str]) -> Said {
    let (ip, port) = (at.ip().to_string(), at.port().to_string());
    run(program, &[&["-T", "-s", &ip, "-p", &port, "-u", "/"], options].concat())
}

/// A port that nobody listens on, held so that nobody else gets it.
fn refusing() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).expect("a port");
    let addr = socket.local_addr().ok().and_then(|addr| addr.as_socket()).expect("it is bound");
    (socket, addr)
}

#[test]
fn a_refusal_is_said_on_standard_output_and_the_exit_code_is_0() {
    let (_held, addr) = refusing();
    for options in [&[][..], &["-S"]] {
        let said = ask(OURS, addr, options);
        assert_eq!((said.code, said.out.as_str()), (Some(0), "Connection failed\n"));
        assert_eq!(said.err, "Connection refused (os error 111)\n");
    }
    let said = ask(OURS, addr, &["-v"]);
    assert_eq!(without_time(&said.out), "Connection failed\n\nGlobal response time for [/] = N usecs\n");
    if let Some(original) = original() {
        let theirs = ask(original, addr, &["-v"]);
        assert_eq!((theirs.code, without_time(&theirs.out)), (said.code, without_time(&said.out)));
    }
}

#[test]
fn no_answer_is_a_timeout() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let addr = listener.local_addr().expect("it is bound");
    // With its backlog full it leaves connections without an answer.
    let listener = Socket::from(listener);
    listener.listen(0).expect("it listens already");
    let fill = |_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), None).expect("a socket");
        // In progress for ever, once there is no room.
        let _ = socket.connect(&addr.into());
        socket
    };
    let _full: Vec<Socket> = (0..4).map(fill).collect();
    let said = ask(OURS, addr, &["-t", "1"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "Timeout connecting\n"));
    if let Some(original) = original() {
        assert_eq!(ask(original, addr, &["-t", "1"]).out, said.out);
    }
}

/// The original asks again and again.
#[test]
fn an_address_that_cannot_be_tried_is_an_error_at_once() {
    let said = ask(OURS, "[fe80::1]:80".parse().expect("an address"), &[]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "Error connecting\n"));
    assert_eq!(said.err, "connect: Invalid argument (os error 22)\n");
}

/// The original, without the right to set a mark, never ends.
#[test]
fn a_mark_needs_a_right_and_its_absence_is_named() {
    let server = Server::plain(&[send("HTTP/1.0 200 OK\r\n\r\nhello")]);
    let said = ask(OURS, server.addr, &["-m", "5"]);
    let probe = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    if probe.set_mark(5).is_ok() {
        assert_eq!(said, digest(HELLO));
    } else {
        assert_eq!((said.code, said.out.as_str()), (Some(0), "Error connecting\n"));
        assert_eq!(said.err, "SO_MARK: Operation not permitted (os error 1)\n");
    }
}
