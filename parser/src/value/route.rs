//! Lines of `static_routes` and `virtual_routes`.

use std::net::IpAddr;
use std::time::Duration;

use crate::config::{Family, NextHop, Position, Route, RouteKind, RouteMetrics, RouterPreference};
use crate::diag::Class;
use crate::keyword::{Args, Bounds, Entry};
use crate::value::address::{address, interface, prefix};
use crate::value::encap::{encap, realms};
use crate::value::number::{Integer, any_base};
use crate::value::word::lookup;

/// A route line, its track group still a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RouteLine {
    pub(crate) route: Route,
    pub(crate) track_group: Option<String>,
}

/// A line on its way.
struct Draft {
    line: RouteLine,
    /// Known as soon as an address, or a word that only one family has, was read.
    family: Option<Family>,
    has_destination: bool,
    /// `or`: a second gateway in the old form.
    or: Option<IpAddr>,
}

/// Goes on with the line, or drops it.
type Step = Option<()>;

impl Entry for RouteLine {
    const SYNTAX: &'static str = "{ [to] DESTINATION [via ADDRESS] [dev IFNAME] … }";

    fn read(args: &mut Args<'_, '_>) -> Option<Self> {
        let mut draft = Draft::new(args);
        while let Some(word) = args.optional() {
            if word == "nexthop" {
                draft.next_hops(args);
                break;
            }
            draft.option(args, &word)?;
        }
        draft.finish(args)
    }
}

impl Draft {
    fn new(args: &Args<'_, '_>) -> Self {
        let route = Route {
            span: args.span(),
            family: Family::V4,
            kind: RouteKind::Unicast,
            to: None,
            from: None,
            source: None,
            via: None,
            dev: None,
            onlink: false,
            tos: None,
            table: None,
            vrf: None,
            protocol: None,
            scope: None,
            metric: None,
            expires: None,
            encap: None,
            realms: None,
            preference: None,
            ttl_propagate: None,
            metrics: RouteMetrics::default(),
            next_hops: Vec::new(),
            position: Position::Prepend,
            track: true,
            track_group: None,
        };
        Self { line: RouteLine { route, track_group: None }, family: None, has_destination: false, or: None }
    }

    fn join(&mut self, args: &mut Args<'_, '_>, family: Family) -> Step {
        if *self.family.get_or_insert(family) == family {
            return Some(());
        }
        args.general("Cannot mix IPv4 and IPv6 addresses for route");
        None
    }

    /// A word that only one family has.
    fn only(&mut self, args: &mut Args<'_, '_>, what: &str, family: Family) -> Step {
        if *self.family.get_or_insert(family) == family {
            return Some(());
        }
        args.general(format!("{what} is only valid for {family}"));
        None
    }

    fn option(&mut self, args: &mut Args<'_, '_>, word: &str) -> Step {
        match word {
            "inet" => return self.join(args, Family::V4),
            "inet6" => return self.join(args, Family::V6),
            "src" => {
                let text = args.word().ok()?;
                self.line.route.source = Some(self.address(args, &text, "invalid route src address")?);
            }
            "as" => {
                args.general("\"as to\" for MPLS only - ignoring");
                if args.peek() == Some("to") {
                    args.optional();
                }
                args.optional();
            }
            "via" | "gw" => {
                if word == "gw" {
                    args.general("\"gw\" for routes is deprecated. Please use \"via\"");
                }
                self.line.route.via = Some(self.gateway(args, "invalid route via address")?);
            }
            "or" => {
                args.general("\"or\" for routes is deprecated. Please use \"nexthop\"");
                let text = args.word().ok()?;
                let addr = self.address(args, &text, "invalid route or address")?;
                self.or = self.or.or(Some(addr));
            }
            "from" => {
                let text = args.word().ok()?;
                let (from, _) = prefix(args, &text)?;
                self.only(args, "from", Family::V6)?;
                self.join(args, Family::of(from.addr))?;
                self.line.route.from = Some(from);
            }
            "dev" | "oif" => {
                let text = args.word().ok()?;
                self.line.route.dev = Some(interface(args, &text, "VROUTE nexthop")?);
            }
            "onlink" => self.line.route.onlink = true,
            "encap" => {
                if let Some(encap) = encap(args) {
                    self.line.route.encap = Some(encap);
                }
            }
            "add" => self.line.route.position = Position::Add,
            "append" => self.line.route.position = Position::Append,
            "prepend" => self.line.route.position = Position::Prepend,
            "no_track" => self.line.route.track = false,
            "track_group" if args.reader.outside_instances() => {
                let name = args.word().ok()?;
                if self.line.track_group.is_some() {
                    args.general(format!("track_group {name} is a duplicate"));
                    return None;
                }
                self.line.track_group = args.reader.known_track_group(&name).then_some(name);
            }
            "vrf" => {
                let text = args.word().ok()?;
                self.line.route.vrf = Some(interface(args, &text, "VRF of route")?);
            }
            "tos" | "dsfield" | "table" | "protocol" | "scope" | "realms" | "pref" | "ttl-propagate"
            | "metric" | "priority" | "preference" | "expires" => return self.attribute(args, word),
            "to" => {
                let text = args.word().ok()?;
                return self.destination(args, &text);
            }
            _ if METRICS.contains(&word) => return self.metric(args, word),
            _ => return self.kind_or_destination(args, word),
        }
        Some(())
    }

    /// What the route is found or kept by.
    fn attribute(&mut self, args: &mut Args<'_, '_>, word: &str) -> Step {
        let text = args.word().ok()?;
        match word {
            "tos" | "dsfield" => match lookup(args, &text, 255) {
                None => return args.refuse(format!("TOS value {text} is invalid")),
                tos => self.line.route.tos = tos,
            },
            "table" => match lookup(args, &text, u32::MAX) {
                None => return args.refuse(format!("Routing table {text} not found for route")),
                table => self.line.route.table = table,
            },
            "protocol" => match lookup(args, &text, 255) {
                None => return args.refuse(format!("Protocol {text} not found or invalid for route")),
                protocol => self.line.route.protocol = protocol,
            },
            "scope" => match lookup(args, &text, 255) {
                None => return args.refuse(format!("Scope {text} not found or invalid for route")),
                scope => self.line.route.scope = scope,
            },
            "realms" => {
                let Some(found) = realms(args, &text) else {
                    args.general(format!("Invalid realms {text} for route"));
                    return None;
                };
                self.only(args, "realms", Family::V4)?;
                self.line.route.realms = Some(found);
            }
            "pref" => {
                self.only(args, "pref", Family::V6)?;
                self.line.route.preference = Some(match text.as_str() {
                    "low" => RouterPreference::Low,
                    "medium" => RouterPreference::Medium,
                    "high" => RouterPreference::High,
                    _ => RouterPreference::Number(number(args, &text, u8::MAX, "pref")?),
                });
            }
            "ttl-propagate" => {
                if !matches!(text.as_str(), "enabled" | "disabled") {
                    args.general(format!("ttl-propagate value {text} not recognised"));
                }
                self.line.route.ttl_propagate = Some(text == "enabled");
            }
            "expires" => {
                self.only(args, "expires", Family::V6)?;
                let seconds = number(args, &text, u32::MAX, "expires time")?;
                self.line.route.expires = Some(Duration::from_secs(seconds.into()));
            }
            _ => self.line.route.metric = Some(number(args, &text, u32::MAX, "metric")?),
        }
        Some(())
    }

    fn metric(&mut self, args: &mut Args<'_, '_>, word: &str) -> Step {
        const LOCKABLE: [&str; 9] =
            ["mtu", "advmss", "rtt", "rttvar", "reordering", "cwnd", "ssthresh", "rto_min", "congctl"];
        let locked = LOCKABLE.contains(&word) && args.peek() == Some("lock");
        if locked {
            args.optional();
        }
        let text = args.word().ok()?;
        let metrics = &mut self.line.route.metrics;
        let plain = |args: &mut Args<'_, '_>, what: &str| number(args, &text, u32::MAX, what);
        match word {
            "mtu" => metrics.mtu = Some((plain(args, "MTU")?, locked)),
            "advmss" => metrics.advmss = Some((plain(args, word)?, locked)),
            "reordering" => metrics.reordering = Some((plain(args, word)?, locked)),
            "cwnd" => metrics.cwnd = Some((plain(args, word)?, locked)),
            "ssthresh" => metrics.ssthresh = Some((plain(args, word)?, locked)),
            "rtt" => metrics.rtt = Some((time(args, &text, word, 8)?, locked)),
            "rttvar" => metrics.rttvar = Some((time(args, &text, word, 4)?, locked)),
            "rto_min" => metrics.rto_min = Some((time(args, &text, word, 1)?, locked)),
            "congctl" => metrics.congctl = Some((text, locked)),
            "window" => metrics.window = Some(plain(args, word)?),
            "initcwnd" => metrics.init_cwnd = Some(plain(args, word)?),
            "initrwnd" => metrics.init_rwnd = Some(plain(args, word)?),
            "hoplimit" => metrics.hop_limit = Some(number(args, &text, u8::MAX, word)?),
            "quickack" => metrics.quick_ack = Some(number(args, &text, 1_u8, "quickack value")? == 1),
            "fastopen_no_cookie" => {
                metrics.fastopen_no_cookie =
                    Some(number(args, &text, 1_u8, "fastopen_no_cookie value")? == 1);
            }
            _ => {
                metrics.ecn |= text == "ecn";
                if text != "ecn" {
                    args.general(format!("feature {text} not supported"));
                }
            }
        }
        Some(())
    }

    fn kind_or_destination(&mut self, args: &mut Args<'_, '_>, word: &str) -> Step {
        match kind(word) {
            Some(kind) => {
                self.line.route.kind = kind;
                // Like the original: whoever names the type does not want to shadow what is there.
                self.line.route.position = Position::Add;
                let text = args.word().ok()?;
                self.destination(args, &text)
            }
            None => self.destination(args, word),
        }
    }

    fn destination(&mut self, args: &mut Args<'_, '_>, word: &str) -> Step {
        self.has_destination = true;
        match word {
            "default" | "any" | "all" => self.line.route.to = None,
            "default6" => {
                args.complain(Class::Log, "\"default6\" is deprecated - please use \"inet6 default\"");
                self.join(args, Family::V6)?;
                self.line.route.to = None;
            }
            word => {
                let Some((to, _)) = prefix(args, word) else {
                    args.general(format!("unknown route keyword {word}"));
                    return None;
                };
                self.join(args, Family::of(to.addr))?;
                self.line.route.to = Some(to);
            }
        }
        Some(())
    }

    fn address(&mut self, args: &mut Args<'_, '_>, text: &str, complaint: &str) -> Option<IpAddr> {
        let Some(addr) = address(text) else {
            args.general(format!("VRRP parsed invalid IP {text}. skipping IP..."));
            args.general(format!("{complaint} {text}"));
            return None;
        };
        self.join(args, Family::of(addr))?;
        Some(addr)
    }

    /// `[inet|inet6] ADDRESS`.
    fn gateway(&mut self, args: &mut Args<'_, '_>, complaint: &str) -> Option<IpAddr> {
        let mut text = args.word().ok()?;
        if let Some(family) = family_word(&text) {
            self.join(args, family)?;
            text = args.word().ok()?;
        }
        self.address(args, &text, complaint)
    }

    /// The ways of a multipath route, up to the end of the line; a bad one ends the list and keeps the route.
    fn next_hops(&mut self, args: &mut Args<'_, '_>) {
        loop {
            let mut hop =
                NextHop { via: None, dev: None, weight: 1, onlink: false, encap: None, realms: None };
            let more = self.next_hop(args, &mut hop);
            let Some(more) = more else { return };
            self.line.route.next_hops.push(hop);
            if !more {
                return;
            }
        }
    }

    /// Reads one; whether another follows, or none when it is bad.
    fn next_hop(&mut self, args: &mut Args<'_, '_>, hop: &mut NextHop) -> Option<bool> {
        while let Some(word) = args.optional() {
            match word.as_str() {
                "nexthop" => return Some(true),
                "via" => hop.via = Some(self.gateway(args, "invalid nexthop address")?),
                "dev" | "oif" => {
                    let text = args.word().ok()?;
                    hop.dev = Some(interface(args, &text, "VROUTE nexthop")?);
                }
                "weight" => {
                    let text = args.word().ok()?;
                    hop.weight = number_in(args, &text, 1..=256_u16, "weight")?;
                }
                "onlink" => hop.onlink = true,
                "encap" => hop.encap = encap(args),
                "realms" => {
                    let text = args.word().ok()?;
                    hop.realms = Some(realms(args, &text)?);
                }
                "as" => {
                    args.general("\"as to\" for MPLS only - ignoring");
                    return None;
                }
                other => {
                    args.general(format!("Route has trailing nonsense after nexthops - {other}"));
                    return None;
                }
            }
        }
        Some(false)
    }

    fn finish(mut self, args: &mut Args<'_, '_>) -> Option<RouteLine> {
        if !self.has_destination {
            args.general("Route must have a destination");
            return None;
        }
        let route = &mut self.line.route;
        if let (Some(second), Some(first)) = (self.or, route.via.take_if(|_| self.or.is_some())) {
            let hop = |via| NextHop {
                via: Some(via),
                dev: None,
                weight: 1,
                onlink: false,
                encap: None,
                realms: None,
            };
            route.next_hops = vec![hop(first), hop(second)];
        }
        route.family = self.family.unwrap_or(Family::V4);
        if route.track && route.protocol.take_if(|protocol| *protocol != KEEPALIVED).is_some() {
            args.general(
                "Route cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol",
            );
        }
        if self.line.track_group.is_some() && route.dev.is_none() {
            args.general("Cannot track group of a route without interface - ignoring");
            self.line.track_group = None;
        }
        Some(self.line)
    }
}

/// The number of the protocol under which the daemon's routes and rules are kept.
const KEEPALIVED: crate::config::Lookup = crate::config::Lookup::Number(18);

const METRICS: [&str; 16] = [
    "mtu",
    "advmss",
    "rtt",
    "rttvar",
    "reordering",
    "cwnd",
    "ssthresh",
    "rto_min",
    "congctl",
    "window",
    "hoplimit",
    "initcwnd",
    "initrwnd",
    "features",
    "quickack",
    "fastopen_no_cookie",
];

fn family_word(word: &str) -> Option<Family> {
    match word {
        "inet" => Some(Family::V4),
        "inet6" => Some(Family::V6),
        _ => None,
    }
}

/// A route type by name or by the number that the kernel has for it, rtnetlink(7).
pub(crate) fn kind(word: &str) -> Option<RouteKind> {
    Some(match word {
        "unicast" => RouteKind::Unicast,
        "local" => RouteKind::Local,
        "broadcast" | "brd" => RouteKind::Broadcast,
        "anycast" => RouteKind::Anycast,
        "multicast" => RouteKind::Multicast,
        "blackhole" => RouteKind::Blackhole,
        "unreachable" => RouteKind::Unreachable,
        "prohibit" => RouteKind::Prohibit,
        "throw" => RouteKind::Throw,
        "nat" => RouteKind::Nat,
        "xresolve" => RouteKind::Xresolve,
        number => match u8::try_from(any_base(number)?).ok()? {
            1 => RouteKind::Unicast,
            2 => RouteKind::Local,
            3 => RouteKind::Broadcast,
            4 => RouteKind::Anycast,
            5 => RouteKind::Multicast,
            6 => RouteKind::Blackhole,
            7 => RouteKind::Unreachable,
            8 => RouteKind::Prohibit,
            9 => RouteKind::Throw,
            10 => RouteKind::Nat,
            11 => RouteKind::Xresolve,
            other => RouteKind::Number(other),
        },
    })
}

fn number<T: Integer + From<u8>>(args: &mut Args<'_, '_>, text: &str, max: T, what: &str) -> Option<T> {
    number_in(args, text, T::from(0)..=max, what)
}

fn number_in<T: Integer>(
    args: &mut Args<'_, '_>,
    text: &str,
    range: std::ops::RangeInclusive<T>,
    what: &str,
) -> Option<T> {
    let number = T::parse(args, text, &Bounds { range, strict: true });
    if number.is_none() {
        args.general(format!("Invalid {what} {text} specified for route"));
    }
    number
}

/// A time with its unit, or a bare number of the kernel's unit, of which `per_ms` make a millisecond.
fn time(args: &mut Args<'_, '_>, text: &str, what: &str, per_ms: u32) -> Option<u32> {
    let (shortest, longest) = (200 * per_ms, 120_000 * per_ms);
    let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(at);
    let units = match unit.to_ascii_lowercase().as_str() {
        "" => digits.parse::<u32>().ok(),
        "ms" | "msec" | "msecs" => digits.parse::<u32>().ok().and_then(|ms| ms.checked_mul(per_ms)),
        "s" | "sec" | "secs" => thousandths(digits).and_then(|ms| ms.checked_mul(per_ms)),
        _ => None,
    };
    let Some(units) = units else {
        args.general(format!("Invalid {what} {text} specified for route"));
        return None;
    };
    if !(shortest..=longest).contains(&units) {
        args.general(format!("{what} {text} is outside the range 200ms to 120s - adjusting"));
    }
    Some(units.clamp(shortest, longest))
}

/// A decimal with up to three places, in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fine = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fine.then(|| format!("{fraction:0<3}").parse::<u32>().ok()).flatten()?;
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u32>().ok()? };
    whole.checked_mul(1000)?.checked_add(fraction)
}
