//! Bidirectional forwarding detection (RFC 5880, asynchronous mode) over one hop (RFC 5881) or several (RFC 5883): a
//! sans-IO session of the same form as a virtual router.
//!
//! ```text
//! datagram ─► packet (is it one?) ─► table (whose is it?) ─► session ─► actions ─► datagrams, reports, log lines
//! ```
//!
//! | part | job |
//! |---|---|
//! | [`params`] | what one session needs to know |
//! | [`packet`] | bytes, both ways, and the checks that need no session (RFC 5880 §6.8.6) |
//! | [`session`] | states, timers, poll sequences (§6.2, §6.5, §6.8) |
//! | [`table`] | all sessions of a process; to which of them a datagram belongs (§6.3) |
//! | [`log`] | what a user sees of it |
//!
//! Authentication, echo packets and a demand mode of our own are not part of it, as keepalived has none; a neighbour that
//! is in demand mode is respected.

pub mod log;
pub mod packet;
pub mod params;
pub mod session;
pub mod table;

pub use packet::{Diagnostic, Packet, State};
pub use params::{Hops, Micros, Params};
pub use session::{Action, Chance, Event, Reach, Session, Verdict};
pub use table::{Datagram, Table};
