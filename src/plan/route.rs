//! Route lines to routes, with every name made a number.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use parser::config::{self, Lookup};
use parser::diag::Class;
use serde::{Deserialize, Serialize};
use vrrp::Family;

use super::address::PROTOCOL;
use super::iproute::{Names, Table};

/// The routing table of a route that names none.
const MAIN: u32 = 254;

/// An address and how many of its first bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Network {
    /// The address.
    pub(crate) address: IpAddr,
    /// At most 32 or 128.
    pub(crate) bits: u8,
}

/// A route. The numbers are the kernel's (rtnetlink(7)). Equal in every field, it is the same route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Route {
    /// IPv4 or IPv6.
    pub(crate) family: Family,
    /// RTN_….
    pub(crate) kind: u8,
    /// Destination; none is the default route.
    pub(crate) to: Option<Network>,
    /// Source, IPv6 only.
    pub(crate) from: Option<Network>,
    /// Preferred source address.
    pub(crate) source: Option<IpAddr>,
    /// Where to.
    pub(crate) way: Way,
    /// Further ways (`nexthop`), instead of `way`.
    pub(crate) hops: Vec<Hop>,
    /// Type of service.
    pub(crate) tos: u8,
    /// Routing table; none is that of the VRF device.
    pub(crate) table: RouteTable,
    /// RTPROT_….
    pub(crate) protocol: u8,
    /// RT_SCOPE_…; none was configured, so that a deletion matches any.
    pub(crate) scope: Option<u8>,
    /// Among routes to the same destination the lowest counts.
    pub(crate) metric: Option<u32>,
    /// Seconds it lives, IPv6 only.
    pub(crate) expires: Option<u32>,
    /// ICMPV6_ROUTER_PREF_…, IPv6 only.
    pub(crate) preference: Option<u8>,
    /// Whether an MPLS hop takes the TTL over.
    pub(crate) ttl_propagate: Option<bool>,
    /// RTAX_… and their values.
    pub(crate) metrics: Vec<(u16, u32)>,
    /// The congestion control algorithm.
    pub(crate) congestion: Option<String>,
    /// One bit for each RTAX_… that may not change.
    pub(crate) locked: u32,
    /// Where among its equals it is put.
    pub(crate) position: Position,
    /// Whether its deletion by somebody else matters.
    pub(crate) tracked: bool,
}

/// Which routing table a route is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum RouteTable {
    /// The one with this number.
    Number(u32),
    /// That of the VRF device with this name.
    Vrf(String),
}

/// One way to the destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Way {
    /// The next router; of the other family for an IPv4 route over IPv6.
    pub(crate) via: Option<IpAddr>,
    /// The interface.
    pub(crate) dev: Option<String>,
    /// The next router is taken to be on the link.
    pub(crate) onlink: bool,
    /// What packets are wrapped in.
    pub(crate) encap: Option<Encap>,
    /// Realms of the source, in the upper half, and of the destination.
    pub(crate) realms: Option<u32>,
}

/// One of several ways.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Hop {
    /// The way.
    pub(crate) way: Way,
    /// Its share less 1.
    pub(crate) more_weight: u8,
}

/// Where among its equals a route is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Position {
    /// Before them.
    Prepend,
    /// Only if there is none.
    Add,
    /// After them.
    Append,
}

/// A tunnel around the packets of a route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Encap {
    /// IPv4.
    Ip {
        id: Option<u64>,
        dst: Option<Ipv4Addr>,
        src: Option<Ipv4Addr>,
        tos: Option<u8>,
        ttl: Option<u8>,
        flags: Option<u16>,
    },
    /// IPv6.
    Ip6 {
        id: Option<u64>,
        dst: Option<Ipv6Addr>,
        src: Option<Ipv6Addr>,
        tc: Option<u8>,
        hop_limit: Option<u8>,
        flags: Option<u16>,
    },
    /// Labels of 20 bits.
    Mpls(Vec<u32>),
    /// A locator.
    Ila(u64),
}

impl Route {
    /// Interfaces without which it cannot be.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.way)
            .chain(self.hops.iter().map(|hop| &hop.way))
            .filter_map(|way| way.dev.as_ref())
    }
}

/// Those that can be made; the others are told.
pub(super) fn all(
    lines: &[config::Route],
    names: &Names,
    complain: &mut impl FnMut(Class, String),
) -> Vec<Route> {
    let one = |line: &config::Route| {
        let to = line.to.map_or_else(|| "default".to_owned(), |prefix| prefix.to_string());
        if line.track && line.dev.is_none() {
            let text = format!("Warning - cannot track route {to} with no interface specified, not tracking");
            complain(Class::Log, text);
        }
        match translate(line, names) {
            Ok(route) => Some(route),
            Err(reason) => {
                complain(Class::General, format!("route {to} {reason} - ignoring it"));
                None
            }
        }
    };
    lines.iter().filter_map(one).collect()
}

/// Translates a line.
///
/// # Errors
/// What is wrong with it, to follow the destination in a message.
pub(super) fn translate(line: &config::Route, names: &Names) -> Result<Route, String> {
    let number = |table, lookup: &Option<Lookup>, what| field(names, table, lookup.as_ref(), what);
    let way = way(
        Way {
            via: line.via,
            dev: line.dev.as_ref().map(|dev| dev.value.to_string()),
            onlink: line.onlink,
            ..Way::default()
        },
        line.encap.as_ref(),
        line.realms.as_ref(),
        names,
    )?;
    let hop = |hop: &config::NextHop| {
        let plain = Way {
            via: hop.via,
            dev: hop.dev.as_ref().map(|dev| dev.value.to_string()),
            onlink: hop.onlink,
            ..Way::default()
        };
        let way = self::way(plain, hop.encap.as_ref(), hop.realms.as_ref(), names)?;
        Ok(Hop { way, more_weight: u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX) })
    };
    let (metrics, locked) = metrics(&line.metrics);
    Ok(Route {
        family: family(line.family),
        kind: kind(line.kind),
        to: line.to.map(network),
        from: line.from.map(network),
        source: line.source,
        way,
        hops: line.next_hops.iter().map(hop).collect::<Result<_, String>>()?,
        tos: number(Table::Tos, &line.tos, "type of service")?.unwrap_or(0),
        table: match &line.vrf {
            Some(vrf) => RouteTable::Vrf(vrf.value.to_string()),
            None => RouteTable::Number(
                field(names, Table::Routes, line.table.as_ref(), "routing table")?.unwrap_or(MAIN),
            ),
        },
        protocol: number(Table::Protocols, &line.protocol, "protocol")?.unwrap_or(PROTOCOL),
        scope: number(Table::Scopes, &line.scope, "scope")?,
        metric: line.metric,
        expires: line.expires.map(|time| u32::try_from(time.as_secs()).unwrap_or(u32::MAX)),
        preference: line.preference.map(preference),
        ttl_propagate: line.ttl_propagate,
        metrics,
        congestion: line.metrics.congctl.as_ref().map(|(name, _)| name.clone()),
        locked,
        position: match line.position {
            config::Position::Prepend => Position::Prepend,
            config::Position::Add => Position::Add,
            config::Position::Append => Position::Append,
        },
        // Without an interface nothing says when it can be there.
        tracked: line.track && line.dev.is_some(),
    })
}

/// A word that may be missing, as a number that fits its field.
pub(super) fn field<T: TryFrom<u32>>(
    names: &Names,
    table: Table,
    lookup: Option<&Lookup>,
    what: &str,
) -> Result<Option<T>, String> {
    let Some(lookup) = lookup else { return Ok(None) };
    match names.number(table, lookup) {
        Some(number) => Ok(Some(number)),
        None => Err(format!("has an unknown {what}")),
    }
}

pub(super) fn family(family: config::Family) -> Family {
    match family {
        config::Family::V4 => Family::Ipv4,
        config::Family::V6 => Family::Ipv6,
    }
}

pub(super) fn network(prefix: config::Prefix) -> Network {
    Network { address: prefix.addr, bits: prefix.len }
}

/// Both realms in one number (RTA_FLOW, FRA_FLOW).
pub(super) fn realms(realms: &config::Realms, names: &Names) -> Result<u32, String> {
    let from: u16 = field(names, Table::Realms, realms.from.as_ref(), "realm")?.unwrap_or(0);
    let to: u16 = field(names, Table::Realms, Some(&realms.to), "realm")?.unwrap_or(0);
    Ok(u32::from(from) << 16 | u32::from(to))
}

fn way(
    plain: Way,
    around: Option<&config::Encap>,
    realm: Option<&config::Realms>,
    names: &Names,
) -> Result<Way, String> {
    Ok(Way {
        encap: around.map(|around| encap(around, names)).transpose()?,
        realms: realm.map(|realm| realms(realm, names)).transpose()?,
        ..plain
    })
}

fn encap(encap: &config::Encap, names: &Names) -> Result<Encap, String> {
    let tos = |lookup: &Option<Lookup>| field(names, Table::Tos, lookup.as_ref(), "type of service");
    Ok(match encap {
        config::Encap::Ip { id, dst, src, tos: class, ttl, flags } => {
            Encap::Ip { id: *id, dst: *dst, src: *src, tos: tos(class)?, ttl: *ttl, flags: *flags }
        }
        config::Encap::Ip6 { id, dst, src, tc, hop_limit, flags } => {
            Encap::Ip6 { id: *id, dst: *dst, src: *src, tc: tos(tc)?, hop_limit: *hop_limit, flags: *flags }
        }
        config::Encap::Mpls(labels) => Encap::Mpls(labels.clone()),
        config::Encap::Ila(locator) => Encap::Ila(*locator),
    })
}

fn kind(kind: config::RouteKind) -> u8 {
    match kind {
        config::RouteKind::Unicast => 1,
        config::RouteKind::Local => 2,
        config::RouteKind::Broadcast => 3,
        config::RouteKind::Anycast => 4,
        config::RouteKind::Multicast => 5,
        config::RouteKind::Blackhole => 6,
        config::RouteKind::Unreachable => 7,
        config::RouteKind::Prohibit => 8,
        config::RouteKind::Throw => 9,
        config::RouteKind::Nat => 10,
        config::RouteKind::Xresolve => 11,
        config::RouteKind::Number(number) => number,
    }
}

/// RFC 4191 §2.1: two bits, signed.
fn preference(preference: config::RouterPreference) -> u8 {
    match preference {
        config::RouterPreference::Medium => 0,
        config::RouterPreference::High => 1,
        config::RouterPreference::Low => 3,
        config::RouterPreference::Number(number) => number,
    }
}

/// The values by their RTAX_ number, in its order, and which of them may not change.
fn metrics(metrics: &config::RouteMetrics) -> (Vec<(u16, u32)>, u32) {
    /// RTAX_CC_ALGO, whose value is no number.
    const CONGESTION: u16 = 16;
    let free = |value: Option<u32>| value.map(|value| (value, false));
    let switch = |value: Option<bool>| value.map(|value| (u32::from(value), false));
    let all = [
        (2, metrics.mtu),
        (3, free(metrics.window)),
        (4, metrics.rtt),
        (5, metrics.rttvar),
        (6, metrics.ssthresh),
        (7, metrics.cwnd),
        (8, metrics.advmss),
        (9, metrics.reordering),
        (10, free(metrics.hop_limit.map(u32::from))),
        (11, free(metrics.init_cwnd)),
        // RTAX_FEATURE_ECN
        (12, metrics.ecn.then_some((1, false))),
        (13, metrics.rto_min),
        (14, free(metrics.init_rwnd)),
        (15, switch(metrics.quick_ack)),
        (17, switch(metrics.fastopen_no_cookie)),
    ];
    let locked =
        all.iter().filter(|(_, value)| value.is_some_and(|(_, locked)| locked)).map(|(kind, _)| *kind);
    let congestion = metrics.congctl.as_ref().filter(|(_, locked)| *locked).map(|_| CONGESTION);
    let locked = locked.chain(congestion).fold(0, |mask, kind| mask | 1 << kind);
    let values = all.into_iter().filter_map(|(kind, value)| value.map(|(value, _)| (kind, value))).collect();
    (values, locked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_metric_sets_the_bit_of_its_number() {
        let (values, locked) = metrics(&config::RouteMetrics {
            mtu: Some((1400, true)),
            window: Some(9),
            congctl: Some(("cubic".into(), true)),
            ..config::RouteMetrics::default()
        });
        assert_eq!(values, [(2, 1400), (3, 9)]);
        assert_eq!(locked, 1 << 2 | 1 << 16);
    }
}
