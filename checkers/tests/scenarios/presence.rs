//! `ha_suspend` (checkers.md §11).

use checkers::CheckerId;
use checkers::params::VirtualServerParams;

use crate::scene::{REFUSED, Scene, checker, expect, real, virtual_server};

const VIP: [u8; 4] = [10, 1, 0, 1];
const ID: CheckerId = CheckerId { service: 0, server: 0, checker: 0 };

fn params() -> VirtualServerParams {
    let only_with = Some(vec![(VIP.into(), VIP.into()), ([10, 1, 7, 1].into(), [10, 1, 7, 9].into())]);
    VirtualServerParams { only_with, ..virtual_server(1, 0, &[real(2, 1, [checker()]), real(3, 1, [])]) }
}

#[test]
fn without_its_address_servers_stay_as_they_are_and_nobody_checks() {
    let mut scene = Scene::start(params()).quiet();
    scene.director.place(|_, _| false);
    scene.take();
    scene.arm();
    expect(
        &scene.take(),
        &["Deactivating healthchecker for service [10.0.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80"],
    );
    assert!(scene.planned.is_empty());
    assert_eq!(scene.pool(), ".2=1 .3=1");

    scene.moved(&[VIP.into()]);
    expect(
        &scene.take(),
        &["Activating healthchecker for service [10.0.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80"],
    );
    scene.fails(0);
    assert_eq!(scene.pool(), ".3=1");
    scene.take();

    scene.moved(&[]);
    expect(
        &scene.take(),
        &["Suspending healthchecker for service [10.0.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80"],
    );
    assert!(scene.planned.is_empty());
    // What was under way comes too late.
    scene.planned.insert(ID, scene.now);
    scene.probed(0, 0, checkers::Outcome::Passed);
    assert_eq!(scene.pool(), ".3=1");
}

#[test]
fn any_address_of_a_group_will_do_and_one_of_others_is_not_heard() {
    let mut scene = Scene::start(params());
    scene.moved(&[[10, 1, 7, 5].into()]);
    scene.moved(&[[10, 1, 7, 5].into(), VIP.into()]);
    scene.moved(&[VIP.into()]);
    assert!(scene.planned.contains_key(&ID));
    scene.moved(&[[10, 1, 7, 10].into()]);
    assert!(scene.planned.is_empty());
}

#[test]
fn a_reload_keeps_them_resting() {
    let mut scene = Scene::start(params()).quiet();
    scene.moved(&[]);
    scene.take();
    scene.reload(&[params()]);
    expect(
        &scene.take(),
        &["Deactivating healthchecker for service [10.0.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80"],
    );
    assert!(scene.planned.is_empty());
    scene.moved(&[VIP.into()]);
    scene.probed(0, 0, REFUSED);
    assert_eq!(scene.pool(), ".3=1");
}
