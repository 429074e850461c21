//! The end (checkers.md §14).

use checkers::Farewell;
use checkers::params::{AtStop, VirtualServerParams};

use crate::scene::{Scene, checker, expect, inhibited, real, virtual_server};

#[test]
fn with_omega_servers_that_were_up_and_the_quorum_are_told() {
    let servers = [real(2, 1, [checker()]), inhibited(real(3, 1, [checker()]))];
    let mut scene =
        Scene::start(VirtualServerParams { at_stop: AtStop::Tell, ..virtual_server(1, 0, &servers) });
    scene.fails(1);
    scene.take();
    expect(
        &scene.stop(),
        &[
            "Shutting down service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 DOWN",
            "mail Realserver [10.0.0.2]:tcp:80 of virtual server [10.1.0.1]:tcp:80 - DOWN: => Shutting down <=",
            "Shutting down (inhibited) service [10.0.0.3]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "notify VS [10.1.0.1]:tcp:80 DOWN",
            "mail Virtualserver [10.1.0.1]:tcp:80 - DOWN: => Shutting down <=",
        ],
    );
}

#[test]
fn without_omega_nobody_is_told() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [])]));
    scene.take();
    expect(&scene.stop(), &["Shutting down service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80"]);
}

/// §12.5
#[test]
fn where_services_are_flushed_their_servers_are_not_mentioned() {
    let params = VirtualServerParams { at_stop: AtStop::Tell, ..virtual_server(1, 0, &[real(2, 1, [])]) };
    let mut scene = Scene::start(params);
    scene.take();
    expect(
        &scene.stop_with(Farewell::ServicesOnly),
        &[
            "notify VS [10.1.0.1]:tcp:80 DOWN",
            "mail Virtualserver [10.1.0.1]:tcp:80 - DOWN: => Shutting down <=",
        ],
    );
}
