//! What `UDP_CHECK` says (checkers.md §21.4), and what a reload does not compare (§13.7).

use checkers::params::{CheckerKind, CheckerParams, LoggedFailures, UdpCheck, UdpReply};
use checkers::{Failure, Outcome};

use crate::scene::{Scene, checker, expect, real, virtual_server};

fn udp(reply: UdpReply) -> CheckerParams {
    let endpoint = checker().kind.endpoint().expect("it uses a socket").clone();
    let kind = CheckerKind::Udp(UdpCheck { endpoint, payload: UdpCheck::PAYLOAD.to_vec(), reply });
    CheckerParams { kind: kind.into(), failures: LoggedFailures::Every, ..checker() }
}

#[test]
fn failures_have_their_words_and_a_new_pattern_keeps_a_server_out() {
    let with = |reply| virtual_server(1, 0, &[real(2, 1, [udp(reply)])]);
    let mut scene = Scene::start(with(UdpReply::Any));
    scene.passes(0);
    assert!(scene.take().contains(&"UDP connection to [10.0.0.2]:tcp:80 success.".to_owned()));
    scene.probed(0, 0, Outcome::Failed(Failure::Reply));
    expect(&scene.take(), &["UDP check to [10.0.0.2]:tcp:80 reply data mismatch."]);
    scene.fails(0);
    assert_eq!(scene.details, ["UDP connect error 111 - Connection refused"]);
    let said = scene.take();
    expect(
        &said[..2],
        &[
            "UDP connection to [10.0.0.2]:tcp:80 failed.",
            "UDP_CHECK on service [10.0.0.2]:tcp:80 failed after 1 retries.",
        ],
    );
    assert!(said.last().unwrap().ends_with("DOWN: => UDP CHECK failed on service <="), "{said:?}");
    scene.reload(&[with(UdpReply::Optional)]);
    assert_eq!(scene.pool(), "");
    scene.take();
    scene.passes(0);
    assert!(scene.take().last().unwrap().ends_with("UP: => UDP CHECK succeed on service <="));
}
