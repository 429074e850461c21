//! VRRP version 2 (RFC 3768 §5.3; authentication as in RFC 2338).

use std::time::Duration;

use super::auth::DATA_LEN;
use super::checksum::Sum;
use super::pdu::{count_field, emit_addresses};
use super::{Advert, AuthType, PduView, TYPE_ADVERTISEMENT};
use crate::params::{Family, Vrid};

/// Length in bytes of a PDU with `count` addresses. IPv6 packets have no authentication data.
#[must_use]
pub fn len(family: Family, count: usize) -> usize {
    let data = match family {
        Family::Ipv4 => DATA_LEN,
        Family::Ipv6 => 0,
    };
    PduView::HEADER_LEN + count * family.address_len() + data
}

/// Appends the PDU. For IPv6 the checksum is left 0, since the kernel fills it in.
pub fn emit(advert: &Advert, family: Family, auth: AuthType, data: &[u8; DATA_LEN], out: &mut Vec<u8>) {
    let start = out.len();
    let seconds = u8::try_from(advert.interval.as_secs()).unwrap_or(u8::MAX);
    out.extend([
        0x20 | TYPE_ADVERTISEMENT,
        advert.vrid.get(),
        advert.priority.get(),
        count_field(&advert.addresses),
    ]);
    out.extend([auth.number(), seconds, 0, 0]);
    emit_addresses(&advert.addresses, out);
    match family {
        Family::Ipv4 => {
            out.extend(data);
            let sum = Sum::new().bytes(&out[start..]).finish();
            out[start + 6..start + 8].copy_from_slice(&sum.to_be_bytes());
        }
        Family::Ipv6 => {}
    }
}

/// Whether the stored checksum of the first `len` bytes is right.
#[must_use]
pub fn checksum_holds(pdu: PduView<'_>, len: usize) -> bool {
    Sum::new().bytes(pdu.prefix(len)).finish() == 0
}

/// The meaning of a PDU whose length has been checked; nothing for VRID 0.
#[must_use]
pub fn read(pdu: PduView<'_>, family: Family) -> Option<Advert> {
    Some(Advert {
        vrid: Vrid::new(pdu.vrid())?,
        priority: pdu.priority(),
        interval: Duration::from_secs(pdu.seconds().into()),
        addresses: pdu.addresses(family).collect(),
    })
}
