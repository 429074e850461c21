//! From the results of a script to good or bad (`rise`, `fall`, `init_fail`).

use std::fmt;

use super::Status;

/// How one run of a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Result {
    /// With this exit status; 0 is a success.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// It took too long.
    TimedOut,
}

/// What is said of a script. The name is added by [`Line::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Another exit status than the last time.
    Returns(i32),
    /// Good from now on.
    Succeeded,
    /// Bad from now on.
    Failed(Result),
    /// A reload has kept it as it was.
    Considered {
        /// Whether that is good.
        good: bool,
    },
}

impl Line {
    /// The line as it is logged for the script of this name.
    #[must_use]
    pub fn of<'a>(&'a self, script: &'a str) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| match self {
            Self::Returns(status) => write!(f, "Script `{script}` now returning {status}"),
            Self::Succeeded => write!(f, "VRRP_Script({script}) succeeded"),
            Self::Failed(Result::Exited(status)) => {
                write!(f, "VRRP_Script({script}) failed (exited with status {status})")
            }
            Self::Failed(Result::Killed(signal)) => {
                write!(f, "VRRP_Script({script}) failed (due to signal {signal})")
            }
            Self::Failed(Result::TimedOut) => write!(f, "VRRP_Script({script}) timed_out"),
            Self::Considered { good } => {
                let how = if *good { "successful" } else { "unsuccessful" };
                write!(f, "VRRP_Script({script}) considered {how} on reload")
            }
        })
    }
}

/// How many results in a row it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Successes until it is good, at least 1.
    pub rise: u32,
    /// Failures until it is bad, at least 1.
    pub fall: u32,
}

/// The judge of one script.
///
/// The first result decides at once. From then on one success makes up for all failures that were not enough, and one
/// failure for all successes that were not.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    patience: Patience,
    status: Status,
    /// Results in a row that speak against the status.
    against: u32,
    returned: i32,
    is_tried: bool,
}

impl Judge {
    /// Knows nothing, or takes it for bad until it is good (`init_fail`).
    #[must_use]
    pub fn new(patience: Patience, init_fail: bool) -> Self {
        let status = if init_fail { Status::Down } else { Status::Unknown };
        Self { patience, status, against: 0, returned: 0, is_tried: false }
    }

    /// What it thinks: unknown, up or down.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether there has been any result.
    #[must_use]
    pub fn is_tried(&self) -> bool {
        self.is_tried
    }

    /// The original's counter: from 0 to `rise` + `fall` − 1, and good from `rise` on.
    #[must_use]
    pub fn counter(&self) -> u32 {
        let Patience { rise, fall } = self.patience;
        match self.status {
            Status::Unknown | Status::Assumed | Status::Number(_) => rise.saturating_sub(1),
            Status::Up => rise.saturating_add(fall).saturating_sub(1).saturating_sub(self.against),
            Status::Down => self.against,
        }
    }

    /// Counts differently from now on.
    pub fn reconfigure(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Takes a result; what has to be said goes to `out`. Whether the status has changed.
    pub fn take(&mut self, result: Result, out: &mut Vec<Line>) -> bool {
        self.is_tried = true;
        if let Result::Exited(status) = result
            && status != self.returned
        {
            self.returned = status;
            out.push(Line::Returns(status));
        }
        let found = if result == Result::Exited(0) { Status::Up } else { Status::Down };
        if self.status == found {
            self.against = 0;
            return false;
        }
        self.against = self.against.saturating_add(1);
        let needed = match self.status {
            Status::Unknown | Status::Assumed | Status::Number(_) => 1,
            Status::Up => self.patience.fall,
            Status::Down => self.patience.rise,
        };
        if self.against < needed {
            return false;
        }
        self.status = found;
        self.against = 0;
        out.push(if found == Status::Up { Line::Succeeded } else { Line::Failed(result) });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Result = Result::Exited(0);
    const BAD: Result = Result::Exited(1);

    fn judge(rise: u32, fall: u32) -> Judge {
        Judge::new(Patience { rise, fall }, false)
    }

    #[test]
    fn the_counter_tells_how_far_it_is_from_another_status() {
        let mut judge = judge(3, 2);
        assert_eq!(judge.counter(), 2);
        let mut counted = |result| {
            judge.take(result, &mut Vec::new());
            judge.counter()
        };
        assert_eq!([GOOD, BAD, GOOD, BAD, BAD, GOOD, GOOD, GOOD].map(&mut counted), [4, 3, 4, 3, 0, 1, 2, 4]);
    }

    /// The status after each of these results.
    fn after(judge: &mut Judge, results: &[Result]) -> Vec<Status> {
        let take = |result: &Result| {
            judge.take(*result, &mut Vec::new());
            judge.status()
        };
        results.iter().map(take).collect()
    }

    #[test]
    fn the_first_result_decides_whatever_rise_and_fall_say() {
        assert_eq!(after(&mut judge(3, 3), &[GOOD]), [Status::Up]);
        assert_eq!(after(&mut judge(3, 3), &[BAD]), [Status::Down]);
    }

    #[test]
    fn it_takes_fall_failures_in_a_row_and_one_success_makes_up_for_them() {
        use Status::{Down, Up};
        let results = [GOOD, BAD, BAD, GOOD, BAD, BAD, BAD];
        assert_eq!(after(&mut judge(1, 3), &results), [Up, Up, Up, Up, Up, Up, Down]);
    }

    #[test]
    fn it_takes_rise_successes_in_a_row_and_one_failure_makes_up_for_them() {
        use Status::{Down, Up};
        let results = [BAD, GOOD, BAD, GOOD, GOOD];
        assert_eq!(after(&mut judge(2, 1), &results), [Down, Down, Down, Down, Up]);
    }

    #[test]
    fn with_init_fail_it_is_bad_until_it_has_risen() {
        let mut judge = Judge::new(Patience { rise: 2, fall: 1 }, true);
        assert_eq!(judge.status(), Status::Down);
        assert_eq!(after(&mut judge, &[GOOD, GOOD]), [Status::Down, Status::Up]);
    }

    #[test]
    fn every_other_exit_status_is_told_and_only_changes_of_the_verdict_are() {
        let mut judge = judge(1, 2);
        let mut said = Vec::new();
        let results = [GOOD, Result::Exited(3), Result::Exited(3), Result::Killed(9), GOOD];
        for result in results.into_iter().chain([Result::TimedOut, Result::TimedOut]) {
            judge.take(result, &mut said);
        }
        let said: Vec<String> = said.iter().map(|line| line.of("s").to_string()).collect();
        assert_eq!(
            said,
            [
                "VRRP_Script(s) succeeded",
                "Script `s` now returning 3",
                "VRRP_Script(s) failed (exited with status 3)",
                "Script `s` now returning 0",
                "VRRP_Script(s) succeeded",
                "VRRP_Script(s) timed_out",
            ]
        );
    }
}
