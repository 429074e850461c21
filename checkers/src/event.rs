//! What a virtual server hears, and what it asks for.

use std::time::Instant;

use crate::log::{Alert, Line};
use crate::{Found, RealServerId, VirtualServerId};

/// What the world tells a virtual server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A probe has ended.
    Probed {
        /// Index of the real server.
        server: usize,
        /// Index of its checker.
        checker: usize,
        /// What it found.
        found: Found,
    },
    /// A checker adds so much to its server's weight from now on.
    Contributed {
        /// Index of the real server.
        server: usize,
        /// Index of its checker.
        checker: usize,
        /// What it adds; may be negative.
        weight: i64,
    },
    /// A BFD session says whether its path is there; it may have said so before.
    PathKnown {
        /// Index of the real server.
        server: usize,
        /// Index of its `BFD_CHECK`.
        checker: usize,
        /// Whether it is.
        up: bool,
    },
    /// A tracked file says something else.
    FileRead {
        /// Index of the real server.
        server: usize,
        /// Index of its `FILE_CHECK`.
        checker: usize,
        /// The number in the file.
        value: i32,
    },
    /// The kernel was brought to [`crate::VirtualServer::pool`], the answer to [`Action::Pool`].
    PoolSet(Settlement),
}

/// How the kernel took a change of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// It is as wanted.
    Done,
    /// The kernel refused what concerns [`crate::VirtualServer::awaited`]: its change has not happened and is tried again with
    /// the next probe (§4.10).
    Refused,
}

/// What a virtual server asks of the world, in the order in which it must happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Write a line to the log.
    Log(Line),
    /// Bring the kernel to [`crate::VirtualServer::pool`] and answer with [`Event::PoolSet`]. It is always the last action
    /// before that answer whose effect depends on it.
    Pool,
    /// Run scripts, write to FIFOs.
    Notify(Notice),
    /// Send a mail.
    Mail(Alert),
    /// Start a probe at this time; it replaces what was planned for this checker.
    Probe {
        /// Index of the real server.
        server: usize,
        /// Index of its checker.
        checker: usize,
        /// When.
        at: Instant,
    },
}

/// A change of state that scripts and FIFOs hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The virtual server.
    pub service: VirtualServerId,
    /// Its real server, or the virtual server itself.
    pub server: Option<RealServerId>,
    /// Up or down.
    pub up: bool,
}

/// A place in the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The real server of this index.
    Server(usize),
    /// The sorry server.
    Sorry,
}

/// Somebody the kernel should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub slot: Slot,
    /// With which weight.
    pub weight: u32,
}
