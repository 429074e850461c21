//! `PING_CHECK`: an echo request, and the reply to it (checkers.md §22).

use std::io;

use socket2::Protocol;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::io::datagram::connect;
use crate::params::Endpoint;
use crate::{Failure, Outcome, echo};

/// Only the header matters; what is longer is cut.
const BUFFER: usize = 64;

pub(super) async fn probe(endpoint: &Endpoint) -> Outcome {
    let protocol = if endpoint.dest.is_ipv4() { Protocol::ICMPV4 } else { Protocol::ICMPV6 };
    // A port is an echo's identifier here, and the kernel chooses it.
    let mut endpoint = endpoint.clone();
    endpoint.dest.set_port(0);
    if let Some(bind) = &mut endpoint.bind {
        bind.set_port(0);
    }
    let socket = match connect(&endpoint, protocol) {
        Ok(socket) => socket,
        // The original does not connect, and learns when it sends that there is no way.
        Err(Outcome::Failed(Failure::Connect(errno))) => return Outcome::Failed(Failure::Send(errno)),
        Err(outcome) => return outcome,
    };
    match timeout(endpoint.timeout, ask(&endpoint, &socket)).await {
        Err(_elapsed) => Outcome::Failed(Failure::ConnectTimeout),
        Ok(outcome) => outcome,
    }
}

async fn ask(endpoint: &Endpoint, socket: &UdpSocket) -> Outcome {
    let errno = |error: io::Error| error.raw_os_error().unwrap_or_default();
    let ipv6 = endpoint.dest.is_ipv6();
    if let Err(error) = socket.send(&echo::request(ipv6, echo::FIRST)).await {
        return Outcome::Failed(Failure::Send(errno(error)));
    }
    let mut buffer = [0; BUFFER];
    loop {
        match socket.recv_from(&mut buffer).await {
            Err(error) => return Outcome::Failed(Failure::Connect(errno(error))),
            // The kernel delivers by identifier, whoever sent it.
            Ok((_, from)) if from.ip() != endpoint.dest.ip() => {}
            Ok((read, _)) if echo::is_reply(ipv6, echo::FIRST, &buffer[..read]) => return Outcome::Passed,
            Ok(_) => return Outcome::Failed(Failure::Reply),
        }
    }
}
