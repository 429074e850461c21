//! What went wrong in a scene, in words for the person who reads the test's output.

use std::{fmt, io, time::Duration};

/// A scene that could not be built, or a condition that did not come true in time.
///
/// It deliberately is not a [`std::error::Error`], so that every error can be turned into it by `?`.
#[derive(Clone)]
pub struct Failure(String);

/// What a test or a step of a scene returns.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure described by `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn late(what: &str, within: Duration) -> Self {
        Self(format!("waited {:.1} s in vain for: {what}", within.as_secs_f64()))
    }

    /// The same failure with what was being done in front.
    #[must_use]
    pub fn during(self, what: impl fmt::Display) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Says what was being done when something failed.
pub trait While<T> {
    /// Puts `what` in front of the failure.
    ///
    /// # Errors
    /// The failure of `self`, described.
    fn doing(self, what: impl fmt::Display) -> Outcome<T>;
}

impl<T> While<T> for io::Result<T> {
    fn doing(self, what: impl fmt::Display) -> Outcome<T> {
        self.map_err(|error| Failure::from(error).during(what))
    }
}

impl<T> While<T> for nix::Result<T> {
    fn doing(self, what: impl fmt::Display) -> Outcome<T> {
        self.map_err(|error| Failure::from(error).during(what))
    }
}

impl<T> While<T> for Outcome<T> {
    fn doing(self, what: impl fmt::Display) -> Self {
        self.map_err(|failure| failure.during(what))
    }
}
