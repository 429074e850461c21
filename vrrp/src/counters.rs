//! What `keepalived.stats` shows for one virtual router.

use serde::{Deserialize, Serialize};

/// Counts since the start or the last clearing; they stop at their maximum instead of wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Adverts accepted.
    pub received: u64,
    /// Adverts sent; one for all unicast peers together.
    pub sent: u64,
    /// Times MASTER was entered.
    pub became_master: u64,
    /// Times MASTER was left.
    pub released_master: u64,
    /// Refused: length of the packet.
    pub length: u64,
    /// Refused: time to live or hop limit.
    pub ttl: u64,
    /// Refused: not an advert.
    pub invalid_type: u64,
    /// Refused or adopted: another advert interval than ours.
    pub interval: u64,
    /// Other addresses than ours, or multicast where unicast was expected.
    pub address_list: u64,
    /// Refused: no known authentication type.
    pub auth_invalid_type: u64,
    /// Refused: another authentication type than ours.
    pub auth_type_mismatch: u64,
    /// Refused: wrong password or integrity value.
    pub auth_failure: u64,
    /// `auth_hmac`.
    pub extension: ExtensionCounters,
    /// Adverts of priority 0 accepted.
    pub zero_received: u64,
    /// Adverts of priority 0 sent on stopping, failing or losing an address.
    pub zero_sent: u64,
}

/// Packets refused by `auth_hmac`, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionCounters {
    /// No trailer.
    pub missing: u64,
    /// A trailer that cannot be read.
    pub malformed: u64,
    /// A key we do not have.
    pub unknown_key: u64,
    /// A wrong integrity value.
    pub invalid_hmac: u64,
    /// Outside the time window.
    pub stale: u64,
    /// Seen before.
    pub replay: u64,
}
