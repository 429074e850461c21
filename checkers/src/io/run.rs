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

use super::lateness::Lateness;
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
    due: Option<Instant>,
    /// In a box, because at any moment few are.
    running: Option<Box<Running>>,
    last: Option<Ended>,
}

/// A probe that is under way.
#[derive(Debug)]
struct Running {
    task: AbortHandle,
    started: Instant,
    late: Duration,
}

impl Planned {
    fn new(kind: Arc<CheckerKind>) -> Self {
        Self { kind, question: 0, due: None, running: None, last: None }
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

    /// The checkers whose probes should have begun, and for how long each has waited, in no order.
    pub fn overdue(&self, now: Instant) -> impl Iterator<Item = (CheckerId, Duration)> {
        let due = self.checkers.iter().filter_map(|(id, checker)| Some((*id, checker.due?)));
        due.filter_map(move |(id, due)| Some((id, now.checked_duration_since(due)?)))
            .filter(|(_, overdue)| !overdue.is_zero())
    }

    /// Forgets everything; probes under way are ended and tell nothing.
    pub fn clear(&mut self) {
        self.due.clear();
        self.checkers.clear();
        self.owners.clear();
        self.under_way = JoinSet::new();
    }

    /// Adds a checker or replaces it; it is not planned yet.
    pub fn insert(&mut self, id: CheckerId, kind: impl Into<Arc<CheckerKind>>) {
        if let Some(Planned { running: Some(running), .. }) =
            self.checkers.insert(id, Planned::new(kind.into()))
        {
            running.task.abort();
        }
    }

    /// Plans a checker's next probe, with this one of its questions, in place of what was planned before.
    pub fn plan(&mut self, id: CheckerId, question: usize, at: Instant) {
        if let Some(checker) = self.checkers.get_mut(&id) {
            checker.question = question;
            checker.due = Some(at);
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
            checker.due = None;
            if let Some(running) = checker.running.take() {
                running.task.abort();
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
            if checker.due != Some(at) {
                continue;
            }
            let late = now.saturating_duration_since(at);
            self.lateness.note(late);
            checker.due = None;
            let (kind, question, tls) = (Arc::clone(&checker.kind), checker.question, self.tls.clone());
            let programs = Arc::clone(&self.programs);
            let allowed = time_limit(&kind).saturating_add(GRACE);
            let task = self.under_way.spawn(async move {
                let probe = probe_with(&kind, question, &tls, &*programs);
                timeout(allowed, probe).await.unwrap_or(OVERDUE.into())
            });
            self.owners.insert(task.id(), id);
            checker.running = Some(Box::new(Running { task, started: now, late }));
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
        let Running { started, late, .. } = *checker.running.take_if(|running| running.task.id() == task)?;
        // A probe that broke has failed: its server must not stay in service untested.
        let found = found.unwrap_or(OVERDUE.into());
        checker.last = Some(Ended { late, started, ended: Instant::now(), outcome: found.outcome });
        Some((id, found))
    }
}
