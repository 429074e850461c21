//! A backup.

use super::*;

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

/// A master that goes says so twice.
#[test]
fn a_release_that_is_repeated_does_not_begin_the_skew_again() {
    let mut bench = Bench::backup(params(150));
    bench.hears(2.0, LOWER, 200);
    bench.hears(2.5, LOWER, 0);
    bench.hears(2.6, LOWER, 0);
    assert_eq!(bench.deadline(), 2_500_000 + 414_062);
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

#[test]
fn any_advert_but_a_farewell_says_that_there_is_a_master() {
    for (priority, is_claim) in [(0, false), (149, true), (150, true), (151, true)] {
        let mut bench = Bench::backup(params(150));
        assert!(!bench.machine.is_claimed());
        bench.hears(1.0, HIGHER, priority);
        assert_eq!(bench.machine.is_claimed(), is_claim, "{priority}");
    }
    let mut delayed = Bench::new(params(150));
    delayed.at(0.0, Event::Start { quiet: 4 * SECOND });
    delayed.hears(1.0, LOWER, 100);
    assert!(delayed.machine.is_claimed() && delayed.machine.leader().is_none());
}
