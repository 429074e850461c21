//! The addresses the VRRP worker wants on interfaces, and the requests that make the kernel agree.

use std::collections::BTreeMap;
use std::net::IpAddr;

use futures_util::StreamExt as _;
use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressMessage, AddressProtocol, AddressScope, CacheInfo,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;
use rtnetlink::Handle;

use super::kernel::Id;
use crate::mirror::{Held, Mirror};
use crate::plan::vrrp::Address;

/// A lifetime without end.
const FOREVER: u32 = u32::MAX;

/// Whom an address on an interface is held for.
#[derive(Debug)]
pub(super) struct Addresses {
    handle: Handle,
    held: BTreeMap<Id, Vec<Address>>,
}

/// An address of ours that somebody else deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) id: Id,
    pub(super) address: Address,
}

impl Addresses {
    /// Holds nothing yet.
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle, held: BTreeMap::new() }
    }

    /// Makes the kernel have exactly these for `id`. Returns whether one was added that was not held for it before.
    pub(super) async fn hold(&mut self, id: Id, wanted: Vec<Address>, mirror: &Mirror) -> bool {
        let before = self.held.remove(&id).unwrap_or_default();
        let mut deleted = false;
        for address in before.iter().filter(|address| !wanted.contains(address)) {
            self.delete(address, mirror).await;
            deleted = true;
        }
        let mut held = Vec::with_capacity(wanted.len());
        let mut added = false;
        for address in wanted {
            let is_new = !before.contains(&address);
            // With the first address of a network the kernel may have deleted the others of it, so all are set again.
            if !is_new && !deleted {
                held.push(address);
            } else if self.add(&address, mirror).await {
                held.push(address);
                added |= is_new;
            }
        }
        self.held.insert(id, held);
        added
    }

    /// Takes back all that is held for `id`.
    pub(super) async fn drop(&mut self, id: Id, mirror: &Mirror) {
        for address in self.held.remove(&id).unwrap_or_default() {
            self.delete(&address, mirror).await;
        }
    }

    /// Deletes what a predecessor that was killed may have left behind.
    pub(super) async fn clean(&mut self, leftovers: &[Address], mirror: &Mirror) {
        for address in leftovers {
            self.delete(address, mirror).await;
        }
    }

    /// Whose address this was, if it is one of ours.
    pub(super) fn owner_of(&self, gone: &Held, mirror: &Mirror) -> Option<Lost> {
        let interface = &mirror.link_at(gone.index)?.name;
        self.held.iter().find_map(|(id, addresses)| {
            let address = addresses.iter().find(|one| {
                one.address == gone.address && one.prefix == gone.prefix && one.interface == *interface
            })?;
            Some(Lost { id: *id, address: address.clone() })
        })
    }

    /// Strikes an address that is no longer there.
    pub(super) fn forget(&mut self, lost: &Lost) {
        if let Some(addresses) = self.held.get_mut(&lost.id) {
            addresses.retain(|address| *address != lost.address);
        }
    }

    /// Everything held, with its owner.
    pub(super) fn all(&self) -> Vec<Lost> {
        let each = |(id, addresses): (&Id, &Vec<Address>)| {
            let id = *id;
            addresses.iter().map(move |address| Lost { id, address: address.clone() }).collect::<Vec<_>>()
        };
        self.held.iter().flat_map(each).collect()
    }

    async fn add(&mut self, address: &Address, mirror: &Mirror) -> bool {
        let Some(link) = mirror.link(&address.interface) else {
            tracing::info!(
                "Not adding address {} to {} since interface doesn't exist",
                address.address,
                address.interface
            );
            return false;
        };
        match self.request(RouteNetlinkMessage::NewAddress(new_message(address, link.index))).await {
            Ok(()) => true,
            Err(refusal) if refusal.errno == Errno::EEXIST => true,
            Err(refusal) => {
                refusal.log("RTM_NEWADDR(20)");
                false
            }
        }
    }

    async fn delete(&mut self, address: &Address, mirror: &Mirror) {
        let Some(link) = mirror.link(&address.interface) else { return };
        match self.request(RouteNetlinkMessage::DelAddress(delete_message(address, link.index))).await {
            Ok(()) => {}
            Err(refusal) if matches!(refusal.errno, Errno::EADDRNOTAVAIL | Errno::ENODEV) => {}
            Err(refusal) => refusal.log("RTM_DELADDR(21)"),
        }
    }

    async fn request(&mut self, message: RouteNetlinkMessage) -> Result<(), Refusal> {
        let mut message = NetlinkMessage::from(message);
        message.header.flags = NLM_F_REQUEST | NLM_F_ACK;
        let lost = || Refusal { errno: Errno::ECONNRESET, header: NetlinkHeader::default() };
        let mut answers = self.handle.request(message).map_err(|_| lost())?;
        // An acknowledgement ends the answers without being one of them.
        while let Some(answer) = answers.next().await {
            if let NetlinkPayload::Error(error) = answer.payload
                && let Some(code) = error.code
            {
                return Err(Refusal { errno: Errno::from_raw(-code.get()), header: answer.header });
            }
        }
        Ok(())
    }
}

/// The kernel's no.
struct Refusal {
    errno: Errno,
    header: NetlinkHeader,
}

impl Refusal {
    fn log(&self, request: &str) {
        tracing::info!(
            "Netlink: error: {}({}), type={request}, seq={}, pid={}",
            self.errno.desc(),
            self.errno as i32,
            self.header.sequence_number,
            self.header.port_number
        );
    }
}

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

/// The attributes in the original's order.
fn new_message(address: &Address, index: u32) -> AddressMessage {
    let mut message = base(address, index);
    message.header.scope = AddressScope::from(address.scope);
    let attributes = &mut message.attributes;
    if let (IpAddr::V6(_), Some(preferred)) = (address.address, address.preferred) {
        let mut lifetimes = CacheInfo::default();
        lifetimes.ifa_preferred = preferred;
        lifetimes.ifa_valid = FOREVER;
        attributes.push(AddressAttribute::CacheInfo(lifetimes));
    }
    attributes.push(AddressAttribute::Local(address.address));
    attributes.extend(address.broadcast.map(AddressAttribute::Broadcast));
    let flags = flags(address);
    if !flags.is_empty() {
        attributes.push(AddressAttribute::Flags(flags));
    }
    attributes.extend(address.label.clone().map(AddressAttribute::Label));
    attributes.extend(address.peer.map(AddressAttribute::Address));
    attributes.push(AddressAttribute::Protocol(AddressProtocol::from(address.protocol)));
    message
}

fn delete_message(address: &Address, index: u32) -> AddressMessage {
    let mut message = base(address, index);
    message.attributes.push(AddressAttribute::Local(address.address));
    if address.address.is_ipv4() {
        message.attributes.push(AddressAttribute::Address(address.peer.unwrap_or(address.address)));
    }
    message
}

fn flags(address: &Address) -> AddressFlags {
    [
        (address.no_duplicate_detection, AddressFlags::Nodad),
        (address.home, AddressFlags::Homeaddress),
        (address.manage_temporary, AddressFlags::Managetempaddr),
        (address.no_prefix_route, AddressFlags::Noprefixroute),
        (address.autojoin, AddressFlags::Mcautojoin),
    ]
    .into_iter()
    .filter_map(|(is_set, flag)| is_set.then_some(flag))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address {
            interface: "eth0".into(),
            address: [10, 0, 0, 100].into(),
            prefix: 24,
            scope: 0,
            broadcast: None,
            label: None,
            peer: None,
            preferred: None,
            no_duplicate_detection: false,
            home: false,
            manage_temporary: false,
            no_prefix_route: false,
            autojoin: false,
            protocol: 18,
            tracked: true,
        }
    }

    #[test]
    fn a_plain_address_says_nothing_that_was_not_configured() {
        let message = new_message(&address(), 2);
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
        let one = Address {
            address: v6,
            prefix: 128,
            preferred: Some(0),
            no_duplicate_detection: true,
            ..address()
        };
        let attributes = new_message(&one, 2).attributes;
        let mut lifetimes = CacheInfo::default();
        lifetimes.ifa_valid = FOREVER;
        assert_eq!(attributes[0], AddressAttribute::CacheInfo(lifetimes));
        assert!(attributes.contains(&AddressAttribute::Flags(AddressFlags::Nodad)));
    }
}
