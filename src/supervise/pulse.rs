//! Whether a worker answers.

/// Seconds without an answer after which it is looked at.
const WORRY: u32 = 5;

/// Seconds without an answer after which it is replaced. A worker that had no processor time for so long has long been
/// replaced by another router.
const GIVE_UP: u32 = 15;

/// Counts what a worker owes. Time in which the supervisor itself did not run does not count.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Nothing is owed before the first plan is in force, which takes as long as it takes.
    is_configured: bool,
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
    /// Its first plan is in force.
    pub(super) fn configured(&mut self) {
        self.is_configured = true;
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
        match self.unanswered.saturating_sub(1) {
            WORRY => Diagnosis::Silent,
            GIVE_UP => Diagnosis::Lost,
            _ => Diagnosis::Well,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(asked: u32) -> Diagnosis {
        let mut pulse = Pulse::default();
        pulse.configured();
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
        pulse.configured();
        for _ in 0..1000 {
            assert_eq!(pulse.ask(), Diagnosis::Well);
            pulse.answered();
        }
    }

    #[test]
    fn a_worker_that_is_still_being_set_up_owes_nothing() {
        let mut pulse = Pulse::default();
        assert!((0..1000).all(|_| pulse.ask() == Diagnosis::Well));
    }
}
