//! One file per kind of probe: a connection and a verdict, nothing else. When, how often and what follows from it is
//! decided elsewhere.

mod tcp;

use crate::Outcome;
use crate::params::CheckerKind;

/// Probes once. The future ends within the checker's own time limits and gives everything back when dropped.
pub async fn probe(kind: &CheckerKind) -> Outcome {
    match kind {
        CheckerKind::Tcp(endpoint) => tcp::probe(endpoint).await,
    }
}
