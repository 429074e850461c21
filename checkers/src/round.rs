//! Which of a checker's questions comes next, and when the answers to all of them are one success (checkers.md §18.9).

/// The way through the questions of one checker. Most checkers have a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Round {
    next: usize,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    /// All have to be answered once, from the first, before that is a success.
    #[default]
    Lap,
    /// All have been answered: each answer is a success.
    Steady,
    /// The next one failed and is asked alone until it is answered.
    Stuck,
}

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    /// A success.
    Whole,
    /// A part of one.
    Part,
}

impl Round {
    /// Which question comes next.
    pub(crate) fn question(&self) -> usize {
        self.next
    }

    /// The next question, of so many, was answered well.
    pub(crate) fn answered(&mut self, questions: usize) -> Worth {
        let following = self.next + 1;
        let last = following >= questions;
        match self.stage {
            Stage::Steady => {
                self.next = if last { 0 } else { following };
                Worth::Whole
            }
            Stage::Stuck if questions > 1 => {
                *self = Self::default();
                Worth::Part
            }
            Stage::Lap | Stage::Stuck if last => {
                *self = Self { next: 0, stage: Stage::Steady };
                Worth::Whole
            }
            Stage::Lap | Stage::Stuck => {
                self.next = following;
                Worth::Part
            }
        }
    }

    /// The next question failed for good.
    pub(crate) fn failed(&mut self) {
        self.stage = Stage::Stuck;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(round: &mut Round, questions: usize, answers: usize) -> Vec<(usize, Worth)> {
        (0..answers).map(|_| (round.question(), round.answered(questions))).collect()
    }

    #[test]
    fn the_first_success_is_a_whole_lap_and_then_every_answer_is_one() {
        use Worth::{Part, Whole};
        let wanted = [(0, Part), (1, Part), (2, Whole), (0, Whole), (1, Whole), (2, Whole), (0, Whole)];
        assert_eq!(walk(&mut Round::default(), 3, 7), wanted);
    }

    #[test]
    fn after_the_one_that_failed_all_are_asked_again_from_the_first() {
        use Worth::{Part, Whole};
        let mut round = Round::default();
        walk(&mut round, 3, 4);
        round.failed();
        assert_eq!(round.question(), 1);
        round.failed();
        assert_eq!(walk(&mut round, 3, 4), [(1, Part), (0, Part), (1, Part), (2, Whole)]);
    }

    #[test]
    fn a_single_question_is_its_own_lap() {
        let mut round = Round::default();
        assert_eq!(walk(&mut round, 1, 2), [(0, Worth::Whole); 2]);
        round.failed();
        assert_eq!(walk(&mut round, 1, 2), [(0, Worth::Whole); 2]);
    }
}
