//! What a backup does: it follows the master, or takes over from it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::Machine;
use crate::event::{Action, Leader, State, Why};
use crate::log::Line;
use crate::params::{Preempt, Switch, Version};
use crate::priority::Priority;
use crate::timers::{self, Timer};
use crate::wire::Advert;

impl Machine {
    /// RFC 9568 §6.4.2 (420): the master has given up. It says so twice: the skew counts from the first time.
    pub(super) fn expect_takeover(&mut self, now: Instant, out: &mut Vec<Action>) {
        out.push(Action::Log(Line::BackupHeardRelease));
        let skew = timers::skew(self.params.version, self.skew_priority(), self.interval);
        let at = self.timers.get(Timer::MasterDown).map_or(now + skew, |at| at.min(now + skew));
        self.timers.set(Timer::MasterDown, at);
    }

    /// Whether a backup obeys this advert. Equal priority is obeyed whatever the address: it is the master's to yield.
    pub(super) fn yields_to(&mut self, advert: &Advert, now: Instant, out: &mut Vec<Action>) -> bool {
        let at_least_ours = advert.priority >= self.priority();
        match self.params.preempt {
            Preempt::Never => true,
            Preempt::AtOnce => at_least_ours,
            Preempt::After(delay) => {
                if at_least_ours {
                    if self.preempt_at.take().is_some() {
                        out.push(Action::Log(Line::PreemptDelayStopped));
                    }
                    return true;
                }
                let at = *self.preempt_at.get_or_insert_with(|| {
                    out.push(Action::Log(Line::PreemptDelayStarted { delay }));
                    now + delay
                });
                now < at
            }
        }
    }

    /// RFC 9568 §6.4.2 (450): the master is alive.
    pub(super) fn follow(&mut self, from: IpAddr, advert: &Advert, now: Instant, out: &mut Vec<Action>) {
        if let (Some(leader), Some(heard)) = (self.leader, self.heard)
            && leader.address == from
        {
            // By the interval that was promised before: this advert may promise another one.
            self.punctuality.heard_after(now.saturating_duration_since(heard), self.interval);
        }
        self.learn_interval(advert.interval, out);
        self.heard = Some(now);
        self.leader = Some(Leader { address: from, priority: advert.priority });
        self.wanted = State::Backup;
        self.timers.set(Timer::MasterDown, now + self.master_down());
    }

    /// Version 3 counts in the master's interval. Version 2 never gets here with another than its own.
    pub(super) fn learn_interval(&mut self, theirs: Duration, out: &mut Vec<Action>) {
        if self.params.version == Version::V3 && theirs != self.interval {
            out.push(Action::Log(Line::IntervalLearnt { from: self.interval, to: theirs }));
            self.interval = theirs;
        }
    }

    /// The down timer has run out, `late` ago.
    ///
    /// Woken later than the next advert could be expected, we were not running, and what a master may have said meanwhile
    /// was not heard. Claiming the addresses then would make two masters, so a whole down interval is listened to first.
    pub(super) fn master_is_silent(&mut self, late: Duration, now: Instant, out: &mut Vec<Action>) {
        if late > self.interval && self.params.priority != Priority::OWNER {
            out.push(Action::Log(Line::TimerLate { by: late }));
            self.timers.set(Timer::MasterDown, now + self.master_down());
            return;
        }
        out.push(Action::Log(Line::AdvertTimeout));
        self.wanted = State::Master;
        match self.params.together {
            // Whether the others would like the same is the group's to see.
            Switch::On => self.timers.set(Timer::MasterDown, now + self.master_down()),
            Switch::Off => self.go(State::Master, Why::MasterSilent, now, out),
        }
    }

    pub(super) fn enter_backup(&mut self, why: Why, now: Instant) {
        self.preempt_at = None;
        self.leader = None;
        self.claimed = false;
        let from = self.heard_from(now);
        let at = match why {
            Why::StartedAsOwner if from > now => from + self.params.interval,
            Why::StartedAsOwner => now,
            Why::AddressLost => now + timers::skew(self.params.version, self.skew_priority(), self.interval),
            Why::Recovered => {
                self.interval = self.params.interval;
                if self.params.priority == Priority::OWNER {
                    let skew = timers::skew(self.params.version, Priority::OWNER, self.interval);
                    from + self.interval + skew
                } else {
                    from + self.master_down()
                }
            }
            Why::Started
            | Why::Waiting
            | Why::MasterSilent
            | Why::Outranked
            | Why::Late
            | Why::Faulted
            | Why::PartnerFaulted
            | Why::Synced
            | Why::Ended => from + self.master_down(),
        };
        self.timers.set(Timer::MasterDown, at);
    }
}
