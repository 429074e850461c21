//! What becomes of track lines.

use vrrp::track::{Object, Tracked, Weight};

use crate::plan::tests::whole;

fn interface(name: &str, value: i16) -> Tracked {
    Tracked { object: Object::Interface(name.into()), weight: Weight { value, reverse: false } }
}

#[test]
fn what_is_needed_stays_needed_and_other_interfaces_weigh() {
    let (plan, _) = whole(
        "vrrp_instance V {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n 10.0.0.1 dev eth1\n }\n \
         track_interface {\n eth1 weight 7\n lo weight -9\n }\n}",
    );
    assert_eq!(
        plan.vrrp.instances[0].params.track,
        [interface("eth0", 0), interface("eth1", 0), interface("lo", -9)]
    );
}

#[test]
fn a_line_of_the_group_wins_over_a_weighted_one_and_counts_for_every_member() {
    let (plan, said) = whole(
        "vrrp_instance V {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n 10.0.0.1\n }\n \
         track_interface {\n lo weight 5\n eth1\n }\n}\n\
         vrrp_instance W {\n interface eth0\n virtual_router_id 2\n virtual_ipaddress {\n 10.0.0.2\n }\n}\n\
         vrrp_sync_group G {\n group {\n V\n W\n }\n sync_group_tracking_weight\n \
         track_interface {\n lo weight 7\n eth1 weight 8\n }\n}",
    );
    let track = |at: usize| &plan.vrrp.instances[at].params.track[1..];
    assert_eq!(track(0), [interface("lo", 7), interface("eth1", 0)]);
    assert_eq!(track(1), [interface("lo", 7), interface("eth1", 8)]);
    let line = "(V) track_interface lo is configured on VRRP instance and sync group. \
                Remove vrrp instance or sync group config";
    assert!(said.iter().any(|one| one == line), "{said:?}");
}
