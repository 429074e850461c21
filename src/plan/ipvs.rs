//! What the blocks of `virtual_server` mean to the kernel.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;

use parser::config::{self, Config, Members, VirtualServer};
use parser::diag::{Class, Diagnostic};
use serde::{Deserialize, Serialize};

use super::marking::Marks;
use crate::namespace;

/// Addresses that one line of a group may stand for. Each is a service of its own in the kernel.
const MAX_RANGE: u128 = 65_536;

/// One virtual server as the kernel is to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Services {
    /// The services: one, or one for each member of a group.
    pub(crate) services: Vec<ipvs::Service>,
    /// Its real servers, in order.
    pub(crate) servers: Vec<Backend>,
    /// Its sorry server.
    pub(crate) sorry: Option<Backend>,
}

/// A server behind a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Backend {
    addr: IpAddr,
    port: u16,
    forwarding: ipvs::Forwarding,
    upper_threshold: u32,
    lower_threshold: u32,
}

impl Backend {
    /// Where it is.
    pub(crate) fn address(&self) -> IpAddr {
        self.addr
    }

    /// How packets reach it.
    pub(crate) fn forwarding(&self) -> ipvs::Forwarding {
        self.forwarding
    }

    /// The destination it is to one of the services. Only address translation can change a packet's port; otherwise the
    /// kernel is told the port that the packet has (compat/checkers.md §5.4).
    pub(crate) fn destination(&self, service: &ipvs::ServiceId, weight: ipvs::Weight) -> ipvs::Destination {
        let port = match (self.forwarding, service) {
            (ipvs::Forwarding::Masquerade, _) => self.port,
            (_, ipvs::ServiceId::Address { port, .. }) => *port,
            (_, ipvs::ServiceId::FwMark { .. }) => 0,
        };
        ipvs::Destination {
            id: ipvs::DestinationId { addr: self.addr, port },
            forwarding: self.forwarding,
            weight,
            upper_threshold: self.upper_threshold,
            lower_threshold: self.lower_threshold,
        }
    }
}

/// What concerns the whole table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Table {
    /// `net_namespace_ipvs`: the network namespace of the table, if it is another than the daemon's.
    pub(crate) namespace: Option<PathBuf>,
    /// `lvs_timeouts`
    pub(crate) timeouts: ipvs::Timeouts,
    /// `lvs_flush`: begin with an empty table.
    pub(crate) flush_at_start: bool,
    /// `lvs_flush_on_stop`
    pub(crate) at_stop: AtStop,
    /// `lvs_sync_daemon` without an instance: both daemons run; this is the master.
    pub(crate) daemons: Option<ipvs::Daemon>,
}

/// What a stop leaves in the kernel's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AtStop {
    /// Nothing of ours; every server is told to go.
    Remove,
    /// Nothing of ours; servers are not told.
    RemoveServices,
    /// Nothing at all.
    Flush,
}

/// Translates what concerns the whole table.
pub(super) fn table(global: &config::Global) -> Table {
    let seconds = |limit: Option<std::time::Duration>| {
        limit.map(|limit| u32::try_from(limit.as_secs()).unwrap_or(u32::MAX)).filter(|seconds| *seconds > 0)
    };
    let timeouts = global.ipvs_timeouts;
    Table {
        namespace: namespace(global),
        timeouts: ipvs::Timeouts {
            tcp: seconds(timeouts.tcp),
            tcp_fin: seconds(timeouts.tcp_fin),
            udp: seconds(timeouts.udp),
        },
        flush_at_start: global.lvs_flush,
        at_stop: match global.lvs_flush_on_stop {
            config::FlushOnStop::No => AtStop::Remove,
            config::FlushOnStop::Services => AtStop::RemoveServices,
            config::FlushOnStop::All => AtStop::Flush,
        },
        daemons: global.sync_daemon.as_ref().filter(|daemon| daemon.instance.is_none()).and_then(daemon),
    }
}

/// `net_namespace_ipvs`: where the kernel's table is, if the configuration says where.
pub(crate) fn namespace(global: &config::Global) -> Option<PathBuf> {
    let name = &global.net_namespace_ipvs.as_ref()?.value;
    Some(if name.is_empty() { namespace::first() } else { namespace::file(name) })
}

/// The synchronisation daemon that a virtual router decides about, as the master's, and the name of that router.
pub(super) fn deciding(config: &Config) -> Option<(String, ipvs::Daemon)> {
    let wish = config.global.sync_daemon.as_ref()?;
    let instance = config.vrrp_instances.get(wish.instance?)?;
    Some((instance.name.clone(), daemon(wish)?))
}

fn daemon(daemon: &config::SyncDaemon) -> Option<ipvs::Daemon> {
    Some(ipvs::Daemon {
        role: ipvs::Role::Master,
        interface: ipvs::Name::new(daemon.interface.value.to_string()).ok()?,
        sync_id: daemon.id,
        max_len: daemon.max_len,
        group: daemon.group,
        port: daemon.port,
        ttl: daemon.ttl,
    })
}

/// Translates one block.
pub(super) fn services(
    config: &Config,
    vs: &VirtualServer,
    marks: &Marks,
    complaints: &mut Vec<Diagnostic>,
) -> Services {
    let service = |id| service(vs, id);
    let services = match &vs.service {
        config::Service::Address { addr, port } => vec![service(address(vs, *addr, *port))],
        config::Service::Fwmark(mark) => mark_id(*mark, vs.family).map(service).into_iter().collect(),
        config::Service::Group { group, .. } => match config.virtual_server_groups.get(*group) {
            Some(group) => match marks.mark(vs) {
                Some(mark) => families(&group.members)
                    .map(|family| service(ipvs::ServiceId::FwMark { mark, family }))
                    .collect(),
                None => members(vs, &group.members, complaints).into_iter().map(service).collect(),
            },
            None => Vec::new(),
        },
    };
    let servers = vs.real_servers.iter().map(|server| Backend {
        addr: server.addr,
        port: server.port,
        forwarding: forwarding(server.forwarding),
        upper_threshold: server.upper_threshold,
        lower_threshold: server.lower_threshold,
    });
    let sorry = vs.sorry_server.as_ref().map(|sorry| Backend {
        addr: sorry.addr,
        port: sorry.port,
        forwarding: forwarding(sorry.forwarding),
        upper_threshold: 0,
        lower_threshold: 0,
    });
    Services { services, servers: servers.collect(), sorry }
}

fn service(vs: &VirtualServer, id: ipvs::ServiceId) -> ipvs::Service {
    let persistence = vs.persistence.as_ref();
    ipvs::Service {
        id,
        scheduler: ipvs::Name::new(vs.scheduler.name()).ok(),
        flags: ipvs::SchedulerFlags {
            flag_1: vs.flags.flag_1,
            flag_2: vs.flags.flag_2,
            flag_3: vs.flags.flag_3,
        },
        one_packet: vs.flags.one_packet,
        persistence: persistence.map(|persistence| ipvs::Persistence {
            timeout: u32::try_from(persistence.timeout.as_secs()).unwrap_or(u32::MAX),
            granularity: match persistence.granularity {
                config::Granularity::Mask(mask) => ipvs::Granularity::Mask(mask),
                config::Granularity::Prefix(length) => ipvs::Granularity::Prefix(length),
            },
        }),
        engine: persistence
            .and_then(|persistence| persistence.engine.as_ref())
            .and_then(|name| ipvs::Name::new(name).ok()),
    }
}

fn address(vs: &VirtualServer, addr: IpAddr, port: u16) -> ipvs::ServiceId {
    ipvs::ServiceId::Address { protocol: protocol(vs.protocol), addr, port }
}

/// The kernel's name for a protocol.
pub(super) fn protocol(protocol: config::Protocol) -> ipvs::Protocol {
    match protocol {
        config::Protocol::Tcp => ipvs::Protocol::Tcp,
        config::Protocol::Udp | config::Protocol::None => ipvs::Protocol::Udp,
        config::Protocol::Sctp => ipvs::Protocol::Sctp,
    }
}

/// The families that the addresses of a group are of.
fn families(members: &[Members]) -> impl Iterator<Item = ipvs::Family> {
    let has = |ipv6: bool| {
        members.iter().any(|member| match member {
            Members::Range { first, .. } => first.is_ipv6() == ipv6,
            Members::Fwmark { .. } => false,
        })
    };
    [(has(false), ipvs::Family::V4), (has(true), ipvs::Family::V6)]
        .into_iter()
        .filter_map(|(has, family)| has.then_some(family))
}

fn mark_id(mark: u32, family: Option<config::Family>) -> Option<ipvs::ServiceId> {
    let family = match family {
        Some(config::Family::V6) => ipvs::Family::V6,
        Some(config::Family::V4) | None => ipvs::Family::V4,
    };
    NonZeroU32::new(mark).map(|mark| ipvs::ServiceId::FwMark { mark, family })
}

/// The members of a group one by one (§10.2). Ranges cross octets as they please.
fn members(
    vs: &VirtualServer,
    members: &[Members],
    complaints: &mut Vec<Diagnostic>,
) -> Vec<ipvs::ServiceId> {
    let mut ids = Vec::new();
    for member in members {
        match member {
            Members::Range { span, first, last, port } => {
                let (start, end) = (number(*first), number(*last));
                let count = end.saturating_sub(start).saturating_add(1);
                if count > MAX_RANGE {
                    let text =
                        format!("{first}-{last} has {count} addresses; the first {MAX_RANGE} are used");
                    complaints.push(Diagnostic::new(Class::Log, Some(span.clone()), text));
                }
                let addrs = (0..count.min(MAX_RANGE)).map(|at| like(*first, start + at));
                ids.extend(addrs.map(|addr| address(vs, addr, *port)));
            }
            Members::Fwmark { mark, family, .. } => ids.extend(mark_id(*mark, family.or(vs.family))),
        }
    }
    ids
}

fn number(addr: IpAddr) -> u128 {
    match addr {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

fn like(sample: IpAddr, number: u128) -> IpAddr {
    match sample {
        IpAddr::V4(_) => Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into(),
        IpAddr::V6(_) => Ipv6Addr::from(number).into(),
    }
}

fn forwarding(method: config::Forwarding) -> ipvs::Forwarding {
    let tunnel = match method {
        config::Forwarding::Nat => return ipvs::Forwarding::Masquerade,
        config::Forwarding::Direct => return ipvs::Forwarding::Direct,
        config::Forwarding::Tunnel(tunnel) => tunnel,
    };
    let checksum = match tunnel.checksum {
        config::TunnelChecksum::None => ipvs::Checksum::None,
        config::TunnelChecksum::Sum => ipvs::Checksum::Full,
        config::TunnelChecksum::Remote => ipvs::Checksum::Remote,
    };
    ipvs::Forwarding::Tunnel(match tunnel.kind {
        config::TunnelKind::Ipip => ipvs::Tunnel::Ipip,
        config::TunnelKind::Gre => ipvs::Tunnel::Gre { checksum },
        config::TunnelKind::Gue { port } => match NonZeroU16::new(port) {
            Some(port) => ipvs::Tunnel::Gue { port, checksum },
            None => ipvs::Tunnel::Ipip,
        },
    })
}
