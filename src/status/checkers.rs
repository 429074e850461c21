//! What the checker worker knows that is not configured.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// The whole worker: the virtual servers, in the order of the plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CheckersStatus {
    /// In the order of the plan.
    pub(crate) services: Vec<Service>,
    /// What the files say that checkers watch, by their names.
    pub(crate) files: BTreeMap<String, i32>,
}

/// One virtual server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Service {
    /// Whether enough weight is up.
    pub(crate) has_quorum: bool,
    /// Whether the sorry server serves.
    pub(crate) sorry_serves: bool,
    /// Whether the sorry server is in the kernel's table, be it with weight 0.
    pub(crate) sorry_pooled: bool,
    /// Whether its checks rest, its address being on another machine.
    pub(crate) suspended: bool,
    /// Its real servers, in the order of the plan.
    pub(crate) servers: Vec<Server>,
}

/// One real server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Server {
    /// Whether it may serve.
    pub(crate) up: bool,
    /// Whether it is in the kernel's table, be it with weight 0.
    pub(crate) pooled: bool,
    /// What counts for the kernel and the quorum.
    pub(crate) weight: u32,
    /// Its checkers, in the order of the plan.
    pub(crate) checkers: Vec<Checker>,
}

/// One checker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checker {
    /// Whether it lets its server serve.
    pub(crate) up: bool,
    /// Whether it has ever come to a result.
    pub(crate) has_run: bool,
    /// Failures in a row so far.
    pub(crate) failures: u32,
    /// What it adds to its server's weight.
    pub(crate) contribution: i64,
    /// Its last probe since the start or the last reload.
    pub(crate) last: Option<Probe>,
}

/// A probe that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Probe {
    /// When it ended.
    pub(crate) at: SystemTime,
    /// How long it took.
    pub(crate) took: Duration,
    /// How much later than planned it was started.
    pub(crate) late: Duration,
    /// Whether the server passed; nothing if it could not be asked.
    pub(crate) passed: Option<bool>,
    /// The exit status of a program that has ended by itself.
    pub(crate) exit_status: Option<i32>,
}
