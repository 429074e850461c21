//! What `DNS_CHECK` says (checkers.md §20.3, §28.10).

use checkers::dns::{Answer, Question, Record};
use checkers::params::{CheckerKind, CheckerParams, DnsCheck, LoggedFailures};
use checkers::{Failure, Outcome};

use crate::scene::{REFUSED, Scene, checker, expect, real, virtual_server};

fn dns() -> CheckerParams {
    let endpoint = checker().kind.endpoint().expect("it uses a socket").clone();
    let question = Question { name: ".".parse().unwrap(), record: Record::Soa };
    CheckerParams { kind: CheckerKind::Dns(DnsCheck { endpoint, question }).into(), retry: 3, ..checker() }
}

fn refused() -> Outcome {
    let answer = Answer::read(0, b"\0\0\x80\x05\0\0\0\0\0\0\0\0");
    let code = if let Answer::Refused(code) = answer { Some(code) } else { None };
    Outcome::Failed(Failure::Dns(code.unwrap()))
}

#[test]
fn the_last_failure_has_the_reason_and_a_success_no_line() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [dns()])]));
    scene.passes(0);
    assert!(!scene.take().iter().any(|line| line.contains("DNS_CHECK")));
    for _ in 0..3 {
        scene.probed(0, 0, refused());
        expect(&scene.take(), &[]);
    }
    scene.probed(0, 0, refused());
    let said = scene.take();
    expect(
        &said[..2],
        &[
            "DNS_CHECK ([10.0.0.2]:tcp:80) read error occurred. (rcode = 5) after 3 retries",
            "Removing service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
        ],
    );
    assert!(said.last().unwrap().ends_with("DOWN: => DNS_CHECK: failed on service <="), "{said:?}");
    scene.passes(0);
    let said = scene.take();
    assert_eq!(said[0], "Adding service [10.0.0.2]:tcp:80 to VS [10.1.0.1]:tcp:80");
    assert!(said.last().unwrap().ends_with("UP: => DNS_CHECK: succeed on service <="), "{said:?}");
}

#[test]
fn with_every_failure_told_the_last_one_has_one_line_and_its_retries() {
    let every = CheckerParams { failures: LoggedFailures::Every, ..dns() };
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [every])]));
    scene.passes(0);
    scene.take();
    let line = "DNS_CHECK ([10.0.0.2]:tcp:80) read error occurred. (rcode = 5)";
    for _ in 0..3 {
        scene.probed(0, 0, refused());
        expect(&scene.take(), &[line]);
    }
    scene.probed(0, 0, refused());
    let said: Vec<_> = scene.take().into_iter().filter(|line| line.contains("read error")).collect();
    assert_eq!(said, [format!("{line} after 3 retries")]);
}

#[test]
fn at_the_start_the_first_failure_counts_and_is_told_without_retries() {
    let first = |outcome| {
        let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [dns()])]));
        scene.take();
        scene.probed(0, 0, outcome);
        scene.take().swap_remove(0)
    };
    let rs = "DNS_CHECK ([10.0.0.2]:tcp:80)";
    assert_eq!(first(REFUSED), format!("{rs} failed to read socket; errno 111 (Connection refused)"));
    assert_eq!(first(Outcome::Failed(Failure::ConnectTimeout)), format!("{rs} read timeout from socket"));
    assert_eq!(
        first(Outcome::Failed(Failure::Connect(101))),
        format!("{rs} network unreachable for [10.0.0.2]:80")
    );
}
