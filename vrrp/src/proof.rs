//! Who sent this, and is it new? The memory of one virtual router for the two ways to prove it: AH and `auth_hmac`.
//!
//! The bytes are in [`crate::wire::ah`] and [`crate::wire::trailer`].

pub mod ah;
pub mod hmac;

/// What is remembered from packet to packet.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// AH: the one counter of what is sent and heard.
    pub ah: ah::Counter,
    /// `auth_hmac`: what was sent last.
    pub sent: hmac::Sent,
    /// `auth_hmac`: what was heard last.
    pub heard: hmac::Heard,
}
