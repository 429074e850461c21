//! What the BFD worker knows that is not configured.

use std::time::{Duration, SystemTime};

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
    /// Why it came to where it is, in the words of RFC 5880 §4.1.
    pub(crate) diagnostic: String,
    /// Whether new times wait for the neighbour's word.
    pub(crate) polls: bool,
    /// What the neighbour said last.
    pub(crate) remote: Remote,
    /// When it was heard last, if the session waits for it since.
    pub(crate) seen: Option<SystemTime>,
}

/// What a neighbour says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remote {
    /// Where it is.
    pub(crate) state: State,
    /// The number by which we address it; zero before it was heard.
    pub(crate) discriminator: u32,
    /// Why it came there, in the words of RFC 5880 §4.1.
    pub(crate) diagnostic: String,
    /// Its packets that may be lost in a row.
    pub(crate) multiplier: u8,
    /// The time between its packets.
    pub(crate) min_tx: Duration,
    /// The time that it wants between ours, at least.
    pub(crate) min_rx: Duration,
    /// Whether it wants no packets while all is well.
    pub(crate) demand: bool,
    /// The time between its packets as agreed.
    pub(crate) interval: Duration,
    /// The silence after which it loses us.
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
