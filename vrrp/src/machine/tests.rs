//! One claim each, by the state it is made in. `SECOND` after `SECOND`, no clock is read twice.

mod backup;
mod fault;
mod master;
mod owners;
mod punctuality;
mod reload;
mod start;

use super::*;
use crate::announce::Schedule;
use crate::event::Verdict;
use crate::params::{Auth, Checksum, GROUP_IPV4, Peer, Preempt, Switch, Version, Vrid};
use crate::track::{Status, Tracked, Weight};
use crate::wire::Advert;

pub(super) const SECOND: Duration = Duration::from_secs(1);
const OURS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 5));
const LOWER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const HIGHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

pub(super) fn params(priority: u8) -> Params {
    Params {
        name: "VI_1".into(),
        version: Version::V2,
        family: Family::Ipv4,
        vrid: Vrid::new(51).expect("not 0"),
        interface: Some("eth0".into()),
        source: None,
        transport: Transport::Multicast { group: GROUP_IPV4.into() },
        role: Role::Backup,
        priority: Priority::new(priority),
        interval: SECOND,
        down_adverts: 3,
        preempt: Preempt::AtOnce,
        addresses: vec!["10.0.0.100".parse().expect("an address")],
        auth: Auth::None,
        signing: None,
        checksum: Checksum::Standard,
        answer_lower: Switch::On,
        answer_higher: Switch::Off,
        owner_deaf: Switch::Off,
        trust_addresses: Switch::Off,
        together: Switch::Off,
        yields_when_late: None,
        track: Vec::new(),
        announce: Schedule::default(),
    }
}

/// Its number is added to the priority.
fn a_file() -> Tracked {
    Tracked { object: Object::File("weight".into()), weight: Weight { value: 1, reverse: false } }
}

/// A machine and what it asked for since it was last looked at.
pub(super) struct Bench {
    pub(super) machine: Machine,
    pub(super) out: Vec<Action>,
    t0: Instant,
}

impl Bench {
    pub(super) fn new(params: Params) -> Self {
        let mut bench = Self { machine: Machine::new(params), out: Vec::new(), t0: Instant::now() };
        bench.at(0.0, Event::Source(Some(OURS)));
        bench
    }

    pub(super) fn backup(params: Params) -> Self {
        let mut bench = Self::new(params);
        for one in bench.machine.params().track.clone() {
            let good = if let Object::File(_) = one.object { Status::Number(0) } else { Status::Up };
            bench.at(0.0, Event::Track(one.object, good));
        }
        bench.at(0.0, Event::Start { quiet: Duration::ZERO });
        assert_eq!(bench.machine.state(), State::Backup);
        bench.out.clear();
        bench
    }

    pub(super) fn master(params: Params) -> Self {
        let mut bench = Self::backup(params);
        let deadline = bench.machine.deadline().expect("the down timer");
        bench.machine.handle(deadline, Event::Tick, &mut bench.out);
        assert_eq!(bench.machine.state(), State::Master);
        bench.t0 = deadline;
        bench.at(0.0, Event::AddressesHeld { added: true });
        bench.out.clear();
        bench
    }

    pub(super) fn time(&self, seconds: f64) -> Instant {
        self.t0 + Duration::from_secs_f64(seconds)
    }

    pub(super) fn at(&mut self, seconds: f64, event: Event) {
        let now = self.time(seconds);
        self.machine.handle(now, event, &mut self.out);
    }

    fn hears(&mut self, seconds: f64, from: IpAddr, priority: u8) {
        let advert = advert(self.machine.params(), priority);
        self.at(seconds, Event::Advert { from, advert });
    }

    /// Microseconds from `t0` to the deadline.
    pub(super) fn deadline(&self) -> u128 {
        self.machine.deadline().expect("a deadline").duration_since(self.t0).as_micros()
    }

    fn adverts(&self) -> Vec<u8> {
        let priority = |action: &Action| match action {
            Action::Advertise(priority) => Some(priority.get()),
            Action::HoldAddresses
            | Action::DropAddresses
            | Action::Announce { .. }
            | Action::AnnounceElsewhere
            | Action::AnnounceSource(_)
            | Action::Report { .. }
            | Action::Mention(..)
            | Action::Log(_) => None,
        };
        self.out.iter().filter_map(priority).collect()
    }

    pub(super) fn logged(&self, line: &Line) -> bool {
        self.out.contains(&Action::Log(line.clone()))
    }
}

fn advert(params: &Params, priority: u8) -> Advert {
    Advert {
        vrid: params.vrid,
        priority: Priority::new(priority),
        interval: params.interval,
        addresses: params.addresses.clone(),
    }
}

fn report(from: State, to: State, why: Why, priority: u8) -> Action {
    Action::Report { from, to, why, priority: Priority::new(priority) }
}
