//! When a datagram arrived, as the kernel saw it. It may have waited until we got the processor; the timers that it starts
//! count from when it came.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeSpec;

/// A datagram that says to be older has waited for a process that was stopped, or the time of day was set meanwhile: it
/// counts as one that comes now.
const OLDEST: Duration = Duration::from_millis(20);

/// Has the kernel tell it with each datagram.
pub(super) fn record(socket: &impl AsFd) -> io::Result<()> {
    Ok(setsockopt(socket, sockopt::ReceiveTimestampns, &true)?)
}

/// When a datagram came that has this time of day on it; now, if that cannot be right.
pub(super) fn instant(stamp: Option<TimeSpec>) -> Instant {
    came_at(stamp, Instant::now(), SystemTime::now())
}

fn came_at(stamp: Option<TimeSpec>, now: Instant, wall: SystemTime) -> Instant {
    let age =
        stamp.and_then(|stamp| wall.duration_since(SystemTime::UNIX_EPOCH + Duration::from(stamp)).ok());
    age.filter(|age| *age <= OLDEST).and_then(|age| now.checked_sub(age)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How old a datagram counts as that says to be of this time.
    fn age(wall: SystemTime, stamp: SystemTime) -> Duration {
        let stamp = TimeSpec::from(stamp.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970"));
        let now = Instant::now();
        now - came_at(Some(stamp), now, wall)
    }

    #[test]
    fn a_datagram_that_waited_a_moment_counts_from_when_it_came() {
        let (wall, waited) = (SystemTime::now(), Duration::from_millis(3));
        assert_eq!(age(wall, wall - waited), waited);
    }

    #[test]
    fn a_stamp_of_long_ago_or_of_the_future_is_not_believed() {
        let wall = SystemTime::now();
        for wrong in [Duration::from_millis(21), Duration::from_secs(3_600)] {
            assert_eq!(age(wall, wall - wrong), Duration::ZERO);
            assert_eq!(age(wall, wall + wrong), Duration::ZERO);
        }
    }

    #[test]
    fn what_has_no_stamp_comes_now() {
        let now = Instant::now();
        assert_eq!(came_at(None, now, SystemTime::now()), now);
    }
}
