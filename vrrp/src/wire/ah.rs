//! The authentication header (RFC 2402) as keepalived puts it in front of version 2 packets, with HMAC-MD5-96 (RFC 2403).

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;

use super::auth::DATA_LEN;
use super::{PROTOCOL_VRRP, Truncated};

/// Length in bytes of the header with its integrity value.
pub const LEN: usize = 24;
/// Length in bytes of the integrity value.
pub const ICV_LEN: usize = 12;
/// Where the integrity value begins.
const ICV: usize = 12;

/// An authentication header.
#[derive(Clone, Copy, Debug)]
pub struct AhView<'a>(&'a [u8; LEN]);

impl<'a> AhView<'a> {
    /// Checks that the header is there; what follows it is ignored.
    ///
    /// # Errors
    /// [`Truncated`] when it is not.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Truncated> {
        bytes.first_chunk().map(Self).ok_or(Truncated)
    }

    /// Protocol of what follows.
    #[must_use]
    pub fn next_header(&self) -> u8 {
        self.0[0]
    }

    /// Security parameters index, which keepalived fills with the source address.
    #[must_use]
    pub fn spi(&self) -> u32 {
        u32::from_be_bytes([self.0[4], self.0[5], self.0[6], self.0[7]])
    }

    /// Sequence number.
    #[must_use]
    pub fn sequence(&self) -> u32 {
        u32::from_be_bytes([self.0[8], self.0[9], self.0[10], self.0[11]])
    }

    /// Integrity value.
    #[must_use]
    pub fn icv(&self) -> &'a [u8] {
        &self.0[ICV..]
    }
}

/// Appends a header whose integrity value is still zero.
pub fn emit(spi: u32, sequence: u32, out: &mut Vec<u8>) {
    out.extend([PROTOCOL_VRRP, 4, 0, 0]);
    out.extend(spi.to_be_bytes());
    out.extend(sequence.to_be_bytes());
    out.extend([0; ICV_LEN]);
}

/// Whether the time to live is part of what is signed. RFC 2402 leaves it out; keepalived does so for unicast only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// As in the packet.
    Signed,
    /// Read as zero.
    Ignored,
}

/// Writes the integrity value of a whole packet, IP header first, into its authentication header.
pub fn sign(packet: &mut [u8], key: &[u8; DATA_LEN], ttl: Ttl) {
    let icv: [u8; ICV_LEN] = match digest(packet, key, ttl).finalize().into_bytes().first_chunk() {
        Some(icv) => *icv,
        None => return,
    };
    let at = header_len(packet) + ICV;
    if let Some(place) = packet.get_mut(at..at + ICV_LEN) {
        place.copy_from_slice(&icv);
    }
}

/// Whether the integrity value of a whole packet, without link padding, is right. Takes the same time wherever it differs.
#[must_use]
pub fn holds(packet: &[u8], key: &[u8; DATA_LEN], ttl: Ttl) -> bool {
    let at = header_len(packet) + ICV;
    packet
        .get(at..at + ICV_LEN)
        .is_some_and(|icv| digest(packet, key, ttl).verify_truncated_left(icv).is_ok())
}

fn header_len(packet: &[u8]) -> usize {
    packet.first().map_or(0, |first| usize::from(first & 0x0f) * 4)
}

/// What changes on the way counts as zero: type of service, fragment word, header checksum, and the value itself.
fn digest(packet: &[u8], key: &[u8; DATA_LEN], ttl: Ttl) -> Hmac<Md5> {
    let mut bytes = packet.to_vec();
    let icv = header_len(packet) + ICV;
    let mut clear = |range: std::ops::Range<usize>| {
        if let Some(place) = bytes.get_mut(range) {
            place.fill(0);
        }
    };
    clear(1..2);
    clear(6..8);
    clear(10..12);
    clear(icv..icv + ICV_LEN);
    if ttl == Ttl::Ignored {
        clear(8..9);
    }
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length").chain_update(bytes)
}
