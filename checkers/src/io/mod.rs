//! The edge: sockets, and the runner that has probes start on time.
#![expect(clippy::disallowed_methods, reason = "the edge is where the clock is read")]

pub(crate) mod connect;
pub(crate) mod datagram;
pub mod exchange;
mod run;
pub mod tls;

pub use self::run::{Ended, Runner};
