//! Virtual MAC addresses in numbers, on other interfaces than a cable's, and of IPv6.

use lab::{
    Node, Outcome, Seen, eventually,
    pair::{Cast, ELECTION, Pair},
    throughout,
};
use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    time::{Duration, SystemTime},
};

/// Nothing here takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(90);

const MAC: [u8; 6] = [0, 0, 0x5e, 0, 1, 50];

fn links(node: &Node) -> Outcome<String> {
    node.ip("-details -oneline link show type macvlan")
}

fn addresses(node: &Node, interface: &str) -> String {
    node.ip(&format!("-oneline address show dev {interface}")).unwrap_or_default()
}

pub(crate) fn a_vmac_on_a_bridge_carries_addresses_and_adverts(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    for words in [
        "link add br0 type bridge forward_delay 0",
        "link set br0 up",
        "address flush dev eth1",
        "link set eth1 master br0",
        "address add 172.16.0.1/24 dev br0",
    ] {
        node.ip(words)?;
    }
    let mut one = pair.one.start_with(
        "vrrp_instance VI_1 {\n interface br0\n virtual_router_id 50\n priority 200\n use_vmac\n \
         virtual_ipaddress {\n 172.16.0.205/24\n }\n}\n",
    )?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    eventually("the address on the VMAC", ELECTION, || {
        addresses(node, "vrrp.50").contains("172.16.0.205/24").then_some(())
    })?;
    assert!(links(node)?.contains("vrrp.50@br0"), "{}", links(node)?);
    eventually("adverts and announcements through the bridge", ELECTION, || {
        let frames = pair.capture.frames();
        let of_vmac = || frames.iter().filter(|frame| frame.source == MAC);
        let has_advert = of_vmac().any(|frame| matches!(frame.seen, Seen::Advert { .. }));
        let has_arp = of_vmac().any(|frame| matches!(frame.seen, Seen::GratuitousArp { .. }));
        (has_advert && has_arp).then_some(())
    })?;
    one.stop()?;
    assert_eq!(links(node)?, "");
    Ok(())
}

pub(crate) fn addresses_on_other_interfaces_have_vmacs_of_their_own(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    for words in ["link add extra0 type veth peer name extra1", "link set extra0 up", "link set extra1 up"] {
        node.ip(words)?;
    }
    let mut one = pair.one.start_with(
        "vrrp_instance VI_1 {\n interface eth1\n virtual_router_id 50\n priority 200\n use_vmac_addr\n \
         virtual_ipaddress {\n 172.16.0.205/24\n 172.16.9.205/24 dev extra0\n }\n}\n",
    )?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    eventually("each address at its place", ELECTION, || {
        let there = addresses(node, "eth1").contains("172.16.0.205/24")
            && addresses(node, "vrrp.50").contains("172.16.9.205/24");
        there.then_some(())
    })?;
    let all = links(node)?;
    assert!(all.contains("vrrp.50@extra0") && all.contains("00:00:5e:00:01:32"), "{all}");
    assert_eq!(all.lines().count(), 1, "{all}");
    pair.advert_of(&pair.one, SystemTime::now())?;
    let is_advert = |seen| matches!(seen, Seen::Advert { vrid: 50, .. });
    let frames = pair.capture.frames();
    assert!(
        frames.iter().all(|frame| !is_advert(frame.seen) || frame.source != MAC),
        "adverts are the base's"
    );
    one.stop()?;
    assert_eq!(links(node)?, "");
    Ok(())
}

pub(crate) fn an_ipv6_vmac_speaks_from_a_copy_of_the_address_below(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let below = eventually("the address of the link", ELECTION, || {
        let text = node.ip("-oneline -6 address show dev eth1 scope link -tentative").ok()?;
        Some(text.split_whitespace().nth(3)?.to_owned())
    })?;
    let mut one = pair.one.start_with(
        "vrrp_instance VI_6 {\n interface eth1\n virtual_router_id 50\n priority 200\n use_vmac\n advert_int 0.2\n \
         virtual_ipaddress {\n fe80::50/64\n 2001:db8::50/64\n }\n}\n",
    )?;
    one.logs("(VI_6) Entering MASTER STATE", ELECTION)?;
    eventually("the addresses on the VMAC", ELECTION, || {
        addresses(node, "vrrp.50").contains("2001:db8::50/64").then_some(())
    })?;
    let all = addresses(node, "vrrp.50");
    assert!(links(node)?.contains("00:00:5e:00:02:32"), "{}", links(node)?);
    assert!(all.contains(&below) && all.contains("fe80::50/64"), "{below} among {all}");
    eventually("the announcement of both", ELECTION, || {
        let frames = pair.capture.frames();
        let mac = [0, 0, 0x5e, 0, 2, 50];
        let announced: BTreeSet<String> = frames
            .iter()
            .filter(|frame| frame.source == mac)
            .filter_map(|frame| match frame.seen {
                Seen::NeighbourAdvert { address, .. } => Some(address.to_string()),
                Seen::Advert { .. }
                | Seen::GratuitousArp { .. }
                | Seen::Bfd { .. }
                | Seen::MembershipReport => None,
            })
            .collect();
        let both = ["2001:db8::50", "fe80::50"].map(str::to_owned);
        both.iter().all(|address| announced.contains(address)).then_some(())
    })?;
    let mark = one.journal().mark();
    node.ip("address add fe80::5/64 dev eth1 nodad")?;
    node.ip(&format!("address delete {below} dev eth1"))?;
    eventually("the copy of another address", ELECTION, || {
        let all = addresses(node, "vrrp.50");
        (all.contains("fe80::5/64") && !all.contains(&below)).then_some(())
    })?;
    throughout("the master's addresses", Duration::from_secs(1), || {
        addresses(node, "vrrp.50").contains("2001:db8::50/64")
    })?;
    let told = one.journal().since(mark);
    assert!(!told.iter().any(|line| line.text.contains("FAULT")), "{told:?}");
    one.stop()?;
    assert_eq!(links(node)?, "");
    Ok(())
}

pub(crate) fn an_ipv6_vmac_has_an_address_where_there_is_none_below_and_changes_it_in_silence(
    cast: &Cast,
) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    node.sysctl("net.ipv6.conf.eth1.addr_gen_mode", "1")?;
    node.ip("-6 address flush dev eth1")?;
    node.ip("link set eth1 down")?;
    node.ip("link set eth1 address 02:00:00:00:00:0a")?;
    node.ip("link set eth1 up")?;
    let one = pair.one.start_with(
        "vrrp_instance VI_6 {\n interface eth1\n virtual_router_id 50\n priority 200\n use_vmac\n advert_int 0.2\n \
         virtual_ipaddress {\n fe80::50/64\n }\n}\n",
    )?;
    one.logs("(VI_6) Entering MASTER STATE", ELECTION)?;
    assert!(addresses(node, "vrrp.50").contains("fe80::ff:fe00:a/64"), "{}", addresses(node, "vrrp.50"));
    assert!(!addresses(node, "eth1").contains("fe80::"), "{}", addresses(node, "eth1"));
    let mark = one.journal().mark();
    let has = |address: &str| addresses(node, "vrrp.50").contains(address);
    node.ip("address add fe80::5/64 dev eth1 nodad")?;
    eventually("the address below", ELECTION, || {
        (has("fe80::5/64") && !has("fe80::ff:fe00:a")).then_some(())
    })?;
    node.ip("address add fe80::6/64 dev eth1 nodad")?;
    node.ip("address delete fe80::5/64 dev eth1")?;
    eventually("the other address", ELECTION, || (has("fe80::6/64") && !has("fe80::5/64")).then_some(()))?;
    let told = one.journal().since(mark);
    assert!(!told.iter().any(|line| line.text.contains("STATE")), "{told:?}");
    Ok(())
}

pub(crate) fn two_hundred_vmacs_come_through_the_loss_of_their_link(cast: &Cast) -> Outcome {
    const COUNT: u8 = 200;
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let config: String = (1..=COUNT)
        .map(|number| {
            format!(
                "vrrp_instance VI_{number} {{\n interface eth1\n virtual_router_id {number}\n priority 200\n use_vmac\n \
                 virtual_ipaddress {{\n 10.7.{number}.1/24\n }}\n}}\n"
            )
        })
        .collect();
    let one = pair.one.start_with(&config)?;
    let held = || Some(node.ip("-oneline -4 address show").ok()?.matches(" 10.7.").count());
    eventually("two hundred masters", PATIENCE, || (held()? == usize::from(COUNT)).then_some(()))?;
    let mark = one.journal().mark();
    node.unplug("eth1")?;
    eventually("two hundred faults", PATIENCE, || (held()? == 0).then_some(()))?;
    node.plug("eth1")?;
    eventually("two hundred masters again", PATIENCE, || (held()? == usize::from(COUNT)).then_some(()))?;
    let told = one.journal().since(mark);
    for number in 1..=COUNT {
        let words = format!("(VI_{number}) Entering ");
        let states: Vec<&str> = told.iter().filter_map(|line| line.text.split(&words).nth(1)).collect();
        assert_eq!(states, ["FAULT STATE", "BACKUP STATE", "MASTER STATE"], "VI_{number}");
    }
    assert_eq!(links(node)?.lines().count(), usize::from(COUNT));
    Ok(())
}

/// A kernel without the statement answers so; here a tool stands between that answers in its place.
pub(crate) fn where_packets_cannot_be_duplicated_the_interface_below_joins_the_group(cast: &Cast) -> Outcome {
    const SHIM: &str = "#!/bin/sh\ntext=$(cat)\ncase $text in *'dup to'*) \
                        echo 'Error: Could not process rule: No such file or directory' >&2; exit 1;; esac\n\
                        echo \"$text\" | exec /usr/sbin/nft \"$@\"\n";
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let path = node.outside("/usr/local/sbin/nft");
    fs::write(&path, SHIM)?;
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    let mut one = pair.one.start_with(
        "vrrp_instance VI_1 {\n interface eth1\n virtual_router_id 50\n priority 200\n use_vmac\n \
         virtual_ipaddress {\n 172.16.0.205/24\n }\n}\n",
    )?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    one.logs("reports of VMACs are dropped, and the interfaces below join the groups", ELECTION)?;
    let groups = || node.ip("-oneline maddress show dev eth1");
    eventually("the group below", ELECTION, || groups().ok()?.contains("224.0.0.18").then_some(()))?;
    let rules = node.run("/usr/sbin/nft", &["list", "ruleset"])?;
    assert!(rules.contains("oif @vmac_set drop"), "{rules}");
    eventually("reports from below alone", ELECTION, || {
        let frames = pair.capture.frames();
        let mut reports = frames.iter().filter(|frame| frame.seen == Seen::MembershipReport).peekable();
        (reports.peek().is_some() && reports.all(|frame| frame.source != MAC)).then_some(())
    })?;
    one.stop()?;
    assert!(!groups()?.contains("224.0.0.18"));
    Ok(())
}

pub(crate) fn a_router_of_the_same_number_on_another_link_takes_nobodys_vmac(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    node.ip("link add extra0 type veth peer name extra1")?;
    node.ip("address add 172.17.0.1/24 dev extra0")?;
    node.ip("link set extra0 up")?;
    node.ip("link set extra1 up")?;
    let router = |name: &str, interface: &str, address: &str| {
        format!(
            "vrrp_instance {name} {{\n interface {interface}\n virtual_router_id 51\n use_vmac\n advert_int 1\n \
             virtual_ipaddress {{\n {address}/24\n }}\n}}\n"
        )
    };
    let old = router("VI_1", "eth1", "172.16.0.205");
    let new = router("VI_0", "extra0", "172.17.0.205");
    let one = pair.one.start_with(&old)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    let mark = one.journal().mark();
    // Before it, and then behind it: neither is a reason to give anything away.
    one.write_config(&(new.clone() + &old))?;
    one.reload()?;
    one.journal().wait(mark, "(VI_0) Entering MASTER STATE", ELECTION)?;
    let swapped = one.journal().mark();
    one.write_config(&(old + &new))?;
    one.reload()?;
    one.journal().wait(swapped, "Reload complete", ELECTION)?;
    let names = || {
        let held = |name: &str, address: &str| {
            node.ip(&format!("address show dev {name}")).is_ok_and(|text| text.contains(address))
        };
        held("vrrp.51", "172.16.0.205/24") && held("vrrp1.51", "172.17.0.205/24")
    };
    throughout("each on its own interface", Duration::from_secs(4), names)?;
    let told = one.journal().since(mark);
    assert!(!told.iter().any(|line| line.text.contains("FAULT")), "{told:?}");
    Ok(())
}
