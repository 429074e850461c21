//! State changes told to the outside.

pub(crate) mod mail;
pub(crate) mod state;
