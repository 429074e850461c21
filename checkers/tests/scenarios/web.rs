//! Checkers of several pages (checkers.md §18.9, §28.8).

use checkers::http::{Digest, Reason, Version, Wanted};
use checkers::params::{
    BeforeFirst, BetweenPages, CheckerKind, CheckerParams, LoggedFailures, Page, Scheme, TlsFarewell, Trust,
    WebCheck,
};
use checkers::{Event, Failure, Found, LengthMismatch, Outcome, TlsFault};

use crate::scene::{Scene, checker, expect, real, secs, virtual_server};

const STATUS: Outcome = Outcome::Failed(Failure::Http(Reason::Status));

fn page(path: &str) -> Page {
    Page {
        path: path.into(),
        host: None,
        server_name: None,
        wanted: Wanted::default(),
        farewell: TlsFarewell::Close,
    }
}

fn web(scheme: Scheme, between: BetweenPages, pages: &[Page]) -> CheckerParams {
    let endpoint = checker().kind.endpoint().expect("it uses a socket").clone();
    let (version, pages) = (Version::Http10, pages.to_vec());
    let mut params = checker();
    params.cadence.delay_before_retry = secs(3);
    CheckerParams {
        kind: CheckerKind::Web(WebCheck { endpoint, scheme, version, trust: Trust::Anybody, between, pages })
            .into(),
        ..params
    }
}

fn two(between: BetweenPages) -> CheckerParams {
    web(Scheme::Http, between, &[page("/f1"), page("/f2")])
}

fn scene(check: CheckerParams) -> Scene {
    Scene::start(virtual_server(1, 0, &[real(2, 1, [check])])).quiet()
}

/// Lets the next pages have these outcomes; gives which they were, and how long after each the next one comes.
fn walk(scene: &mut Scene, outcomes: &[Outcome]) -> Vec<(usize, u64)> {
    let step = |outcome: &Outcome| {
        let page = scene.director.services()[0].question(0, 0);
        scene.probed(0, 0, *outcome);
        (page, scene.until(0, 0).as_secs())
    };
    outcomes.iter().map(step).collect()
}

#[test]
fn one_failing_page_is_asked_alone_and_after_it_all_from_the_first() {
    let mut scene = scene(two(BetweenPages::Pause));
    assert_eq!(walk(&mut scene, &[Outcome::Passed; 3]), [(0, 2), (1, 2), (0, 2)]);
    expect(&scene.take()[2..], &["Remote Web server [10.0.0.2]:tcp:80 succeed on service."]);
    walk(&mut scene, &[Outcome::Passed]);
    assert_eq!(walk(&mut scene, &[STATUS; 3]), [(0, 3), (0, 3), (0, 3)]);
    expect(
        &scene.take()[..2],
        &[
            "HTTP_CHECK on service [10.0.0.2]:tcp:80 failed after 1 retries.",
            "Removing service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
        ],
    );
    assert_eq!(walk(&mut scene, &[Outcome::Passed; 4]), [(0, 2), (0, 2), (1, 2), (0, 2)]);
    expect(
        &scene.take()[..5],
        &[
            "HTTP status code success to [10.0.0.2]:tcp:80 url(/f1)",
            "HTTP status code success to [10.0.0.2]:tcp:80 url(/f1)",
            "HTTP status code success to [10.0.0.2]:tcp:80 url(/f2)",
            "Remote Web server [10.0.0.2]:tcp:80 succeed on service.",
            "Adding service [10.0.0.2]:tcp:80 to VS [10.1.0.1]:tcp:80",
        ],
    );
}

/// D12: the original asks a second failing page without pause.
#[test]
fn fast_recovery_hurries_from_page_to_page_but_not_to_the_one_that_fails() {
    let mut scene = scene(two(BetweenPages::Hurry));
    let (passed, failed) = (Outcome::Passed, STATUS);
    assert_eq!(walk(&mut scene, &[passed, passed, passed]), [(0, 0), (1, 2), (0, 2)]);
    assert_eq!(walk(&mut scene, &[failed, failed]), [(1, 3), (1, 3)]);
    assert_eq!(walk(&mut scene, &[passed, passed, failed, failed]), [(1, 0), (0, 0), (1, 3), (1, 3)]);
    assert_eq!(walk(&mut scene, &[passed, passed, passed]), [(1, 0), (0, 0), (1, 2)]);
    assert_eq!(scene.pool(), ".2=1");
}

#[test]
fn at_the_start_one_failure_counts_though_retries_are_told_and_alpha_fails_in_silence() {
    let mut first = scene(two(BetweenPages::Pause));
    walk(&mut first, &[STATUS]);
    assert_eq!(first.take()[2], "HTTP_CHECK on service [10.0.0.2]:tcp:80 failed after 1 retries.");
    let alpha = CheckerParams { before_first: BeforeFirst::Down, ..two(BetweenPages::Pause) };
    let mut alpha = Scene::start(virtual_server(1, 0, &[real(2, 1, [alpha])]));
    alpha.take();
    walk(&mut alpha, &[STATUS]);
    expect(&alpha.take(), &[]);
}

#[test]
fn every_failure_has_its_words_and_a_server_of_old_tls_is_explained() {
    let pages = [Page { wanted: Wanted { digest: Some(Digest::of(b"")), ..Wanted::default() }, ..page("/") }];
    let check =
        CheckerParams { failures: LoggedFailures::Every, ..web(Scheme::Https, BetweenPages::Pause, &pages) };
    let mut scene = scene(check);
    walk(&mut scene, &[Outcome::Passed]);
    scene.take();
    walk(&mut scene, &[Outcome::Failed(Failure::Connect(101))]);
    expect(&scene.take(), &["HTTP/SSL_CHECK - network unreachable server [10.0.0.2]:tcp:80."]);
    walk(&mut scene, &[Outcome::Failed(Failure::Handshake(TlsFault::OldVersion))]);
    expect(
        &scene.take()[..3],
        &[
            "SSL handshake/communication error connecting to server [10.0.0.2]:tcp:80.",
            "Web server [10.0.0.2]:tcp:80 speaks only TLS 1.1 or older; checks need TLS 1.2 or 1.3",
            "SSL_CHECK on service [10.0.0.2]:tcp:80 failed after 1 retries.",
        ],
    );
    walk(&mut scene, &[Outcome::Passed]);
    expect(
        &scene.take()[..3],
        &[
            "HTTP status code success to [10.0.0.2]:tcp:80 url(/)",
            "MD5 digest success to [10.0.0.2]:tcp:80 url(/)",
            "Remote Web server [10.0.0.2]:tcp:80 succeed on service.",
        ],
    );
}

/// §13.7
#[test]
fn a_reload_keeps_the_page_that_fails_unless_the_pages_are_others() {
    let mut scene = scene(two(BetweenPages::Pause));
    walk(&mut scene, &[Outcome::Passed, Outcome::Passed, Outcome::Passed, STATUS, STATUS]);
    let with = |check| virtual_server(1, 0, &[real(2, 1, [check])]);
    scene.reload(&[with(two(BetweenPages::Hurry))]);
    assert_eq!(scene.director.services()[0].question(0, 0), 1);
    assert_eq!(scene.pool(), "");
    scene.reload(&[with(web(Scheme::Http, BetweenPages::Pause, &[page("/f1"), page("/f3")]))]);
    assert_eq!(scene.director.services()[0].question(0, 0), 0);
    assert_eq!(scene.pool(), "");
}

#[test]
fn the_mail_says_that_a_request_failed() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [two(BetweenPages::Pause)])]));
    scene.take();
    walk(&mut scene, &[STATUS]);
    let subject = "mail Realserver [10.0.0.2]:tcp:80 of virtual server [10.1.0.1]:tcp:80 -";
    let last = scene.take().pop().unwrap();
    assert_eq!(last, format!("{subject} DOWN: => CHECK failed on service : HTTP/SSL request failed <="));
    walk(&mut scene, &[Outcome::Passed; 3]);
    assert_eq!(scene.take().pop().unwrap(), format!("{subject} UP: => CHECK succeed on service <="));
}

/// §18.7
#[test]
fn a_length_other_than_announced_is_told_once_for_each_difference() {
    let mut scene = scene(two(BetweenPages::Pause));
    scene.take();
    let mut comes = |received| {
        let mismatch = Some(LengthMismatch { announced: 9, received });
        let found = Found { outcome: Outcome::Passed, mismatch };
        scene.tell(Event::Probed { server: 0, checker: 0, found });
        scene.take().into_iter().filter(|line| line.contains("content_length")).collect::<Vec<_>>()
    };
    let line = |path: &str, received| {
        format!(
            "http_check for RS [10.0.0.2]:tcp:80 VS [10.1.0.1]:tcp:80 url {path}: content_length (9) does not match \
             received bytes ({received})"
        )
    };
    assert_eq!(comes(5), [line("/f1", 5)]);
    assert_eq!(comes(5), [line("/f2", 5)]);
    assert!(comes(5).is_empty() && comes(5).is_empty());
    assert_eq!(comes(7), [line("/f1", 7)]);
}
