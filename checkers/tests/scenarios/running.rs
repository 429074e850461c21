//! Changes while running: several checkers, trouble of our own, a kernel that refuses, weights.

use checkers::params::{CheckerAlerts, LoggedFailures, SorryParams, VirtualServerParams, WhenDown};
use checkers::{Event, Failure, Outcome, Settlement, Step, Trouble};

use crate::scene::{
    REFUSED, Scene, checker, elsewhere, expect, inhibited, real, secs, server, sorry, virtual_server,
};

fn pair() -> VirtualServerParams {
    virtual_server(1, 0, &[real(2, 1, [checker()]), real(3, 1, [checker()])])
}

fn settled(params: VirtualServerParams) -> Scene {
    let mut scene = Scene::start(params);
    for server in 0..scene.director.services()[0].params().servers.len() {
        scene.passes(server);
    }
    scene.take();
    scene
}

/// §4.10: the mail about the quorum comes before that about the server.
#[test]
fn effects_of_a_failure_come_in_the_originals_order() {
    let mut scene = settled(virtual_server(1, 0, &[real(2, 1, [checker()])]));
    scene.fails(0);
    expect(&scene.take(), &[]);
    scene.fails(0);
    expect(
        &scene.take(),
        &[
            "TCP_CHECK on service [10.0.0.2]:tcp:80 failed after 1 retries.",
            "Removing service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "pool ",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 DOWN",
            "Lost quorum 1-0=1 > 0 for VS [10.1.0.1]:tcp:80",
            "notify VS [10.1.0.1]:tcp:80 DOWN",
            "mail Virtualserver [10.1.0.1]:tcp:80 - DOWN: => Lost quorum 1+0=1 <= 0 <=",
            "mail Realserver [10.0.0.2]:tcp:80 of virtual server [10.1.0.1]:tcp:80 - DOWN: \
             => TCP CHECK failed on service <=",
        ],
    );
}

/// §4.8
#[test]
fn a_server_returns_only_when_its_last_failed_checker_recovers() {
    let servers = [real(2, 1, [checker(), elsewhere(checker(), 81)])];
    let mut scene = Scene::start(VirtualServerParams {
        checker_alerts: CheckerAlerts::ServerOnly,
        ..virtual_server(1, 0, &servers)
    });
    scene.fails(0);
    scene.take();
    scene.probed(0, 1, REFUSED);
    expect(&scene.take(), &["TCP_CHECK on service [10.0.0.2]:tcp:80 failed."]);
    scene.passes(0);
    expect(&scene.take(), &["TCP connection to [10.0.0.2]:tcp:80 success."]);
    assert_eq!(scene.pool(), "");
    scene.probed(0, 1, Outcome::Passed);
    assert_eq!(scene.take()[1], "Adding service [10.0.0.2]:tcp:80 to VS [10.1.0.1]:tcp:80");
    assert_eq!(scene.pool(), ".2=1");
}

/// §4.6
#[test]
fn what_this_machine_cannot_do_says_nothing_about_the_server() {
    let mut scene = settled(pair());
    for _ in 0..5 {
        scene.probed(0, 0, Outcome::Unable(Trouble { step: Step::Bind, errno: 99 }));
        assert_eq!(scene.until(0, 0), secs(2));
        expect(
            &scene.take(),
            &[
                "Checker bind failed: Cannot assign requested address",
                "TCP socket bind failed. Rescheduling.",
            ],
        );
    }
    assert_eq!(scene.pool(), ".2=1 .3=1");
}

#[test]
fn every_failure_is_logged_where_asked_but_only_while_the_checker_is_up() {
    let check = checkers::params::CheckerParams { failures: LoggedFailures::Every, ..checker() };
    let mut scene = settled(virtual_server(1, 0, &[real(2, 1, [check])])).quiet();
    scene.probed(0, 0, Outcome::Failed(Failure::ConnectTimeout));
    expect(&scene.take(), &["TCP connection to [10.0.0.2]:tcp:80 timeout."]);
    scene.fails(0);
    assert_eq!(scene.take()[0], "TCP connection to [10.0.0.2]:tcp:80 failed.");
    assert_eq!(scene.details, ["socket connect error 111 - Connection refused"]);
    scene.fails(0);
    expect(&scene.take(), &[]);
}

/// §4.10, last sentence.
#[test]
fn a_change_that_the_kernel_refuses_has_not_happened_and_is_tried_again() {
    let mut scene = settled(pair());
    scene.fails(0);
    scene.fails(0);
    scene.take();
    scene.kernel = Settlement::Refused;
    scene.passes(0);
    expect(
        &scene.take(),
        &[
            "TCP connection to [10.0.0.2]:tcp:80 success.",
            "Adding service [10.0.0.2]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "pool .2=1 .3=1",
        ],
    );
    assert_eq!(scene.pool(), ".3=1");
    scene.kernel = Settlement::Done;
    scene.passes(0);
    assert_eq!(scene.take()[3], "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 UP");
    assert_eq!(scene.pool(), ".2=1 .3=1");
}

/// §8.8 and §9
#[test]
fn while_the_sorry_server_serves_nobody_else_concerns_the_kernel() {
    let servers = [real(2, 1, [checker()]), inhibited(real(3, 1, [checker()]))];
    let sorry = Some(SorryParams { id: server(9), when_unused: WhenDown::Inhibit });
    let mut scene = settled(VirtualServerParams { sorry, ..virtual_server(2, 0, &servers) }).quiet();
    assert_eq!(scene.pool(), ".2=1 .3=1 .9=0");
    scene.fails(0);
    scene.fails(0);
    expect(
        &scene.take()[3..],
        &[
            "Lost quorum 2-0=2 > 1 for VS [10.1.0.1]:tcp:80",
            "Enabling sorry server [10.0.0.9]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "Removing alive servers from the pool for VS [10.1.0.1]:tcp:80",
            "pool .9=1 .3=0",
        ],
    );
    scene.fails(1);
    scene.fails(1);
    expect(&scene.take()[1..], &["Disabling service [10.0.0.3]:tcp:80 of VS [10.1.0.1]:tcp:80"]);
    assert_eq!(scene.pool(), ".9=1 .3=0");
}

/// §6
#[test]
fn a_contribution_changes_weight_and_quorum() {
    let params = VirtualServerParams { sorry: sorry(9), ..virtual_server(3, 0, &[real(2, 4, [checker()])]) };
    let mut scene = settled(params).quiet();
    scene.tell(Event::Contributed { server: 0, checker: 0, weight: 6 });
    expect(
        &scene.take(),
        &[
            "Changing weight from 4 to 10 for active service [10.0.0.2]:tcp:80 of VS [10.1.0.1]:tcp:80",
            "pool .2=10",
        ],
    );
    scene.tell(Event::Contributed { server: 0, checker: 0, weight: -9 });
    expect(
        &scene.take(),
        &[
            "Changing weight from 10 to 0 for active service [10.0.0.2]:tcp:80 of VS [10.1.0.1]:tcp:80",
            "pool .9=1",
            "Lost quorum 3-0=3 > 0 for VS [10.1.0.1]:tcp:80",
            "Adding sorry server [10.0.0.9]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "Removing alive servers from the pool for VS [10.1.0.1]:tcp:80",
            "pool .9=1",
        ],
    );
    scene.tell(Event::Contributed { server: 0, checker: 0, weight: i64::MAX });
    assert_eq!(scene.pool(), ".2=2147483647");
}
