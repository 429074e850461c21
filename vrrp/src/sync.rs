//! Sync groups (`vrrp_sync_group`): virtual routers that are master together or not at all.
//!
//! A [`Group`] stands over the [`Router`]s of its members as these stand over their machines: each event of a member goes
//! through it, and it moves the others.
//!
//! | a member | the others |
//! |---|---|
//! | would like to be master | it waits until all would; then all become master, it first |
//! | yields to a better router | become backup, without an advert of priority 0 |
//! | faults | fault too ([`Cause::Partner`]), and stay so until no member has a fault of its own |
//! | waits at the start for what is not known yet | wait with it ([`Cause::PartnerUntested`]) |
//! | loses an address | if master, leave it as if they had lost one |
//! | answers a lower router | if master, announce their addresses too |

use std::fmt;
use std::time::{Instant, SystemTime};

use crate::accept::Packet;
use crate::event::{Action, Cause, Event, State, Why};
use crate::log;
use crate::params::Role;
use crate::priority::Priority;
use crate::router::Router;

/// The members of one group, by their place in it.
pub trait Members {
    /// How many there are.
    fn count(&self) -> usize;
    /// The one at `member`, which is below [`Self::count`].
    fn get(&self, member: usize) -> &Router;
    /// As [`Self::get`], to change it.
    fn get_mut(&mut self, member: usize) -> &mut Router;
}

/// What a group asks of the world, in the order in which it must happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// What one of the members asks.
    Member {
        /// Its place.
        member: usize,
        /// What it asks.
        action: Action,
    },
    /// Log.
    Log(Line),
    /// Tell scripts, FIFO and mail that the group is in another state.
    Report {
        /// State entered: BACKUP, MASTER or FAULT.
        to: State,
    },
}

/// A line about a group, without its name; see [`Line::of`]. All of them are always logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A member has moved, and the others follow it to this state.
    Syncing(State),
    /// This member starts in FAULT, because another one does.
    SyncingAtStart {
        /// Its name.
        instance: String,
    },
}

impl Line {
    /// The line as it is logged for the group of this name.
    #[must_use]
    pub fn of<'a>(&'a self, group: &'a str) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| match self {
            Self::Syncing(to) => write!(f, "VRRP_Group({group}) Syncing instances to {} state", to.word()),
            Self::SyncingAtStart { instance } => {
                write!(f, "VRRP_Group({group}): Syncing {instance} to FAULT state")
            }
        })
    }
}

/// What lets members go that had to wait for another one.
const RELEASE: [Event; 2] = [Event::Recover(Cause::PartnerUntested), Event::Recover(Cause::Partner)];

/// One sync group. Its members have [`crate::Params::together`] set.
#[derive(Debug)]
pub struct Group {
    state: State,
}

impl Default for Group {
    fn default() -> Self {
        Self::new()
    }
}

impl Group {
    /// A group that waits for [`Group::start`].
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Init }
    }

    /// Where it is.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Begins. The members have been told what they are missing, and get [`Event::Start`] after this.
    pub fn start(&mut self, now: Instant, members: &mut impl Members, out: &mut Vec<Step>) {
        let broken = any(members, has_own_fault);
        let waits = !broken && any(members, waits);
        if waits {
            for member in 0..members.count() {
                tell(now, members, member, Event::Fault(Cause::PartnerUntested), out);
            }
            return;
        }
        if broken {
            for member in 0..members.count() {
                let router = members.get(member);
                if !has_own_fault(router) {
                    let instance = router.machine().params().name.clone();
                    out.push(Step::Log(Line::SyncingAtStart { instance }));
                }
                tell(now, members, member, Event::Fault(Cause::Partner), out);
            }
        }
        // Owners are backup for an instant that nobody is told about.
        let owners = !any(members, |router| {
            let params = router.machine().params();
            params.priority != Priority::OWNER || params.role != Role::Master
        });
        self.state = if broken { State::Fault } else { State::Backup };
        if broken || !owners {
            out.push(Step::Report { to: self.state });
        }
    }

    /// Takes an event of the member at `member`. `out` is appended to, never read.
    pub fn handle(
        &mut self,
        now: Instant,
        members: &mut impl Members,
        member: usize,
        event: Event,
        out: &mut Vec<Step>,
    ) {
        let mut actions = Vec::new();
        let is_time = event == Event::Tick;
        members.get_mut(member).handle(now, event, &mut actions);
        self.follow(now, members, member, actions, out);
        // Only its down timer makes a member lead the group: an owner wants to be master before its time has come.
        let is_backup = members.get(member).machine().state() == State::Backup;
        if is_time && is_backup && !any(members, |one| !wants_master(one)) {
            self.move_all(State::Master, &[Event::GoMaster], now, members, member, out);
        }
    }

    /// Takes a packet for the member at `member`; see [`Router::receive`].
    pub fn receive(
        &mut self,
        now: Instant,
        members: &mut impl Members,
        member: usize,
        wall: SystemTime,
        packet: &Packet<'_>,
        out: &mut Vec<Step>,
    ) {
        let mut actions = Vec::new();
        members.get_mut(member).receive(now, wall, packet, &mut actions);
        self.follow(now, members, member, actions, out);
    }

    /// A reload has changed the members, or which these are: brings all to where they must be. What has not changed is not
    /// reported.
    pub fn regroup(&mut self, now: Instant, members: &mut impl Members, out: &mut Vec<Step>) {
        let broken = any(members, has_own_fault);
        let is_held = !broken && any(members, waits);
        for member in 0..members.count() {
            let is_out = matches!(members.get(member).machine().state(), State::Init | State::Fault);
            if broken {
                tell(now, members, member, Event::Fault(Cause::Partner), out);
            } else if is_held && is_out {
                tell(now, members, member, Event::Fault(Cause::PartnerUntested), out);
            } else {
                for event in RELEASE {
                    tell(now, members, member, event, out);
                }
            }
        }
        if is_held {
            return;
        }
        let to = if broken {
            State::Fault
        } else if any(members, |router| router.machine().state() != State::Master) {
            State::Backup
        } else {
            State::Master
        };
        self.enter(to, out);
    }

    /// Passes on what a member asks, then has the others do what follows from it.
    fn follow(
        &mut self,
        now: Instant,
        members: &mut impl Members,
        member: usize,
        actions: Vec<Action>,
        out: &mut Vec<Step>,
    ) {
        let (mut moved, mut challenged) = (None, false);
        for action in actions {
            match &action {
                Action::Report { why, .. } => moved = Some(*why),
                Action::Log(line) => challenged |= matches!(line, log::Line::LowerHeard { .. }),
                Action::Advertise(_)
                | Action::Mention(..)
                | Action::HoldAddresses
                | Action::DropAddresses
                | Action::Announce { .. }
                | Action::AnnounceElsewhere
                | Action::AnnounceSource(_) => {}
            }
            out.push(Step::Member { member, action });
        }
        if challenged {
            tell_others(now, members, member, &Event::PartnerChallenged, out);
        }
        match moved {
            Some(Why::Outranked | Why::Late) => {
                self.move_all(State::Backup, &[Event::GoBackup], now, members, member, out);
            }
            Some(Why::Faulted) => {
                self.move_all(State::Fault, &[Event::Fault(Cause::Partner)], now, members, member, out);
            }
            // The original neither logs nor reports this one: a moment later the group is master again.
            Some(Why::AddressLost) => {
                self.state = State::Backup;
                tell_others(now, members, member, &Event::AddressLost, out);
            }
            Some(
                Why::Started
                | Why::StartedAsOwner
                | Why::Waiting
                | Why::MasterSilent
                | Why::PartnerFaulted
                | Why::Recovered
                | Why::Synced
                | Why::Ended,
            )
            | None => {}
        }
        let is_held = members.get(member).machine().causes().iter().any(Cause::is_partners);
        if is_held && !any(members, has_own_fault) && !any(members, waits) {
            self.move_all(State::Backup, &RELEASE, now, members, member, out);
        }
    }

    /// The member that leads goes first, if it is not there already; then the group says so, the others follow in their
    /// order, and the group is reported.
    fn move_all(
        &mut self,
        to: State,
        events: &[Event],
        now: Instant,
        members: &mut impl Members,
        leader: usize,
        out: &mut Vec<Step>,
    ) {
        for event in events {
            tell(now, members, leader, event.clone(), out);
        }
        if self.state != to {
            out.push(Step::Log(Line::Syncing(to)));
        }
        for member in (0..members.count()).filter(|member| *member != leader) {
            for event in events {
                tell(now, members, member, event.clone(), out);
            }
        }
        self.enter(to, out);
    }

    fn enter(&mut self, to: State, out: &mut Vec<Step>) {
        if self.state != to {
            self.state = to;
            out.push(Step::Report { to });
        }
    }
}

fn any(members: &impl Members, is_so: impl Fn(&Router) -> bool) -> bool {
    (0..members.count()).any(|member| is_so(members.get(member)))
}

fn has_own_fault(router: &Router) -> bool {
    router.machine().causes().iter().any(|cause| !cause.is_partners() && !cause.is_wait())
}

/// Whether it waits for something of its own.
fn waits(router: &Router) -> bool {
    router.machine().causes().iter().any(|cause| !cause.is_partners() && cause.is_wait())
}

fn wants_master(router: &Router) -> bool {
    let machine = router.machine();
    machine.wanted() == State::Master && matches!(machine.state(), State::Backup | State::Master)
}

fn tell(now: Instant, members: &mut impl Members, member: usize, event: Event, out: &mut Vec<Step>) {
    let mut actions = Vec::new();
    members.get_mut(member).handle(now, event, &mut actions);
    out.extend(actions.into_iter().map(|action| Step::Member { member, action }));
}

fn tell_others(now: Instant, members: &mut impl Members, except: usize, event: &Event, out: &mut Vec<Step>) {
    for member in (0..members.count()).filter(|member| *member != except) {
        tell(now, members, member, event.clone(), out);
    }
}

impl Members for Vec<Router> {
    fn count(&self) -> usize {
        self.len()
    }

    fn get(&self, member: usize) -> &Router {
        &self[member]
    }

    fn get_mut(&mut self, member: usize) -> &mut Router {
        &mut self[member]
    }
}

#[cfg(test)]
mod tests;
