//! What the log tells of interfaces that virtual routers are on: once for each, however many routers there are.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use vrrp::Family;

use super::own::Own;
use crate::mirror::{Link, Mirror};

/// What has been told.
#[derive(Debug, Default)]
pub(super) struct Tidings {
    /// The address that an interface can speak from, by its name.
    assigned: BTreeMap<(String, Family), IpAddr>,
}

impl Tidings {
    /// Tells that an interface has got its first address to speak from, or has lost its last one. An address that moves
    /// between routers is none.
    pub(super) fn address(&mut self, interface: &str, mirror: &Mirror, moving: &Own) {
        for family in [Family::Ipv4, Family::Ipv6] {
            let own = mirror.sources(interface, family).into_iter().find(|address| !moving.contains(address));
            let key = (interface.to_owned(), family);
            let before = match own {
                Some(address) => self.assigned.insert(key, address),
                None => self.assigned.remove(&key),
            };
            match (before, own) {
                (None, Some(address)) => {
                    tracing::debug!("Assigned address {address} for interface {interface}")
                }
                (Some(address), None) => {
                    tracing::debug!("Deassigned address {address} from interface {interface}");
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
    }
}

/// Tells that an interface has come or gone, or is called or addressed differently.
pub(super) fn link(before: Option<&Link>, after: Option<&Link>) {
    match (before, after) {
        (None, Some(new)) => tracing::debug!("Interface {} added", new.name),
        (Some(old), None) => tracing::debug!("Interface {} deleted", old.name),
        (Some(old), Some(new)) => {
            if old.name != new.name {
                tracing::info!("Interface name has changed from {} to {}", old.name, new.name);
            }
            if let (Some(one), Some(other)) = (old.mac, new.mac)
                && one != other
            {
                tracing::debug!("({}) MAC Address changed from {} to {}", new.name, Mac(one), Mac(other));
            }
        }
        (None, None) => {}
    }
}

struct Mac([u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}
