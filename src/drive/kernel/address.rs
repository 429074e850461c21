//! Addresses as rtnetlink speaks of them.

use std::net::IpAddr;

use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressMessage, AddressProtocol, AddressScope, CacheInfo,
};

use crate::plan::address::Address;

/// A lifetime without end.
const FOREVER: u32 = u32::MAX;

fn base(address: &Address, index: u32) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = match address.address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    };
    message.header.prefix_len = address.prefix;
    message.header.index = index;
    message
}

/// To add it; the attributes are in the original's order.
pub(super) fn to_add(address: &Address, index: u32) -> AddressMessage {
    let mut message = base(address, index);
    message.header.scope = AddressScope::from(address.scope);
    let attributes = &mut message.attributes;
    if let (IpAddr::V6(_), Some(preferred)) = (address.address, address.preferred()) {
        let mut lifetimes = CacheInfo::default();
        lifetimes.ifa_preferred = preferred;
        lifetimes.ifa_valid = FOREVER;
        attributes.push(AddressAttribute::CacheInfo(lifetimes));
    }
    attributes.push(AddressAttribute::Local(address.address));
    attributes.extend(address.broadcast().map(AddressAttribute::Broadcast));
    let flags = flags(address);
    if !flags.is_empty() {
        attributes.push(AddressAttribute::Flags(flags));
    }
    attributes.extend(address.label().map(|label| AddressAttribute::Label(label.to_string())));
    attributes.extend(address.peer().map(AddressAttribute::Address));
    attributes.push(AddressAttribute::Protocol(AddressProtocol::from(address.protocol)));
    message
}

/// To delete it.
pub(super) fn to_delete(address: &Address, index: u32) -> AddressMessage {
    let mut message = base(address, index);
    message.attributes.push(AddressAttribute::Local(address.address));
    if address.address.is_ipv4() {
        message.attributes.push(AddressAttribute::Address(address.peer().unwrap_or(address.address)));
    }
    message
}

fn flags(address: &Address) -> AddressFlags {
    let seldom = address.seldom();
    [
        (address.no_duplicate_detection, AddressFlags::Nodad),
        (seldom.home, AddressFlags::Homeaddress),
        (seldom.manage_temporary, AddressFlags::Managetempaddr),
        (seldom.no_prefix_route, AddressFlags::Noprefixroute),
        (seldom.autojoin, AddressFlags::Mcautojoin),
    ]
    .into_iter()
    .filter_map(|(is_set, flag)| is_set.then_some(flag))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::plain("eth0", [10, 0, 0, 100].into(), 24)
    }

    #[test]
    fn a_plain_address_says_nothing_that_was_not_configured() {
        let message = to_add(&address(), 2);
        assert_eq!(
            message.attributes,
            [
                AddressAttribute::Local([10, 0, 0, 100].into()),
                AddressAttribute::Protocol(AddressProtocol::Other(18))
            ]
        );
        assert_eq!((message.header.index, message.header.prefix_len), (2, 24));
    }

    #[test]
    fn an_ipv6_host_address_is_deprecated_and_not_probed_for() {
        let v6: IpAddr = "2001:db8::1".parse().expect("an address");
        let one =
            Address { address: v6, prefix: 128, deprecated: true, no_duplicate_detection: true, ..address() };
        let attributes = to_add(&one, 2).attributes;
        let mut lifetimes = CacheInfo::default();
        lifetimes.ifa_valid = FOREVER;
        assert_eq!(attributes[0], AddressAttribute::CacheInfo(lifetimes));
        assert!(attributes.contains(&AddressAttribute::Flags(AddressFlags::Nodad)));
    }
}
