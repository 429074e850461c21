//! What a router adds besides its addresses: routes and rules of a master, and what is static.

use lab::{
    AddressWatch, Frame, Keepalived, Node, Outcome, Seen, eventually,
    pair::{Cast, ELECTION, Pair},
};
use std::time::{Duration, SystemTime};

const ROUTES: &str = "10.20.0.0/16 via 172.16.0.9 dev eth1
    10.21.0.0/16 dev eth1 src 172.16.0.205
    2001:db8:1::/48 via fe80::9 dev eth1";

const RULES: &str = "from 10.20.0.0/16 table 100 preference 900
    to 10.21.0.0/16 iif eth1 blackhole preference 901";

const STATICS: &str = "static_ipaddress {
    192.0.2.1/24 dev eth1
}
static_routes {
    198.51.100.0/24 via 192.0.2.7 dev eth1
    198.51.101.0/24 dev eth1 table 77 metric 9
}
static_rules {
    from 198.51.100.0/24 table 77 preference 700
}\n";

fn config(routes: &str, rules: &str) -> String {
    format!(
        "{STATICS}vrrp_instance VI_1 {{
            interface eth1
            virtual_router_id 50
            priority 200
            virtual_ipaddress {{
                172.16.0.205/24
            }}
            virtual_routes {{
                {routes}
            }}
            virtual_rules {{
                {rules}
            }}
        }}\n"
    )
}

/// What the daemon has added, one line each.
fn added(node: &Node) -> Outcome<Vec<String>> {
    let mut lines = Vec::new();
    for words in [
        "-4 -oneline address show dev eth1",
        "-4 route show table all",
        "-6 route show table all",
        "-4 rule show",
        "-6 rule show",
    ] {
        let text = node.ip(words)?;
        let ours = |line: &&str| {
            let (is_kernels, is_own) = (line.contains("proto kernel"), line.contains(" 172.16.0.1/24 "));
            !is_kernels
                && !is_own
                && !line.contains("lookup local")
                && !line.contains("lookup main")
                && !line.contains("lookup default")
        };
        lines.extend(text.lines().filter(ours).map(|line| line.trim().to_owned()));
    }
    Ok(lines)
}

/// How many of them there are when all are there: two addresses, five routes, three rules.
const ALL: usize = 10;

fn becomes_complete(node: &Node) -> Outcome<Vec<String>> {
    eventually("all addresses, routes and rules", ELECTION, || {
        added(node).ok().filter(|lines| lines.len() == ALL)
    })
}

fn begin(cast: &Cast) -> Outcome<(Pair, Keepalived)> {
    let pair = Pair::new(cast)?;
    let one = pair.one.start_with(&config(ROUTES, RULES))?;
    becomes_complete(&pair.one.node)?;
    Ok((pair, one))
}

fn losses(watch: &AddressWatch) -> Vec<String> {
    watch.changes().into_iter().filter(|line| line.starts_with("Deleted")).collect()
}

pub(crate) fn a_master_has_its_routes_and_rules_and_takes_everything_back_at_the_end(cast: &Cast) -> Outcome {
    let (pair, mut one) = begin(cast)?;
    one.stop()?;
    assert_eq!(added(&pair.one.node)?, Vec::<String>::new());
    Ok(())
}

pub(crate) fn static_objects_are_restored_at_once_and_a_lost_route_leads_to_a_new_election(
    cast: &Cast,
) -> Outcome {
    let (pair, one) = begin(cast)?;
    let node = &pair.one.node;
    for (deletion, words) in [
        ("rule delete preference 700", "Restoring deleted static rule from 198.51.100.0/24"),
        ("route delete 198.51.101.0/24 table 77", "Restoring deleted static route prepend 198.51.101.0/24"),
        ("address delete 192.0.2.1/24 dev eth1", "Restoring deleted static address 192.0.2.1/24"),
    ] {
        let mark = one.journal().mark();
        node.ip(deletion)?;
        one.journal().wait(mark, words, ELECTION)?;
    }
    becomes_complete(node)?;
    for deletion in ["route delete 10.20.0.0/16", "rule delete preference 900"] {
        let mark = one.journal().mark();
        node.ip(deletion)?;
        one.journal().wait(mark, "(VI_1) Entering BACKUP STATE", ELECTION)?;
        one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
        becomes_complete(node)?;
    }
    Ok(())
}

/// As a network manager does that thinks everything is its own.
pub(crate) fn the_removal_of_everything_is_survived(cast: &Cast) -> Outcome {
    let (pair, one) = begin(cast)?;
    let node = &pair.one.node;
    let before = becomes_complete(node)?;
    let mark = one.journal().mark();
    node.ip("route flush table all proto keepalived")?;
    node.ip("-6 route flush table all proto keepalived")?;
    for preference in [700, 900, 901] {
        // It may be on its way back by now, or gone with the master's state.
        let _ = node.ip(&format!("rule delete preference {preference}"));
    }
    node.ip("address flush dev eth1 scope global")?;
    node.ip("address add 172.16.0.1/24 dev eth1")?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
    let mut after = becomes_complete(node)?;
    let mut before = before;
    before.sort();
    after.sort();
    assert_eq!(after, before);
    Ok(())
}

pub(crate) fn a_reload_touches_only_the_routes_and_rules_that_differ(cast: &Cast) -> Outcome {
    let (pair, one) = begin(cast)?;
    let node = &pair.one.node;
    let watch = node.watch_routes()?;
    let routes = ROUTES.replacen("10.21.0.0/16 dev eth1", "10.21.0.0/16 dev eth1 mtu 1300", 1);
    let rules = RULES.replacen("table 100", "table 101", 1);
    one.write_config(&config(&routes, &rules))?;
    one.reload()?;
    eventually("the new route and rule", ELECTION, || {
        let lines = added(node).ok()?;
        let is_new = |line: &String| line.contains("mtu 1300") || line.contains("lookup 101");
        (lines.len() == ALL && lines.iter().filter(|line| is_new(line)).count() == 2).then_some(())
    })?;
    one.logs("Reload complete", ELECTION)?;
    eventually("word of both deletions", ELECTION, || (losses(&watch).len() >= 2).then_some(()))?;
    let losses = losses(&watch);
    assert_eq!(losses.len(), 2, "{losses:?}");
    assert!(losses.iter().any(|line| line.contains("10.21.0.0/16") && !line.contains("mtu 1300")));
    assert!(losses.iter().any(|line| line.contains("900:")));
    let order = watch.changes();
    let place = |words: &str| order.iter().position(|line| line.contains(words));
    assert!(place("mtu 1300") < place("Deleted 10.21.0.0/16"), "the new route first: {order:?}");
    Ok(())
}

pub(crate) fn what_a_killed_daemon_left_is_taken_back_before_the_election(cast: &Cast) -> Outcome {
    let (pair, mut one) = begin(cast)?;
    let node = &pair.one.node;
    one.cut();
    assert_eq!(added(node)?.len(), ALL, "nobody was left to clean up");
    let one = pair.one.start_with(&config(ROUTES, RULES))?;
    one.logs("(VI_1) Entering BACKUP STATE (init)", ELECTION)?;
    eventually("the static objects alone", ELECTION, || (added(node).ok()?.len() == 4).then_some(()))?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    becomes_complete(node)?;
    Ok(())
}

pub(crate) fn promotion_of_secondary_addresses_is_switched_on_and_back(cast: &Cast) -> Outcome {
    const KEY: &str = "/proc/sys/net/ipv4/conf/eth1/promote_secondaries";
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    node.sysctl("net.ipv4.conf.eth1.promote_secondaries", "0")?;
    let text = config(ROUTES, RULES).replacen("priority 200", "priority 200\npromote_secondaries", 1);
    let mut one = pair.one.start_with(&text)?;
    becomes_complete(node)?;
    assert_eq!(node.run("cat", &[KEY])?.trim(), "1");
    one.stop()?;
    assert_eq!(node.run("cat", &[KEY])?.trim(), "0");
    Ok(())
}

pub(crate) fn among_fifty_routers_a_reload_moves_only_those_that_change(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let text = |numbers: &[(u8, u8)]| -> String {
        numbers
            .iter()
            .map(|(number, priority)| {
                format!(
                    "vrrp_instance VI_{number} {{
                        interface eth1
                        virtual_router_id {number}
                        priority {priority}
                        virtual_ipaddress {{
                            10.5.{number}.1/24
                        }}
                        virtual_routes {{
                            10.6.{number}.0/24 via 10.5.{number}.9 dev eth1
                        }}
                    }}\n"
                )
            })
            .collect()
    };
    let mut numbers: Vec<(u8, u8)> = (1..=50).map(|number| (number, 200)).collect();
    let one = pair.one.start_with(&text(&numbers))?;
    let node = &pair.one.node;
    let count = || Some(node.ip("route show proto keepalived").ok()?.lines().count());
    eventually("fifty masters", ELECTION, || (count()? == 50).then_some(()))?;
    let watch = node.watch_routes()?;
    let since = SystemTime::now();

    // One goes, one comes, one changes.
    numbers.remove(6);
    numbers.push((51, 200));
    numbers[20].1 = 150;
    one.write_config(&text(&numbers))?;
    let mark = one.journal().mark();
    one.reload()?;
    one.journal().wait(mark, "(VI_51) Entering MASTER STATE", ELECTION)?;
    eventually("fifty masters again", ELECTION, || (count()? == 50).then_some(()))?;
    let of_the_seventh = |line: &String| line.contains("10.5.7.") || line.contains("10.6.7.");
    eventually("word of the one that went", ELECTION, || {
        losses(&watch).iter().any(of_the_seventh).then_some(())
    })?;
    let others: Vec<_> = losses(&watch).into_iter().filter(|line| !of_the_seventh(line)).collect();
    assert_eq!(others, Vec::<String>::new());
    adverts_in_time(&pair, since, numbers.iter().map(|(number, _)| *number).filter(|number| *number != 51))
}

/// Whether none of these routers let its backups wait for longer than an interval and a half: they would wait for three.
fn adverts_in_time(pair: &Pair, since: SystemTime, routers: impl Iterator<Item = u8>) -> Outcome {
    let frames = pair.capture.frames();
    for router in routers {
        let is_its = |frame: &&Frame| matches!(frame.seen, Seen::Advert { vrid, .. } if vrid == router);
        let times: Vec<SystemTime> =
            frames.iter().filter(is_its).map(|frame| frame.at).filter(|at| *at > since).collect();
        assert!(times.len() > 2, "router {router} has gone silent");
        let gaps = times.windows(2).filter_map(|two| two[1].duration_since(two[0]).ok());
        let longest = gaps.max().unwrap_or_default();
        assert!(longest < Duration::from_millis(1_500), "router {router}: {longest:?} without an advert");
    }
    Ok(())
}
