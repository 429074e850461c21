//! Tells the link where the addresses of a new master are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use vrrp::Family;
use vrrp::io::link::LinkSocket;
use vrrp::io::socket::words;
use vrrp::io::{arp, ndp};
use vrrp::log::Line;
use vrrp::spacing::Queue;

use super::instance::Instance;
use crate::drive::kernel::Id;
use crate::mirror::{Link, Mirror};
use crate::plan::address::Address;
use crate::plan::vrrp::Spacing;

/// How long what was read about forwarding counts.
const MEMORY: Duration = Duration::from_secs(5);

/// One address of one virtual router on one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    of: Id,
    interface: String,
    address: IpAddr,
}

/// What shares the space between frames: an interface and all VMACs on it, or the group it is in (§8.4).
type Channel = (String, Family);

/// The socket for gratuitous ARP and neighbour advertisements, what the latter have to tell, and what waits to be sent.
#[derive(Debug)]
pub(super) struct Herald {
    socket: LinkSocket,
    spacing: Spacing,
    queues: BTreeMap<Channel, Queue<Item>>,
    /// By interface below VMACs: whether it forwards IPv6, and when that was read.
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
    pub(super) fn open(spacing: Spacing) -> io::Result<Self> {
        let socket = LinkSocket::open()?;
        Ok(Self { socket, spacing, queues: BTreeMap::new(), forwards: BTreeMap::new() })
    }

    /// Takes other spaces between frames.
    pub(super) fn reconfigure(&mut self, spacing: Spacing) {
        self.spacing = spacing;
        for ((interface, family), queue) in &mut self.queues {
            let (_, interval) = space(&self.spacing, interface, *family);
            queue.set_interval(interval);
        }
    }

    /// When something that waits may be sent.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.queues.values().filter_map(Queue::deadline).min()
    }

    /// Sends what may be sent by now.
    pub(super) fn tick(&mut self, mirror: &Mirror) {
        let now = Instant::now();
        let mut due = Vec::new();
        for queue in self.queues.values_mut() {
            due.extend(std::iter::from_fn(|| queue.pop(now)));
        }
        for Item { interface, address, .. } in due {
            let Some(link) = mirror.link(&interface).filter(|link| link.arp) else { continue };
            let Some(mac) = link.mac else { continue };
            let line = Line::Announcing { family: Family::of(address), interface, address };
            tracing::debug!("{}", line.of(""));
            self.send(link, mirror.base(link), mac, address);
        }
    }

    /// Forgets what waits of a virtual router that has given up its addresses.
    pub(super) fn cancel(&mut self, id: Id) {
        for queue in self.queues.values_mut() {
            queue.retain(|item| item.of != id);
        }
    }

    /// Forgets what waits of addresses that a virtual router has no longer.
    pub(super) fn keep(&mut self, instance: &Instance) {
        let is_had = |item: &Item| {
            instance.addresses().any(|one| one.address == item.address && one.interface == item.interface)
        };
        for queue in self.queues.values_mut() {
            queue.retain(|item| item.of != instance.id || is_had(item));
        }
    }

    /// Round by round, all addresses in each, as fast as the spaces allow.
    pub(super) fn announce(&mut self, instance: &Instance, mirror: &Mirror, rounds: u32) {
        for one in instance.addresses() {
            self.queue(instance, one, mirror, rounds);
        }
        self.tick(mirror);
    }

    /// One address on each of the other interfaces that the router was told to announce on.
    pub(super) fn announce_elsewhere(&mut self, instance: &Instance, mirror: &Mirror) {
        let mut done = BTreeSet::new();
        for one in instance.addresses() {
            let is_meant = instance.plan.elsewhere.contains(one.interface.as_str());
            if is_meant && done.insert(&one.interface) {
                self.queue(instance, one, mirror, 1);
            }
        }
        self.tick(mirror);
    }

    /// The router's own address, once.
    pub(super) fn announce_source(&mut self, instance: &Instance, mirror: &Mirror, source: IpAddr) {
        let interface = instance.plan.params.interface.as_ref();
        let link = interface.and_then(|name| mirror.link(name)).filter(|link| link.arp);
        let Some((link, mac)) = link.and_then(|link| Some((link, link.mac?))) else { return };
        instance.log(&Line::AnnouncingSource { address: source });
        self.send(link, mirror.base(link), mac, source);
    }

    fn queue(&mut self, instance: &Instance, one: &Address, mirror: &Mirror, times: u32) {
        let Some(link) = mirror.link(&one.interface).filter(|link| link.arp && link.mac.is_some()) else {
            return;
        };
        let (family, address, interface) = (Family::of(one.address), one.address, link.name.clone());
        let (channel, interval) = space(&self.spacing, &mirror.base(link).name, family);
        let queue = self.queues.entry((channel, family)).or_insert_with(|| Queue::new(interval));
        queue.push(Item { of: instance.id, interface: interface.clone(), address }, times);
        instance.log(&Line::QueueingAnnouncement { family, interface, address });
    }

    fn send(&mut self, link: &Link, base: &Link, mac: [u8; 6], address: IpAddr) {
        let (what, sent) = match address {
            IpAddr::V4(v4) => {
                let frame = arp::gratuitous(mac, link.broadcast, v4);
                ("gratuitous ARP", self.socket.send(link.index, Family::Ipv4, &frame))
            }
            IpAddr::V6(v6) => {
                let frame = ndp::unsolicited(mac, v6, self.forwards(&base.name));
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

/// The name of the channel that an interface belongs to, and the space between its frames.
fn space(spacing: &Spacing, interface: &str, family: Family) -> (String, Duration) {
    let group = spacing.groups.iter().find(|(_, members)| members.iter().any(|member| member == interface));
    let (name, space) = match group {
        // The first member stands for all.
        Some((space, members)) => (members.first().map_or(interface, String::as_str), *space),
        None => (interface, spacing.each),
    };
    let interval = match family {
        Family::Ipv4 => space.arp,
        Family::Ipv6 => space.na,
    };
    (name.to_owned(), interval)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::vrrp::Space;

    #[test]
    fn interfaces_of_a_group_share_a_channel_and_others_have_their_own() {
        let ms = Duration::from_millis;
        let shared = Space { arp: ms(5), na: Duration::ZERO };
        let spacing = Spacing {
            each: Space { arp: ms(1), na: ms(2) },
            groups: vec![(shared, vec!["eth0".into(), "eth1".into()])],
        };
        assert_eq!(space(&spacing, "eth1", Family::Ipv4), ("eth0".into(), ms(5)));
        assert_eq!(space(&spacing, "eth1", Family::Ipv6), ("eth0".into(), Duration::ZERO));
        assert_eq!(space(&spacing, "eth2", Family::Ipv6), ("eth2".into(), ms(2)));
    }
}
