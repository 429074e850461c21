//! What a reload keeps and what it changes (checkers.md §13).

use checkers::params::{CheckerParams, RealServerParams, SorryParams, VirtualServerParams, WhenDown};
use checkers::{EntryId, Farewell, Outcome, Protocol, VirtualServerId, Welcome};

use crate::scene::{Scene, alpha, checker, elsewhere, expect, inhibited, real, sorry, virtual_server};

fn one(server: RealServerParams) -> VirtualServerParams {
    virtual_server(1, 0, &[server])
}

/// A server that is up and known to be.
fn up() -> Scene {
    let mut scene = Scene::start(one(real(2, 1, [checker()])));
    scene.passes(0);
    scene.take();
    scene
}

/// A server that was found dead.
fn down() -> Scene {
    let mut scene = Scene::start(one(real(2, 1, [checker()])));
    scene.fails(0);
    scene.take();
    scene
}

#[test]
fn the_same_configuration_changes_nothing_and_says_nothing() {
    let mut scene = up();
    scene.reload(&[one(real(2, 1, [checker()]))]);
    expect(&scene.take(), &[]);
    assert_eq!(scene.pool(), ".2=1");
    let mut scene = down();
    scene.reload(&[one(real(2, 1, [checker()]))]);
    expect(&scene.take(), &[]);
    assert_eq!(scene.pool(), "");
}

/// §28.4
#[test]
fn another_weight_is_one_line_and_one_change() {
    let mut scene = up();
    scene.reload(&[one(real(2, 5, [checker()]))]);
    expect(
        &scene.take(),
        &[
            "Changing weight from 1 to 5 for active service [10.0.0.2]:tcp:80 of VS [10.1.0.1]:tcp:80",
            "pool .2=5",
        ],
    );
}

#[test]
fn a_server_that_is_down_stays_out_whatever_else_changes() {
    let mut scene = down();
    scene.reload(&[one(real(2, 5, [checker()]))]);
    assert_eq!(scene.pool(), "");
    scene.reload(&[one(inhibited(real(2, 5, [checker()])))]);
    assert_eq!(scene.pool(), ".2=0");
    scene.reload(&[one(real(2, 5, [checker()]))]);
    assert_eq!(scene.pool(), "");
}

/// Where the original puts it back until the new check fails (§13.8).
#[test]
fn a_failed_server_does_not_come_back_untested_when_its_check_is_changed() {
    let mut scene = down();
    scene.reload(&[one(real(2, 1, [elsewhere(checker(), 81)]))]);
    assert_eq!(scene.pool(), "");
    scene.take();
    scene.passes(0);
    expect(
        &scene.take()[..2],
        &[
            "TCP connection to [10.0.0.2]:tcp:80 success.",
            "Adding service [10.0.0.2]:tcp:80 to VS [10.1.0.1]:tcp:80",
        ],
    );
    assert_eq!(scene.pool(), ".2=1");
}

#[test]
fn a_failed_server_whose_checks_are_taken_away_serves() {
    let mut scene = down();
    scene.reload(&[one(real(2, 1, []))]);
    expect(
        &scene.take()[..2],
        &[
            "Adding service [10.0.0.2]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 UP",
        ],
    );
    assert_eq!(scene.pool(), ".2=1");
}

#[test]
fn a_new_check_of_a_server_that_is_up_is_given_its_retries() {
    let mut scene = up();
    scene.reload(&[one(real(2, 1, [elsewhere(alpha(), 81)]))]);
    assert_eq!(scene.pool(), ".2=1");
    scene.fails(0);
    assert_eq!(scene.pool(), ".2=1");
    scene.fails(0);
    assert_eq!(scene.pool(), "");
}

#[test]
fn failures_counted_so_far_are_kept_up_to_the_new_retry() {
    let patient = CheckerParams { retry: 5, ..checker() };
    let mut scene = Scene::start(one(real(2, 1, [patient.clone()])));
    scene.passes(0);
    for _ in 0..3 {
        scene.fails(0);
    }
    scene.reload(&[one(real(2, 1, [CheckerParams { retry: 1, ..patient }]))]);
    assert_eq!(scene.pool(), ".2=1");
    scene.fails(0);
    assert_eq!(scene.pool(), "");
}

#[test]
fn a_new_server_serves_at_once_unless_it_is_alpha() {
    let mut scene = up();
    scene.reload(&[virtual_server(
        1,
        0,
        &[real(2, 1, [checker()]), real(3, 1, [checker()]), real(4, 1, [alpha()])],
    )]);
    assert_eq!(scene.pool(), ".2=1 .3=1");
    scene.take();
    scene.fails(2);
    expect(&scene.take(), &[]);
}

#[test]
fn a_server_that_is_gone_is_told_and_the_quorum_weighed() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, [checker()]), real(3, 1, [checker()])]));
    scene.take();
    scene.reload(&[virtual_server(1, 0, &[real(3, 1, [checker()])])]);
    expect(
        &scene.take()[..4],
        &[
            "service [10.0.0.2]:tcp:80 no longer exist",
            "Removing service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 DOWN",
            "mail Realserver [10.0.0.2]:tcp:80 of virtual server [10.1.0.1]:tcp:80 - DOWN: => Removing <=",
        ],
    );
    assert_eq!(scene.pool(), ".3=1");
}

#[test]
fn a_virtual_server_that_is_gone_takes_everything_along() {
    let mut scene = up();
    scene.reload(&[]);
    expect(
        &scene.take(),
        &[
            "Removing Virtual Server [10.1.0.1]:tcp:80",
            "Removing service [10.0.0.2]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "notify RS [10.0.0.2]:tcp:80 [10.1.0.1]:tcp:80 DOWN",
            "mail Realserver [10.0.0.2]:tcp:80 of virtual server [10.1.0.1]:tcp:80 - DOWN: => Removing <=",
            "notify VS [10.1.0.1]:tcp:80 DOWN",
            "mail Virtualserver [10.1.0.1]:tcp:80 - DOWN: => Lost quorum 1+0=1 <= 0 <=",
        ],
    );
    assert!(scene.director.services().is_empty());
}

/// §13.12
#[test]
fn a_quorum_that_the_reload_raised_is_lost_in_the_words_of_the_start() {
    let mut scene = Scene::start(virtual_server(1, 0, &[real(2, 1, []), real(3, 1, [])])).quiet();
    scene.take();
    let params = virtual_server(4, 1, &[real(2, 1, []), real(3, 1, [])]);
    scene.reload(&[VirtualServerParams { sorry: sorry(9), ..params }]);
    expect(
        &scene.take(),
        &[
            "Starting with quorum down 4-1=3 > 2 for VS [10.1.0.1]:tcp:80",
            "Adding sorry server [10.0.0.9]:tcp:80 to VS [10.1.0.1]:tcp:80",
            "Removing alive servers from the pool for VS [10.1.0.1]:tcp:80",
            "pool .9=1",
        ],
    );
}

#[test]
fn another_sorry_server_takes_over_from_the_one_in_use() {
    let params = |last| VirtualServerParams { sorry: last, ..one(real(2, 1, [checker()])) };
    let mut scene = Scene::start(params(sorry(9))).quiet();
    scene.fails(0);
    scene.take();
    scene.reload(&[params(sorry(8))]);
    expect(
        &scene.take()[..2],
        &[
            "Removing sorry server [10.0.0.9]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "Starting with quorum down 1-0=1 > 0 for VS [10.1.0.1]:tcp:80",
        ],
    );
    assert_eq!(scene.pool(), ".8=1");
    scene.reload(&[params(None)]);
    expect(
        &scene.take(),
        &[
            "Removing sorry server [10.0.0.8]:tcp:80 from VS [10.1.0.1]:tcp:80",
            "Adding alive servers to the pool for VS [10.1.0.1]:tcp:80",
        ],
    );
    assert_eq!(scene.pool(), "");
}

#[test]
fn virtual_servers_are_recognised_wherever_they_stand_in_the_file() {
    let mut scene = down();
    let other =
        VirtualServerParams { id: VirtualServerId::FwMark { mark: 5, ipv6: false }, ..one(real(7, 1, [])) };
    scene.reload(&[other, one(real(2, 1, [checker()]))]);
    assert_eq!(scene.director.services()[1].pool(), []);
    assert_eq!(scene.pool(), ".7=1");
    scene.reload(&[one(real(2, 1, [checker()]))]);
    assert_eq!(scene.pool(), "");
    scene.probed(0, 0, Outcome::Passed);
    assert_eq!(scene.pool(), ".2=1");
}

/// §13.12
#[test]
fn lines_that_a_group_lost_or_got_are_told() {
    let group = |last: u8, marks: &[u32]| {
        let mut entries = vec![EntryId::Addresses {
            first: [10, 1, 7, 1].into(),
            last: Some([10, 1, 7, last].into()),
            protocol: Protocol::Tcp,
            port: 80,
        }];
        entries.extend(marks.iter().map(|mark| EntryId::FwMark(*mark)));
        let id = VirtualServerId::Group { name: "WEB".into(), nth: 0, protocol: Protocol::Tcp };
        VirtualServerParams { id, entries, ..one(real(2, 1, [])) }
    };
    let mut scene = Scene::start(group(2, &[3]));
    scene.take();
    scene.reload(&[group(3, &[4])]);
    expect(
        &scene.take(),
        &[
            "VS [[10.1.7.1]:tcp:80-10.1.7.2] in group WEB no longer exists",
            "VS [3] in group WEB no longer exists",
            "VS [[10.1.7.1]:tcp:80-10.1.7.3] added into group WEB",
            "VS [FWM 4] added into group WEB",
        ],
    );
}

/// A virtual server behind this mark.
fn marked(mark: u32, servers: &[RealServerParams]) -> VirtualServerParams {
    let id = VirtualServerId::FwMark { mark, ipv6: false };
    VirtualServerParams { id, ..virtual_server(1, 0, servers) }
}

/// As the original's lines come: by the old order who is gone, by the new one what became of the others.
#[test]
fn first_everything_is_told_that_is_no_more_then_what_became_of_the_rest() {
    let before = [
        marked(1, &[real(2, 1, []), real(3, 1, [])]),
        marked(2, &[real(4, 1, [])]),
        marked(3, &[real(5, 1, []), real(6, 1, [])]),
    ];
    let mut scene = Scene::start_with(before.to_vec(), Welcome::Silent).quiet();
    scene.take();
    let after = [marked(3, &[real(6, 1, [])]), marked(4, &[real(7, 1, [])]), marked(1, &[real(2, 9, [])])];
    scene.reload(&after);
    let lines: Vec<String> = scene.take().into_iter().filter(|line| !line.starts_with("pool")).collect();
    expect(
        &lines,
        &[
            "service [10.0.0.3]:tcp:80 no longer exist",
            "Removing service [10.0.0.3]:tcp:80 from VS FWM 1",
            "Removing Virtual Server FWM 2",
            "Removing service [10.0.0.4]:tcp:80 from VS FWM 2",
            "service [10.0.0.5]:tcp:80 no longer exist",
            "Removing service [10.0.0.5]:tcp:80 from VS FWM 3",
            "Gained quorum 1+0=1 <= 1 for VS FWM 4",
            "Changing weight from 1 to 9 for active service [10.0.0.2]:tcp:80 of VS FWM 1",
        ],
    );
}

/// `rs_init_notifies`, §3.7
#[test]
fn new_servers_that_are_up_are_told_before_their_quorum_if_that_is_wanted() {
    let first = marked(1, &[real(2, 1, []), real(3, 1, [alpha()])]);
    let notices = |scene: &mut Scene| -> Vec<String> {
        scene.take().into_iter().filter(|line| line.starts_with("notify")).collect()
    };
    let mut scene = Scene::start_with(vec![first], Welcome::Told);
    let wanted = ["notify RS [10.0.0.2]:tcp:80 FWM 1 UP", "notify VS FWM 1 UP"];
    expect(&notices(&mut scene), &wanted);
    let second = [
        marked(1, &[real(2, 1, []), real(3, 1, [alpha()]), real(4, 1, []), real(5, 1, [alpha()])]),
        marked(2, &[real(6, 1, [])]),
    ];
    scene.reload_with(&second, Welcome::Told, Farewell::EachServer);
    expect(
        &notices(&mut scene),
        &[
            "notify RS [10.0.0.4]:tcp:80 FWM 1 UP",
            "notify RS [10.0.0.6]:tcp:80 FWM 2 UP",
            "notify VS FWM 2 UP",
        ],
    );
}

/// §13.3
#[test]
fn where_services_leave_as_a_whole_a_reload_does_not_mention_their_servers_either() {
    let mut scene = up();
    scene.reload_with(&[], Welcome::Silent, Farewell::ServicesOnly);
    expect(&scene.take(), &["Removing Virtual Server [10.1.0.1]:tcp:80"]);
}

#[test]
fn the_virtual_server_of_a_group_that_stays_keeps_what_it_knows_when_the_one_before_it_goes() {
    let group = |nth, protocol| {
        let id = VirtualServerId::Group { name: "DNS".into(), nth, protocol };
        VirtualServerParams { id, ..one(real(2, 1, [checker()])) }
    };
    let both = vec![group(0, Protocol::Udp), group(1, Protocol::Tcp)];
    let mut scene = Scene::start_with(both, Welcome::Silent);
    scene.fails(0);
    scene.take();
    scene.reload(&[group(0, Protocol::Tcp), group(1, Protocol::Udp)]);
    let said = scene.take();
    assert!(said.iter().all(|line| line.starts_with("Activating")), "{said:?}");
    scene.reload(&[group(0, Protocol::Udp)]);
    assert_eq!(scene.take()[0], "Removing Virtual Server Group [DNS]");
    assert_eq!(scene.pool(), "");
}

/// §13.11
#[test]
fn an_inhibited_sorry_server_that_is_gone_is_told_as_removed_whether_it_served_or_not() {
    let inhibited = |last| {
        let sorry = sorry(last).map(|sorry| SorryParams { when_unused: WhenDown::Inhibit, ..sorry });
        VirtualServerParams { sorry, ..one(real(2, 1, [checker()])) }
    };
    let mut scene = Scene::start(inhibited(9)).quiet();
    scene.passes(0);
    scene.take();
    scene.reload(&[inhibited(8)]);
    expect(&scene.take(), &["Removing sorry server [10.0.0.9]:tcp:80 from VS [10.1.0.1]:tcp:80"]);
    assert_eq!(scene.pool(), ".2=1 .8=0");
    scene.fails(0);
    scene.fails(0);
    scene.take();
    scene.reload(&[inhibited(7)]);
    assert_eq!(scene.take()[0], "Removing sorry server [10.0.0.8]:tcp:80 from VS [10.1.0.1]:tcp:80");
    assert_eq!(scene.pool(), ".7=1");
}
