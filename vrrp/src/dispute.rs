//! Two routers that both call themselves owner of the same addresses, seen by the one with the higher address.
//!
//! It complains, gives the other two of its own adverts to think it over, and if that one still speaks then, gives way: its
//! priority counts as 254 until the other is gone. The one with the lower address yields at once, as for any equal priority.

use std::time::Duration;

use crate::priority::Priority;

/// Adverts the other owner may hear from us before we watch whether it goes on.
const ADVERTS: u8 = 2;

/// How far a dispute has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dispute {
    stage: Stage,
    lost: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Stage {
    #[default]
    None,
    /// So many of our adverts are left to it; its own come at this interval.
    Warned {
        adverts: u8,
        interval: Duration,
    },
    Watched,
}

/// What it means that the other owner was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Something to complain about.
    First,
    /// It may not have heard us yet.
    Again,
    /// It has, and goes on: give way.
    TooOften,
}

impl Dispute {
    /// The priority of an owner that has given way.
    pub(crate) fn outcome(&self) -> Option<Priority> {
        self.lost.then_some(Priority::DEMOTED)
    }

    /// The other owner spoke; `interval` is when it will again, `loses` whether we yield to it anyway.
    pub(crate) fn heard(&mut self, interval: Duration, loses: bool) -> Heard {
        match self.stage {
            Stage::None => {
                if !loses {
                    self.stage = Stage::Warned { adverts: ADVERTS, interval };
                }
                Heard::First
            }
            Stage::Warned { .. } => Heard::Again,
            Stage::Watched => {
                self.lost = true;
                Heard::TooOften
            }
        }
    }

    /// We sent a periodic advert at our own `interval`. With the last one the other has left, how long to watch it.
    pub(crate) fn advertised(&mut self, interval: Duration) -> Option<Duration> {
        match self.stage {
            Stage::Warned { adverts: 0 | 1, interval: theirs } => {
                self.stage = Stage::Watched;
                Some(theirs.max(interval) * 6 / 5)
            }
            Stage::Warned { adverts, interval } => {
                self.stage = Stage::Warned { adverts: adverts - 1, interval };
                None
            }
            Stage::None | Stage::Watched => None,
        }
    }

    /// The other fell silent, or we are not master any more.
    pub(crate) fn end(&mut self) {
        self.stage = Stage::None;
    }

    /// Takes the owner's priority back. Returns whether it had been lost.
    pub(crate) fn restore(&mut self) -> bool {
        std::mem::take(&mut self.lost)
    }
}
