//! The sequence numbers of AH. Routers of a group go on where the last master stopped, so sending and hearing share a counter.

/// From here on the counter is begun anew when the router becomes master the next time.
const NEARLY_FULL: u32 = 0xffff_fffd;

/// The highest number sent or heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    last: u32,
    is_nearly_full: bool,
}

impl Counter {
    /// The highest number so far; 0 at the start.
    #[must_use]
    pub fn last(self) -> u32 {
        self.last
    }

    /// The number of the next advert.
    pub fn advance(&mut self) -> u32 {
        self.is_nearly_full |= self.last >= NEARLY_FULL;
        self.last = self.last.saturating_add(1);
        self.last
    }

    /// An advert with this number was accepted.
    pub fn hear(&mut self, number: u32) {
        self.last = self.last.max(number);
    }

    /// A master has heard a lower router use this number: its own next one must be higher still.
    pub fn overtake(&mut self, number: u32) {
        self.last = number.saturating_add(1);
    }

    /// The router becomes master.
    pub fn begin_reign(&mut self) {
        if self.is_nearly_full {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_master_goes_on_after_the_last_number_heard() {
        let mut counter = Counter::default();
        assert_eq!(counter.advance(), 1);
        counter.hear(40);
        counter.hear(7);
        assert_eq!(counter.advance(), 41);
    }

    #[test]
    fn a_counter_that_is_nearly_full_begins_anew_with_the_next_reign_and_not_before() {
        let mut counter = Counter::default();
        counter.hear(NEARLY_FULL);
        counter.begin_reign();
        assert_eq!(counter.advance(), NEARLY_FULL + 1);
        assert_eq!(counter.advance(), u32::MAX);
        counter.begin_reign();
        assert_eq!(counter.advance(), 1);
    }
}
