//! `TCP_CHECK` (checkers.md §17, §4.6, §4.7).

use std::io::Read;
use std::time::{Duration, Instant};

use crate::peer::probe;
use checkers::params::{CheckerKind, Endpoint};
use checkers::{Failure, Outcome, Step, Trouble};

use crate::peer::{Accepting, BlackHole, Refusing, endpoint, tcp_check};

const LONG: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_server_that_accepts_passes_and_gets_no_data() {
    let server = Accepting::new();
    assert_eq!(probe(&tcp_check(server.addr(), LONG), 0).await, Outcome::Passed);
    let (mut connection, _) = server.accept();
    let mut data = Vec::new();
    connection.set_read_timeout(Some(LONG)).unwrap();
    assert_eq!(connection.read_to_end(&mut data).unwrap(), 0);
}

#[tokio::test]
async fn a_server_that_refuses_fails_at_once() {
    let server = Refusing::new();
    let started = Instant::now();
    assert_eq!(probe(&tcp_check(server.addr(), LONG), 0).await, Outcome::Failed(Failure::Connect(111)));
    assert!(started.elapsed() < LONG);
}

#[tokio::test]
async fn a_server_that_is_silent_fails_when_the_time_is_over() {
    let server = BlackHole::new();
    let allowed = Duration::from_millis(300);
    let started = Instant::now();
    let outcome = probe(&tcp_check(server.addr(), allowed), 0).await;
    assert_eq!(outcome, Outcome::Failed(Failure::ConnectTimeout));
    assert!(started.elapsed() >= allowed);
}

#[tokio::test]
async fn the_connection_comes_from_the_address_and_port_asked_for() {
    let server = Accepting::new();
    let port = Refusing::new().addr().port();
    let from = ([127, 0, 0, 9], port).into();
    let check = Endpoint { bind: Some(from), ..endpoint(server.addr(), LONG) };
    // Twice: the port must not be kept by the first connection's end.
    for _ in 0..2 {
        assert_eq!(probe(&CheckerKind::Tcp(check.clone()), 0).await, Outcome::Passed);
        let (_, peer) = server.accept();
        assert_eq!(peer, from);
    }
}

#[tokio::test]
async fn an_address_that_is_not_ours_is_our_trouble_and_no_failure() {
    let server = Accepting::new();
    let foreign = Some(([192, 0, 2, 1], 0).into());
    let check = Endpoint { bind: foreign, ..endpoint(server.addr(), LONG) };
    let outcome = probe(&CheckerKind::Tcp(check), 0).await;
    assert_eq!(outcome, Outcome::Unable(Trouble { step: Step::Bind, errno: 99 }));
}

#[tokio::test]
async fn an_interface_that_does_not_exist_is_our_trouble_and_no_failure() {
    let server = Accepting::new();
    let check = Endpoint { device: Some("nonesuch0".into()), ..endpoint(server.addr(), LONG) };
    let outcome = probe(&CheckerKind::Tcp(check), 0).await;
    assert!(matches!(outcome, Outcome::Unable(Trouble { step: Step::Device, .. })), "{outcome:?}");
}

#[tokio::test]
async fn an_ipv6_server_is_reached() {
    let Ok(server) = std::net::TcpListener::bind("[::1]:0") else {
        eprintln!("SKIPPED: this machine has no IPv6 loopback");
        return;
    };
    assert_eq!(probe(&tcp_check(server.local_addr().unwrap(), LONG), 0).await, Outcome::Passed);
}
