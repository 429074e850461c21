//! The lines a process wrote, each with the time it came.

use crate::{
    failure::{Failure, Outcome},
    wait::eventually,
};
use std::{
    io::{BufRead as _, BufReader, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

/// One line and when it was read.
#[derive(Debug, Clone)]
pub struct Line {
    /// When it was read.
    pub at: SystemTime,
    /// Its text without the line end.
    pub text: String,
}

/// Everything a process has written so far.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<Line>>>);

/// A place in a journal; what came before it is no longer looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark(usize);

impl Journal {
    /// Collects lines from `source` until it ends.
    pub(crate) fn follow(&self, source: impl Read + Send + 'static) {
        let journal = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                journal.lock().push(Line { at: SystemTime::now(), text });
            }
        });
    }

    /// The place behind the last line.
    pub fn mark(&self) -> Mark {
        Mark(self.lock().len())
    }

    /// All lines after `mark`.
    pub fn since(&self, mark: Mark) -> Vec<Line> {
        self.lock().get(mark.0..).unwrap_or_default().to_vec()
    }

    /// The first line after `mark` that contains `words`, if there is one yet.
    pub fn find(&self, mark: Mark, words: &str) -> Option<Line> {
        self.lock().iter().skip(mark.0).find(|line| line.text.contains(words)).cloned()
    }

    /// Waits for a line after `mark` that contains `words`.
    ///
    /// # Errors
    /// None came in time; the last lines are part of the message.
    pub fn wait(&self, mark: Mark, words: &str, within: Duration) -> Outcome<Line> {
        eventually(&format!("the line “{words}”"), within, || self.find(mark, words)).map_err(|failure| {
            let lines = self.lock();
            let last: Vec<_> =
                lines.iter().skip(lines.len().saturating_sub(15)).map(|line| line.text.as_str()).collect();
            Failure::new(format!("{failure}\n  the last lines were:\n    {}", last.join("\n    ")))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
