//! A test program whose tests are scenes: it enters its world and runs them there.
//!
//! Tests that cannot run on this machine are not passed over in silence: they are reported as ignored, each with the
//! reason, and `cargo xtask test` turns them into a failure.

use crate::{
    epitaph,
    failure::Outcome,
    world::{Entry, Needs, enter},
};
use libtest_mimic::{Arguments, Failed, Trial};
use std::{panic, path::Path, process::ExitCode, time::Duration};

/// How many scenes are played at a time: most of their time they wait for timers.
const SCENES_AT_A_TIME: usize = 4;

/// The words with which a suite says that tests were not run, for the reader and for `cargo xtask test`.
pub const SKIPPED: &str = "SKIPPED";

/// A named test; made by [`tests!`](crate::tests).
pub type Test = (&'static str, fn() -> Outcome);

/// The tests of one program.
#[derive(Debug)]
pub struct Suite {
    needs: Needs,
    limit: Duration,
    tests: Vec<(Test, Option<&'static str>)>,
}

impl Suite {
    /// A suite for a world with these needs, which may last so long.
    pub fn new(needs: Needs, limit: Duration) -> Self {
        Self { needs, limit, tests: Vec::new() }
    }

    /// Adds tests.
    #[must_use]
    pub fn tests(mut self, tests: &[Test]) -> Self {
        self.tests.extend(tests.iter().map(|test| (*test, None)));
        self
    }

    /// Adds tests that need the program at this path.
    #[must_use]
    pub fn tests_with(mut self, program: &'static str, tests: &[Test]) -> Self {
        self.tests.extend(tests.iter().map(|test| (*test, Some(program))));
        self
    }

    /// Runs what the command line asks for; takes the options of the standard test harness.
    pub fn run(self) -> ExitCode {
        let mut arguments = Arguments::from_args();
        arguments.test_threads.get_or_insert(SCENES_AT_A_TIME);
        let missing_world = if arguments.list {
            None
        } else {
            match enter(self.needs, self.limit) {
                Entry::Ran(code) => return ExitCode::from(code),
                Entry::Inside => None,
                Entry::Impossible(reason) => Some(reason),
            }
        };
        let mut trials = Vec::new();
        for ((name, test), program) in self.tests {
            let missing_program = program.filter(|program| !Path::new(program).exists());
            let reason =
                missing_world.clone().or(missing_program.map(|program| format!("{program} is missing")));
            if let Some(reason) = &reason {
                println!("{SKIPPED} {name}: {reason}");
            }
            trials.push(Trial::test(name, move || play(test)).with_ignored_flag(reason.is_some()));
        }
        libtest_mimic::run(&arguments, trials).exit_code()
    }
}

fn play(test: fn() -> Outcome) -> Result<(), Failed> {
    epitaph::clear();
    let result = panic::catch_unwind(test);
    if !matches!(result, Ok(Ok(()))) {
        epitaph::print();
    }
    match result {
        Ok(outcome) => outcome.map_err(|failure| Failed::from(failure.to_string())),
        Err(panic) => panic::resume_unwind(panic),
    }
}

/// Names tests after their functions: `tests![election::the_higher_priority_wins, …]`.
#[macro_export]
macro_rules! tests {
    ($($test:path),* $(,)?) => {
        &[$((stringify!($test), $test as fn() -> $crate::Outcome)),*]
    };
}
