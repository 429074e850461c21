//! One row per keyword: what it is called, what stands behind it, within which limits, and what its absence means.
//!
//! The type in a row decides how the words are read, through [`Value`]; the macro only repeats. A row knows nothing of other
//! rows: what several of them mean together is decided when the block closes, or in `resolve`.

mod args;
mod list;
mod rare;

use std::ops::RangeInclusive;

use crate::config::Located;
use crate::read::Reader;

pub(crate) use args::Args;
pub(crate) use list::{Blocks, Entry, Lines, Nested, WordList};
pub(crate) use rare::Rare;

/// A value was not taken; why has been said, unless the row has words of its own for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The message is complete.
    Said,
    /// The row's complaint follows.
    Bad,
}

/// What a number must lie within.
#[derive(Debug, Clone)]
pub(crate) struct Bounds<L> {
    pub(crate) range: RangeInclusive<L>,
    /// Characters behind the number are refused even by a running daemon.
    pub(crate) strict: bool,
}

/// What a block keeps of a keyword, and where it was said. Most keywords of most blocks are never said, so an empty slot is small.
pub(crate) type Slot<T> = Option<Box<Located<T>>>;

/// A type that can stand after a keyword.
pub(crate) trait Value: Sized {
    /// How the reference writes it: `INTEGER`, `SECONDS`, `IFNAME`, …
    const SYNTAX: &'static str;

    /// Its words are split like a shell does, so an open double quote may be meant.
    const SHELL: bool = false;

    /// The table of the block it opens.
    const ROWS: Option<fn() -> Vec<&'static Row>> = None;

    /// What its limits are given in; `()` when it has none.
    type Limit: Clone;

    /// Reads the words after the keyword.
    fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<Self::Limit>>) -> Result<Self, Refused>;

    /// Puts it where the block keeps it; a later value replaces an earlier one unless the type knows better.
    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        *slot = Some(Box::new(args.located(self)));
    }

    /// How the reference writes a limit.
    fn limit(_: &Self::Limit) -> String {
        String::new()
    }
}

/// Whether a keyword does what its documentation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It does.
    Honoured,
    /// It is read and checked, and nothing asks for it yet.
    ParsedOnly,
    /// It is read and has no effect in the original either.
    NoEffect,
    /// It is an old way to say something else.
    Deprecated,
}

/// What is known about a keyword, its Rust type forgotten.
#[derive(Debug)]
pub struct Row {
    /// The keyword.
    pub name: &'static str,
    /// Other words for the same.
    pub aliases: &'static [&'static str],
    /// What stands after it.
    pub syntax: &'static str,
    /// The limits of its value.
    pub range: fn() -> Option<String>,
    /// The value when it is absent, as the table writes it.
    pub default: Option<&'static str>,
    /// Whether it does something.
    pub status: Status,
    /// Its entry in the reference.
    pub doc: &'static str,
    /// The block behind it.
    pub block: Option<fn() -> Vec<&'static Row>>,
    pub(crate) shell: bool,
    pub(crate) complaint: Option<&'static str>,
    pub(crate) missing: Option<&'static str>,
    pub(crate) once: Option<&'static str>,
}

impl Row {
    /// What should stand behind the keyword, or on a line of its block.
    fn wanted(&self) -> Option<String> {
        match (self.syntax, (self.range)()) {
            ("" | "{ … }", _) => None,
            (syntax, Some(range)) => Some(format!("{syntax} ({range})")),
            (syntax, None) => Some(syntax.to_owned()),
        }
    }

    pub(crate) fn is_called(&self, word: &str) -> bool {
        self.name == word || self.aliases.contains(&word)
    }
}

/// A row with the way into its block.
pub(crate) struct Keyword<B: 'static> {
    pub(crate) row: Row,
    pub(crate) store: fn(&mut B, &'static Row, &mut Args<'_, '_>),
}

/// The rows of a block; made by [`keywords!`].
pub(crate) trait Table: Sized + Default + 'static {
    /// The row of a keyword.
    fn row(word: &str) -> Option<&'static Row>;

    /// Reads the statement if its keyword is of this block.
    fn take(&mut self, args: &mut Args<'_, '_>) -> bool;

    /// All rows, in the order of the table.
    fn rows() -> Vec<&'static Row>;

    /// Takes over what a later block of the same kind said.
    fn overlay(&mut self, later: Self);

    /// A block in which nothing was said.
    fn nothing() -> &'static Self;
}

/// A block of keywords.
pub(crate) trait Block: Table {
    /// Reads the words between keyword and `{`.
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused>;

    /// What messages call it.
    fn name(&self) -> String {
        String::new()
    }

    /// What messages about its weights call it.
    fn described(&self) -> String {
        self.name()
    }

    /// Completes it at its `}`; none drops it.
    fn close(self, _: &mut Reader<'_>) -> Option<Self> {
        Some(self)
    }
}

/// Makes a block's struct of what was said, and its table.
///
/// A row is `field ("keyword")? | "alias"… : Type [range, strict]? = default? => "reference", options…;`. The options are
/// `else "message about a bad value"`, `missing "message when there is none"`,
/// `once "message when there was one already"`, and `is` with the row's [`Status`]. A line `+ part: Type;` takes in
/// the rows of another table, a line `* field: Type;` adds a field without a row.
macro_rules! keywords {
    (
        $(#[$meta:meta])*
        $Block:ident {
            $(
                $field:ident $(($keyword:literal))? $(| $alias:literal)* : $Type:ty
                $([$range:expr $(, $strict:ident)?])? $(= $default:expr)? => $doc:literal
                $(, else $complaint:literal)? $(, missing $missing:literal)? $(, once $once:literal)? $(, is $status:ident)? ;
            )*
            $(+ $part:ident : $Part:ty ;)*
            $(* $extra:ident : $Extra:ty ;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub(crate) struct $Block {
            $(pub(crate) $field: $crate::keyword::Slot<$Type>,)*
            $(pub(crate) $part: $Part,)*
            $(pub(crate) $extra: $Extra,)*
        }

        impl $Block {
            const TABLE: &'static [$crate::keyword::Keyword<Self>] = &[$(
                $crate::keyword::Keyword {
                    row: $crate::keyword::Row {
                        name: $crate::keyword::keywords!(@name $field $($keyword)?),
                        aliases: &[$($alias),*],
                        syntax: <$Type as $crate::keyword::Value>::SYNTAX,
                        range: || $crate::keyword::keywords!(@range $Type $(, $range)?),
                        default: $crate::keyword::keywords!(@default $($default)?),
                        status: $crate::keyword::keywords!(@status $($status)?),
                        doc: $doc,
                        block: <$Type as $crate::keyword::Value>::ROWS,
                        shell: <$Type as $crate::keyword::Value>::SHELL,
                        complaint: $crate::keyword::keywords!(@text $($complaint)?),
                        missing: $crate::keyword::keywords!(@text $($missing)?),
                        once: $crate::keyword::keywords!(@text $($once)?),
                    },
                    store: |block, row, args| {
                        let bounds = $crate::keyword::keywords!(@bounds $($range $(, $strict)?)?);
                        args.fill(&mut block.$field, row, bounds.as_ref());
                    },
                },
            )*];

            $($crate::keyword::keywords!(@getter $field $Type $(= $default)?);)*
        }

        impl $crate::keyword::Table for $Block {
            fn row(word: &str) -> Option<&'static $crate::keyword::Row> {
                let own = Self::TABLE.iter().map(|keyword| &keyword.row).find(|row| row.is_called(word));
                own $(.or_else(|| <$Part>::row(word)))*
            }

            fn take(&mut self, args: &mut $crate::keyword::Args<'_, '_>) -> bool {
                match Self::TABLE.iter().find(|keyword| keyword.row.is_called(args.keyword())) {
                    Some(keyword) => {
                        (keyword.store)(self, &keyword.row, args);
                        true
                    }
                    None => false $(|| self.$part.take(args))*,
                }
            }

            fn rows() -> Vec<&'static $crate::keyword::Row> {
                let own = Self::TABLE.iter().map(|keyword| &keyword.row);
                own $(.chain(<$Part>::rows()))* .collect()
            }

            fn overlay(&mut self, later: Self) {
                $(self.$field = later.$field.or(self.$field.take());)*
                $($crate::keyword::Table::overlay(&mut self.$part, later.$part);)*
            }

            fn nothing() -> &'static Self {
                static NOTHING: std::sync::LazyLock<$Block> = std::sync::LazyLock::new($Block::default);
                &NOTHING
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $keyword:literal) => { $keyword };
    (@range $Type:ty) => { None };
    (@range $Type:ty, $range:expr) => {{
        let range = $range;
        let limit = <$Type as $crate::keyword::Value>::limit;
        Some(format!("{}–{}", limit(range.start()), limit(range.end())))
    }};
    (@default) => { None };
    (@default $default:expr) => { Some(stringify!($default)) };
    (@status) => { $crate::keyword::Status::Honoured };
    (@status $status:ident) => { $crate::keyword::Status::$status };
    (@text) => { None };
    (@text $text:literal) => { Some($text) };
    (@bounds) => { None };
    (@bounds $range:expr) => { Some($crate::keyword::Bounds { range: $range, strict: false }) };
    (@bounds $range:expr, strict) => { Some($crate::keyword::Bounds { range: $range, strict: true }) };
    (@getter $field:ident $Type:ty) => {};
    (@getter $field:ident $Type:ty = $default:expr) => {
        /// What was said, or the default of the row.
        pub(crate) fn $field(&self) -> $Type {
            self.$field.as_ref().map_or_else(|| $default, |said| said.value.clone())
        }
    };
}
pub(crate) use keywords;
