//! From INIT.

use super::*;

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
fn a_startup_delay_that_changes_moves_the_deadline_with_its_end() {
    for (quiet, expected) in
        [(6, 7_000_000 + 3_414_062), (1, 2_000_000 + 3_414_062), (0, 1_000_000 + 3_414_062)]
    {
        let mut bench = Bench::new(params(150));
        bench.at(0.0, Event::Start { quiet: 4 * SECOND });
        bench.at(1.0, Event::Delay { quiet: quiet * SECOND });
        assert_eq!(bench.deadline(), expected);
        bench.hears(1.5, HIGHER, 200);
        assert_eq!(bench.machine.leader().is_some(), quiet == 0, "nothing counts for {quiet} s more");
    }
}

#[test]
fn a_startup_delay_does_not_come_back() {
    let mut bench = Bench::new(params(150));
    bench.at(0.0, Event::Start { quiet: SECOND });
    bench.at(2.0, Event::Delay { quiet: 60 * SECOND });
    assert_eq!(bench.deadline(), 4_414_062);
    bench.hears(2.5, HIGHER, 200);
    assert_eq!(bench.deadline(), 2_500_000 + 3_414_062);
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
