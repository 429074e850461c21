//! What the runner knows of each checker, in as little room as there are many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use super::knock::Ticket;
use super::run::Ended;
use crate::params::CheckerKind;
use crate::{CheckerId, Outcome};

/// One checker.
#[derive(Debug)]
pub(super) struct Entry {
    id: [u32; 3],
    /// Counts what was planned: only the last plan is carried out.
    pub(super) plan: u32,
    pub(super) is_planned: bool,
    pub(super) question: usize,
    pub(super) kind: Arc<CheckerKind>,
    pub(super) running: Option<Running>,
    last: Option<Last>,
}

/// A probe that is under way.
#[derive(Debug)]
pub(super) enum Running {
    /// In a box, because at any moment few are.
    Task(Box<Task>),
    /// It only connects.
    Knock(Ticket),
}

#[derive(Debug)]
pub(super) struct Task {
    pub(super) handle: AbortHandle,
    pub(super) started: Instant,
    pub(super) late: Duration,
}

/// The last probe; times in microseconds, an hour at most.
#[derive(Debug)]
struct Last {
    started: Instant,
    late: u32,
    took: u32,
    outcome: Outcome,
}

impl Entry {
    pub(super) fn id(&self) -> CheckerId {
        let [service, server, checker] = self.id.map(|index| index as usize);
        CheckerId { service, server, checker }
    }

    pub(super) fn ended(&mut self, ended: Ended) {
        let Ended { late, started, ended, outcome } = ended;
        let took = micros(ended.saturating_duration_since(started));
        self.last = Some(Last { started, late: micros(late), took, outcome });
    }

    pub(super) fn last(&self) -> Option<Ended> {
        let Last { started, late, took, outcome } = self.last.as_ref()?;
        let (late, took) = (Duration::from_micros((*late).into()), Duration::from_micros((*took).into()));
        Some(Ended { late, started: *started, ended: *started + took, outcome: *outcome })
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// All checkers. Their numbers do not change.
#[derive(Debug, Default)]
pub(super) struct Roster {
    entries: Vec<Entry>,
    /// Their numbers, by their names.
    order: Vec<u32>,
}

impl Roster {
    pub(super) fn reserve(&mut self, more: usize) {
        self.entries.reserve_exact(more);
        self.order.reserve_exact(more);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds a checker or replaces it, and hands out its number and what ran for its predecessor.
    pub(super) fn insert(&mut self, id: CheckerId, kind: Arc<CheckerKind>) -> (u32, Option<Running>) {
        match self.search(id) {
            Ok(number) => {
                let before = self.nth_mut(number).and_then(|entry| {
                    let before = entry.running.take();
                    let (id, plan) = (entry.id, entry.plan.wrapping_add(1));
                    *entry = Entry { plan, ..Entry::new(id, kind) };
                    before
                });
                (number, before)
            }
            Err(place) => {
                // What is indexed here is in memory, and larger than the index.
                let number = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
                self.entries.push(Entry::new(key(id), kind));
                self.order.insert(place, number);
                (number, None)
            }
        }
    }

    /// The number of a checker.
    pub(super) fn number(&self, id: CheckerId) -> Option<u32> {
        self.search(id).ok()
    }

    pub(super) fn get(&self, id: CheckerId) -> Option<&Entry> {
        self.nth(self.number(id)?)
    }

    pub(super) fn nth(&self, number: u32) -> Option<&Entry> {
        self.entries.get(number as usize)
    }

    pub(super) fn nth_mut(&mut self, number: u32) -> Option<&mut Entry> {
        self.entries.get_mut(number as usize)
    }

    /// The number of a checker, or its place in the order.
    fn search(&self, id: CheckerId) -> Result<u32, usize> {
        let key = key(id);
        let name = |number: &u32| self.nth(*number).map_or([u32::MAX; 3], |entry| entry.id);
        // They come in order, all but those that rested.
        if self.order.last().is_none_or(|last| name(last) < key) {
            return Err(self.order.len());
        }
        let place = self.order.binary_search_by_key(&key, name)?;
        self.order.get(place).copied().ok_or(place)
    }
}

impl Entry {
    fn new(id: [u32; 3], kind: Arc<CheckerKind>) -> Self {
        Self { id, plan: 0, is_planned: false, question: 0, kind, running: None, last: None }
    }
}

fn key(CheckerId { service, server, checker }: CheckerId) -> [u32; 3] {
    [service, server, checker].map(|index| u32::try_from(index).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::BfdCheck;

    fn id(server: usize) -> CheckerId {
        CheckerId { service: 1, server, checker: 0 }
    }

    #[test]
    fn checkers_are_found_by_name_in_whichever_order_they_came() {
        let kind = || Arc::new(CheckerKind::Bfd(BfdCheck { session: "b".into() }));
        let mut roster = Roster::default();
        for server in [4, 2, 9, 0, 9] {
            assert!(roster.insert(id(server), kind()).1.is_none());
        }
        assert_eq!([4, 2, 9, 0].map(|server| roster.number(id(server))), [0, 1, 2, 3].map(Some));
        assert_eq!([1, 3, 10].map(|server| roster.number(id(server))), [None; 3]);
        assert_eq!(roster.get(id(2)).map(Entry::id), Some(id(2)));
    }

    #[test]
    fn an_entry_takes_little_room() {
        assert!(size_of::<Entry>() <= 96, "{}", size_of::<Entry>());
    }
}
