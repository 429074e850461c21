//! keepalived: reads its arguments and becomes the supervisor, one of its workers, or a short-lived tool.

mod cli;
mod exit;
mod log;
mod notify;
mod worker;

fn main() {}
