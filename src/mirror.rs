//! Interfaces and their addresses as the kernel reports them (rtnetlink).
//!
//! A [`Mirror`] is fed with [`Report`]s, first a dump and then what changes, and answers questions; it asks the kernel nothing.

mod addresses;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use addresses::Addresses;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressHeaderFlags, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoMacVlan, InfoPortKind, InfoVrf, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
    MacVlanMode,
};
use vrrp::Family;

/// One interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its number.
    pub(crate) index: u32,
    /// Its name.
    pub(crate) name: String,
    /// Its MAC address, if it has one of six bytes.
    pub(crate) mac: Option<[u8; 6]>,
    /// Its broadcast MAC address.
    pub(crate) broadcast: [u8; 6],
    /// `IFF_…`.
    pub(crate) flags: u32,
    /// `ARPHRD_…`.
    pub(crate) hardware: u16,
    /// Whether it is up and running.
    pub(crate) usable: bool,
    /// Whether that was asked of the link itself, and is not the kernel's own notice.
    pub(crate) polled: bool,
    /// Whether it speaks ARP.
    pub(crate) arp: bool,
    /// The largest packet it takes, in bytes.
    pub(crate) mtu: u32,
    /// The routing table of a VRF device.
    pub(crate) vrf_table: Option<u32>,
    /// What it is, as far as it can be one of ours.
    pub(crate) kind: LinkKind,
    /// The number of the interface it stands on.
    pub(crate) below: Option<u32>,
    /// The number by which the network namespace of the interface it stands on is known, if that is another one.
    pub(crate) below_in: Option<i32>,
    /// The number of the VRF device it belongs to.
    pub(crate) vrf: Option<u32>,
    /// Its link group.
    pub(crate) group: u32,
}

/// `ARPHRD_ETHER`
const ETHERNET: u16 = 1;

impl Link {
    /// Whether it takes part in multicast.
    pub(crate) fn multicast(&self) -> bool {
        LinkFlags::from_bits_retain(self.flags).contains(LinkFlags::Multicast)
    }

    /// Whether it is of the Ethernet type, which others can stand on with MAC addresses of their own.
    pub(crate) fn is_ethernet(&self) -> bool {
        self.hardware == ETHERNET
    }
}

/// Kinds of interfaces that the daemon makes, and all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// A macvlan in private mode.
    PrivateMacvlan,
    /// A macvlan in another mode.
    OtherMacvlan,
    /// An ipvlan.
    Ipvlan,
    /// Anything else.
    #[default]
    Other,
}

/// An address on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Number of the interface.
    pub(crate) index: u32,
    /// The address.
    pub(crate) address: IpAddr,
    /// Length in bits of its network part.
    pub(crate) prefix: u8,
    /// Whether it is the first of its network on the interface and ready for use.
    pub(crate) primary: bool,
}

/// What the kernel says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// An interface is there, or has changed.
    Link(Link),
    /// An interface is gone.
    LinkGone {
        /// Its number.
        index: u32,
    },
    /// An address is there, or has changed.
    Address(Held),
    /// An address is gone.
    AddressGone(Held),
}

impl Report {
    /// Reads a message of the groups for links and addresses; others say nothing here.
    pub(crate) fn read(message: &RouteNetlinkMessage) -> Option<Self> {
        if let RouteNetlinkMessage::NewLink(link) = message {
            return Some(Self::Link(read_link(link)?));
        }
        if let RouteNetlinkMessage::DelLink(link) = message {
            return Some(Self::LinkGone { index: link.header.index });
        }
        if let RouteNetlinkMessage::NewAddress(address) = message {
            return Some(Self::Address(read_address(address)?));
        }
        if let RouteNetlinkMessage::DelAddress(address) = message {
            return Some(Self::AddressGone(read_address(address)?));
        }
        None
    }
}

fn read_link(message: &LinkMessage) -> Option<Link> {
    let flags = message.header.flags;
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        mac: None,
        broadcast: [0xff; 6],
        flags: flags.bits(),
        hardware: message.header.link_layer_type.into(),
        usable: flags.contains(LinkFlags::Up | LinkFlags::Running),
        arp: !flags.contains(LinkFlags::Noarp),
        mtu: 1500,
        ..Link::default()
    };
    let (mut controller, mut is_in_vrf) = (None, false);
    for attribute in &message.attributes {
        if let LinkAttribute::IfName(name) = attribute {
            link.name.clone_from(name);
        } else if let LinkAttribute::Address(mac) = attribute {
            link.mac = mac.as_slice().try_into().ok();
        } else if let LinkAttribute::Broadcast(mac) = attribute {
            link.broadcast = mac.as_slice().try_into().unwrap_or(link.broadcast);
        } else if let LinkAttribute::Mtu(mtu) = attribute {
            link.mtu = *mtu;
        } else if let LinkAttribute::LinkInfo(infos) = attribute {
            link.vrf_table = infos.iter().find_map(vrf_table);
            link.kind = kind(infos);
            is_in_vrf = infos.contains(&LinkInfo::PortKind(InfoPortKind::Vrf));
        } else if let LinkAttribute::Link(below) = attribute {
            link.below = Some(*below);
        } else if let LinkAttribute::LinkNetNsId(namespace) = attribute {
            link.below_in = Some(*namespace);
        } else if let LinkAttribute::Controller(index) = attribute {
            controller = Some(*index);
        } else if let LinkAttribute::Group(group) = attribute {
            link.group = *group;
        }
    }
    link.vrf = controller.filter(|_| is_in_vrf);
    // Bridges report their ports in a second, nameless form.
    (!link.name.is_empty()).then_some(link)
}

fn kind(infos: &[LinkInfo]) -> LinkKind {
    let is = |kind: InfoKind| infos.contains(&LinkInfo::Kind(kind));
    let is_private = infos.iter().any(|info| {
        let private = InfoMacVlan::Mode(MacVlanMode::Private);
        matches!(info, LinkInfo::Data(InfoData::MacVlan(all)) if all.contains(&private))
    });
    if is(InfoKind::MacVlan) && is_private {
        LinkKind::PrivateMacvlan
    } else if is(InfoKind::MacVlan) {
        LinkKind::OtherMacvlan
    } else if is(InfoKind::IpVlan) {
        LinkKind::Ipvlan
    } else {
        LinkKind::Other
    }
}

fn vrf_table(info: &LinkInfo) -> Option<u32> {
    let LinkInfo::Data(InfoData::Vrf(all)) = info else { return None };
    all.iter().find_map(|one| if let InfoVrf::TableId(table) = one { Some(*table) } else { None })
}

fn read_address(message: &AddressMessage) -> Option<Held> {
    let (mut local, mut other) = (None, None);
    for attribute in &message.attributes {
        if let AddressAttribute::Local(address) = attribute {
            local = Some(*address);
        } else if let AddressAttribute::Address(address) = attribute {
            other = Some(*address);
        }
    }
    let not_yet = AddressHeaderFlags::Secondary | AddressHeaderFlags::Tentative;
    Some(Held {
        index: message.header.index,
        // IPv6 without a peer has no "local".
        address: local.or(other)?,
        prefix: message.header.prefix_len,
        primary: !message.header.flags.intersects(not_yet),
    })
}

/// The state that all reports so far add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mirror {
    links: BTreeMap<u32, Link>,
    addresses: Addresses,
}

impl Mirror {
    /// Takes in one report. Returns the interface it replaced or removed, if there was one.
    pub(crate) fn apply(&mut self, report: &Report) -> Option<Link> {
        match report {
            Report::Link(link) => self.links.insert(link.index, link.clone()),
            Report::LinkGone { index } => {
                self.addresses.forget(*index);
                self.links.remove(index)
            }
            Report::Address(new) => {
                self.addresses.insert(new);
                None
            }
            Report::AddressGone(gone) => {
                self.addresses.remove(gone);
                None
            }
        }
    }

    /// What was there, but is not in this complete report any more.
    pub(crate) fn gone(&self, complete: &[Report]) -> Vec<Report> {
        let (mut links, mut addresses) = (BTreeSet::new(), Addresses::default());
        for report in complete {
            match report {
                Report::Link(link) => {
                    links.insert(link.index);
                }
                Report::Address(held) => addresses.insert(held),
                Report::LinkGone { .. } | Report::AddressGone(_) => {}
            }
        }
        let gone_links = self.links.keys().filter(|index| !links.contains(index));
        let gone_addresses =
            self.addresses.all().filter(|held| !addresses.has(held.index, held.address, held.prefix));
        gone_addresses
            .map(Report::AddressGone)
            .chain(gone_links.map(|index| Report::LinkGone { index: *index }))
            .collect()
    }

    /// The interface with this name.
    pub(crate) fn link(&self, name: &str) -> Option<&Link> {
        self.links.values().find(|link| link.name == name)
    }

    /// All interfaces, by number.
    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// Whether an interface has this address with this length of the network part.
    pub(crate) fn has(&self, index: u32, address: IpAddr, prefix: u8) -> bool {
        self.addresses.has(index, address, prefix)
    }

    /// The interface with this number.
    pub(crate) fn link_at(&self, index: u32) -> Option<&Link> {
        self.links.get(&index)
    }

    /// The interface that a macvlan or ipvlan stands on, and any other itself.
    pub(crate) fn base<'a>(&'a self, link: &'a Link) -> &'a Link {
        let is_above = match link.kind {
            LinkKind::PrivateMacvlan | LinkKind::OtherMacvlan | LinkKind::Ipvlan => true,
            LinkKind::Other => false,
        };
        // The kernel stacks neither kind on its own. One that is in another network namespace is not seen.
        link.below.filter(|_| is_above).and_then(|below| self.link_at(below)).unwrap_or(link)
    }

    /// The largest packet that any interface takes, in bytes.
    pub(crate) fn largest_mtu(&self) -> u32 {
        self.links.values().map(|link| link.mtu).max().unwrap_or(0)
    }

    /// Whether an interface of this name is there, up and running.
    pub(crate) fn usable(&self, name: &str) -> bool {
        self.link(name).is_some_and(|link| link.usable)
    }

    /// Whether an address is on any interface.
    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        self.addresses.holds(address)
    }

    /// The addresses that an interface can speak from, in the kernel's order: for IPv6 those of the link alone.
    pub(crate) fn sources(&self, name: &str, family: Family) -> Vec<IpAddr> {
        self.link(name).map_or_else(Vec::new, |link| self.sources_at(link.index, family))
    }

    /// The same for the interface with this number.
    pub(crate) fn sources_at(&self, index: u32, family: Family) -> Vec<IpAddr> {
        self.addresses.sources(index, family)
    }

    /// The same with those that stand behind another in the same network.
    pub(crate) fn addresses_at(&self, index: u32, family: Family) -> Vec<IpAddr> {
        self.addresses.told(index, family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netlink_packet_route::AddressFamily;

    fn link(flags: LinkFlags) -> RouteNetlinkMessage {
        let mut message = LinkMessage::default();
        message.header.index = 2;
        message.header.flags = flags;
        message.attributes =
            vec![LinkAttribute::IfName("eth0".into()), LinkAttribute::Address(vec![2, 0, 0, 0, 0, 1])];
        RouteNetlinkMessage::NewLink(message)
    }

    fn address(last: u8, flags: AddressHeaderFlags) -> AddressMessage {
        let mut message = AddressMessage::default();
        message.header.index = 2;
        message.header.prefix_len = 24;
        message.header.family = AddressFamily::Inet;
        message.header.flags = flags;
        message.attributes = vec![AddressAttribute::Local([10, 0, 0, last].into())];
        message
    }

    fn feed(mirror: &mut Mirror, message: &RouteNetlinkMessage) {
        mirror.apply(&Report::read(message).expect("a message of these groups"));
    }

    #[test]
    fn an_interface_is_usable_when_it_is_up_and_running() {
        let mut mirror = Mirror::default();
        feed(&mut mirror, &link(LinkFlags::Up));
        assert!(!mirror.usable("eth0"));
        feed(&mut mirror, &link(LinkFlags::Up | LinkFlags::Running));
        assert!(mirror.usable("eth0"));
        assert_eq!(mirror.link("eth0").and_then(|link| link.mac), Some([2, 0, 0, 0, 0, 1]));
    }

    #[test]
    fn secondary_addresses_are_no_source() {
        let mut mirror = Mirror::default();
        feed(&mut mirror, &link(LinkFlags::Up));
        feed(&mut mirror, &RouteNetlinkMessage::NewAddress(address(9, AddressHeaderFlags::Secondary)));
        feed(&mut mirror, &RouteNetlinkMessage::NewAddress(address(1, AddressHeaderFlags::empty())));
        assert_eq!(mirror.sources("eth0", Family::Ipv4), [IpAddr::from([10, 0, 0, 1])]);
    }

    #[test]
    fn ipv6_speaks_from_a_link_local_address_once_it_is_known_to_be_unique() {
        let mut mirror = Mirror::default();
        feed(&mut mirror, &link(LinkFlags::Up));
        let told = |text: &str, flags| {
            let address: IpAddr = text.parse().expect("an address");
            let mut message = AddressMessage::default();
            message.header.index = 2;
            message.header.prefix_len = 64;
            message.header.family = AddressFamily::Inet6;
            message.header.flags = flags;
            message.attributes = vec![AddressAttribute::Address(address)];
            RouteNetlinkMessage::NewAddress(message)
        };
        feed(&mut mirror, &told("2001:db8::1", AddressHeaderFlags::empty()));
        feed(&mut mirror, &told("fe80::1", AddressHeaderFlags::Tentative));
        assert!(mirror.sources("eth0", Family::Ipv6).is_empty());
        feed(&mut mirror, &told("fe80::1", AddressHeaderFlags::empty()));
        assert_eq!(mirror.sources("eth0", Family::Ipv6), ["fe80::1".parse::<IpAddr>().expect("an address")]);
    }

    #[test]
    fn a_removed_interface_takes_its_addresses_with_it() {
        let mut mirror = Mirror::default();
        feed(&mut mirror, &link(LinkFlags::Up));
        feed(&mut mirror, &RouteNetlinkMessage::NewAddress(address(1, AddressHeaderFlags::empty())));
        let gone = mirror.apply(&Report::LinkGone { index: 2 });
        assert_eq!(gone.map(|link| link.name), Some("eth0".into()));
        feed(&mut mirror, &link(LinkFlags::Up));
        assert!(mirror.sources("eth0", Family::Ipv4).is_empty());
    }

    #[test]
    fn addresses_keep_the_order_in_which_they_came() {
        let mut mirror = Mirror::default();
        feed(&mut mirror, &link(LinkFlags::Up));
        for last in [7, 3, 5, 7] {
            feed(&mut mirror, &RouteNetlinkMessage::NewAddress(address(last, AddressHeaderFlags::empty())));
        }
        let texts: Vec<String> =
            mirror.sources("eth0", Family::Ipv4).iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["10.0.0.7", "10.0.0.3", "10.0.0.5"]);
    }

    #[test]
    fn what_a_complete_report_does_not_have_is_gone() {
        let mut mirror = Mirror::default();
        feed(&mut mirror, &link(LinkFlags::Up));
        let one = RouteNetlinkMessage::NewAddress(address(1, AddressHeaderFlags::empty()));
        let two = RouteNetlinkMessage::NewAddress(address(2, AddressHeaderFlags::empty()));
        feed(&mut mirror, &one);
        feed(&mut mirror, &two);
        let complete: Vec<Report> =
            [&link(LinkFlags::Up), &two].into_iter().filter_map(Report::read).collect();
        let gone = mirror.gone(&complete);
        assert!(
            matches!(gone[..], [Report::AddressGone(held)] if held.address == IpAddr::from([10, 0, 0, 1]))
        );
    }
}
