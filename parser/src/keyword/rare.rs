//! Keywords that few blocks use.

use std::ops::Deref;

use super::{Args, Row, Table};

/// The part of a block that is there only when one of its keywords is said.
///
/// A block has a slot for each of its keywords, most of which are never said. Where blocks are many, those that belong
/// together share one slot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rare<P>(Option<Box<P>>);

impl<P> Default for Rare<P> {
    fn default() -> Self {
        Self(None)
    }
}

impl<P: Default> Rare<P> {
    /// Takes out what was said.
    pub(crate) fn into_inner(self) -> P {
        self.0.map_or_else(P::default, |part| *part)
    }

    /// The part, to say something in it.
    pub(crate) fn part(&mut self) -> &mut P {
        self.0.get_or_insert_default()
    }
}

impl<P: Table> Deref for Rare<P> {
    type Target = P;

    fn deref(&self) -> &P {
        match &self.0 {
            Some(part) => part,
            None => P::nothing(),
        }
    }
}

impl<P: Table + Sync> Table for Rare<P> {
    fn row(word: &str) -> Option<&'static Row> {
        P::row(word)
    }

    fn take(&mut self, args: &mut Args<'_, '_>) -> bool {
        P::row(args.keyword()).is_some() && self.part().take(args)
    }

    fn rows() -> Vec<&'static Row> {
        P::rows()
    }

    fn overlay(&mut self, later: Self) {
        if let Some(later) = later.0 {
            self.part().overlay(*later);
        }
    }

    fn nothing() -> &'static Self {
        const { &Self(None) }
    }
}
