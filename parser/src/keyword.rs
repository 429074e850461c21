//! One row per keyword: what it is called, what stands behind it, within which limits, and what its absence means.
//!
//! The type in a row decides how the words are read, through [`Value`]; the macro only repeats. A row knows nothing of other
//! rows: what several of them mean together is decided when the block closes, or in `resolve`.

use std::ops::RangeInclusive;

use crate::config::{Located, Span};
use crate::diag::{Class, Diagnostic, Outcome, Part};
use crate::lex::{self, Escapes, ShellFault};
use crate::read::Reader;

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

/// A nested block that may be repeated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Nested<B>(pub(crate) Vec<Located<B>>);

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
        value.map(|value| Self(vec![Located { value, span }])).ok_or(Refused::Said)
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        match slot {
            Some(all) => all.value.0.extend(self.0),
            None => *slot = Some(Box::new(args.located(self))),
        }
    }
}

impl<B> Nested<B> {
    /// The blocks, in the order of the file.
    pub(crate) fn all(slot: Slot<Self>) -> Vec<Located<B>> {
        slot.map_or_else(Vec::new, |all| all.value.0)
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

/// The words of one statement, and the reader it came from.
pub(crate) struct Args<'a, 's> {
    pub(crate) reader: &'a mut Reader<'s>,
    text: &'a str,
    words: Vec<&'a str>,
    next: usize,
    span: Span,
    /// The keyword's row; for a line of data, that of its block.
    row: Option<&'static Row>,
}

impl<'a, 's> Args<'a, 's> {
    /// The words of a keyword's statement, the keyword itself already taken.
    pub(crate) fn of_keyword(
        reader: &'a mut Reader<'s>,
        text: &'a str,
        words: Vec<&'a str>,
        span: Span,
        row: &'static Row,
    ) -> Self {
        Self { reader, text, words, next: 1, span, row: Some(row) }
    }

    /// The words of a data line.
    pub(crate) fn of_line(
        reader: &'a mut Reader<'s>,
        text: &'a str,
        words: Vec<&'a str>,
        span: Span,
        row: Option<&'static Row>,
    ) -> Self {
        Self { reader, text, words, next: 0, span, row }
    }

    pub(crate) fn keyword(&self) -> &'a str {
        self.words.first().copied().unwrap_or_default()
    }

    /// What the table says of the keyword; of a line of data, what it says of its block.
    pub(crate) fn row(&self) -> Option<&'static Row> {
        self.row
    }

    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(crate) fn located<T>(&self, value: T) -> Located<T> {
        Located { value, span: self.span.clone() }
    }

    /// How many words are left.
    pub(crate) fn left(&self) -> usize {
        self.words.len().saturating_sub(self.next)
    }

    pub(crate) fn peek(&self) -> Option<&'a str> {
        self.words.get(self.next).copied()
    }

    pub(crate) fn optional(&mut self) -> Option<String> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some((*word).to_owned())
    }

    /// The next word, which must be there.
    pub(crate) fn word(&mut self) -> Result<String, Refused> {
        self.optional().ok_or_else(|| {
            let position = self.next + 1;
            let starting = self.keyword();
            let text = match self.next.checked_sub(1).and_then(|previous| self.words.get(previous)) {
                Some(previous) => format!(
                    "*** Configuration line starting `{starting}` is missing a parameter after keyword `{previous}` at word position {position}"
                ),
                None => format!(
                    "*** Configuration line starting `{starting}` is missing a parameter at word position {position}"
                ),
            };
            self.complain(Class::MissingParameter, text);
            Refused::Said
        })
    }

    /// What messages call the block around this statement.
    pub(crate) fn name(&self) -> String {
        self.reader.name()
    }

    pub(crate) fn complain(&mut self, class: Class, text: impl Into<String>) {
        let text = self.reader.without_secrets(text.into(), self.text, &self.span);
        let mut diagnostic = Diagnostic::new(class, Some(self.span.clone()), text);
        diagnostic.part = match (class, self.next) {
            (Class::MissingParameter, _) => Part::End,
            (_, 0) => Part::Line,
            (_, next) => Part::Word(next - 1),
        };
        if self.reader.statements().is_traced() {
            diagnostic.wanted = self.row.and_then(Row::wanted);
        }
        self.reader.statements().diagnostics.push(diagnostic);
    }

    pub(crate) fn general(&mut self, text: impl Into<String>) {
        self.complain(Class::General, text);
    }

    /// Says why something is dropped.
    pub(crate) fn refuse<T>(&mut self, text: impl Into<String>) -> Option<T> {
        self.general(text);
        None
    }

    /// Words before the `{` of a block of data are a mistake that changes nothing.
    pub(crate) fn expect_no_more(&mut self) {
        if let Some(extra) = self.peek() {
            let text = format!("Block {} has extra parameters {extra} ...", self.keyword());
            self.general(text);
        }
    }

    /// The statement split like a shell does, the keyword included; quotes and escapes of inner words stay.
    pub(crate) fn shell(&mut self) -> Result<Vec<String>, Refused> {
        lex::shell_words(self.text, Escapes::Keep).map_err(|fault| self.shell_fault(&fault, self.text))
    }

    /// Splits one word of [`Args::shell`] again, decoding escapes.
    pub(crate) fn shell_again(&mut self, word: &str) -> Result<Vec<String>, Refused> {
        lex::shell_words(word, Escapes::Decode).map_err(|fault| self.shell_fault(&fault, word))
    }

    /// The whole statement split like a shell does, decoding escapes.
    pub(crate) fn shell_decoded(&mut self) -> Result<Vec<String>, Refused> {
        lex::shell_words(self.text, Escapes::Decode).map_err(|fault| self.shell_fault(&fault, self.text))
    }

    fn shell_fault(&mut self, fault: &ShellFault, text: &str) -> Refused {
        let text = self.reader.statements().quotable(text);
        match fault {
            ShellFault::Quote(quote) => {
                self.complain(Class::UnmatchedQuote, format!("String '{text}': missing terminating {quote}"));
            }
            ShellFault::Escape => self.complain(Class::Log, format!("Missing escape char at end: '{text}'")),
        }
        Refused::Said
    }

    /// Reads the statement's value into its slot and says what the row says about a bad one.
    pub(crate) fn fill<V: Value>(
        &mut self,
        slot: &mut Slot<V>,
        row: &Row,
        bounds: Option<&Bounds<V::Limit>>,
    ) {
        if let (Some(missing), 0) = (row.missing, self.left()) {
            let since = self.reader.said_so_far();
            let text = self.fill_in(missing);
            self.general(text);
            self.reader.settle(since, Outcome::Ignored);
            return;
        }
        if let (Some(once), Some(_)) = (row.once, &slot) {
            let since = self.reader.said_so_far();
            let text = self.fill_in(once);
            self.general(text);
            self.reader.settle(since, Outcome::Ignored);
            return;
        }
        let since = self.reader.said_so_far();
        let outcome = match V::read(self, bounds) {
            Ok(value) => {
                value.store(slot, self);
                Outcome::Taken
            }
            Err(refused) => {
                if let (Refused::Bad, Some(complaint)) = (refused, row.complaint) {
                    let text = self.fill_in(complaint);
                    self.general(text);
                }
                match slot.is_none() && row.default.is_some() {
                    true => Outcome::Default,
                    false => Outcome::Ignored,
                }
            }
        };
        if V::ROWS.is_none() {
            self.reader.settle(since, outcome);
        }
    }

    /// A row's message: `{}` is the first word of the value, `{kw}` the keyword, `{name}` the block.
    fn fill_in(&self, message: &str) -> String {
        let value = self.words.get(1).copied().unwrap_or_default();
        message.replace("{kw}", self.keyword()).replace("{name}", &self.name()).replace("{}", value)
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
