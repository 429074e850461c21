//! What one session needs to know. Valid together: whoever builds [`Params`] has applied the rules of keepalived.conf(5).

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A time as it stands in a packet: microseconds, up to 71 minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Micros(pub u32);

impl Micros {
    /// The time as the rest of the program counts it.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_micros(self.0.into())
    }
}

impl From<Duration> for Micros {
    /// Cut to whole microseconds, and to the longest time there is.
    fn from(duration: Duration) -> Self {
        Self(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far the neighbour is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Hops {
    /// On the same link (RFC 5881).
    One,
    /// Behind routers (RFC 5883).
    Many,
}

impl Hops {
    /// The UDP port that packets go to.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::One => 3784,
            Self::Many => 4784,
        }
    }
}

/// Who begins (RFC 5880 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Sends from the start.
    Active,
    /// Waits until the neighbour has been heard.
    Passive,
}

/// One `bfd_instance`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// Its name, which log lines begin with and trackers know it by.
    pub name: String,
    /// The neighbour.
    pub neighbor: IpAddr,
    /// The address packets are sent from, of the neighbour's family; none leaves it to the system.
    pub source: Option<IpAddr>,
    /// How far away it is.
    pub hops: Hops,
    /// Who begins.
    pub role: Role,
    /// Shortest time between packets that is promised to be kept up with.
    pub min_rx: Micros,
    /// Shortest time between packets sent while the session is up.
    pub min_tx: Micros,
    /// Time between packets sent while it is not: a second or more (RFC 5880 §6.8.3).
    pub idle_tx: Micros,
    /// Packets that may be lost in a row, and one more; not 0.
    pub multiplier: u8,
    /// TTL or hop limit of packets sent.
    pub ttl: u8,
    /// Packets with a TTL below `ttl - max_hops` are dropped; none switches that off.
    pub max_hops: Option<u8>,
}

impl Params {
    /// Whether a packet that came with this TTL is near enough.
    #[must_use]
    pub fn admits(&self, ttl: u8) -> bool {
        self.max_hops.is_none_or(|hops| ttl.saturating_add(hops) >= self.ttl)
    }
}
