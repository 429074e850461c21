//! What a real server is asked to do: which virtual addresses it answers for, and on which way their packets come.

use std::net::IpAddr;

use ipvs::{Forwarding, ServiceId};

use crate::plan::checkers::Service;

/// Packets of one virtual address that reach one of this host's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duty {
    /// Whom clients ask; none if the service is known by a firewall mark alone.
    pub(crate) vip: Option<IpAddr>,
    /// The address of this host that stands in `real_server` or `sorry_server`.
    pub(crate) server: IpAddr,
    /// How the director hands packets over.
    pub(crate) forwarding: Forwarding,
}

/// The duties of a host, each once and in the order of the file. `is_here` tells whether the host has an address.
pub(crate) fn duties(services: &[Service], is_here: impl Fn(IpAddr) -> bool) -> Vec<Duty> {
    let mut duties = Vec::new();
    for service in services.iter().map(|service| &service.kernel) {
        let servers = service.servers.iter().chain(&service.sorry).filter(|server| is_here(server.address()));
        for server in servers {
            for id in &service.services {
                let vip = match &id.id {
                    ServiceId::Address { addr, .. } => Some(*addr),
                    ServiceId::FwMark { .. } => None,
                };
                let duty = Duty { vip, server: server.address(), forwarding: server.forwarding() };
                if !duties.contains(&duty) {
                    duties.push(duty);
                }
            }
        }
    }
    duties
}
