//! Whether a worker answers.

/// Seconds without an answer after which it is looked at.
const WORRY: u32 = 5;

/// Seconds without an answer after which it is replaced. A worker that had no processor time for so long has long been
/// replaced by another router.
const GIVE_UP: u32 = 15;

/// While it puts another plan in force it has so many times as long: tens of thousands of servers may change.
const PLANNING: u32 = 10;

/// Counts what a worker owes. Time in which the supervisor itself did not run does not count.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Nothing is owed before the first plan is in force, which takes as long as it takes.
    is_configured: bool,
    /// The number of the last further plan, until it is in force. Plans that come in quick succession may be skipped.
    coming: Option<u64>,
    unanswered: u32,
}

/// What to do about a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Diagnosis {
    /// Ask again.
    Well,
    /// Say that it does not answer, and what it does instead.
    Silent,
    /// Replace it.
    Lost,
}

impl Pulse {
    /// It gets another plan.
    pub(super) fn given(&mut self, number: u64) {
        self.coming = Some(number);
    }

    /// The plan of this number is in force: its first, or one of the others.
    pub(super) fn configured(&mut self, number: u64) {
        self.coming = self.coming.filter(|coming| *coming > number);
        self.is_configured = true;
        self.answered();
    }

    /// It has answered, or is excused.
    pub(super) fn answered(&mut self) {
        self.unanswered = 0;
    }

    /// A second has passed, and it is asked again.
    pub(super) fn ask(&mut self) -> Diagnosis {
        if !self.is_configured {
            return Diagnosis::Well;
        }
        self.unanswered += 1;
        let patience = if self.coming.is_some() { PLANNING } else { 1 };
        let silent = self.unanswered.saturating_sub(1);
        if silent == WORRY * patience {
            Diagnosis::Silent
        } else if silent == GIVE_UP * patience {
            Diagnosis::Lost
        } else {
            Diagnosis::Well
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(asked: u32) -> Diagnosis {
        let mut pulse = Pulse::default();
        pulse.configured(0);
        (0..asked).map(|_| pulse.ask()).last().unwrap()
    }

    #[test]
    fn silence_is_told_once_and_ends_in_replacement() {
        assert_eq!(
            [after(1), after(5), after(6), after(7)],
            [Diagnosis::Well, Diagnosis::Well, Diagnosis::Silent, Diagnosis::Well]
        );
        assert_eq!([after(15), after(16)], [Diagnosis::Well, Diagnosis::Lost]);
    }

    #[test]
    fn an_answer_makes_up_for_all_silence_before() {
        let mut pulse = Pulse::default();
        pulse.configured(0);
        for _ in 0..1000 {
            assert_eq!(pulse.ask(), Diagnosis::Well);
            pulse.answered();
        }
    }

    #[test]
    fn a_worker_that_puts_a_plan_in_force_has_more_time() {
        let mut pulse = Pulse::default();
        pulse.configured(1);
        pulse.given(2);
        pulse.given(3);
        pulse.configured(2);
        let asked = |pulse: &mut Pulse, times| (0..times).map(|_| pulse.ask()).last().unwrap();
        assert_eq!([asked(&mut pulse, 50), asked(&mut pulse, 1)], [Diagnosis::Well, Diagnosis::Silent]);
        assert_eq!([asked(&mut pulse, 99), asked(&mut pulse, 1)], [Diagnosis::Well, Diagnosis::Lost]);
        pulse.configured(3);
        assert_eq!([asked(&mut pulse, 15), asked(&mut pulse, 1)], [Diagnosis::Well, Diagnosis::Lost]);
    }

    #[test]
    fn a_plan_that_was_skipped_is_not_waited_for() {
        let mut pulse = Pulse::default();
        pulse.configured(0);
        pulse.given(1);
        pulse.given(2);
        pulse.configured(2);
        assert_eq!((0..16).map(|_| pulse.ask()).last(), Some(Diagnosis::Lost));
    }

    #[test]
    fn a_worker_that_is_still_being_set_up_owes_nothing() {
        let mut pulse = Pulse::default();
        assert!((0..1000).all(|_| pulse.ask() == Diagnosis::Well));
    }
}
