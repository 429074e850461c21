//! VRRP as a sans-IO state machine, and its sockets.
//!
//! ```text
//!             datagram ─► accept ─► machine ─► actions ─► compose ─► datagrams
//!                           │          │
//!                        counters   announce, timers
//! ```
//!
//! | part | job |
//! |---|---|
//! | [`params`] | what one virtual router needs to know |
//! | [`machine`] | the election: RFC 3768 §6.4, RFC 9568 §6.4, and keepalived's additions |
//! | [`event`] | what goes into it and what comes out |
//! | [`timers`], [`priority`] | skew and down intervals; tracking weights to effective priority |
//! | [`track`] | what else is watched, and what follows from it |
//! | [`announce`] | when gratuitous ARP and neighbour advertisements are due |
//! | [`spacing`] | how far apart these are kept |
//! | [`accept`] | which packets are obeyed (§7.1 of both RFCs) |
//! | [`proof`] | who sent an advert, and whether it is new: AH and `auth_hmac` |
//! | [`compose`] | an advert to datagrams |
//! | [`wire`] | bytes, both ways (§5) |
//! | `dispute` | two owners of the same addresses |
//! | [`router`] | one virtual router: the parts above joined |
//! | [`sync`] | virtual routers that are master together or not at all |
//! | [`log`], [`counters`], [`punctuality`] | what a user sees of it |
//! | [`bfd`] | bidirectional forwarding detection, a protocol of its own |
//! | `io` | raw sockets, the alarm and ARP frames, with the feature of that name |
//!
//! Everything outside `io` is a function of the events and the times it is given. It knows no keyword of the configuration and no
//! other part of the daemon; addresses on interfaces, scripts and mails are what others make of an [`Action`].

pub mod accept;
pub mod announce;
pub mod bfd;
pub mod compose;
pub mod counters;
pub mod event;
pub mod log;
pub mod machine;
pub mod params;
pub mod priority;
pub mod proof;
pub mod punctuality;
pub mod router;
pub mod spacing;
pub mod sync;
pub mod timers;
pub mod track;
pub mod wire;

mod dispute;

#[cfg(feature = "io")]
pub mod io;

pub use accept::Packet;
pub use compose::Datagram;
pub use counters::Counters;
pub use event::{Action, Cause, Ending, Event, Leader, Mention, State, Verdict, Why};
pub use machine::Machine;
pub use params::{Family, Params, Version, Vrid};
pub use priority::Priority;
pub use router::Router;
