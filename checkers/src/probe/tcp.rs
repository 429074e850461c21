//! `TCP_CHECK`: the connection is established within the time, and that is all (checkers.md §17).

use crate::Outcome;
use crate::io::connect::connect;
use crate::params::Endpoint;

pub(super) async fn probe(endpoint: &Endpoint) -> Outcome {
    match connect(endpoint).await {
        Ok(_connection) => Outcome::Passed,
        Err(outcome) => outcome,
    }
}
