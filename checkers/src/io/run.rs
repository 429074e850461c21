//! Starts probes on time.
//!
//! Every planned probe waits in one heap of deadlines. A probe that is due starts at once while fewer than the limit are
//! under way; beyond that it waits for the next one to end, the longest overdue first. Every probe is ended after its own
//! time limit, so nothing it meets can keep the others waiting for ever.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{sleep_until, timeout};

use super::progress::{Lateness, Progress};
use crate::io::tls::Tls;
use crate::params::CheckerKind;
use crate::probe::{NoPrograms, Programs, probe_with, time_limit};
use crate::{CheckerId, Failure, Found, Outcome};

/// How much longer than its own time limits a probe may take before it is ended from outside.
const GRACE: Duration = Duration::from_secs(1);

/// The last probe of a checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How much later than planned it was started.
    pub late: Duration,
    /// When it was started.
    pub started: Instant,
    /// When its end was noticed.
    pub ended: Instant,
    /// What it found.
    pub outcome: Outcome,
}
/// What a probe counts as that had to be ended.
const OVERDUE: Outcome = Outcome::Failed(Failure::ConnectTimeout);

/// Has probes run, and hands out what they found.
#[derive(Debug)]
pub struct Runner {
    limit: usize,
    tls: Tls,
    due: BinaryHeap<Reverse<(Instant, CheckerId)>>,
    /// What each checker does, and when it is due; the heap may hold older times of it, which are passed over.
    checkers: HashMap<CheckerId, Planned>,
    under_way: JoinSet<Found>,
    lateness: Lateness,
    programs: Arc<dyn Programs>,
    owners: HashMap<Id, CheckerId>,
}

#[derive(Debug)]
struct Planned {
    kind: Arc<CheckerKind>,
    question: usize,
    progress: Progress,
    running: Option<AbortHandle>,
    last: Option<Ended>,
}

impl Planned {
    fn new(kind: CheckerKind) -> Self {
        Self { kind: Arc::new(kind), question: 0, progress: Progress::default(), running: None, last: None }
    }
}

impl Runner {
    /// A runner that keeps at most `limit` probes under way, each of which may hold a descriptor.
    pub fn new(limit: usize, tls: Tls) -> Self {
        Self::with_programs(limit, tls, Arc::new(NoPrograms))
    }

    /// As [`Self::new`], with somebody who runs programs.
    pub fn with_programs(limit: usize, tls: Tls, programs: Arc<dyn Programs>) -> Self {
        Self {
            programs,
            limit: limit.max(1),
            tls,
            due: BinaryHeap::new(),
            checkers: HashMap::new(),
            under_way: JoinSet::new(),
            lateness: Lateness::default(),
            owners: HashMap::new(),
        }
    }

    /// How late probes began, all of them together.
    pub fn lateness(&self) -> Lateness {
        self.lateness
    }

    /// How each checker gets on, in no order.
    pub fn progress(&self) -> impl Iterator<Item = (CheckerId, Progress)> {
        self.checkers.iter().map(|(id, checker)| (*id, checker.progress))
    }

    /// Forgets everything; probes under way are ended and tell nothing.
    pub fn clear(&mut self) {
        self.due.clear();
        self.checkers.clear();
        self.owners.clear();
        self.under_way = JoinSet::new();
    }

    /// Adds a checker or replaces it; it is not planned yet.
    pub fn insert(&mut self, id: CheckerId, kind: CheckerKind) {
        if let Some(Planned { running: Some(running), .. }) = self.checkers.insert(id, Planned::new(kind)) {
            running.abort();
        }
    }

    /// Plans a checker's next probe, with this one of its questions, in place of what was planned before.
    pub fn plan(&mut self, id: CheckerId, question: usize, at: Instant) {
        if let Some(checker) = self.checkers.get_mut(&id) {
            checker.question = question;
            checker.progress.due = Some(at);
            self.due.push(Reverse((at, id)));
        }
    }

    /// The last probe of a checker since it was inserted.
    pub fn last(&self, id: CheckerId) -> Option<Ended> {
        self.checkers.get(&id)?.last
    }

    /// Takes back what is planned of a checker; a probe that is under way is ended and tells nothing.
    pub fn rest(&mut self, id: CheckerId) {
        if let Some(checker) = self.checkers.get_mut(&id) {
            checker.progress.due = None;
            if let Some(running) = checker.running.take() {
                checker.progress.running_since = None;
                running.abort();
            }
        }
    }

    /// How many probes are under way.
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Waits for the next probe to end and starts those that come due meanwhile. Never returns while nothing is planned
    /// or under way. Dropping the future loses nothing.
    pub async fn next(&mut self) -> (CheckerId, Found) {
        loop {
            self.start_due(Instant::now());
            let wake = self.due.peek().map(|Reverse((at, _))| *at).filter(|_| self.has_room());
            let alarm = async {
                match wake {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            let ended = async {
                match self.under_way.join_next_with_id().await {
                    Some(ended) => ended,
                    None => std::future::pending().await,
                }
            };
            let ended = tokio::select! {
                ended = ended => ended,
                () = alarm => continue,
            };
            if let Some(found) = self.take(ended) {
                return found;
            }
        }
    }

    /// A probe that has already ended, if there is one.
    pub fn try_next(&mut self) -> Option<(CheckerId, Found)> {
        while let Some(ended) = self.under_way.try_join_next_with_id() {
            if let Some(found) = self.take(ended) {
                return Some(found);
            }
        }
        None
    }

    fn has_room(&self) -> bool {
        self.under_way.len() < self.limit
    }

    fn start_due(&mut self, now: Instant) {
        while self.has_room()
            && let Some(Reverse((at, id))) = self.due.peek().copied()
            && at <= now
        {
            self.due.pop();
            let Some(checker) = self.checkers.get_mut(&id) else { continue };
            if checker.progress.due != Some(at) {
                continue;
            }
            let late = now.saturating_duration_since(at);
            self.lateness.note(late);
            checker.progress = Progress { due: None, running_since: Some(now), late, ..checker.progress };
            let (kind, question, tls) = (Arc::clone(&checker.kind), checker.question, self.tls.clone());
            let programs = Arc::clone(&self.programs);
            let allowed = time_limit(&kind).saturating_add(GRACE);
            let started = self.under_way.spawn(async move {
                let probe = probe_with(&kind, question, &tls, &*programs);
                timeout(allowed, probe).await.unwrap_or(OVERDUE.into())
            });
            self.owners.insert(started.id(), id);
            checker.running = Some(started);
        }
    }

    fn take(&mut self, ended: Result<(Id, Found), JoinError>) -> Option<(CheckerId, Found)> {
        let (task, found) = match ended {
            Ok((task, found)) => (task, Some(found)),
            Err(error) => (error.id(), None),
        };
        let id = self.owners.remove(&task)?;
        let checker = self.checkers.get_mut(&id)?;
        // An aborted probe of a checker that was replaced must not speak for its successor.
        if checker.running.as_ref().map(AbortHandle::id) != Some(task) {
            return None;
        }
        checker.running = None;
        let started = checker.progress.running_since.take();
        checker.progress.last_finished = Some(Instant::now());
        // A probe that broke has failed: its server must not stay in service untested.
        let found = found.unwrap_or(OVERDUE.into());
        checker.last = started.map(|started| Ended {
            late: checker.progress.late,
            started,
            ended: Instant::now(),
            outcome: found.outcome,
        });
        Some((id, found))
    }
}
