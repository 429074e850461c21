//! Everything that routers track besides interfaces, as one source of news.

use std::time::Instant;

use vrrp::track::{Object, Status};

use super::scripts::Scripts;
use crate::plan::watch::Watched as Plan;
use crate::script::Runner;
use crate::status::vrrp::{Known, Watched};
use crate::watch::numbers::{self, Numbers};
use crate::watch::processes::Processes;

/// What is now known of something.
pub(super) type News = Vec<(Object, Status)>;

/// All that is watched.
#[derive(Debug)]
pub(super) struct Watch {
    scripts: Scripts,
    numbers: Option<Numbers>,
    processes: Option<Processes>,
}

impl Watch {
    /// Writes the numbers that files start with, and begins.
    pub(super) fn start(plan: Plan, now: Instant) -> Self {
        numbers::initialise(&plan.files);
        let mut watch = Self { scripts: Scripts::new(), numbers: None, processes: None };
        watch.reconfigure(plan, now);
        watch
    }

    /// Watches this from now on.
    pub(super) fn reconfigure(&mut self, plan: Plan, now: Instant) {
        self.scripts.reconfigure(plan.scripts, now);
        if self.numbers.is_none() && !plan.files.is_empty() {
            match Numbers::new() {
                Ok(numbers) => self.numbers = Some(numbers),
                Err(error) => tracing::error!("Track files cannot be watched - {error}"),
            }
        }
        if let Some(numbers) = &mut self.numbers {
            numbers.reconfigure(plan.files);
        }
        match &mut self.processes {
            Some(processes) => {
                processes.make_room(plan.process_buffer);
                processes.reconfigure(plan.processes);
            }
            None if plan.processes.is_empty() => {}
            None => self.processes = Some(Processes::new(plan.processes, plan.process_buffer, now)),
        }
    }

    /// How everything is, for whoever asks.
    pub(super) fn status(&self) -> Vec<Watched> {
        let scripts = self.scripts.states().map(|(name, judge, is_running)| Watched {
            is_running,
            is_tried: judge.is_tried(),
            count: usize::try_from(judge.counter()).unwrap_or(usize::MAX),
            ..watched(Object::Script(name.to_owned()), judge.status())
        });
        let numbers = self.numbers.iter().flat_map(Numbers::known);
        let numbers =
            numbers.map(|(name, number)| watched(Object::File(name.to_owned()), Status::Number(number)));
        let processes = self.processes.iter().flat_map(|all| all.known().zip(all.counts()));
        let processes = processes.map(|((name, status), (count, is_waiting))| Watched {
            count,
            is_waiting,
            ..watched(Object::Process(name.to_owned()), status)
        });
        scripts.chain(numbers).chain(processes).collect()
    }

    /// What is known of everything.
    pub(super) fn known(&self) -> News {
        let scripts = self.scripts.known().into_iter().map(|(name, status)| (Object::Script(name), status));
        let numbers = self.numbers.iter().flat_map(Numbers::known);
        let processes = self.processes.iter().flat_map(Processes::known);
        scripts
            .chain(numbers.map(|(name, number)| (Object::File(name.to_owned()), Status::Number(number))))
            .chain(processes.map(|(name, status)| (Object::Process(name.to_owned()), status)))
            .collect()
    }

    /// When to call [`Self::tick`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        let processes = self.processes.as_ref().and_then(Processes::deadline);
        self.scripts.deadline().into_iter().chain(processes).min()
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant, runner: Option<&Runner>) -> News {
        if let Some(runner) = runner {
            self.scripts.tick(now, runner);
        }
        self.processes.as_mut().map_or_else(Vec::new, |processes| of_processes(processes.tick(now)))
    }

    /// Waits for news. Loses nothing when dropped while waiting.
    pub(super) async fn news(&mut self) -> News {
        let numbers = async {
            match &mut self.numbers {
                Some(numbers) => numbers.changed().await,
                None => std::future::pending().await,
            }
        };
        let processes = async {
            match &mut self.processes {
                Some(processes) => processes.changed().await,
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            ended = self.scripts.ended() => ended,
            changed = numbers => {
                let news = |(name, number)| (Object::File(name), Status::Number(number));
                return changed.into_iter().map(news).collect();
            }
            changed = processes => return of_processes(changed),
        };
        let news = self.scripts.take(ended);
        news.into_iter().map(|(name, status)| (Object::Script(name), status)).collect()
    }
}

fn watched(object: Object, status: Status) -> Watched {
    let known = match status {
        Status::Unknown | Status::Assumed => Known::Nothing,
        Status::Up => Known::Good,
        Status::Down => Known::Bad,
        Status::Number(number) => Known::Number(number),
    };
    Watched { object, known, is_running: false, is_tried: false, is_waiting: false, count: 0 }
}

fn of_processes(changed: Vec<(String, Status)>) -> News {
    changed.into_iter().map(|(name, status)| (Object::Process(name), status)).collect()
}
