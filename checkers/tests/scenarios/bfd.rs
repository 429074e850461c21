//! `BFD_CHECK` (checkers.md §24.4).

use checkers::Event;
use checkers::params::{BeforeFirst, BfdCheck, CheckerKind, CheckerParams, VirtualServerParams};

use crate::scene::{Scene, checker, expect, real, virtual_server};

fn bfd(before_first: BeforeFirst) -> CheckerParams {
    let check = BfdCheck { session: "b1".to_owned() };
    CheckerParams { kind: CheckerKind::Bfd(check).into(), before_first, ..checker() }
}

fn served(checker: CheckerParams) -> VirtualServerParams {
    virtual_server(1, 0, &[real(2, 1, [checker]), real(3, 1, [])])
}

fn path(scene: &mut Scene, up: bool) {
    scene.tell(Event::PathKnown { server: 0, checker: 0, up });
}

#[test]
fn a_server_leaves_with_its_session_and_returns_with_it_and_what_is_no_news_is_not_told() {
    let mut scene = Scene::start(served(bfd(BeforeFirst::Up)));
    scene.take();
    assert_eq!(scene.pool(), ".2=1 .3=1");
    path(&mut scene, true);
    expect(&scene.take(), &[]);
    path(&mut scene, false);
    expect(
        &scene.take(),
        &[
            "BFD check of [b1] RS([10.0.0.2]:tcp:80) is DOWN",
            "Removing service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "pool .3=1",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 DOWN",
            "mail Realserver [10.0.0.2]:tcp:80 of virtual server [10.1.0.1]:tcp:80 - DOWN: => BFD CHECK b1 failed on service <=",
        ],
    );
    path(&mut scene, false);
    expect(&scene.take(), &[]);
    path(&mut scene, true);
    expect(
        &scene.take(),
        &[
            "BFD check of [b1] RS([10.0.0.2]:tcp:80) is UP",
            "Adding service [10.0.0.2]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "pool .2=1 .3=1",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 UP",
            "mail Realserver [10.0.0.2]:tcp:80 of virtual server [10.1.0.1]:tcp:80 - UP: => BFD CHECK b1 succeeded on service <=",
        ],
    );
}

#[test]
fn an_alpha_server_waits_for_its_session() {
    let mut scene = Scene::start(served(bfd(BeforeFirst::Down)));
    assert_eq!(scene.pool(), ".3=1");
    scene.take();
    // As with Debian's keepalived, it is told that it is down once that is known.
    path(&mut scene, false);
    expect(&scene.take(), &["BFD check of [b1] RS([10.0.0.2]:tcp:80) is DOWN"]);
    path(&mut scene, false);
    expect(&scene.take(), &[]);
    path(&mut scene, true);
    assert_eq!(scene.pool(), ".2=1 .3=1");
}

#[test]
fn a_reload_keeps_what_the_session_said() {
    let mut scene = Scene::start(served(bfd(BeforeFirst::Up)));
    path(&mut scene, false);
    scene.reload(&[served(bfd(BeforeFirst::Up))]);
    assert_eq!(scene.pool(), ".3=1");
}
