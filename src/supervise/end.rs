//! How processes end, and what the log says of it.

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::exit::Exit;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Code(i32),
    Signal(Signal),
}

/// The next child that has ended, if one has: workers, and orphans that came to us.
pub(super) fn next() -> Option<(Pid, End)> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => return Some((pid, End::Code(code))),
            Ok(WaitStatus::Signaled(pid, signal, _)) => return Some((pid, End::Signal(signal))),
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return None,
            Err(Errno::EINTR) | Ok(_) => {}
            Err(errno) => {
                tracing::error!("Unable to wait for child processes: {errno}");
                return None;
            }
        }
    }
}

impl End {
    /// Whether the process has done what it had to before it ended.
    pub(super) fn is_good(self) -> bool {
        self == Self::Code(0)
    }

    /// Logs the end of a worker. Gives the error that a restart cannot mend, if it was one.
    pub(super) fn tell(self, pid: Pid, is_realtime: bool) -> Option<Exit> {
        match self {
            Self::Code(0) => {}
            Self::Code(code) => match Exit::permanent(code) {
                Some(exit) => {
                    tracing::info!("pid {pid} exited with permanent error {}. Terminating", exit.word());
                    return Some(exit);
                }
                None => tracing::info!("pid {pid} exited with status {code}"),
            },
            Self::Signal(signal) => {
                let is_limit = signal == Signal::SIGKILL && is_realtime;
                let hint = if is_limit { " - has rlimit_rttime been exceeded?" } else { "" };
                tracing::info!("pid {pid} exited due to signal {} ({signal}){hint}", signal as i32);
            }
        }
        None
    }
}
