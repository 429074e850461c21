//! What supervisor and worker say to each other: one enum per direction.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::bytes::Bytes;
use vrrp::bfd::Reach;

use crate::log;
use crate::plan::packed::Packed;
use crate::plan::process::Tuning;
use crate::status::Status;
use crate::tune::Limit;

/// What a worker needs to know besides its plan. Fixed for the life of the process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    /// The number of the first plan.
    pub(crate) number: u64,
    /// Where and how to log.
    pub(crate) log: log::Settings,
    /// The worker's pid file, which it removes when it ends in order.
    pub(crate) pid_file: PathBuf,
    /// `--dont-release-vrrp` or `--dont-release-ipvs`: leave on stop what was programmed in the kernel.
    pub(crate) leave_on_stop: bool,
    /// Take out of the kernel what a predecessor left there, and end.
    pub(crate) only_clean_up: bool,
    /// `--ignore-sigint`.
    pub(crate) ignore_interrupt: bool,
    /// `--address-monitoring`: log every address that comes or goes.
    pub(crate) watch_addresses: bool,
    /// Another worker of this role died before this one, and left in the kernel what may still be right.
    pub(crate) succeeds: bool,
    /// How the process is to run.
    pub(crate) tuning: Tuning,
    /// With `--core-dump`: the limit of core files that scripts are to have.
    pub(crate) core_files: Option<Limit>,
}

/// From the supervisor to a worker whose plan is a `P`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) enum ToWorker<P> {
    /// The first message, and the only one of its kind.
    Start {
        /// Settings for the life of the process.
        start: Start,
        /// What to do.
        plan: Packed<P>,
    },
    /// A new plan; apply the difference.
    Reload {
        /// Its number.
        number: u64,
        /// What to do.
        plan: Packed<P>,
    },
    /// Tell how you are, for this.
    Report(Request),
    /// Run like this from now on.
    Tune(Tuning),
    /// Answer, so that the supervisor knows that the worker is not stuck.
    Ping,
    /// Write this to the log, line by line, once what was sent before is in force.
    Recite(String),
    /// What BFD sessions say; to be compared with what is known, for it may be nothing new.
    Paths(Vec<PathNews>),
}

impl<P> ToWorker<P> {
    /// Encodes the message. One without a plan is the same whatever the plan of the worker is.
    pub(crate) fn encode(&self) -> io::Result<Bytes> {
        postcard::to_stdvec(self).map(Bytes::from).map_err(io::Error::other)
    }
}

/// What a status is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Request {
    /// `SIGUSR1`: the dump of configuration and state.
    Data,
    /// `SIGUSR2`: the statistics of VRRP.
    Stats,
    /// Signal 63: the same, after which all is counted anew.
    StatsAndClear,
    /// Signal 36: the same as JSON.
    Json,
}

impl Request {
    /// All of them, each with its signal. The real-time signals are counted from glibc's first, 34.
    pub(crate) const SIGNALS: [(Self, i32); 4] = [
        (Self::Data, nix::libc::SIGUSR1),
        (Self::Stats, nix::libc::SIGUSR2),
        (Self::StatsAndClear, 63),
        (Self::Json, 36),
    ];

    /// Logs what is done for it, about the part `what` of the program.
    pub(crate) fn log(self, what: impl fmt::Display) {
        let pid = std::process::id();
        match self {
            Self::Data => tracing::info!("Printing {what} data for process({pid}) on signal"),
            Self::Stats => tracing::info!("Printing {what} stats for process({pid}) on signal"),
            Self::StatsAndClear => {
                tracing::info!("Printing and clearing {what} stats for process({pid}) on signal");
            }
            Self::Json => {}
        }
    }
}

/// What one BFD session says about its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PathNews {
    /// Its name.
    pub(crate) session: String,
    /// What it says.
    pub(crate) reach: Reach,
    /// When it was sent on its way, as [`vrrp::io::clock::since_boot`] counts.
    pub(crate) sent: Duration,
}

impl PathNews {
    /// Says that it has arrived, and after which time.
    pub(crate) fn log(&self) {
        let state = match self.reach {
            Reach::Up => "Up",
            Reach::Down => "Down",
        };
        let took = vrrp::io::clock::since_boot().saturating_sub(self.sent);
        tracing::debug!(
            "Received BFD event: instance {} is in state {state} (delivered in {} usec)",
            self.session,
            took.as_micros()
        );
    }
}

/// From a worker to the supervisor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum FromWorker {
    /// The plan of this number is in force.
    Configured(u64),
    /// What BFD sessions say.
    Paths(Vec<PathNews>),
    /// The answer to [`ToWorker::Ping`]: what there is to say in a few words.
    Alive(String),
    /// The last plan is wanted once more, because a signal asked.
    Again,
    /// How the worker is, because the supervisor or a signal asked.
    Report(Request, Status),
}
