//! Keeps neighbours from filling the log. Some lines can be provoked by anybody on the link, packet by packet; of these a
//! burst is logged, then so many a second, and how many were left out.

use std::time::{Duration, Instant};

/// Lines in a row before the limit counts.
const BURST: u32 = 100;

/// How often a further line is due.
const EVERY: Duration = Duration::from_millis(100);

/// The limit, shared by all virtual routers.
#[derive(Debug)]
pub(super) struct Chatter {
    left: u32,
    counted_to: Instant,
    left_out: u64,
}

/// What to do with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Log it, after saying how many were left out before it.
    Say {
        /// Zero usually.
        left_out: u64,
    },
    /// Leave it out.
    LeaveOut,
}

impl Chatter {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, counted_to: now, left_out: 0 }
    }

    /// Whether a line may be logged now; says how many were left out before it.
    pub(super) fn permits(&mut self, now: Instant) -> bool {
        match self.ask(now) {
            Verdict::Say { left_out: 0 } => true,
            Verdict::Say { left_out } => {
                tracing::info!("{left_out} lines about received packets were left out");
                true
            }
            Verdict::LeaveOut => false,
        }
    }

    fn ask(&mut self, now: Instant) -> Verdict {
        let earned = now.saturating_duration_since(self.counted_to).as_millis() / EVERY.as_millis();
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(earned).min(BURST);
        // What is left of an interval counts towards the next line.
        self.counted_to = if self.left == BURST { now } else { self.counted_to + EVERY * earned };
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Verdict::Say { left_out: std::mem::take(&mut self.left_out) }
            }
            None => {
                self.left_out += 1;
                Verdict::LeaveOut
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: Verdict = Verdict::Say { left_out: 0 };

    #[test]
    fn a_burst_is_said_and_then_ten_a_second() {
        let start = Instant::now();
        let mut chatter = Chatter::new(start);
        let said = (0..1000).filter(|_| chatter.ask(start) == SAID).count();
        assert_eq!(said, 100);
        let later = start + Duration::from_secs(1);
        assert_eq!(chatter.ask(later), Verdict::Say { left_out: 900 });
        let said = (0..1000).filter(|_| chatter.ask(later) == SAID).count();
        assert_eq!(said, 9);
    }

    #[test]
    fn after_a_quiet_time_a_whole_burst_is_said_again() {
        let start = Instant::now();
        let mut chatter = Chatter::new(start);
        for _ in 0..500 {
            chatter.ask(start);
        }
        let later = start + Duration::from_secs(3600);
        assert_eq!(chatter.ask(later), Verdict::Say { left_out: 400 });
        assert_eq!((0..500).filter(|_| chatter.ask(later) == SAID).count(), 99);
    }

    #[test]
    fn asking_often_does_not_keep_lines_from_being_earned() {
        let start = Instant::now();
        let mut chatter = Chatter::new(start);
        for _ in 0..500 {
            chatter.ask(start);
        }
        let said = (1..=1000)
            .filter(|step| chatter.ask(start + Duration::from_millis(*step)) != Verdict::LeaveOut)
            .count();
        assert_eq!(said, 10);
    }
}
