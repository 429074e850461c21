//! The kernel's IP Virtual Server table over generic netlink.
//!
//! - [`Service`], [`Destination`], [`Daemon`], [`Timeouts`] are what somebody wants; their identities are types of
//!   their own ([`ServiceId`], [`DestinationId`]), and so is what the kernel adds: [`ServiceEntry`],
//!   [`DestinationEntry`], [`Stats`], [`Info`].
//! - [`attr`] holds the attribute tables, [`message`] the requests and replies made of them.
//! - [`diff()`] compares what is with what is wanted and answers with the shortest list of [`Request`]s.
//! - [`Handle`] carries requests out: many messages in one send, each refusal mapped to the request that caused it.
//! - [`Connection`] reads the kernel's list of connections, which is a file.
//!
//! The crate does not log, does not load modules, keeps nothing global, and whatever the kernel sends makes an
//! [`Error`] at worst.
//!
//! ```no_run
//! # async fn example() -> Result<(), ipvs::Error> {
//! use ipvs::{Destination, Forwarding, Handle, Request, Service, ServiceId};
//!
//! let mut ipvs = Handle::open().await?;
//! let web = ServiceId::tcp("192.0.2.1:80".parse().expect("an address"));
//! let server = Destination::new("198.51.100.1:80".parse().expect("an address"), Forwarding::Direct);
//! let answers = ipvs
//!     .apply(&[Request::NewService(Service::new(web)), Request::NewDestination(web, server)])
//!     .await?;
//! assert!(answers.iter().all(Result::is_ok));
//! # Ok(())
//! # }
//! ```

pub mod attr;
mod connection;
mod daemon;
mod destination;
mod diff;
mod error;
mod frame;
mod handle;
pub mod message;
mod name;
mod service;
mod socket;
mod stats;
mod timeouts;

pub use self::connection::{Connection, Origin};
pub use self::daemon::{Daemon, Role};
pub use self::destination::{
    Checksum, Destination, DestinationEntry, DestinationId, Forwarding, Tunnel, Weight,
};
pub use self::diff::{Difference, ServiceSpec, diff};
pub use self::error::{Answer, Cause, Error, Malformed, Refusal};
pub use self::handle::Handle;
pub use self::message::{Command, Message, Reply, Request};
pub use self::name::{Name, NameError};
pub use self::service::{
    Family, FwMark, Granularity, Persistence, Protocol, SchedulerFlags, Service, ServiceEntry, ServiceId,
};
pub use self::socket::{Socket, Transport};
pub use self::stats::Stats;
pub use self::timeouts::{Info, Timeouts};

/// The example of the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
