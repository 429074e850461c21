//! `cargo xtask bench`: ours and the original on the same work, in one run, as ratios.

mod ipvs;
mod parse;

use lab::{Failure, Outcome};
use std::process::ExitCode;

/// Runs the benchmark that is named.
pub(crate) fn run(mut words: impl Iterator<Item = String>) -> Outcome<ExitCode> {
    match words.next().as_deref() {
        Some("ipvs") => ipvs::run(),
        Some("parse") => parse::run(words.next().map(Into::into)).map_err(Failure::new),
        // One run of a program in a process of its own, so that its memory can be told from others'.
        Some("measure") => parse::measure(words).map_err(Failure::new),
        Some(other) => Err(Failure::new(format!("bench: there is no benchmark {other}"))),
        None => Err(Failure::new("bench: which one? ipvs, parse")),
    }
}
