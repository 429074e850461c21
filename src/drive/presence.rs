//! Which addresses are on this machine, as the kernel tells it: `ha_suspend` follows them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::ops::Bound;

use futures_util::StreamExt as _;
use netlink_packet_core::NetlinkPayload;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::AddressMessage;
use rtnetlink::MulticastGroup;

use crate::mirror::Report;
use crate::netlink::{Connection, Handle, Messages, connect};
use crate::plan::buffer::Buffer;
use crate::receive_buffer;

/// Follows the addresses of this machine.
pub(super) struct Presence {
    handle: Handle,
    messages: Messages,
    held: Addresses,
    /// `--address-monitoring`: also those that are there, and without `-D`.
    told: bool,
}

/// Addresses, each with the interfaces that have it: an interface may have it under several lengths of its network part.
#[derive(Debug, Default)]
struct Addresses(BTreeMap<IpAddr, BTreeSet<(u32, u8)>>);

impl Presence {
    /// Listens, and learns what there is; tells it as well, where that is wanted.
    ///
    /// # Errors
    ///
    /// The kernel has no socket for it, or does not answer.
    pub(super) async fn open(room: Option<Buffer>, told: bool) -> io::Result<Self> {
        let groups = [MulticastGroup::Ipv4Ifaddr, MulticastGroup::Ipv6Ifaddr];
        let Connection { handle, notices: messages, socket } = connect(&groups)?;
        receive_buffer::give(&socket, room, "netlink monitor");
        let mut this = Self { handle, messages, held: Addresses::default(), told };
        this.read_all().await?;
        Ok(this)
    }

    /// Whether one of these addresses is here.
    pub(super) fn has(&self, first: IpAddr, last: IpAddr) -> bool {
        self.held.has(first, last)
    }

    /// Waits until an address came or went. Loses nothing when dropped.
    pub(super) async fn changed(&mut self) {
        loop {
            let Some(message) = self.messages.next().await else { return std::future::pending().await };
            let changed = match message.payload {
                NetlinkPayload::InnerMessage(inner) => {
                    Report::read(&inner).is_some_and(|report| self.take(&report))
                }
                NetlinkPayload::Overrun(_) => {
                    if let Err(error) = self.read_all().await {
                        tracing::error!("Netlink: cannot read the addresses again: {error}");
                    }
                    true
                }
                NetlinkPayload::Done(_) | NetlinkPayload::Error(_) | NetlinkPayload::Noop | _ => false,
            };
            if changed {
                return;
            }
        }
    }

    async fn read_all(&mut self) -> io::Result<()> {
        let all = self.handle.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default())).await?;
        let before = std::mem::take(&mut self.held);
        for report in all.iter().filter_map(Report::read) {
            self.held.note(&report);
            if let Report::Address(held) = report
                && self.told
                && !before.has(held.address, held.address)
            {
                tracing::info!("Netlink reflector reports IP {} added", held.address);
            }
        }
        Ok(())
    }

    fn take(&mut self, report: &Report) -> bool {
        let changed = self.held.note(report);
        if changed {
            let (what, address) = match report {
                Report::Address(held) => ("added", held.address),
                Report::AddressGone(held) => ("removed", held.address),
                Report::Link(_) | Report::LinkGone { .. } => return false,
            };
            if self.told {
                tracing::info!("Netlink reflector reports IP {address} {what}");
            } else {
                tracing::debug!("Netlink reflector reports IP {address} {what}");
            }
        }
        changed
    }
}

impl Addresses {
    fn has(&self, first: IpAddr, last: IpAddr) -> bool {
        first <= last && self.0.range((Bound::Included(first), Bound::Included(last))).next().is_some()
    }

    /// Takes a report, and says whether it is news.
    fn note(&mut self, report: &Report) -> bool {
        match report {
            Report::Address(held) => {
                self.0.entry(held.address).or_default().insert((held.index, held.prefix))
            }
            Report::AddressGone(gone) => {
                let Some(places) = self.0.get_mut(&gone.address) else { return false };
                let removed = places.remove(&(gone.index, gone.prefix));
                if places.is_empty() {
                    self.0.remove(&gone.address);
                }
                removed
            }
            Report::Link(_) | Report::LinkGone { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::Held;

    #[test]
    fn an_address_is_here_until_the_last_place_that_has_it_is_gone() {
        let address = IpAddr::from([10, 1, 0, 1]);
        let held = |index, prefix| Held { index, address, prefix, primary: true };
        let mut addresses = Addresses::default();
        let places = [held(2, 32), held(2, 24), held(3, 32)];
        assert!(places.iter().all(|held| addresses.note(&Report::Address(*held))));
        assert!(!addresses.note(&Report::Address(held(2, 24))), "no news");
        for held in places {
            assert!(addresses.has(address, address));
            assert!(addresses.note(&Report::AddressGone(held)));
        }
        assert!(!addresses.has(address, address));
    }
}
