//! Counters and rates of a service or destination.

use crate::attr::{Counter, StatsAttr};

/// What has passed, and how fast it passes now. The kernel renews the numbers about every two seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections scheduled.
    pub conns: u64,
    /// Packets from clients.
    pub in_packets: u64,
    /// Packets to clients; only network address translation sees them.
    pub out_packets: u64,
    /// Bytes from clients.
    pub in_bytes: u64,
    /// Bytes to clients.
    pub out_bytes: u64,
    /// Connections per second.
    pub cps: u64,
    /// Packets from clients per second.
    pub in_pps: u64,
    /// Packets to clients per second.
    pub out_pps: u64,
    /// Bytes from clients per second.
    pub in_bps: u64,
    /// Bytes to clients per second.
    pub out_bps: u64,
}

impl Stats {
    /// Reads a nest of either width, with or without padding. What is absent counts zero.
    pub fn decode(attrs: &[StatsAttr]) -> Self {
        let mut stats = Self::default();
        for attr in attrs {
            let (field, counter): (&mut u64, Counter) = match attr {
                StatsAttr::Conns(counter) => (&mut stats.conns, *counter),
                StatsAttr::InPackets(counter) => (&mut stats.in_packets, *counter),
                StatsAttr::OutPackets(counter) => (&mut stats.out_packets, *counter),
                StatsAttr::InBytes(counter) => (&mut stats.in_bytes, *counter),
                StatsAttr::OutBytes(counter) => (&mut stats.out_bytes, *counter),
                StatsAttr::Cps(counter) => (&mut stats.cps, *counter),
                StatsAttr::InPps(counter) => (&mut stats.in_pps, *counter),
                StatsAttr::OutPps(counter) => (&mut stats.out_pps, *counter),
                StatsAttr::InBps(counter) => (&mut stats.in_bps, *counter),
                StatsAttr::OutBps(counter) => (&mut stats.out_bps, *counter),
                StatsAttr::Pad(_) | StatsAttr::Other(_) => continue,
            };
            *field = counter.value();
        }
        stats
    }
}
