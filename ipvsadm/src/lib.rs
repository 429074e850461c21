//! The language of `ipvsadm` 1.31: what its command lines mean, and how it writes down a table.
//!
//! - [`read`] makes a [`Command`] of the words of a command line, or a [`Refusal`] with the words and the exit code that
//!   scripts know.
//! - [`words()`] splits a line that `-R` reads into the words of such a command line.
//! - [`Listing`] writes what `-L` shows, [`save()`] what `-S` writes.
//! - [`of_kernel`] says what the kernel's refusals are called.
//!
//! Nothing here touches the kernel, a file or the network. Names of hosts and ports are asked of [`Names`].

mod address;
mod aton;
mod command;
mod connections;
mod legal;
mod line;
mod listing;
mod meaning;
mod names;
mod number;
mod options;
mod order;
mod refusal;
mod save;
mod script;
mod usage;
mod words;

pub use self::command::{Command, List, read};
pub use self::connections::{CONNECTIONS, connections};
pub use self::listing::{Layout, Listing, daemon, timeouts};
pub use self::names::{Names, Numeric};
pub use self::order::sort;
pub use self::refusal::{Refusal, of_kernel};
pub use self::save::save;
pub use self::script::words;
pub use self::usage::{VERSION, usage};
