//! From single outcomes to up or down (checkers.md §4.1–4.3).

use crate::params::BeforeFirst;

/// What one checker thinks of its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    up: bool,
    has_run: bool,
    failures: u32,
}

/// What one more result means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Up as before.
    Fine {
        /// The first result ever.
        first: bool,
    },
    /// Down before, up now.
    CameUp,
    /// A failure that is forgiven.
    Forgiven,
    /// Up before, down now.
    WentDown {
        /// The first result ever.
        first: bool,
    },
    /// Down before anything was known, and rightly so.
    DownFromStart,
    /// Down as before.
    StillDown,
}

impl Tally {
    /// When the daemon starts nothing is forgiven: the first failure counts.
    pub fn at_start(before_first: BeforeFirst, retry: u32) -> Self {
        Self { failures: retry, ..Self::fresh(before_first) }
    }

    /// A checker that a reload brought.
    pub fn fresh(before_first: BeforeFirst) -> Self {
        let up = match before_first {
            BeforeFirst::Up => true,
            BeforeFirst::Down => false,
        };
        Self { up, has_run: false, failures: 0 }
    }

    /// A checker that a reload brought to a server that is up.
    pub fn presumed_up() -> Self {
        Self { up: true, has_run: false, failures: 0 }
    }

    /// A checker that a reload brought to a server that is down: it has to be passed before the server serves again.
    pub fn presumed_down(retry: u32) -> Self {
        Self { up: false, has_run: false, failures: retry }
    }

    /// A checker that does not ask but is told: what it was told is its state, and nothing is forgiven.
    pub fn told(up: bool) -> Self {
        Self { up, has_run: true, failures: 0 }
    }

    /// A checker that was there before, under a new number of retries (§13.7).
    pub fn carried(self, retry: u32) -> Self {
        let failures = if self.up { self.failures.min(retry) } else { retry.saturating_add(1) };
        Self { failures, ..self }
    }

    /// Whether the checker lets its server serve.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// Whether it has ever come to a result.
    pub fn has_run(&self) -> bool {
        self.has_run
    }

    /// Failures in a row that did not count, or the one that did.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Takes a success.
    pub fn pass(&mut self) -> Verdict {
        let before = *self;
        *self = Self { up: true, has_run: true, failures: 0 };
        if before.up { Verdict::Fine { first: !before.has_run } } else { Verdict::CameUp }
    }

    /// Takes one of several successes that together are one: earlier failures are forgotten.
    pub fn pass_in_part(&mut self) {
        if self.up {
            self.failures = 0;
        }
    }

    /// Takes a failure.
    pub fn fail(&mut self, retry: u32) -> Verdict {
        let before = *self;
        self.has_run = true;
        if !before.up && before.has_run {
            return Verdict::StillDown;
        }
        self.failures = before.failures.saturating_add(1);
        if self.failures <= retry {
            return Verdict::Forgiven;
        }
        self.up = false;
        if before.up { Verdict::WentDown { first: !before.has_run } } else { Verdict::DownFromStart }
    }

    /// Takes a failure of a checker that forgives as many each time, also at the start and while it is down.
    pub fn fail_in_turn(&mut self, retry: u32) -> Verdict {
        let before = *self;
        self.failures = before.failures.saturating_add(1);
        if self.failures <= retry {
            return Verdict::Forgiven;
        }
        *self = Self { up: false, has_run: true, failures: 0 };
        match before {
            Self { up: true, has_run, .. } => Verdict::WentDown { first: !has_run },
            Self { up: false, has_run: false, .. } => Verdict::DownFromStart,
            Self { up: false, has_run: true, .. } => Verdict::StillDown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST_DOWN: Verdict = Verdict::WentDown { first: true };
    const DOWN: Verdict = Verdict::WentDown { first: false };
    const FINE: Verdict = Verdict::Fine { first: false };

    #[test]
    fn the_first_failure_after_the_start_counts_whatever_retry_says() {
        let mut tally = Tally::at_start(BeforeFirst::Up, 3);
        assert_eq!(tally.fail(3), FIRST_DOWN);
        assert!(!tally.is_up());
    }

    #[test]
    fn once_passed_it_takes_retry_and_one_more_failures_in_a_row() {
        let mut tally = Tally::at_start(BeforeFirst::Up, 2);
        assert_eq!(tally.pass(), Verdict::Fine { first: true });
        assert_eq!([tally.fail(2), tally.fail(2)], [Verdict::Forgiven; 2]);
        assert_eq!(tally.pass(), FINE);
        assert_eq!([tally.fail(2), tally.fail(2)], [Verdict::Forgiven; 2]);
        assert_eq!(tally.fail(2), DOWN);
    }

    #[test]
    fn a_down_checker_comes_up_with_one_success_and_counts_no_retries() {
        let mut tally = Tally::at_start(BeforeFirst::Up, 1);
        assert_eq!(tally.fail(1), FIRST_DOWN);
        assert_eq!([tally.fail(1), tally.fail(1)], [Verdict::StillDown; 2]);
        assert_eq!(tally.pass(), Verdict::CameUp);
        assert_eq!([tally.fail(1), tally.fail(1)], [Verdict::Forgiven, DOWN]);
    }

    #[test]
    fn an_alpha_checker_is_down_until_its_first_success() {
        let mut tally = Tally::at_start(BeforeFirst::Down, 1);
        assert!(!tally.is_up());
        assert_eq!(tally.fail(1), Verdict::DownFromStart);
        assert_eq!(tally.fail(1), Verdict::StillDown);
        assert_eq!(tally.pass(), Verdict::CameUp);
    }

    #[test]
    fn what_a_reload_brings_is_forgiven_and_its_first_alpha_failure_is_silent() {
        let mut tally = Tally::fresh(BeforeFirst::Up);
        assert_eq!([tally.fail(1), tally.fail(1)], [Verdict::Forgiven, DOWN]);
        let mut alpha = Tally::fresh(BeforeFirst::Down);
        assert_eq!([alpha.fail(1), alpha.fail(1)], [Verdict::Forgiven, Verdict::StillDown]);
    }

    #[test]
    fn a_reload_caps_the_failures_at_the_new_number_of_retries() {
        let mut tally = Tally::fresh(BeforeFirst::Up);
        for _ in 0..4 {
            tally.fail(5);
        }
        assert_eq!(tally.carried(1).fail(1), DOWN);
        assert_eq!(tally.carried(9).fail(9), Verdict::Forgiven);
    }

    #[test]
    fn one_that_always_retries_does_so_at_the_start_and_while_it_is_down() {
        let mut tally = Tally::fresh(BeforeFirst::Up);
        assert_eq!([tally.fail_in_turn(1), tally.fail_in_turn(1)], [Verdict::Forgiven, FIRST_DOWN]);
        assert_eq!([tally.fail_in_turn(1), tally.fail_in_turn(1)], [Verdict::Forgiven, Verdict::StillDown]);
        assert_eq!(tally.pass(), Verdict::CameUp);
        let mut alpha = Tally::fresh(BeforeFirst::Down);
        assert_eq!(
            [alpha.fail_in_turn(1), alpha.fail_in_turn(1)],
            [Verdict::Forgiven, Verdict::DownFromStart]
        );
    }

    #[test]
    fn failures_beyond_counting_do_not_overflow() {
        let mut tally = Tally::at_start(BeforeFirst::Up, u32::MAX);
        assert_eq!(tally.fail(u32::MAX), Verdict::Forgiven);
        assert!(tally.is_up());
    }
}
