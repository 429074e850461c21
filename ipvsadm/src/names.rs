//! Where names of hosts and ports come from.

use std::net::{IpAddr, Ipv4Addr};

use ipvs::Protocol;

/// Somebody who knows the names of hosts and ports.
pub trait Names {
    /// The address of a host. Only IPv4: names of IPv6 hosts are no part of the language.
    fn host(&self, name: &str) -> Option<Ipv4Addr>;
    /// The port of a service.
    fn port(&self, name: &str, protocol: Protocol) -> Option<u16>;
    /// The name of the host with this address.
    fn host_name(&self, addr: IpAddr) -> Option<String>;
    /// The name of the service at this port.
    fn port_name(&self, port: u16, protocol: Protocol) -> Option<String>;
}

/// Knows no name: everything is a number.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numeric;

impl Names for Numeric {
    fn host(&self, _name: &str) -> Option<Ipv4Addr> {
        None
    }
    fn port(&self, _name: &str, _protocol: Protocol) -> Option<u16> {
        None
    }
    fn host_name(&self, _addr: IpAddr) -> Option<String> {
        None
    }
    fn port_name(&self, _port: u16, _protocol: Protocol) -> Option<String> {
        None
    }
}
