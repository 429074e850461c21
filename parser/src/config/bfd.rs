//! BFD sessions.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Span, Weight};

/// One `bfd_instance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BfdInstance {
    /// Its name, at most 31 bytes.
    pub name: String,
    /// The line that opened it.
    pub span: Span,
    /// `neighbor_ip`.
    pub neighbor: IpAddr,
    /// `source_ip`.
    pub source: Option<IpAddr>,
    /// `multihop`: port 4784 instead of 3784.
    pub multihop: bool,
    /// `min_rx`, 1 ms and more.
    pub min_rx: Duration,
    /// `min_tx`, 1 ms and more.
    pub min_tx: Duration,
    /// `idle_tx`, 1 s and more.
    pub idle_tx: Duration,
    /// `multiplier`, 1 to 255.
    pub multiplier: u8,
    /// `passive`: wait for the neighbour to begin.
    pub passive: bool,
    /// `ttl` or `hoplimit` of packets sent.
    pub ttl: u8,
    /// `max_hops`: a packet whose TTL is below `ttl - max_hops` is dropped; none switches the check off.
    pub max_hops: Option<u8>,
    /// The default of a `track_bfd` line.
    pub weight: Weight,
    /// State changes are told to the VRRP worker.
    pub for_vrrp: bool,
    /// State changes are told to the checkers worker.
    pub for_checkers: bool,
}
