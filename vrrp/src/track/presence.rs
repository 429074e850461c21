//! Whether as many processes run as should (`vrrp_track_process`), with delays before a change counts.

use std::time::{Duration, Instant};

use super::Status;

/// How many should run, and how long a change may take to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// At least so many.
    pub least: u32,
    /// At most so many.
    pub most: Option<u32>,
    /// Time before enough count, when a process was forked. One that came by `exec` counts at once.
    pub fork_delay: Duration,
    /// Time before too few count.
    pub terminate_delay: Duration,
}

/// How the number of processes changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// One was forked.
    Forked,
    /// One has become, or is no longer, what is looked for.
    Exec,
    /// One has ended.
    Ended,
}

/// The count of one `vrrp_track_process`.
#[derive(Clone, Copy, Debug)]
pub struct Presence {
    quorum: Quorum,
    count: u32,
    present: bool,
    /// A change that counts then, if it stands.
    pending: Option<Instant>,
}

impl Presence {
    /// What was found at the start counts at once.
    #[must_use]
    pub fn new(quorum: Quorum, count: u32) -> Self {
        let mut presence = Self { quorum, count, present: false, pending: None };
        presence.present = presence.is_met();
        presence
    }

    fn is_met(&self) -> bool {
        self.count >= self.quorum.least && self.quorum.most.is_none_or(|most| self.count <= most)
    }

    /// How many run.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Up while as many run as should.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.present { Status::Up } else { Status::Down }
    }

    /// When to call [`Self::tick`].
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.pending
    }

    /// Now so many run. Whether the status has changed.
    pub fn set(&mut self, count: u32, change: Change, now: Instant) -> bool {
        self.count = count;
        if self.is_met() == self.present {
            self.pending = None;
            return false;
        }
        let delay = match change {
            Change::Forked => self.quorum.fork_delay,
            Change::Exec => Duration::ZERO,
            Change::Ended => self.quorum.terminate_delay,
        };
        // What waits already does not wait longer because of another change in the same direction.
        let at = self.pending.map_or(now + delay, |at| at.min(now + delay));
        self.pending = Some(at);
        self.tick(now)
    }

    /// The time has come. Whether the status has changed.
    pub fn tick(&mut self, now: Instant) -> bool {
        if self.pending.is_none_or(|at| at > now) {
            return false;
        }
        self.pending = None;
        self.present = self.is_met();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn quorum(least: u32, most: Option<u32>) -> Quorum {
        Quorum { least, most, fork_delay: SECOND, terminate_delay: 2 * SECOND }
    }

    #[test]
    fn what_runs_at_the_start_counts_at_once() {
        assert_eq!(Presence::new(quorum(1, None), 0).status(), Status::Down);
        assert_eq!(Presence::new(quorum(1, None), 1).status(), Status::Up);
        assert_eq!(Presence::new(quorum(1, Some(2)), 3).status(), Status::Down);
        assert_eq!(Presence::new(quorum(0, Some(0)), 0).status(), Status::Up);
    }

    #[test]
    fn a_fork_counts_after_its_delay_and_an_exec_at_once() {
        let t0 = Instant::now();
        let mut presence = Presence::new(quorum(1, None), 0);
        assert!(!presence.set(1, Change::Forked, t0));
        assert_eq!(presence.deadline(), Some(t0 + SECOND));
        assert!(presence.tick(t0 + SECOND));
        assert_eq!((presence.status(), presence.deadline()), (Status::Up, None));
        let mut presence = Presence::new(quorum(1, None), 0);
        assert!(presence.set(1, Change::Exec, t0));
    }

    #[test]
    fn a_loss_that_is_made_good_in_time_is_none() {
        let t0 = Instant::now();
        let mut presence = Presence::new(quorum(1, None), 1);
        assert!(!presence.set(0, Change::Ended, t0));
        assert!(!presence.set(1, Change::Forked, t0 + SECOND));
        assert_eq!((presence.status(), presence.deadline()), (Status::Up, None));
        presence.set(0, Change::Ended, t0 + 2 * SECOND);
        assert!(!presence.tick(t0 + 3 * SECOND));
        assert!(presence.tick(t0 + 4 * SECOND));
        assert_eq!(presence.status(), Status::Down);
    }
}
