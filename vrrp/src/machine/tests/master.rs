//! A master.

use super::*;

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
