//! The keepalived.conf language, read into a typed configuration.

pub mod config;
pub mod diag;
