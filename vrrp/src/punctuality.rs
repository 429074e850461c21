//! How well adverts keep their time, ours and the master's: what warns of a failover before there is one.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Measures of one virtual router since its start. Counts stop at their maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Punctuality {
    /// How much later than due our last periodic advert was.
    pub last_lateness: Duration,
    /// The most that one of them was late.
    pub worst_lateness: Duration,
    /// As backup: times at least one advert of the master was missed, but not enough of them to take over.
    pub near_failovers: u64,
}

impl Punctuality {
    /// We send a periodic advert that was due at `deadline`.
    pub(crate) fn sent(&mut self, deadline: Instant, now: Instant) {
        self.last_lateness = now.saturating_duration_since(deadline);
        self.worst_lateness = self.worst_lateness.max(self.last_lateness);
    }

    /// The master we follow is heard again after this long. Half an interval is allowed for the way.
    pub(crate) fn heard_after(&mut self, silence: Duration, interval: Duration) {
        if silence > interval * 3 / 2 {
            self.near_failovers = self.near_failovers.saturating_add(1);
        }
    }
}
