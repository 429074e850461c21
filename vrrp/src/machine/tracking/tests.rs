//! What tracked things do to one router, and to the other members of its group.

use std::time::Duration;

use super::super::tests::{Bench, SECOND, params};
use super::*;
use crate::event::Verdict;
use crate::params::{Params, Switch};
use crate::router::Router;
use crate::sync::{self, Step};
use crate::track::{Tracked, Weight};

fn script() -> Object {
    Object::Script("check".into())
}

fn file() -> Object {
    Object::File("f".into())
}

fn weighted(object: Object, value: i16) -> Tracked {
    Tracked { object, weight: Weight { value, reverse: false } }
}

fn watching(track: Vec<Tracked>) -> Params {
    Params { track, ..params(150) }
}

fn start() -> Event {
    Event::Start { quiet: Duration::ZERO }
}

fn reports(out: &[Action]) -> Vec<State> {
    let report = |action: &Action| if let Action::Report { to, .. } = action { Some(*to) } else { None };
    out.iter().filter_map(report).collect()
}

fn lines(out: &[Action]) -> Vec<String> {
    let line = |action: &Action| {
        if let Action::Log(line) = action { Some(line.of("VI_1").to_string()) } else { None }
    };
    out.iter().filter_map(line).collect()
}

#[test]
fn nobody_hears_of_a_router_before_its_scripts_have_spoken() {
    let mut bench = Bench::new(watching(vec![Tracked::needed(script())]));
    bench.at(0.0, start());
    assert_eq!((bench.machine.state(), reports(&bench.out)), (State::Fault, vec![]));
    assert_eq!(lines(&bench.out), ["(VI_1) removing VIPs."]);
    bench.out.clear();
    bench.at(2.0, Event::Track(script(), Status::Up));
    assert_eq!(reports(&bench.out), [State::Backup]);
    assert_eq!(lines(&bench.out), ["(VI_1) Entering BACKUP STATE"]);
    assert_eq!(bench.deadline(), 2_000_000 + 3_414_062);
}

#[test]
fn a_first_result_that_is_bad_is_a_fault_that_only_the_line_of_the_script_tells() {
    let mut bench = Bench::new(watching(vec![Tracked::needed(script())]));
    bench.at(0.0, start());
    bench.out.clear();
    bench.at(2.0, Event::Track(script(), Status::Down));
    assert_eq!((reports(&bench.out), lines(&bench.out)), (vec![State::Fault], vec![]));
    bench.at(3.0, Event::Track(script(), Status::Up));
    assert_eq!(bench.machine.state(), State::Backup);
}

#[test]
fn another_fault_meanwhile_is_told_and_its_end_does_not_end_the_wait() {
    let eth1 = Object::Interface("eth1".into());
    let mut bench = Bench::new(watching(vec![Tracked::needed(script()), Tracked::needed(eth1.clone())]));
    bench.at(0.0, Event::Track(eth1.clone(), Status::Up));
    bench.at(0.0, start());
    bench.at(1.0, Event::Track(eth1.clone(), Status::Down));
    assert_eq!(reports(&bench.out), [State::Fault]);
    bench.at(2.0, Event::Track(eth1, Status::Up));
    assert_eq!(bench.machine.state(), State::Fault);
    bench.at(3.0, Event::Track(script(), Status::Up));
    assert_eq!(reports(&bench.out), [State::Fault, State::Backup]);
}

#[test]
fn a_weighted_script_is_not_waited_for() {
    let mut bench = Bench::new(watching(vec![weighted(script(), -20)]));
    bench.at(0.0, start());
    assert_eq!((bench.machine.state(), bench.machine.priority()), (State::Backup, Priority::new(150)));
    bench.at(1.0, Event::Track(script(), Status::Down));
    assert_eq!(bench.machine.priority(), Priority::new(130));
    assert!(bench.out.contains(&Action::Mention(Mention::PriorityChanged, Priority::new(130))));
}

#[test]
fn what_is_bad_at_the_start_is_named_before_the_state() {
    let interface = Object::Interface("eth1".into());
    let all = [&interface, &script(), &Object::Process("p".into())].map(|one| Tracked::needed(one.clone()));
    let mut bench = Bench::new(watching(all.to_vec()));
    for one in &all {
        bench.at(0.0, Event::Track(one.object.clone(), Status::Down));
    }
    bench.at(0.0, start());
    assert_eq!(
        lines(&bench.out)[1..],
        [
            "(VI_1): entering FAULT state (interface eth1 down)",
            "(VI_1): entering FAULT state due to script check",
            "(VI_1) entering FAULT state (tracked process p quorum not achieved)",
            "(VI_1) entering FAULT state",
        ]
    );
}

#[test]
fn a_number_found_at_the_start_counts_from_the_start() {
    let mut bench = Bench::new(watching(vec![weighted(file(), 1)]));
    bench.at(0.0, Event::Track(file(), Status::Number(5)));
    assert_eq!(bench.out, []);
    bench.at(0.0, start());
    assert!(bench.logged(&Line::PriorityChanged { from: Priority::new(150), to: Priority::new(155) }));
    assert_eq!(bench.deadline(), 3_394_531);
}

#[test]
fn a_file_at_minus_254_is_a_fault_and_says_so() {
    let mut bench = Bench::backup(watching(vec![weighted(file(), 1)]));
    bench.at(1.0, Event::Track(file(), Status::Number(-254)));
    assert_eq!(lines(&bench.out), ["(VI_1): tracked file f now FAULT state", "(VI_1) Entering FAULT STATE"]);
    bench.out.clear();
    bench.at(2.0, Event::Track(file(), Status::Number(0)));
    assert_eq!(
        lines(&bench.out),
        ["(VI_1): tracked file f leaving FAULT state", "(VI_1) Entering BACKUP STATE"]
    );
}

#[test]
fn a_bfd_session_is_down_until_it_is_up() {
    let session = Object::Bfd("b1".into());
    let mut bench = Bench::new(watching(vec![Tracked::needed(session.clone())]));
    bench.at(0.0, start());
    assert_eq!((bench.machine.state(), reports(&bench.out)), (State::Fault, vec![State::Fault]));
    bench.out.clear();
    bench.at(1.0, Event::Track(session, Status::Up));
    assert_eq!(
        lines(&bench.out),
        ["VRRP_Instance(VI_1) Tracked BFD instance b1 is UP", "(VI_1) Entering BACKUP STATE"]
    );
}

#[test]
fn two_causes_of_a_fault_have_both_to_go() {
    let others = [Object::Interface("eth1".into()), Object::Process("p".into())];
    let mut bench = Bench::new(watching(others.iter().cloned().map(Tracked::needed).collect()));
    for one in &others {
        bench.at(0.0, Event::Track(one.clone(), Status::Up));
    }
    bench.at(0.0, start());
    for one in &others {
        bench.at(1.0, Event::Track(one.clone(), Status::Down));
    }
    bench.at(2.0, Event::Track(others[0].clone(), Status::Up));
    assert_eq!(bench.machine.state(), State::Fault);
    bench.at(3.0, Event::Track(others[1].clone(), Status::Up));
    assert_eq!(bench.machine.state(), State::Backup);
}

#[test]
fn a_reload_does_not_wait_for_what_it_brings_and_forgets_what_it_takes() {
    let mut bench = Bench::master(watching(vec![Tracked::needed(script())]));
    let other = Object::Script("other".into());
    let verdict = |bench: &mut Bench, track| {
        let now = bench.time(1.0);
        bench.machine.reconfigure(now, watching(track), &mut bench.out)
    };
    let both = vec![Tracked::needed(script()), Tracked::needed(other.clone())];
    assert_eq!(verdict(&mut bench, both), Verdict::Absorbed);
    assert_eq!(bench.machine.state(), State::Master);
    bench.at(2.0, Event::Track(other, Status::Down));
    assert_eq!(bench.machine.state(), State::Fault);
    verdict(&mut bench, vec![Tracked::needed(script())]);
    assert_eq!(bench.machine.state(), State::Backup);
}

#[test]
fn a_group_waits_with_the_member_that_waits() {
    let member = |name: &str, track| {
        let params = Params { name: name.into(), together: Switch::On, ..watching(track) };
        Router::new(Params { source: Some([10, 0, 0, 1].into()), ..params })
    };
    let mut members = vec![member("VI_1", vec![Tracked::needed(script())]), member("VI_2", vec![])];
    let (mut group, now, mut out) = (sync::Group::new(), Instant::now(), Vec::new());
    group.start(now, &mut members, &mut out);
    for place in 0..members.len() {
        group.handle(now, &mut members, place, start(), &mut out);
    }
    let story = |out: &mut Vec<Step>| -> Vec<String> {
        let tell = |step| match step {
            Step::Member { member, action: Action::Report { to, .. } } => Some(format!("{member} {to:?}")),
            Step::Member { .. } => None,
            Step::Log(line) => Some(line.of("G").to_string()),
            Step::Report { to } => Some(format!("G {to:?}")),
        };
        std::mem::take(out).into_iter().filter_map(tell).collect()
    };
    assert_eq!(story(&mut out), [""; 0]);
    group.handle(now + SECOND, &mut members, 0, Event::Track(script(), Status::Up), &mut out);
    assert_eq!(
        story(&mut out),
        ["0 Backup", "VRRP_Group(G) Syncing instances to BACKUP state", "1 Backup", "G Backup"]
    );
}
