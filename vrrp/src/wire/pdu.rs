//! What versions 2 and 3 have in common: the first eight bytes and the address list.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::Truncated;
use crate::params::{Family, Vrid};
use crate::priority::Priority;

/// An ADVERTISEMENT as it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advert {
    /// The virtual router it speaks for.
    pub vrid: Vrid,
    /// Effective priority of the sender; [`Priority::RELEASE`] when it stops.
    pub priority: Priority,
    /// Time until its next advert; whole seconds in version 2, 10 ms steps up to 40.95 s in version 3.
    pub interval: Duration,
    /// The virtual addresses, all of one family.
    pub addresses: Vec<IpAddr>,
}

/// Value of the authentication type field (RFC 2338 §5.3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthType {
    /// No authentication.
    None,
    /// A password in clear text.
    Pass,
    /// IP authentication header.
    Ah,
    /// Anything else.
    Unknown(u8),
}

impl AuthType {
    /// The number in the packet.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Pass => 1,
            Self::Ah => 2,
            Self::Unknown(n) => n,
        }
    }
}

impl From<u8> for AuthType {
    fn from(n: u8) -> Self {
        match n {
            0 => Self::None,
            1 => Self::Pass,
            2 => Self::Ah,
            n => Self::Unknown(n),
        }
    }
}

/// A VRRP PDU of either version; holds at least the eight bytes of the fixed part.
#[derive(Clone, Copy, Debug)]
pub struct PduView<'a>(&'a [u8]);

impl<'a> PduView<'a> {
    /// Length in bytes of the fixed part.
    pub const HEADER_LEN: usize = 8;

    /// Checks that the fixed part is there.
    ///
    /// # Errors
    /// [`Truncated`] when it is not.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Truncated> {
        if bytes.len() < Self::HEADER_LEN { Err(Truncated) } else { Ok(Self(bytes)) }
    }

    /// Version field.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.0[0] >> 4
    }

    /// Packet type field.
    #[must_use]
    pub fn kind(&self) -> u8 {
        self.0[0] & 0x0f
    }

    /// VRID field; 0 is possible here and names no virtual router.
    #[must_use]
    pub fn vrid(&self) -> u8 {
        self.0[1]
    }

    /// Priority field.
    #[must_use]
    pub fn priority(&self) -> Priority {
        Priority::new(self.0[2])
    }

    /// Number of addresses, as told.
    #[must_use]
    pub fn count(&self) -> usize {
        usize::from(self.0[3])
    }

    /// Version 2: authentication type.
    #[must_use]
    pub fn auth_type(&self) -> AuthType {
        AuthType::from(self.0[4])
    }

    /// Version 2: interval in seconds.
    #[must_use]
    pub fn seconds(&self) -> u8 {
        self.0[5]
    }

    /// Version 3: interval in hundredths of a second, 0 to 4095.
    #[must_use]
    pub fn centiseconds(&self) -> u16 {
        u16::from_be_bytes([self.0[4], self.0[5]]) & 0x0fff
    }

    /// The first `len` bytes, or all there are.
    #[must_use]
    pub fn prefix(&self, len: usize) -> &'a [u8] {
        &self.0[..len.min(self.0.len())]
    }

    /// The addresses that are really there, at most [`Self::count`].
    pub fn addresses(&self, family: Family) -> impl Iterator<Item = IpAddr> + use<'a> {
        let size = family.address_len();
        self.0[Self::HEADER_LEN..].chunks_exact(size).take(self.count()).map(move |octets| match family {
            Family::Ipv4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(octets).unwrap_or_default())),
            Family::Ipv6 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(octets).unwrap_or_default())),
        })
    }
}

/// Appends the address list.
pub(super) fn emit_addresses(addresses: &[IpAddr], out: &mut Vec<u8>) {
    for address in addresses {
        match address {
            IpAddr::V4(v4) => out.extend(v4.octets()),
            IpAddr::V6(v6) => out.extend(v6.octets()),
        }
    }
}

/// The count field. More than 255 addresses never get here: the list is cut when the configuration is completed.
pub(super) fn count_field(addresses: &[IpAddr]) -> u8 {
    u8::try_from(addresses.len()).unwrap_or(u8::MAX)
}
