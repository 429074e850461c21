//! Probes against peers that do as they are told, on the loopback interface.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and has a clock")]

mod dns;
mod hostile;
mod http;
mod peer;
mod ping;
mod runner;
mod scripted;
mod smtp;
mod tcp;
mod trust;
mod udp;
mod web;
