//! `auth_hmac`: what it takes to sign adverts and to judge signed ones.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `auth_hmac` of one virtual router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signing {
    /// Every key adverts may be signed with.
    pub keys: Vec<Key>,
    /// Number of the key we sign with; it is among `keys`.
    pub active: u8,
    /// How far the sender's clock may be from ours, in whole seconds, 1 to 300.
    pub window: Duration,
    /// What protects against adverts that are sent again.
    pub anti_replay: AntiReplay,
    /// Whether we sign, and what becomes of adverts without signature.
    pub mode: Mode,
}

impl Signing {
    /// The key with this number.
    #[must_use]
    pub fn key(&self, id: u8) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The key we sign with, if we sign at all.
    #[must_use]
    pub fn sending_key(&self) -> Option<&Key> {
        match self.mode {
            Mode::Enforce | Mode::Permissive => self.key(self.active),
            Mode::ReceiveOnly => None,
        }
    }
}

/// What protects against adverts that are sent again, besides their growing numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AntiReplay {
    /// The clocks of both sides.
    Time,
    /// Nothing.
    Monotonic,
}

/// What is signed and what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// We sign, and refuse what is not signed.
    Enforce,
    /// We sign, and accept what is not signed.
    Permissive,
    /// We do not sign, and accept what is not signed.
    ReceiveOnly,
}

/// A numbered key that nobody should see in a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// 1 to 255.
    pub id: u8,
    /// 32 to 64 bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key {}: ********", self.id)
    }
}
