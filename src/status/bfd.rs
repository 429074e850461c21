//! What the BFD worker knows that is not configured.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The whole worker: the sessions, in the order of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BfdStatus {
    /// In the order of the plan.
    pub(crate) sessions: Vec<Session>,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Its name.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) state: State,
    /// The number by which the neighbour addresses it.
    pub(crate) discriminator: u32,
    /// The time between packets sent.
    pub(crate) interval: Duration,
    /// The silence after which the neighbour counts as gone; zero while it is not known.
    pub(crate) detection: Duration,
}

/// Where a session is (RFC 5880 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// Switched off on purpose.
    AdminDown,
    /// The neighbour is not heard, or does not hear us.
    Down,
    /// The neighbour is heard.
    Init,
    /// Both hear one another.
    Up,
}
