//! One claim each, by the state it is made in. `SECOND` after `SECOND`, no clock is read twice.

use super::*;
use crate::announce::Schedule;
use crate::event::Verdict;
use crate::params::{Auth, Checksum, GROUP_IPV4, Peer, Vrid};
use crate::track::{Status, Tracked, Weight};

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

// ── INIT ──

#[test]
fn a_start_removes_leftovers_and_listens_for_a_whole_down_interval() {
    let mut bench = Bench::new(params(150));
    bench.at(0.0, Event::Start { quiet: Duration::ZERO });
    assert_eq!(
        bench.out,
        [
            Action::Log(Line::RemovingVips),
            Action::DropAddresses,
            Action::Log(Line::EnteringBackupAtStart),
            report(State::Init, State::Backup, Why::Started, 150),
        ]
    );
    assert_eq!(bench.deadline(), 3_414_062);
}

#[test]
fn state_master_shortens_nothing() {
    let bench = Bench::backup(Params { role: Role::Master, ..params(200) });
    assert_eq!(bench.deadline(), 3_218_750);
}

#[test]
fn an_owner_that_wants_master_takes_over_at_once_and_tells_nobody_it_was_backup() {
    let mut bench = Bench::new(Params { role: Role::Master, ..params(255) });
    bench.at(0.0, Event::Start { quiet: Duration::ZERO });
    assert_eq!(bench.out, [Action::Log(Line::RemovingVips), Action::DropAddresses]);
    assert_eq!(bench.deadline(), 0);
    bench.at(0.0, Event::Tick);
    assert_eq!(bench.machine.state(), State::Master);
}

#[test]
fn after_a_startup_delay_silence_counts_from_its_end() {
    let mut bench = Bench::new(params(150));
    bench.at(0.0, Event::Start { quiet: 4 * SECOND });
    bench.hears(2.0, HIGHER, 200);
    assert_eq!(bench.deadline(), 7_414_062);
}

#[test]
fn an_owner_waits_for_the_startup_delay_and_one_interval() {
    let mut bench = Bench::new(Params { role: Role::Master, ..params(255) });
    bench.at(0.0, Event::Start { quiet: 4 * SECOND });
    assert_eq!(bench.deadline(), 5_000_000);
}

#[test]
fn a_start_on_a_dead_interface_is_a_fault_with_its_cause() {
    let mut bench = Bench::new(params(150));
    bench.at(0.0, Event::Fault(Cause::Tracked(Object::Interface("eth0".into()))));
    bench.at(0.0, Event::Start { quiet: Duration::ZERO });
    assert_eq!(bench.machine.state(), State::Fault);
    assert!(bench.logged(&Line::FaultInterfaceDown { interface: "eth0".into() }));
    assert!(bench.logged(&Line::FaultAtStart));
    assert_eq!(bench.machine.deadline(), None);
}

#[test]
fn a_start_without_a_source_address_is_a_fault() {
    let mut machine = Machine::new(params(150));
    let mut out = Vec::new();
    machine.handle(Instant::now(), Event::Start { quiet: Duration::ZERO }, &mut out);
    assert_eq!(machine.state(), State::Fault);
    assert!(out.contains(&Action::Log(Line::FaultNoAddress { family: Family::Ipv4 })));
}

// ── BACKUP ──

#[test]
fn backup_takes_over_after_three_silent_intervals_and_the_skew() {
    let mut bench = Bench::backup(params(150));
    bench.at(3.414_061, Event::Tick);
    assert_eq!(bench.out, []);
    bench.at(3.414_062, Event::Tick);
    assert_eq!(
        bench.out,
        [
            Action::Log(Line::AdvertTimeout),
            Action::Advertise(Priority::new(150)),
            Action::Log(Line::EnteringMaster),
            Action::Log(Line::SettingVips),
            Action::HoldAddresses,
            report(State::Backup, State::Master, Why::MasterSilent, 150),
        ]
    );
}

#[test]
fn a_better_advert_starts_the_down_interval_anew() {
    let mut bench = Bench::backup(params(150));
    bench.hears(2.0, LOWER, 200);
    assert_eq!(bench.deadline(), 5_414_062);
    assert_eq!(bench.machine.leader(), Some(Leader { address: LOWER, priority: Priority::new(200) }));
}

#[test]
fn an_equal_advert_is_obeyed_whatever_its_address() {
    for from in [LOWER, HIGHER] {
        let mut bench = Bench::backup(params(150));
        bench.hears(2.0, from, 150);
        assert_eq!(bench.deadline(), 5_414_062);
    }
}

#[test]
fn a_lower_advert_leaves_the_timer_running() {
    let mut bench = Bench::backup(params(150));
    bench.hears(2.0, HIGHER, 149);
    assert_eq!(bench.deadline(), 3_414_062);
    assert_eq!(bench.out, [Action::Log(Line::LowerDiscarded { from: HIGHER, priority: Priority::new(149) })]);
}

#[test]
fn with_nopreempt_a_lower_advert_is_obeyed() {
    let mut bench = Bench::backup(Params { preempt: Preempt::Never, ..params(150) });
    bench.hears(2.0, LOWER, 100);
    assert_eq!(bench.deadline(), 5_414_062);
}

#[test]
fn a_release_leaves_only_the_skew() {
    let mut bench = Bench::backup(params(150));
    bench.hears(2.0, LOWER, 200);
    bench.hears(2.5, LOWER, 0);
    assert_eq!(bench.deadline(), 2_500_000 + 414_062);
    assert_eq!(bench.machine.leader().map(|leader| leader.address), Some(LOWER));
}

#[test]
fn preempt_delay_obeys_a_lower_master_until_it_has_passed() {
    let mut bench = Bench::backup(Params { preempt: Preempt::After(3 * SECOND), ..params(150) });
    for seconds in [0.5, 1.5, 2.5, 3.4] {
        bench.hears(seconds, LOWER, 100);
    }
    assert_eq!(bench.deadline(), 3_400_000 + 3_414_062);
    assert!(bench.logged(&Line::PreemptDelayStarted { delay: 3 * SECOND }));
    bench.hears(3.6, LOWER, 100);
    assert!(bench.logged(&Line::LowerDiscarded { from: LOWER, priority: Priority::new(100) }));
    assert_eq!(bench.deadline(), 3_400_000 + 3_414_062);
}

#[test]
fn a_better_advert_ends_the_preempt_delay() {
    let mut bench = Bench::backup(Params { preempt: Preempt::After(3 * SECOND), ..params(150) });
    bench.hears(0.5, LOWER, 100);
    bench.hears(1.0, LOWER, 150);
    assert!(bench.logged(&Line::PreemptDelayStopped));
    bench.hears(4.0, LOWER, 100);
    assert_eq!(bench.deadline(), 4_000_000 + 3_414_062);
}

#[test]
fn preempt_delay_does_not_delay_the_takeover_of_a_silent_master() {
    let mut bench = Bench::backup(Params { preempt: Preempt::After(60 * SECOND), ..params(150) });
    bench.hears(0.5, LOWER, 100);
    bench.at(0.5 + 3.414_062, Event::Tick);
    assert_eq!(bench.machine.state(), State::Master);
}

#[test]
fn a_change_of_priority_shifts_the_deadline_by_the_difference() {
    let mut bench = Bench::backup(Params { track: vec![a_file()], ..params(150) });
    bench.at(1.0, Event::Track(a_file().object, Status::Number(13)));
    assert_eq!(bench.deadline(), 3_363_281);
    assert!(bench.logged(&Line::PriorityChanged { from: Priority::new(150), to: Priority::new(163) }));
    assert_eq!(bench.adverts(), []);
}

#[test]
fn version_3_learns_the_interval_of_the_master() {
    let mut bench =
        Bench::backup(Params { version: Version::V3, interval: Duration::from_millis(250), ..params(150) });
    let mut advert = advert(bench.machine.params(), 200);
    advert.interval = Duration::from_millis(300);
    bench.at(1.0, Event::Advert { from: LOWER, advert });
    assert_eq!(bench.machine.master_interval(), Duration::from_millis(300));
    assert_eq!(bench.deadline(), 1_000_000 + 900_000 + 124_218);
}

#[test]
fn a_backup_that_was_not_running_listens_before_it_claims_the_addresses() {
    let mut bench = Bench::backup(params(150));
    bench.at(20.0, Event::Tick);
    assert_eq!(bench.machine.state(), State::Backup);
    assert_eq!(bench.adverts(), []);
    assert_eq!(bench.deadline(), 20_000_000 + 3_414_062);
    bench.at(20.0 + 3.414_062, Event::Tick);
    assert_eq!(bench.machine.state(), State::Master);
}

#[test]
fn a_backup_that_faults_sends_nothing() {
    let mut bench = Bench::backup(params(150));
    bench.at(1.0, Event::Fault(Cause::Tracked(Object::Interface("eth0".into()))));
    assert_eq!(
        bench.out,
        [Action::Log(Line::EnteringFault), report(State::Backup, State::Fault, Why::Faulted, 150),]
    );
    assert_eq!(bench.machine.deadline(), None);
}

#[test]
fn a_backup_stops_without_a_release() {
    let mut bench = Bench::backup(params(150));
    bench.at(1.0, Event::Stop(Ending::Shutdown));
    assert_eq!(bench.out, [report(State::Backup, State::Stopped, Why::Ended, 150)]);
}

// ── MASTER ──

#[test]
fn a_master_advertises_every_interval_without_drift() {
    let mut bench = Bench::master(params(150));
    bench.at(1.003, Event::Tick);
    assert_eq!(bench.adverts(), [150]);
    assert_eq!(bench.deadline(), 2_000_000);
}

#[test]
fn a_master_that_missed_intervals_does_not_make_up_for_them() {
    let mut bench = Bench::master(params(150));
    bench.at(3.5, Event::Tick);
    assert_eq!(bench.adverts(), [150]);
    assert_eq!(bench.deadline(), 4_500_000);
}

#[test]
fn a_new_master_announces_its_addresses_once_they_are_in_place_and_again_later() {
    let mut bench = Bench::backup(params(150));
    bench.at(3.414_062, Event::Tick);
    bench.out.clear();
    bench.at(3.5, Event::AddressesHeld { added: true });
    assert_eq!(bench.out, [Action::Announce { rounds: 5 }]);
    bench.out.clear();
    bench.at(8.5, Event::Tick);
    assert!(bench.out.contains(&Action::Announce { rounds: 5 }));
}

#[test]
fn a_higher_advert_makes_a_master_yield_without_a_release() {
    let mut bench = Bench::master(params(150));
    bench.hears(0.5, LOWER, 151);
    assert_eq!(
        bench.out,
        [
            Action::Log(Line::HigherHeard {
                from: LOWER,
                priority: Priority::new(151),
                ours: Priority::new(150)
            }),
            Action::Log(Line::EnteringBackup),
            Action::Log(Line::RemovingVips),
            Action::DropAddresses,
            report(State::Master, State::Backup, Why::Outranked, 150),
        ]
    );
    assert_eq!(bench.deadline(), 500_000 + 3_414_062);
    assert_eq!(bench.machine.leader().map(|leader| leader.address), Some(LOWER));
}

#[test]
fn equal_priority_is_decided_by_the_higher_address() {
    let mut bench = Bench::master(params(150));
    bench.hears(0.5, LOWER, 150);
    assert_eq!((bench.machine.state(), bench.adverts()), (State::Master, vec![150]));
    bench.hears(0.6, HIGHER, 150);
    assert_eq!(bench.machine.state(), State::Backup);
    assert!(bench.logged(&Line::EqualWithHigherAddress { from: HIGHER, priority: Priority::new(150) }));
}

#[test]
fn an_equal_advert_from_our_own_address_changes_nothing() {
    let mut bench = Bench::master(params(150));
    bench.hears(0.5, OURS, 150);
    assert_eq!(bench.out, [Action::Log(Line::EqualWithOurAddress)]);
    assert_eq!(bench.deadline(), 1_000_000);
}

#[test]
fn a_lower_advert_is_answered_at_once_and_the_addresses_are_announced_again() {
    let mut bench = Bench::master(params(150));
    bench.hears(0.25, HIGHER, 100);
    assert_eq!(
        bench.out,
        [
            Action::Log(Line::LowerHeard {
                from: HIGHER,
                priority: Priority::new(100),
                ours: Priority::new(150),
                answered: true
            }),
            Action::Advertise(Priority::new(150)),
            Action::Announce { rounds: 5 },
            Action::Mention(Mention::LowerHeard, Priority::new(150)),
        ]
    );
    assert_eq!(bench.deadline(), 1_250_000);
}

#[test]
fn an_unanswered_lower_advert_does_not_move_the_next_periodic_one() {
    let mut bench = Bench::master(Params { answer_lower: Switch::Off, ..params(150) });
    bench.hears(0.25, HIGHER, 100);
    assert_eq!(bench.adverts(), []);
    assert_eq!(bench.deadline(), 1_000_000);
}

#[test]
fn a_release_of_another_router_is_answered_by_an_advert() {
    let mut bench = Bench::master(params(150));
    bench.hears(0.25, LOWER, 0);
    assert_eq!(bench.adverts(), [150]);
    assert_eq!(bench.machine.state(), State::Master);
    assert_eq!(bench.deadline(), 1_250_000);
}

#[test]
fn a_master_that_yields_may_send_a_last_advert() {
    let mut bench = Bench::master(Params { answer_higher: Switch::On, ..params(150) });
    bench.hears(0.5, LOWER, 200);
    assert_eq!(bench.adverts(), [150]);
    assert_eq!(bench.machine.state(), State::Backup);
}

#[test]
fn a_change_of_priority_waits_for_the_next_advert() {
    let mut bench = Bench::master(Params { track: vec![a_file()], ..params(150) });
    bench.at(0.5, Event::Track(a_file().object, Status::Number(-60)));
    assert_eq!(bench.adverts(), []);
    bench.at(1.0, Event::Tick);
    assert_eq!(bench.adverts(), [90]);
}

#[test]
fn a_master_that_faults_releases_twice_and_drops_its_addresses() {
    let mut bench = Bench::master(params(150));
    bench.at(0.5, Event::Fault(Cause::Tracked(Object::Interface("eth0".into()))));
    assert_eq!(
        bench.out,
        [
            Action::Log(Line::EnteringFault),
            Action::Advertise(Priority::RELEASE),
            Action::Advertise(Priority::RELEASE),
            Action::Log(Line::SentRelease),
            Action::Log(Line::RemovingVips),
            Action::DropAddresses,
            report(State::Master, State::Fault, Why::Faulted, 150),
        ]
    );
}

#[test]
fn a_master_stops_with_one_release_before_its_addresses_go() {
    let mut bench = Bench::master(params(150));
    bench.at(0.5, Event::Stop(Ending::Shutdown));
    assert_eq!(
        bench.out,
        [
            Action::Advertise(Priority::RELEASE),
            Action::Log(Line::SentRelease),
            Action::Log(Line::RemovingVips),
            Action::DropAddresses,
            report(State::Master, State::Stopped, Why::Ended, 150),
        ]
    );
    assert_eq!(bench.machine.deadline(), None);
}

#[test]
fn a_lost_address_is_a_release_and_an_election_after_the_skew() {
    let mut bench = Bench::master(params(150));
    bench.at(0.5, Event::AddressLost);
    assert_eq!(bench.adverts(), [0]);
    assert_eq!(bench.machine.state(), State::Backup);
    assert_eq!(bench.deadline(), 500_000 + 414_062);
}

// ── Two owners ──

fn owner() -> Bench {
    Bench::master(Params { role: Role::Master, ..params(255) })
}

#[test]
fn of_two_owners_the_lower_address_yields_with_a_complaint() {
    let mut bench = owner();
    bench.hears(0.5, HIGHER, 255);
    assert!(bench.logged(&Line::RivalOwner { from: HIGHER }));
    assert_eq!(bench.machine.state(), State::Backup);
    assert_eq!(bench.machine.priority(), Priority::OWNER);
}

#[test]
fn an_owner_with_the_higher_address_gives_way_to_one_that_will_not_listen() {
    let mut bench = owner();
    bench.hears(0.5, LOWER, 255);
    assert!(bench.logged(&Line::RivalOwner { from: LOWER }));
    bench.at(1.5, Event::Tick);
    bench.hears(1.6, LOWER, 255);
    assert_eq!(bench.machine.state(), State::Master);
    bench.at(2.6, Event::Tick);
    bench.hears(2.7, LOWER, 255);
    assert!(bench.logged(&Line::RivalOwnerPersists { from: LOWER }));
    assert_eq!((bench.machine.state(), bench.machine.priority()), (State::Backup, Priority::new(254)));
    bench.out.clear();
    bench.at(2.7 + 3.003_907, Event::Tick);
    assert_eq!(bench.out[1], Action::Log(Line::OwnerRestoredOnSilence));
    assert_eq!(bench.adverts(), [255]);
}

#[test]
fn an_owner_whose_rival_falls_silent_stays_master() {
    let mut bench = owner();
    bench.hears(0.5, LOWER, 255);
    bench.at(1.5, Event::Tick);
    bench.at(2.5, Event::Tick);
    bench.at(3.5, Event::Tick);
    assert!(!bench.logged(&Line::RivalOwnerGone));
    bench.at(3.7, Event::Tick);
    assert!(bench.logged(&Line::RivalOwnerGone));
    assert_eq!((bench.machine.state(), bench.machine.priority()), (State::Master, Priority::OWNER));
}

// ── FAULT ──

#[test]
fn a_fault_ends_when_its_last_cause_is_gone() {
    let mut bench = Bench::backup(params(150));
    bench.at(1.0, Event::Fault(Cause::Tracked(Object::Interface("eth0".into()))));
    bench.at(1.0, Event::Fault(Cause::Tracked(Object::Interface("eth1".into()))));
    bench.at(2.0, Event::Recover(Cause::Tracked(Object::Interface("eth0".into()))));
    assert_eq!(bench.machine.state(), State::Fault);
    bench.at(3.0, Event::Recover(Cause::Tracked(Object::Interface("eth1".into()))));
    assert_eq!(bench.machine.state(), State::Backup);
    assert_eq!(bench.deadline(), 3_000_000 + 3_414_062);
}

#[test]
fn an_owner_that_recovers_waits_one_interval_and_the_skew() {
    let mut bench = Bench::master(Params { role: Role::Master, ..params(255) });
    bench.at(0.5, Event::Fault(Cause::Tracked(Object::Interface("eth0".into()))));
    bench.at(1.0, Event::Recover(Cause::Tracked(Object::Interface("eth0".into()))));
    assert_eq!(bench.deadline(), 1_000_000 + 1_000_000 + 3_906);
}

#[test]
fn a_lost_source_address_is_a_fault_and_the_next_one_its_end() {
    let mut bench = Bench::backup(params(150));
    bench.at(1.0, Event::Source(None));
    assert_eq!(bench.machine.state(), State::Fault);
    bench.at(2.0, Event::Source(Some(HIGHER)));
    assert_eq!((bench.machine.state(), bench.machine.source()), (State::Backup, Some(HIGHER)));
}

#[test]
fn the_release_of_a_master_without_address_still_carries_the_old_one() {
    let mut bench = Bench::master(params(150));
    bench.at(1.0, Event::Source(None));
    assert_eq!((bench.adverts(), bench.machine.source()), (vec![0, 0], Some(OURS)));
}

#[test]
fn nothing_heard_in_fault_counts() {
    let mut bench = Bench::backup(params(150));
    bench.at(1.0, Event::Fault(Cause::NoSource));
    bench.out.clear();
    bench.hears(2.0, HIGHER, 200);
    bench.at(9.0, Event::Tick);
    assert_eq!(bench.out, []);
}

// ── Reload ──

fn reload(bench: &mut Bench, seconds: f64, params: Params) -> Verdict {
    let now = bench.time(seconds);
    bench.machine.reconfigure(now, params, &mut bench.out)
}

#[test]
fn equal_parameters_touch_nothing() {
    let mut bench = Bench::master(params(150));
    assert_eq!(reload(&mut bench, 0.5, params(150)), Verdict::Unchanged);
    assert_eq!((bench.deadline(), bench.out), (1_000_000, vec![]));
}

#[test]
fn a_changed_master_stays_master_and_advertises_at_once() {
    let mut bench = Bench::master(params(150));
    assert_eq!(reload(&mut bench, 0.5, params(160)), Verdict::Absorbed);
    assert_eq!(bench.machine.state(), State::Master);
    assert_eq!(bench.out, [Action::HoldAddresses, Action::Advertise(Priority::new(160))]);
    assert_eq!(bench.deadline(), 1_500_000);
}

#[test]
fn a_changed_backup_forgets_the_master_and_listens_again() {
    let mut bench = Bench::backup(params(150));
    bench.hears(1.0, LOWER, 200);
    assert_eq!(reload(&mut bench, 2.0, params(163)), Verdict::Absorbed);
    assert_eq!(bench.machine.leader(), None);
    assert_eq!(bench.deadline(), 2_000_000 + 3_363_281);
}

#[test]
fn another_vrid_is_another_router() {
    let mut bench = Bench::master(params(150));
    let other = Params { vrid: Vrid::new(52).expect("not 0"), ..params(150) };
    assert_eq!(reload(&mut bench, 0.5, other), Verdict::Restart);
    assert_eq!(bench.machine.params(), &params(150));
    assert_eq!(bench.out, []);
}

#[test]
fn a_new_name_is_the_same_router() {
    let mut bench = Bench::master(params(150));
    assert_eq!(reload(&mut bench, 0.5, Params { name: "VI_2".into(), ..params(150) }), Verdict::Absorbed);
    assert_eq!(bench.machine.state(), State::Master);
}

// ── punctuality ──

#[test]
fn a_master_that_was_stopped_for_too_long_listens_instead_of_going_on_if_told_to() {
    let late = Params { preempt: Preempt::Never, yields_when_late: Some(Priority::new(200)), ..params(150) };
    let mut bench = Bench::master(late);
    // Two intervals and the skew of 200 after the timer, which is one interval after the last advert.
    bench.at(3.218, Event::Tick);
    assert_eq!((bench.machine.state(), bench.adverts()), (State::Master, vec![150]));
    bench.out.clear();
    bench.at(4.218 + 3.3, Event::Tick);
    assert_eq!((bench.machine.state(), bench.adverts()), (State::Backup, vec![]));
}

#[test]
fn the_lateness_of_adverts_is_measured() {
    let mut bench = Bench::master(params(150));
    bench.at(1.25, Event::Tick);
    bench.at(2.125, Event::Tick);
    let punctuality = bench.machine.punctuality();
    assert_eq!(punctuality.last_lateness, Duration::from_millis(125));
    assert_eq!(punctuality.worst_lateness, Duration::from_millis(250));
}

#[test]
fn a_failover_that_nearly_happened_is_counted() {
    let mut bench = Bench::backup(params(100));
    for seconds in [0.0, 1.0, 2.2, 4.2, 5.2, 8.2] {
        bench.hears(seconds, HIGHER, 200);
    }
    assert_eq!(bench.machine.state(), State::Backup);
    assert_eq!(bench.machine.punctuality().near_failovers, 2);
}

#[test]
fn a_unicast_router_announces_its_own_address_when_it_recovers() {
    let peers = vec![Peer { address: HIGHER, min_ttl: 0, max_ttl: 255 }];
    let transport = Transport::Unicast { peers, check_source: false, ttl: None };
    for (transport, announced) in [(transport, true), (params(100).transport, false)] {
        let mut bench = Bench::backup(Params { transport, ..params(100) });
        let cause = || Cause::Tracked(Object::Interface("eth0".into()));
        bench.at(1.0, Event::Fault(cause()));
        bench.at(2.0, Event::Recover(cause()));
        assert_eq!(bench.out.contains(&Action::AnnounceSource(OURS)), announced);
    }
}
