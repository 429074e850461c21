//! Late timers and missing adverts.

use super::*;

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
fn a_reign_of_our_own_is_no_silence_of_the_master() {
    let mut bench = Bench::backup(params(100));
    bench.hears(1.0, HIGHER, 200);
    bench.at(5.0, Event::Tick);
    assert_eq!(bench.machine.state(), State::Master);
    for seconds in [60.0, 61.0, 62.0] {
        bench.hears(seconds, HIGHER, 200);
    }
    assert_eq!(bench.machine.state(), State::Backup);
    assert_eq!(bench.machine.punctuality().near_failovers, 0);
}

#[test]
fn a_shorter_interval_makes_no_silence_of_the_time_before() {
    let mut bench = Bench::backup(Params { version: Version::V3, ..params(100) });
    for (seconds, interval) in [(1.0, SECOND), (2.0, SECOND / 10), (2.1, SECOND / 10)] {
        let advert = Advert { interval, ..advert(bench.machine.params(), 200) };
        bench.at(seconds, Event::Advert { from: HIGHER, advert });
    }
    assert_eq!(bench.machine.punctuality().near_failovers, 0);
}
