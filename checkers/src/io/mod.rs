//! The edge: sockets, and the runner that has probes start on time.
#![expect(clippy::disallowed_methods, reason = "the edge is where the clock is read")]

pub(crate) mod connect;
pub mod credentials;
pub(crate) mod datagram;
pub mod exchange;
mod knock;
mod lateness;
mod roster;
mod run;
pub mod tls;
mod verify;

pub use self::lateness::Lateness;
pub use self::run::{Ended, Runner};
