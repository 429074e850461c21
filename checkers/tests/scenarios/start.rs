//! The first results, and what is presumed before them (checkers.md §3.6, §4.9, §28.2, §28.3).

use checkers::params::{CheckerKind, CheckerParams, MiscCheck, VirtualServerParams};
use checkers::{Failure, Outcome, misc};

use crate::scene::{Scene, alpha, checker, elsewhere, expect, inhibited, real, secs, sorry, virtual_server};

/// §28.2. Input: two alpha checkers of one server pass one after the other.
/// Output: the sorry server serves until the second, whose effects come in the original's order.
#[test]
fn an_alpha_server_serves_when_all_its_checkers_have_passed() {
    let servers = [real(2, 1, [alpha(), elsewhere(alpha(), 81)])];
    let params = VirtualServerParams { sorry: sorry(9), ..virtual_server(1, 0, &servers) };
    let mut scene = Scene::start(params);
    assert_eq!(scene.pool(), ".9=1");
    expect(
        &scene.take(),
        &[
            "Starting with quorum down 1-0=1 > 0 for VS [10.1.0.1]:tcp:80",
            "Adding sorry server [10.0.0.9]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "Removing alive servers from the pool for VS [10.1.0.1]:tcp:80",
            "pool .9=1",
            "notify VS [10.1.0.1]:tcp:80 DOWN",
            "mail Virtualserver [10.1.0.1]:tcp:80 - DOWN: => Starting with quorum down 1+0=1 <= 0 <=",
            "Activating healthchecker for service [10.0.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80",
            "Activating healthchecker for service [10.0.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80",
        ],
    );
    scene.passes(0);
    let realserver = "Realserver [10.0.0.2]:tcp:80 of virtual server [10.1.0.1]:tcp:80";
    expect(
        &scene.take(),
        &[
            "TCP connection to [10.0.0.2]:tcp:80 success.",
            &format!("mail {realserver} - DOWN: => TCP CHECK succeed on service <="),
        ],
    );
    scene.probed(0, 1, Outcome::Passed);
    expect(
        &scene.take(),
        &[
            "TCP connection to [10.0.0.2]:tcp:80 success.",
            "Adding service [10.0.0.2]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 UP",
            "Gained quorum 1+0=1 <= 1 for VS [10.1.0.1]:tcp:80",
            "Removing sorry server [10.0.0.9]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "Adding alive servers to the pool for VS [10.1.0.1]:tcp:80",
            "pool .2=1",
            "notify VS [10.1.0.1]:tcp:80 UP",
            "mail Virtualserver [10.1.0.1]:tcp:80 - UP: => Gained quorum 1+0=1 <= 1 <=",
            &format!("mail {realserver} - UP: => TCP CHECK succeed on service <="),
        ],
    );
}

/// §28.3.
#[test]
fn an_inhibited_alpha_server_that_fails_at_once_is_told_but_not_disabled_again() {
    let mut scene = Scene::start(virtual_server(1, 0, &[inhibited(real(2, 1, [alpha()]))]));
    assert_eq!(scene.pool(), ".2=0");
    scene.take();
    scene.fails(0);
    expect(
        &scene.take(),
        &[
            "TCP_CHECK on service [10.0.0.2]:tcp:80 failed.",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 DOWN",
        ],
    );
    assert_eq!(scene.pool(), ".2=0");
}

#[test]
fn without_a_sorry_server_a_missing_quorum_is_silent_at_the_start() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [alpha()])]));
    expect(
        &scene.take(),
        &["Activating healthchecker for service [10.0.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80"],
    );
}

#[test]
fn the_first_failure_after_the_start_takes_the_server_out_without_retries() {
    let patient = CheckerParams { retry: 5, ..checker() };
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [patient])])).quiet();
    scene.take();
    scene.fails(0);
    expect(
        &scene.take(),
        &[
            "TCP_CHECK on service [10.0.0.2]:tcp:80 failed.",
            "Removing service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "pool ",
            "Lost quorum 1-0=1 > 0 for VS [10.1.0.1]:tcp:80",
        ],
    );
    assert_eq!(scene.until(0, 0), secs(2));
}

#[test]
fn a_server_without_checkers_is_up_for_good() {
    let scene = Scene::start(virtual_server(1, 0, &[real(2, 7, [])]));
    assert_eq!(scene.pool(), ".2=7");
}

/// §16.6: a program's first result is mailed, whatever it is.
#[test]
fn the_first_failure_of_an_alpha_program_is_mailed() {
    let check = MiscCheck { argv: vec!["/check".into()], user: (0, 0), timeout: secs(1), dynamic: false };
    let program = CheckerParams { kind: CheckerKind::Misc(check).into(), ..alpha() };
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [program])]));
    scene.take();
    scene.probed(0, 0, Outcome::Failed(Failure::Script(misc::Fault::Status(1))));
    expect(
        &scene.take()[1..],
        &[
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 DOWN",
            "mail Realserver [10.0.0.2]:tcp:80 of virtual server [10.1.0.1]:tcp:80 - DOWN: => MISC CHECK failed on service <=",
        ],
    );
}
