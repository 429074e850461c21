//! `vrrp_startup_delay` and `vrrp_delay_after_boot`: the time in which nothing that is heard counts, §4.2.5 of the original's
//! behaviour. What a virtual router does meanwhile is its own; here is when it ends.

use std::time::{Duration, Instant};

use vrrp::io::clock::since_boot;

use crate::plan::vrrp::HeadStart;

/// The wait after a start.
#[derive(Debug)]
pub(super) struct DelayedStart {
    begun: Instant,
    until: Option<Instant>,
}

impl DelayedStart {
    /// Begins to wait at the start of the worker.
    pub(super) fn begin(head_start: HeadStart, now: Instant) -> Self {
        let until = end(head_start, now, since_boot(), now);
        if let Some(until) = until {
            tracing::info!("Delaying startup for {} seconds", seconds(until.duration_since(now)));
        }
        Self { begun: now, until }
    }

    /// Waits by another configuration, from the same beginning; a wait that is over stays so. Whether it waited.
    pub(super) fn reconfigure(&mut self, head_start: HeadStart, now: Instant) -> bool {
        if self.until.is_none() {
            return false;
        }
        self.until = end(head_start, self.begun, since_boot(), now);
        match self.until {
            Some(until) => {
                let left = seconds(until.duration_since(now));
                tracing::info!("Delaying startup for a further {left} seconds");
            }
            None => tracing::info!("Reduced delayed start passed"),
        }
        true
    }

    /// What is left of it.
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// When to call [`Self::tick`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// Says so when it is over.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.until.take_if(|until| *until <= now).is_some() {
            tracing::info!("Delayed start completed");
        }
    }
}

/// The end of the wait, of a program that began at `begun` on a machine that runs for `uptime` by `now`; nothing when it is
/// over.
fn end(head_start: HeadStart, begun: Instant, uptime: Duration, now: Instant) -> Option<Instant> {
    let HeadStart { of_program, of_machine } = head_start;
    let of_machine = now + of_machine.saturating_sub(uptime);
    Some((begun + of_program).max(of_machine)).filter(|end| *end > now)
}

/// As C prints `%g`, to the microsecond.
fn seconds(time: Duration) -> String {
    let text = format!("{:.6}", time.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_longer_of_the_two_waits_counts_and_after_boot_only_what_is_left() {
        let now = Instant::now();
        let left = |program: u32, machine: u32, uptime: u32| {
            let head_start = HeadStart { of_program: program * SECOND, of_machine: machine * SECOND };
            end(head_start, now, uptime * SECOND, now).map(|end| (end - now).as_secs())
        };
        assert_eq!(left(0, 0, 0), None);
        assert_eq!(left(4, 0, 100), Some(4));
        assert_eq!(left(4, 60, 50), Some(10));
        assert_eq!(left(4, 60, 58), Some(4));
        assert_eq!(left(0, 60, 61), None);
    }

    #[test]
    fn a_reload_counts_from_the_same_beginning() {
        let now = Instant::now();
        let four = HeadStart { of_program: 4 * SECOND, of_machine: Duration::ZERO };
        let mut start = DelayedStart::begin(four, now);
        let ten = HeadStart { of_program: 10 * SECOND, ..four };
        assert!(start.reconfigure(ten, now + 3 * SECOND));
        assert_eq!(start.left(now + 3 * SECOND), 7 * SECOND);
        assert!(start.reconfigure(HeadStart { of_program: 2 * SECOND, ..four }, now + 3 * SECOND));
        assert_eq!((start.left(now + 3 * SECOND), start.deadline()), (Duration::ZERO, None));
        assert!(!start.reconfigure(ten, now + 4 * SECOND), "it does not come back");
        assert_eq!(start.left(now + 4 * SECOND), Duration::ZERO);
    }

    #[test]
    fn seconds_read_as_the_original_writes_them() {
        assert_eq!(seconds(4 * SECOND), "4");
        assert_eq!(seconds(Duration::from_millis(2500)), "2.5");
    }
}
