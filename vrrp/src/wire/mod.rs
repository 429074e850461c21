//! Bytes on the link: a length-checked *view* of each header for what arrives, and an emitter for what leaves.
//!
//! A view has no opinion. Which packets are obeyed is decided in [`crate::accept`].

pub mod advert_v2;
pub mod advert_v3;
pub mod ah;
pub mod auth;
pub mod checksum;
pub mod ipv4;
pub mod trailer;

mod pdu;

pub use pdu::{Advert, AuthType, PduView};

use std::fmt;

/// IP protocol number of VRRP.
pub const PROTOCOL_VRRP: u8 = 112;
/// IP protocol number of the authentication header (RFC 2402).
pub const PROTOCOL_AH: u8 = 51;
/// VRRP packet type ADVERTISEMENT, the only one there is.
pub const TYPE_ADVERTISEMENT: u8 = 1;

/// The bytes end before the header does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated;

impl fmt::Display for Truncated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("packet shorter than its headers")
    }
}

impl std::error::Error for Truncated {}
