//! One file per kind of probe: a connection and a verdict, nothing else. When, how often and what follows from it is
//! decided elsewhere.

mod dns;
mod ping;
mod smtp;
mod tcp;
mod udp;
mod web;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use crate::io::tls::Tls;
use crate::misc::Ended;
use crate::params::{CheckerKind, MiscCheck};
use crate::{Found, Outcome};

/// How long it may take to end a program that takes too long.
const TO_KILL: Duration = Duration::from_secs(5);

/// Runs programs for `MISC_CHECK`.
pub trait Programs: fmt::Debug + Send + Sync {
    /// Runs the program of a check to its end, or for as long as it may run. When the future is dropped the program is
    /// ended.
    fn run(&self, check: &MiscCheck) -> Pin<Box<dyn Future<Output = Ended> + Send>>;
}

/// Runs no programs: every one fails as if it were not there.
#[derive(Debug, Clone, Copy)]
pub struct NoPrograms;

impl Programs for NoPrograms {
    fn run(&self, _: &MiscCheck) -> Pin<Box<dyn Future<Output = Ended> + Send>> {
        Box::pin(std::future::ready(Ended::Status(127)))
    }
}

/// Probes once, with this one of the checker's questions. The future ends within its time limit and gives everything back
/// when dropped.
pub async fn probe(kind: &CheckerKind, question: usize, tls: &Tls) -> Found {
    probe_with(kind, question, tls, &NoPrograms).await
}

/// As [`probe`], with somebody who runs programs.
pub async fn probe_with(kind: &CheckerKind, question: usize, tls: &Tls, programs: &dyn Programs) -> Found {
    // In boxes, so that the many that only connect do not have room for what the largest of them needs.
    let outcome = match kind {
        CheckerKind::Web(check) => return Box::pin(web::probe(check, question, tls)).await,
        CheckerKind::Smtp(check) => Box::pin(smtp::probe(check)).await,
        CheckerKind::Udp(check) => Box::pin(udp::probe(check)).await,
        CheckerKind::Dns(check) => Box::pin(dns::probe(check)).await,
        CheckerKind::Tcp(endpoint) => tcp::probe(endpoint).await,
        CheckerKind::Misc(check) => programs.run(check).await.outcome(check.dynamic),
        CheckerKind::Ping(endpoint) => Box::pin(ping::probe(endpoint)).await,
        // Nobody plans it.
        CheckerKind::File(_) | CheckerKind::Bfd(_) => Outcome::Passed,
    };
    outcome.into()
}

/// How long a probe may take.
pub(crate) fn time_limit(kind: &CheckerKind) -> Duration {
    match kind {
        CheckerKind::Tcp(endpoint) | CheckerKind::Ping(endpoint) => endpoint.timeout,
        CheckerKind::File(_) | CheckerKind::Bfd(_) => Duration::ZERO,
        CheckerKind::Web(check) => web::time_limit(check),
        CheckerKind::Smtp(check) => smtp::time_limit(check),
        CheckerKind::Udp(check) => check.endpoint.timeout,
        CheckerKind::Dns(check) => check.endpoint.timeout,
        CheckerKind::Misc(check) => check.timeout.saturating_add(TO_KILL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Endpoint;

    #[test]
    fn a_probe_that_only_connects_has_no_room_for_what_others_need() {
        let (dest, timeout) = (([127, 0, 0, 1], 80).into(), Duration::from_secs(1));
        let kind = CheckerKind::Tcp(Endpoint { dest, bind: None, device: None, timeout, mark: 0 });
        let tls = Tls::default();
        let bytes = size_of_val(&probe(&kind, 0, &tls));
        assert!(bytes <= 600, "{bytes}");
    }
}
