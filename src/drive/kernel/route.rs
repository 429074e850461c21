//! Routes as rtnetlink speaks of them.

use std::net::IpAddr;

use netlink_packet_core::{DefaultNla, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{
    MplsLabel, RouteAddress, RouteAttribute, RouteFlags, RouteIp6Tunnel, RouteIp6TunnelFlags, RouteIpTunnel,
    RouteIpTunnelFlags, RouteLwEnCapType, RouteLwTunnelEncap, RouteMessage, RouteMetric, RouteMplsIpTunnel,
    RouteMplsTtlPropagation, RouteNextHop, RouteNextHopFlags, RoutePreference, RouteProtocol, RouteRealm,
    RouteScope, RouteType, RouteVia,
};
use vrrp::Family;

use crate::mirror::Mirror;
use crate::plan::route::{Encap, Network, Position, Route, RouteTable, Way};

/// `RTA_TABLE` instead of the header's byte, for tables beyond it.
const RT_TABLE_UNSPEC: u8 = 0;

/// `RTN_LOCAL`, whose destination is this machine.
const LOCAL: u8 = 2;

/// `LWTUNNEL_ENCAP_ILA` carries the locator in this attribute (`ILA_ATTR_LOCATOR`).
const ILA_LOCATOR: u16 = 1;

/// What a route cannot be without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoInterface(pub(super) String);

/// The flags of a request to add it.
pub(super) fn flags(position: Position) -> u16 {
    match position {
        Position::Prepend => NLM_F_CREATE,
        Position::Add => NLM_F_CREATE | NLM_F_EXCL,
        Position::Append => NLM_F_CREATE | NLM_F_APPEND,
    }
}

/// To add it.
///
/// # Errors
/// An interface it goes by is not there.
pub(super) fn to_add(route: &Route, mirror: &Mirror) -> Result<RouteMessage, NoInterface> {
    let scope = match route.scope {
        Some(scope) => RouteScope::from(scope),
        // The kernel takes a local route with no wider scope.
        None if route.kind == LOCAL => RouteScope::Host,
        None => RouteScope::Universe,
    };
    message(route, scope, mirror)
}

/// To delete it, and no other.
///
/// # Errors
/// An interface it goes by is not there, and so the route neither.
pub(super) fn to_delete(route: &Route, mirror: &Mirror) -> Result<RouteMessage, NoInterface> {
    message(route, route.scope.map_or(RouteScope::NoWhere, RouteScope::from), mirror)
}

/// Whether a route that the kernel reports is this one.
pub(super) fn is(seen: &RouteMessage, route: &Route, mirror: &Mirror) -> bool {
    let Ok(wanted) = to_add(route, mirror) else { return false };
    let (ours, theirs) = (&wanted.header, &seen.header);
    let same_header = ours.address_family == theirs.address_family
        && ours.destination_prefix_length == theirs.destination_prefix_length
        && ours.tos == theirs.tos
        && ours.kind == theirs.kind
        && ours.protocol == theirs.protocol;
    same_header
        && table(&wanted) == table(seen)
        && identity(&wanted).iter().all(|one| seen.attributes.contains(one))
}

/// The attributes that tell it from others at the same place; the kernel repeats them as they are.
fn identity(wanted: &RouteMessage) -> Vec<&RouteAttribute> {
    let told = |attribute: &&RouteAttribute| {
        matches!(
            attribute,
            RouteAttribute::Destination(_)
                | RouteAttribute::Source(_)
                | RouteAttribute::PrefSource(_)
                | RouteAttribute::Gateway(_)
                | RouteAttribute::Priority(_)
                | RouteAttribute::Oif(_)
        )
    };
    wanted.attributes.iter().filter(told).collect()
}

fn table(message: &RouteMessage) -> u32 {
    let long = message
        .attributes
        .iter()
        .find_map(|one| if let RouteAttribute::Table(number) = one { Some(*number) } else { None });
    long.unwrap_or_else(|| message.header.table.into())
}

fn message(route: &Route, scope: RouteScope, mirror: &Mirror) -> Result<RouteMessage, NoInterface> {
    let mut message = RouteMessage::default();
    let header = &mut message.header;
    header.address_family = match route.family {
        Family::Ipv4 => AddressFamily::Inet,
        Family::Ipv6 => AddressFamily::Inet6,
    };
    header.kind = RouteType::from(route.kind);
    header.protocol = RouteProtocol::from(route.protocol);
    header.scope = scope;
    header.tos = route.tos;
    header.destination_prefix_length = route.to.map_or(0, |network| network.bits);
    header.source_prefix_length = route.from.map_or(0, |network| network.bits);
    if route.way.onlink {
        header.flags |= RouteFlags::Onlink;
    }
    let number = match &route.table {
        RouteTable::Number(number) => *number,
        RouteTable::Vrf(name) => {
            mirror.link(name).and_then(|link| link.vrf_table).ok_or_else(|| NoInterface(name.clone()))?
        }
    };
    header.table = u8::try_from(number).unwrap_or(RT_TABLE_UNSPEC);

    let attributes = &mut message.attributes;
    if header.table == RT_TABLE_UNSPEC {
        attributes.push(RouteAttribute::Table(number));
    }
    attributes.extend(route.to.map(|network| RouteAttribute::Destination(destination(network))));
    attributes.extend(route.from.map(|network| RouteAttribute::Source(destination(network))));
    attributes.extend(route.source.map(|address| RouteAttribute::PrefSource(route_address(address))));
    attributes.extend(route.metric.map(RouteAttribute::Priority));
    if let Some(index) = index(&route.way, mirror)? {
        attributes.push(RouteAttribute::Oif(index));
    }
    attributes.extend(way(&route.way, route.family));
    attributes.extend(route.expires.map(RouteAttribute::Expires));
    attributes
        .extend(route.preference.map(|number| RouteAttribute::Preference(RoutePreference::from(number))));
    attributes.extend(route.ttl_propagate.map(|on| {
        RouteAttribute::TtlPropagate(if on {
            RouteMplsTtlPropagation::Enabled
        } else {
            RouteMplsTtlPropagation::Disabled
        })
    }));
    let metrics = metrics(route);
    if !metrics.is_empty() {
        attributes.push(RouteAttribute::Metrics(metrics));
    }
    if !route.hops.is_empty() {
        let hop = |hop: &crate::plan::route::Hop| {
            let mut one = RouteNextHop::default();
            one.hops = hop.more_weight;
            one.interface_index = index(&hop.way, mirror)?.unwrap_or(0);
            if hop.way.onlink {
                one.flags |= RouteNextHopFlags::Onlink;
            }
            one.attributes = way(&hop.way, route.family);
            Ok(one)
        };
        let hops = route.hops.iter().map(hop).collect::<Result<_, NoInterface>>()?;
        attributes.push(RouteAttribute::MultiPath(hops));
    }
    Ok(message)
}

fn index(way: &Way, mirror: &Mirror) -> Result<Option<u32>, NoInterface> {
    let Some(name) = &way.dev else { return Ok(None) };
    let link = mirror.link(name).ok_or_else(|| NoInterface(name.clone()))?;
    Ok(Some(link.index))
}

/// All of a way but its interface.
fn way(way: &Way, family: Family) -> Vec<RouteAttribute> {
    let mut attributes = Vec::new();
    attributes.extend(way.via.map(|via| match (via, family) {
        (IpAddr::V4(_), Family::Ipv4) | (IpAddr::V6(_), Family::Ipv6) => {
            RouteAttribute::Gateway(route_address(via))
        }
        (IpAddr::V4(via), Family::Ipv6) => RouteAttribute::Via(RouteVia::Inet(via)),
        (IpAddr::V6(via), Family::Ipv4) => RouteAttribute::Via(RouteVia::Inet6(via)),
    }));
    attributes.extend(way.realms.map(|realms| {
        let [from, to] = [realms >> 16, realms & 0xffff];
        let half = |number| u16::try_from(number).unwrap_or(u16::MAX);
        RouteAttribute::Realm(RouteRealm { source: half(from), destination: half(to) })
    }));
    if let Some(around) = &way.encap {
        let (kind, parts) = encap(around);
        attributes.push(RouteAttribute::EncapType(kind));
        attributes.push(RouteAttribute::Encap(parts));
    }
    attributes
}

fn encap(around: &Encap) -> (RouteLwEnCapType, Vec<RouteLwTunnelEncap>) {
    match around {
        Encap::Ip { id, dst, src, tos, ttl, flags } => {
            let flags = flags.map(RouteIpTunnelFlags::from_bits_retain);
            let parts = [
                id.map(RouteIpTunnel::Id),
                dst.map(RouteIpTunnel::Destination),
                src.map(RouteIpTunnel::Source),
                tos.map(RouteIpTunnel::Tos),
                ttl.map(RouteIpTunnel::Ttl),
                flags.map(RouteIpTunnel::Flags),
            ];
            (RouteLwEnCapType::Ip, parts.into_iter().flatten().map(RouteLwTunnelEncap::Ip).collect())
        }
        Encap::Ip6 { id, dst, src, tc, hop_limit, flags } => {
            let flags = flags.map(RouteIp6TunnelFlags::from_bits_retain);
            let parts = [
                id.map(RouteIp6Tunnel::Id),
                dst.map(RouteIp6Tunnel::Destination),
                src.map(RouteIp6Tunnel::Source),
                tc.map(RouteIp6Tunnel::Tc),
                hop_limit.map(RouteIp6Tunnel::Hoplimit),
                flags.map(RouteIp6Tunnel::Flags),
            ];
            (RouteLwEnCapType::Ip6, parts.into_iter().flatten().map(RouteLwTunnelEncap::Ip6).collect())
        }
        Encap::Mpls(labels) => {
            let last = labels.len().saturating_sub(1);
            let label = |(place, label): (usize, &u32)| MplsLabel {
                label: *label,
                traffic_class: 0,
                bottom_of_stack: place == last,
                ttl: 0,
            };
            let labels = labels.iter().enumerate().map(label).collect();
            let part = RouteLwTunnelEncap::Mpls(RouteMplsIpTunnel::Destination(labels));
            (RouteLwEnCapType::Mpls, vec![part])
        }
        Encap::Ila(locator) => {
            let locator = DefaultNla::new(ILA_LOCATOR, locator.to_be_bytes().to_vec());
            (RouteLwEnCapType::Ila, vec![RouteLwTunnelEncap::Other(locator)])
        }
    }
}

fn metrics(route: &Route) -> Vec<RouteMetric> {
    /// `RTAX_…` are numbered from `RTAX_LOCK`.
    const LOCK: u16 = 1;
    let number =
        |(kind, value): &(u16, u32)| RouteMetric::Other(DefaultNla::new(*kind, value.to_ne_bytes().to_vec()));
    let lock = (route.locked != 0).then_some((LOCK, route.locked));
    let numbers = lock.iter().chain(&route.metrics).map(number);
    numbers.chain(route.congestion.clone().map(RouteMetric::CcAlgo)).collect()
}

/// The network alone: the kernel takes no bits beyond it.
fn destination(network: Network) -> RouteAddress {
    match network.address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(network.bits.min(32))).unwrap_or(0);
            RouteAddress::Inet((u32::from(address) & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(network.bits.min(128))).unwrap_or(0);
            RouteAddress::Inet6((u128::from(address) & mask).into())
        }
    }
}

fn route_address(address: IpAddr) -> RouteAddress {
    match address {
        IpAddr::V4(address) => RouteAddress::Inet(address),
        IpAddr::V6(address) => RouteAddress::Inet6(address),
    }
}
