//! `UDP_CHECK`: one datagram there, perhaps one back (checkers.md §21).

use std::io;

use socket2::Protocol;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::io::datagram::connect;
use crate::params::{UdpCheck, UdpReply};
use crate::{Failure, Outcome};

/// Larger than any datagram that may be good.
const BUFFER: usize = 65_536;

pub(super) async fn probe(check: &UdpCheck) -> Outcome {
    match connect(&check.endpoint, Protocol::UDP) {
        Ok(socket) => ask(check, &socket).await,
        // §4.6: unlike with the others, this counts.
        Err(Outcome::Unable(trouble)) => Outcome::Failed(Failure::Connect(trouble.errno)),
        Err(outcome) => outcome,
    }
}

async fn ask(check: &UdpCheck, socket: &UdpSocket) -> Outcome {
    let mut buffer = vec![0; BUFFER];
    let exchange = async {
        socket.send(&check.payload).await?;
        socket.recv(&mut buffer).await
    };
    match (timeout(check.endpoint.timeout, exchange).await, &check.reply) {
        (Err(_elapsed), UdpReply::Optional) => Outcome::Passed,
        (Err(_elapsed), UdpReply::Any | UdpReply::Like { .. }) => Outcome::Failed(Failure::ConnectTimeout),
        (Ok(Err(error)), _) => Outcome::Failed(Failure::Connect(errno(&error))),
        (Ok(Ok(read)), reply) if reply.is_met_by(&buffer[..read]) => Outcome::Passed,
        (Ok(Ok(_)), _) => Outcome::Failed(Failure::Reply),
    }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or_default()
}
