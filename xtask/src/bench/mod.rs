//! `cargo xtask bench`: ours and the original on the same work, in one run, as ratios.

mod checkers;
mod ipvs;

use lab::{Failure, Outcome};
use std::process::ExitCode;

/// Runs the benchmark that is named.
pub(crate) fn run(mut words: impl Iterator<Item = String>) -> Outcome<ExitCode> {
    match (words.next().as_deref(), words.next()) {
        (Some("checkers"), None) => checkers::run(),
        (Some("ipvs"), None) => ipvs::run(),
        (Some(other), _) => Err(Failure::new(format!("bench: there is no benchmark {other}"))),
        (None, _) => Err(Failure::new("bench: which one? checkers, ipvs")),
    }
}
