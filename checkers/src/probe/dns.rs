//! `DNS_CHECK`: a question over UDP, and any answer to it (checkers.md §20).

use socket2::Protocol;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::dns::Answer;
use crate::io::datagram::connect;
use crate::params::DnsCheck;
use crate::{Failure, Outcome};

/// Only the header matters; what is longer is cut.
const BUFFER: usize = 512;

pub(super) async fn probe(check: &DnsCheck) -> Outcome {
    let socket = match connect(&check.endpoint, Protocol::UDP) {
        Ok(socket) => socket,
        Err(outcome) => return outcome,
    };
    match timeout(check.endpoint.timeout, ask(check, &socket)).await {
        Err(_elapsed) => Outcome::Failed(Failure::ConnectTimeout),
        Ok(Err(error)) => Outcome::Failed(Failure::Connect(error.raw_os_error().unwrap_or_default())),
        Ok(Ok(outcome)) => outcome,
    }
}

async fn ask(check: &DnsCheck, socket: &UdpSocket) -> std::io::Result<Outcome> {
    let id = fastrand::u16(..);
    socket.send(&check.question.bytes(id)).await?;
    let mut buffer = [0; BUFFER];
    loop {
        let read = socket.recv(&mut buffer).await?;
        match Answer::read(id, &buffer[..read]) {
            Answer::NotOurs => {}
            Answer::Good => return Ok(Outcome::Passed),
            Answer::Refused(code) => return Ok(Outcome::Failed(Failure::Dns(code))),
        }
    }
}
