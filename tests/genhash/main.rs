//! `genhash` from outside, against servers that follow a script on the loopback. Needs no privileges.
//!
//! Where Debian's genhash is installed, each test that uses [`client::like_debian`] asks it the same and demands the same
//! answer. Tests that use [`client::genhash`] alone show where we differ on purpose; docs/differences.md says why.

mod client;
mod command_line;
mod plain;
mod server;
mod tls;
mod unreachable;
mod verbose;
