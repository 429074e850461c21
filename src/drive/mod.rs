//! Carries out what the cores ask of the system. No decisions are made here.

pub(crate) mod checkers;
mod ipvs;
pub(crate) mod vrrp;

mod kernel;
