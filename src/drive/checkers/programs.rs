//! `MISC_CHECK`: has the programs of the plan run for the core's probes.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use checkers::misc::Ended;
use checkers::params::MiscCheck;
use tokio::sync::oneshot;

use crate::script::{self, Job, Program, Runner, Stopper};

/// What tells programs apart: their words, and who they run as.
type Key = (Vec<String>, (u32, u32));

/// The programs of all checks.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    runner: Option<Arc<Runner>>,
    known: Arc<HashMap<Key, Program>>,
}

impl Programs {
    pub(super) fn new(runner: Option<Arc<Runner>>, programs: Vec<Program>) -> Self {
        let key = |program: &Program| (program.argv.clone(), (program.identity.uid, program.identity.gid));
        let known = programs.into_iter().map(|program| (key(&program), program)).collect();
        Self { runner, known: Arc::new(known) }
    }
}

/// Ends a program that nobody waits for any more.
struct Abandoned(Option<Stopper>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(stopper) = self.0.take() {
            // It may just have ended.
            let _ = stopper.send(());
        }
    }
}

impl checkers::probe::Programs for Programs {
    fn run(&self, check: &MiscCheck) -> Pin<Box<dyn Future<Output = Ended> + Send>> {
        let program = self.known.get(&(check.argv.clone(), check.user)).cloned();
        let (Some(program), Some(runner)) = (program, self.runner.clone()) else {
            return Box::pin(std::future::ready(Ended::Status(script::NOT_STARTED)));
        };
        let job = Job { program, extra: Vec::new(), limit: Some(check.timeout), script: None };
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            let stopper = runner.run(job, move |ended| {
                // Nobody waits for it any more.
                let _ = tell.send(ended);
            });
            let mut abandoned = Abandoned(Some(stopper));
            let ended = told.await;
            abandoned.0 = None;
            match ended {
                Ok(script::Ended::Status(status)) => Ended::Status(status),
                Ok(script::Ended::Signal(signal)) => Ended::Signal(signal),
                Ok(script::Ended::TimedOut) => Ended::TimedOut,
                Err(_) => Ended::Status(script::NOT_STARTED),
            }
        })
    }
}
