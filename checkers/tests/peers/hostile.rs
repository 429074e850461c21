//! Every kind of check against every kind of bad peer, all at once in one runner: each comes to its own end in time, a good
//! server beside them is never missed, and memory does not grow with what is sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use checkers::dns::{Question, Record};
use checkers::http::{Reason, Version};
use checkers::io::Runner;
use checkers::io::tls::Tls;
use checkers::params::{
    BetweenPages, CheckerKind, DnsCheck, Page, Scheme, SmtpCheck, TlsFarewell, Trust, UdpCheck, UdpReply,
    WebCheck,
};
use checkers::smtp::Fault;
use checkers::{CheckerId, Failure, Outcome, TlsFault};
use tokio::time::timeout_at;

use crate::peer::{Accepting, BlackHole, Refusing, endpoint, tcp_check};
use crate::scripted::{Scripted, Step, send};
use crate::udp::{answering, closed};

/// `connect_timeout` of every check; a page may take ten times as long.
const TIMEOUT: Duration = Duration::from_millis(500);
const HEAD: &str = "HTTP/1.0 200 OK\r\n";
/// A handshake message that announces 16 MiB, in a record of 16 KiB.
const HUGE_HELLO: &[u8] = b"\x16\x03\x03\x40\x00\x02\xff\xff\xff";
/// The alert of a server that knows no TLS as new as ours.
const OLD_TLS: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";

/// What a peer does as soon as somebody connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Peer {
    Refuses,
    IsSilent,
    Hangs,
    HangsUp,
    Resets,
    TalksNonsense,
    SpeaksOldTls,
    Drips,
    SendsAnEndlessLine,
    SendsEndlessHeaders,
    SendsAnEndlessBody,
    SendsAnEndlessHandshake,
}

const PEERS: [Peer; 12] = [
    Peer::Refuses,
    Peer::IsSilent,
    Peer::Hangs,
    Peer::HangsUp,
    Peer::Resets,
    Peer::TalksNonsense,
    Peer::SpeaksOldTls,
    Peer::Drips,
    Peer::SendsAnEndlessLine,
    Peer::SendsEndlessHeaders,
    Peer::SendsAnEndlessBody,
    Peer::SendsAnEndlessHandshake,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Check {
    Tcp,
    Http,
    Https,
    Smtp,
}

const CHECKS: [Check; 4] = [Check::Tcp, Check::Http, Check::Https, Check::Smtp];

/// A peer that is there as long as this value is.
enum Standing {
    Refusing(Refusing),
    Silent(BlackHole),
    Scripted(Scripted),
}

impl Standing {
    fn addr(&self) -> SocketAddr {
        match self {
            Self::Refusing(peer) => peer.addr(),
            Self::Silent(peer) => peer.addr(),
            Self::Scripted(peer) => peer.addr,
        }
    }
}

impl Peer {
    fn stand(self) -> Standing {
        let flood = |first: &[u8], then: u8| vec![send(first), Step::Endlessly(vec![then; 65_536])];
        let script = match self {
            Self::Refuses => return Standing::Refusing(Refusing::new()),
            Self::IsSilent => return Standing::Silent(BlackHole::new()),
            Self::Hangs => vec![Step::Hold],
            Self::HangsUp => vec![],
            Self::Resets => vec![Step::Reset],
            Self::TalksNonsense => vec![send(b"\0\x01\xff\r\n\r\n"), Step::Hold],
            Self::SpeaksOldTls => vec![send(OLD_TLS), Step::Hold],
            // The first byte of a TLS record, of a reply and of a line.
            Self::Drips => vec![Step::Drip(b'2', Duration::from_millis(200))],
            Self::SendsAnEndlessLine => flood(b"", b'x'),
            Self::SendsEndlessHeaders => {
                vec![send(HEAD), Step::Endlessly(b"X-Padding: padding\r\n".repeat(1000))]
            }
            Self::SendsAnEndlessBody => flood(format!("{HEAD}\r\n").as_bytes(), b'x'),
            Self::SendsAnEndlessHandshake => flood(HUGE_HELLO, 0),
        };
        Standing::Scripted(Scripted::plain(&script))
    }

    /// What a check must find; where two clocks race, one of several.
    fn found_by(self, check: Check) -> Vec<Outcome> {
        let http = |reason| vec![Outcome::Failed(Failure::Http(reason))];
        let smtp = |fault| vec![Outcome::Failed(Failure::Smtp(fault))];
        let tls = |fault| vec![Outcome::Failed(Failure::Handshake(fault))];
        match (self, check) {
            (Self::Refuses, Check::Tcp | Check::Http | Check::Https | Check::Smtp) => {
                vec![Outcome::Failed(Failure::Connect(111))]
            }
            (Self::IsSilent, Check::Tcp | Check::Http | Check::Https | Check::Smtp) => {
                vec![Outcome::Failed(Failure::ConnectTimeout)]
            }
            // The connection may be broken before or after it is looked at, and before or after something is said.
            (Self::Resets, check) => {
                let broken = match check {
                    Check::Tcp => vec![Outcome::Passed],
                    Check::Http => [Reason::CannotSend, Reason::ReadError].map(http).concat(),
                    Check::Https => tls(TlsFault::Other),
                    Check::Smtp => [Fault::Read, Fault::Write].map(smtp).concat(),
                };
                [broken, vec![Outcome::Failed(Failure::Connect(104))]].concat()
            }
            (
                Self::Hangs
                | Self::HangsUp
                | Self::TalksNonsense
                | Self::SpeaksOldTls
                | Self::Drips
                | Self::SendsAnEndlessLine
                | Self::SendsEndlessHeaders
                | Self::SendsAnEndlessBody
                | Self::SendsAnEndlessHandshake,
                Check::Tcp,
            ) => vec![Outcome::Passed],
            (Self::Hangs, Check::Http) => http(Reason::TimeoutFirst),
            (Self::Hangs, Check::Https) => http(Reason::TimeoutConnecting),
            (Self::Hangs | Self::Drips, Check::Smtp) => smtp(Fault::ReadTimeout),
            // With a request that nobody reads, the end of a connection is a reset.
            (Self::HangsUp, Check::Http) => {
                [Reason::NoData, Reason::CannotSend, Reason::ReadError].map(http).concat()
            }
            (Self::HangsUp, Check::Smtp) => smtp(Fault::Read),
            // A head that is none has ended; who waits for its body waits for the end of the connection.
            (
                Self::TalksNonsense | Self::SpeaksOldTls | Self::Drips | Self::SendsAnEndlessBody,
                Check::Http,
            ) => http(Reason::TimeoutRead),
            (Self::SpeaksOldTls, Check::Https) => tls(TlsFault::OldVersion),
            (Self::SpeaksOldTls, Check::Smtp) => smtp(Fault::ReadTimeout),
            (
                Self::SendsAnEndlessLine | Self::SendsEndlessHeaders | Self::SendsAnEndlessHandshake,
                Check::Http,
            ) => http(Reason::NoData),
            (
                Self::TalksNonsense
                | Self::SendsAnEndlessLine
                | Self::SendsEndlessHeaders
                | Self::SendsAnEndlessBody
                | Self::SendsAnEndlessHandshake,
                Check::Smtp,
            ) => smtp(Fault::Greeting),
            // Five bytes are enough to see that it is no record, and the time may be over before.
            (Self::Drips, Check::Https) => [tls(TlsFault::Other), http(Reason::TimeoutConnecting)].concat(),
            (
                Self::HangsUp
                | Self::TalksNonsense
                | Self::SendsAnEndlessLine
                | Self::SendsEndlessHeaders
                | Self::SendsAnEndlessBody
                | Self::SendsAnEndlessHandshake,
                Check::Https,
            ) => tls(TlsFault::Other),
        }
    }
}

impl Check {
    fn of(self, dest: SocketAddr) -> CheckerKind {
        match self {
            Self::Tcp => tcp_check(dest, TIMEOUT),
            Self::Http => page(Scheme::Http, dest),
            Self::Https => page(Scheme::Https, dest),
            Self::Smtp => CheckerKind::Smtp(SmtpCheck {
                endpoint: endpoint(dest, TIMEOUT),
                helo_name: "lb1.example.org".into(),
            }),
        }
    }
}

fn page(scheme: Scheme, dest: SocketAddr) -> CheckerKind {
    CheckerKind::Web(WebCheck {
        endpoint: endpoint(dest, TIMEOUT),
        scheme,
        version: Version::Http10,
        trust: Trust::Anybody,
        between: BetweenPages::Pause,
        pages: vec![Page {
            path: "/".into(),
            host: None,
            server_name: None,
            wanted: Default::default(),
            farewell: TlsFarewell::CloseNotify,
        }],
    })
}

/// Servers that get as far as a TLS session, and what becomes of them then.
fn behind_tls() -> Vec<(&'static str, Vec<Step>, Vec<Reason>)> {
    let request = Step::Await("\r\n\r\n");
    let head = || send(format!("{HEAD}\r\n"));
    vec![
        ("hangs", vec![request.clone(), Step::Hold], vec![Reason::TimeoutTlsRead]),
        ("hangs up", vec![request.clone()], vec![Reason::NoData]),
        ("resets", vec![request.clone(), Step::Reset], vec![Reason::TlsReadError, Reason::NoData]),
        ("drips", vec![request.clone(), head(), Step::Drip(b'x', TIMEOUT / 5)], vec![Reason::TimeoutTlsRead]),
        (
            "sends endless headers",
            vec![request.clone(), send(HEAD), Step::Endlessly(b"X-Padding: padding\r\n".repeat(1000))],
            vec![Reason::NoData],
        ),
        (
            "sends an endless body",
            vec![request, head(), Step::Endlessly(vec![b'x'; 65_536])],
            vec![Reason::TimeoutTlsRead],
        ),
    ]
}

/// What a peer does with each datagram, and what `DNS_CHECK` and a `UDP_CHECK` that wants the reply `a` make of it.
fn datagrams() -> Vec<(&'static str, SocketAddr, Failure, Failure)> {
    let refused = Failure::Connect(111);
    let late = Failure::ConnectTimeout;
    vec![
        ("refuses", closed(), refused, refused),
        ("is silent", answering(|_| vec![]), late, late),
        ("answers nothing", answering(|_| vec![vec![]; 3]), late, Failure::Reply),
        ("talks nonsense", answering(|_| vec![vec![0xff; 11]; 50]), late, Failure::Reply),
        ("says the same", answering(|question| vec![question.to_vec()]), late, Failure::Reply),
        ("sends huge nonsense", answering(|_| vec![vec![0xc0; 60_000]; 50]), late, Failure::Reply),
        (
            "answers somebody else",
            answering(|question| {
                // A good answer, but for the identifier.
                let mut other = question.to_vec();
                other[0] ^= 0xff;
                other[2] |= 0x80;
                vec![other; 50]
            }),
            late,
            Failure::Reply,
        ),
    ]
}

/// The most memory this process ever had resident, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn a_bad_peer_costs_bounded_time_and_memory_and_fails_only_its_own_check() {
    const LIMIT: usize = 256;
    /// A flood over the loopback brings this in a fraction of a second.
    const GROWTH: u64 = 128 << 20;
    let mut runner = Runner::new(LIMIT, Tls::default());
    let mut wanted = BTreeMap::new();
    let mut standing = Vec::new();
    let mut add = |runner: &mut Runner, kind: CheckerKind, name: String, outcomes: Vec<Outcome>| {
        let id = CheckerId { service: 1, server: wanted.len(), checker: 0 };
        runner.insert(id, kind);
        wanted.insert(id, (name, outcomes));
        id
    };
    let mut hostile = Vec::new();
    for peer in PEERS {
        for check in CHECKS {
            let place = peer.stand();
            let (kind, name) = (check.of(place.addr()), format!("{check:?} of one that {peer:?}"));
            hostile.push(add(&mut runner, kind, name, peer.found_by(check)));
            standing.push(place);
        }
    }
    for (name, script, reasons) in behind_tls() {
        let server = Scripted::tls(&script);
        let outcomes = reasons.into_iter().map(|reason| Outcome::Failed(Failure::Http(reason))).collect();
        hostile.push(add(
            &mut runner,
            page(Scheme::Https, server.addr),
            format!("a page of one that {name}"),
            outcomes,
        ));
        standing.push(Standing::Scripted(server));
    }
    for (name, addr, by_dns, by_udp) in datagrams() {
        let question = Question { name: "www.example.com".parse().unwrap(), record: Record::A };
        let dns = CheckerKind::Dns(DnsCheck { endpoint: endpoint(addr, TIMEOUT), question });
        let reply = UdpReply::Like { pattern: vec![(b'a', 0xff)], length: 1..=10 };
        let (endpoint, payload) = (endpoint(addr, TIMEOUT), UdpCheck::PAYLOAD.to_vec());
        let udp = CheckerKind::Udp(UdpCheck { endpoint, payload, reply });
        for (check, kind, failure) in [("DNS", dns, by_dns), ("UDP", udp, by_udp)] {
            hostile.push(add(
                &mut runner,
                kind,
                format!("{check} of one that {name}"),
                vec![Outcome::Failed(failure)],
            ));
        }
    }
    let good = (CheckerId { service: 0, server: 0, checker: 0 }, Accepting::new());
    runner.insert(good.0, tcp_check(good.1.addr(), TIMEOUT));

    let before = peak();
    let begun = Instant::now();
    for id in hostile {
        runner.plan(id, 0, begun);
    }
    runner.plan(good.0, 0, begun);
    // Ten times the timeout is the longest of all; a busy machine adds to it.
    let until = tokio::time::Instant::from_std(begun + TIMEOUT * 10 + Duration::from_secs(30));
    let mut rounds = 0;
    while !wanted.is_empty() {
        let next = timeout_at(until, runner.next()).await;
        let (id, found) = next.unwrap_or_else(|_| panic!("without end: {wanted:#?}"));
        if id == good.0 {
            assert_eq!(found.outcome, Outcome::Passed);
            good.1.accept();
            rounds += 1;
            runner.plan(id, 0, Instant::now() + TIMEOUT / 10);
            continue;
        }
        let (name, outcomes) = wanted.remove(&id).expect("each probe ends once");
        assert!(outcomes.contains(&found.outcome), "{name}: {:?} instead of {outcomes:?}", found.outcome);
    }
    assert!(rounds > 10, "the good server was asked {rounds} times");
    assert!(peak() - before < GROWTH, "it took {} MiB more", (peak() - before) >> 20);
    drop(standing);
}
