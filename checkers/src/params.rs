//! What the machines need to know. Equal parameters are the same configuration: a reload compares whole values.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Cadence, EntryId, RealServerId, VirtualServerId};

/// One virtual server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualServerParams {
    /// Which one.
    pub id: VirtualServerId,
    /// The lines of its group; a reload says which came and went.
    pub entries: Vec<EntryId>,
    /// Weight of the servers that must be up.
    pub quorum: u32,
    /// Distance between the thresholds of gain and loss.
    pub hysteresis: u32,
    /// What happens to notifications when everything stops.
    pub at_stop: AtStop,
    /// Whether changes of the quorum are mailed.
    pub alert: bool,
    /// Which mails a checker causes.
    pub checker_alerts: CheckerAlerts,
    /// Who serves while the quorum is lost.
    pub sorry: Option<SorryParams>,
    /// Who serves; each address and port once.
    pub servers: Vec<RealServerParams>,
}

/// `omega`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AtStop {
    /// Nobody is told.
    Silent,
    /// `omega`: servers that were up, and the quorum, are reported down.
    Tell,
}

/// `no_checker_emails`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckerAlerts {
    /// Every change of a checker is mailed.
    Every,
    /// `no_checker_emails`: only those that change the server.
    ServerOnly,
}

/// What happens to a server that is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhenDown {
    /// It leaves the pool.
    Remove,
    /// `inhibit_on_failure`: it stays with weight 0.
    Inhibit,
}

/// The sorry server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SorryParams {
    /// Which one.
    pub id: RealServerId,
    /// `sorry_server_inhibit`
    pub when_unused: WhenDown,
}

/// One real server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealServerParams {
    /// Which one.
    pub id: RealServerId,
    /// Its share, 0 to 2,147,483,647.
    pub weight: u32,
    /// What happens to it when it is down.
    pub when_down: WhenDown,
    /// Whether its changes are mailed.
    pub alert: bool,
    /// What decides whether it is up; without any it always is.
    pub checkers: Vec<CheckerParams>,
}

/// One checker of a real server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckerParams {
    /// What it does. Two checkers that do the same are the same to a reload (checkers.md §13.7).
    pub kind: CheckerKind,
    /// When it does it.
    pub cadence: Cadence,
    /// Failures in a row that are forgiven.
    pub retry: u32,
    /// What counts before the first success.
    pub before_first: BeforeFirst,
    /// Which failures are logged.
    pub failures: LoggedFailures,
}

/// `alpha`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BeforeFirst {
    /// The checker counts as passed.
    Up,
    /// `alpha`: the checker counts as failed.
    Down,
}

/// `log_all_failures`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoggedFailures {
    /// Those that take the checker down.
    Final,
    /// Every one while the checker is up.
    Every,
}

/// What a checker does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckerKind {
    /// `TCP_CHECK`: connects and closes.
    Tcp(Endpoint),
}

/// Where a checker connects to and from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `connect_ip` and `connect_port`
    pub dest: SocketAddr,
    /// `bindto` and `bind_port`
    pub bind: Option<SocketAddr>,
    /// `bind_if`
    pub device: Option<String>,
    /// `connect_timeout`
    pub timeout: Duration,
    /// `fwmark` of the packets, 0 for none.
    pub mark: u32,
}
