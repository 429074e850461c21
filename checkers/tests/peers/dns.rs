//! `DNS_CHECK` (checkers.md §20).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::peer::probe;
use checkers::dns::{Question, Record};
use checkers::params::{CheckerKind, DnsCheck, Endpoint};
use checkers::{Failure, Outcome};

use crate::peer::endpoint;
use crate::udp::{answering, closed};

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(150);

fn check(dest: SocketAddr, timeout: Duration) -> CheckerKind {
    let question = Question { name: "www.example.com".parse().unwrap(), record: Record::A };
    CheckerKind::Dns(DnsCheck { endpoint: endpoint(dest, timeout), question })
}

/// The question turned into an answer with this code.
fn answer(question: &[u8], code: u8) -> Vec<u8> {
    let mut answer = question.to_vec();
    answer[2] |= 0x80;
    answer[3] = code;
    answer
}

#[tokio::test]
async fn any_answer_to_the_question_is_good() {
    let server = answering(|question| {
        let body = &question[12..];
        let right = body == b"\x03www\x07example\x03com\0\0\x01\0\x01"
            && question[2..12] == *b"\x01\0\0\x01\0\0\0\0\0\0";
        vec![answer(question, if right { 0 } else { 1 })]
    });
    assert_eq!(probe(&check(server, LONG), 0).await, Outcome::Passed);
    let huge = answering(|question| vec![[answer(question, 0), vec![0xff; 60_000]].concat()]);
    assert_eq!(probe(&check(huge, LONG), 0).await, Outcome::Passed);
}

#[tokio::test]
async fn what_is_no_answer_to_this_question_is_not_listened_to() {
    let server = answering(|question| {
        let mut other = answer(question, 2);
        other[0] ^= 1;
        vec![Vec::new(), b"nonsense".to_vec(), question.to_vec(), other, answer(question, 0)]
    });
    assert_eq!(probe(&check(server, LONG), 0).await, Outcome::Passed);
    let never = answering(|question| vec![question.to_vec(); 100]);
    let started = Instant::now();
    assert_eq!(probe(&check(never, SHORT), 0).await, Outcome::Failed(Failure::ConnectTimeout));
    assert!(started.elapsed() >= SHORT && started.elapsed() < LONG);
}

#[tokio::test]
async fn a_server_without_an_answer_says_why() {
    let server = answering(|question| vec![answer(question, 5)]);
    let outcome = probe(&check(server, LONG), 0).await;
    assert!(matches!(outcome, Outcome::Failed(Failure::Dns(code)) if code.to_string() == "5"), "{outcome:?}");
}

#[tokio::test]
async fn a_closed_port_fails_at_once_and_a_silent_one_when_the_time_is_over() {
    assert_eq!(probe(&check(closed(), LONG), 0).await, Outcome::Failed(Failure::Connect(111)));
    let silent = answering(|_| Vec::new());
    assert_eq!(probe(&check(silent, SHORT), 0).await, Outcome::Failed(Failure::ConnectTimeout));
}

#[tokio::test]
async fn an_address_that_is_not_ours_is_our_trouble_and_no_failure() {
    let question = Question { name: ".".parse().unwrap(), record: Record::Soa };
    let from = Endpoint { bind: Some(([192, 0, 2, 1], 0).into()), ..endpoint(closed(), LONG) };
    let outcome = probe(&CheckerKind::Dns(DnsCheck { endpoint: from, question }), 0).await;
    assert!(matches!(outcome, Outcome::Unable(trouble) if trouble.errno == 99), "{outcome:?}");
}
