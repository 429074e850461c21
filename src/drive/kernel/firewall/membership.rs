//! Interfaces put into multicast groups, where the reports of the VMACs on them go nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;

use socket2::{Domain, InterfaceIndexOrAddress, Socket, Type};

use crate::mirror::Mirror;
use crate::plan::firewall::Membership;

/// The groups that interfaces are in, each for as long as its socket is open: by number of the interface.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    joined: BTreeMap<(u32, IpAddr), Socket>,
}

impl Memberships {
    /// Has exactly these, as far as their interfaces are there.
    pub(super) fn want(&mut self, wanted: BTreeSet<&Membership>, mirror: &Mirror) {
        let places: BTreeMap<(u32, IpAddr), &Membership> = wanted
            .into_iter()
            .filter_map(|one| Some(((mirror.link(&one.interface)?.index, one.group), one)))
            .collect();
        self.joined.retain(|place, _| places.contains_key(place));
        for (place, Membership { interface, group }) in places {
            if self.joined.contains_key(&place) {
                continue;
            }
            match join(place) {
                Ok(socket) => {
                    self.joined.insert(place, socket);
                }
                Err(error) => tracing::info!("({interface}) cannot join the group {group}: {error}"),
            }
        }
    }
}

/// Nothing is ever read from the socket, nor is it bound to anything that could be sent to.
fn join((index, group): (u32, IpAddr)) -> io::Result<Socket> {
    match group {
        IpAddr::V4(group) => {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM.cloexec(), None)?;
            socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(index))?;
            Ok(socket)
        }
        IpAddr::V6(group) => {
            let socket = Socket::new(Domain::IPV6, Type::DGRAM.cloexec(), None)?;
            socket.join_multicast_v6(&group, index)?;
            Ok(socket)
        }
    }
}
