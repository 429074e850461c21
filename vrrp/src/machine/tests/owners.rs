//! Two routers that both own the address.

use super::*;

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
