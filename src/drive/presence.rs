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

/// Addresses, each with the numbers of the interfaces that have it.
pub(super) struct Presence {
    handle: Handle,
    messages: Messages,
    held: BTreeMap<IpAddr, BTreeSet<u32>>,
}

impl Presence {
    /// Listens, and learns what there is.
    ///
    /// # Errors
    ///
    /// The kernel has no socket for it, or does not answer.
    pub(super) async fn open(room: Option<Buffer>) -> io::Result<Self> {
        let groups = [MulticastGroup::Ipv4Ifaddr, MulticastGroup::Ipv6Ifaddr];
        let Connection { handle, notices: messages, socket } = connect(&groups)?;
        receive_buffer::give(&socket, room, "netlink monitor");
        let mut this = Self { handle, messages, held: BTreeMap::new() };
        this.read_all().await?;
        Ok(this)
    }

    /// Whether one of these addresses is here.
    pub(super) fn has(&self, first: IpAddr, last: IpAddr) -> bool {
        first <= last && self.held.range((Bound::Included(first), Bound::Included(last))).next().is_some()
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
        self.held.clear();
        for report in all.iter().filter_map(Report::read) {
            self.note(&report);
        }
        Ok(())
    }

    fn take(&mut self, report: &Report) -> bool {
        let changed = self.note(report);
        if changed {
            let (what, address) = match report {
                Report::Address(held) => ("added", held.address),
                Report::AddressGone(held) => ("removed", held.address),
                Report::Link(_) | Report::LinkGone { .. } => return false,
            };
            tracing::debug!("Netlink reflector reports IP {address} {what}");
        }
        changed
    }

    fn note(&mut self, report: &Report) -> bool {
        match report {
            Report::Address(held) => self.held.entry(held.address).or_default().insert(held.index),
            Report::AddressGone(gone) => {
                let Some(interfaces) = self.held.get_mut(&gone.address) else { return false };
                let removed = interfaces.remove(&gone.index);
                if interfaces.is_empty() {
                    self.held.remove(&gone.address);
                }
                removed
            }
            Report::Link(_) | Report::LinkGone { .. } => false,
        }
    }
}
