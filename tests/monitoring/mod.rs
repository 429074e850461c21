//! What monitoring that exists expects of keepalived's dumps, as rules of our own: each reader here refuses what the program
//! it is named after would refuse.

pub(crate) mod json;
pub(crate) mod text;
