//! What the options of a command line mean together.

use ipvs::{
    Checksum, Daemon, Destination, DestinationId, Family, Forwarding, Granularity, Name, Persistence,
    Protocol, Request, Role, SchedulerFlags, Service, ServiceId, Timeouts, Tunnel,
};

use crate::Refusal;
use crate::command::{Command, List, Order};
use crate::legal;
use crate::line::{Line, Method, TunnelType, cut};
use crate::listing::{Layout, Listing};
use crate::number::timeout;
use crate::options::{Opt, OptSet};

/// Seconds of persistence where `-p` says none.
const DEFAULT_PERSISTENCE: u32 = 360;

impl Line<'_> {
    /// Checks the whole and says what it means.
    pub(crate) fn finish(self, leftover: Vec<&str>) -> Result<Command, Refusal> {
        let mut leftover = leftover.into_iter();
        let sets = matches!(self.order, Order::Set);
        let timeouts = if sets { Some(three_timeouts(&mut leftover)?) } else { None };
        if let Some(word) = leftover.next() {
            return Err(Refusal::senseless(format!("unexpected argument {word}")));
        }
        let flags = self.scheduler_flags()?;
        self.order.rules().check(self.given)?;
        let change = |request| Ok(Command::Change(request));
        match self.order {
            Order::AddService => change(Request::NewService(self.service(flags)?)),
            Order::EditService => change(Request::SetService(self.service(flags)?)),
            Order::DeleteService => change(Request::DelService(self.id()?)),
            Order::Clear => change(Request::Flush),
            Order::AddServer => change(Request::NewDestination(self.id()?, self.destination()?)),
            Order::EditServer => change(Request::SetDestination(self.id()?, self.destination()?)),
            Order::DeleteServer => change(Request::DelDestination(self.id()?, self.destination()?.id)),
            Order::Zero => change(Request::Zero(self.service)),
            Order::Set => change(Request::SetTimeouts(timeouts.unwrap_or_default())),
            Order::StartDaemon(role) => change(Request::NewDaemon(self.daemon(role)?)),
            Order::StopDaemon(role) => {
                change(Request::DelDaemon { role, interface: None, sync_id: self.sync_id })
            }
            Order::Save => Ok(Command::Save { numeric: self.given.has(Opt::Numeric) }),
            Order::Restore => Ok(Command::Restore),
            Order::List => self.list().map(Command::List),
        }
    }

    fn id(&self) -> Result<ServiceId, Refusal> {
        self.service.ok_or_else(|| Refusal::senseless("illegal virtual server address[:port] specified"))
    }

    fn service(&self, flags: SchedulerFlags) -> Result<Service, Refusal> {
        let id = self.id()?;
        let persistence = self.given.has(Opt::Persistent).then(|| Persistence {
            timeout: self.persistence.unwrap_or(DEFAULT_PERSISTENCE),
            granularity: self.mask.unwrap_or(Granularity::single(id.family())),
        });
        if matches!(id, ServiceId::Address { port: 0, .. }) && persistence.is_none() {
            return Err(Refusal::senseless("Zero port specified for non-persistent service"));
        }
        let one_packet = self.given.has(Opt::OnePacket);
        let suits =
            matches!(id, ServiceId::FwMark { .. } | ServiceId::Address { protocol: Protocol::Udp, .. });
        if one_packet && !suits {
            return Err(Refusal::senseless("One-Packet Scheduling is only for UDP virtual services"));
        }
        let scheduler = self.scheduler.and_then(cut).unwrap_or(Name::WLC);
        Ok(Service {
            scheduler: (scheduler.as_bytes() != b"none").then_some(scheduler),
            flags,
            one_packet,
            persistence,
            engine: self.engine,
            ..Service::new(id)
        })
    }

    fn scheduler_flags(&self) -> Result<SchedulerFlags, Refusal> {
        let mut flags = SchedulerFlags::default();
        for flag in self.flags.unwrap_or_default().split(',').filter(|flag| !flag.is_empty()) {
            let (of, bit) = match flag {
                "flag-1" => (None, &mut flags.flag_1),
                "flag-2" => (None, &mut flags.flag_2),
                "flag-3" => (None, &mut flags.flag_3),
                "sh-fallback" => (Some("sh"), &mut flags.flag_1),
                "sh-port" => (Some("sh"), &mut flags.flag_2),
                "mh-fallback" => (Some("mh"), &mut flags.flag_1),
                "mh-port" => (Some("mh"), &mut flags.flag_2),
                _ => return Err(Refusal::senseless(format!("invalid scheduler flag `{flag}'"))),
            };
            if of.is_some() && of != self.scheduler {
                return Err(Refusal::senseless(format!("incompatible scheduler flag `{flag}'")));
            }
            *bit = true;
        }
        Ok(flags)
    }

    fn destination(&self) -> Result<Destination, Refusal> {
        let id = self.id()?;
        let (addr, port) =
            self.server.ok_or_else(|| Refusal::senseless("illegal real server address[:port] specified"))?;
        let deletes = matches!(self.order, Order::DeleteServer);
        // Only address translation changes a packet's port, but when a server is to go, its method is not known.
        let keeps_port = self.method == Method::Masquerade || deletes;
        let port = match id {
            ServiceId::Address { port: of_service, .. } => port.filter(|_| keeps_port).unwrap_or(of_service),
            ServiceId::FwMark { .. } => port.unwrap_or_default(),
        };
        if !deletes && Family::of(addr) != id.family() && self.method != Method::Tunnel {
            return Err(Refusal::senseless("Different address family is allowed only for tunneling servers"));
        }
        Ok(Destination {
            id: DestinationId { addr, port },
            forwarding: self.forwarding()?,
            weight: self.weight,
            upper_threshold: self.upper_threshold,
            lower_threshold: self.lower_threshold,
        })
    }

    fn forwarding(&self) -> Result<Forwarding, Refusal> {
        const OF_TUNNELS: OptSet =
            OptSet::of(&[Opt::TunType, Opt::TunPort, Opt::TunNoCsum, Opt::TunCsum, Opt::TunRemCsum]);
        let other = match self.method {
            Method::Direct => Forwarding::Direct,
            Method::Masquerade => Forwarding::Masquerade,
            Method::Tunnel => return self.tunnel().map(Forwarding::Tunnel),
        };
        if self.given.intersects(OF_TUNNELS) {
            return Err(Refusal::senseless("Tunnel options conflict with forward method"));
        }
        Ok(other)
    }

    fn tunnel(&self) -> Result<Tunnel, Refusal> {
        let rules = match self.tunnel {
            TunnelType::Ipip => &legal::IPIP,
            TunnelType::Gue => &legal::GUE,
            TunnelType::Gre => &legal::GRE,
        };
        rules.check_tunnel(self.given)?;
        let checksum = if self.given.has(Opt::TunCsum) {
            Checksum::Full
        } else if self.given.has(Opt::TunRemCsum) {
            Checksum::Remote
        } else {
            Checksum::None
        };
        Ok(match (self.tunnel, self.tunnel_port) {
            (TunnelType::Gue, Some(port)) => Tunnel::Gue { port, checksum },
            (TunnelType::Gre, _) => Tunnel::Gre { checksum },
            (TunnelType::Ipip | TunnelType::Gue, _) => Tunnel::Ipip,
        })
    }

    fn daemon(&self, role: Role) -> Result<Daemon, Refusal> {
        Ok(Daemon {
            role,
            // What the kernel would say of an empty name.
            interface: self.interface.ok_or_else(|| Refusal::kernel("No such device"))?,
            sync_id: self.sync_id,
            max_len: self.max_len,
            group: self.group,
            port: self.port,
            ttl: self.ttl,
        })
    }

    fn list(&self) -> Result<List, Refusal> {
        const NUMBERS: OptSet = OptSet::of(&[Opt::Stats, Opt::Rate, Opt::Thresholds]);
        const NO_TABLE: OptSet = OptSet::of(&[Opt::Connection, Opt::Timeout, Opt::Daemon]);
        const NO_CONNECTIONS: OptSet = OptSet::of(&[Opt::Timeout, Opt::Daemon]);
        let given = self.given;
        let engines = given.has(Opt::PersistentConn);
        if given.intersects(NO_TABLE) && given.intersects(NUMBERS)
            || given.intersects(NO_CONNECTIONS) && engines
        {
            return Err(Refusal::senseless("options conflicts in the list command"));
        }
        let numeric = given.has(Opt::Numeric);
        if given.has(Opt::Connection) {
            return Ok(List::Connections { numeric, engines });
        }
        if given.has(Opt::Timeout) {
            return Ok(List::Timeouts);
        }
        if given.has(Opt::Daemon) {
            return Ok(List::Daemons);
        }
        let layouts = [
            (Opt::Stats, Layout::Stats),
            (Opt::Rate, Layout::Rate),
            (Opt::Thresholds, Layout::Thresholds),
            (Opt::PersistentConn, Layout::PersistentConn),
            (Opt::TunInfo, Layout::TunInfo),
        ];
        let layout =
            layouts.iter().find(|(opt, _)| given.has(*opt)).map_or(Layout::Plain, |(_, layout)| *layout);
        let listing = Listing { layout, numeric, exact: given.has(Opt::Exact) };
        Ok(List::Table { service: self.service, listing, sorted: !given.has(Opt::NoSort) })
    }
}

fn three_timeouts<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Timeouts, Refusal> {
    let (Some(tcp), Some(tcp_fin), Some(udp)) = (words.next(), words.next(), words.next()) else {
        return Err(Refusal::senseless("--set option requires 3 timeout values"));
    };
    let seconds = |text| timeout(text, 0).map(Some);
    Ok(Timeouts { tcp: seconds(tcp)?, tcp_fin: seconds(tcp_fin)?, udp: seconds(udp)? })
}
