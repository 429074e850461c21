//! What tracked things do to a virtual router.

use std::time::{Duration, Instant};

use super::{Action, Cause, Event, Line, Machine, Mention, Object, State, Timer, Tracker, Why};
use crate::priority::Priority;
use crate::track::{Effect, Status};

/// What the tracked things make impossible, or worth waiting for.
pub(super) fn causes(tracker: &Tracker) -> impl Iterator<Item = Cause> {
    tracker.effects().filter_map(|(object, effect)| cause(object, effect))
}

fn cause(object: &Object, effect: Effect) -> Option<Cause> {
    match effect {
        Effect::Priority(_) => None,
        Effect::Fault => Some(Cause::Tracked(object.clone())),
        Effect::Wait => Some(Cause::Untested(object.clone())),
    }
}

impl Machine {
    /// Takes what is new about a tracked thing.
    pub(super) fn track(&mut self, object: &Object, status: Status, now: Instant, out: &mut Vec<Action>) {
        let (priority, down) = (self.priority(), self.master_down());
        let Some(turn) = self.tracker.set(object, status) else { return };
        if self.state != State::Init {
            out.extend(words_for_turn(object, status, turn.from, turn.to).map(Action::Log));
            self.tell_of_priority(priority, out);
            self.shift(down);
        }
        let [from, to] = [turn.from, turn.to].map(|effect| cause(object, effect));
        if from == to {
            return;
        }
        // The new one first: between the two the router must not seem whole.
        if let Some(cause) = to {
            self.handle(now, Event::Fault(cause), out);
        }
        if let Some(cause) = from {
            self.handle(now, Event::Recover(cause), out);
        }
    }

    /// Watches what the new parameters say. What is watched anew is not waited for.
    pub(super) fn retrack(&mut self, now: Instant, out: &mut Vec<Action>) {
        let before: Vec<Cause> = causes(&self.tracker).collect();
        self.tracker.reconfigure(&self.params.track, Status::Assumed);
        let after: Vec<Cause> = causes(&self.tracker).collect();
        for cause in after.iter().filter(|cause| !before.contains(cause)) {
            self.handle(now, Event::Fault(cause.clone()), out);
        }
        for cause in before.into_iter().filter(|cause| !after.contains(cause)) {
            self.handle(now, Event::Recover(cause), out);
        }
    }

    /// Says that the priority was another one, if so.
    pub(super) fn tell_of_priority(&self, from: Priority, out: &mut Vec<Action>) {
        let to = self.priority();
        if from != to {
            out.push(Action::Log(Line::PriorityChanged { from, to }));
            out.push(Action::Mention(Mention::PriorityChanged, to));
        }
    }

    /// As backup the time already waited counts under the new priority too. `before` is the whole wait under the old one.
    fn shift(&mut self, before: Duration) {
        let after = self.master_down();
        if let (State::Backup, Some(at)) = (self.state, self.timers.get(Timer::MasterDown)) {
            let shifted = (at + after).checked_sub(before).unwrap_or(at);
            self.timers.set(Timer::MasterDown, shifted);
        }
    }

    /// What it waited for has turned out bad: FAULT, as it was already, and now others hear of it.
    pub(super) fn tell_of_fault(&mut self, cause: &Cause, out: &mut Vec<Action>) {
        self.untold = false;
        self.wanted = State::Fault;
        let why = match cause {
            // The line about the script has said it.
            Cause::Tracked(Object::Script(_)) => Why::Faulted,
            Cause::Partner => Why::PartnerFaulted,
            Cause::Tracked(_)
            | Cause::Untested(_)
            | Cause::NoSource
            | Cause::SourceNotConfigured
            | Cause::NoPeers
            | Cause::NoMulticast
            | Cause::PartnerUntested => {
                out.push(Action::Log(Line::EnteringFault));
                Why::Faulted
            }
        };
        out.push(Action::Report { from: State::Init, to: State::Fault, why, priority: self.priority() });
    }

    /// What a start in FAULT says about a thing that is tracked.
    pub(super) fn words_for_tracked(&self, object: &Object) -> Option<Line> {
        match object {
            Object::Interface(interface) => Some(Line::FaultInterfaceDown { interface: interface.clone() }),
            Object::Script(script) => Some(Line::FaultScript { script: script.clone() }),
            Object::File(file) => match self.tracker.status(object) {
                Some(Status::Number(number)) => Some(Line::FaultFile { file: file.clone(), number }),
                Some(Status::Unknown | Status::Assumed | Status::Up | Status::Down) | None => None,
            },
            Object::Process(process) => Some(Line::FaultProcess { process: process.clone() }),
            // Its session says it.
            Object::Bfd(_) => None,
        }
    }
}

/// What the router says when the meaning of a thing changes, beside what is said of the thing itself.
fn words_for_turn(object: &Object, status: Status, from: Effect, to: Effect) -> Option<Line> {
    match object {
        Object::File(file) => match (from == Effect::Fault, to == Effect::Fault) {
            (false, true) => Some(Line::FileFaults { file: file.clone() }),
            (true, false) => Some(Line::FileRecovers { file: file.clone() }),
            (false, false) | (true, true) => None,
        },
        Object::Bfd(session) if from != to => {
            Some(Line::BfdTurned { session: session.clone(), up: status == Status::Up })
        }
        Object::Interface(_) | Object::Script(_) | Object::Process(_) | Object::Bfd(_) => None,
    }
}

#[cfg(test)]
mod tests;
