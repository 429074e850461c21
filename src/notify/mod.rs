//! State changes told to the outside.

pub(crate) mod fifo;
pub(crate) mod mail;
pub(crate) mod state;
