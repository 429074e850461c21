//! `HTTP_GET` and `SSL_GET` (checkers.md §18, §4.6). How replies are read in detail is tested with `http`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::peer::probe;
use checkers::http::{Digest, Options, Pattern, Presence, Reason, Source, Version, Wanted};
use checkers::params::{BetweenPages, CheckerKind, Endpoint, Page, Scheme, TlsFarewell, Trust, WebCheck};
use checkers::{Failure, Outcome, TlsFault};

use crate::peer::{BlackHole, Refusing, endpoint};
use crate::scripted::{Scripted, Step, send};

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(100);
const HEAD: &str = "HTTP/1.0 200 OK\r\n\r\n";
const REQUEST: Step = Step::Await("\r\n\r\n");

fn page(path: &str) -> Page {
    Page {
        path: path.into(),
        host: None,
        server_name: None,
        wanted: Wanted::default(),
        farewell: TlsFarewell::Close,
    }
}

fn check(scheme: Scheme, dest: SocketAddr, timeout: Duration, pages: &[Page]) -> CheckerKind {
    CheckerKind::Web(WebCheck {
        endpoint: endpoint(dest, timeout),
        scheme,
        version: Version::Http10,
        trust: Trust::Anybody,
        between: BetweenPages::Pause,
        pages: pages.to_vec(),
    })
}

async fn get(scheme: Scheme, server: &Scripted, timeout: Duration) -> Outcome {
    probe(&check(scheme, server.addr, timeout, &[page("/")]), 0).await
}

fn failed(reason: Reason) -> Outcome {
    Outcome::Failed(Failure::Http(reason))
}

#[tokio::test]
async fn each_question_is_another_page_with_its_own_demands() {
    let server = Scripted::plain(&[REQUEST, send(HEAD), send("hello")]);
    let wanted = |digest: &[u8]| Wanted { digest: Some(Digest::of(digest)), ..Wanted::default() };
    let pages = [
        Page { wanted: wanted(b"hello"), host: Some("www.example.org".into()), ..page("/a") },
        Page { wanted: wanted(b"other"), ..page("/b") },
        Page { wanted: Wanted { status: vec![301..=302], ..Wanted::default() }, ..page("/c") },
    ];
    let check = check(Scheme::Http, server.addr, LONG, &pages);
    assert_eq!(probe(&check, 0).await, Outcome::Passed);
    let rest = "User-Agent: KeepAliveClient\r\nHost: www.example.org\r\n\r\n";
    assert_eq!(server.heard().said, format!("GET /a HTTP/1.0\r\n{rest}"));
    assert_eq!(probe(&check, 1).await, failed(Reason::Digest));
    assert!(server.heard().said.contains(&format!("Host: {}\r\n", server.addr)));
    assert_eq!(probe(&check, 2).await, failed(Reason::Status));
}

#[tokio::test]
async fn what_is_no_page_fails_with_what_is_wrong_about_it() {
    for (script, reason) in [
        (vec![send("HTTP/1.0 500 No\r\n\r\n")], Reason::Status),
        (vec![], Reason::NoData),
        (vec![send("HTTP/1.0 200 OK\r\nServer: s\r\n")], Reason::NoData),
        (vec![send("\0\u{1}nonsense\r\n\r\n")], Reason::Status),
        (vec![Step::Endlessly(vec![b'x'; 65_536])], Reason::NoData),
        (vec![send(HEAD), Step::Reset], Reason::ReadError),
        (vec![Step::Hold], Reason::TimeoutFirst),
        (vec![send("HTTP/1.0 200 OK\r\n\r\ncomplete"), Step::Hold], Reason::TimeoutRead),
        (vec![send(HEAD), Step::Drip(b'x', Duration::from_millis(20))], Reason::TimeoutRead),
        (vec![send(HEAD), Step::Endlessly(vec![b'x'; 65_536])], Reason::TimeoutRead),
    ] {
        let server = Scripted::plain(&[&[REQUEST], &script[..]].concat());
        let started = Instant::now();
        assert_eq!(get(Scheme::Http, &server, SHORT).await, failed(reason), "{script:?}");
        assert!(started.elapsed() < LONG, "{script:?}");
    }
}

#[tokio::test]
async fn a_slow_page_is_good_as_long_as_it_goes_on() {
    let mut script = vec![REQUEST, send(HEAD)];
    script.extend(std::iter::repeat_n(send("x"), 50));
    assert_eq!(get(Scheme::Http, &Scripted::plain(&script), LONG).await, Outcome::Passed);
}

#[tokio::test]
async fn who_refuses_or_is_silent_has_not_even_a_connection() {
    let refusing = Refusing::new();
    let silent = BlackHole::new();
    for scheme in [Scheme::Http, Scheme::Https] {
        let refused = probe(&check(scheme, refusing.addr(), LONG, &[page("/")]), 0).await;
        assert_eq!(refused, Outcome::Failed(Failure::Connect(111)));
        let unanswered = probe(&check(scheme, silent.addr(), SHORT, &[page("/")]), 0).await;
        assert_eq!(unanswered, Outcome::Failed(Failure::ConnectTimeout));
    }
}

#[tokio::test]
async fn an_address_that_is_not_ours_is_our_trouble_and_no_failure() {
    let server = Scripted::plain(&[REQUEST, send(HEAD)]);
    let CheckerKind::Web(web) = check(Scheme::Http, server.addr, LONG, &[page("/")]) else { return };
    let foreign = Some(([192, 0, 2, 1], 0).into());
    let from = Endpoint { bind: foreign, ..web.endpoint.clone() };
    let outcome = probe(&CheckerKind::Web(WebCheck { endpoint: from, ..web }), 0).await;
    assert!(matches!(outcome, Outcome::Unable(trouble) if trouble.errno == 99), "{outcome:?}");
}

#[tokio::test]
async fn over_tls_the_page_is_the_same_and_the_name_is_sent_that_is_wanted() {
    let server = Scripted::tls(&[REQUEST, send(HEAD), send("hello")]);
    let digest = Some(Digest::of(b"hello"));
    let named = Page {
        server_name: Some("www.example.org".into()),
        wanted: Wanted { digest, ..Wanted::default() },
        ..page("/")
    };
    let check = check(Scheme::Https, server.addr, LONG, &[named, page("/")]);
    assert_eq!(probe(&check, 0).await, Outcome::Passed);
    assert_eq!(server.heard().server_name.as_deref(), Some("www.example.org"));
    assert_eq!(probe(&check, 1).await, Outcome::Passed);
    assert_eq!(server.heard().server_name, None);
}

#[tokio::test]
async fn a_session_is_closed_politely_only_where_that_is_wanted() {
    let server = Scripted::tls(&[REQUEST, send(HEAD)]);
    for (farewell, polite) in [(TlsFarewell::Close, false), (TlsFarewell::CloseNotify, true)] {
        let check = check(Scheme::Https, server.addr, LONG, &[Page { farewell, ..page("/") }]);
        assert_eq!(probe(&check, 0).await, Outcome::Passed);
        assert_eq!(server.heard().farewell, polite, "{farewell:?}");
    }
}

#[tokio::test]
async fn what_answers_a_handshake_with_something_else_has_a_fault_of_its_own() {
    const OLD: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";
    for (script, fault) in [
        (vec![send(OLD)], TlsFault::OldVersion),
        (vec![send("HTTP/1.0 400 Bad Request\r\n\r\n")], TlsFault::Other),
        (vec![], TlsFault::Other),
    ] {
        let server = Scripted::plain(&script);
        let outcome = get(Scheme::Https, &server, LONG).await;
        assert_eq!(outcome, Outcome::Failed(Failure::Handshake(fault)), "{script:?}");
    }
    // The reset may come before the connection is looked at.
    let resetting = get(Scheme::Https, &Scripted::plain(&[Step::Reset]), LONG).await;
    let handshake = Outcome::Failed(Failure::Handshake(TlsFault::Other));
    assert!(resetting == handshake || resetting == Outcome::Failed(Failure::Connect(104)), "{resetting:?}");
    let silent = Scripted::plain(&[Step::Hold]);
    assert_eq!(get(Scheme::Https, &silent, SHORT).await, failed(Reason::TimeoutConnecting));
}

#[tokio::test]
async fn a_reply_must_match_its_pattern_whatever_its_size() {
    let pattern = |pattern: &str| {
        let (options, begins) = (Options::default(), None);
        let source = Source { pattern: pattern.to_owned(), options, wanted: Presence::Required, begins };
        Wanted { pattern: Some(Pattern::new(source).unwrap()), ..Wanted::default() }
    };
    for padding in [0, 100_000] {
        let server = Scripted::plain(&[REQUEST, send(HEAD), send(" ".repeat(padding)), send("hello")]);
        let wanted = |pattern| Page { wanted: pattern, ..page("/") };
        let pages = [wanted(pattern("hel+o")), wanted(pattern("world"))];
        let check = check(Scheme::Http, server.addr, LONG, &pages);
        assert_eq!(probe(&check, 0).await, Outcome::Passed);
        assert_eq!(probe(&check, 1).await, failed(Reason::Regex));
    }
}
