//! Whether what the kernel has, or says it has lost, is one of ours.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::rule::RuleMessage;

use super::{route, rule};
use crate::mirror::{Mirror, Report};
use crate::plan::object::Object;

/// What the kernel has, as far as it can be ours.
pub(super) struct Present {
    /// Number of the interface, address, length of the network part.
    pub(super) addresses: BTreeSet<(u32, IpAddr, u8)>,
    /// With our mark.
    pub(super) routes: Vec<RouteMessage>,
    /// All of them.
    pub(super) rules: Vec<RuleMessage>,
}

impl Present {
    /// Whether this is there.
    pub(super) fn has(&self, object: &Object, mirror: &Mirror) -> bool {
        match object {
            Object::Address(one) => mirror
                .link(&one.interface)
                .is_some_and(|link| self.addresses.contains(&(link.index, one.address, one.prefix))),
            Object::Route(_) => self.routes.iter().any(|seen| is_route(seen, object, mirror)),
            Object::Rule(_) => self.rules.iter().any(|seen| is_rule(seen, object)),
        }
    }
}

/// Whether a report is of the end of this address.
pub(super) fn is_address(gone: &Report, object: &Object, mirror: &Mirror) -> bool {
    let (Report::AddressGone(gone), Object::Address(wanted)) = (gone, object) else { return false };
    gone.address == wanted.address
        && gone.prefix == wanted.prefix
        && mirror.link_at(gone.index).is_some_and(|link| link.name == wanted.interface)
}

/// Whether a route is this one.
pub(super) fn is_route(seen: &RouteMessage, object: &Object, mirror: &Mirror) -> bool {
    matches!(object, Object::Route(wanted) if route::is(seen, wanted, mirror))
}

/// Whether a rule is this one.
pub(super) fn is_rule(seen: &RuleMessage, object: &Object) -> bool {
    matches!(object, Object::Rule(wanted) if rule::is(seen, wanted))
}
