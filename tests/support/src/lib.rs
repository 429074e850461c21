//! The lab: scenes of directors, real servers, clients and links for the tests and for `cargo xtask demo`.
//!
//! - [`world`] starts a program again where it is root and can leave nothing behind: in fresh namespaces, or inside a
//!   user-mode Linux kernel where IPVS is needed and the running kernel has none.
//! - [`Scene`] builds [`Link`]s and [`Node`]s there. Namespaces have no names and node threads hold them, so a scene
//!   is gone when its owner is, however that ends.
//! - [`Keepalived`], [`RealServer`], [`Client`] and [`Mailbox`] act on nodes; [`Capture`] and [`Journal`] record.
//! - [`eventually`] waits for a condition with a deadline. Nothing here sleeps a guess.
//! - [`generate`] makes up configuration files.
//! - [`Suite`] is the `main` of a test program whose tests are scenes.

mod address_watch;
mod capture;
mod client;
mod dice;
mod epitaph;
mod failure;
pub mod forger;
pub mod generate;
pub mod http;
pub mod ipvs;
mod journal;
mod keepalived;
mod lateness;
mod listen;
mod mailbox;
mod namespace;
pub mod pair;
mod process;
mod scene;
mod scratch;
pub mod seed;
mod server;
mod suite;
pub mod timers;
mod wait;
pub mod world;

pub use address_watch::AddressWatch;
pub use capture::{Capture, Frame, Seen};
pub use client::{Client, Habit, Request};
pub use dice::Dice;
pub use failure::{Failure, Outcome, While};
pub use forger::Forger;
pub use journal::{Journal, Line, Mark};
pub use keepalived::{Binary, CONFIG, Keepalived, ORIGINAL, PID_FILES};
pub use lateness::Lateness;
pub use mailbox::{Mail, Mailbox};
pub use namespace::Namespace;
pub use process::{Process, children_of, is_alive};
pub use scene::{Link, Node, Scene};
pub use server::RealServer;
pub use suite::{FLAKY, LIMIT, SKIPPED, Suite, Test};
pub use wait::{eventually, throughout};
pub use world::Needs;
