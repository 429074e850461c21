//! What one virtual router needs to know. Complete and valid together: whoever builds [`Params`] has applied the rules of
//! keepalived.conf(5); nothing here is looked up elsewhere.

pub mod signing;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU8;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::signing::Signing;
use crate::announce;
use crate::priority::Priority;
use crate::track::Tracked;
use crate::wire::{AuthType, auth};

/// Group of IPv4 adverts (RFC 9568 §5.1.1.2).
pub const GROUP_IPV4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// Group of IPv6 adverts (RFC 9568 §5.1.2.2).
pub const GROUP_IPV6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

/// Virtual router identifier, 1 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// Nothing for 0.
    #[must_use]
    pub fn new(value: u8) -> Option<Self> {
        NonZeroU8::new(value).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Version {
    /// RFC 3768: whole seconds.
    V2,
    /// RFC 9568: hundredths of a second, learnt from the master.
    V3,
}

impl Version {
    /// The number in the packet.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

/// Family of the adverts and of the addresses in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// Length in bytes of an address.
    #[must_use]
    pub const fn address_len(self) -> usize {
        match self {
            Self::Ipv4 => 4,
            Self::Ipv6 => 16,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}

/// How adverts reach the other routers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transport {
    /// To a group on the interface.
    Multicast {
        /// `mcast_dst_ip`, or the group of the family.
        group: IpAddr,
    },
    /// To each peer, in the order of the configuration.
    Unicast {
        /// None is a fault for as long as it is so (`unicast_fault_no_peer`).
        peers: Vec<Peer>,
        /// Whether adverts from others than the peers are refused (`check_unicast_src`).
        check_source: bool,
        /// Time to live of what is sent; IPv6 leaves it to the kernel if none is given.
        ttl: Option<u8>,
    },
}

/// One router adverts are sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Where it is.
    pub address: IpAddr,
    /// Lowest time to live accepted from it.
    pub min_ttl: u8,
    /// Highest time to live accepted from it.
    pub max_ttl: u8,
}

/// When a backup replaces a master of lower priority that is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preempt {
    /// As soon as its down interval has passed.
    AtOnce,
    /// Not before this long after the first lower advert (`preempt_delay`).
    After(Duration),
    /// Never (`nopreempt`).
    Never,
}

/// `state`: what the configuration wants at first. It shortens nothing; an owner that wants MASTER takes over at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// `state MASTER`.
    Master,
    /// `state BACKUP`.
    Backup,
}

/// Authentication of version 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auth {
    /// None.
    None,
    /// A password in clear text, padded with zeros.
    Pass(Password),
    /// An IP authentication header with HMAC-MD5-96, IPv4 only. The key is the padded password.
    Ah(Password),
}

impl Auth {
    /// The authentication type field.
    #[must_use]
    pub fn kind(&self) -> AuthType {
        match self {
            Self::None => AuthType::None,
            Self::Pass(_) => AuthType::Pass,
            Self::Ah(_) => AuthType::Ah,
        }
    }

    /// The authentication data that ends a packet.
    #[must_use]
    pub fn data(&self) -> [u8; auth::DATA_LEN] {
        match self {
            Self::Pass(password) => password.0,
            Self::None | Self::Ah(_) => [0; auth::DATA_LEN],
        }
    }
}

/// Eight bytes nobody should see in a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password([u8; auth::DATA_LEN]);

impl Password {
    /// Pads with zeros; what is longer than eight bytes is cut.
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        let mut bytes = [0; auth::DATA_LEN];
        for (to, from) in bytes.iter_mut().zip(text) {
            *to = *from;
        }
        Self(bytes)
    }

    /// The eight bytes, for the one who has to use them.
    #[must_use]
    pub fn expose(&self) -> &[u8; auth::DATA_LEN] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

/// What the checksum of version 3 over IPv4 covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Checksum {
    /// The pseudo-header as in RFC 9568.
    Standard,
    /// No pseudo-header when sending, any checksum when receiving (`v3_checksum_as_v2`).
    AsVersion2,
    /// A pseudo-header with the multicast group as destination, though the packet is unicast (`old_unicast_checksum`).
    OldUnicast,
}

/// Whether something is done or left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Switch {
    /// It is done.
    On,
    /// It is left.
    Off,
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

/// One virtual router, completely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// Name of the instance, as in the log.
    pub name: String,
    /// Version spoken.
    pub version: Version,
    /// Family spoken.
    pub family: Family,
    /// Which virtual router.
    pub vrid: Vrid,
    /// Interface of the adverts; none for unicast by source address alone.
    pub interface: Option<String>,
    /// `mcast_src_ip` or `unicast_src_ip`; otherwise the interface's own address, as told by [`crate::Event::Source`].
    pub source: Option<IpAddr>,
    /// Where adverts go.
    pub transport: Transport,
    /// `state`.
    pub role: Role,
    /// Configured priority, 1 to 255.
    pub priority: Priority,
    /// Interval of own adverts: version 2 whole seconds up to 255, version 3 multiples of 10 ms up to 40.95 s; never 0.
    pub interval: Duration,
    /// Number of missed adverts until the master counts as dead, 1 to 100.
    pub down_adverts: u8,
    /// When a lower master is replaced.
    pub preempt: Preempt,
    /// Addresses listed in the adverts (`virtual_ipaddress`), in order, all of `family`, at most 255.
    pub addresses: Vec<IpAddr>,
    /// Authentication; `None` in version 3.
    pub auth: Auth,
    /// `auth_hmac`.
    pub signing: Option<Signing>,
    /// Checksum of version 3 over IPv4.
    pub checksum: Checksum,
    /// Whether a master answers a lower advert with its own (off: `lower_prio_no_advert`).
    pub answer_lower: Switch,
    /// Whether a master that yields sends a last advert (`higher_prio_send_advert`).
    pub answer_higher: Switch,
    /// Whether an address owner ignores adverts (`owner_ignore_adverts`).
    pub owner_deaf: Switch,
    /// Whether the address list of an unchanged master is left unchecked (`skip_check_adv_addr`).
    pub trust_addresses: Switch,
    /// Whether it belongs to a sync group, and becomes master with [`crate::Event::GoMaster`] only.
    pub together: Switch,
    /// `timer_expired_backup`: the highest priority of the others. A master that was stopped so long that they have replaced
    /// it becomes backup instead of going on.
    pub yields_when_late: Option<Priority>,
    /// What it watches, its interface included; every thing once.
    pub track: Vec<Tracked>,
    /// When gratuitous ARP or unsolicited neighbour advertisements are sent.
    pub announce: announce::Schedule,
}

impl Params {
    /// Whether `other` is the same virtual router, so that its state may be kept over a reload. The name may differ.
    #[must_use]
    pub fn same_router(&self, other: &Self) -> bool {
        let same_transport = match (&self.transport, &other.transport) {
            (Transport::Multicast { group: a }, Transport::Multicast { group: b }) => a == b,
            (Transport::Unicast { .. }, Transport::Unicast { .. }) => self.source == other.source,
            (Transport::Multicast { .. }, Transport::Unicast { .. })
            | (Transport::Unicast { .. }, Transport::Multicast { .. }) => false,
        };
        same_transport
            && self.vrid == other.vrid
            && self.family == other.family
            && self.interface == other.interface
    }

    /// Whether it is unicast and has nobody to speak to.
    #[must_use]
    pub fn lacks_peers(&self) -> bool {
        matches!(&self.transport, Transport::Unicast { peers, .. } if peers.is_empty())
    }

    /// Length in bytes of our PDU with `count` addresses.
    #[must_use]
    pub fn pdu_len(&self, count: usize) -> usize {
        match self.version {
            Version::V2 => crate::wire::advert_v2::len(self.family, count),
            Version::V3 => crate::wire::advert_v3::len(self.family, count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_does_not_show_in_debug_output() {
        let auth = Auth::Pass(Password::new(b"secret"));
        assert_eq!(format!("{auth:?}"), "Pass(********)");
    }

    #[test]
    fn a_password_is_padded_with_zeros_and_cut_at_eight_bytes() {
        assert_eq!(Auth::Pass(Password::new(b"1111")).data(), *b"1111\0\0\0\0");
        assert_eq!(Auth::Pass(Password::new(b"123456789")).data(), *b"12345678");
    }
}
