//! `ha_suspend` (checkers.md §11).

use std::net::IpAddr;

use checkers::params::VirtualServerParams;
use checkers::{CheckerId, Spread};

use crate::scene::{REFUSED, Scene, checker, expect, real, virtual_server};

const VIP: [u8; 4] = [10, 1, 0, 1];
const ID: CheckerId = CheckerId { service: 0, server: 0, checker: 0 };

fn params() -> VirtualServerParams {
    let only_with = Some(vec![(VIP.into(), VIP.into()), ([10, 1, 7, 1].into(), [10, 1, 7, 9].into())]);
    VirtualServerParams { only_with, ..virtual_server(1, 0, &[real(2, 1, [checker()]), real(3, 1, [])]) }
}

/// Addresses come or go; what rests is forgotten and what begins is planned.
fn moved(scene: &mut Scene, here: &[IpAddr]) {
    let is_here = |first, last| here.iter().any(|addr| (first..=last).contains(addr));
    let mut actions = Vec::new();
    let moved = scene.director.moved(scene.now, is_here, || Spread::from_bits(0), &mut actions);
    scene.planned.retain(|id, _| !moved.suspended.contains(id));
    scene.planned.extend(moved.resumed);
    scene.carry_out(actions);
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

    moved(&mut scene, &[VIP.into()]);
    expect(
        &scene.take(),
        &["Activating healthchecker for service [10.0.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80"],
    );
    scene.fails(0);
    assert_eq!(scene.pool(), ".3=1");
    scene.take();

    moved(&mut scene, &[]);
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
    moved(&mut scene, &[[10, 1, 7, 5].into()]);
    moved(&mut scene, &[[10, 1, 7, 5].into(), VIP.into()]);
    moved(&mut scene, &[VIP.into()]);
    assert!(scene.planned.contains_key(&ID));
    moved(&mut scene, &[[10, 1, 7, 10].into()]);
    assert!(scene.planned.is_empty());
}

#[test]
fn a_reload_keeps_them_resting() {
    let mut scene = Scene::start(params()).quiet();
    moved(&mut scene, &[]);
    scene.take();
    scene.reload(&[params()]);
    expect(
        &scene.take(),
        &["Deactivating healthchecker for service [10.0.0.2]:tcp:80 for VS [10.1.0.1]:tcp:80"],
    );
    assert!(scene.planned.is_empty());
    moved(&mut scene, &[VIP.into()]);
    scene.probed(0, 0, REFUSED);
    assert_eq!(scene.pool(), ".3=1");
}
