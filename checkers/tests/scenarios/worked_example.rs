//! checkers.md §28.1: three servers, quorum 2, hysteresis 1, retry 2, a sorry server.
//!
//! Input: the servers answer; two die; the third dies; two come back; the daemon is stopped.
//! Output: the original's lines, and the pool where the original changed the kernel's table.

use checkers::params::{CheckerParams, LoggedFailures, VirtualServerParams};

use crate::scene::{Scene, checker, expect, real, secs, sorry, virtual_server};

#[test]
fn a_virtual_server_loses_and_regains_its_quorum() {
    let check = CheckerParams { retry: 2, failures: LoggedFailures::Every, ..checker() };
    let servers = [real(2, 1, [check.clone()]), real(3, 2, [check.clone()]), real(4, 3, [check])];
    let params = VirtualServerParams { sorry: sorry(9), ..virtual_server(2, 1, &servers) };
    let mut scene = Scene::start(params).quiet();
    assert_eq!(scene.pool(), ".2=1 .3=2 .4=3");
    expect(
        &scene.take(),
        &[
            "Gained quorum 2+1=3 <= 6 for VS [10.1.0.1]:tcp:80",
            "Activating healthchecker for service [10.0.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80",
            "Activating healthchecker for service [10.0.0.3]:tcp:80 for VS [10.1.0.1]:tcp:80",
            "Activating healthchecker for service [10.0.0.4]:tcp:80 for VS [10.1.0.1]:tcp:80",
        ],
    );

    assert_eq!(scene.until(0, 0), secs(1));
    for server in 0..3 {
        scene.passes(server);
        assert_eq!(scene.until(server, 0), secs(2));
    }
    expect(
        &scene.take(),
        &[
            "TCP connection to [10.0.0.2]:tcp:80 success.",
            "TCP connection to [10.0.0.3]:tcp:80 success.",
            "TCP connection to [10.0.0.4]:tcp:80 success.",
        ],
    );

    for _ in 0..2 {
        scene.fails(0);
        assert_eq!(scene.until(0, 0), secs(1));
    }
    scene.fails(0);
    assert_eq!(scene.until(0, 0), secs(2));
    expect(
        &scene.take(),
        &[
            "TCP connection to [10.0.0.2]:tcp:80 failed.",
            "TCP connection to [10.0.0.2]:tcp:80 failed.",
            "TCP connection to [10.0.0.2]:tcp:80 failed.",
            "TCP_CHECK on service [10.0.0.2]:tcp:80 failed after 2 retries.",
            "Removing service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "pool .3=2 .4=3",
        ],
    );

    for _ in 0..3 {
        scene.fails(1);
    }
    scene.take();
    for _ in 0..3 {
        scene.fails(2);
    }
    expect(
        &scene.take()[4..],
        &[
            "Removing service [10.0.0.4]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "pool ",
            "Lost quorum 2-1=1 > 0 for VS [10.1.0.1]:tcp:80",
            "Adding sorry server [10.0.0.9]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "Removing alive servers from the pool for VS [10.1.0.1]:tcp:80",
            "pool .9=1",
        ],
    );

    scene.passes(0);
    scene.passes(1);
    expect(
        &scene.take(),
        &[
            "TCP connection to [10.0.0.2]:tcp:80 success.",
            "Adding service [10.0.0.2]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "TCP connection to [10.0.0.3]:tcp:80 success.",
            "Adding service [10.0.0.3]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "Gained quorum 2+1=3 <= 3 for VS [10.1.0.1]:tcp:80",
            "Removing sorry server [10.0.0.9]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "Adding alive servers to the pool for VS [10.1.0.1]:tcp:80",
            "pool .2=1 .3=2",
        ],
    );

    expect(
        &scene.stop(),
        &[
            "Shutting down service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "Shutting down service [10.0.0.3]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "Shutting down service [10.0.0.4]:tcp:80 from VS [10.1.0.1]:tcp:80",
        ],
    );
}
