//! The two intervals every election turns on, and the table of running timers.
//!
//! All arithmetic is in whole microseconds, rounded down, so that a mixed group agrees on who is first.

use std::time::{Duration, Instant};

use crate::params::Version;
use crate::priority::Priority;

/// How long a router of this priority waits longer than one of priority 256 would (RFC 3768 §6.1, RFC 9568 §6.1).
///
/// `interval` is the advert interval of the master; version 2 does not use it.
#[must_use]
pub fn skew(version: Version, priority: Priority, interval: Duration) -> Duration {
    let distance = 256 - u64::from(priority.get());
    let micros = match version {
        Version::V2 => distance * 1_000_000 / 256,
        Version::V3 => distance * centiseconds(interval) * 625 / 16,
    };
    Duration::from_micros(micros)
}

/// The silence after which a backup takes over: `adverts` intervals of the master and the skew.
#[must_use]
pub fn master_down(version: Version, priority: Priority, interval: Duration, adverts: u8) -> Duration {
    interval * u32::from(adverts) + skew(version, priority, interval)
}

fn centiseconds(interval: Duration) -> u64 {
    u64::try_from(interval.as_millis() / 10).unwrap_or(u64::MAX / 625 / 256)
}

/// What a virtual router can be waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// As backup: the master is silent for too long.
    MasterDown,
    /// As master: the next periodic advert.
    Advert,
    /// As owner: another owner has kept silent for long enough.
    RivalGone,
}

/// At most one deadline for each [`Timer`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers([Option<Instant>; 3]);

impl Timers {
    pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    pub(crate) fn unset(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(crate) fn get(&self, timer: Timer) -> Option<Instant> {
        self.0[timer as usize]
    }

    /// The deadline of `timer` if it has come.
    pub(crate) fn due(&self, timer: Timer, now: Instant) -> Option<Instant> {
        self.get(timer).filter(|at| *at <= now)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(version: Version, priority: u8, interval_ms: u64) -> u128 {
        master_down(version, Priority::new(priority), Duration::from_millis(interval_ms), 3).as_micros()
    }

    /// Values read from the original's dump.
    #[test]
    fn the_down_interval_equals_the_originals_to_the_microsecond() {
        assert_eq!(down(Version::V2, 150, 1000), 3_414_062);
        assert_eq!(down(Version::V2, 163, 1000), 3_363_281);
        assert_eq!(down(Version::V3, 100, 300), 1_082_812);
        assert_eq!(down(Version::V3, 150, 250), 853_515);
    }

    #[test]
    fn the_earliest_timer_is_the_next_deadline() {
        let now = Instant::now();
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        timers.set(Timer::MasterDown, now + Duration::from_secs(2));
        timers.set(Timer::Advert, now + Duration::from_secs(1));
        assert_eq!(timers.next(), Some(now + Duration::from_secs(1)));
        assert_eq!(timers.due(Timer::Advert, now), None);
        timers.clear();
        assert_eq!(timers.next(), None);
    }
}
