//! What a worker is like at one moment, typed, for whoever asks: dumps, monitoring, the operator.
//!
//! A status is taken between two events of its worker, so it is consistent in itself. It tells what only the running
//! worker knows; what was configured is in the plan, which the supervisor has.

pub(crate) mod bfd;
pub(crate) mod checkers;
pub(crate) mod vrrp;

use serde::{Deserialize, Serialize};

use bfd::BfdStatus;
use checkers::CheckersStatus;
use vrrp::VrrpStatus;

/// The status of one worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// Of the VRRP worker.
    Vrrp(VrrpStatus),
    /// Of the checker worker.
    Checkers(CheckersStatus),
    /// Of the BFD worker.
    Bfd(BfdStatus),
}
