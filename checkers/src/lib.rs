//! Health checks and quorum as sans-IO machines, and their probes.
//!
//! ```text
//!            Outcome                    Action
//! probe ───────────────► VirtualServer ────────► log line, kernel, scripts, mail, next probe
//!                        │  checkers: Tally (up or down), Cadence (when next)
//!                        │  servers:  up while all their checkers are
//!                        └─ Quorum:   enough weight up, or the sorry server
//! ```
//!
//! - [`VirtualServer`] is the machine: an outcome and `now` go in, [`Action`]s come out. What the kernel should hold is
//!   not an action but a property: [`VirtualServer::pool`] tells it at any time, and [`Action::Pool`] says that it is
//!   time to look.
//! - [`Director`] holds all virtual servers and carries their state over a reload.
//! - [`http`] is HTTP without a socket, for the checkers that fetch and for `genhash`.
//! - [`echo`] is a ping.
//! - [`dns`] is a question to a name server and what to make of the answer.
//! - [`misc`] is what a program that checks a server means by its end.
//! - [`smtp`] is what a mail server has to answer.
//! - [`log`] has every line in keepalived's own words; [`params`] what the machines need to know.
//! - With the feature `io`: `probe` has one file per kind of check, `io` the sockets and the runner that starts probes on
//!   time.
//!
//! The crate knows neither `keepalived.conf` nor IPVS.

mod cadence;
mod checker;
mod director;
pub mod dns;
pub mod echo;
mod event;
pub mod exercise;
pub mod http;
mod identity;
#[cfg(feature = "io")]
pub mod io;
pub mod log;
pub mod misc;
mod outcome;
pub mod params;
mod presence;
#[cfg(feature = "io")]
pub mod probe;
mod quorum;
mod real_server;
mod reload;
mod round;
pub mod smtp;
mod tally;
mod virtual_server;

pub use self::cadence::{After, Cadence, Spread};
pub use self::director::{CheckerId, Director, Farewell, Welcome};
pub use self::event::{Action, Event, Member, Notice, Settlement, Slot};
pub use self::identity::{EntryId, Protocol, RealServerId, VirtualServerId};
pub use self::outcome::{CertificateFault, Failure, Found, LengthMismatch, Outcome, Step, TlsFault, Trouble};
pub use self::presence::Moved;
pub use self::quorum::{Quorum, Turn};
pub use self::tally::{Tally, Verdict};
pub use self::virtual_server::VirtualServer;
