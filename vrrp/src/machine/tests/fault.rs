//! FAULT, into it and out of it.

use super::*;

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
