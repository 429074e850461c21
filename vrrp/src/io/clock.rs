//! An alarm precise to the microsecond. tokio's own timers are rounded up to the next millisecond, which is as much as the
//! whole difference between two neighbouring priorities at short intervals.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// The time since the machine started, which all its processes agree on; an [`Instant`] means nothing to another one.
#[must_use]
pub fn since_boot() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(now.tv_nsec).unwrap_or(0))
}

/// How long before a [`Strictness::Exact`] deadline the kernel is to wake us, at least and at most. Timer interrupts of virtual
/// machines come up to so much late, later after a longer sleep.
const LEAD: [Duration; 2] = [Duration::from_micros(300), Duration::from_millis(1)];

/// The part of the whole wait that may be spent awake.
const SHARE: u32 = 1_000;

/// How long before the end of this wait to wake up.
fn lead(wait: Duration) -> Duration {
    let [least, most] = LEAD;
    (wait / SHARE).clamp(least, most)
}

/// How well a deadline is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// As the kernel's timers do.
    Usual,
    /// The last 0.3 ms, or up to 1 ms of a wait of a second and more, are waited without giving the processor away. For
    /// deadlines that are mostly moved before they come, such as the one of a master's silence.
    Exact,
}

/// One deadline, kept by the kernel.
#[derive(Debug)]
pub struct Alarm {
    fd: AsyncFd<OwnedFd>,
    set_to: Option<(Instant, Strictness)>,
}

impl Alarm {
    /// An alarm that is not set. Must be called inside a tokio runtime with I/O.
    ///
    /// # Errors
    /// What the kernel or the runtime says.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { fd: super::watch(fd)?, set_to: None })
    }

    /// Sets or unsets it. A time in the past rings at once.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn set(&mut self, at: Option<(Instant, Strictness)>) -> io::Result<()> {
        if self.set_to == at {
            return Ok(());
        }
        // Zero would unset it.
        let left = at.map_or(Duration::ZERO, |(at, strictness)| {
            let wait = at.saturating_duration_since(Instant::now());
            let lead = match strictness {
                Strictness::Usual => Duration::ZERO,
                Strictness::Exact => lead(wait),
            };
            wait.saturating_sub(lead).max(Duration::from_nanos(1))
        });
        let spec = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            },
        };
        timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::empty(), &spec)?;
        self.set_to = at;
        Ok(())
    }

    /// Waits until it rings; it is unset then. For ever, while it is not set.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn ring(&mut self) -> io::Result<()> {
        loop {
            let mut ready = self.fd.readable().await?;
            let mut count = [0; 8];
            match ready.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut count)?)) {
                Ok(Ok(_)) => {
                    if let Some((at, Strictness::Exact)) = self.set_to.take() {
                        while Instant::now() < at {
                            std::hint::spin_loop();
                        }
                    }
                    return Ok(());
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Err(error),
                Err(_not_ready) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn the_alarm_rings_at_its_time_and_not_before() {
        let mut alarm = Alarm::new().expect("a timer");
        for strictness in [Strictness::Usual, Strictness::Exact] {
            let at = Instant::now() + Duration::from_millis(20);
            alarm.set(Some((at, strictness))).expect("set");
            alarm.ring().await.expect("rings");
            assert!(Instant::now() >= at, "{strictness:?}");
        }
    }

    #[test]
    fn the_longer_the_wait_the_earlier_it_ends_within_bounds() {
        let leads = [10, 330, 600, 3_600].map(|wait| lead(Duration::from_millis(wait)).as_micros());
        assert_eq!(leads, [300, 330, 600, 1_000]);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_time_in_the_past_rings_at_once() {
        let mut alarm = Alarm::new().expect("a timer");
        let past = Instant::now().checked_sub(Duration::from_secs(1)).expect("the machine runs that long");
        alarm.set(Some((past, Strictness::Exact))).expect("set");
        alarm.ring().await.expect("rings");
    }
}
