//! The worker processes: which there are, how one begins, what it hears from the supervisor.
//!
//! A worker is this same executable, run again with the supervisor's own arguments (so that process listings look as
//! they always have) and [`ENV`] naming its role and the descriptor of its end of a socket pair. It never reads the
//! configuration files; the supervisor sends it a plan.

mod link;
mod message;
mod orders;
mod process;

pub(crate) use link::{Receiver, pair, split};
pub(crate) use message::{FromWorker, PathNews, Request, Start, ToWorker};
pub(crate) use orders::{Order, Orders, listen_to_requests, next_request};
pub(crate) use process::main;

use serde::{Deserialize, Serialize};

/// The variable that makes a process a worker: `<role>:<descriptor>`. Scripts never see it.
pub(crate) const ENV: &str = "KEEPALIVED_WORKER";

/// The workers, in the order in which they are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Health checks, quorum and the IPVS table.
    Checkers,
    /// Elections, addresses and announcements.
    Vrrp,
    /// BFD sessions.
    Bfd,
}

impl Role {
    /// Every role, in starting order.
    pub(crate) const ALL: [Self; 3] = [Self::Checkers, Self::Vrrp, Self::Bfd];

    /// The name in [`ENV`].
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Checkers => "checkers",
            Self::Vrrp => "vrrp",
            Self::Bfd => "bfd",
        }
    }

    /// The role named in [`ENV`].
    pub(crate) fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }

    /// The name in the supervisor's log lines, as in `Starting VRRP child process`.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Checkers => "Healthcheck",
            Self::Vrrp => "VRRP",
            Self::Bfd => "BFD",
        }
    }

    /// The name in the line about a worker that would not die.
    pub(crate) const fn process(self) -> &'static str {
        match self {
            Self::Checkers => "checker",
            Self::Vrrp => "vrrp",
            Self::Bfd => "bfd",
        }
    }

    /// The syslog ident.
    pub(crate) const fn ident(self) -> &'static str {
        match self {
            Self::Checkers => "Keepalived_healthcheckers",
            Self::Vrrp => "Keepalived_vrrp",
            Self::Bfd => "Keepalived_bfd",
        }
    }

    /// What its log file has in its name.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Checkers => "_check",
            Self::Vrrp => "_vrrp",
            Self::Bfd => "_bfd",
        }
    }
}
