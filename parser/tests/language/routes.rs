//! Routes, rules and groups of servers.

use parser::config::Forwarding;
use parser::config::{
    Family, Lookup, Members, Prefix, Route, RouteKind, Rule, RuleAction, Tunnel, TunnelChecksum, TunnelKind,
};

use crate::memory::{read, shown};

fn routes(lines: &str) -> (Vec<Route>, Vec<String>) {
    let (config, diagnostics) = read(format!("static_routes {{\n{lines}\n}}\n"));
    (config.static_routes, shown(&diagnostics))
}

fn rules(lines: &str) -> (Vec<Rule>, Vec<String>) {
    let (config, diagnostics) = read(format!("static_rules {{\n{lines}\n}}\n"));
    (config.static_rules, shown(&diagnostics))
}

fn prefix(text: &str) -> Option<Prefix> {
    let (addr, len) = text.split_once('/')?;
    Some(Prefix { addr: addr.parse().ok()?, len: len.parse().ok()? })
}

#[test]
fn a_route_takes_its_options_in_any_order() {
    let (routes, said) = routes("metric 5 dev eth0 192.0.2.0/24 via 10.0.0.9 table 100 mtu lock 1400 rtt 1s");
    assert_eq!(said, [""; 0]);
    let route = &routes[0];
    assert_eq!(route.to, prefix("192.0.2.0/24"));
    assert_eq!(route.via, "10.0.0.9".parse().ok());
    assert_eq!((route.metric, &route.table), (Some(5), &Some(Lookup::Number(100))));
    assert_eq!(route.metrics.mtu, Some((1400, true)));
    assert_eq!(route.metrics.rtt, Some((8000, false)));
}

#[test]
fn a_type_stands_before_its_destination() {
    let (routes, said) = routes("blackhole 192.0.2.0/24\nto default via fe80::1 dev eth0");
    assert_eq!(said, [""; 0]);
    assert_eq!(routes[0].kind, RouteKind::Blackhole);
    assert_eq!((routes[1].to, routes[1].family), (None, Family::V6));
}

/// The original swallows the word after the family; its manual does not.
#[test]
fn a_family_word_swallows_nothing() {
    let (routes, said) = routes("inet6 default via fe80::1 dev eth0");
    assert_eq!(said, [""; 0]);
    assert_eq!(routes[0].family, Family::V6);
}

#[test]
fn several_ways_make_one_route() {
    let (routes, said) =
        routes("192.0.2.0/24 nexthop via 10.0.0.1 weight 3 nexthop via 10.0.0.2 dev eth1 onlink");
    assert_eq!(said, [""; 0]);
    let weights: Vec<u16> = routes[0].next_hops.iter().map(|hop| hop.weight).collect();
    assert_eq!(weights, [3, 1]);
    assert!(routes[0].next_hops[1].onlink);
}

#[test]
fn families_do_not_mix() {
    let (routes, said) = routes("192.0.2.0/24 via fe80::1");
    assert!(routes.is_empty());
    assert_eq!(said, ["2 Cannot mix IPv4 and IPv6 addresses for route"]);
}

#[test]
fn rules_without_preference_count_down_for_each_family() {
    let (rules, said) = rules("from 10.0.0.0/8 table 5\nfrom 2001:db8::/32 table 5\nfrom 10.0.0.0/8 table 6");
    let preferences: Vec<u32> = rules.iter().map(|rule| rule.preference).collect();
    assert_eq!(preferences, [16384, 16384, 16383]);
    assert_eq!(said.len(), 3);
}

#[test]
fn a_single_port_is_a_range_of_one() {
    let (rules, said) = rules("from 10.0.0.0/8 sport 80 dport 1-9 preference 5 blackhole");
    assert_eq!(said, [""; 0]);
    assert_eq!(rules[0].selector.source_ports, Some((80, 80)));
    assert_eq!(rules[0].selector.destination_ports, Some((1, 9)));
    assert_eq!(rules[0].action, RuleAction::Blackhole);
}

#[test]
fn ranges_of_addresses() {
    let rows = [
        ("10.0.0.1-10 80", Some(("10.0.0.1", "10.0.0.10"))),
        ("10.0.0.1-10.0.1.5 80", Some(("10.0.0.1", "10.0.1.5"))),
        ("fe80::1-f 80", Some(("fe80::1", "fe80::f"))),
        ("10.0.0.0/24 80", Some(("10.0.0.0", "10.0.0.255"))),
        ("fe80::/64 80", Some(("fe80::", "fe80::ffff:ffff:ffff:ffff"))),
        ("10.0.0.7", Some(("10.0.0.7", "10.0.0.7"))),
        ("10.0.0.10-10 80", None),
        ("10.0.0.1-256 80", None),
        ("10.0.0.1/24 80", None),
        ("10.0.0.0/0 80", None),
        ("10.0.0.9-10.0.0.1 80", None),
        ("10.0.0.1-fe80::1 80", None),
    ];
    for (line, expected) in rows {
        let (config, _) = read(format!("virtual_server_group G {{\n{line}\n}}\n"));
        let range = config.virtual_server_groups.first().map(|group| match &group.members[0] {
            Members::Range { first, last, .. } => (first.to_string(), last.to_string()),
            Members::Fwmark { .. } => panic!("a range: {line}"),
        });
        let expected = expected.map(|(first, last)| (first.to_owned(), last.to_owned()));
        assert_eq!(range, expected, "{line}");
    }
}

#[test]
fn tunnels_take_their_options_in_any_order() {
    let method = |method: &str| {
        let text = format!(
            "virtual_server fwmark 1 {{\nlb_algo rr\nlb_kind {method}\nreal_server 10.0.0.2 80 {{\n}}\n}}\n"
        );
        let (config, diagnostics) = read(text);
        let said =
            shown(&diagnostics).into_iter().filter(|line| !line.starts_with("WARNING")).collect::<Vec<_>>();
        (config.virtual_servers[0].forwarding, said)
    };
    let gue = Tunnel { kind: TunnelKind::Gue { port: 5555 }, checksum: TunnelChecksum::Remote };
    assert_eq!(method("TUN remcsum port 5555 type gue"), (Forwarding::Tunnel(gue), Vec::new()));
    let plain = Tunnel { kind: TunnelKind::Ipip, checksum: TunnelChecksum::None };
    assert_eq!(
        method("TUN type gue"),
        (
            Forwarding::Tunnel(plain),
            vec!["3 gue tunnels require port, otherwise cannot have port.".to_owned()]
        )
    );
}
