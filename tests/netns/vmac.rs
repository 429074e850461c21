//! Interfaces that the daemon makes: virtual MAC addresses, what leaves by them, and what keeps the machine right around them.

use lab::{
    Dice, Mark, Node, Outcome, Seen, eventually,
    pair::{Cast, ELECTION, Pair},
    throughout,
};
use std::{
    io::ErrorKind,
    net::TcpStream,
    time::{Duration, SystemTime},
};

const MAC: &str = "00:00:5e:00:01:32";

fn config(priority: u8, more: &str) -> String {
    format!(
        "vrrp_instance VI_1 {{
            interface eth1
            virtual_router_id 50
            priority {priority}
            use_vmac
            {more}
            virtual_ipaddress {{
                172.16.0.205/24
                172.16.0.206/24
            }}
        }}\n"
    )
}

fn link(node: &Node) -> Option<String> {
    node.ip("-details -oneline link show dev vrrp.50").ok()
}

fn number(node: &Node) -> Option<String> {
    Some(link(node)?.split(':').next()?.to_owned())
}

fn holds(node: &Node) -> bool {
    node.ip("address show dev vrrp.50").is_ok_and(|text| text.contains("172.16.0.206/24"))
}

fn becomes_master(node: &Node) -> Outcome {
    eventually("the addresses on the VMAC", ELECTION, || holds(node).then_some(()))
}

fn parameters(node: &Node, interface: &str, names: &[&str]) -> Outcome<Vec<String>> {
    names
        .iter()
        .map(|name| {
            let path = format!("/proc/sys/net/{}", name.replacen("conf/", &format!("conf/{interface}/"), 1));
            Ok(node.run("cat", &[&path])?.trim().to_owned())
        })
        .collect()
}

pub(crate) fn a_vmac_carries_addresses_and_adverts_and_is_taken_away_at_the_end(cast: &Cast) -> Outcome {
    const OF_VMAC: [&str; 5] = [
        "ipv4/conf/arp_ignore",
        "ipv4/conf/accept_local",
        "ipv4/conf/rp_filter",
        "ipv4/conf/promote_secondaries",
        "ipv6/conf/disable_ipv6",
    ];
    const OF_BASE: [&str; 2] = ["ipv4/conf/arp_ignore", "ipv4/conf/arp_filter"];
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    node.sysctl("net.ipv4.conf.all.rp_filter", "2")?;
    let before = parameters(node, "eth1", &OF_BASE)?;
    let start = SystemTime::now();
    let mut one = pair.one.start_with(&config(200, ""))?;
    becomes_master(node)?;

    let text = link(node).unwrap_or_default();
    assert!(text.contains("vrrp.50@eth1") && text.contains(MAC), "{text}");
    assert!(text.contains("macvlan mode private") && text.contains("addrgenmode none"), "{text}");
    assert_eq!(parameters(node, "vrrp.50", &OF_VMAC)?, ["1", "1", "0", "1", "1"]);
    assert_eq!(parameters(node, "eth1", &OF_BASE)?, ["1", "1"]);
    assert_eq!(parameters(node, "all", &["ipv4/conf/rp_filter"])?, ["0"]);
    assert_eq!(parameters(node, "default", &["ipv4/conf/rp_filter"])?, ["2"]);
    pair.capture.wait_advert(pair.one.address, start, ELECTION)?;
    eventually("frames from the virtual MAC address", ELECTION, || {
        let frames = pair.capture.frames();
        let of_vmac = || frames.iter().filter(|frame| frame.source == [0, 0, 0x5e, 0, 1, 50]);
        let adverts = of_vmac().filter(|frame| matches!(frame.seen, Seen::Advert { .. })).count();
        let arps = of_vmac().filter(|frame| matches!(frame.seen, Seen::GratuitousArp { .. })).count();
        (adverts >= 2 && arps == 10).then_some(())
    })?;

    one.stop()?;
    assert_eq!(link(node), None);
    assert_eq!(parameters(node, "eth1", &OF_BASE)?, before);
    assert_eq!(parameters(node, "all", &["ipv4/conf/rp_filter"])?, ["2"]);
    Ok(())
}

pub(crate) fn a_vmac_somebody_deletes_is_made_again_and_the_router_recovers(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let one = pair.one.start_with(&config(200, ""))?;
    becomes_master(node)?;
    let mark = one.journal().mark();
    node.ip("link delete dev vrrp.50")?;
    one.journal().wait(mark, "(VI_1) Entering FAULT STATE", ELECTION)?;
    one.journal().wait(mark, "(VI_1) Entering BACKUP STATE", ELECTION)?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
    becomes_master(node)?;
    assert!(link(node).is_some_and(|text| text.contains(MAC)));
    Ok(())
}

pub(crate) fn a_vmac_comes_and_goes_with_the_interface_below(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let text = format!("global_defs {{\n dynamic_interfaces\n}}\n{}", config(200, ""));
    let one = pair.one.start_with(&text)?;
    becomes_master(node)?;
    let mark = one.journal().mark();
    node.ip("link set dev eth1 down")?;
    node.ip("link set dev eth1 name eth9")?;
    one.journal().wait(mark, "(VI_1) Entering FAULT STATE", ELECTION)?;
    node.ip("link set dev eth9 name eth1")?;
    node.ip("link set dev eth1 up")?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
    becomes_master(node)
}

pub(crate) fn a_vmac_left_by_a_killed_daemon_is_used_again(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let mut one = pair.one.start_with(&config(200, ""))?;
    becomes_master(node)?;
    one.cut();
    let before = number(node);
    assert!(before.is_some());
    let mut one = pair.one.start_with(&config(200, ""))?;
    one.logs("(VI_1) Found matching interface vrrp.50", ELECTION)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    becomes_master(node)?;
    assert_eq!(number(node), before);
    one.stop()?;
    assert_eq!(link(node), None);
    Ok(())
}

/// The kernel puts the second macvlan beside the first, on the interface below both.
pub(crate) fn a_vmac_on_a_macvlan_is_made_once_and_becomes_master(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    for words in [
        "link add link eth1 name mv0 type macvlan mode bridge",
        "link set mv0 up",
        "address flush dev eth1",
        "address add 172.16.0.1/24 dev mv0",
    ] {
        node.ip(words)?;
    }
    let mut one = pair.one.start_with(&config(200, "").replace("eth1", "mv0"))?;
    becomes_master(node)?;
    assert!(link(node).is_some_and(|text| text.contains("vrrp.50@eth1") && text.contains(MAC)));
    for interface in ["mv0", "eth1"] {
        assert_eq!(parameters(node, interface, &["ipv4/conf/arp_ignore"])?, ["1"], "{interface}");
    }
    let first = number(node);
    // The state of the interface below both is that of the VMAC.
    let mark = one.journal().mark();
    node.unplug("eth1")?;
    one.journal().wait(mark, "(VI_1) Entering FAULT STATE", ELECTION)?;
    node.plug("eth1")?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
    assert_eq!(number(node), first);
    let told = one.journal().since(Mark::default());
    assert!(!told.iter().any(|line| line.text.contains("incompatible")), "{told:?}");
    one.stop()?;
    assert_eq!(link(node), None);
    Ok(())
}

pub(crate) fn a_reload_makes_a_new_routers_vmac_before_the_router_starts(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let one = pair.one.start_with(&config(200, ""))?;
    becomes_master(node)?;
    let watch = node.watch_addresses()?;
    let more = config(200, "").replace("VI_1", "VI_2").replace("router_id 50", "router_id 51");
    let more = more.replace("172.16.0.20", "172.16.0.21");
    one.write_config(&format!("{}{more}", config(200, "")))?;
    let mark = one.journal().mark();
    one.reload()?;
    one.journal().wait(mark, "(VI_2) Entering MASTER STATE", ELECTION)?;
    let told = one.journal().since(mark);
    assert!(!told.iter().any(|line| line.text.contains("FAULT")), "{told:?}");
    one.write_config(&config(200, ""))?;
    one.reload()?;
    eventually("the end of the second VMAC", ELECTION, || {
        node.ip("link show dev vrrp.51").is_err().then_some(())
    })?;
    let lost: Vec<String> = watch
        .changes()
        .into_iter()
        .filter(|line| line.starts_with("Deleted") && line.contains("vrrp.50"))
        .collect();
    assert_eq!(lost, Vec::<String>::new());
    Ok(())
}

pub(crate) fn packets_to_addresses_that_are_not_accepted_are_dropped_while_they_are_held(
    cast: &Cast,
) -> Outcome {
    let pair = Pair::new(cast)?;
    let (node, other) = (&pair.one.node, &pair.two.node);
    let text = config(200, "no_accept").replace("use_vmac", "");
    let mut one = pair.one.start_with(&text)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    let rules = || node.run("nft", &["list", "ruleset"]);
    eventually("the filter", ELECTION, || rules().ok()?.contains("172.16.0.206").then_some(()))?;
    // A closed port is refused by the machine, unless the packet never gets that far.
    let ask = |address: &str| -> Outcome<ErrorKind> {
        let to = format!("{address}:9").parse()?;
        let answer = other.enter(|| TcpStream::connect_timeout(&to, Duration::from_secs(1)))?;
        Ok(answer.err().map_or(ErrorKind::Other, |error| error.kind()))
    };
    assert_eq!(ask("172.16.0.1")?, ErrorKind::ConnectionRefused);
    assert_eq!(ask("172.16.0.205")?, ErrorKind::TimedOut);
    one.stop()?;
    assert_eq!(rules()?, "");
    Ok(())
}

pub(crate) fn membership_reports_never_bear_the_virtual_mac_address(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let one = pair.one.start_with(&config(200, ""))?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    becomes_master(node)?;
    let frames = pair.capture.frames();
    let reports = || frames.iter().filter(|frame| frame.seen == Seen::MembershipReport);
    assert!(reports().count() > 0, "the group must be joined");
    assert!(reports().all(|frame| frame.source[..5] != [0, 0, 0x5e, 0, 1]), "{frames:?}");
    let rules = node.run("nft", &["list", "ruleset"])?;
    assert!(rules.contains("\"vrrp.50\" : \"eth1\""), "{rules}");
    assert!(rules.contains("dup to ip daddr device oif map @vmac_map drop"), "{rules}");
    Ok(())
}

pub(crate) fn a_vmac_with_a_mac_address_of_its_own_is_filtered_like_any_other(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let text = config(200, "").replace("use_vmac", "use_vmac vrrp.50 02:11:22:33:44");
    let mut one = pair.one.start_with(&text)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    becomes_master(node)?;
    assert!(link(node).is_some_and(|text| text.contains("02:11:22:33:44:32")));
    assert_eq!(parameters(node, "eth1", &["ipv4/conf/arp_ignore", "ipv4/conf/arp_filter"])?, ["1", "1"]);
    let rules = node.run("nft", &["list", "ruleset"])?;
    assert!(rules.contains("\"vrrp.50\" : \"eth1\""), "{rules}");
    let frames = pair.capture.frames();
    let reports = || frames.iter().filter(|frame| frame.seen == Seen::MembershipReport);
    assert!(reports().count() > 0, "the group must be joined");
    assert!(reports().all(|frame| frame.source[..5] != [2, 0x11, 0x22, 0x33, 0x44]), "{frames:?}");
    one.stop()?;
    Ok(())
}

pub(crate) fn a_filter_that_others_flush_or_change_is_put_back_and_theirs_is_left_alone(
    cast: &Cast,
) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let nft = |words: &str| node.run("nft", &words.split(' ').collect::<Vec<_>>());
    let mut one = pair.one.start_with(&config(200, "no_accept"))?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    let ours = || nft("-s list table ip keepalived");
    let is_whole = |text: &str| text.contains("172.16.0.206") && text.contains("vmac_map");
    let before = eventually("the filter", ELECTION, || ours().ok().filter(|text| is_whole(text)))?;
    let changes = [
        "flush ruleset",
        "delete table ip keepalived",
        "flush chain ip keepalived in",
        "delete element ip keepalived vips { 172.16.0.205 }",
        "add rule ip keepalived in accept",
    ];
    for change in changes {
        nft(change)?;
        nft("add table ip theirs")?;
        nft("add chain ip theirs c")?;
        eventually(change, ELECTION, || (ours().ok()? == before).then_some(()))?;
        assert!(nft("list ruleset")?.contains("table ip theirs"), "{change}");
    }
    // What was put back was never taken for a change by others, in all the seconds that this took.
    let told = one.journal().since(Mark::default());
    let told = told.iter().filter(|line| line.text.contains("was changed by others")).count();
    assert_eq!(told, changes.len());
    one.stop()?;
    assert!(!nft("list ruleset")?.contains("keepalived"));
    Ok(())
}

pub(crate) fn a_filter_larger_than_what_netlink_keeps_is_put_in_force_once_and_put_back_once(
    cast: &Cast,
) -> Outcome {
    const ADDRESSES: usize = 12_000;
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let all: String =
        (0..ADDRESSES).map(|one| format!("172.18.{}.{}/32 dev lo\n", one / 250, one % 250 + 1)).collect();
    let text = format!(
        "vrrp_instance VI_1 {{\n interface eth1\n virtual_router_id 50\n priority 200\n no_accept\n \
         virtual_ipaddress {{\n 172.16.0.205/24\n }}\n virtual_ipaddress_excluded {{\n{all} }}\n}}\n"
    );
    let mut one = pair.one.start_with(&text)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    let is_whole = || {
        let table = node.run("nft", &["list", "table", "ip", "keepalived"]).ok()?;
        (table.matches("172.18.").count() == ADDRESSES).then_some(())
    };
    eventually("the filter", 3 * ELECTION, is_whole)?;
    let still = Duration::from_secs(3);
    throughout("the filter", still, || is_whole().is_some())?;
    node.run("nft", &["delete", "table", "ip", "keepalived"])?;
    eventually("the filter again", 3 * ELECTION, is_whole)?;
    // A table that is put in force once more has another number.
    let number = || {
        let text = node.run("nft", &["--handle", "--terse", "list", "table", "ip", "keepalived"]).ok()?;
        text.lines().next().map(str::to_owned)
    };
    let first = number();
    assert!(first.as_ref().is_some_and(|line| line.contains("handle")), "{first:?}");
    throughout("the same filter", still, || number() == first)?;
    one.stop()?;
    Ok(())
}

pub(crate) fn an_interface_that_vanishes_and_returns_at_any_moment_ends_with_a_master(
    cast: &Cast,
) -> Outcome {
    const TIMES: usize = 60;
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let make = "link add extra0 type veth peer name extra1\nlink set extra1 up\nlink set extra0 up\n\
                address add 10.9.0.1/24 dev extra0\n";
    std::fs::write(node.outside("/run/make"), make)?;
    node.run("ip", &["-batch", "/run/make"])?;
    let router = |number: u8, more: &str| {
        format!(
            "vrrp_instance VI_{number} {{\n interface extra0\n version 3\n advert_int 0.01\n virtual_router_id {number}\n \
             priority 200\n {more}\n virtual_ipaddress {{\n 10.9.{number}.1/24\n }}\n \
             virtual_routes {{\n 10.8.{number}.0/24 dev extra0\n }}\n}}\n"
        )
    };
    let text = format!("global_defs {{\n dynamic_interfaces\n}}\n{}{}", router(1, ""), router(2, "use_vmac"));
    let mut one = pair.one.start_with(&text)?;
    one.logs("(VI_2) Entering MASTER STATE", ELECTION)?;
    let worker = one.vrrp_worker();
    let mut dice = Dice::new(3);
    for _ in 0..TIMES {
        node.ip("link delete extra0")?;
        // Some return while the loss is worked on, and some vanish while routers are made or are masters.
        let _ = eventually("a moment", Duration::from_millis(dice.roll(80)), || None::<()>);
        node.run("ip", &["-batch", "/run/make"])?;
        let _ = eventually("a moment", Duration::from_millis(dice.roll(150)), || None::<()>);
    }
    eventually("all addresses and routes", 3 * ELECTION, || {
        let addresses = node.ip("-4 -oneline address show").ok()?;
        let routes = node.ip("-4 route show proto keepalived").ok()?;
        let all = [1, 2].iter().all(|number| {
            addresses.contains(&format!("10.9.{number}.1/24"))
                && routes.contains(&format!("10.8.{number}.0/24"))
        });
        all.then_some(())
    })?;
    assert_eq!(one.vrrp_worker(), worker, "the same worker");
    one.stop()?;
    assert_eq!(node.ip("-oneline link show type macvlan")?, "");
    assert!(!node.ip("-4 address show")?.contains("10.9.1.1"));
    Ok(())
}
