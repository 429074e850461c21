//! `FILE_CHECK` (checkers.md §24).

use checkers::params::{CheckerKind, CheckerParams, FileCheck};
use checkers::{Event, Settlement};

use crate::scene::{Scene, checker, expect, real, sorry, virtual_server};
use checkers::params::VirtualServerParams;

fn file(weight: i32, value: i32) -> CheckerParams {
    let (name, path) = ("load".to_owned(), "/run/load".into());
    let check = FileCheck { name, path, weight, reverse: false, value };
    CheckerParams { kind: CheckerKind::File(check).into(), ..checker() }
}

fn reads(scene: &mut Scene, checker: usize, value: i32) {
    scene.tell(Event::FileRead { server: 0, checker, value });
}

/// §28.6
#[test]
fn the_number_is_added_to_the_weight_and_a_weight_of_zero_stays_in_service() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 2, [file(1, 0)]), real(3, 1, [])])).quiet();
    scene.take();
    assert_eq!(scene.pool(), ".2=2 .3=1");
    reads(&mut scene, 0, -1);
    reads(&mut scene, 0, -2);
    reads(&mut scene, 0, 1);
    let changed = |from, to| {
        format!(
            "Changing weight from {from} to {to} for active service [10.0.0.2]:tcp:80 of VS [10.1.0.1]:tcp:80"
        )
    };
    expect(
        &scene.take(),
        &[
            &changed(2, 1),
            "pool .2=1 .3=1",
            &changed(1, 0),
            "pool .2=0 .3=1",
            &changed(0, 3),
            "pool .2=3 .3=1",
        ],
    );
}

#[test]
fn a_fault_takes_the_server_out_without_a_mail_and_its_end_brings_it_back() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 2, [file(0, 0)]), real(3, 1, [])]));
    scene.take();
    reads(&mut scene, 0, 5);
    expect(
        &scene.take(),
        &[
            "Removing service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "pool .3=1",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 DOWN",
        ],
    );
    reads(&mut scene, 0, 4);
    expect(&scene.take(), &[]);
    reads(&mut scene, 0, 0);
    expect(
        &scene.take(),
        &[
            "Adding service [10.0.0.2]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "pool .2=2 .3=1",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 UP",
        ],
    );
    assert_eq!(
        scene.details,
        [
            "([10.0.0.2]:tcp:80): tracked file load now FAULT state",
            "([10.0.0.2]:tcp:80): tracked file load leaving FAULT state"
        ]
    );
}

#[test]
fn what_the_file_says_counts_from_the_start() {
    let faulty = Scene::start(virtual_server(1, 0, &[real(2, 2, [file(0, 1)])]));
    assert_eq!(faulty.pool(), "");
    let heavy = Scene::start(virtual_server(1, 0, &[real(2, 2, [file(3, 4)])]));
    assert_eq!(heavy.pool(), ".2=14");
    // A fault takes its own weight along, not that of others.
    let mut both = Scene::start(virtual_server(1, 0, &[real(2, 2, [file(3, 4), file(-1, 1)])]));
    assert_eq!(both.pool(), ".2=13");
    reads(&mut both, 1, i32::MIN);
    assert_eq!(both.pool(), ".2=2147483647");
}

#[test]
fn a_weight_alone_can_lose_the_quorum() {
    let params = virtual_server(3, 0, &[real(2, 2, [file(1, 1)])]);
    let mut scene = Scene::start(VirtualServerParams { sorry: sorry(9), ..params }).quiet();
    assert_eq!(scene.pool(), ".2=3");
    scene.take();
    reads(&mut scene, 0, 0);
    assert_eq!(scene.pool(), ".9=1");
    reads(&mut scene, 0, 2);
    assert_eq!(scene.pool(), ".2=4");
}

#[test]
fn a_reload_reads_the_file_anew() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 2, [file(1, 0)]), real(3, 1, [])]));
    reads(&mut scene, 0, 7);
    scene.reload(&[virtual_server(1, 0, &[real(2, 2, [file(1, 7)]), real(3, 1, [])])]);
    assert_eq!(scene.pool(), ".2=9 .3=1");
    scene.reload(&[virtual_server(1, 0, &[real(2, 2, [file(0, 7)]), real(3, 1, [])])]);
    assert_eq!(scene.pool(), ".3=1");
}

/// It is not asked again, so there is no later moment at which it could be tried again.
#[test]
fn a_fault_that_the_kernel_refuses_to_carry_out_is_one_all_the_same() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 2, [file(0, 0)])]));
    scene.kernel = Settlement::Refused;
    reads(&mut scene, 0, 1);
    assert_eq!(scene.pool(), "");
}
