//! Signal dispositions shared by the supervisor and its workers.

use std::ops::RangeInclusive;

use nix::libc;
use nix::sys::signal::{SigSet, Signal};

/// The real-time signals; keepalived's dump signals are among them.
const REAL_TIME: RangeInclusive<i32> = 34..=64;

/// Signals that must not end the daemon, however early in its life they arrive. Handlers for some are installed later.
const IGNORED: [i32; 17] = [
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGQUIT,
    libc::SIGTRAP,
    // A call of abort ends the process all the same.
    libc::SIGABRT,
    libc::SIGSTKFLT,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGIO,
    libc::SIGPWR,
    libc::SIGALRM,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGPIPE,
    libc::SIGTSTP,
    libc::SIGWINCH,
];

/// Ignores what could end the daemon by accident. A new program image keeps this, so a worker is covered from its first
/// instruction on.
///
/// What ends it by a fault does so at once: Rust's own handler would let the process go on after a `SIGSEGV` that somebody
/// sent.
pub(crate) fn ignore_accidents() {
    let ignored = IGNORED.into_iter().chain(REAL_TIME).map(|number| (number, libc::SIG_IGN));
    for (number, disposition) in
        ignored.chain([(libc::SIGSEGV, libc::SIG_DFL), (libc::SIGBUS, libc::SIG_DFL)])
    {
        #[expect(unsafe_code, reason = "the standard library cannot change a signal's disposition")]
        // SAFETY: neither disposition is a handler, so nothing of ours can run in signal context.
        unsafe {
            libc::signal(number, disposition);
        }
    }
}

/// Gives every signal back its default, so that a program we become is not deaf to what we ignore, and unblocks all.
pub(crate) fn restore_defaults() {
    for number in (1..=31).chain(REAL_TIME) {
        #[expect(unsafe_code, reason = "the standard library cannot change a signal's disposition")]
        // SAFETY: SIG_DFL installs no handler, so nothing of ours can run in signal context.
        unsafe {
            libc::signal(number, libc::SIG_DFL);
        }
    }
    // It cannot fail: the set is a valid one.
    let _ = SigSet::empty().thread_set_mask();
}

/// The signals that are orders.
fn orders() -> SigSet {
    [Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT].into_iter().collect()
}

/// Keeps orders waiting until somebody listens: a stop that arrives while the configuration is read must neither be lost
/// nor end the process on the spot.
pub(crate) fn hold_orders() {
    if let Err(errno) = orders().thread_block() {
        tracing::debug!("Signals cannot be held back: {errno}");
    }
}

/// Lets the waiting orders through.
pub(crate) fn release_orders() {
    if let Err(errno) = orders().thread_unblock() {
        tracing::error!("Signals cannot be let through: {errno}");
    }
}
