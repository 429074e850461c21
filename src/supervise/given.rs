//! What a worker was given to do, and what of it a successor has to know.
//!
//! A plan that was in force shows in the kernel. When its worker dies and the next one gets another plan, that one would
//! not know what the first has left behind. So a successor is given the old plan first, takes over what is there, and is
//! then told of the changes since.

use std::sync::Arc;

/// So many workers in a row may die before they have put anything in force. It may be the old plan that they die of, and
/// the next one gets the new plan alone.
const FRUITLESS: u8 = 3;

/// The plans, each with its number, that may show in the kernel, oldest first.
#[derive(Debug)]
pub(super) struct Given<P> {
    plans: Vec<(u64, Arc<P>)>,
    fruitless: u8,
}

impl<P> Default for Given<P> {
    fn default() -> Self {
        Self { plans: Vec::new(), fruitless: 0 }
    }
}

impl<P> Given<P> {
    /// What a new worker gets, one after the other; the last one is `current`.
    pub(super) fn for_a_new_worker(&mut self, number: u64, current: &Arc<P>) -> Vec<(u64, Arc<P>)> {
        if self.fruitless >= FRUITLESS {
            self.plans.clear();
        }
        self.more(number, current);
        self.plans.clone()
    }

    /// The worker gets another plan.
    pub(super) fn more(&mut self, number: u64, plan: &Arc<P>) {
        self.plans.retain(|(old, _)| *old < number);
        self.plans.push((number, Arc::clone(plan)));
    }

    /// The worker has put this one in force: what came before it no longer shows.
    pub(super) fn in_force(&mut self, number: u64) {
        self.fruitless = 0;
        self.plans.retain(|(old, _)| *old >= number);
    }

    /// The worker has died. One that ended in order has left nothing.
    pub(super) fn ended(&mut self, in_order: bool) {
        self.fruitless = self.fruitless.saturating_add(1);
        if in_order {
            self.plans.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Arc<()> {
        Arc::new(())
    }

    fn numbers(given: &mut Given<()>, current: u64) -> Vec<u64> {
        given.for_a_new_worker(current, &plan()).into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn a_successor_gets_the_plan_that_was_in_force_before_the_new_one() {
        let mut given = Given::default();
        assert_eq!(numbers(&mut given, 0), [0]);
        given.in_force(0);
        given.ended(false);
        // Read while there was no worker: nobody has put 1 in force.
        assert_eq!(numbers(&mut given, 2), [0, 2]);
        given.in_force(0);
        given.more(3, &plan());
        given.ended(false);
        assert_eq!(numbers(&mut given, 3), [0, 2, 3]);
        given.in_force(3);
        given.ended(false);
        assert_eq!(numbers(&mut given, 3), [3]);
    }

    #[test]
    fn who_ended_in_order_left_nothing() {
        let mut given = Given::default();
        numbers(&mut given, 0);
        given.in_force(0);
        given.ended(true);
        assert_eq!(numbers(&mut given, 1), [1]);
    }

    #[test]
    fn a_plan_that_workers_die_of_is_not_given_for_ever() {
        let mut given = Given::default();
        numbers(&mut given, 0);
        given.in_force(0);
        given.ended(false);
        for _ in 1..FRUITLESS {
            assert_eq!(numbers(&mut given, 1), [0, 1]);
            given.ended(false);
        }
        assert_eq!(numbers(&mut given, 1), [1]);
    }
}
