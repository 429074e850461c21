//! New parameters for a running virtual router (keepalived's reload).

use std::sync::Arc;
use std::time::Instant;

use super::Machine;
use crate::event::{Action, Cause, Event, State, Verdict};
use crate::params::{Params, Version};
use crate::timers::Timer;

impl Machine {
    /// Takes new parameters. A changed master advertises at once, a changed backup listens for a whole down interval.
    pub fn reconfigure(
        &mut self,
        now: Instant,
        params: impl Into<Arc<Params>>,
        out: &mut Vec<Action>,
    ) -> Verdict {
        let params = params.into();
        if params == self.params {
            // The caller's copy and this one are one again.
            self.params = params;
            return Verdict::Unchanged;
        }
        if !params.same_router(&self.params) {
            return Verdict::Restart;
        }
        let source_changed = params.source != self.params.source;
        let has_learnt = self.leader.is_some() || self.interval != self.params.interval;
        self.params = params;
        self.announcer.reconfigure(now, self.params.announce);
        match self.state {
            State::Master => {
                out.push(Action::HoldAddresses);
                self.advertise_now(now, out);
            }
            State::Backup => {
                self.wanted = State::Backup;
                self.leader = None;
                self.preempt_at = None;
                // A master that advertises more seldom than we would must not be taken for dead.
                if !(has_learnt && self.params.version == Version::V3) {
                    self.interval = self.params.interval;
                }
                self.timers.set(Timer::MasterDown, self.heard_from(now) + self.master_down());
            }
            State::Init | State::Fault | State::Deleted | State::Stopped => {
                self.interval = self.params.interval;
            }
        }
        if let (true, Some(source)) = (source_changed, self.params.source) {
            self.move_source(Some(source), now, out);
        }
        self.retrack(now, out);
        let lacks_peers = self.params.lacks_peers();
        if lacks_peers != self.causes.contains(&Cause::NoPeers) {
            let event = if lacks_peers { Event::Fault } else { Event::Recover };
            self.handle(now, event(Cause::NoPeers), out);
        }
        Verdict::Absorbed
    }
}
