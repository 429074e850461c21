//! Routing policy rules as rtnetlink speaks of them.

use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{RouteProtocol, RouteRealm};
use netlink_packet_route::rule::{
    RuleAction, RuleAttribute, RuleFlags, RuleMessage, RulePortRange, RuleUidRange,
};
use vrrp::Family;

use crate::plan::rule::{Action, Rule};

/// To add or to delete it.
pub(super) fn message(rule: &Rule) -> RuleMessage {
    let mut message = RuleMessage::default();
    let header = &mut message.header;
    header.family = match rule.family {
        Family::Ipv4 => AddressFamily::Inet,
        Family::Ipv6 => AddressFamily::Inet6,
    };
    header.src_len = rule.from.map_or(0, |network| network.bits);
    header.dst_len = rule.to.map_or(0, |network| network.bits);
    header.tos = rule.tos;
    header.action = match rule.action {
        Action::Table { .. } | Action::L3mdev => RuleAction::ToTable,
        Action::Goto(_) => RuleAction::Goto,
        Action::Nop => RuleAction::Nop,
        Action::Blackhole => RuleAction::Blackhole,
        Action::Unreachable => RuleAction::Unreachable,
        Action::Prohibit => RuleAction::Prohibit,
    };
    if rule.invert {
        header.flags |= RuleFlags::Invert;
    }

    let attributes = &mut message.attributes;
    attributes.push(RuleAttribute::Priority(rule.preference));
    attributes.extend(rule.from.map(|network| RuleAttribute::Source(network.address)));
    attributes.extend(rule.to.map(|network| RuleAttribute::Destination(network.address)));
    if let Some((mark, mask)) = rule.mark {
        attributes.extend([RuleAttribute::FwMark(mark), RuleAttribute::FwMask(mask)]);
    }
    attributes.extend(rule.input.clone().map(RuleAttribute::Iifname));
    attributes.extend(rule.output.clone().map(RuleAttribute::Oifname));
    attributes.extend(rule.tunnel.map(RuleAttribute::TunId));
    attributes.extend(rule.uids.map(|(start, end)| RuleAttribute::UidRange(RuleUidRange { start, end })));
    attributes.extend(rule.ip_protocol.map(|number| RuleAttribute::IpProtocol(number.into())));
    let ports = |(start, end)| RulePortRange { start, end };
    attributes.extend(rule.source_ports.map(|range| RuleAttribute::SourcePortRange(ports(range))));
    attributes.extend(rule.destination_ports.map(|range| RuleAttribute::DestinationPortRange(ports(range))));
    match rule.action {
        Action::Table { table, suppress_bits, suppress_group, realms } => {
            attributes.push(RuleAttribute::Table(table));
            attributes.extend(suppress_bits.map(RuleAttribute::SuppressPrefixLen));
            attributes.extend(suppress_group.map(RuleAttribute::SuppressIfGroup));
            attributes.extend(realms.map(|realms| {
                let half = |number| u16::try_from(number).unwrap_or(u16::MAX);
                let (source, destination) = (half(realms >> 16), half(realms & 0xffff));
                RuleAttribute::Realm(RouteRealm { source, destination })
            }));
        }
        Action::L3mdev => attributes.push(RuleAttribute::L3MDev(true)),
        Action::Goto(target) => attributes.push(RuleAttribute::Goto(target)),
        Action::Nop | Action::Blackhole | Action::Unreachable | Action::Prohibit => {}
    }
    attributes.push(RuleAttribute::Protocol(RouteProtocol::from(rule.protocol)));
    message
}

/// Whether a rule that the kernel reports is this one.
pub(super) fn is(seen: &RuleMessage, rule: &Rule) -> bool {
    let wanted = message(rule);
    let (ours, theirs) = (&wanted.header, &seen.header);
    ours.family == theirs.family
        && ours.src_len == theirs.src_len
        && ours.dst_len == theirs.dst_len
        && ours.tos == theirs.tos
        && ours.action == theirs.action
        && ours.flags.contains(RuleFlags::Invert) == theirs.flags.contains(RuleFlags::Invert)
        && wanted.attributes.iter().all(|one| seen.attributes.contains(one))
}
