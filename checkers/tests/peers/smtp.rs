//! `SMTP_CHECK` (checkers.md §19).

use std::time::{Duration, Instant};

use crate::peer::probe;
use checkers::params::{CheckerKind, SmtpCheck};
use checkers::smtp::Fault;
use checkers::{Failure, Outcome};

use crate::peer::{BlackHole, Refusing, endpoint};
use crate::scripted::{Scripted, Step, send};

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(150);
const GREETING: &str = "220 mail.example.org ready\r\n";
const HELO: Step = Step::Await("HELO lb1.example.org\r\n");
const QUIT: Step = Step::Await("QUIT\r\n");

fn check(dest: std::net::SocketAddr, timeout: Duration) -> CheckerKind {
    CheckerKind::Smtp(SmtpCheck { endpoint: endpoint(dest, timeout), helo_name: "lb1.example.org".into() })
}

#[tokio::test]
async fn a_mail_server_is_greeted_and_left() {
    let script = [send(GREETING), HELO, send("250 hello\r\n"), QUIT, send("500 what?\r\n"), Step::Hold];
    let server = Scripted::plain(&script);
    assert_eq!(probe(&check(server.addr, LONG), 0).await, Outcome::Passed);
    assert_eq!(server.heard().said, "HELO lb1.example.org\r\nQUIT\r\n");
}

#[tokio::test]
async fn answers_that_come_before_the_question_count() {
    let server = Scripted::plain(&[send("220 a\r\n250 b\r\n221 c\r\n"), HELO, QUIT, Step::Hold]);
    assert_eq!(probe(&check(server.addr, LONG), 0).await, Outcome::Passed);
}

#[tokio::test]
async fn what_is_no_mail_server_fails_with_what_is_wrong_about_it() {
    let hello = || vec![send(GREETING), HELO, send("250 hello\r\n"), QUIT];
    for (script, fault) in [
        (vec![send("554 go away\r\n"), Step::Hold], Fault::Greeting),
        (vec![send("220-several\r\n220 lines\r\n"), Step::Hold], Fault::Greeting),
        (vec![send("220\r\n"), Step::Hold], Fault::Greeting),
        (vec![send("\0\u{1}\n"), Step::Hold], Fault::Greeting),
        (vec![Step::Endlessly(vec![b'2'; 65_536])], Fault::Greeting),
        (vec![send(GREETING), HELO, send("500 what?\r\n"), Step::Hold], Fault::Helo),
        (vec![send(GREETING), HELO, send("250-several\r\n"), Step::Hold], Fault::Helo),
        (vec![], Fault::Read),
        (vec![send("220 cut")], Fault::Read),
        (hello(), Fault::Read),
        (vec![send(GREETING), HELO, Step::Reset], Fault::Read),
        (vec![Step::Hold], Fault::ReadTimeout),
        (vec![send(GREETING), Step::Hold], Fault::ReadTimeout),
        (vec![Step::Drip(b'2', Duration::from_millis(20))], Fault::ReadTimeout),
    ] {
        let server = Scripted::plain(&script);
        let started = Instant::now();
        let outcome = probe(&check(server.addr, SHORT), 0).await;
        assert_eq!(outcome, Outcome::Failed(Failure::Smtp(fault)), "{script:?}");
        assert!(started.elapsed() < LONG, "{script:?}");
    }
}

#[tokio::test]
async fn who_refuses_or_is_silent_has_not_even_a_connection() {
    let refused = probe(&check(Refusing::new().addr(), LONG), 0).await;
    assert_eq!(refused, Outcome::Failed(Failure::Connect(111)));
    let silent = BlackHole::new();
    assert_eq!(probe(&check(silent.addr(), SHORT), 0).await, Outcome::Failed(Failure::ConnectTimeout));
}
