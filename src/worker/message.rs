//! What supervisor and worker say to each other: one enum per direction.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::bytes::Bytes;
use vrrp::bfd::Reach;

use crate::log;

/// What a worker needs to know besides its plan. Fixed for the life of the process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Start {
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
}

/// From the supervisor to a worker whose plan is a `P`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToWorker<P> {
    /// The first message, and the only one of its kind.
    Start {
        /// Settings for the life of the process.
        start: Start,
        /// What to do.
        plan: P,
    },
    /// A new plan; apply the difference.
    Reload(P),
    /// What BFD sessions say; to be compared with what is known, for it may be nothing new.
    Paths(Vec<PathNews>),
}

impl ToWorker<()> {
    /// Encodes a message without a plan, which is the same whatever the plan of the worker is.
    pub(crate) fn encode(&self) -> io::Result<Bytes> {
        postcard::to_stdvec(self).map(Bytes::from).map_err(io::Error::other)
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FromWorker {
    /// The plan just received is in force.
    Configured,
    /// What BFD sessions say.
    Paths(Vec<PathNews>),
}
