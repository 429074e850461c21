use super::super::tests::on;
use super::*;

/// A machine with a cable `eth0` and these.
fn machine(others: &[(&str, LinkKind)]) -> System {
    let link = |(index, (name, kind)): (u32, (&str, LinkKind))| {
        let hardware = 1;
        (name.to_owned(), Link { index, name: name.to_owned(), kind, hardware, ..Link::default() })
    };
    let all = std::iter::once(("eth0", LinkKind::Other)).chain(others.iter().copied());
    let links: BTreeMap<String, Link> = (1..).zip(all).map(link).collect();
    System { interfaces: links.keys().cloned().collect(), links, ..System::default() }
}

/// The names of the interfaces that are made, and what was said on the way.
fn names(text: &'static str, system: &System) -> (Vec<String>, Vec<String>) {
    let (plan, said) = on(text, system);
    let own = said.into_iter().filter(|line| line.contains("name")).collect();
    (plan.vrrp.standing.vmacs.into_iter().map(|vmac| vmac.name).collect(), own)
}

#[test]
fn a_name_that_an_earlier_instance_has_is_ignored() {
    let text = "vrrp_instance V1 {\n interface eth0\n virtual_router_id 61\n use_vmac same\n}\n\
                vrrp_instance V2 {\n interface eth0\n virtual_router_id 62\n use_vmac same\n}\n";
    let said = "(keepalived.conf: Line 9) (V2) VRRP instance V1 is already using same - ignoring name";
    let (made, complaints) = names(text, &machine(&[]));
    assert_eq!(made, ["same", "vrrp.62"]);
    assert_eq!(complaints, [said]);
    // As after a start.
    assert_eq!(names(text, &machine(&[("same", LinkKind::PrivateMacvlan)])).0, ["same", "vrrp.62"]);
}

#[test]
fn a_name_of_an_interface_of_another_kind_is_ignored() {
    let vmac = "vrrp_instance V1 {\n interface eth0\n virtual_router_id 54\n use_vmac dm0\n}\n";
    let not_private = "(keepalived.conf: Line 4) (V1) interface dm0 already exists and is not a private macvlan; \
                       ignoring vmac if_name";
    for kind in [LinkKind::Other, LinkKind::OtherMacvlan, LinkKind::Ipvlan] {
        let (made, said) = names(vmac, &machine(&[("dm0", kind)]));
        assert_eq!((&made[..], &said[..]), (&["vrrp.54".to_owned()][..], &[not_private.to_owned()][..]));
    }
    let ipvlan = "vrrp_instance V1 {\n interface eth0\n virtual_router_id 54\n use_ipvlan dm0 10.0.0.7\n}\n";
    let (made, said) = names(ipvlan, &machine(&[("dm0", LinkKind::Other)]));
    assert_eq!(made, ["vrrp.54"]);
    assert_eq!(
        said,
        [
            "(keepalived.conf: Line 4) (V1) interface dm0 already exists and is not an l2 ipvlan; ignoring ipvlan if_name"
        ]
    );
    assert_eq!(names(ipvlan, &machine(&[("dm0", LinkKind::Ipvlan)])).0, ["dm0"]);
    // Nor is a name taken that nobody gave.
    assert_eq!(
        names(ipvlan, &machine(&[("dm0", LinkKind::Other), ("vrrp.54", LinkKind::Other)])).0,
        ["vrrp1.54"]
    );
}

#[test]
fn a_router_keeps_its_interface_whoever_comes_before_it() {
    let router = |name: &str, interface: &str| {
        format!("vrrp_instance {name} {{\n interface {interface}\n virtual_router_id 51\n use_vmac\n}}\n")
    };
    let (old, new) = (router("V1", "eth0"), router("V0", "eth1"));
    let mut system = machine(&[("eth1", LinkKind::Other), ("vrrp.51", LinkKind::PrivateMacvlan)]);
    let eth0 = system.links["eth0"].index;
    let vmac = system.links.get_mut("vrrp.51").expect("it is there");
    (vmac.mac, vmac.below) = (Some([0, 0, 0x5e, 0, 1, 51]), Some(eth0));
    let told = |text: String| names(text.leak(), &system).0;
    assert_eq!(told(new.clone() + &old), ["vrrp1.51", "vrrp.51"]);
    assert_eq!(told(old + &new), ["vrrp.51", "vrrp1.51"]);
}

/// The parameters of other interfaces than VMACs, and whether anything is filtered.
fn around(text: &'static str, system: &System) -> (Vec<String>, bool) {
    let (plan, _) = on(text, system);
    let standing = plan.vrrp.standing;
    (standing.settings.into_iter().map(|one| one.key).collect(), standing.firewall.is_some())
}

#[test]
fn a_mac_address_of_ones_own_does_not_hide_the_family() {
    let own = "global_defs {\n disable_local_igmp\n}\n\
               vrrp_instance V1 {\n interface eth0\n virtual_router_id 54\n use_vmac vv 02:11:22:33:02:44\n \
               virtual_ipaddress {\n 10.0.0.54\n }\n}\n";
    let (settings, is_filtered) = around(own, &machine(&[]));
    for name in ["arp_filter", "arp_ignore"] {
        assert!(settings.contains(&format!("net/ipv4/conf/eth0/{name}")), "{settings:?}");
    }
    assert!(!is_filtered, "IPv4 reports are not sent");
    let own6 = "global_defs {\n disable_local_igmp\n}\n\
                vrrp_instance V1 {\n interface eth0\n virtual_router_id 54\n use_vmac vv 02:11:22:33:01:44\n \
                virtual_ipaddress {\n fe80::54\n }\n}\n";
    let (settings, is_filtered) = around(own6, &machine(&[]));
    assert!(!settings.iter().any(|key| key.contains("eth0")), "{settings:?}");
    assert!(is_filtered);
}

#[test]
fn what_is_below_a_macvlan_does_not_answer_for_a_vmac_beside_it() {
    let text = "vrrp_instance V1 {\n interface mv0\n virtual_router_id 54\n use_vmac\n \
                virtual_ipaddress {\n 10.0.0.54\n }\n}\n";
    let mut machine = machine(&[("mv0", LinkKind::OtherMacvlan)]);
    let below = machine.links["eth0"].index;
    machine.links.get_mut("mv0").expect("it is there").below = Some(below);
    let of_eth0 = |settings: Vec<String>| settings.iter().filter(|key| key.contains("/eth0/")).count();
    assert_eq!(of_eth0(around(text, &machine).0), 2);
    // In a container the number is one of another network namespace.
    machine.links.get_mut("mv0").expect("it is there").below_in = Some(0);
    assert_eq!(of_eth0(around(text, &machine).0), 0);
}

/// A tunnel has no MAC address; the router stays in FAULT for want of its interface.
#[test]
fn a_base_that_is_not_ethernet_is_told_of_and_nothing_is_made_on_it() {
    let text = "vrrp_instance V1 {\n interface tun0\n virtual_router_id 54\n use_vmac\n}\n";
    let mut machine = machine(&[("tun0", LinkKind::Other)]);
    assert_eq!(on(text, &machine).0.vrrp.standing.vmacs.len(), 1);
    machine.links.get_mut("tun0").expect("it is there").hardware = 0xfffe;
    let (plan, said) = on(text, &machine);
    let told = "(V1): vmacs are only supported on Ethernet type interfaces";
    assert_eq!(said.iter().filter(|line| *line == told).count(), 1, "{said:?}");
    assert!(plan.vrrp.standing.vmacs.is_empty());
    assert!(plan.vrrp.instances[0].interfaces().any(|name| name == "vrrp.54"));
}
