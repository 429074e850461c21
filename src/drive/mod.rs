//! Carries out what the cores ask of the system. No decisions are made here.

pub(crate) mod bfd;
pub(crate) mod checkers;
mod echo;
mod ipvs;
mod presence;
mod tracked;
pub(crate) mod vrrp;

mod chatter;
mod kernel;
mod marking;
mod ruleset;
mod syncd;
mod tool;
