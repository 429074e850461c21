//! The election of one virtual router: RFC 3768 §6.4, RFC 9568 §6.4, and what keepalived adds to them.
//!
//! A [`Machine`] owns no socket, reads no clock and knows no keyword. The loop around it is
//!
//! ```text
//! read everything the sockets hold  ─► Event::Advert
//! deadline() has come               ─► Event::Tick
//! each Action, in order             ─► sockets, addresses, log
//! ```
//!
//! Sockets are read before a tick is given, so that an advert that arrived in time is not overtaken by the timer it should
//! have reset.

mod backup;
mod master;
mod reconfigure;
mod tracking;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::master::announce;
use crate::announce::Announcer;
use crate::dispute::Dispute;
use crate::event::{Action, Cause, Ending, Event, Leader, Mention, State, Why};
use crate::log::Line;
use crate::params::{Family, Params, Role, Transport};
use crate::priority::Priority;
use crate::punctuality::Punctuality;
use crate::timers::{self, Timer, Timers};
use crate::track::{Object, Tracker};

/// One virtual router.
#[derive(Debug)]
pub struct Machine {
    params: Arc<Params>,
    state: State,
    wanted: State,
    tracker: Tracker,
    source: Option<IpAddr>,
    causes: BTreeSet<Cause>,
    /// It is in FAULT and nobody has been told, because it only waits for what is not known yet.
    untold: bool,
    leader: Option<Leader>,
    /// When it was heard last.
    heard: Option<Instant>,
    /// Whether anybody has claimed to be master since this one became a backup.
    claimed: bool,
    punctuality: Punctuality,
    /// Interval the down timer counts with: learnt from the master in version 3.
    interval: Duration,
    /// Until then nothing heard counts.
    quiet_until: Option<Instant>,
    /// With [`Preempt::After`](crate::params::Preempt::After): lower adverts are obeyed until then.
    preempt_at: Option<Instant>,
    dispute: Dispute,
    timers: Timers,
    announcer: Announcer,
}

impl Machine {
    /// A virtual router that waits for [`Event::Start`]. It has no source address until it is told one.
    #[must_use]
    pub fn new(params: impl Into<Arc<Params>>) -> Self {
        let params = params.into();
        let tracker = Tracker::new(&params.track);
        Self {
            state: State::Init,
            wanted: match params.role {
                Role::Master => State::Master,
                Role::Backup => State::Backup,
            },
            source: params.source,
            causes: params
                .source
                .is_none()
                .then_some(Cause::NoSource)
                .into_iter()
                .chain(params.lacks_peers().then_some(Cause::NoPeers))
                .chain(tracking::causes(&tracker))
                .collect(),
            tracker,
            untold: false,
            leader: None,
            heard: None,
            claimed: false,
            punctuality: Punctuality::default(),
            interval: params.interval,
            quiet_until: None,
            preempt_at: None,
            dispute: Dispute::default(),
            timers: Timers::default(),
            announcer: Announcer::new(params.announce),
            params,
        }
    }

    /// What it was told about itself.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Where it is.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Where it would like to be; a group waits until all its members would like the same.
    #[must_use]
    pub fn wanted(&self) -> State {
        self.wanted
    }

    /// Priority after tracking.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.dispute.outcome().unwrap_or_else(|| self.params.priority.weighted(self.tracker.sum()))
    }

    /// What it watches, and what it knows of it.
    #[must_use]
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// Address adverts are sent from.
    #[must_use]
    pub fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// The master it follows, as backup.
    #[must_use]
    pub fn leader(&self) -> Option<Leader> {
        self.leader
    }

    /// Whether some other router has said that it is master since this one became a backup, be it a better one or not.
    #[must_use]
    pub fn is_claimed(&self) -> bool {
        self.claimed
    }

    /// How well adverts keep their time.
    #[must_use]
    pub fn punctuality(&self) -> Punctuality {
        self.punctuality
    }

    /// Advert interval of the master it follows, else its own.
    #[must_use]
    pub fn master_interval(&self) -> Duration {
        self.interval
    }

    /// The silence after which it takes over.
    #[must_use]
    pub fn master_down(&self) -> Duration {
        timers::master_down(
            self.params.version,
            self.skew_priority(),
            self.interval,
            self.params.down_adverts,
        )
    }

    /// A configured owner waits like one whatever has become of its priority.
    fn skew_priority(&self) -> Priority {
        if self.params.priority == Priority::OWNER { Priority::OWNER } else { self.priority() }
    }

    /// What keeps it in FAULT.
    #[must_use]
    pub fn causes(&self) -> &BTreeSet<Cause> {
        &self.causes
    }

    /// Configured priority and all weights, not limited to what an advert can say.
    #[must_use]
    pub fn total_priority(&self) -> i64 {
        i64::from(self.params.priority.get()) + i64::from(self.tracker.sum())
    }

    /// When its next advert is due, or, as backup, when the master will have been silent for too long.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// When to call again with [`Event::Tick`] if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next().into_iter().chain(self.announcer.deadline()).min()
    }

    /// Takes one event to its end. `out` is appended to, never read.
    pub fn handle(&mut self, now: Instant, event: Event, out: &mut Vec<Action>) {
        use State::{Backup, Deleted, Fault, Init, Master, Stopped};
        match (self.state, event) {
            (Init, Event::Start { quiet }) => self.start(quiet, now, out),
            (Init, Event::Fault(cause)) => {
                self.causes.insert(cause);
            }
            (Init, Event::Recover(cause)) => {
                self.ends(&cause);
            }

            (Init | Backup | Master | Fault, Event::Delay { quiet }) => self.delay(quiet, now),

            // RFC 9568 §6.4.2
            (Backup, Event::Advert { advert, .. }) if self.is_quiet(now) => {
                self.claimed |= advert.priority != Priority::RELEASE;
            }
            (Backup, Event::Advert { advert, .. }) if advert.priority == Priority::RELEASE => {
                self.expect_takeover(now, out);
            }
            (Backup, Event::Advert { from, advert }) => {
                self.claimed = true;
                if self.yields_to(&advert, now, out) {
                    self.follow(from, &advert, now, out);
                } else {
                    out.push(Action::Log(Line::LowerDiscarded { from, priority: advert.priority }));
                    self.restore_owner(Line::OwnerRestoredOnLower, out);
                }
            }
            (Backup, Event::Tick) => {
                if let Some(deadline) = self.timers.due(Timer::MasterDown, now) {
                    self.master_is_silent(now.duration_since(deadline), now, out);
                }
            }

            // RFC 9568 §6.4.3
            (Master, Event::Advert { advert, .. }) if advert.priority == Priority::RELEASE => {
                out.push(Action::Log(Line::MasterHeardRelease));
                self.advertise_now(now, out);
            }
            (Master, Event::Advert { from, advert }) => self.contest(from, &advert, now, out),
            (Master, Event::Tick) => self.master_tick(now, out),
            (Master, Event::AddressesHeld { added }) => {
                if added {
                    let rounds = self.announcer.start(now);
                    announce(rounds, out);
                }
            }
            (Master, Event::PartnerChallenged) => {
                let rounds = self.announcer.lower_heard(now);
                announce(rounds, out);
            }
            (Master, Event::AddressLost) => {
                self.wanted = Backup;
                self.go(Backup, Why::AddressLost, now, out);
            }

            (Backup | Master, Event::Fault(cause)) => {
                let why = if cause == Cause::Partner { Why::PartnerFaulted } else { Why::Faulted };
                self.causes.insert(cause);
                self.wanted = Fault;
                self.go(Fault, why, now, out);
            }
            (Fault, Event::Fault(cause)) => {
                if self.untold && !cause.is_wait() {
                    self.tell_of_fault(&cause, out);
                }
                self.causes.insert(cause);
            }
            (Fault, Event::Recover(cause)) => {
                if self.ends(&cause) && self.causes.is_empty() {
                    self.wanted = Backup;
                    self.go(Backup, Why::Recovered, now, out);
                }
            }

            (Backup, Event::GoMaster) => {
                self.wanted = Master;
                self.go(Master, Why::Synced, now, out);
            }
            (Master, Event::GoBackup) => {
                self.wanted = Backup;
                self.go(Backup, Why::Synced, now, out);
            }

            (Init | Backup | Master | Fault, Event::Track(object, status)) => {
                self.track(&object, status, now, out);
            }
            (Init | Backup | Master | Fault, Event::Source(source)) => {
                if self.params.source.is_none() {
                    self.move_source(source, now, out);
                }
            }
            (Backup | Master | Fault, Event::Stop(ending)) => {
                let end = match ending {
                    Ending::Shutdown => Stopped,
                    Ending::Removal => Deleted,
                };
                self.go(end, Why::Ended, now, out);
            }
            (Init, Event::Stop(_)) => self.state = Stopped,

            // Nothing is heard, held or due in these.
            (
                Init | Fault,
                Event::Advert { .. }
                | Event::Tick
                | Event::AddressesHeld { .. }
                | Event::AddressLost
                | Event::GoMaster
                | Event::GoBackup
                | Event::PartnerChallenged,
            ) => {}
            // Where the group goes it is already; a backup has nothing to announce.
            (Backup, Event::GoBackup | Event::PartnerChallenged) | (Master, Event::GoMaster) => {}
            // The answer of an address order that a later one has overtaken.
            (Backup, Event::AddressesHeld { .. } | Event::AddressLost) => {}
            // Causes are removed on the way into these.
            (Backup | Master, Event::Recover(_)) => {}
            (Backup | Master | Fault, Event::Start { .. }) => {}
            (
                Deleted | Stopped,
                Event::Start { .. }
                | Event::Delay { .. }
                | Event::Stop(_)
                | Event::Advert { .. }
                | Event::Track(..)
                | Event::Fault(_)
                | Event::Recover(_)
                | Event::Source(_)
                | Event::AddressesHeld { .. }
                | Event::AddressLost
                | Event::GoMaster
                | Event::GoBackup
                | Event::PartnerChallenged
                | Event::Tick,
            ) => {}
        }
    }

    /// One cause less. Whether there was this one.
    fn ends(&mut self, cause: &Cause) -> bool {
        let was_there = self.causes.remove(cause);
        if self.causes.is_empty() {
            // A set that was emptied keeps room for eleven, and there may be thousands of routers without a fault.
            self.causes = BTreeSet::new();
        }
        was_there
    }

    fn start(&mut self, quiet: Duration, now: Instant, out: &mut Vec<Action>) {
        self.quiet_until = (!quiet.is_zero()).then(|| now + quiet);
        out.push(Action::Log(Line::RemovingVips));
        out.push(Action::DropAddresses);
        let is_faulty = self.causes.iter().any(|cause| !cause.is_wait());
        if is_faulty {
            out.extend(self.causes.iter().filter_map(|cause| self.words_for(cause)).map(Action::Log));
        }
        self.tell_of_priority(self.params.priority, out);
        if is_faulty {
            self.wanted = State::Fault;
            self.go(State::Fault, Why::Started, now, out);
        } else if !self.causes.is_empty() {
            self.wanted = State::Backup;
            self.go(State::Fault, Why::Waiting, now, out);
        } else if self.params.priority == Priority::OWNER && self.params.role == Role::Master {
            self.go(State::Backup, Why::StartedAsOwner, now, out);
        } else {
            self.wanted = State::Backup;
            self.go(State::Backup, Why::Started, now, out);
        }
    }

    /// What a start in FAULT says about its cause; for another member of the group, the group says it.
    fn words_for(&self, cause: &Cause) -> Option<Line> {
        match cause {
            Cause::Tracked(object) => self.words_for_tracked(object),
            Cause::NoSource => Some(Line::FaultNoAddress { family: self.params.family }),
            Cause::SourceNotConfigured => Some(Line::FaultSourceNotConfigured),
            Cause::NoPeers => Some(Line::FaultNoPeers),
            Cause::NoMulticast => {
                Some(Line::FaultNoMulticast { interface: self.params.interface.clone().unwrap_or_default() })
            }
            Cause::Untested(_) | Cause::Partner | Cause::PartnerUntested => None,
        }
    }

    /// The down timer counts from the end of the delay, and moves with it.
    fn delay(&mut self, quiet: Duration, now: Instant) {
        let Some(before) = self.quiet_until.filter(|until| now < *until) else { return };
        let until = now + quiet;
        self.quiet_until = Some(until);
        if let (State::Backup, Some(at)) = (self.state, self.timers.get(Timer::MasterDown)) {
            self.timers.set(Timer::MasterDown, until + at.saturating_duration_since(before));
        }
    }

    /// Whether nothing that is heard counts yet.
    pub(crate) fn is_quiet(&self, now: Instant) -> bool {
        self.quiet_until.is_some_and(|until| now < until)
    }

    /// The time from which silence counts: now, or the end of the start-up delay.
    fn heard_from(&self, now: Instant) -> Instant {
        self.quiet_until.map_or(now, |until| until.max(now))
    }

    /// An owner that gave way is owner again.
    fn restore_owner(&mut self, because: Line, out: &mut Vec<Action>) {
        if self.dispute.restore() {
            out.push(Action::Log(because));
        }
    }

    fn move_source(&mut self, source: Option<IpAddr>, now: Instant, out: &mut Vec<Action>) {
        match source {
            Some(_) => {
                self.source = source;
                self.handle(now, Event::Recover(Cause::NoSource), out);
            }
            // The last advert still carries the old address; IPv6 could not send it (§4.6.2 of the original's behaviour).
            None => {
                if self.params.family == Family::Ipv6 {
                    self.source = None;
                }
                self.handle(now, Event::Fault(Cause::NoSource), out);
            }
        }
    }

    /// Every transition passes here, so no pair of states can skip the exit of one or the entry of the other.
    fn go(&mut self, to: State, why: Why, now: Instant, out: &mut Vec<Action>) {
        let from = std::mem::replace(&mut self.state, to);
        self.timers.clear();
        self.dispute.end();
        self.untold = why == Why::Waiting;
        match to {
            State::Master => {
                self.restore_owner(Line::OwnerRestoredOnSilence, out);
                out.push(Action::Advertise(self.priority()));
                out.push(Action::Log(Line::EnteringMaster));
            }
            State::Backup => match why {
                Why::Started => out.push(Action::Log(Line::EnteringBackupAtStart)),
                Why::StartedAsOwner | Why::Waiting => {}
                Why::MasterSilent
                | Why::Outranked
                | Why::Late
                | Why::Faulted
                | Why::PartnerFaulted
                | Why::Recovered
                | Why::Synced
                | Why::AddressLost
                | Why::Ended => out.push(Action::Log(Line::EnteringBackup)),
            },
            State::Fault => match why {
                Why::Waiting => {}
                Why::Started => out.push(Action::Log(Line::FaultAtStart)),
                Why::StartedAsOwner
                | Why::MasterSilent
                | Why::Outranked
                | Why::Late
                | Why::Faulted
                | Why::PartnerFaulted
                | Why::Recovered
                | Why::Synced
                | Why::AddressLost
                | Why::Ended => out.push(Action::Log(Line::EnteringFault)),
            },
            State::Init | State::Deleted | State::Stopped => {}
        }
        if from == State::Master {
            self.leave_master(why, out);
        }
        if to == State::Master {
            self.enter_master(now, out);
        }
        match why {
            Why::StartedAsOwner | Why::Waiting => {}
            Why::Started
            | Why::MasterSilent
            | Why::Outranked
            | Why::Late
            | Why::Faulted
            | Why::PartnerFaulted
            | Why::Recovered
            | Why::Synced
            | Why::AddressLost
            | Why::Ended => out.push(Action::Report { from, to, why, priority: self.priority() }),
        }
        if to == State::Backup {
            self.enter_backup(why, now);
        }
        if let (Why::Recovered, Transport::Unicast { .. }, Some(source)) =
            (why, &self.params.transport, self.source)
            && !self.is_quiet(now)
        {
            out.push(Action::AnnounceSource(source));
        }
    }
}

#[cfg(test)]
mod tests;
