//! Two members, `VI_1` with priority 150 and `VI_2` with 100, on two links.

use super::*;
use crate::announce::Schedule;
use crate::params::{Auth, Checksum, Family, GROUP_IPV4, Params, Preempt, Switch, Transport, Version, Vrid};
use crate::track::Object;
use crate::wire::Advert;
use std::net::IpAddr;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

fn params(number: u8, priority: u8) -> Params {
    Params {
        name: format!("VI_{number}"),
        version: Version::V2,
        family: Family::Ipv4,
        vrid: Vrid::new(number).expect("not 0"),
        interface: Some(format!("eth{number}")),
        source: Some([10, 0, number, 1].into()),
        transport: Transport::Multicast { group: GROUP_IPV4.into() },
        role: Role::Backup,
        priority: Priority::new(priority),
        interval: SECOND,
        down_adverts: 3,
        preempt: Preempt::AtOnce,
        addresses: vec![[10, 0, number, 100].into()],
        auth: Auth::None,
        signing: None,
        checksum: Checksum::Standard,
        answer_lower: Switch::On,
        answer_higher: Switch::Off,
        owner_deaf: Switch::Off,
        trust_addresses: Switch::Off,
        together: Switch::On,
        yields_when_late: None,
        track: Vec::new(),
        announce: Schedule::default(),
    }
}

struct Bench {
    group: Group,
    members: Vec<Router>,
    out: Vec<Step>,
    now: Instant,
}

impl Bench {
    fn new(priorities: &[u8]) -> Self {
        let members = (1..).zip(priorities).map(|(number, priority)| Router::new(params(number, *priority)));
        Self { group: Group::new(), members: members.collect(), out: Vec::new(), now: Instant::now() }
    }

    fn start(&mut self) {
        self.group.start(self.now, &mut self.members, &mut self.out);
        for member in 0..self.members.len() {
            self.tell(member, Event::Start { quiet: Duration::ZERO });
        }
    }

    fn backup() -> Self {
        let mut bench = Self::new(&[150, 100]);
        bench.start();
        bench.out.clear();
        bench
    }

    fn master() -> Self {
        let mut bench = Self::backup();
        bench.run(4 * SECOND);
        assert_eq!(bench.group.state(), State::Master);
        bench.out.clear();
        bench
    }

    fn tell(&mut self, member: usize, event: Event) {
        self.group.handle(self.now, &mut self.members, member, event, &mut self.out);
    }

    fn hears(&mut self, member: usize, priority: u8) {
        let params = self.members[member].machine().params();
        let (vrid, interval, addresses) = (params.vrid, params.interval, params.addresses.clone());
        let advert = Advert { vrid, priority: Priority::new(priority), interval, addresses };
        self.tell(member, Event::Advert { from: OTHER, advert });
    }

    /// Lets time pass, from deadline to deadline.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = (0..self.members.len()).min_by_key(|at| self.members[*at].deadline());
            let Some((member, at)) = next.and_then(|member| Some((member, self.members[member].deadline()?)))
            else {
                break;
            };
            if at > end {
                break;
            }
            self.now = at;
            self.tell(member, Event::Tick);
        }
        self.now = end;
    }

    fn states(&self) -> Vec<State> {
        self.members.iter().map(|router| router.machine().state()).collect()
    }

    /// What scripts, the FIFO and the log about the group see, and adverts of priority 0, in order.
    fn story(&mut self) -> Vec<String> {
        let tell = |step: Step| match step {
            Step::Member { member, action: Action::Report { to, .. } } => {
                Some(format!("VI_{} {}", member + 1, to.word()))
            }
            Step::Member { member, action: Action::Advertise(Priority::RELEASE) } => {
                Some(format!("VI_{} says 0", member + 1))
            }
            Step::Member { .. } => None,
            Step::Log(line) => Some(line.of("G1").to_string()),
            Step::Report { to } => Some(format!("G1 {}", to.word())),
        };
        std::mem::take(&mut self.out).into_iter().filter_map(tell).collect()
    }

    fn faults(&mut self, member: usize) {
        self.tell(member, Event::Fault(Cause::Tracked(Object::Interface("eth9".into()))));
    }

    fn recovers(&mut self, member: usize) {
        self.tell(member, Event::Recover(Cause::Tracked(Object::Interface("eth9".into()))));
    }
}

/// The order in the original's FIFO.
#[test]
fn the_group_starts_before_its_members_and_becomes_master_after_them_the_slowest_first() {
    let mut bench = Bench::new(&[150, 100]);
    bench.start();
    assert_eq!(bench.story(), ["G1 BACKUP", "VI_1 BACKUP", "VI_2 BACKUP"]);
    bench.run(Duration::from_millis(3_609));
    assert_eq!(bench.story(), [""; 0], "VI_1 waits for VI_2");
    bench.run(Duration::from_millis(1));
    assert_eq!(
        bench.story(),
        ["VI_2 MASTER", "VRRP_Group(G1) Syncing instances to MASTER state", "VI_1 MASTER", "G1 MASTER"]
    );
}

#[test]
fn a_better_router_heard_by_one_member_holds_the_whole_group() {
    let mut bench = Bench::backup();
    for _ in 0..10 {
        bench.run(SECOND);
        bench.hears(0, 200);
    }
    assert_eq!(bench.states(), [State::Backup; 2]);
    bench.run(4 * SECOND);
    assert_eq!(bench.states(), [State::Master; 2]);
}

#[test]
fn all_leave_with_the_one_that_yields_and_none_says_so_to_its_peers() {
    let mut bench = Bench::master();
    bench.hears(1, 200);
    assert_eq!(
        bench.story(),
        ["VI_2 BACKUP", "VRRP_Group(G1) Syncing instances to BACKUP state", "VI_1 BACKUP", "G1 BACKUP"]
    );
}

#[test]
fn the_fault_of_one_is_the_fault_of_all_and_is_told_to_the_peers() {
    let mut bench = Bench::master();
    bench.faults(0);
    assert_eq!(
        bench.story(),
        [
            "VI_1 says 0",
            "VI_1 says 0",
            "VI_1 FAULT",
            "VRRP_Group(G1) Syncing instances to FAULT state",
            "VI_2 says 0",
            "VI_2 FAULT",
            "G1 FAULT"
        ]
    );
    assert_eq!(bench.members[0].counters().zero_sent, 1);
    assert_eq!(bench.members[1].counters().zero_sent, 0);
}

#[test]
fn the_group_recovers_when_no_member_has_a_fault_any_more() {
    let mut bench = Bench::backup();
    bench.faults(0);
    bench.faults(1);
    bench.recovers(0);
    assert_eq!(bench.states(), [State::Fault; 2]);
    bench.story();
    bench.recovers(1);
    assert_eq!(
        bench.story(),
        ["VI_2 BACKUP", "VRRP_Group(G1) Syncing instances to BACKUP state", "VI_1 BACKUP", "G1 BACKUP"]
    );
    bench.run(4 * SECOND);
    assert_eq!(bench.states(), [State::Master; 2]);
}

#[test]
fn a_fault_at_the_start_is_everybodys() {
    let mut bench = Bench::new(&[150, 100]);
    bench.faults(1);
    bench.start();
    assert_eq!(
        bench.story(),
        ["VRRP_Group(G1): Syncing VI_1 to FAULT state", "G1 FAULT", "VI_1 FAULT", "VI_2 FAULT"]
    );
    bench.recovers(1);
    assert_eq!(bench.states(), [State::Backup; 2]);
}

#[test]
fn a_lost_address_takes_all_masters_out_and_back_without_a_word_about_the_group() {
    let mut bench = Bench::master();
    bench.tell(0, Event::AddressLost);
    assert_eq!(bench.story(), ["VI_1 says 0", "VI_1 BACKUP", "VI_2 says 0", "VI_2 BACKUP"]);
    assert_eq!(bench.group.state(), State::Backup);
    bench.run(SECOND);
    assert_eq!(bench.states(), [State::Master; 2]);
}

#[test]
fn a_lower_router_makes_all_members_announce_their_addresses() {
    let mut bench = Bench::master();
    for member in 0..2 {
        bench.tell(member, Event::AddressesHeld { added: true });
    }
    bench.out.clear();
    bench.hears(0, 10);
    let announced = |member| {
        let step = Step::Member { member, action: Action::Announce { rounds: 5 } };
        bench.out.contains(&step)
    };
    assert!(announced(0) && announced(1));
}

#[test]
fn owners_take_over_at_once_and_nobody_is_told_of_their_instant_as_backup() {
    let mut bench = Bench::new(&[]);
    for number in 1..=2 {
        let owner = Params { role: Role::Master, ..params(number, 255) };
        bench.members.push(Router::new(owner));
    }
    bench.start();
    assert_eq!(bench.story(), [""; 0]);
    bench.run(Duration::ZERO);
    assert_eq!(bench.states(), [State::Master; 2]);
}

#[test]
fn a_member_that_a_reload_brings_without_its_interface_stops_the_others() {
    let mut bench = Bench::master();
    bench.members.push(Router::new(params(3, 100)));
    let fault = Event::Fault(Cause::Tracked(Object::Interface("eth9".into())));
    bench.members[2].handle(bench.now, fault, &mut Vec::new());
    bench.group.regroup(bench.now, &mut bench.members, &mut bench.out);
    bench.tell(2, Event::Start { quiet: Duration::ZERO });
    assert_eq!(bench.states(), [State::Fault; 3]);
    bench.recovers(2);
    assert_eq!(bench.states(), [State::Backup; 3]);
}

#[test]
fn a_reload_that_changes_nothing_about_a_group_does_not_report_it() {
    let mut bench = Bench::master();
    bench.group.regroup(bench.now, &mut bench.members, &mut bench.out);
    assert_eq!(bench.out, []);
}
