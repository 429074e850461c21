//! Processes that end, and the end of all.

use std::collections::BTreeSet;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::time::Instant;

use super::{Errand, Phase, Supervisor};
use crate::exit::Exit;
use crate::plan::process;
use crate::supervise::end::{self, End};
use crate::worker::Role;

/// How long cleaning up after killed workers may take.
const CLEAN_UP: Duration = Duration::from_secs(2);

impl Supervisor {
    /// Collects every process that ended, also orphans that came to us.
    pub(super) fn reap(&mut self) {
        while let Some((pid, end)) = end::next() {
            self.process_ended(pid, end);
        }
    }

    fn process_ended(&mut self, pid: Pid, end: End) {
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.pid() == Some(pid)) else { return };
        let (role, lived) = (slot.role, slot.ended());
        slot.given.ended(end.is_good());
        let is_realtime = process::worker(&self.loaded.global, role).realtime.is_some();
        if let Some(exit) = end.tell(pid, is_realtime) {
            self.manager.failed(exit);
            self.stop(exit);
            return;
        }
        if let Phase::Stopping { killed, .. } = &self.phase {
            if killed.contains(&role) {
                self.clean_up_after(role);
            }
            return;
        }
        if self.options.dont_respawn {
            tracing::error!(alert = true, "{} child process({pid}) died: Exiting", role.title());
            self.stop(Exit::Ok);
            if !end.is_good() {
                self.clean_up_after(role);
            }
            return;
        }
        tracing::error!(alert = true, "{} child process({pid}) died: Respawning", role.title());
        if let Some(slot) = self.slot(role) {
            slot.has_died = true;
            slot.restart_after(lived);
        }
    }

    /// Has somebody take back what a worker could not before it ended. This is tried once.
    fn clean_up_after(&mut self, role: Role) {
        if let Phase::Stopping { kill_at, cleaned, .. } = &mut self.phase
            && !self.options.leaves_behind(role)
            && cleaned.insert(role)
        {
            let until = Instant::now() + CLEAN_UP;
            *kill_at = Some(kill_at.map_or(until, |at| at.max(until)));
            self.start(role, Errand::CleanUp);
        }
    }

    pub(super) fn stop(&mut self, exit: Exit) {
        if self.is_stopping() {
            return;
        }
        tracing::info!("Stopping");
        self.manager.stopping();
        for slot in &mut self.slots {
            slot.restart_at = None;
            slot.signal(Signal::SIGTERM);
        }
        let patience = self.loaded.plan.child_wait_time;
        self.phase = Phase::Stopping {
            kill_at: Some(Instant::now() + patience),
            killed: BTreeSet::new(),
            cleaned: BTreeSet::new(),
            exit,
        };
    }
}
