//! Tells the link where the addresses of a new master are.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use vrrp::Family;
use vrrp::io::link::LinkSocket;
use vrrp::io::socket::words;
use vrrp::io::{arp, ndp};
use vrrp::log::Line;

use super::instance::Instance;
use crate::mirror::{Link, Mirror};

/// How long what was read about forwarding counts.
const MEMORY: Duration = Duration::from_secs(5);

/// The socket for gratuitous ARP and neighbour advertisements, and what the latter have to tell.
#[derive(Debug)]
pub(super) struct Herald {
    socket: LinkSocket,
    /// By interface: whether it forwards IPv6, and when that was read.
    forwards: BTreeMap<String, (Instant, bool)>,
}

/// Logs what the original opens a socket for.
pub(super) fn log_registration(instances: &[Instance]) {
    let has = |family| {
        instances.iter().any(|one| {
            one.plan.params.family == family
                || one.addresses().any(|address| Family::of(address.address) == family)
        })
    };
    if has(Family::Ipv4) {
        tracing::debug!("Registering gratuitous ARP shared channel");
    }
    if has(Family::Ipv6) {
        tracing::debug!("Registering gratuitous NDISC shared channel");
    }
}

impl Herald {
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self { socket: LinkSocket::open()?, forwards: BTreeMap::new() })
    }

    /// Round by round, all addresses in each.
    pub(super) fn announce(&mut self, instance: &Instance, mirror: &Mirror, rounds: u32) {
        for round in 0..rounds {
            for one in instance.addresses() {
                let Some(link) = mirror.link(&one.interface).filter(|link| link.arp) else { continue };
                let Some(mac) = link.mac else { continue };
                let (family, address) = (Family::of(one.address), one.address);
                if round == 0 {
                    let interface = link.name.clone();
                    instance.log(&Line::QueueingAnnouncement { family, interface, address });
                }
                instance.log(&Line::Announcing { family, interface: link.name.clone(), address });
                self.send(link, mac, address);
            }
        }
    }

    fn send(&mut self, link: &Link, mac: [u8; 6], address: IpAddr) {
        let (what, sent) = match address {
            IpAddr::V4(v4) => {
                let frame = arp::gratuitous(mac, link.broadcast, v4);
                ("gratuitous ARP", self.socket.send(link.index, Family::Ipv4, &frame))
            }
            IpAddr::V6(v6) => {
                let frame = ndp::unsolicited(mac, v6, self.forwards(&link.name));
                ("unsolicited Neighbour Advert", self.socket.send(link.index, Family::Ipv6, &frame))
            }
        };
        if let Err(error) = sent {
            let (text, _) = words(&error);
            tracing::info!("Error {text} sending {what} on {} for {address}", link.name);
        }
    }

    /// Whether the machine routes what arrives on this interface.
    fn forwards(&mut self, interface: &str) -> bool {
        let now = Instant::now();
        if let Some((read, forwards)) = self.forwards.get(interface)
            && now.duration_since(*read) < MEMORY
        {
            return *forwards;
        }
        let path = format!("/proc/sys/net/ipv6/conf/{interface}/forwarding");
        let forwards = fs::read_to_string(path).is_ok_and(|text| text.trim() != "0");
        self.forwards.insert(interface.to_owned(), (now, forwards));
        forwards
    }
}
