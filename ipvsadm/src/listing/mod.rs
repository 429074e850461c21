//! What `-L` shows: two lines of headings, a line for each service, a line for each destination.

mod column;
mod name;

use std::fmt::Write as _;

use ipvs::{
    Checksum, Daemon, DestinationEntry, Forwarding, Info, Role, SchedulerFlags, Service, ServiceEntry, Stats,
    Timeouts, Tunnel,
};

use self::column::Column;
pub(crate) use self::name::{endpoint, granularity, port_protocol};
use self::name::{protocol, service_name};
use crate::Names;
use crate::address::numeric;
use crate::order::sort_destinations;

/// How a table is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Which columns.
    pub layout: Layout,
    /// Addresses and ports as numbers.
    pub numeric: bool,
    /// Counters in full.
    pub exact: bool,
}

/// The columns of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Method, weight, connections.
    Plain,
    /// The same with the tunnel.
    TunInfo,
    /// Thresholds and connections.
    Thresholds,
    /// Weight and connections, also persistent ones.
    PersistentConn,
    /// Counters.
    Stats,
    /// Rates.
    Rate,
}

impl Listing {
    /// The first line of the whole table.
    pub fn title(info: &Info) -> String {
        format!("IP Virtual Server version {info} (size={})\n", info.conn_tab_size)
    }

    /// The headings.
    pub fn headings(&self) -> &'static str {
        match self.layout {
            Layout::Plain => {
                "Prot LocalAddress:Port Scheduler Flags\n\
                 \x20 -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
            }
            Layout::TunInfo => {
                "Prot LocalAddress:Port Scheduler Flags\n\
                 \x20 -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n"
            }
            Layout::Thresholds => {
                "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n\
                 \x20 -> RemoteAddress:Port\n"
            }
            Layout::PersistentConn => {
                "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n\
                 \x20 -> RemoteAddress:Port\n"
            }
            Layout::Stats => {
                "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n\
                 \x20 -> RemoteAddress:Port\n"
            }
            Layout::Rate => {
                "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n\
                 \x20 -> RemoteAddress:Port\n"
            }
        }
    }

    /// Appends one service with its destinations, which it may put in order.
    pub fn write(
        &self,
        to: &mut String,
        entry: &ServiceEntry,
        destinations: &mut Vec<DestinationEntry>,
        sorted: bool,
        names: &impl Names,
    ) {
        self.service(to, entry, names);
        if sorted {
            sort_destinations(destinations, |entry| &entry.destination);
        }
        for destination in destinations {
            self.destination(to, &entry.service, destination, names);
        }
    }

    fn service(&self, to: &mut String, entry: &ServiceEntry, names: &impl Names) {
        let service = &entry.service;
        let name = service_name(&service.id, self.numeric, names);
        let protocol = protocol(&service.id);
        put(to, format_args!("{protocol:<4} "));
        match self.layout {
            Layout::Stats | Layout::Rate => {
                put(to, format_args!("{name:<28}"));
                self.counters(to, &entry.stats);
            }
            Layout::Plain | Layout::TunInfo | Layout::Thresholds | Layout::PersistentConn => {
                put(to, format_args!("{name} {}", scheduler(service)));
                if let Some(flags) = flags(service) {
                    put(to, format_args!(" ({flags})"));
                }
                if let Some(persistence) = &service.persistence {
                    put(to, format_args!(" persistent {}", persistence.timeout));
                    if let Some(mask) = granularity(persistence.granularity) {
                        put(to, format_args!(" mask {mask}"));
                    }
                    if let Some(engine) = service.engine {
                        put(to, format_args!(" pe {engine}"));
                    }
                }
                if service.one_packet {
                    to.push_str(" ops");
                }
            }
        }
        to.push('\n');
    }

    fn destination(&self, to: &mut String, service: &Service, entry: &DestinationEntry, names: &impl Names) {
        let destination = &entry.destination;
        let name = name::in_listing(&service.id, destination.id, self.numeric, names);
        put(to, format_args!("  -> {name:<28}"));
        let weight = destination.weight.get();
        let (active, inactive) = (entry.active, entry.inactive);
        let method = method(destination.forwarding);
        match self.layout {
            Layout::Plain => put(to, format_args!(" {method:<7} {weight:<6} {active:<10} {inactive:<10}")),
            Layout::TunInfo => {
                let tunnel = tunnel(destination.forwarding);
                put(to, format_args!(" {method:<7} {tunnel:<13} {weight:<6} {active:<10} {inactive:<10}"));
            }
            Layout::Thresholds => {
                let (upper, lower) = (destination.upper_threshold, destination.lower_threshold);
                put(to, format_args!(" {upper:<10} {lower:<10} {active:<10} {inactive:<10}"));
            }
            Layout::PersistentConn => {
                let persistent = entry.persistent;
                put(to, format_args!(" {weight:<9} {persistent:<11} {active:<10} {inactive:<10}"));
            }
            Layout::Stats | Layout::Rate => self.counters(to, &entry.stats),
        }
        to.push('\n');
    }

    fn counters(&self, to: &mut String, stats: &Stats) {
        let counters = if self.layout == Layout::Rate {
            [stats.cps, stats.in_pps, stats.out_pps, stats.in_bps, stats.out_bps]
        } else {
            [stats.conns, stats.in_packets, stats.out_packets, stats.in_bytes, stats.out_bytes]
        };
        for value in counters {
            put(to, format_args!("{}", Column { value, exact: self.exact }));
        }
    }
}

/// Appends; a `String` takes everything.
pub(crate) fn put(to: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = to.write_fmt(text);
}

/// The scheduler's name.
pub(crate) fn scheduler(service: &Service) -> String {
    service.scheduler.map_or("none".to_owned(), |name| name.to_string())
}

/// The scheduler's flags by name, if there are any.
pub(crate) fn flags(service: &Service) -> Option<String> {
    let names = match service.scheduler.as_ref().map(ipvs::Name::as_bytes) {
        Some(b"sh") => ["sh-fallback", "sh-port", "flag-3"],
        Some(b"mh") => ["mh-fallback", "mh-port", "flag-3"],
        Some(_) | None => ["flag-1", "flag-2", "flag-3"],
    };
    let SchedulerFlags { flag_1, flag_2, flag_3 } = service.flags;
    let set = names.into_iter().zip([flag_1, flag_2, flag_3]).filter(|(_, set)| *set);
    let set: Vec<&str> = set.map(|(name, _)| name).collect();
    (!set.is_empty()).then(|| set.join(","))
}

fn method(forwarding: Forwarding) -> &'static str {
    match forwarding {
        Forwarding::Masquerade => "Masq",
        Forwarding::Local => "Local",
        Forwarding::Tunnel(_) => "Tunnel",
        Forwarding::Direct => "Route",
        Forwarding::Bypass => "Bypass",
        Forwarding::Other(_) => "Unknown",
    }
}

fn tunnel(forwarding: Forwarding) -> String {
    let checksum = |checksum| match checksum {
        Checksum::None => "-c",
        Checksum::Full => "+c",
        Checksum::Remote => "r+c",
    };
    match forwarding {
        Forwarding::Tunnel(Tunnel::Ipip) => "ipip".to_owned(),
        Forwarding::Tunnel(Tunnel::Gue { port, checksum: sum }) => format!("gue:{port}:{}", checksum(sum)),
        Forwarding::Tunnel(Tunnel::Gre { checksum: sum }) => format!("gre:{}", checksum(sum)),
        Forwarding::Tunnel(Tunnel::Other { kind, port, flags }) => format!("{kind}:{port}:{flags:#x}"),
        Forwarding::Masquerade
        | Forwarding::Local
        | Forwarding::Direct
        | Forwarding::Bypass
        | Forwarding::Other(_) => "n/a".to_owned(),
    }
}

/// The line of `-L --timeout`.
pub fn timeouts(timeouts: &Timeouts) -> String {
    let [tcp, tcp_fin, udp] =
        [timeouts.tcp, timeouts.tcp_fin, timeouts.udp].map(|seconds| seconds.unwrap_or_default());
    format!("Timeout (tcp tcpfin udp): {tcp} {tcp_fin} {udp}\n")
}

/// The line of `-L --daemon` about one daemon.
pub fn daemon(daemon: &Daemon) -> String {
    let role = match daemon.role {
        Role::Master => "master",
        Role::Backup => "backup",
    };
    let Daemon { interface, sync_id, max_len, group, port, ttl, .. } = daemon;
    // The kernel says all of them; before 4.3 it knew none, and these were fixed.
    let group = group.map_or("224.0.0.81".to_owned(), numeric);
    let (len, port, ttl) = (max_len.unwrap_or_default(), port.unwrap_or(8848), ttl.unwrap_or(1));
    format!(
        "{role} sync daemon (mcast={interface}, syncid={sync_id}, maxlen={len}, group={group}, port={port}, ttl={ttl})\n"
    )
}
