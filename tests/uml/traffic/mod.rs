//! Real traffic through a director: a client, three web servers, and the three ways to reach them.

mod balance;
mod farm;
mod takeover;
mod ways;

pub(crate) use balance::*;
pub(crate) use takeover::*;
pub(crate) use ways::*;
