//! Values of which there may be many: blocks within a block, lines of data, words.

use std::collections::LinkedList;

use super::{Args, Block, Bounds, Refused, Row, Slot, Value};
use crate::config::Located;
use crate::diag::Outcome;

/// Blocks of a kind, in the order of the file.
///
/// A file may have very many. Each is on its own, so that none is moved when another comes, and its memory is free again
/// as soon as it has become configuration.
pub(crate) type Blocks<B> = LinkedList<Located<B>>;

/// A nested block that may be repeated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Nested<B>(Blocks<B>);

impl<B: Block> Value for Nested<B> {
    const SYNTAX: &'static str = "{ … }";
    const ROWS: Option<fn() -> Vec<&'static Row>> = Some(B::rows);
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let span = args.span();
        let keyword = args.keyword();
        let reader = &mut *args.reader;
        reader.present(keyword);
        let since = reader.said_so_far();
        let Ok(mut block) = B::open(args) else {
            args.reader.settle(since, Outcome::BlockIgnored);
            args.reader.skip_block(|word| B::row(word).is_some());
            return Err(Refused::Said);
        };
        let value = {
            args.reader.block(&mut block);
            block.close(args.reader)
        };
        args.reader.leave();
        value.map(|value| Self::of(Located { value, span })).ok_or(Refused::Said)
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        self.add_to(slot, args);
    }
}

impl<B> Nested<B> {
    /// One block.
    pub(crate) fn of(block: Located<B>) -> Self {
        Self(LinkedList::from([block]))
    }

    /// Puts it behind those that the slot has.
    pub(crate) fn add_to(mut self, slot: &mut Slot<Self>, args: &Args<'_, '_>) {
        match slot {
            Some(all) => all.value.0.append(&mut self.0),
            None => *slot = Some(Box::new(args.located(self))),
        }
    }

    /// The blocks, in the order of the file.
    pub(crate) fn all(slot: Slot<Self>) -> Blocks<B> {
        slot.map_or_else(Blocks::new, |all| all.value.0)
    }
}

/// One line of a block of data.
pub(crate) trait Entry: Sized {
    /// How the reference writes a line.
    const SYNTAX: &'static str;

    /// Reads a line; none drops it.
    fn read(args: &mut Args<'_, '_>) -> Option<Self>;
}

/// A block of data lines; repeated blocks add up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lines<E>(pub(crate) Vec<E>);

impl<E: Entry> Value for Lines<E> {
    const SYNTAX: &'static str = E::SYNTAX;
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let keyword = args.keyword();
        args.reader.present(keyword);
        args.expect_no_more();
        let mut entries = Vec::new();
        let row = args.row();
        args.reader.lines(keyword, row, |args| {
            let entry = E::read(args);
            let kept = entry.is_some();
            entries.extend(entry);
            kept
        });
        // Most blocks have few lines, and many blocks may have one.
        entries.shrink_to_fit();
        Ok(Self(entries))
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        match slot {
            Some(all) => all.value.0.extend(self.0),
            None => *slot = Some(Box::new(args.located(self))),
        }
    }
}

impl<E> Lines<E> {
    /// The lines, in the order of the file.
    pub(crate) fn all(slot: Slot<Self>) -> Vec<E> {
        slot.map_or_else(Vec::new, |all| all.value.0)
    }
}

/// A block whose lines are read as one list of words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct WordList(pub(crate) Vec<Located<String>>);

impl WordList {
    pub(crate) fn read_block(args: &mut Args<'_, '_>) -> Self {
        let keyword = args.keyword();
        args.expect_no_more();
        let mut words = Vec::new();
        let row = args.row();
        args.reader.lines(keyword, row, |args| {
            words.extend(std::iter::from_fn(|| args.optional().map(|word| args.located(word))));
            true
        });
        Self(words)
    }
}

impl Value for WordList {
    const SYNTAX: &'static str = "{ WORD… }";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        Ok(Self::read_block(args))
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        match slot {
            Some(all) => all.value.0.extend(self.0),
            None => *slot = Some(Box::new(args.located(self))),
        }
    }
}
