//! VRRP version 3 (RFC 9568 §5.2).

use std::net::Ipv4Addr;
use std::time::Duration;

use super::checksum::Sum;
use super::pdu::{count_field, emit_addresses};
use super::{Advert, PduView, TYPE_ADVERTISEMENT};
use crate::params::{Family, Vrid};

/// Largest interval that fits the field.
pub const MAX_INTERVAL: Duration = Duration::from_millis(40_950);

/// What the checksum covers besides the PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pseudo {
    /// The IPv4 pseudo-header with these two addresses.
    Ipv4 {
        /// Sender.
        source: Ipv4Addr,
        /// Receiver; the multicast group in the old unicast style.
        destination: Ipv4Addr,
    },
    /// Nothing, as in version 2 (`v3_checksum_as_v2`).
    Bare,
    /// Left 0: the kernel does it (IPv6).
    Kernel,
}

/// Length in bytes of a PDU with `count` addresses.
#[must_use]
pub fn len(family: Family, count: usize) -> usize {
    PduView::HEADER_LEN + count * family.address_len()
}

/// Appends the PDU.
pub fn emit(advert: &Advert, pseudo: Pseudo, out: &mut Vec<u8>) {
    let start = out.len();
    let centiseconds = u16::try_from(advert.interval.min(MAX_INTERVAL).as_millis() / 10).unwrap_or(0x0fff);
    out.extend([
        0x30 | TYPE_ADVERTISEMENT,
        advert.vrid.get(),
        advert.priority.get(),
        count_field(&advert.addresses),
    ]);
    out.extend(centiseconds.to_be_bytes());
    out.extend([0, 0]);
    emit_addresses(&advert.addresses, out);
    if let Some(sum) = sum(&out[start..], pseudo) {
        out[start + 6..start + 8].copy_from_slice(&sum.to_be_bytes());
    }
}

/// Whether the stored checksum of the first `len` bytes is right.
#[must_use]
pub fn checksum_holds(pdu: PduView<'_>, len: usize, pseudo: Pseudo) -> bool {
    sum(pdu.prefix(len), pseudo).is_none_or(|sum| sum == 0)
}

/// The meaning of a PDU whose length has been checked; nothing for VRID 0.
#[must_use]
pub fn read(pdu: PduView<'_>, family: Family) -> Option<Advert> {
    Some(Advert {
        vrid: Vrid::new(pdu.vrid())?,
        priority: pdu.priority(),
        interval: Duration::from_millis(u64::from(pdu.centiseconds()) * 10),
        addresses: pdu.addresses(family).collect(),
    })
}

fn sum(pdu: &[u8], pseudo: Pseudo) -> Option<u16> {
    match pseudo {
        Pseudo::Ipv4 { source, destination } => {
            let len = u16::try_from(pdu.len()).unwrap_or(u16::MAX);
            Some(Sum::new().pseudo_header(source, destination, len).bytes(pdu).finish())
        }
        Pseudo::Bare => Some(Sum::new().bytes(pdu).finish()),
        Pseudo::Kernel => None,
    }
}
