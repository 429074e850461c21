//! The plan in force, as the supervisor keeps it: packed, but for what it needs itself.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use parser::config::Present;
use tokio_util::bytes::Bytes;

use super::Plan;
use super::bfd::BfdPlan;
use super::checkers::CheckersPlan;
use super::notify::Occasion;
use super::packed::Packed;
use super::vrrp::VrrpPlan;
use crate::worker::{Role, Start, ToWorker};

/// A whole plan.
#[derive(Debug)]
pub(crate) struct AtRest {
    /// The VRRP worker's part.
    pub(crate) vrrp: Packed<VrrpPlan>,
    /// The checker worker's part.
    pub(crate) checkers: Packed<CheckersPlan>,
    bfd: Packed<BfdPlan>,
    /// The names of the BFD sessions.
    pub(crate) sessions: BTreeSet<String>,
    present: Present,
    /// `startup_script`
    pub(crate) startup: Option<Occasion>,
    /// `shutdown_script`
    pub(crate) shutdown: Option<Occasion>,
    /// `child_wait_time`: how long workers may take to stop.
    pub(crate) child_wait_time: Duration,
}

impl AtRest {
    /// Packs a plan.
    ///
    /// # Errors
    ///
    /// None that a plan can cause.
    pub(crate) fn new(plan: Plan) -> io::Result<Self> {
        let Plan { vrrp, checkers, bfd, present, startup, shutdown, child_wait_time } = plan;
        Ok(Self {
            vrrp: Packed::new(&vrrp)?,
            checkers: Packed::new(&checkers)?,
            bfd: Packed::new(&bfd)?,
            sessions: bfd.sessions.into_iter().map(|session| session.name).collect(),
            present,
            startup,
            shutdown,
            child_wait_time,
        })
    }

    /// The plan again.
    ///
    /// # Errors
    ///
    /// None that [`Self::new`] lets arise.
    pub(crate) fn unpack(&self) -> io::Result<Plan> {
        Ok(Plan {
            vrrp: self.vrrp.unpack()?,
            checkers: self.checkers.unpack()?,
            bfd: self.bfd.unpack()?,
            present: self.present,
            startup: self.startup.clone(),
            shutdown: self.shutdown.clone(),
            child_wait_time: self.child_wait_time,
        })
    }

    /// Whether the files have anything for a worker.
    pub(crate) fn concerns(&self, role: Role) -> bool {
        match role {
            Role::Checkers => self.present.checkers,
            Role::Vrrp => self.present.vrrp,
            Role::Bfd => self.present.bfd,
        }
    }

    /// Whether the files have anything for any worker.
    pub(crate) fn concerns_anybody(&self) -> bool {
        Role::ALL.into_iter().any(|role| self.concerns(role))
    }

    /// The first message for a worker.
    ///
    /// # Errors
    ///
    /// None that a plan can cause.
    pub(crate) fn start_message(&self, role: Role, start: Start) -> io::Result<Bytes> {
        match role {
            Role::Checkers => ToWorker::Start { start, plan: self.checkers.clone() }.encode(),
            Role::Vrrp => ToWorker::Start { start, plan: self.vrrp.clone() }.encode(),
            Role::Bfd => ToWorker::Start { start, plan: self.bfd.clone() }.encode(),
        }
    }

    /// The message that changes a worker's plan.
    ///
    /// # Errors
    ///
    /// None that a plan can cause.
    pub(crate) fn reload_message(&self, role: Role, number: u64) -> io::Result<Bytes> {
        match role {
            Role::Checkers => ToWorker::Reload { number, plan: self.checkers.clone() }.encode(),
            Role::Vrrp => ToWorker::Reload { number, plan: self.vrrp.clone() }.encode(),
            Role::Bfd => ToWorker::Reload { number, plan: self.bfd.clone() }.encode(),
        }
    }
}
