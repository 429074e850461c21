//! Starts probes on time.
//!
//! Every planned probe waits in one heap of deadlines. A probe that is due starts at once while fewer than the limit are
//! under way; beyond that it waits for the next one to end, the longest overdue first. Every probe is ended after its own
//! time limit, so nothing it meets can keep the others waiting for ever. Probes that only connect are watched together; every
//! other one is a task.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{Id, JoinError, JoinSet, yield_now};
use tokio::time::{sleep_until, timeout};

use super::knock::{Answer, Knocks};
use super::lateness::Lateness;
use super::roster::{Roster, Running, Task};
use crate::io::tls::Tls;
use crate::params::CheckerKind;
use crate::probe::{NoPrograms, Programs, probe_with, time_limit};
use crate::{CheckerId, Failure, Found, Outcome};

/// How much longer than its own time limits a probe may take before it is ended from outside.
const GRACE: Duration = Duration::from_secs(1);

/// Between two looks at what is due lies at least so much time, so that many checks do not cost as many wake-ups.
const BEAT: Duration = Duration::from_millis(5);

/// So many probes are started in one go. Where starting one takes long, as with a firewall of many rules, thousands that are due
/// must not keep their owner from everything else.
const PORTION: usize = 64;

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
    /// When what was planned last of a checker, by its number, is due; there may be older plans of it, which are passed over.
    due: BinaryHeap<Reverse<(Instant, u32, u32)>>,
    /// When it was looked at what is due.
    looked: Option<Instant>,
    roster: Roster,
    knocks: Knocks,
    tasks: JoinSet<Found>,
    owners: HashMap<Id, u32>,
    /// What nobody has been told yet.
    answers: VecDeque<Answer>,
    lateness: Lateness,
    programs: Arc<dyn Programs>,
}

impl Runner {
    /// A runner that keeps at most `limit` probes under way, each of which may hold a descriptor.
    pub fn new(limit: usize, tls: Tls) -> Self {
        Self::with_programs(limit, tls, Arc::new(NoPrograms))
    }

    /// As [`Self::new`], with somebody who runs programs.
    pub fn with_programs(limit: usize, tls: Tls, programs: Arc<dyn Programs>) -> Self {
        Self {
            limit: limit.max(1),
            tls,
            due: BinaryHeap::new(),
            looked: None,
            roster: Roster::default(),
            knocks: Knocks::default(),
            tasks: JoinSet::new(),
            owners: HashMap::new(),
            answers: VecDeque::new(),
            lateness: Lateness::default(),
            programs,
        }
    }

    /// Makes room for so many checkers at once.
    pub fn reserve(&mut self, checkers: usize) {
        self.roster.reserve(checkers);
        self.due.reserve_exact(checkers);
    }

    /// How late probes began, all of them together.
    pub fn lateness(&self) -> Lateness {
        self.lateness
    }

    /// The checkers whose probes should have begun, and for how long each has waited, in no order.
    pub fn overdue(&self, now: Instant) -> impl Iterator<Item = (CheckerId, Duration)> {
        self.due.iter().filter_map(move |Reverse((at, number, plan))| {
            let overdue = now.checked_duration_since(*at).filter(|overdue| !overdue.is_zero())?;
            let checker = self.roster.nth(*number)?;
            (checker.is_planned && checker.plan == *plan).then(|| (checker.id(), overdue))
        })
    }

    /// Forgets everything; probes under way are ended and tell nothing.
    pub fn clear(&mut self) {
        self.due.clear();
        self.roster.clear();
        self.owners.clear();
        self.answers.clear();
        self.knocks.clear();
        self.tasks = JoinSet::new();
    }

    /// Adds a checker or replaces it; it is not planned yet.
    pub fn insert(&mut self, id: CheckerId, kind: impl Into<Arc<CheckerKind>>) {
        let (number, before) = self.roster.insert(id, kind.into());
        self.end(number, before);
    }

    /// Ends what is under way for a checker, and keeps to itself what it found.
    fn end(&mut self, number: u32, running: Option<Running>) {
        self.answers.retain(|answer| answer.owner != number);
        match running {
            Some(Running::Task(task)) => task.handle.abort(),
            Some(Running::Knock(ticket)) => self.knocks.withdraw(ticket),
            None => {}
        }
    }

    /// Plans a checker's next probe, with this one of its questions, in place of what was planned before.
    pub fn plan(&mut self, id: CheckerId, question: usize, at: Instant) {
        if let Some(number) = self.roster.number(id)
            && let Some(checker) = self.roster.nth_mut(number)
        {
            checker.question = question;
            checker.plan = checker.plan.wrapping_add(1);
            checker.is_planned = true;
            self.due.push(Reverse((at, number, checker.plan)));
        }
    }

    /// The last probe of a checker since it was inserted. Of one that took longer than an hour, and of lateness beyond that,
    /// an hour or a little more is left.
    pub fn last(&self, id: CheckerId) -> Option<Ended> {
        self.roster.get(id)?.last()
    }

    /// Takes back what is planned of a checker; a probe that is under way is ended and tells nothing.
    pub fn rest(&mut self, id: CheckerId) {
        if let Some(number) = self.roster.number(id)
            && let Some(checker) = self.roster.nth_mut(number)
        {
            checker.is_planned = false;
            let running = checker.running.take();
            self.end(number, running);
        }
    }

    /// How many probes are under way.
    pub fn under_way(&self) -> usize {
        self.tasks.len() + self.knocks.len()
    }

    /// Waits for the next probe to end and starts those that come due meanwhile. Never returns while nothing is planned
    /// or under way. Dropping the future loses nothing.
    pub async fn next(&mut self) -> (CheckerId, Found) {
        loop {
            if let Some(found) = self.answer() {
                return found;
            }
            if self.look(Instant::now()) {
                // Whoever waits for this waits for other things, too.
                yield_now().await;
            }
            if !self.answers.is_empty() {
                continue;
            }
            let alarm = self.alarm();
            let alarm = async {
                match alarm {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            let ended = async {
                match self.tasks.join_next_with_id().await {
                    Some(ended) => ended,
                    None => std::future::pending().await,
                }
            };
            let ended = tokio::select! {
                ended = ended => ended,
                () = self.knocks.answered(&mut self.answers) => continue,
                () = alarm => continue,
            };
            if let Some(found) = self.take(ended) {
                return found;
            }
        }
    }

    /// A probe that has already ended, if there is one.
    pub fn try_next(&mut self) -> Option<(CheckerId, Found)> {
        if let Some(found) = self.answer() {
            return Some(found);
        }
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            if let Some(found) = self.take(ended) {
                return Some(found);
            }
        }
        None
    }

    fn has_room(&self) -> bool {
        self.under_way() < self.limit
    }

    /// When to look at the clock again.
    fn alarm(&mut self) -> Option<Instant> {
        let due = self.due.peek().map(|Reverse((at, ..))| *at).filter(|_| self.has_room());
        let next = due.into_iter().chain(self.knocks.deadline()).min()?;
        Some(self.looked.map_or(next, |looked| next.max(looked + BEAT)))
    }

    /// Starts what is due, and ends what has taken too long, unless that was done a moment ago. Whether more is due than is
    /// started in one go.
    fn look(&mut self, now: Instant) -> bool {
        if self.alarm().is_none_or(|at| now < at) {
            return false;
        }
        self.looked = Some(now);
        self.knocks.expire(now, &mut self.answers);
        for _ in 0..PORTION {
            let Some(Reverse((at, number, plan))) = self.due.peek().copied() else { return false };
            if at > now || !self.has_room() {
                return false;
            }
            self.due.pop();
            self.start(now, at, number, plan);
        }
        self.looked = None;
        true
    }

    fn start(&mut self, now: Instant, at: Instant, number: u32, plan: u32) {
        let Some(checker) = self.roster.nth_mut(number).filter(|one| one.is_planned && one.plan == plan)
        else {
            return;
        };
        let late = now.saturating_duration_since(at);
        self.lateness.note(late);
        checker.is_planned = false;
        if let CheckerKind::Tcp(endpoint) = &*checker.kind {
            match self.knocks.begin(number, endpoint, now, late) {
                Ok(ticket) => checker.running = Some(Running::Knock(ticket)),
                Err(outcome) => self.answers.push_back(Answer { owner: number, started: now, late, outcome }),
            }
            return;
        }
        let (kind, question, tls) = (Arc::clone(&checker.kind), checker.question, self.tls.clone());
        let programs = Arc::clone(&self.programs);
        let allowed = time_limit(&kind).saturating_add(GRACE);
        let handle = self.tasks.spawn(async move {
            let probe = probe_with(&kind, question, &tls, &*programs);
            timeout(allowed, probe).await.unwrap_or(OVERDUE.into())
        });
        self.owners.insert(handle.id(), number);
        checker.running = Some(Running::Task(Box::new(Task { handle, started: now, late })));
    }

    /// The next connection whose fate is known.
    fn answer(&mut self) -> Option<(CheckerId, Found)> {
        while let Some(Answer { owner, started, late, outcome }) = self.answers.pop_front() {
            if let Some(checker) = self.roster.nth_mut(owner) {
                checker.running = None;
                checker.ended(Ended { late, started, ended: Instant::now(), outcome });
                return Some((checker.id(), outcome.into()));
            }
        }
        None
    }

    fn take(&mut self, ended: Result<(Id, Found), JoinError>) -> Option<(CheckerId, Found)> {
        let (task, found) = match ended {
            Ok((task, found)) => (task, Some(found)),
            Err(error) => (error.id(), None),
        };
        let checker = self.roster.nth_mut(self.owners.remove(&task)?)?;
        // An aborted probe of a checker that was replaced must not speak for its successor.
        let running = checker.running.take_if(|running| match running {
            Running::Task(running) => running.handle.id() == task,
            Running::Knock(_) => false,
        })?;
        let Running::Task(running) = running else { return None };
        // A probe that broke has failed: its server must not stay in service untested.
        let found = found.unwrap_or(OVERDUE.into());
        let Task { started, late, .. } = *running;
        checker.ended(Ended { late, started, ended: Instant::now(), outcome: found.outcome });
        Some((checker.id(), found))
    }
}
