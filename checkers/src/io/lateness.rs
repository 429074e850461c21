//! How late probes began, all of them together.

use std::time::Duration;

/// How late probes began, in powers of two microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lateness {
    counts: [u64; Self::BUCKETS],
    longest: Duration,
}

impl Lateness {
    /// The last one is for everything from half an hour on.
    const BUCKETS: usize = 32;

    pub(super) fn note(&mut self, late: Duration) {
        let micros = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        let bucket = usize::try_from(u64::BITS - micros.leading_zeros()).unwrap_or(Self::BUCKETS);
        self.counts[bucket.min(Self::BUCKETS - 1)] += 1;
        self.longest = self.longest.max(late);
    }

    /// How many probes have begun.
    pub fn probes(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The latest of all.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// No more than this were so many per cent of them late: the upper end of a power of two microseconds.
    pub fn percentile(&self, percent: u64) -> Duration {
        let wanted = self.probes().saturating_mul(percent).div_ceil(100);
        let mut sum = 0;
        for (bucket, count) in (0_u32..).zip(self.counts) {
            sum += count;
            if sum >= wanted {
                return Duration::from_micros(1 << bucket).min(self.longest);
            }
        }
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_end_of_a_power_of_two() {
        let mut lateness = Lateness::default();
        for millis in 1..=100 {
            lateness.note(Duration::from_millis(millis));
        }
        assert_eq!((lateness.probes(), lateness.longest()), (100, Duration::from_millis(100)));
        assert_eq!(lateness.percentile(50), Duration::from_micros(65_536));
        assert_eq!(lateness.percentile(100), Duration::from_millis(100));
        lateness.note(Duration::MAX);
        assert_eq!(lateness.percentile(100), Duration::from_micros(1 << 31));
    }
}
