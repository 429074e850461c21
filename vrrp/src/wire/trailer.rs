//! The trailer of `auth_hmac`, 28 bytes after the PDU:
//!
//! ```text
//! type 1 | key id | 0 0 | seconds (4) | fraction (2) | counter (2) | HMAC-SHA-256-128 (16)
//! ```

use std::net::IpAddr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Truncated;

/// Length in bytes.
pub const LEN: usize = HEAD_LEN + MAC_LEN;
/// Length in bytes of what comes before the HMAC.
const HEAD_LEN: usize = 12;
/// Length in bytes of the HMAC.
const MAC_LEN: usize = 16;
/// The only type there is.
const TYPE: u8 = 1;

/// A trailer.
#[derive(Clone, Copy, Debug)]
pub struct TrailerView<'a>(&'a [u8; LEN]);

impl<'a> TrailerView<'a> {
    /// The trailer that ends `bytes`.
    ///
    /// # Errors
    /// [`Truncated`] when there are fewer bytes than it has.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Truncated> {
        bytes.last_chunk().map(Self).ok_or(Truncated)
    }

    /// Whether it is of the type we know, and what is reserved is zero.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.0[0] == TYPE && self.0[2..4] == [0, 0]
    }

    /// Number of the key it is signed with.
    #[must_use]
    pub fn key_id(&self) -> u8 {
        self.0[1]
    }

    /// Seconds, fraction and counter as one number.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.0[4..HEAD_LEN].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Whether the signature is that of this PDU by this sender. Takes the same time wherever it differs.
    #[must_use]
    pub fn holds(&self, key: &[u8], from: IpAddr, pdu: &[u8]) -> bool {
        digest(key, from, pdu, &self.0[..HEAD_LEN]).verify_truncated_left(&self.0[HEAD_LEN..]).is_ok()
    }
}

/// Appends the trailer that signs a PDU sent from `from`.
pub fn emit(key_id: u8, key: &[u8], sequence: u64, from: IpAddr, pdu: &[u8], out: &mut Vec<u8>) {
    let mut head = [TYPE, key_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    head[4..].copy_from_slice(&sequence.to_be_bytes());
    let mac = digest(key, from, pdu, &head).finalize().into_bytes();
    out.extend(head);
    out.extend(&mac[..MAC_LEN]);
}

/// Covers who says it, the PDU with a checksum of zero, and the trailer with an HMAC of zero.
fn digest(key: &[u8], from: IpAddr, pdu: &[u8], head: &[u8]) -> Hmac<Sha256> {
    let mut said_by = [0; 20];
    let (family, address) = match from {
        IpAddr::V4(v4) => (4, v4.octets().to_vec()),
        IpAddr::V6(v6) => (6, v6.octets().to_vec()),
    };
    said_by[0] = family;
    said_by[1] = pdu.first().map_or(0, |first| first >> 4);
    said_by[2] = pdu.get(1).copied().unwrap_or(0);
    said_by[4..4 + address.len()].copy_from_slice(&address);
    let mut pdu = pdu.to_vec();
    if let Some(checksum) = pdu.get_mut(6..8) {
        checksum.fill(0);
    }
    Hmac::new_from_slice(key)
        .expect("HMAC takes keys of any length")
        .chain_update(said_by)
        .chain_update(pdu)
        .chain_update(head)
        .chain_update([0; MAC_LEN])
}
