//! Destinations (real servers) of a service.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;

use netlink_packet_core::DefaultNla;

use crate::attr::{Addr, Be16, DestinationAttr, Host8, Host16, Host32};
use crate::{Family, Malformed, Stats};

/// What makes a destination of a service this destination. How packets reach it is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DestinationId {
    /// Address of the real server.
    pub addr: IpAddr,
    /// Its port; 0 keeps the packet's port. Direct routing and tunnels deliver packets unchanged, whatever stands here.
    pub port: u16,
}

impl From<SocketAddr> for DestinationId {
    fn from(at: SocketAddr) -> Self {
        Self { addr: at.ip(), port: at.port() }
    }
}

impl DestinationId {
    /// The attributes that name it. The family is always said: without it the kernel would cut an IPv6 address
    /// of an IPv4 service to its first four bytes.
    pub(crate) fn encode(&self) -> Vec<DestinationAttr> {
        let mut attrs = Vec::with_capacity(10);
        attrs.extend([
            DestinationAttr::Family(Host16(Family::of(self.addr).number())),
            DestinationAttr::Addr(Addr::from(self.addr)),
            DestinationAttr::Port(Be16(self.port)),
        ]);
        attrs
    }
}

/// A share of the connections: 0 (no new ones) to 2,147,483,647.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u32", into = "u32"))]
pub struct Weight(u32);

impl Weight {
    /// No new connections; established ones go on.
    pub const ZERO: Self = Self(0);
    /// The usual one.
    pub const ONE: Self = Self(1);
    /// The largest the kernel takes.
    pub const MAX: Self = Self(0x7fff_ffff);

    /// Checks the range.
    pub fn new(weight: u32) -> Option<Self> {
        (weight <= Self::MAX.0).then_some(Self(weight))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Weight {
    type Error = &'static str;
    fn try_from(weight: u32) -> Result<Self, Self::Error> {
        Self::new(weight).ok_or("a weight is at most 2147483647")
    }
}

impl From<Weight> for u32 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

/// What protects the outer packet of a tunnel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Checksum {
    /// No checksum.
    #[default]
    None,
    /// A checksum.
    Full,
    /// Remote checksum offload (GUE only).
    Remote,
}

/// How a packet is wrapped on its way to the real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Tunnel {
    /// IP in IP.
    Ipip,
    /// Generic UDP encapsulation.
    Gue {
        /// UDP port of the real server.
        port: NonZeroU16,
        /// Checksum of the outer packet.
        checksum: Checksum,
    },
    /// Generic routing encapsulation.
    Gre {
        /// Checksum of the outer packet.
        checksum: Checksum,
    },
    /// What a newer kernel or another program stored.
    Other {
        /// `IPVS_DEST_ATTR_TUN_TYPE`
        kind: u8,
        /// `IPVS_DEST_ATTR_TUN_PORT`
        port: u16,
        /// `IPVS_DEST_ATTR_TUN_FLAGS`
        flags: u16,
    },
}

impl Tunnel {
    fn encode(self) -> [DestinationAttr; 3] {
        let (kind, port, flags) = match self {
            Self::Ipip => (0, 0, 0),
            Self::Gue { port, checksum } => (1, port.get(), checksum.bits()),
            Self::Gre { checksum } => (2, 0, checksum.bits()),
            Self::Other { kind, port, flags } => (kind, port, flags),
        };
        [
            DestinationAttr::TunnelType(Host8(kind)),
            DestinationAttr::TunnelPort(Be16(port)),
            DestinationAttr::TunnelFlags(Host16(flags)),
        ]
    }

    fn decode(kind: u8, port: u16, flags: u16) -> Self {
        match (kind, NonZeroU16::new(port), Checksum::from_bits(flags)) {
            (0, None, Some(Checksum::None)) => Self::Ipip,
            (1, Some(port), Some(checksum)) => Self::Gue { port, checksum },
            (2, None, Some(checksum)) => Self::Gre { checksum },
            (_, _, _) => Self::Other { kind, port, flags },
        }
    }
}

impl Checksum {
    fn bits(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Full => 1,
            Self::Remote => 2,
        }
    }

    fn from_bits(flags: u16) -> Option<Self> {
        match flags {
            0 => Some(Self::None),
            1 => Some(Self::Full),
            2 => Some(Self::Remote),
            _ => None,
        }
    }
}

/// How packets reach a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Forwarding {
    /// Network address translation.
    Masquerade,
    /// To this machine.
    Local,
    /// Wrapped into another packet.
    Tunnel(Tunnel),
    /// Unchanged, to the real server's link-layer address.
    Direct,
    /// Past the real servers, to the original address.
    Bypass,
    /// A method this crate does not know, 5 to 7.
    Other(u8),
}

impl Forwarding {
    fn number(self) -> u32 {
        match self {
            Self::Masquerade => 0,
            Self::Local => 1,
            Self::Tunnel(_) => 2,
            Self::Direct => 3,
            Self::Bypass => 4,
            Self::Other(number) => number.into(),
        }
    }
}

/// A destination as somebody wants it. Writing it replaces every setting of the destination in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Destination {
    /// Which destination.
    pub id: DestinationId,
    /// How packets reach it.
    pub forwarding: Forwarding,
    /// Its share.
    pub weight: Weight,
    /// Connections beyond which it gets no new ones; 0 is no limit.
    pub upper_threshold: u32,
    /// Connections below which it gets new ones again; at most the upper one.
    pub lower_threshold: u32,
}

impl Destination {
    /// A destination of weight 1 without limits.
    pub fn new(at: SocketAddr, forwarding: Forwarding) -> Self {
        Self {
            id: DestinationId::from(at),
            forwarding,
            weight: Weight::ONE,
            upper_threshold: 0,
            lower_threshold: 0,
        }
    }

    pub(crate) fn encode(&self) -> Vec<DestinationAttr> {
        let mut attrs = self.id.encode();
        attrs.push(DestinationAttr::Forwarding(Host32(self.forwarding.number())));
        attrs.push(DestinationAttr::Weight(Host32(self.weight.0)));
        if let Forwarding::Tunnel(tunnel) = self.forwarding {
            attrs.extend(tunnel.encode());
        }
        attrs.push(DestinationAttr::UpperThreshold(Host32(self.upper_threshold)));
        attrs.push(DestinationAttr::LowerThreshold(Host32(self.lower_threshold)));
        attrs
    }
}

/// A destination as the kernel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DestinationEntry {
    /// Its settings.
    pub destination: Destination,
    /// Connections that carry traffic.
    pub active: u32,
    /// Connections that are closing or silent.
    pub inactive: u32,
    /// Clients that are bound to it by persistence.
    pub persistent: u32,
    /// Its counters. A destination that comes back soon after its removal keeps its old ones.
    pub stats: Stats,
    /// Attributes of the reply that this crate does not know.
    pub unknown: Vec<DefaultNla>,
}

impl DestinationEntry {
    /// Reads the attributes of one `DEST` nest. Kernels before 3.18 do not say the family: it is the service's.
    ///
    /// # Errors
    ///
    /// When the identity is incomplete or an attribute has a shape that no kernel sends.
    pub fn decode(attrs: &[DestinationAttr], service: Family) -> Result<Self, Malformed> {
        let (mut family, mut addr, mut port, mut method) = (service, None, None, 0);
        let (mut weight, mut upper, mut lower) = (Weight::ZERO, 0, 0);
        let (mut active, mut inactive, mut persistent) = (0, 0, 0);
        let (mut kind, mut tunnel_port, mut flags) = (0, 0, 0);
        let (mut stats, mut wide, mut unknown) = (None, None, Vec::new());
        for attr in attrs {
            match attr {
                DestinationAttr::Addr(value) => addr = Some(*value),
                DestinationAttr::Port(value) => port = Some(value.0),
                DestinationAttr::Forwarding(value) => method = value.0,
                DestinationAttr::Weight(value) => {
                    weight = Weight::new(value.0).ok_or(Malformed::Destination("weight"))?;
                }
                DestinationAttr::UpperThreshold(value) => upper = value.0,
                DestinationAttr::LowerThreshold(value) => lower = value.0,
                DestinationAttr::Active(value) => active = value.0,
                DestinationAttr::Inactive(value) => inactive = value.0,
                DestinationAttr::Persistent(value) => persistent = value.0,
                DestinationAttr::Stats(nest) => stats = Some(Stats::decode(&nest.attrs)),
                DestinationAttr::Family(Host16(0)) => {}
                DestinationAttr::Family(value) => {
                    family = Family::from_number(value.0).ok_or(Malformed::Destination("address family"))?;
                }
                DestinationAttr::Stats64(nest) => wide = Some(Stats::decode(&nest.attrs)),
                DestinationAttr::TunnelType(value) => kind = value.0,
                DestinationAttr::TunnelPort(value) => tunnel_port = value.0,
                DestinationAttr::TunnelFlags(value) => flags = value.0,
                DestinationAttr::Other(nla) => unknown.push(nla.clone()),
            }
        }
        let forwarding = match method & 0x7 {
            0 => Forwarding::Masquerade,
            1 => Forwarding::Local,
            2 => Forwarding::Tunnel(Tunnel::decode(kind, tunnel_port, flags)),
            3 => Forwarding::Direct,
            4 => Forwarding::Bypass,
            5 => Forwarding::Other(5),
            6 => Forwarding::Other(6),
            _ => Forwarding::Other(7),
        };
        let id = DestinationId {
            addr: addr.ok_or(Malformed::Destination("address"))?.in_family(family),
            port: port.ok_or(Malformed::Destination("port"))?,
        };
        let destination =
            Destination { id, forwarding, weight, upper_threshold: upper, lower_threshold: lower };
        let stats = wide.or(stats).unwrap_or_default();
        Ok(Self { destination, active, inactive, persistent, stats, unknown })
    }
}
