//! What services and destinations are called.

use std::net::IpAddr;

use ipvs::{DestinationId, Family, Granularity, Protocol, ServiceId};

use crate::Names;
use crate::address::numeric as address;

/// Letters of an IPv4 host and port that a listing shows.
const ROOM: usize = 28;

/// `TCP`, `UDP`, `SCTP` or `FWM`.
pub(crate) fn protocol(id: &ServiceId) -> String {
    match id {
        ServiceId::Address { protocol, .. } => protocol.to_string(),
        ServiceId::FwMark { .. } => "FWM".to_owned(),
    }
}

/// A service as a listing shows it.
pub(crate) fn service_name(id: &ServiceId, numeric: bool, names: &impl Names) -> String {
    match id {
        ServiceId::Address { protocol, addr, port } => {
            cut(*addr, endpoint(*addr, *port, Some(*protocol), numeric, names))
        }
        ServiceId::FwMark { mark, family: Family::V4 } => mark.to_string(),
        ServiceId::FwMark { mark, family: Family::V6 } => format!("{mark} IPv6"),
    }
}

/// A destination as a listing shows it.
pub(super) fn in_listing(
    service: &ServiceId,
    id: DestinationId,
    numeric: bool,
    names: &impl Names,
) -> String {
    cut(id.addr, endpoint(id.addr, id.port, port_protocol(service), numeric, names))
}

/// The protocol by which ports behind a service have names.
pub(crate) fn port_protocol(service: &ServiceId) -> Option<Protocol> {
    match service {
        ServiceId::Address { protocol, .. } => Some(*protocol),
        ServiceId::FwMark { .. } => None,
    }
}

fn cut(addr: IpAddr, mut name: String) -> String {
    if addr.is_ipv4()
        && let Some((end, _)) = name.char_indices().nth(ROOM)
    {
        name.truncate(end);
    }
    name
}

/// An address and port, in full. Without a protocol the port has no name.
pub(crate) fn endpoint(
    addr: IpAddr,
    port: u16,
    protocol: Option<Protocol>,
    numeric: bool,
    names: &impl Names,
) -> String {
    let host = if numeric { None } else { names.host_name(addr) };
    let host = host.unwrap_or_else(|| address(addr));
    let named = protocol.filter(|_| !numeric && port != 0);
    let port = named.and_then(|protocol| names.port_name(port, protocol)).unwrap_or_else(|| port.to_string());
    match addr {
        IpAddr::V4(_) => format!("{host}:{port}"),
        IpAddr::V6(_) => format!("[{host}]:{port}"),
    }
}

/// How wide one client is, unless it is a single address.
pub(crate) fn granularity(granularity: Granularity) -> Option<String> {
    match granularity {
        Granularity::Mask(mask) => (!mask.is_broadcast()).then(|| mask.to_string()),
        Granularity::Prefix(length) => (length != 128).then(|| length.to_string()),
    }
}
