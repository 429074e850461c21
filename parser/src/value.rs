//! What can stand after a keyword: one type each.

pub(crate) mod address;
pub(crate) mod check;
pub(crate) mod encap;
pub(crate) mod flag;
pub(crate) mod forwarding;
pub(crate) mod global;
pub(crate) mod identity;
pub(crate) mod instance;
pub(crate) mod line;
pub(crate) mod number;
pub(crate) mod route;
pub(crate) mod rule;
pub(crate) mod script;
pub(crate) mod server;
pub(crate) mod time;
pub(crate) mod track;
pub(crate) mod word;
