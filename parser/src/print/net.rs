//! Lines of addresses, routes and rules.

use super::text::word;
use crate::config::{
    Address, AddressOf, Broadcast, Config, Encap, Family, IfName, Located, Lookup, NextHop, Position,
    PreferredLifetime, Prefix, Realms, Route, RouteKind, RouteMetrics, RouterPreference, Rule, RuleAction,
    Selector,
};

/// The words of a line.
struct Line(Vec<String>);

impl Line {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn push(&mut self, word: impl ToString) {
        self.0.push(word.to_string());
    }

    fn flag(&mut self, word: &str, said: bool) {
        if said {
            self.push(word);
        }
    }

    fn option(&mut self, option: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.push(option);
            self.push(value);
        }
    }

    fn interface(&mut self, option: &str, interface: Option<&Located<IfName>>) {
        self.option(option, interface.map(|said| word(said.value.as_str())));
    }

    fn lookup(&mut self, option: &str, lookup: Option<&Lookup>) {
        self.option(option, lookup.map(self::lookup));
    }

    fn text(self) -> String {
        self.0.join(" ")
    }
}

/// A number of a table, or its name there.
pub(super) fn lookup(lookup: &Lookup) -> String {
    match lookup {
        Lookup::Number(number) => number.to_string(),
        Lookup::Name(name) => word(&name.value),
    }
}

fn track_group(line: &mut Line, group: Option<usize>, config: &Config) {
    line.option("track_group", group.map(|at| super::name_at(&config.track_groups, at, |group| &group.name)));
}

pub(super) fn address(address: &Address, config: &Config) -> String {
    let Address {
        span: _,
        of,
        prefix,
        dev,
        scope,
        broadcast,
        label,
        peer,
        home,
        detect_duplicates,
        manage_temporary,
        no_prefix_route,
        autojoin,
        track,
        preferred_lifetime,
        track_group: group,
        use_vmac,
    } = address;
    let mut line = Line::new();
    line.push(prefix);
    line.interface("dev", dev.as_deref());
    line.lookup("scope", scope.as_deref());
    line.option(
        "broadcast",
        broadcast.map(|broadcast| match broadcast {
            Broadcast::Ones => "+".to_owned(),
            Broadcast::Zeros => "-".to_owned(),
            Broadcast::Given(addr) => addr.to_string(),
        }),
    );
    line.option("label", label.as_ref().map(|label| word(label)));
    line.option("peer", peer.as_ref());
    line.flag("home", *home);
    line.flag("-nodad", *detect_duplicates);
    line.flag("mngtmpaddr", *manage_temporary);
    line.flag("noprefixroute", *no_prefix_route);
    line.flag("autojoin", *autojoin);
    line.flag("no_track", !track);
    line.option(
        "preferred_lft",
        preferred_lifetime.as_deref().map(|lifetime| match lifetime {
            PreferredLifetime::Forever => "forever".to_owned(),
            PreferredLifetime::For(time) => time.as_secs().to_string(),
        }),
    );
    if *of == AddressOf::Static {
        track_group(&mut line, *group, config);
    }
    line.flag("use_vmac", *use_vmac);
    line.text()
}

fn kind(kind: RouteKind) -> Option<String> {
    Some(match kind {
        RouteKind::Unicast => return None,
        RouteKind::Local => "local".to_owned(),
        RouteKind::Broadcast => "broadcast".to_owned(),
        RouteKind::Anycast => "anycast".to_owned(),
        RouteKind::Multicast => "multicast".to_owned(),
        RouteKind::Blackhole => "blackhole".to_owned(),
        RouteKind::Unreachable => "unreachable".to_owned(),
        RouteKind::Prohibit => "prohibit".to_owned(),
        RouteKind::Throw => "throw".to_owned(),
        RouteKind::Nat => "nat".to_owned(),
        RouteKind::Xresolve => "xresolve".to_owned(),
        RouteKind::Number(number) => number.to_string(),
    })
}

fn realms(realms: &Realms) -> String {
    let Realms { from, to } = realms;
    match from {
        None => lookup(to),
        Some(from) => word(&format!("{}/{}", bare(from), bare(to))),
    }
}

/// A name or number that is a part of a word.
fn bare(lookup: &Lookup) -> String {
    match lookup {
        Lookup::Number(number) => number.to_string(),
        Lookup::Name(name) => name.value.clone(),
    }
}

fn destination(to: Option<Prefix>) -> String {
    to.map_or_else(|| "default".to_owned(), |prefix| prefix.to_string())
}

/// An encapsulation takes every word it knows, so nothing that it could mistake for its own may follow.
fn encap(line: &mut Line, encap: Option<&Encap>) {
    let Some(encap) = encap else { return };
    line.push("encap");
    match encap {
        Encap::Ip { id, dst, src, tos, ttl, flags } => {
            line.push("ip");
            line.option("id", *id);
            line.option("dst", *dst);
            line.option("src", *src);
            line.lookup("tos", tos.as_ref());
            line.option("ttl", *ttl);
            line.option("flags", *flags);
        }
        Encap::Ip6 { id, dst, src, tc, hop_limit, flags } => {
            line.push("ip6");
            line.option("id", *id);
            line.option("dst", *dst);
            line.option("src", *src);
            line.lookup("tc", tc.as_ref());
            line.option("hoplimit", *hop_limit);
            line.option("flags", *flags);
        }
        Encap::Mpls(labels) => {
            let labels: Vec<String> = labels.iter().map(u32::to_string).collect();
            line.option("mpls", Some(labels.join("/")));
        }
        Encap::Ila(locator) => {
            let [a, b, c, d, e, f, g, h] = locator.to_be_bytes();
            let groups =
                [[a, b], [c, d], [e, f], [g, h]].map(|pair| format!("{:x}", u16::from_be_bytes(pair)));
            line.option("ila", Some(groups.join(":")));
        }
    }
}

pub(super) fn route(route: &Route, config: &Config) -> String {
    let Route {
        span: _,
        family,
        kind: route_kind,
        to,
        from,
        source,
        via,
        dev,
        onlink,
        tos,
        table,
        vrf,
        protocol,
        scope,
        metric,
        expires,
        encap: encapsulation,
        realms: route_realms,
        preference,
        ttl_propagate,
        metrics,
        next_hops,
        position,
        track,
        track_group: group,
    } = route;
    let mut line = Line::new();
    line.flag("inet6", *family == Family::V6 && to.is_none());
    if let Some(kind) = kind(*route_kind) {
        line.push(kind);
    }
    line.push(destination(*to));
    line.option("from", *from);
    line.option("src", *source);
    line.option("via", *via);
    line.interface("dev", dev.as_ref());
    line.flag("onlink", *onlink);
    line.lookup("tos", tos.as_ref());
    line.lookup("table", table.as_ref());
    line.interface("vrf", vrf.as_ref());
    line.lookup("protocol", protocol.as_ref());
    line.lookup("scope", scope.as_ref());
    line.option("metric", *metric);
    line.option("expires", expires.map(|time| time.as_secs()));
    line.option("realms", route_realms.as_ref().map(realms));
    line.option(
        "pref",
        preference.map(|preference| match preference {
            RouterPreference::Low => "low".to_owned(),
            RouterPreference::Medium => "medium".to_owned(),
            RouterPreference::High => "high".to_owned(),
            RouterPreference::Number(number) => number.to_string(),
        }),
    );
    line.option("ttl-propagate", ttl_propagate.map(|on| if on { "enabled" } else { "disabled" }));
    self::metrics(&mut line, metrics);
    let has_type = kind(*route_kind).is_some();
    match position {
        Position::Prepend => line.flag("prepend", has_type),
        Position::Add => line.flag("add", !has_type),
        Position::Append => line.push("append"),
    }
    line.flag("no_track", !track);
    track_group(&mut line, *group, config);
    encap(&mut line, encapsulation.as_ref());
    for hop in next_hops {
        next_hop(&mut line, hop);
    }
    line.text()
}

fn next_hop(line: &mut Line, hop: &NextHop) {
    let NextHop { via, dev, weight, onlink, encap: encapsulation, realms: hop_realms } = hop;
    line.push("nexthop");
    line.option("via", *via);
    line.interface("dev", dev.as_ref());
    line.option("weight", (*weight != 1).then_some(weight));
    line.flag("onlink", *onlink);
    line.option("realms", hop_realms.as_ref().map(realms));
    encap(line, encapsulation.as_ref());
}

fn metrics(line: &mut Line, metrics: &RouteMetrics) {
    let RouteMetrics {
        mtu,
        advmss,
        rtt,
        rttvar,
        rto_min,
        reordering,
        cwnd,
        ssthresh,
        congctl,
        window,
        hop_limit,
        init_cwnd,
        init_rwnd,
        ecn,
        quick_ack,
        fastopen_no_cookie,
    } = metrics;
    let lockable = [
        ("mtu", mtu),
        ("advmss", advmss),
        ("rtt", rtt),
        ("rttvar", rttvar),
        ("rto_min", rto_min),
        ("reordering", reordering),
        ("cwnd", cwnd),
        ("ssthresh", ssthresh),
    ];
    for (option, value) in lockable {
        if let Some((number, locked)) = value {
            line.push(option);
            line.flag("lock", *locked);
            line.push(number);
        }
    }
    if let Some((name, locked)) = congctl {
        line.push("congctl");
        line.flag("lock", *locked);
        line.push(word(name));
    }
    line.option("window", *window);
    line.option("hoplimit", *hop_limit);
    line.option("initcwnd", *init_cwnd);
    line.option("initrwnd", *init_rwnd);
    line.option("features", ecn.then_some("ecn"));
    line.option("quickack", quick_ack.map(u8::from));
    line.option("fastopen_no_cookie", fastopen_no_cookie.map(u8::from));
}

pub(super) fn rule(rule: &Rule, config: &Config) -> String {
    let Rule { span: _, family, preference, selector, action, protocol, track, track_group: group } = rule;
    let Selector {
        invert,
        from,
        to,
        tos,
        fwmark,
        input,
        output,
        tunnel_id,
        uids,
        ip_protocol,
        source_ports,
        destination_ports,
    } = selector;
    let mut line = Line::new();
    line.flag("inet6", *family == Family::V6 && from.is_none() && to.is_none());
    line.flag("not", *invert);
    line.option("from", *from);
    line.option("to", *to);
    line.lookup("tos", tos.as_ref());
    line.option("fwmark", fwmark.map(|(mark, mask)| format!("{mark:#x}/{mask:#x}")));
    line.interface("iif", input.as_ref());
    line.interface("oif", output.as_ref());
    line.option("tunnel-id", *tunnel_id);
    line.option("uidrange", uids.map(|(first, last)| format!("{first}-{last}")));
    line.lookup("ipproto", ip_protocol.as_ref());
    line.option("sport", source_ports.map(|(first, last)| format!("{first}-{last}")));
    line.option("dport", destination_ports.map(|(first, last)| format!("{first}-{last}")));
    match action {
        RuleAction::Table { table, suppress_prefix_length, suppress_group, realms: rule_realms } => {
            line.option("table", Some(lookup(table)));
            line.option("suppress_prefixlength", *suppress_prefix_length);
            line.lookup("suppress_ifgroup", suppress_group.as_ref());
            line.option("realms", rule_realms.as_ref().map(realms));
        }
        RuleAction::L3mdev => line.push("l3mdev"),
        RuleAction::Goto(target) => line.option("goto", Some(target)),
        RuleAction::Nop => line.push("nop"),
        RuleAction::Blackhole => line.push("blackhole"),
        RuleAction::Unreachable => line.push("unreachable"),
        RuleAction::Prohibit => line.push("prohibit"),
    }
    line.option("preference", Some(preference));
    const KEEPALIVED: u8 = 18;
    line.option("protocol", (*protocol != KEEPALIVED).then_some(protocol));
    line.flag("no_track", !track);
    track_group(&mut line, *group, config);
    line.text()
}
