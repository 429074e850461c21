//! Carries out what the cores ask of the system. No decisions are made here.

pub(crate) mod checkers;
pub(crate) mod vrrp;
