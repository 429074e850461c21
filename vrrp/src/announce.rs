//! When a master tells the link where its addresses are: gratuitous ARP for IPv4, unsolicited neighbour advertisements for IPv6.
//!
//! The schedule answers in *rounds*: one round is one frame for each address, in order. It knows no address and no frame.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Counts and delays, all of which may be 0 for "not at all".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Rounds in a block (`garp_master_repeat`).
    pub repeat: u32,
    /// The second block comes this long after the first (`garp_master_delay`); 0: no second block.
    pub delay: Duration,
    /// Pause between refreshes (`garp_master_refresh`), the first of which comes after `delay` + this; 0: none.
    pub refresh: Duration,
    /// Rounds in a refresh (`garp_master_refresh_repeat`).
    pub refresh_repeat: u32,
    /// Rounds after a lower advert (`garp_lower_prio_repeat`).
    pub lower_repeat: u32,
    /// The same rounds again this long after it (`garp_lower_prio_delay`); 0: not again.
    pub lower_delay: Duration,
    /// Pause between single frames on the other interfaces that hold addresses (`garp_extra_if`), so that switches go on
    /// knowing the way there; the first comes after `delay` + this; 0: none.
    pub elsewhere: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            repeat: 5,
            delay: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_repeat: 5,
            lower_delay: Duration::from_secs(5),
            elsewhere: Duration::ZERO,
        }
    }
}

/// The running schedule of one virtual router. Idle until [`Announcer::start`]; one refresh chain at most, however often it starts.
#[derive(Clone, Debug)]
pub struct Announcer {
    schedule: Schedule,
    holding: bool,
    second: Option<Instant>,
    refresh: Option<Instant>,
    elsewhere: Option<Instant>,
    /// Repetitions owed for lower adverts, in the order of their time; bounded by [`Announcer::MAX_OWED`].
    owed: VecDeque<Instant>,
}

impl Announcer {
    /// A flood of lower adverts is answered each time, but not remembered beyond this many repetitions.
    const MAX_OWED: usize = 64;

    /// Idle.
    #[must_use]
    pub fn new(schedule: Schedule) -> Self {
        Self { schedule, holding: false, second: None, refresh: None, elsewhere: None, owed: VecDeque::new() }
    }

    /// The addresses are in place: rounds to send now.
    #[must_use]
    pub fn start(&mut self, now: Instant) -> u32 {
        let Schedule { repeat, delay, refresh, elsewhere, .. } = self.schedule;
        self.holding = true;
        self.second = (!delay.is_zero()).then(|| now + delay);
        self.refresh = (!refresh.is_zero()).then(|| now + delay + refresh);
        self.elsewhere = (!elsewhere.is_zero()).then(|| now + delay + elsewhere);
        repeat
    }

    /// The addresses are gone: nothing more is due.
    pub fn stop(&mut self) {
        *self = Self::new(self.schedule);
    }

    /// A lower advert was heard, so somebody else may have claimed the addresses: rounds to send now.
    #[must_use]
    pub fn lower_heard(&mut self, now: Instant) -> u32 {
        if !self.holding {
            return 0;
        }
        if !self.schedule.lower_delay.is_zero() && self.owed.len() < Self::MAX_OWED {
            self.owed.push_back(now + self.schedule.lower_delay);
        }
        self.schedule.lower_repeat
    }

    /// Rounds due by now.
    #[must_use]
    pub fn tick(&mut self, now: Instant) -> u32 {
        let mut rounds = 0;
        if self.second.is_some_and(|at| at <= now) {
            self.second = None;
            rounds += self.schedule.repeat;
        }
        if self.refresh.is_some_and(|at| at <= now) {
            self.refresh = Some(now + self.schedule.refresh);
            rounds += self.schedule.refresh_repeat;
        }
        let before = self.owed.len();
        self.owed.retain(|at| *at > now);
        let due = u32::try_from(before - self.owed.len()).unwrap_or(u32::MAX);
        rounds + due.saturating_mul(self.schedule.lower_repeat)
    }

    /// Whether one frame on each of the other interfaces is due by now.
    #[must_use]
    pub fn tick_elsewhere(&mut self, now: Instant) -> bool {
        let is_due = self.elsewhere.is_some_and(|at| at <= now);
        if is_due {
            self.elsewhere = Some(now + self.schedule.elsewhere);
        }
        is_due
    }

    /// When [`Announcer::tick`] has something to say.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        [self.second, self.refresh, self.elsewhere, self.owed.iter().min().copied()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Takes a new schedule. What is already due stays due; a refresh starts or ends.
    pub fn reconfigure(&mut self, now: Instant, schedule: Schedule) {
        if self.schedule.refresh != schedule.refresh {
            let every = schedule.refresh;
            self.refresh = (self.holding && !every.is_zero()).then(|| now + every);
        }
        if self.schedule.elsewhere != schedule.elsewhere {
            let every = schedule.elsewhere;
            self.elsewhere = (self.holding && !every.is_zero()).then(|| now + every);
        }
        self.schedule = schedule;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_new_master_announces_a_block_at_once_and_one_after_the_delay() {
        let t0 = Instant::now();
        let mut announcer = Announcer::new(Schedule::default());
        assert_eq!(announcer.start(t0), 5);
        assert_eq!(announcer.deadline(), Some(t0 + 5 * SECOND));
        assert_eq!(announcer.tick(t0 + 4 * SECOND), 0);
        assert_eq!(announcer.tick(t0 + 5 * SECOND), 5);
        assert_eq!(announcer.deadline(), None);
    }

    #[test]
    fn without_a_delay_there_is_no_second_block() {
        let mut announcer = Announcer::new(Schedule { delay: Duration::ZERO, ..Schedule::default() });
        assert_eq!(announcer.start(Instant::now()), 5);
        assert_eq!(announcer.deadline(), None);
    }

    #[test]
    fn refreshes_follow_the_second_block_and_do_not_multiply() {
        let t0 = Instant::now();
        let mut announcer = Announcer::new(Schedule { refresh: 10 * SECOND, ..Schedule::default() });
        let _ = announcer.start(t0);
        let _ = announcer.start(t0);
        assert_eq!(announcer.tick(t0 + 5 * SECOND), 5);
        assert_eq!(announcer.deadline(), Some(t0 + 15 * SECOND));
        assert_eq!(announcer.tick(t0 + 15 * SECOND), 1);
        assert_eq!(announcer.deadline(), Some(t0 + 25 * SECOND));
    }

    #[test]
    fn each_lower_advert_is_answered_now_and_again_after_its_delay() {
        let t0 = Instant::now();
        let mut announcer = Announcer::new(Schedule { delay: Duration::ZERO, ..Schedule::default() });
        let _ = announcer.start(t0);
        assert_eq!(announcer.lower_heard(t0), 5);
        assert_eq!(announcer.lower_heard(t0 + SECOND), 5);
        assert_eq!(announcer.tick(t0 + 5 * SECOND), 5);
        assert_eq!(announcer.tick(t0 + 6 * SECOND), 5);
        assert_eq!(announcer.deadline(), None);
    }

    #[test]
    fn other_interfaces_have_their_turn_for_as_long_as_the_addresses_are_held() {
        let t0 = Instant::now();
        let mut announcer = Announcer::new(Schedule { elsewhere: 10 * SECOND, ..Schedule::default() });
        let _ = announcer.start(t0);
        assert!(!announcer.tick_elsewhere(t0 + 14 * SECOND));
        assert!(announcer.tick_elsewhere(t0 + 15 * SECOND));
        assert!(!announcer.tick_elsewhere(t0 + 24 * SECOND));
        assert!(announcer.tick_elsewhere(t0 + 25 * SECOND));
        announcer.stop();
        assert!(!announcer.tick_elsewhere(t0 + 60 * SECOND));
    }

    #[test]
    fn nothing_is_announced_without_the_addresses() {
        let t0 = Instant::now();
        let mut announcer = Announcer::new(Schedule::default());
        assert_eq!(announcer.lower_heard(t0), 0);
        let _ = announcer.start(t0);
        announcer.stop();
        assert_eq!(announcer.deadline(), None);
        assert_eq!(announcer.lower_heard(t0), 0);
    }
}
