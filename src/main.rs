//! keepalived: reads its arguments and becomes the supervisor, one of its workers, or a short-lived tool.

mod exit;
mod log;
mod notify;
mod worker;

fn main() {}
