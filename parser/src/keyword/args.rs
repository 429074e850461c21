//! The words of a statement, and how a value is read from them into its slot.

use super::{Bounds, Refused, Row, Slot, Value};
use crate::config::{Located, Span};
use crate::diag::{Class, Diagnostic, Outcome, Part};
use crate::lex::{self, Escapes, ShellFault};
use crate::read::Reader;

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
