//! What supervisor and worker say to each other: one enum per direction.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
}

/// From a worker to the supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FromWorker {
    /// The plan just received is in force.
    Configured,
}
