//! Priorities: what is configured, and what tracking makes of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A priority as adverts carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Priority(u8);

impl Priority {
    /// Sent by a master that gives up (RFC 9568 §5.2.4).
    pub const RELEASE: Self = Self(0);
    /// What a router has if nothing is configured.
    pub const DEFAULT: Self = Self(100);
    /// An owner that has given way to another owner.
    pub const DEMOTED: Self = Self(254);
    /// The owner of the addresses.
    pub const OWNER: Self = Self(255);

    /// Any of 0 to 255.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self(value)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The priority after the weights of tracked things, `weight` being their sum: kept in 1 to 254, and the owner stays owner.
    #[must_use]
    pub fn weighted(self, weight: i32) -> Self {
        if self == Self::OWNER {
            return self;
        }
        let total = i32::from(self.0).saturating_add(weight).clamp(1, 254);
        Self(u8::try_from(total).unwrap_or(254))
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Priority;

    #[test]
    fn weights_keep_the_priority_between_1_and_254() {
        let base = Priority::new(100);
        assert_eq!(base.weighted(20), Priority::new(120));
        assert_eq!(base.weighted(-300), Priority::new(1));
        assert_eq!(base.weighted(i32::MAX), Priority::new(254));
    }

    #[test]
    fn weights_do_not_move_the_owner() {
        assert_eq!(Priority::OWNER.weighted(-100), Priority::OWNER);
    }
}
