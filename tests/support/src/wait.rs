//! Waiting for a condition with a deadline; nothing in a scene sleeps a guess.

use crate::failure::{Failure, Outcome};
use std::{
    thread,
    time::{Duration, Instant},
};

const PROBE_INTERVAL: Duration = Duration::from_millis(5);

/// Calls `probe` until it answers, and fails with the words `what` when it has not done so `within` the time.
///
/// # Errors
/// The deadline passed.
pub fn eventually<T>(what: &str, within: Duration, mut probe: impl FnMut() -> Option<T>) -> Outcome<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(answer) = probe() {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            return Err(Failure::late(what, within));
        }
        thread::sleep(PROBE_INTERVAL);
    }
}

/// Watches that `holds` stays true for the whole of `during`.
///
/// # Errors
/// It became false.
pub fn throughout(what: &str, during: Duration, mut holds: impl FnMut() -> bool) -> Outcome {
    let end = Instant::now() + during;
    while Instant::now() < end {
        if !holds() {
            return Err(Failure::new(format!("should have held for {:.1} s: {what}", during.as_secs_f64())));
        }
        thread::sleep(PROBE_INTERVAL);
    }
    Ok(())
}
