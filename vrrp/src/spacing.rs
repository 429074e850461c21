//! Space between announcements (`vrrp_garp_interval`, `vrrp_gna_interval`, `garp_group`): a switch that learns thousands of
//! addresses at once may lose some of them.
//!
//! A [`Queue`] holds what may not be sent yet and serves it in turn: each item once, then those that want another time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What waits to be sent by one channel: one family on one interface, or on a group of them.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    interval: Duration,
    /// When the next one may be sent.
    free_at: Option<Instant>,
    waiting: VecDeque<(T, u32)>,
}

impl<T: PartialEq> Queue<T> {
    /// Nothing waits. With an interval of zero nothing ever will.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self { interval, free_at: None, waiting: VecDeque::new() }
    }

    /// Takes another interval; what waits goes on waiting.
    pub fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
    }

    /// Wants `item` to be sent `times` times, of which those that wait already are a part.
    pub fn push(&mut self, item: T, times: u32) {
        match self.waiting.iter_mut().find(|(waiting, _)| *waiting == item) {
            Some((_, left)) => *left = times.max(*left),
            None if times > 0 => self.waiting.push_back((item, times)),
            None => {}
        }
    }

    /// The next item, if it may be sent now.
    pub fn pop(&mut self, now: Instant) -> Option<T>
    where
        T: Clone,
    {
        if self.free_at.is_some_and(|at| now < at) {
            return None;
        }
        let (item, left) = self.waiting.pop_front()?;
        if left > 1 {
            self.waiting.push_back((item.clone(), left - 1));
        }
        self.free_at = (!self.interval.is_zero()).then(|| now + self.interval);
        Some(item)
    }

    /// Forgets what is not to be sent any more.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.waiting.retain(|(item, _)| keep(item));
    }

    /// When [`Queue::pop`] will have something.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.waiting.is_empty() { None } else { self.free_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: Duration = Duration::from_millis(10);

    fn all(queue: &mut Queue<char>, now: Instant) -> String {
        std::iter::from_fn(|| queue.pop(now)).collect()
    }

    #[test]
    fn without_an_interval_everything_goes_at_once_round_by_round() {
        let mut queue = Queue::new(Duration::ZERO);
        queue.push('a', 3);
        queue.push('b', 2);
        assert_eq!(all(&mut queue, Instant::now()), "ababa");
        assert_eq!(queue.deadline(), None);
    }

    #[test]
    fn with_an_interval_one_goes_at_a_time_in_turn() {
        let (mut queue, t0) = (Queue::new(SPACE), Instant::now());
        queue.push('a', 2);
        queue.push('b', 1);
        assert_eq!(all(&mut queue, t0), "a");
        assert_eq!(queue.deadline(), Some(t0 + SPACE));
        assert_eq!(all(&mut queue, t0 + SPACE / 2), "");
        assert_eq!(all(&mut queue, t0 + SPACE), "b");
        assert_eq!(all(&mut queue, t0 + 2 * SPACE), "a");
        assert_eq!(queue.deadline(), None);
        queue.push('c', 1);
        assert_eq!(all(&mut queue, t0 + 2 * SPACE), "", "the space holds for what comes later too");
    }

    #[test]
    fn what_waits_already_is_not_queued_twice() {
        let (mut queue, t0) = (Queue::new(SPACE), Instant::now());
        queue.push('a', 5);
        queue.pop(t0);
        queue.push('a', 5);
        let times = (1..).map_while(|round| queue.pop(t0 + round * SPACE)).count();
        assert_eq!(times, 5);
    }

    #[test]
    fn what_is_not_held_any_more_is_not_announced() {
        let (mut queue, t0) = (Queue::new(SPACE), Instant::now());
        queue.push('a', 5);
        queue.push('b', 1);
        queue.retain(|item| *item != 'a');
        assert_eq!(all(&mut queue, t0), "b");
    }
}
