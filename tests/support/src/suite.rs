//! A test program whose tests are scenes: it enters its world and runs them there.
//!
//! Tests that cannot run on this machine are not passed over in silence: they are reported as ignored, each with the
//! reason, and `cargo xtask test` turns them into a failure.
//!
//! Scenes have deadlines, and a machine that does something else for a second can break any of them. One that fails is
//! played once more with nothing beside it. If it passes then it is called flaky, in the summary of `cargo xtask test` too;
//! more than a few of those fail the suite.

use crate::{
    epitaph,
    failure::Outcome,
    world::{Entry, Needs, enter},
};
use libtest_mimic::{Arguments, Failed, Trial};
use std::{
    any::Any,
    env, fmt,
    panic::{self, RefUnwindSafe, UnwindSafe},
    path::Path,
    process::ExitCode,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// How many scenes are played at a time: most of their time they wait for timers.
const SCENES_AT_A_TIME: usize = 4;

/// The words with which a suite says that tests were not run, for the reader and for `cargo xtask test`.
pub const SKIPPED: &str = "SKIPPED";

/// The words with which a suite says that a test failed at first, for the same.
pub const FLAKY: &str = "FLAKY";

/// How many scenes of a suite may fail at first. More have a reason of their own.
const SECOND_CHANCES: usize = 3;

/// The variable that gives a suite another limit.
pub const LIMIT: &str = "LAB_LIMIT";

/// A named test with an argument, such as the daemons it is to be played with; made by [`tests!`](crate::tests).
pub type Test<A> = (&'static str, fn(&A) -> Outcome);

/// The tests of one program.
pub struct Suite {
    needs: Needs,
    limit: Duration,
    scenes: Vec<Scene>,
}

struct Scene {
    name: String,
    program: Option<&'static str>,
    play: Box<dyn Fn() -> Outcome + Send + UnwindSafe + RefUnwindSafe>,
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.scenes.iter().map(|scene| &scene.name).collect();
        f.debug_struct("Suite").field("needs", &self.needs).field("scenes", &names).finish_non_exhaustive()
    }
}

impl Suite {
    /// A suite for a world with these needs, which may last so long, or as many seconds as the variable [`LIMIT`] says.
    pub fn new(needs: Needs, limit: Duration) -> Self {
        let given = env::var(LIMIT).ok().and_then(|text| text.parse().ok());
        Self { needs, limit: given.map_or(limit, Duration::from_secs), scenes: Vec::new() }
    }

    /// Adds tests, each called with `argument`.
    #[must_use]
    pub fn tests<A>(self, argument: &A, tests: &[Test<A>]) -> Self
    where
        A: Clone + Send + UnwindSafe + RefUnwindSafe + 'static,
    {
        self.add(None, "", argument, tests)
    }

    /// Adds tests that need the program at this path, each called with `argument`. Their names begin with `group`.
    #[must_use]
    pub fn tests_with<A>(self, program: &'static str, group: &str, argument: &A, tests: &[Test<A>]) -> Self
    where
        A: Clone + Send + UnwindSafe + RefUnwindSafe + 'static,
    {
        self.add(Some(program), &format!("{group}::"), argument, tests)
    }

    fn add<A>(mut self, program: Option<&'static str>, group: &str, argument: &A, tests: &[Test<A>]) -> Self
    where
        A: Clone + Send + UnwindSafe + RefUnwindSafe + 'static,
    {
        for (name, test) in tests {
            let (argument, test) = (argument.clone(), *test);
            let play = Box::new(move || test(&argument));
            self.scenes.push(Scene { name: format!("{group}{name}"), program, play });
        }
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
        for Scene { name, program, play } in self.scenes {
            let missing_program = program.filter(|program| !Path::new(program).exists());
            let reason =
                missing_world.clone().or(missing_program.map(|program| format!("{program} is missing")));
            if let Some(reason) = &reason {
                println!("{SKIPPED} {name}: {reason}");
            }
            let trial = Trial::test(name.clone(), move || perform(&name, play));
            trials.push(trial.with_ignored_flag(reason.is_some()));
        }
        libtest_mimic::run(&arguments, trials).exit_code()
    }
}

/// Plays a scene beside others, and once more alone if it fails.
fn perform(name: &str, play: impl Fn() -> Outcome + RefUnwindSafe) -> Result<(), Failed> {
    static STAGE: RwLock<()> = RwLock::new(());
    static FAILED: AtomicUsize = AtomicUsize::new(0);
    let first = {
        let _beside_others = STAGE.read().unwrap_or_else(PoisonError::into_inner);
        attempt(&play)
    };
    let Err(failed) = first else { return Ok(()) };
    if FAILED.fetch_add(1, Ordering::Relaxed) >= SECOND_CHANCES {
        return Err(failed);
    }
    let reason = failed.message().unwrap_or_default().to_owned();
    println!("{name} failed and is played once more: {reason}");
    let _alone = STAGE.write().unwrap_or_else(PoisonError::into_inner);
    attempt(&play)?;
    println!("{FLAKY} {name}: {}", reason.lines().collect::<Vec<_>>().join("; "));
    Ok(())
}

fn attempt(play: &(impl Fn() -> Outcome + RefUnwindSafe)) -> Result<(), Failed> {
    epitaph::clear();
    let failure = match panic::catch_unwind(play) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(failure)) => failure.to_string(),
        Err(panic) => format!("panicked: {}", words(&*panic)),
    };
    epitaph::print();
    Err(Failed::from(failure))
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}

/// Names tests after their functions: `tests![election::the_higher_priority_wins, …]`.
#[macro_export]
macro_rules! tests {
    ($($test:path),* $(,)?) => {
        &[$((stringify!($test), $test as fn(&_) -> $crate::Outcome)),*]
    };
}
