//! What a master does: it advertises, and holds its own against others.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::Machine;
use crate::dispute::Heard;
use crate::event::{Action, Leader, Mention, State, Why};
use crate::log::Line;
use crate::params::Switch;
use crate::priority::Priority;
use crate::timers::{self, Timer};
use crate::wire::Advert;

impl Machine {
    /// RFC 9568 §6.4.3 (730): another router thinks it is the master.
    pub(super) fn contest(&mut self, from: IpAddr, advert: &Advert, now: Instant, out: &mut Vec<Action>) {
        let (theirs, ours) = (advert.priority, self.priority());
        if theirs == ours && Some(from) == self.source {
            out.push(Action::Log(Line::EqualWithOurAddress));
            return;
        }
        // Addresses of one family compare as their bytes on the link do.
        let loses = theirs > ours || (theirs == ours && self.source.is_some_and(|source| from > source));
        if theirs == Priority::OWNER && ours == Priority::OWNER {
            match self.dispute.heard(advert.interval, loses) {
                Heard::First => out.push(Action::Log(Line::RivalOwner { from })),
                Heard::Again => {}
                Heard::TooOften => {
                    out.push(Action::Log(Line::RivalOwnerPersists { from }));
                    self.wanted = State::Backup;
                    self.go(State::Backup, Why::Outranked, now, out);
                    return;
                }
            }
        }
        if loses {
            if self.params.answer_higher == Switch::On {
                out.push(Action::Advertise(ours));
            }
            out.push(Action::Log(if theirs > ours && self.params.priority != Priority::OWNER {
                Line::HigherHeard { from, priority: theirs, ours }
            } else {
                Line::EqualWithHigherAddress { from, priority: theirs }
            }));
            self.learn_interval(advert.interval, out);
            self.wanted = State::Backup;
            self.go(State::Backup, Why::Outranked, now, out);
            self.leader = Some(Leader { address: from, priority: theirs });
            self.heard = Some(now);
        } else {
            let answered = self.params.answer_lower == Switch::On;
            out.push(Action::Log(Line::LowerHeard { from, priority: theirs, ours, answered }));
            if answered {
                self.advertise_now(now, out);
            }
            let rounds = self.announcer.lower_heard(now);
            announce(rounds, out);
            out.push(Action::Mention(Mention::LowerHeard, ours));
        }
    }

    pub(super) fn master_tick(&mut self, now: Instant, out: &mut Vec<Action>) {
        if let Some(deadline) = self.timers.due(Timer::Advert, now) {
            let late = now.duration_since(deadline);
            if self.is_replaced_after(late) {
                out.push(Action::Log(Line::TimerLate { by: late }));
                self.wanted = State::Backup;
                self.go(State::Backup, Why::Late, now, out);
                return;
            }
            self.punctuality.sent(deadline, now);
            out.push(Action::Advertise(self.priority()));
            // Counted from the deadline, so that being woken late does not add up; from now, if a whole one was missed.
            let next = deadline + self.params.interval;
            self.timers.set(Timer::Advert, if next > now { next } else { now + self.params.interval });
            if let Some(patience) = self.dispute.advertised(self.params.interval) {
                self.timers.set(Timer::RivalGone, now + patience);
            }
        }
        if self.timers.due(Timer::RivalGone, now).is_some() {
            self.timers.unset(Timer::RivalGone);
            self.dispute.end();
            out.push(Action::Log(Line::RivalOwnerGone));
        }
        let rounds = self.announcer.tick(now);
        announce(rounds, out);
        if self.announcer.tick_elsewhere(now) {
            out.push(Action::AnnounceElsewhere);
        }
    }

    /// Whether others have taken over while this master was stopped: the last advert is one interval older than its timer.
    fn is_replaced_after(&self, late: Duration) -> bool {
        let interval = self.params.interval;
        self.params.yields_when_late.is_some_and(|highest| {
            late >= 2 * interval + timers::skew(self.params.version, highest, interval)
        })
    }

    pub(super) fn advertise_now(&mut self, now: Instant, out: &mut Vec<Action>) {
        out.push(Action::Advertise(self.priority()));
        self.timers.set(Timer::Advert, now + self.params.interval);
    }

    pub(super) fn enter_master(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.leader = None;
        if self.interval != self.params.interval {
            out.push(Action::Log(Line::IntervalReset { from: self.interval, to: self.params.interval }));
            self.interval = self.params.interval;
        }
        self.timers.set(Timer::Advert, now + self.params.interval);
        out.push(Action::Log(Line::SettingVips));
        out.push(Action::HoldAddresses);
    }

    pub(super) fn leave_master(&mut self, why: Why, out: &mut Vec<Action>) {
        match why {
            // The link is probably dead; the second packet is the one the original counts.
            Why::Faulted => {
                out.push(Action::Advertise(Priority::RELEASE));
                release(out);
            }
            Why::AddressLost | Why::Ended => release(out),
            // The original does not count this one.
            Why::PartnerFaulted => out.push(Action::Advertise(Priority::RELEASE)),
            // The better router's advert has said it all; to the peers of the rest of a group, nobody does.
            Why::Outranked | Why::Late | Why::Synced => {}
            Why::Started | Why::StartedAsOwner | Why::Waiting | Why::MasterSilent | Why::Recovered => {}
        }
        self.announcer.stop();
        out.push(Action::Log(Line::RemovingVips));
        out.push(Action::DropAddresses);
    }
}

fn release(out: &mut Vec<Action>) {
    out.push(Action::Advertise(Priority::RELEASE));
    out.push(Action::Log(Line::SentRelease));
}

pub(super) fn announce(rounds: u32, out: &mut Vec<Action>) {
    if rounds > 0 {
        out.push(Action::Announce { rounds });
    }
}
