//! Things of the system whose changes others are told of: numbers in files, processes.

pub(crate) mod numbers;
pub(crate) mod processes;
