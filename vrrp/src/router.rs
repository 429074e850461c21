//! One virtual router as a whole: what arrives is checked, what passes moves the machine, what the machine asks for is counted.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::accept::{Gate, Packet};
use crate::compose::{Composer, Datagram};
use crate::counters::Counters;
use crate::event::{Action, Event, Leader, State, Verdict};
use crate::log::Line;
use crate::machine::Machine;
use crate::params::{Auth, Params};
use crate::priority::Priority;
use crate::proof::Proof;

/// [`Machine`], [`Gate`] and [`Composer`] of one virtual router, and its [`Counters`].
#[derive(Debug)]
pub struct Router {
    machine: Machine,
    gate: Gate,
    composer: Composer,
    proof: Proof,
    counters: Counters,
}

impl Router {
    /// A virtual router that waits for [`Event::Start`].
    #[must_use]
    pub fn new(params: impl Into<Arc<Params>>) -> Self {
        Self {
            machine: Machine::new(params),
            gate: Gate::new(),
            composer: Composer::new(),
            proof: Proof::default(),
            counters: Counters::default(),
        }
    }

    /// The election, to look at.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Starts counting anew.
    pub fn clear_counters(&mut self) {
        self.counters = Counters::default();
    }

    /// When to call again with [`Event::Tick`] if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.machine.deadline()
    }

    /// Takes a packet with this router's VRID from the socket it listens on. `wall` is the time of day, for `auth_hmac`.
    /// `out` is appended to. During the start-up delay it is as if it had never come.
    pub fn receive(&mut self, now: Instant, wall: SystemTime, packet: &Packet<'_>, out: &mut Vec<Action>) {
        if self.machine.is_quiet(now) {
            return;
        }
        let mut lines = Vec::new();
        let Self { gate, machine, proof, counters, .. } = self;
        let advert = gate.examine(packet, machine, proof, wall, counters, &mut lines);
        out.extend(lines.into_iter().map(Action::Log));
        let Some(advert) = advert else { return };
        let start = out.len();
        self.handle(now, Event::Advert { from: packet.from(), advert }, out);
        if let (Auth::Ah(_), Some(sequence)) = (&self.machine.params().auth, packet.ah_sequence()) {
            let is_lower = |action: &Action| matches!(action, Action::Log(Line::LowerHeard { .. }));
            if out[start..].iter().any(is_lower) {
                self.proof.ah.overtake(sequence);
                out.push(Action::Log(Line::AhSequenceOvertaken));
            }
        }
    }

    /// Takes any other event. `out` is appended to.
    pub fn handle(&mut self, now: Instant, event: Event, out: &mut Vec<Action>) {
        let (start, leader) = (out.len(), self.machine.leader());
        self.machine.handle(now, event, out);
        self.settle(leader, &out[start..]);
    }

    /// Takes new parameters; see [`Machine::reconfigure`].
    pub fn reconfigure(
        &mut self,
        now: Instant,
        params: impl Into<Arc<Params>>,
        out: &mut Vec<Action>,
    ) -> Verdict {
        let (start, leader) = (out.len(), self.machine.leader());
        let verdict = self.machine.reconfigure(now, params, out);
        self.settle(leader, &out[start..]);
        verdict
    }

    /// The packets of an [`Action::Advertise`]; none without a source address. `wall` is the time of day, for `auth_hmac`.
    pub fn datagrams(&mut self, priority: Priority, wall: SystemTime) -> Vec<Datagram> {
        match self.machine.source() {
            Some(source) => {
                let Self { composer, machine, proof, .. } = self;
                composer.compose(machine.params(), source, priority, proof, wall)
            }
            None => Vec::new(),
        }
    }

    /// Counts what was asked for, and lets complaints be logged again when the situation is a new one.
    fn settle(&mut self, leader_before: Option<Leader>, actions: &[Action]) {
        for action in actions {
            match action {
                Action::Advertise(_) => self.counters.sent += 1,
                Action::Log(Line::SentRelease) => self.counters.zero_sent += 1,
                Action::Report { from, to, .. } => {
                    if *to == State::Master {
                        self.counters.became_master += 1;
                        self.proof.ah.begin_reign();
                        self.gate.forgive();
                    } else if *from == State::Master {
                        self.counters.released_master += 1;
                        self.gate.forgive();
                    }
                }
                Action::Log(_)
                | Action::Mention(..)
                | Action::HoldAddresses
                | Action::DropAddresses
                | Action::Announce { .. }
                | Action::AnnounceElsewhere
                | Action::AnnounceSource(_) => {}
            }
        }
        let address = |leader: Option<Leader>| leader.map(|leader| leader.address);
        if self.machine.state() == State::Backup && address(leader_before) != address(self.machine.leader()) {
            self.gate.forgive();
        }
    }
}
