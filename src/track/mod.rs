//! The outside world as configurations watch it.

pub(crate) mod file;
