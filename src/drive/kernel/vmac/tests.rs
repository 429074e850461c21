use super::*;

const MAC: [u8; 6] = [0, 0, 0x5e, 0, 1, 50];

/// The number of no interface on this machine.
const NOBODYS: u32 = 2_000_000_007;

fn link(index: u32, name: &str, kind: LinkKind, below: Option<u32>) -> Link {
    Link { index, name: name.to_owned(), kind, below, hardware: 1, ..Link::default() }
}

fn made(index: u32, below: u32) -> Link {
    Link { mac: Some(MAC), ..link(index, "vrrp.50", LinkKind::PrivateMacvlan, Some(below)) }
}

fn vmac(kind: Kind) -> Vmac {
    Vmac {
        instance: "VI_1".to_owned(),
        name: "vrrp.50".to_owned(),
        base: "eth0".to_owned(),
        kind,
        family: Family::Ipv4,
        group: None,
        notify_base: false,
        settings: Vec::new(),
        address: None,
        link_local: None,
    }
}

#[test]
fn a_vmac_stands_on_its_base_or_beside_a_base_that_is_a_macvlan() {
    let vmac = vmac(Kind::Macvlan { mac: MAC });
    let cable = link(2, "eth0", LinkKind::Other, None);
    let macvlan = link(3, "eth0", LinkKind::OtherMacvlan, Some(2));
    let ipvlan = link(3, "eth0", LinkKind::Ipvlan, Some(2));
    let vlan = link(3, "eth0", LinkKind::Other, Some(2));
    assert!(is(&made(7, 2), &vmac, &cable));
    assert!(is(&made(7, 2), &vmac, &macvlan));
    assert!(is(&made(7, 3), &vmac, &vlan));
    assert!(!is(&made(7, 2), &vmac, &vlan));
    assert!(!is(&made(7, 2), &vmac, &ipvlan));
    assert!(!is(&made(7, 4), &vmac, &macvlan));
    let other_mac = Link { mac: Some([2, 0, 0, 0, 0, 1]), ..made(7, 2) };
    assert!(!is(&other_mac, &vmac, &macvlan));
}

#[test]
fn an_ipvlan_stands_beside_a_base_that_is_one() {
    let vmac = vmac(Kind::Ipvlan { flags: 0 });
    let base = link(3, "eth0", LinkKind::Ipvlan, Some(2));
    assert!(is(&link(7, "vrrp.50", LinkKind::Ipvlan, Some(2)), &vmac, &base));
    let macvlan = link(3, "eth0", LinkKind::OtherMacvlan, Some(2));
    assert!(!is(&link(7, "vrrp.50", LinkKind::Ipvlan, Some(2)), &vmac, &macvlan));
}

/// In a container the number of the interface below is one of another network namespace.
#[test]
fn a_number_counts_in_its_own_network_namespace() {
    let vmac = vmac(Kind::Macvlan { mac: MAC });
    let outside = |link: Link| Link { below_in: Some(0), ..link };
    let base = outside(link(2, "eth0", LinkKind::OtherMacvlan, Some(5)));
    assert!(is(&outside(made(7, 5)), &vmac, &base));
    assert!(!is(&made(7, 5), &vmac, &base));
    assert!(!is(&outside(made(7, 2)), &vmac, &base));
}

#[test]
fn what_was_made_and_is_not_as_wanted_is_told_of_and_left_alone_until_it_changes() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut requests = Requests::open().expect("a socket");
        let mut mirror = Mirror::default();
        mirror.apply(&Report::Link(link(2, "eth0", LinkKind::Other, None)));
        mirror.apply(&Report::Link(made(NOBODYS, 9)));
        let mut vmacs = Vmacs::default();
        vmacs.want_more(vec![vmac(Kind::Macvlan { mac: MAC })]);
        vmacs.examine(&[Built { index: NOBODYS, below: None }], &mirror);
        assert_eq!(vmacs.unlike.len(), 1);
        assert!(vmacs.build_missing(&mut requests, &mirror).await.is_empty());
        mirror.apply(&Report::Link(made(NOBODYS, 2)));
        let built = vmacs.build_missing(&mut requests, &mirror).await;
        assert_eq!(built.iter().map(|one| one.index).collect::<Vec<_>>(), [NOBODYS]);
    });
}

#[test]
fn a_link_local_address_is_built_from_a_mac_address() {
    let address = link_local_of([0x2e, 0x04, 0xa5, 0xa8, 0xc9, 0xab]);
    assert_eq!(address.to_string(), "fe80::2c04:a5ff:fea8:c9ab");
}
