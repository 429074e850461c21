//! Real traffic through a director: a client, three web servers, and the three ways to reach them.

mod balance;
pub(crate) mod farm;
mod prepared;
mod standing;
mod takeover;
mod ways;

pub(crate) use balance::*;
pub(crate) use prepared::*;
pub(crate) use standing::*;
pub(crate) use takeover::*;
pub(crate) use ways::*;
