//! The intervals of VRRP version 2 as RFC 3768 §6.1 defines them, for the shortest advert interval.

use std::time::Duration;

/// Between two adverts of a master.
pub const ADVERT_INTERVAL: Duration = Duration::from_secs(1);

/// After a goodbye, a backup with this priority waits so long: 256 minus the priority, in 256ths of a second.
pub fn skew(priority: u8) -> Duration {
    Duration::from_micros(u64::from(256 - u16::from(priority)) * 1_000_000 / 256)
}

/// After the last advert, a backup with this priority waits so long: three intervals and the skew.
pub fn down_interval(priority: u8) -> Duration {
    3 * ADVERT_INTERVAL + skew(priority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_waits_three_seconds_and_the_skew() {
        assert_eq!(down_interval(100), Duration::from_micros(3_609_375));
        assert_eq!(down_interval(255), Duration::from_micros(3_003_906));
    }
}
