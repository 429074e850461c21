//! `keepalived.stats`.

use std::fmt::Write as _;

use crate::status::vrrp::VrrpStatus;

/// The counters of every virtual router.
pub(super) fn stats(status: &VrrpStatus) -> String {
    let mut text = String::new();
    for instance in &status.instances {
        let c = &instance.counters;
        let x = &c.extension;
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "VRRP Instance: {}
  Advertisements:
    Received: {}
    Sent: {}
  Became master: {}
  Released master: {}
  Packet Errors:
    Length: {}
    TTL: {}
    Invalid Type: {}
    Advertisement Interval: {}
    Address List: {}
  Authentication Errors:
    Invalid Type: {}
    Type Mismatch: {}
    Failure: {}
  Authentication Extension Errors:
    Missing: {}
    Malformed: {}
    Unknown Key: {}
    Invalid HMAC: {}
    Stale: {}
    Replay: {}
  Priority Zero:
    Received: {}
    Sent: {}
",
            instance.name,
            c.received,
            c.sent,
            c.became_master,
            c.released_master,
            c.length,
            c.ttl,
            c.invalid_type,
            c.interval,
            c.address_list,
            c.auth_invalid_type,
            c.auth_type_mismatch,
            c.auth_failure,
            x.missing,
            x.malformed,
            x.unknown_key,
            x.invalid_hmac,
            x.stale,
            x.replay,
            c.zero_received,
            c.zero_sent,
        );
    }
    text
}
