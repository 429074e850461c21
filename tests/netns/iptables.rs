//! Rules of iptables and sets of ipset, where the configuration asks for them and iptables is not nftables in disguise.

use lab::{
    Node, Outcome, eventually,
    pair::{Cast, ELECTION, Pair},
};
use std::os::unix::fs::symlink;

/// The program that has all of the old iptables in it.
const LEGACY: &str = "/usr/sbin/xtables-legacy-multi";

/// On this node the old iptables comes first in the path.
fn prefer_legacy(node: &Node) -> Outcome {
    for name in ["iptables", "ip6tables", "iptables-restore", "ip6tables-restore"] {
        symlink(LEGACY, node.outside(format!("/usr/local/sbin/{name}")))?;
    }
    Ok(())
}

fn config(global: &str) -> String {
    format!(
        "global_defs {{\n {global}\n}}\n\
         vrrp_instance VI_1 {{\n interface eth1\n virtual_router_id 50\n priority 200\n use_vmac\n no_accept\n \
         virtual_ipaddress {{\n 172.16.0.205/24\n 172.16.0.206/24\n }}\n}}\n\
         vrrp_instance VI_6 {{\n interface eth1\n virtual_router_id 51\n priority 200\n no_accept\n \
         virtual_ipaddress {{\n fe80::51/64\n 2001:db8::51/64\n }}\n}}\n"
    )
}

/// The rules of both families that a tool shows, without the policies.
fn rules(node: &Node) -> Outcome<Vec<String>> {
    let mut all = Vec::new();
    for tool in ["iptables", "ip6tables"] {
        let text = node.run(&format!("/usr/sbin/{tool}-legacy"), &["-S"])?;
        all.extend(text.lines().filter(|line| line.starts_with("-A")).map(str::to_owned));
    }
    Ok(all)
}

/// The members of a set.
fn members(node: &Node, set: &str) -> Option<Vec<String>> {
    let text = node.run("ipset", &["list", set]).ok()?;
    let mut all: Vec<String> =
        text.lines().skip_while(|line| *line != "Members:").skip(1).map(str::to_owned).collect();
    all.sort();
    Some(all)
}

pub(crate) fn sets_hold_the_addresses_that_are_not_accepted_and_go_at_the_end(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    prefer_legacy(node)?;
    let foreign = ["-A", "INPUT", "-s", "198.51.100.1/32", "-j", "DROP"];
    node.run("/usr/sbin/iptables-legacy", &foreign)?;
    let mut one = pair.one.start_with(&config("vrrp_iptables"))?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    one.logs("(VI_6) Entering MASTER STATE", ELECTION)?;
    eventually("the addresses in their sets", ELECTION, || {
        let is_full = members(node, "keepalived")? == ["172.16.0.205", "172.16.0.206"]
            && members(node, "keepalived6")? == ["2001:db8::51"]
            && members(node, "keepalived_if6")? == ["fe80::51,eth1"]
            && members(node, "keepalived_igmp")? == ["224.0.0.0/4,vrrp.50"];
        is_full.then_some(())
    })?;
    let marked = |rule: &str| rule.replace(" -j", " -m comment --comment keepalived -j");
    let v4 = [
        "-A OUTPUT -p igmp -m set --match-set keepalived_igmp dst,dst -j DROP",
        "-A INPUT -m set --match-set keepalived dst -j DROP",
        "-A OUTPUT -m set --match-set keepalived src -j DROP",
    ];
    let seen = rules(node)?;
    for rule in v4 {
        assert!(seen.contains(&marked(rule)), "{rule} among {seen:#?}");
    }
    let of_ipv6: Vec<&String> =
        seen.iter().filter(|rule| rule.contains("keepalived6") || rule.contains("_if6")).collect();
    assert_eq!(of_ipv6.len(), 12, "{seen:#?}");
    assert!(of_ipv6[2].ends_with("DROP") && of_ipv6[2].contains("keepalived_if6 dst,src"), "{seen:#?}");
    one.stop()?;
    assert_eq!(rules(node)?, ["-A INPUT -s 198.51.100.1/32 -j DROP"]);
    assert_eq!(node.run("ipset", &["list", "-name"])?, "");
    Ok(())
}

pub(crate) fn without_sets_each_address_has_its_rules_and_those_of_a_killed_daemon_are_replaced(
    cast: &Cast,
) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    prefer_legacy(node)?;
    let text = config("vrrp_iptables INPUT OUTPUT\n vrrp_ipsets");
    let dropped = |address: &str| format!("-A INPUT -d {address} -m comment --comment keepalived -j DROP");
    let is_closed = || {
        let rules = rules(node).ok()?;
        let all = ["172.16.0.205/32", "172.16.0.206/32", "2001:db8::51/128"];
        all.iter().all(|address| rules.contains(&dropped(address))).then_some(rules)
    };
    let mut one = pair.one.start_with(&text)?;
    let before = eventually("the rules", ELECTION, is_closed)?;
    one.cut();
    let mut one = pair.one.start_with(&text)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    one.logs("(VI_6) Entering MASTER STATE", ELECTION)?;
    let mut after = eventually("the rules again", ELECTION, is_closed)?;
    let mut before = before;
    before.sort();
    after.sort();
    assert_eq!(after, before, "none twice");
    one.stop()?;
    assert_eq!(rules(node)?, Vec::<String>::new());
    Ok(())
}

pub(crate) fn a_chain_that_is_not_there_is_named_and_nothing_is_filtered(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    prefer_legacy(node)?;
    let one = pair.one.start_with(&config("vrrp_iptables MINE"))?;
    one.logs("iptables chain MINE doesn't exist", ELECTION)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    assert_eq!(rules(node)?, Vec::<String>::new());
    Ok(())
}

/// As on today's Debian.
pub(crate) fn iptables_that_is_nftables_in_disguise_is_not_used(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    symlink("/usr/sbin/xtables-nft-multi", node.outside("/usr/local/sbin/iptables"))?;
    let one = pair.one.start_with(&config("vrrp_iptables"))?;
    one.logs("Not using iptables since iptables uses nf_tables - please update configuration", ELECTION)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    eventually("the filter of nftables", ELECTION, || {
        node.run("nft", &["list", "ruleset"]).ok()?.contains("172.16.0.206").then_some(())
    })
}
