//! The scripts that routers track: started on time, their results judged.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use vrrp::track::Status;
use vrrp::track::judge::{Judge, Line, Patience, Result};

use crate::plan::watch::Script as Plan;
use crate::script::{Ended, Job, Runner, Stopper};

/// Tells the scripts of different configurations apart.
type Id = u64;

/// One tracked script.
#[derive(Debug)]
struct Script {
    id: Id,
    plan: Plan,
    judge: Judge,
    due: Instant,
    running: Option<Running>,
}

/// A run under way.
#[derive(Debug)]
struct Running {
    since: Instant,
    stopper: Stopper,
}

/// All tracked scripts.
#[derive(Debug)]
pub(super) struct Scripts {
    all: Vec<Script>,
    next_id: Id,
    tell: UnboundedSender<(Id, Ended)>,
    ended: UnboundedReceiver<(Id, Ended)>,
}

impl Scripts {
    pub(super) fn new() -> Self {
        // Never more than one word for each script: it is not started again before it has ended.
        let (tell, ended) = unbounded_channel();
        Self { all: Vec::new(), next_id: 0, tell, ended }
    }

    /// Tracks these from now on. One whose program is the same keeps what is known of it.
    pub(super) fn reconfigure(&mut self, plans: Vec<Plan>, now: Instant) {
        let mut old = std::mem::take(&mut self.all);
        for plan in plans {
            let patience = Patience { rise: plan.rise, fall: plan.fall };
            let is_same = |one: &Script| one.plan.name == plan.name && one.plan.program == plan.program;
            match old.iter().position(is_same) {
                Some(known) => {
                    let mut script = old.swap_remove(known);
                    script.judge.reconfigure(patience);
                    match script.judge.status() {
                        Status::Up => log(&plan.name, Line::Considered { good: true }),
                        Status::Down => log(&plan.name, Line::Considered { good: false }),
                        Status::Unknown | Status::Assumed | Status::Number(_) => {}
                    }
                    script.due = script.due.min(now + plan.interval);
                    self.all.push(Script { plan, ..script });
                }
                None => {
                    self.next_id += 1;
                    let judge = Judge::new(patience, plan.init_fail);
                    self.all.push(Script { id: self.next_id, plan, judge, due: now, running: None });
                }
            }
        }
        for gone in old {
            if let Some(running) = gone.running {
                // It may just have ended.
                let _ = running.stopper.send(());
            }
        }
    }

    /// The name of each, what is known of it, and whether it runs at this moment.
    pub(super) fn states(&self) -> impl Iterator<Item = (&str, &Judge, bool)> {
        self.all.iter().map(|one| (one.plan.name.as_str(), &one.judge, one.running.is_some()))
    }

    /// What is known of each, by name.
    pub(super) fn known(&self) -> Vec<(String, Status)> {
        self.all.iter().map(|script| (script.plan.name.clone(), script.judge.status())).collect()
    }

    /// When the next one is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.all.iter().map(|script| script.due).min()
    }

    /// Starts what is due, unless it still runs.
    pub(super) fn tick(&mut self, now: Instant, runner: &Runner) {
        for script in self.all.iter_mut().filter(|script| script.due <= now) {
            script.due = next_start(script.due, script.plan.interval, now);
            let name = &script.plan.name;
            if let Some(running) = &script.running {
                let is_over = now.duration_since(running.since) >= script.plan.timeout;
                let what = if is_over { "being timed out" } else { "already running" };
                tracing::info!("Track script {name} is {what}, expect idle - skipping run");
                continue;
            }
            let job = Job {
                program: script.plan.program.clone(),
                extra: Vec::new(),
                limit: Some(script.plan.timeout),
                script: Some(name.clone()),
            };
            let (id, tell) = (script.id, self.tell.clone());
            let stopper = runner.run(job, move |ended| {
                // Nobody listens any more when the worker ends.
                let _ = tell.send((id, ended));
            });
            script.running = Some(Running { since: now, stopper });
        }
    }

    /// Waits for a result. Loses nothing when dropped while waiting.
    pub(super) async fn ended(&mut self) -> (Id, Ended) {
        match self.ended.recv().await {
            Some(ended) => ended,
            // It holds a sender itself.
            None => std::future::pending().await,
        }
    }

    /// Takes a result. The script whose status has changed, and what it is now.
    pub(super) fn take(&mut self, (id, ended): (Id, Ended)) -> Option<(String, Status)> {
        let script = self.all.iter_mut().find(|script| script.id == id)?;
        script.running = None;
        let result = match ended {
            Ended::Status(status) => Result::Exited(status),
            Ended::Signal(signal) => Result::Killed(signal),
            Ended::TimedOut => Result::TimedOut,
        };
        let mut lines = Vec::new();
        let changed = script.judge.take(result, &mut lines);
        for line in lines {
            log(&script.plan.name, line);
        }
        changed.then(|| (script.plan.name.clone(), script.judge.status()))
    }
}

fn log(name: &str, line: Line) {
    tracing::info!("{}", line.of(name));
}

/// One interval after the last start; from now, if that has been missed by a whole one.
fn next_start(last: Instant, interval: Duration, now: Instant) -> Instant {
    let next = last + interval;
    if next > now { next } else { now + interval }
}
