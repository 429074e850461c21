//! Programs that belong to one thing and tell of its changes, one change after the other.
//!
//! Those of one change run beside each other. Those of the next wait until they have ended, so that a quick change back and
//! forth is not told the wrong way round. But a program that does not end soon does not hold up what comes after it: people
//! start services in the foreground from such scripts, and stop them from the next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::runner::Starter;
use super::{Job, Runner};

/// How long the next change waits for the programs of the one before.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way of one thing's programs. Those that wait when it is dropped are still run.
#[derive(Debug)]
pub(crate) struct Lane {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Vec<Job>>,
    closed: bool,
}

impl Queue {
    fn with<T>(&self, job: impl FnOnce(&mut State) -> T) -> T {
        // Whoever panicked while holding it had not begun to change it.
        let out = job(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
        out
    }

    /// The next change; none when there will be no more.
    async fn next(&self) -> Option<Vec<Job>> {
        loop {
            let (next, closed) = {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                (state.waiting.pop_front(), state.closed)
            };
            match next {
                Some(jobs) => return Some(jobs),
                None if closed => return None,
                None => self.changed.notified().await,
            }
        }
    }
}

impl Lane {
    /// A lane where nothing runs.
    pub(crate) fn new(runner: &Runner) -> Self {
        let queue = Arc::new(Queue::default());
        runner.spawn(run(Arc::clone(&queue), runner.starter()));
        Self { queue }
    }

    /// Has the programs of a change run when it is their turn.
    pub(crate) fn push(&self, jobs: Vec<Job>) {
        if !jobs.is_empty() {
            self.queue.with(|state| state.waiting.push_back(jobs));
        }
    }

    /// Drops what has not begun.
    pub(crate) fn forget(&self) {
        self.queue.with(|state| state.waiting.clear());
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.queue.with(|state| state.closed = true);
    }
}

async fn run(queue: Arc<Queue>, starter: Starter) {
    while let Some(jobs) = queue.next().await {
        let mut running = begin(&starter, jobs);
        if timeout(PATIENCE, async { while running.join_next().await.is_some() {} }).await.is_ok() {
            continue;
        }
        running.detach_all();
        let late = queue.with(|state| std::mem::take(&mut state.waiting));
        for jobs in late {
            begin(&starter, jobs).detach_all();
        }
    }
}

/// Starts the programs of one change.
fn begin(starter: &Starter, jobs: Vec<Job>) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for job in jobs {
        let ticket = starter.ticket();
        running.spawn(async move {
            let (_never, stopped) = oneshot::channel();
            ticket.run(job, stopped).await;
        });
    }
    running
}
