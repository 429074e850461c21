//! Probes start when they are due, whatever the others meet.

use std::time::{Duration, Instant};

use checkers::io::Runner;
use checkers::io::tls::Tls;
use checkers::{CheckerId, Failure, Outcome};
use tokio::time::timeout;

use crate::peer::{Accepting, BlackHole, Refusing, tcp_check};

const LONG: Duration = Duration::from_secs(20);

fn id(server: usize) -> CheckerId {
    CheckerId { service: 0, server, checker: 0 }
}

async fn next(runner: &mut Runner) -> (CheckerId, Outcome) {
    let (id, found) = timeout(LONG, runner.next()).await.unwrap();
    (id, found.outcome)
}

#[tokio::test]
async fn probes_run_in_the_order_of_their_deadlines_and_not_before() {
    let server = Accepting::new();
    let mut runner = Runner::new(8, Tls::default());
    let start = Instant::now();
    for (number, delay) in [(0, 90), (1, 30), (2, 60)] {
        runner.insert(id(number), tcp_check(server.addr(), LONG));
        runner.plan(id(number), 0, start + Duration::from_millis(delay));
    }
    for (number, delay) in [(1, 30), (2, 60), (0, 90)] {
        assert_eq!(next(&mut runner).await, (id(number), Outcome::Passed));
        assert!(start.elapsed() >= Duration::from_millis(delay));
    }
}

#[tokio::test]
async fn silent_servers_do_not_hold_up_the_others() {
    let (silent, server) = (BlackHole::new(), Accepting::new());
    let mut runner = Runner::new(8, Tls::default());
    let now = Instant::now();
    runner.insert(id(0), tcp_check(silent.addr(), Duration::from_millis(500)));
    runner.insert(id(1), tcp_check(server.addr(), LONG));
    runner.plan(id(0), 0, now);
    runner.plan(id(1), 0, now);
    assert_eq!(next(&mut runner).await, (id(1), Outcome::Passed));
    assert_eq!(next(&mut runner).await, (id(0), Outcome::Failed(Failure::ConnectTimeout)));
}

#[tokio::test]
async fn beyond_the_limit_probes_wait_for_the_earlier_ones() {
    let (silent, server) = (BlackHole::new(), Refusing::new());
    let mut runner = Runner::new(1, Tls::default());
    let now = Instant::now();
    runner.insert(id(0), tcp_check(silent.addr(), Duration::from_millis(100)));
    runner.insert(id(1), tcp_check(server.addr(), LONG));
    runner.plan(id(0), 0, now);
    runner.plan(id(1), 0, now);
    assert_eq!(runner.last(id(0)), None);
    assert_eq!(next(&mut runner).await.0, id(0));
    assert_eq!(next(&mut runner).await.0, id(1));
    let [first, second] = [0, 1].map(|number| runner.last(id(number)).unwrap());
    assert!(first.late < second.late && second.late >= Duration::from_millis(100), "{first:?} {second:?}");
    assert_eq!(first.outcome, Outcome::Failed(Failure::ConnectTimeout));
    assert!(first.ended >= first.started + Duration::from_millis(100));
}

#[tokio::test]
async fn a_plan_replaces_the_one_before() {
    let server = Accepting::new();
    let mut runner = Runner::new(8, Tls::default());
    let now = Instant::now();
    runner.insert(id(0), tcp_check(server.addr(), LONG));
    runner.plan(id(0), 0, now + Duration::from_millis(10));
    runner.plan(id(0), 0, now + Duration::from_millis(60));
    assert_eq!(next(&mut runner).await, (id(0), Outcome::Passed));
    assert!(now.elapsed() >= Duration::from_millis(60));
    assert!(timeout(Duration::from_millis(100), runner.next()).await.is_err(), "it ran twice");
}

#[tokio::test]
async fn a_checker_that_was_replaced_or_cleared_tells_nothing_any_more() {
    let (silent, server) = (BlackHole::new(), Accepting::new());
    let mut runner = Runner::new(8, Tls::default());
    runner.insert(id(0), tcp_check(silent.addr(), Duration::from_millis(50)));
    runner.plan(id(0), 0, Instant::now());
    // One look starts what is due.
    assert!(timeout(Duration::from_millis(10), runner.next()).await.is_err());
    assert_eq!(runner.under_way(), 1);
    runner.insert(id(0), tcp_check(server.addr(), LONG));
    assert!(timeout(Duration::from_millis(200), runner.next()).await.is_err(), "a replaced probe spoke");
    runner.plan(id(0), 0, Instant::now() + Duration::from_millis(50));
    runner.clear();
    assert!(timeout(Duration::from_millis(200), runner.next()).await.is_err(), "a cleared probe spoke");
}

#[tokio::test]
async fn a_server_that_refuses_fails_and_one_that_rests_meanwhile_tells_nothing() {
    let (silent, refusing) = (BlackHole::new(), Refusing::new());
    let mut runner = Runner::new(8, Tls::default());
    let now = Instant::now();
    for (number, addr) in [(0, silent.addr()), (1, refusing.addr()), (2, refusing.addr())] {
        runner.insert(id(number), tcp_check(addr, Duration::from_millis(100)));
        runner.plan(id(number), 0, now);
    }
    // Both have been answered: one is handed out, the other waits.
    let (first, outcome) = next(&mut runner).await;
    assert_eq!(outcome, Outcome::Failed(Failure::Connect(111)));
    runner.rest(id(0));
    runner.rest(id(3 - first.server));
    assert_eq!((runner.under_way(), runner.try_next()), (0, None));
    assert!(timeout(Duration::from_millis(300), runner.next()).await.is_err(), "it rests");
}

#[tokio::test]
async fn a_place_that_is_used_again_is_not_ended_by_the_deadline_of_the_one_before() {
    let (silent, server) = (BlackHole::new(), Accepting::new());
    let mut runner = Runner::new(8, Tls::default());
    let now = Instant::now();
    runner.insert(id(0), tcp_check(server.addr(), Duration::from_millis(200)));
    runner.insert(id(1), tcp_check(silent.addr(), Duration::from_millis(500)));
    // As long as it is under way, deadlines after its own are not looked at.
    runner.insert(id(2), tcp_check(silent.addr(), Duration::from_millis(150)));
    runner.plan(id(2), 0, now);
    runner.plan(id(0), 0, now);
    assert_eq!(next(&mut runner).await, (id(0), Outcome::Passed));
    let begun = Instant::now();
    runner.plan(id(1), 0, begun);
    let timed_out = Outcome::Failed(Failure::ConnectTimeout);
    assert_eq!(next(&mut runner).await, (id(2), timed_out));
    assert_eq!(next(&mut runner).await, (id(1), timed_out));
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn while_thousands_are_started_others_have_their_turns() {
    const MANY: usize = 640;
    let silent = BlackHole::new();
    let mut runner = Runner::new(MANY, Tls::default());
    let now = Instant::now();
    for number in 0..MANY {
        runner.insert(id(number), tcp_check(silent.addr(), Duration::from_millis(100)));
        runner.plan(id(number), 0, now);
    }
    let mut turns = 0;
    let others = std::future::poll_fn(|_| {
        turns += 1;
        std::task::Poll::<()>::Pending
    });
    let found = tokio::select! {
        biased;
        () = others => unreachable!("they are never done"),
        found = next(&mut runner) => found,
    };
    assert_eq!(found.1, Outcome::Failed(Failure::ConnectTimeout));
    assert!(turns >= MANY / 64, "{turns} turns");
}

#[tokio::test]
async fn only_probes_that_should_have_begun_are_overdue() {
    let server = Accepting::new();
    let mut runner = Runner::new(8, Tls::default());
    let (now, second) = (Instant::now(), Duration::from_secs(1));
    for number in 0..4 {
        runner.insert(id(number), tcp_check(server.addr(), LONG));
    }
    runner.plan(id(1), 0, now + second);
    runner.plan(id(2), 0, now);
    runner.plan(id(3), 0, now - second);
    assert_eq!(runner.overdue(now).collect::<Vec<_>>(), [(id(3), second)]);
    runner.rest(id(3));
    assert_eq!(runner.overdue(now).count(), 0);
}
