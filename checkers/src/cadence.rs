//! When to probe next.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// After the start of checking nothing is probed for so long (checkers.md §3.9).
const FIRST: Duration = Duration::from_secs(1);

/// The intervals of one checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cadence {
    /// `delay_loop`: from the end of one probe to the start of the next.
    pub delay_loop: Duration,
    /// `delay_before_retry`: the same after a failure that is forgiven.
    pub delay_before_retry: Duration,
    /// `warmup`: first probes are spread over so long.
    pub warmup: Duration,
}

/// Chance: a number of [0, 1).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Spread(f64);

impl Spread {
    /// Takes 32 random bits.
    pub fn from_bits(bits: u32) -> Self {
        Self(f64::from(bits) / (f64::from(u32::MAX) + 1.0))
    }
}

impl Cadence {
    /// The first probe: one second and a random part of the warm-up from now.
    pub fn first(&self, now: Instant, spread: Spread) -> Instant {
        now + FIRST + self.warmup.mul_f64(spread.0)
    }

    /// The next probe when the last one has just ended.
    pub fn next(&self, now: Instant, after: After) -> Instant {
        now + match after {
            After::Settled => self.delay_loop,
            After::Forgiven => self.delay_before_retry,
            After::Failed => self.delay_loop.max(self.delay_before_retry),
            After::InHurry => Duration::ZERO,
        }
    }
}

/// What the last probe was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// A success, or a failure that counted.
    Settled,
    /// A failure that was forgiven.
    Forgiven,
    /// A failure that counts, of a checker that never polls faster than it retries.
    Failed,
    /// A success that is one of several, all of which are wanted at once.
    InHurry,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CADENCE: Cadence = Cadence {
        delay_loop: Duration::from_secs(6),
        delay_before_retry: Duration::from_secs(3),
        warmup: Duration::from_secs(4),
    };

    #[test]
    #[expect(clippy::disallowed_methods, reason = "some instant to begin with")]
    fn first_probes_spread_over_the_warm_up_behind_one_second() {
        let now = Instant::now();
        let after = |bits| CADENCE.first(now, Spread::from_bits(bits)) - now;
        assert_eq!(after(0), Duration::from_secs(1));
        assert_eq!(after(1 << 31), Duration::from_secs(3));
        assert!(after(u32::MAX) < Duration::from_secs(5));
        let at_once = Cadence { warmup: Duration::ZERO, ..CADENCE };
        assert_eq!(at_once.first(now, Spread::from_bits(u32::MAX)) - now, Duration::from_secs(1));
    }
}
