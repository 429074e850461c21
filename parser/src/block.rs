//! The blocks: one table each, and what can be said about a block when it closes.

pub(crate) mod bfd;
pub(crate) mod check;
pub(crate) mod global;
pub(crate) mod group;
pub(crate) mod http;
pub(crate) mod root;
pub(crate) mod server;
pub(crate) mod track;
pub(crate) mod vrrp;
