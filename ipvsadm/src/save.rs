//! What `-S` writes: the command lines that make a table.

use ipvs::{
    Checksum, Destination, DestinationEntry, Family, Forwarding, Protocol, Service, ServiceId, Tunnel,
};

use crate::listing::{endpoint, flags, granularity, port_protocol, put, scheduler};
use crate::order::sort_destinations;
use crate::{Names, Numeric};

/// Appends the lines of one service with its destinations, which are put in order.
///
/// Read by `-R` they make the same service again. Thresholds are written, although `ipvsadm` leaves them out; IPv6
/// addresses are always numbers, because names of IPv6 hosts cannot be read.
pub fn save(
    to: &mut String,
    service: &Service,
    destinations: &mut Vec<DestinationEntry>,
    numeric: bool,
    names: &impl Names,
) {
    let name = option(&service.id, numeric, names);
    put(to, format_args!("-A {name} -s {}", scheduler(service)));
    if let Some(persistence) = &service.persistence {
        put(to, format_args!(" -p {}", persistence.timeout));
        if let Some(mask) = granularity(persistence.granularity) {
            put(to, format_args!(" -M {mask}"));
        }
    }
    if let Some(engine) = service.engine {
        put(to, format_args!(" --pe {engine}"));
    }
    if service.one_packet {
        to.push_str(" -o");
    }
    if let Some(flags) = flags(service) {
        put(to, format_args!(" -b {flags}"));
    }
    to.push('\n');
    sort_destinations(destinations, |entry| &entry.destination);
    for DestinationEntry { destination, .. } in destinations {
        let Destination { id, forwarding, weight, upper_threshold, lower_threshold } = destination;
        let server = host_port(id.addr, id.port, port_protocol(&service.id), numeric, names);
        put(to, format_args!("-a {name} -r {server} {} -w {}", method(*forwarding), weight.get()));
        if let Forwarding::Tunnel(tunnel) = forwarding {
            to.push_str(&tunnel_options(*tunnel));
        }
        if *upper_threshold != 0 {
            put(to, format_args!(" -x {upper_threshold}"));
        }
        if *lower_threshold != 0 {
            put(to, format_args!(" -y {lower_threshold}"));
        }
        to.push('\n');
    }
}

fn option(id: &ServiceId, numeric: bool, names: &impl Names) -> String {
    match id {
        ServiceId::Address { protocol, addr, port } => {
            let option = match protocol {
                Protocol::Udp => "-u",
                Protocol::Sctp => "--sctp-service",
                // Nothing else can be said in this language.
                Protocol::Tcp | Protocol::Other(_) => "-t",
            };
            format!("{option} {}", host_port(*addr, *port, Some(*protocol), numeric, names))
        }
        ServiceId::FwMark { mark, family: Family::V4 } => format!("-f {mark}"),
        ServiceId::FwMark { mark, family: Family::V6 } => format!("-f {mark} -6"),
    }
}

fn host_port(
    addr: std::net::IpAddr,
    port: u16,
    protocol: Option<Protocol>,
    numeric: bool,
    names: &impl Names,
) -> String {
    /// Knows the names of ports alone.
    struct Ports<'a, N>(&'a N);
    impl<N: Names> Names for Ports<'_, N> {
        fn host(&self, name: &str) -> Option<std::net::Ipv4Addr> {
            self.0.host(name)
        }
        fn port(&self, name: &str, protocol: Protocol) -> Option<u16> {
            self.0.port(name, protocol)
        }
        fn host_name(&self, addr: std::net::IpAddr) -> Option<String> {
            Numeric.host_name(addr)
        }
        fn port_name(&self, port: u16, protocol: Protocol) -> Option<String> {
            self.0.port_name(port, protocol)
        }
    }
    if addr.is_ipv6() {
        endpoint(addr, port, protocol, numeric, &Ports(names))
    } else {
        endpoint(addr, port, protocol, numeric, names)
    }
}

fn method(forwarding: Forwarding) -> &'static str {
    match forwarding {
        Forwarding::Masquerade => "-m",
        Forwarding::Tunnel(_) => "-i",
        Forwarding::Direct | Forwarding::Local | Forwarding::Bypass | Forwarding::Other(_) => "-g",
    }
}

fn tunnel_options(tunnel: Tunnel) -> String {
    let checksum = |checksum| match checksum {
        Checksum::None => "--tun-nocsum",
        Checksum::Full => "--tun-csum",
        Checksum::Remote => "--tun-remcsum",
    };
    match tunnel {
        // A tunnel of another kind cannot be said in this language.
        Tunnel::Ipip | Tunnel::Other { .. } => " --tun-type ipip".to_owned(),
        Tunnel::Gue { port, checksum: sum } => {
            format!(" --tun-type gue --tun-port {port} {}", checksum(sum))
        }
        Tunnel::Gre { checksum: sum } => format!(" --tun-type gre {}", checksum(sum)),
    }
}
