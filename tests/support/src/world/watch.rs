//! Waiting for the end of a world, or bringing it about.

use crate::failure::Outcome;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};
use std::{
    os::unix::process::ExitStatusExt as _,
    process::Child,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Exit codes from here on mean that the world was ended from outside.
pub(super) const EARLY_END: u8 = 124;

/// Waits for the end of a world. Ends it early when the limit is reached or somebody interrupts us.
pub(super) fn watch(mut child: Child, limit: Duration) -> Outcome<u8> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    let deadline = Instant::now() + limit;
    let group = Pid::from_raw(child.id().cast_signed());
    loop {
        if let Some(status) = child.try_wait()? {
            let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
            return Ok(u8::try_from(code).unwrap_or(1));
        }
        let (ended, code) = if interrupted.load(Ordering::Relaxed) {
            (true, 130)
        } else {
            (Instant::now() >= deadline, EARLY_END)
        };
        if ended {
            killpg(group, Signal::SIGKILL)?;
            child.wait()?;
            if code == EARLY_END {
                eprintln!("\nended after the limit of {} s", limit.as_secs());
            } else {
                eprintln!("\ninterrupted; everything that was started has ended");
            }
            return Ok(code);
        }
        thread::sleep(Duration::from_millis(10));
    }
}
