//! What a program that checks a server means by its end (checkers.md §23).

use std::fmt;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit status.
    Status(i32),
    /// By this signal.
    Signal(i32),
    /// It took too long.
    TimedOut,
}

/// Why a program has not found the server good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// With this exit status.
    Status(i32),
    /// It was ended by this signal.
    Signal(i32),
    /// It took too long.
    TimedOut,
}

/// The weight a program wants its server to have: its exit status less 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight(u8);

impl Weight {
    /// 0 to 253.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

/// Exit statuses from here on are weights.
pub const FIRST_WEIGHT: i32 = 2;

impl Ended {
    /// The outcome of a check.
    #[must_use]
    pub fn outcome(self, dynamic: bool) -> crate::Outcome {
        use crate::{Failure, Outcome};
        let fault = match self {
            Self::Status(0) => return Outcome::Passed,
            Self::Status(status) => {
                let weight = status.checked_sub(FIRST_WEIGHT).and_then(|weight| u8::try_from(weight).ok());
                if let (true, Some(weight)) = (dynamic, weight) {
                    return Outcome::PassedWith(Weight(weight));
                }
                Fault::Status(status)
            }
            Self::Signal(signal) => Fault::Signal(signal),
            Self::TimedOut => Fault::TimedOut,
        };
        Outcome::Failed(Failure::Script(fault))
    }
}

impl fmt::Display for Fault {
    /// The reason behind a line, with a blank before it; a program that was too slow has none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, " (exited with status {status})"),
            Self::Signal(signal) => write!(f, " (due to signal {signal})"),
            Self::TimedOut => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, Outcome};

    #[test]
    fn only_0_is_good_unless_other_statuses_are_weights() {
        let failed = |fault| Outcome::Failed(Failure::Script(fault));
        for dynamic in [false, true] {
            assert_eq!(Ended::Status(0).outcome(dynamic), Outcome::Passed);
            assert_eq!(Ended::Status(1).outcome(dynamic), failed(Fault::Status(1)));
            assert_eq!(Ended::Signal(9).outcome(dynamic), failed(Fault::Signal(9)));
            assert_eq!(Ended::TimedOut.outcome(dynamic), failed(Fault::TimedOut));
        }
        assert_eq!(Ended::Status(52).outcome(false), failed(Fault::Status(52)));
        assert_eq!(Ended::Status(52).outcome(true), Outcome::PassedWith(Weight(50)));
        assert_eq!(Ended::Status(255).outcome(true), Outcome::PassedWith(Weight(253)));
    }
}
