//! Virtual servers over whole stories: outcomes go in; lines, pool, notices and mails come out.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod bfd;
mod dns;
mod file;
mod model;
mod presence;
mod reload;
mod running;
mod scene;
mod schedule;
mod smtp;
mod start;
mod stop;
mod udp;
mod web;
mod worked_example;
