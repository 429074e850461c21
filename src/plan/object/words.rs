//! Routes and rules as keepalived writes them in its log and its dumps: the words of `ip`, in an order of their own.

use std::fmt::{Display, Formatter, Result};
use std::net::IpAddr;

use crate::plan::address::PROTOCOL;
use crate::plan::route::{Encap, Position, Route, RouteTable, Way};
use crate::plan::rule::{Action, Rule};

/// RT_TABLE_MAIN, which goes without saying.
const MAIN: u32 = 254;

/// Values of a route by their RTAX_ number, in the order in which they are told.
const METRICS: [(u16, &str); 11] = [
    (2, "mtu"),
    (3, "window"),
    (6, "ssthresh"),
    (7, "cwnd"),
    (8, "advmss"),
    (9, "reordering"),
    (10, "hoplimit"),
    (11, "initcwnd"),
    (14, "initrwnd"),
    (15, "quickack"),
    (17, "fastopen_no_cookie"),
];

/// Spans of time, and how many of their units a millisecond has.
const TIMES: [(u16, &str, u32); 3] = [(4, "rtt", 8), (5, "rttvar", 4), (13, "rto_min", 1)];

/// RTAX_FEATURES, of which only `ecn` can be set.
const FEATURES: u16 = 12;

/// RTAX_CC_ALGO.
const CONGESTION: u16 = 16;

impl Display for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self.position {
            Position::Prepend => "prepend",
            Position::Add => "add",
            Position::Append => "append",
        })?;
        if self.kind != 1 {
            write!(f, " {}", Kind(self.kind))?;
        }
        match (self.to, self.family) {
            (Some(network), _) => write!(f, " {network}")?,
            (None, vrrp::Family::Ipv4) => f.write_str(" 0.0.0.0/0")?,
            (None, vrrp::Family::Ipv6) => f.write_str(" ::/0")?,
        }
        option(f, "from", self.from)?;
        option(f, "src", self.source)?;
        if self.tos != 0 {
            write!(f, " tos {}", self.tos)?;
        }
        option(f, "encap", self.way.encap.as_ref())?;
        way(f, &self.way)?;
        match &self.table {
            RouteTable::Number(MAIN) => {}
            RouteTable::Number(number) => write!(f, " table {number}")?,
            RouteTable::Vrf(name) => write!(f, " vrf {name}")?,
        }
        // A route that asked not to be tracked names no protocol of its own; one that cannot be tracked for want of an
        // interface does.
        if self.tracked || self.protocol != PROTOCOL || self.way.dev.is_none() {
            write!(f, " proto {}", self.protocol)?;
        }
        option(f, "scope", self.scope)?;
        option(f, "metric", self.metric)?;
        word(f, "onlink", self.way.onlink)?;
        realms(f, &self.way)?;
        if let Some(seconds) = self.expires {
            write!(f, " expires {seconds}sec")?;
        }
        self.tell_metrics(f)?;
        match self.preference {
            None => {}
            Some(0) => f.write_str(" pref medium")?,
            Some(1) => f.write_str(" pref high")?,
            Some(3) => f.write_str(" pref low")?,
            Some(number) => write!(f, " pref {number}")?,
        }
        option(f, "ttl-propagate", self.ttl_propagate.map(|on| if on { "enabled" } else { "disabled" }))?;
        for hop in &self.hops {
            f.write_str(" nexthop")?;
            way(f, &hop.way)?;
            if hop.more_weight > 0 {
                write!(f, " weight {}", u16::from(hop.more_weight) + 1)?;
            }
            word(f, "onlink", hop.way.onlink)?;
            realms(f, &hop.way)?;
            option(f, "encap", hop.way.encap.as_ref())?;
        }
        word(f, "no_track", !self.tracked)
    }
}

impl Route {
    fn tell_metrics(&self, f: &mut Formatter<'_>) -> Result {
        let value = |number: u16| {
            let found = self.metrics.iter().find(|(one, _)| *one == number);
            found.map(|(_, value)| *value)
        };
        let lock = |number: u16| if self.locked & 1 << number == 0 { "" } else { "lock " };
        if let Some(name) = &self.congestion {
            write!(f, " congctl {}{name}", lock(CONGESTION))?;
        }
        for (number, name, per_millisecond) in TIMES {
            if let Some(value) = value(number) {
                write!(
                    f,
                    " {name} {}{}",
                    lock(number),
                    Milliseconds(f64::from(value) / f64::from(per_millisecond))
                )?;
            }
        }
        word(f, "features ecn", value(FEATURES).is_some())?;
        for (number, name) in METRICS {
            if let Some(value) = value(number) {
                write!(f, " {name} {}{value}", lock(number))?;
            }
        }
        Ok(())
    }
}

/// RTN_….
struct Kind(u8);

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        const NAMES: [&str; 10] = [
            "local",
            "broadcast",
            "anycast",
            "multicast",
            "blackhole",
            "unreachable",
            "prohibit",
            "throw",
            "nat",
            "xresolve",
        ];
        match usize::from(self.0).checked_sub(2).and_then(|at| NAMES.get(at)) {
            Some(name) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

/// `300ms`, `2.5s`.
struct Milliseconds(f64);

impl Display for Milliseconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.0 < 1000.0 { write!(f, "{}ms", self.0) } else { write!(f, "{}s", self.0 / 1000.0) }
    }
}

impl Display for Encap {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let flags = |f: &mut Formatter<'_>, flags: Option<u16>| match flags {
            Some(flags) => write!(f, " flags {flags:#x}"),
            None => Ok(()),
        };
        match self {
            Self::Ip { id, dst, src, tos, ttl, flags: bits } => {
                f.write_str("ip")?;
                option(f, "id", *id)?;
                option(f, "dst", *dst)?;
                option(f, "src", *src)?;
                option(f, "tos", *tos)?;
                option(f, "ttl", *ttl)?;
                flags(f, *bits)
            }
            Self::Ip6 { id, dst, src, tc, hop_limit, flags: bits } => {
                f.write_str("ip6")?;
                option(f, "id", *id)?;
                option(f, "dst", *dst)?;
                option(f, "src", *src)?;
                option(f, "tc", *tc)?;
                option(f, "hoplimit", *hop_limit)?;
                flags(f, *bits)
            }
            Self::Mpls(labels) => {
                let labels: Vec<_> = labels.iter().map(u32::to_string).collect();
                write!(f, "mpls {}", labels.join("/"))
            }
            Self::Ila(locator) => {
                let group = |shift: u32| locator >> shift & 0xffff;
                write!(f, "ila {:x}:{:x}:{:x}:{:x}", group(48), group(32), group(16), group(0))
            }
        }
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.invert {
            f.write_str("not ")?;
        }
        match self.from {
            Some(network) => write!(f, "from {network}")?,
            None => f.write_str("from all")?,
        }
        option(f, "to", self.to)?;
        write!(f, " priority {} tos {:#x}", self.preference, self.tos)?;
        match self.mark {
            None => {}
            Some((mark, u32::MAX)) => write!(f, " fwmark {mark:#x}")?,
            Some((mark, mask)) => write!(f, " fwmark {mark:#x}/{mask:#x}")?,
        }
        option(f, "iif", self.input.as_ref())?;
        option(f, "oif", self.output.as_ref())?;
        if let Action::Table { suppress_bits, suppress_group, .. } = self.action {
            option(f, "suppress_prefixlen", suppress_bits)?;
            option(f, "suppress_ifgroup", suppress_group)?;
        }
        option(f, "tunnel-id", self.tunnel)?;
        if let Some((first, last)) = self.uids {
            write!(f, " uidrange {first}-{last}")?;
        }
        word(f, "l3mdev", self.action == Action::L3mdev)?;
        if self.tracked || self.protocol != PROTOCOL {
            write!(f, " protocol {}", self.protocol)?;
        }
        option(f, "ipproto", self.ip_protocol)?;
        for (name, ports) in [("sport", self.source_ports), ("dport", self.destination_ports)] {
            if let Some((first, last)) = ports {
                write!(f, " {name} {first}-{last}")?;
            }
        }
        match self.action {
            Action::Table { table, realms, .. } => {
                if let Some(realms) = realms {
                    write!(f, " realms {}/{}", realms >> 16, realms & 0xffff)?;
                }
                write!(f, " lookup {table}")?;
            }
            Action::L3mdev => f.write_str(" lookup 0")?,
            Action::Goto(target) => write!(f, " goto {target}")?,
            Action::Nop => f.write_str(" nop")?,
            Action::Blackhole => f.write_str(" type blackhole")?,
            Action::Unreachable => f.write_str(" type unreachable")?,
            Action::Prohibit => f.write_str(" type prohibit")?,
        }
        word(f, "no_track", !self.tracked)
    }
}

/// A word and its value, if it has one.
fn option(f: &mut Formatter<'_>, name: &str, value: Option<impl Display>) -> Result {
    match value {
        Some(value) => write!(f, " {name} {value}"),
        None => Ok(()),
    }
}

/// A word that is there or not.
fn word(f: &mut Formatter<'_>, name: &str, is_said: bool) -> Result {
    if is_said { write!(f, " {name}") } else { Ok(()) }
}

fn way(f: &mut Formatter<'_>, way: &Way) -> Result {
    match way.via {
        Some(IpAddr::V4(via)) => write!(f, " via inet {via}")?,
        Some(IpAddr::V6(via)) => write!(f, " via inet6 {via}")?,
        None => {}
    }
    option(f, "dev", way.dev.as_ref())
}

fn realms(f: &mut Formatter<'_>, way: &Way) -> Result {
    match way.realms.map(|both| (both >> 16, both & 0xffff)) {
        None | Some((0, 0)) => Ok(()),
        Some((0, to)) => write!(f, " realm {to}"),
        Some((from, to)) => write!(f, " realms {from}/{to}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::both;

    /// Lines of a configuration and what Debian's keepalived dumps of them.
    fn told(block: &str, lines: &[(&str, &str)]) {
        let inside: Vec<_> = lines.iter().map(|(line, _)| format!("        {line}\n")).collect();
        let text = format!(
            "vrrp_instance A {{\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {{\n        10.0.0.9\n    }}\n    \
             {block} {{\n{}    }}\n}}\n",
            inside.concat()
        );
        let (_, plan, _) = both(Box::leak(text.into_boxed_str()));
        let one = &plan.vrrp.instances[0];
        let routes = one.routes.iter().map(ToString::to_string);
        let rules = one.rules.iter().map(ToString::to_string);
        let ours: Vec<_> = routes.chain(rules).collect();
        assert_eq!(ours, lines.iter().map(|(_, theirs)| *theirs).collect::<Vec<_>>());
    }

    #[test]
    fn routes_read_as_in_the_original_s_dump() {
        told("virtual_routes", ROUTES);
    }

    #[test]
    fn rules_read_as_in_the_original_s_dump() {
        told("virtual_rules", RULES);
    }

    const ROUTES: &[(&str, &str)] = &[
        (
            "10.1.0.0/16 via 172.16.0.254 dev eth0",
            "prepend 10.1.0.0/16 via inet 172.16.0.254 dev eth0 proto 18",
        ),
        ("10.2.1.0/24 dev eth0 append", "append 10.2.1.0/24 dev eth0 proto 18"),
        ("blackhole 10.4.0.0/16", "add blackhole 10.4.0.0/16 proto 18 no_track"),
        ("blackhole 10.1.2.0/24 prepend", "prepend blackhole 10.1.2.0/24 proto 18 no_track"),
        ("append blackhole 10.1.0.0/16", "add blackhole 10.1.0.0/16 proto 18 no_track"),
        ("unicast 10.1.0.0/16 dev eth0", "add 10.1.0.0/16 dev eth0 proto 18"),
        ("local 10.8.0.1", "add local 10.8.0.1 proto 18 no_track"),
        ("77 10.9.5.0/24 dev eth0", "add 77 10.9.5.0/24 dev eth0 proto 18"),
        ("default via 172.16.0.254 dev eth0", "prepend 0.0.0.0/0 via inet 172.16.0.254 dev eth0 proto 18"),
        ("default via fd00::fe dev eth0", "prepend ::/0 via inet6 fd00::fe dev eth0 proto 18"),
        (
            "10.10.0.0/16 dev eth0 tos 0x10 metric 5 scope link protocol static no_track",
            "prepend 10.10.0.0/16 tos 16 dev eth0 proto 4 scope 253 metric 5 no_track",
        ),
        ("10.8.0.0/16 dev eth0 no_track", "prepend 10.8.0.0/16 dev eth0 no_track"),
        ("10.10.5.0/24 dev eth0 realms 3/4", "prepend 10.10.5.0/24 dev eth0 proto 18 realms 3/4"),
        ("10.10.6.0/24 dev eth0 realms 4", "prepend 10.10.6.0/24 dev eth0 proto 18 realm 4"),
        (
            "fd10::/64 from fd11::/64 dev eth0 expires 30 pref high",
            "prepend fd10::/64 from fd11::/64 dev eth0 proto 18 expires 30sec pref high",
        ),
        ("fd10:2::/64 dev eth0 pref medium", "prepend fd10:2::/64 dev eth0 proto 18 pref medium"),
        ("fd10:3::1 dev eth0 src fd00::1", "prepend fd10:3::1 src fd00::1 dev eth0 proto 18"),
        (
            "10.11.0.0/16 dev eth0 mtu 1400 window 5 rtt 300ms rttvar 400ms rto_min 500ms hoplimit 9 advmss 1300 initcwnd 4 \
             initrwnd 5 features ecn quickack 1 congctl cubic reordering 6 cwnd 7 ssthresh 8 fastopen_no_cookie 1",
            "prepend 10.11.0.0/16 dev eth0 proto 18 congctl cubic rtt 300ms rttvar 400ms rto_min 500ms features ecn mtu 1400 \
             window 5 ssthresh 8 cwnd 7 advmss 1300 reordering 6 hoplimit 9 initcwnd 4 initrwnd 5 quickack 1 \
             fastopen_no_cookie 1",
        ),
        (
            "10.3.0.0/16 dev eth0 rtt 2500ms rttvar 60s rto_min lock 1500 mtu lock 1400",
            "prepend 10.3.0.0/16 dev eth0 proto 18 rtt 2.5s rttvar 60s rto_min lock 1.5s mtu lock 1400",
        ),
        (
            "10.4.0.0/16 dev eth0 rtt 5000 rttvar 1234",
            "prepend 10.4.0.0/16 dev eth0 proto 18 rtt 625ms rttvar 308.5ms",
        ),
        (
            "10.12.0.0/16 encap ip id 5 dst 10.0.0.1 src 10.0.0.2 tos 4 ttl 6 flags 7 dev eth0",
            "prepend 10.12.0.0/16 encap ip id 5 dst 10.0.0.1 src 10.0.0.2 tos 4 ttl 6 flags 0x7 dev eth0 proto 18",
        ),
        (
            "fd12::/64 encap ip6 id 5 dst fd00::1 src fd00::2 tc 4 hoplimit 6 flags 7 dev eth0",
            "prepend fd12::/64 encap ip6 id 5 dst fd00::1 src fd00::2 tc 4 hoplimit 6 flags 0x7 dev eth0 proto 18",
        ),
        // Of these the original prints the bytes it sends to the kernel.
        (
            "10.13.2.0/24 encap mpls 100/200 via 172.16.0.254 dev eth0 ttl-propagate disabled",
            "prepend 10.13.2.0/24 encap mpls 100/200 via inet 172.16.0.254 dev eth0 proto 18 ttl-propagate disabled",
        ),
        ("fd13::/64 encap ila 1:2:3:4 dev eth0", "prepend fd13::/64 encap ila 1:2:3:4 dev eth0 proto 18"),
        (
            "10.5.0.0/16 nexthop via 172.16.0.250 dev eth0 onlink realms 7 encap ip dst 10.0.0.1 nexthop dev eth1 weight 256",
            "prepend 10.5.0.0/16 proto 18 nexthop via inet 172.16.0.250 dev eth0 onlink realm 7 encap ip dst 10.0.0.1 \
             nexthop dev eth1 weight 256 no_track",
        ),
        (
            "10.2.0.0/16 src 172.16.0.1 tos 16 encap ip dst 10.0.0.1 via 172.16.0.3 dev eth0 table 99 scope link metric 7 onlink \
             realms 3/4 ttl-propagate enabled congctl cubic mtu 1400 no_track",
            "prepend 10.2.0.0/16 src 172.16.0.1 tos 16 encap ip dst 10.0.0.1 via inet 172.16.0.3 dev eth0 table 99 scope 253 \
             metric 7 onlink realms 3/4 congctl cubic mtu 1400 ttl-propagate enabled no_track",
        ),
    ];

    const RULES: &[(&str, &str)] = &[
        ("from 10.1.0.0/16 table 77", "from 10.1.0.0/16 priority 16384 tos 0x0 protocol 18 lookup 77"),
        (
            "not from 10.9.0.0/16 to 10.1.0.0/16 priority 55 tos 0x10 fwmark 5/6 iif eth0 oif eth1 suppress_prefixlength 3 \
             suppress_ifgroup 4 tunnel-id 9 uidrange 3-4 ipproto 6 sport 1-2 dport 3-4 realms 6/7 table 80 no_track",
            "not from 10.9.0.0/16 to 10.1.0.0/16 priority 55 tos 0x10 fwmark 0x5/0x6 iif eth0 oif eth1 suppress_prefixlen 3 \
             suppress_ifgroup 4 tunnel-id 9 uidrange 3-4 ipproto 6 sport 1-2 dport 3-4 realms 6/7 lookup 80 no_track",
        ),
        ("fwmark 5 table 79 priority 101", "from all priority 101 tos 0x0 fwmark 0x5 protocol 18 lookup 79"),
        (
            "iif eth0 tunnel-id 9 uidrange 3-4 l3mdev priority 7",
            "from all priority 7 tos 0x0 iif eth0 tunnel-id 9 uidrange 3-4 l3mdev protocol 18 lookup 0",
        ),
        (
            "tos 8 table 80 priority 8 protocol 5 no_track",
            "from all priority 8 tos 0x8 protocol 5 lookup 80 no_track",
        ),
        (
            "from 10.7.0.0/16 goto 20000 priority 1000",
            "from 10.7.0.0/16 priority 1000 tos 0x0 protocol 18 goto 20000",
        ),
        (
            "from 10.8.0.0/16 blackhole priority 9",
            "from 10.8.0.0/16 priority 9 tos 0x0 protocol 18 type blackhole",
        ),
        ("from 10.11.0.0/16 nop priority 10", "from 10.11.0.0/16 priority 10 tos 0x0 protocol 18 nop"),
        (
            "from 10.6.1.0/24 table 80 realms 5 priority 11",
            "from 10.6.1.0/24 priority 11 tos 0x0 protocol 18 realms 0/5 lookup 80",
        ),
    ];
}
