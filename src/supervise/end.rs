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
                tracing::info!(
                    "pid {pid} exited due to signal {} ({}){hint}",
                    signal as i32,
                    description(signal)
                );
            }
        }
        None
    }
}

/// What `strsignal` of the C library says of a signal that ends a process.
fn description(signal: Signal) -> &'static str {
    match signal {
        Signal::SIGHUP => "Hangup",
        Signal::SIGINT => "Interrupt",
        Signal::SIGQUIT => "Quit",
        Signal::SIGILL => "Illegal instruction",
        Signal::SIGTRAP => "Trace/breakpoint trap",
        Signal::SIGABRT => "Aborted",
        Signal::SIGBUS => "Bus error",
        Signal::SIGFPE => "Floating point exception",
        Signal::SIGKILL => "Killed",
        Signal::SIGUSR1 => "User defined signal 1",
        Signal::SIGSEGV => "Segmentation fault",
        Signal::SIGUSR2 => "User defined signal 2",
        Signal::SIGPIPE => "Broken pipe",
        Signal::SIGALRM => "Alarm clock",
        Signal::SIGTERM => "Terminated",
        Signal::SIGXCPU => "CPU time limit exceeded",
        Signal::SIGXFSZ => "File size limit exceeded",
        Signal::SIGVTALRM => "Virtual timer expired",
        Signal::SIGPROF => "Profiling timer expired",
        Signal::SIGIO => "I/O possible",
        Signal::SIGPWR => "Power failure",
        Signal::SIGSYS => "Bad system call",
        Signal::SIGSTKFLT => "Stack fault",
        Signal::SIGCHLD => "Child exited",
        Signal::SIGCONT => "Continued",
        Signal::SIGSTOP => "Stopped (signal)",
        Signal::SIGTSTP => "Stopped",
        Signal::SIGTTIN => "Stopped (tty input)",
        Signal::SIGTTOU => "Stopped (tty output)",
        Signal::SIGURG => "Urgent I/O condition",
        Signal::SIGWINCH => "Window changed",
        other => other.as_str(),
    }
}
