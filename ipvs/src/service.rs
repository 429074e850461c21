//! Virtual services: what identifies them, what is wanted of them, what the kernel says about them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

use netlink_packet_core::DefaultNla;

use crate::attr::{Addr, Be16, FlagWord, Host16, Host32, Quad, ServiceAttr};
use crate::{Malformed, Name, Stats};

/// Flag bits of `IPVS_SVC_ATTR_FLAGS`. `HASHED` (0x2) is the kernel's own and is never compared.
mod bits {
    pub(super) const PERSISTENT: u32 = 0x1;
    pub(super) const ONE_PACKET: u32 = 0x4;
    pub(super) const SCHEDULER_1: u32 = 0x8;
    pub(super) const SCHEDULER_2: u32 = 0x10;
    pub(super) const SCHEDULER_3: u32 = 0x20;
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Family {
    /// IPv4
    V4,
    /// IPv6
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    pub(crate) fn number(self) -> u16 {
        match self {
            Self::V4 => 2,
            Self::V6 => 10,
        }
    }

    pub(crate) fn from_number(number: u16) -> Option<Self> {
        match number {
            2 => Some(Self::V4),
            10 => Some(Self::V6),
            _ => None,
        }
    }
}

/// A transport protocol. The kernel stores any number unchecked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Protocol {
    /// TCP (6)
    Tcp,
    /// UDP (17)
    Udp,
    /// SCTP (132)
    Sctp,
    /// Any other number.
    Other(u16),
}

impl Protocol {
    pub(crate) fn number(self) -> u16 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
            Self::Other(number) => number,
        }
    }

    pub(crate) fn from_number(number: u16) -> Self {
        match number {
            6 => Self::Tcp,
            17 => Self::Udp,
            132 => Self::Sctp,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp => f.pad("TCP"),
            Self::Udp => f.pad("UDP"),
            Self::Sctp => f.pad("SCTP"),
            Self::Other(number) => fmt::Display::fmt(number, f),
        }
    }
}

/// A firewall mark; zero means "no mark" to the kernel and is therefore none.
pub type FwMark = NonZeroU32;

/// What makes a service this service. The kernel cannot change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ServiceId {
    /// Packets to an address and port; port 0 is every port.
    Address {
        /// Transport protocol.
        protocol: Protocol,
        /// Virtual address.
        addr: IpAddr,
        /// Virtual port.
        port: u16,
    },
    /// Packets that carry a firewall mark.
    FwMark {
        /// The mark.
        mark: FwMark,
        /// The family of these packets; the same mark may serve both.
        family: Family,
    },
}

impl ServiceId {
    /// A TCP service.
    pub fn tcp(at: SocketAddr) -> Self {
        Self::Address { protocol: Protocol::Tcp, addr: at.ip(), port: at.port() }
    }

    /// A UDP service.
    pub fn udp(at: SocketAddr) -> Self {
        Self::Address { protocol: Protocol::Udp, addr: at.ip(), port: at.port() }
    }

    /// The family of the packets that the service takes.
    pub fn family(&self) -> Family {
        match self {
            Self::Address { addr, .. } => Family::of(*addr),
            Self::FwMark { family, .. } => *family,
        }
    }

    pub(crate) fn encode(&self) -> Vec<ServiceAttr> {
        let mut attrs = Vec::with_capacity(8);
        attrs.push(ServiceAttr::Family(Host16(self.family().number())));
        match self {
            Self::Address { protocol, addr, port } => attrs.extend([
                ServiceAttr::Protocol(Host16(protocol.number())),
                ServiceAttr::Addr(Addr::from(*addr)),
                ServiceAttr::Port(Be16(*port)),
            ]),
            Self::FwMark { mark, .. } => attrs.push(ServiceAttr::FwMark(Host32(mark.get()))),
        }
        attrs
    }
}

/// How wide a client is in the eyes of a persistent service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Granularity {
    /// IPv4: the mask to lay over the client's address; need not be contiguous.
    Mask(Ipv4Addr),
    /// IPv6: the length of the prefix, 1 to 128.
    Prefix(u8),
}

impl Granularity {
    /// One client is one address.
    pub fn single(family: Family) -> Self {
        match family {
            Family::V4 => Self::Mask(Ipv4Addr::BROADCAST),
            Family::V6 => Self::Prefix(128),
        }
    }

    fn suits(self, family: Family) -> bool {
        match (self, family) {
            (Self::Mask(_), Family::V4) => true,
            (Self::Prefix(length), Family::V6) => (1..=128).contains(&length),
            (Self::Mask(_), Family::V6) | (Self::Prefix(_), Family::V4) => false,
        }
    }

    fn encode(self) -> Quad {
        match self {
            Self::Mask(mask) => Quad(mask.octets()),
            Self::Prefix(length) => Quad(u32::from(length).to_ne_bytes()),
        }
    }

    fn decode(quad: Quad, family: Family) -> Option<Self> {
        match family {
            Family::V4 => Some(Self::Mask(Ipv4Addr::from(quad.0))),
            Family::V6 => u8::try_from(u32::from_ne_bytes(quad.0)).ok().map(Self::Prefix),
        }
    }
}

/// That a client's next connections go where its first one went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Persistence {
    /// Seconds it is remembered after the last connection. Beyond 4,294,967 the kernel's arithmetic may wrap.
    pub timeout: u32,
    /// How wide one client is. One that does not suit the service's family counts as a single address.
    pub granularity: Granularity,
}

/// Options of the scheduler: for `sh` and `mh` the first is "fallback" and the second "port".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SchedulerFlags {
    /// `flag-1`
    pub flag_1: bool,
    /// `flag-2`
    pub flag_2: bool,
    /// `flag-3`
    pub flag_3: bool,
}

/// A service as somebody wants it. Writing it replaces every setting of the service in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Service {
    /// Which service.
    pub id: ServiceId,
    /// Who chooses the destination; `None` is the kernel's scheduler `none`, which refuses every connection.
    pub scheduler: Option<Name>,
    /// Options of the scheduler.
    pub flags: SchedulerFlags,
    /// Each packet is scheduled on its own; only of use for UDP.
    pub one_packet: bool,
    /// Clients stay where they are.
    pub persistence: Option<Persistence>,
    /// The engine that recognises clients by content (`sip`).
    pub engine: Option<Name>,
}

impl Service {
    /// A service scheduled by weighted least connections, with nothing else set.
    pub fn new(id: ServiceId) -> Self {
        Self {
            id,
            scheduler: Some(Name::WLC),
            flags: SchedulerFlags::default(),
            one_packet: false,
            persistence: None,
            engine: None,
        }
    }

    pub(crate) fn encode(&self) -> Vec<ServiceAttr> {
        let mut attrs = self.id.encode();
        let scheduler = match self.scheduler {
            Some(name) => name.text(),
            None => crate::attr::Text(b"none".to_vec()),
        };
        attrs.push(ServiceAttr::Scheduler(scheduler));
        attrs.extend(self.engine.map(|name| ServiceAttr::Engine(name.text())));
        let flags = [
            (self.persistence.is_some(), bits::PERSISTENT),
            (self.one_packet, bits::ONE_PACKET),
            (self.flags.flag_1, bits::SCHEDULER_1),
            (self.flags.flag_2, bits::SCHEDULER_2),
            (self.flags.flag_3, bits::SCHEDULER_3),
        ];
        let flags = flags.iter().filter(|(set, _)| *set).fold(0, |word, (_, bit)| word | bit);
        attrs.push(ServiceAttr::Flags(FlagWord { flags, mask: u32::MAX }));
        let single = Granularity::single(self.id.family());
        let (timeout, granularity) = match self.persistence {
            Some(Persistence { timeout, granularity }) if granularity.suits(self.id.family()) => {
                (timeout, granularity)
            }
            Some(Persistence { timeout, .. }) => (timeout, single),
            None => (0, single),
        };
        attrs.push(ServiceAttr::Timeout(Host32(timeout)));
        // IPv6 wants a prefix of 1..=128 even of services that are not persistent.
        attrs.push(ServiceAttr::Netmask(granularity.encode()));
        attrs
    }

    /// Whether writing `self` over `other` would change nothing.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        self == other || self.encode() == other.encode()
    }
}

/// A service as the kernel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceEntry {
    /// Its settings.
    pub service: Service,
    /// Its counters.
    pub stats: Stats,
    /// Attributes of the reply that this crate does not know.
    pub unknown: Vec<DefaultNla>,
}

impl ServiceEntry {
    /// Reads the attributes of one `SERVICE` nest.
    ///
    /// # Errors
    ///
    /// When the identity is incomplete or an attribute has a shape that no kernel sends.
    pub fn decode(attrs: &[ServiceAttr]) -> Result<Self, Malformed> {
        let (mut family, mut protocol, mut addr, mut port, mut mark) = (None, None, None, None, None);
        let (mut scheduler, mut engine, mut word, mut timeout, mut netmask) = (None, None, 0, 0, None);
        let (mut stats, mut wide, mut unknown) = (None, None, Vec::new());
        for attr in attrs {
            match attr {
                ServiceAttr::Family(value) => family = Some(value.0),
                ServiceAttr::Protocol(value) => protocol = Some(value.0),
                ServiceAttr::Addr(value) => addr = Some(*value),
                ServiceAttr::Port(value) => port = Some(value.0),
                ServiceAttr::FwMark(value) => mark = NonZeroU32::new(value.0),
                ServiceAttr::Scheduler(text) => scheduler = Name::optional(text),
                ServiceAttr::Flags(value) => word = value.flags,
                ServiceAttr::Timeout(value) => timeout = value.0,
                ServiceAttr::Netmask(value) => netmask = Some(*value),
                ServiceAttr::Stats(nest) => stats = Some(Stats::decode(&nest.attrs)),
                ServiceAttr::Engine(text) => engine = Name::optional(text),
                ServiceAttr::Stats64(nest) => wide = Some(Stats::decode(&nest.attrs)),
                ServiceAttr::Other(nla) => unknown.push(nla.clone()),
            }
        }
        let family = family.and_then(Family::from_number).ok_or(Malformed::Service("address family"))?;
        let id = match mark {
            Some(mark) => ServiceId::FwMark { mark, family },
            None => ServiceId::Address {
                protocol: protocol.map(Protocol::from_number).ok_or(Malformed::Service("protocol"))?,
                addr: addr.ok_or(Malformed::Service("address"))?.in_family(family),
                port: port.ok_or(Malformed::Service("port"))?,
            },
        };
        let granularity = netmask.and_then(|quad| Granularity::decode(quad, family));
        let granularity = granularity.unwrap_or(Granularity::single(family));
        let has = |bit| word & bit != 0;
        let service = Service {
            id,
            scheduler: scheduler.filter(|name| name.as_bytes() != b"none"),
            flags: SchedulerFlags {
                flag_1: has(bits::SCHEDULER_1),
                flag_2: has(bits::SCHEDULER_2),
                flag_3: has(bits::SCHEDULER_3),
            },
            one_packet: has(bits::ONE_PACKET),
            persistence: has(bits::PERSISTENT).then_some(Persistence { timeout, granularity }),
            engine,
        };
        Ok(Self { service, stats: wide.or(stats).unwrap_or_default(), unknown })
    }
}
