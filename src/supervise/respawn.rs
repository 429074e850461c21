//! How soon a worker that died is started again.

use std::time::Duration;

/// A worker that ran this long has its earlier deaths forgotten.
const SETTLED: Duration = Duration::from_secs(60);

/// The waits after deaths in quick succession, in seconds; the last one repeats.
const DELAYS: [u64; 8] = [0, 1, 2, 4, 8, 16, 32, 60];

/// The memory of one worker's deaths.
#[derive(Debug, Default)]
pub(super) struct Respawn {
    deaths: usize,
}

impl Respawn {
    /// Counts a death after `lived` and tells how long to wait; `None` if this death is none of a series.
    pub(super) fn delay_after(&mut self, lived: Duration) -> Option<Duration> {
        if lived >= SETTLED {
            self.deaths = 0;
            return None;
        }
        let seconds = DELAYS[self.deaths.min(DELAYS.len() - 1)];
        self.deaths += 1;
        Some(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_deaths_wait_ever_longer_up_to_a_minute() {
        let mut respawn = Respawn::default();
        let waits: Vec<_> = (0..10).map(|_| respawn.delay_after(Duration::from_secs(1))).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60].map(|wait| Some(Duration::from_secs(wait))));
    }

    #[test]
    fn a_minute_of_life_is_forgiven() {
        let mut respawn = Respawn::default();
        respawn.delay_after(Duration::from_secs(1));
        respawn.delay_after(Duration::from_secs(1));
        assert_eq!(respawn.delay_after(Duration::from_secs(60)), None);
        assert_eq!(respawn.delay_after(Duration::from_secs(1)), Some(Duration::ZERO));
    }
}
