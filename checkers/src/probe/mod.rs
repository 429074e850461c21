//! One file per kind of probe: a connection and a verdict, nothing else. When, how often and what follows from it is
//! decided elsewhere.

mod dns;
mod ping;
mod smtp;
mod tcp;
mod udp;
mod web;

use std::time::Duration;

use crate::io::tls::Tls;
use crate::params::CheckerKind;
use crate::{Found, Outcome};

/// Probes once, with this one of the checker's questions. The future ends within its time limit and gives everything back
/// when dropped.
pub async fn probe(kind: &CheckerKind, question: usize, tls: &Tls) -> Found {
    let outcome = match kind {
        CheckerKind::Web(check) => return web::probe(check, question, tls).await,
        CheckerKind::Smtp(check) => smtp::probe(check).await,
        CheckerKind::Udp(check) => udp::probe(check).await,
        CheckerKind::Dns(check) => dns::probe(check).await,
        CheckerKind::Tcp(endpoint) => tcp::probe(endpoint).await,
        CheckerKind::Ping(endpoint) => ping::probe(endpoint).await,
        // Nobody plans it.
        CheckerKind::File(_) => Outcome::Passed,
    };
    outcome.into()
}

/// How long a probe may take.
pub(crate) fn time_limit(kind: &CheckerKind) -> Duration {
    match kind {
        CheckerKind::Tcp(endpoint) | CheckerKind::Ping(endpoint) => endpoint.timeout,
        CheckerKind::File(_) => Duration::ZERO,
        CheckerKind::Web(check) => web::time_limit(check),
        CheckerKind::Smtp(check) => smtp::time_limit(check),
        CheckerKind::Udp(check) => check.endpoint.timeout,
        CheckerKind::Dns(check) => check.endpoint.timeout,
    }
}
