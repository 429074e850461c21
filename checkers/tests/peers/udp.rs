//! `UDP_CHECK` (checkers.md §21).

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use crate::peer::probe;
use checkers::params::{CheckerKind, Endpoint, UdpCheck, UdpReply};
use checkers::{Failure, Outcome};

use crate::peer::endpoint;

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(150);

/// Answers each datagram with these.
pub(crate) fn answering(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = bound();
    let addr = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok((read, from)) = socket.recv_from(&mut buffer) {
            for answer in answer(&buffer[..read]) {
                // The client may have gone.
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    addr
}

/// A port that nobody has.
pub(crate) fn closed() -> SocketAddr {
    bound().local_addr().unwrap()
}

fn bound() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

fn check(dest: SocketAddr, timeout: Duration, reply: UdpReply) -> CheckerKind {
    CheckerKind::Udp(UdpCheck {
        endpoint: endpoint(dest, timeout),
        payload: UdpCheck::PAYLOAD.to_vec(),
        reply,
    })
}

fn like(pattern: &[u8], length: std::ops::RangeInclusive<u16>) -> UdpReply {
    UdpReply::Like { pattern: pattern.iter().map(|byte| (*byte, 0xff)).collect(), length }
}

#[tokio::test]
async fn a_closed_port_fails_at_once_whatever_is_wanted() {
    for reply in [UdpReply::Optional, UdpReply::Any, like(b"a", 0..=255)] {
        let started = Instant::now();
        let outcome = probe(&check(closed(), LONG, reply), 0).await;
        assert_eq!(outcome, Outcome::Failed(Failure::Connect(111)));
        assert!(started.elapsed() < LONG);
    }
}

#[tokio::test]
async fn silence_is_good_where_no_reply_is_wanted() {
    let silent = answering(|_| Vec::new());
    let started = Instant::now();
    assert_eq!(probe(&check(silent, SHORT, UdpReply::Optional), 0).await, Outcome::Passed);
    assert!(started.elapsed() >= SHORT);
    let outcome = probe(&check(silent, SHORT, UdpReply::Any), 0).await;
    assert_eq!(outcome, Outcome::Failed(Failure::ConnectTimeout));
}

#[tokio::test]
async fn the_usual_payload_is_sent_and_any_datagram_is_a_reply() {
    let echo = answering(|datagram| vec![datagram.to_vec()]);
    let reply = like(b"keepalived check - keepalived ch", 32..=32);
    assert_eq!(probe(&check(echo, LONG, reply), 0).await, Outcome::Passed);
    for answer in [0, 1, 60_000] {
        let peer = answering(move |_| vec![vec![b'x'; answer]]);
        assert_eq!(probe(&check(peer, LONG, UdpReply::Any), 0).await, Outcome::Passed);
    }
}

#[tokio::test]
async fn a_reply_is_compared_as_far_as_it_goes_and_its_length_counts() {
    let outcome = async |answer: &'static [u8], reply| {
        probe(&check(answering(move |_| vec![answer.to_vec()]), LONG, reply), 0).await
    };
    let mismatch = Outcome::Failed(Failure::Reply);
    assert_eq!(outcome(b"abc", like(b"abc", 0..=255)).await, Outcome::Passed);
    assert_eq!(outcome(b"abcdef", like(b"abc", 0..=255)).await, Outcome::Passed);
    assert_eq!(outcome(b"ab", like(b"abc", 0..=255)).await, Outcome::Passed);
    assert_eq!(outcome(b"abd", like(b"abc", 0..=255)).await, mismatch);
    assert_eq!(outcome(b"ab", like(b"abc", 3..=255)).await, mismatch);
    assert_eq!(outcome(b"abcd", like(b"abc", 0..=3)).await, mismatch);
    assert_eq!(outcome(&[b'a'; 60_000], like(b"a", 0..=255)).await, mismatch);
    let nibble = UdpReply::Like { pattern: vec![(0x60, 0xf0)], length: 0..=255 };
    assert_eq!(outcome(b"a", nibble.clone()).await, Outcome::Passed);
    assert_eq!(outcome(b"q", nibble).await, mismatch);
}

/// §4.6: unlike with the other checkers.
#[tokio::test]
async fn what_this_machine_cannot_do_is_a_failure() {
    let check = UdpCheck {
        endpoint: Endpoint { bind: Some(([192, 0, 2, 1], 0).into()), ..endpoint(closed(), LONG) },
        payload: Vec::new(),
        reply: UdpReply::Optional,
    };
    assert_eq!(probe(&CheckerKind::Udp(check), 0).await, Outcome::Failed(Failure::Connect(99)));
}
