//! How late this machine wakes sleepers, so that a deadline is not missed by the daemon for what the machine did.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

const NAP: Duration = Duration::from_millis(5);
const REMARKABLE: Duration = Duration::from_millis(1);

/// Measures until it is dropped.
#[derive(Debug)]
pub struct Lateness {
    late: Arc<Mutex<Vec<(SystemTime, Duration)>>>,
    stop: Arc<AtomicBool>,
}

impl Lateness {
    /// Starts to measure.
    pub fn measure() -> Self {
        let meter = Self { late: Arc::default(), stop: Arc::default() };
        let (late, stop) = (Arc::clone(&meter.late), Arc::clone(&meter.stop));
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let began = Instant::now();
                thread::sleep(NAP);
                let by = began.elapsed().saturating_sub(NAP);
                if by > REMARKABLE {
                    lock(&late).push((SystemTime::now(), by));
                }
            }
        });
        meter
    }

    /// By how much a sleeper was woken late at worst, around a moment.
    pub fn around(&self, moment: SystemTime) -> Duration {
        const NEAR: Duration = Duration::from_millis(500);
        let near = (moment - NEAR)..(moment + NEAR);
        lock(&self.late)
            .iter()
            .filter(|(at, _)| near.contains(at))
            .map(|(_, by)| *by)
            .max()
            .unwrap_or_default()
    }
}

impl Drop for Lateness {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn lock(late: &Mutex<Vec<(SystemTime, Duration)>>) -> MutexGuard<'_, Vec<(SystemTime, Duration)>> {
    late.lock().unwrap_or_else(PoisonError::into_inner)
}
