//! keepalived: reads its arguments and becomes the supervisor or one of its workers.

fn main() {}
