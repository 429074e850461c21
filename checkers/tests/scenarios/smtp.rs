//! `SMTP_CHECK` counts its retries differently (checkers.md §4.1, §4.3) and says why it failed (§19.4).

use checkers::params::{CheckerKind, CheckerParams, SmtpCheck};
use checkers::smtp::Fault;
use checkers::{Failure, Outcome};

use crate::scene::{Scene, checker, expect, real, secs, virtual_server};

const BANNER: Outcome = Outcome::Failed(Failure::Smtp(Fault::Greeting));

fn smtp() -> CheckerParams {
    let endpoint = checker().kind.endpoint().expect("it uses a socket").clone();
    CheckerParams {
        kind: CheckerKind::Smtp(SmtpCheck { endpoint, helo_name: "lb1".into() }).into(),
        ..checker()
    }
}

#[test]
fn retries_are_made_at_the_start_and_while_down_and_the_mail_has_the_reason() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [smtp()])]));
    scene.take();
    scene.probed(0, 0, BANNER);
    expect(&scene.take(), &[]);
    assert_eq!(scene.until(0, 0), secs(1));
    scene.probed(0, 0, BANNER);
    let said = scene.take();
    expect(
        &said[..2],
        &[
            "SMTP_CHECK Bad greeting banner from server [10.0.0.2]:80",
            "Removing service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
        ],
    );
    assert_eq!(
        said.last().unwrap(),
        "mail Realserver [10.0.0.2]:tcp:80 of virtual server [10.1.0.1]:tcp:80 - DOWN: \
         => CHECK failed on service : Bad greeting banner from server [10.0.0.2]:80 <="
    );
    for wait in [1, 2, 1, 2] {
        scene.probed(0, 0, Outcome::Failed(Failure::ConnectTimeout));
        assert_eq!(scene.until(0, 0), secs(wait));
    }
    expect(&scene.take(), &[]);
    scene.passes(0);
    let said = scene.take();
    assert_eq!(said[0], "Remote SMTP server [10.0.0.2]:tcp:80 succeed on service.");
    assert!(said.last().unwrap().ends_with("UP: => CHECK succeed on service <="), "{said:?}");
}

/// §19.4. Where another address is asked than the real server's, only this text names the latter.
#[test]
fn an_unreachable_network_is_told_with_the_real_server_that_it_concerns() {
    let mut check = smtp();
    let CheckerKind::Smtp(inner) = &*check.kind else { unreachable!("it is one") };
    let mut inner = inner.clone();
    inner.endpoint.dest = "10.9.9.9:25".parse().unwrap();
    check.kind = CheckerKind::Smtp(inner).into();
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [check])]));
    let mut told = |errno| {
        scene.passes(0);
        scene.take();
        scene.probed(0, 0, Outcome::Failed(Failure::Connect(errno)));
        scene.probed(0, 0, Outcome::Failed(Failure::Connect(errno)));
        let said = scene.take();
        (said[0].clone(), said.last().unwrap().clone())
    };
    let (line, mail) = told(101);
    assert_eq!(line, "SMTP_CHECK Network unreachable for server 10.9.9.9 - real server [10.0.0.2]:80");
    assert!(
        mail.ends_with("Network unreachable for server 10.9.9.9 - real server [10.0.0.2]:80 <="),
        "{mail}"
    );
    assert_eq!(told(111).0, "SMTP_CHECK Could not connect to server [10.9.9.9]:25");
}
