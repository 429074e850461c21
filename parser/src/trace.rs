//! Where a statement comes from: its characters in the file, the includes that led there, and the definitions that made it.
//!
//! A daemon needs none of this, so it is only kept by [`parse_traced`](crate::parse_traced). What is kept is raw; a [`Place`] is
//! worked out when a message is shown.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use crate::config::{FileName, Span};
use crate::diag::{Diagnostic, Part};
use crate::lex;
use crate::mask::{self, masked};

/// Of a line so many bytes are quoted. One that can be read is shorter; of one that cannot, each piece has its own message.
const MAX_QUOTED: usize = 4096;

/// The files that were opened and the statements that were read from them.
#[derive(Debug, Default)]
pub struct Trace {
    /// Passwords and keys are shown as they are.
    show_secrets: bool,
    files: Vec<Opened>,
    statements: Vec<Origin>,
}

/// A file, once for every time it was opened.
#[derive(Debug)]
struct Opened {
    /// Shared with the spans of its lines, which tells it from another opening of the same name.
    name: FileName,
    bytes: Arc<Vec<u8>>,
    /// The include statement.
    by: Option<Span>,
    /// Where its lines begin, once one was asked for.
    lines: OnceCell<Vec<usize>>,
}

impl Opened {
    /// A line without its end, counted from 0.
    fn line(&self, index: usize) -> Option<&[u8]> {
        let starts = self.lines.get_or_init(|| {
            let ends = self.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect()
        });
        let start = *starts.get(index)?;
        let end = starts.get(index + 1).map_or(self.bytes.len(), |next| next - 1);
        self.bytes.get(start..end)
    }
}

#[derive(Debug)]
struct Origin {
    span: Span,
    text: String,
    via: Option<Arc<Via>>,
    /// All of it is a password or key, though no word of it says so.
    hidden: bool,
}

/// What made a line that no file has as it is.
#[derive(Debug)]
pub(crate) struct Via {
    steps: Vec<Expansion>,
    outer: Option<Arc<Via>>,
}

/// One step from what was written to what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// `$NAME`, or the turn of a sequence: `i = 3`.
    pub what: String,
    /// Where it is defined; none for what is built in.
    pub defined: Option<Span>,
    /// The line that defines it; with stars like [`Place::source`].
    pub source: Option<String>,
}

/// Where a message points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line as it is written, without its end; stars stand for passwords and keys, `…` for what is too long to be read.
    pub source: String,
    /// The bytes of [`Place::source`] that are meant.
    pub marked: Range<usize>,
    /// What was read, when expansions made something else of the line; with stars like [`Place::source`].
    pub read: Option<String>,
    /// The include statements that led to the file, the innermost first.
    pub includes: Vec<Span>,
    /// The expansions that made the statement, the innermost first.
    pub expansions: Vec<Expansion>,
}

impl Place {
    /// The column of the first marked character, counted from 1.
    pub fn column(&self) -> usize {
        self.source[..self.marked.start].chars().count() + 1
    }

    /// The column after the last marked character.
    pub fn end_column(&self) -> usize {
        self.source[..self.marked.end].chars().count() + 1
    }
}

impl Via {
    /// Definitions that were filled in on one line, in that order.
    pub(crate) fn definitions(used: Vec<(String, Option<Span>)>, outer: Option<Arc<Self>>) -> Arc<Self> {
        let step =
            |(name, defined): (String, _)| Expansion { what: format!("${name}"), defined, source: None };
        Arc::new(Self { steps: used.into_iter().map(step).collect(), outer })
    }

    /// One turn of a sequence.
    pub(crate) fn turn(values: &[(String, String)], at: &Span, outer: Option<Arc<Self>>) -> Arc<Self> {
        let step = |(name, value): &(String, String)| Expansion {
            what: format!("{name} = {value}"),
            defined: Some(at.clone()),
            source: None,
        };
        Arc::new(Self { steps: values.iter().map(step).collect(), outer })
    }
}

impl Trace {
    pub(crate) fn new(show_secrets: bool) -> Self {
        Self { show_secrets, ..Self::default() }
    }

    /// The text as it may be shown.
    fn shown(&self, text: &str) -> String {
        if self.show_secrets { text.to_owned() } else { masked(text) }
    }

    pub(crate) fn open(&mut self, name: &FileName, bytes: &Arc<Vec<u8>>, by: Option<Span>) {
        self.files.push(Opened { name: name.clone(), bytes: Arc::clone(bytes), by, lines: OnceCell::new() });
    }

    /// Keeps a statement; the result is its number, counted from 1.
    pub(crate) fn record(&mut self, span: &Span, text: &str, via: Option<Arc<Via>>) -> u32 {
        self.statements.push(Origin { span: span.clone(), text: text.to_owned(), via, hidden: false });
        u32::try_from(self.statements.len()).unwrap_or(0)
    }

    /// The statement of this span is a password or key.
    pub(crate) fn hide(&mut self, span: &Span) {
        let number = usize::try_from(span.statement).ok().and_then(|number| number.checked_sub(1));
        if let Some(origin) = number.and_then(|index| self.statements.get_mut(index)) {
            origin.hidden = true;
        }
    }

    fn opened(&self, span: &Span) -> Option<&Opened> {
        self.files.iter().find(|file| file.name.is(&span.file))
    }

    /// The line of a span as it is written, without its end, passwords and keys masked; none when the span is of no file read here.
    pub fn source(&self, span: &Span) -> Option<String> {
        self.line(span).map(|line| self.shown(&line))
    }

    fn line(&self, span: &Span) -> Option<String> {
        let index = usize::try_from(span.line).ok()?.checked_sub(1)?;
        let line = self.opened(span)?.line(index)?;
        let Some(beginning) = line.get(..MAX_QUOTED) else {
            return Some(String::from_utf8_lossy(line).trim_end_matches('\r').to_owned());
        };
        let whole = String::from_utf8_lossy(beginning);
        Some(format!("{}…", whole.trim_end_matches(char::REPLACEMENT_CHARACTER)))
    }

    /// Where a message points; none when it is about no line.
    pub fn place(&self, diagnostic: &Diagnostic) -> Option<Place> {
        let span = diagnostic.span.as_ref()?;
        let source = self.line(span)?;
        let number = usize::try_from(span.statement).ok().and_then(|number| number.checked_sub(1));
        let origin = number.and_then(|index| Some((index, self.statements.get(index)?)));
        let marked = origin.and_then(|(index, origin)| match &origin.via {
            None => {
                let start = self.column(index, &source)?;
                let part = part_of(&origin.text, diagnostic.part);
                Some(start + part.start..start + part.end)
            }
            Some(via) => {
                let word = &origin.text[part_of(&origin.text, diagnostic.part)];
                mask::word(&source, word).or_else(|| via.reference_in(&source))
            }
        });
        let mut expansions = origin.map_or_else(Vec::new, |(_, origin)| Via::flatten(origin.via.as_ref()));
        let hidden = !self.show_secrets && origin.is_some_and(|(_, origin)| origin.hidden);
        let secret =
            hidden || !self.show_secrets && origin.is_some_and(|(_, origin)| mask::is_secret(&origin.text));
        let shown =
            |text: &str| if hidden && !mask::is_secret(text) { mask::stars(text) } else { self.shown(text) };
        for expansion in &mut expansions {
            let line = expansion.defined.as_ref().and_then(|span| self.line(span));
            expansion.source = match (line, secret) {
                (Some(line), true) => Some(mask::definition(&line)),
                (Some(line), false) => Some(self.shown(&line)),
                (None, _) => None,
            };
            if secret {
                // A turn of a sequence tells the value.
                expansion.what = if expansion.what.starts_with('$') {
                    expansion.what.clone()
                } else {
                    mask::definition(&expansion.what)
                };
            }
        }
        let expanded = origin.filter(|(_, origin)| origin.via.is_some());
        Some(Place {
            marked: marked.unwrap_or_else(|| trimmed(&source)),
            source: shown(&source),
            read: expanded.map(|(_, origin)| shown(origin.text.trim())),
            includes: self.includes(span),
            expansions,
        })
    }

    /// Where a statement that the file has as it is begins on its line: behind those before it on the same line.
    fn column(&self, index: usize, source: &str) -> Option<usize> {
        let origin = self.statements.get(index)?;
        let same_line = |other: &&Origin| {
            other.span.line == origin.span.line
                && other.span.file.is(&origin.span.file)
                && other.via.is_none()
        };
        let before = self.statements[..index].iter().rev().take_while(same_line).count();
        let mut cursor = 0;
        for statement in &self.statements[index - before..index] {
            cursor += source[cursor..].find(&statement.text).map_or(0, |at| at + statement.text.len());
        }
        source[cursor..].find(&origin.text).map(|at| cursor + at)
    }

    fn includes(&self, span: &Span) -> Vec<Span> {
        // A file is opened after the one that includes it, so the way out ends.
        let by = |span: &Span| self.opened(span)?.by.clone();
        std::iter::successors(by(span), by).collect()
    }
}

impl Via {
    fn flatten(via: Option<&Arc<Self>>) -> Vec<Expansion> {
        let steps =
            std::iter::successors(via, |via| via.outer.as_ref()).flat_map(|via| via.steps.iter().rev());
        let mut told: Vec<Expansion> = steps.cloned().collect();
        // A sequence's turn says more than its variable.
        let turns: Vec<String> =
            told.iter().filter_map(|step| Some(format!("${}", step.what.split_once(" = ")?.0))).collect();
        told.retain(|step| !turns.contains(&step.what));
        told.dedup();
        told
    }

    /// Where the line as written names one of the definitions.
    fn reference_in(&self, source: &str) -> Option<Range<usize>> {
        let outermost = std::iter::successors(self.outer.as_deref(), |via| via.outer.as_deref()).last();
        let named = outermost.unwrap_or(self).steps.iter().map(|step| step.what.as_str());
        source.match_indices('$').find_map(|(at, _)| {
            let reference = lex::reference(&source[at..])?;
            let meant = named.clone().any(|what| what.strip_prefix('$') == Some(reference.name));
            meant.then_some(at..at + reference.len)
        })
    }
}

/// The bytes of a statement that a message is about.
fn part_of(text: &str, part: Part) -> Range<usize> {
    let words = lex::word_ranges(text);
    match part {
        Part::Line => 0..text.len(),
        Part::Word(nth) => words.get(nth).cloned().unwrap_or(0..text.len()),
        Part::End => text.len()..text.len(),
    }
}

fn trimmed(source: &str) -> Range<usize> {
    let start = source.len() - source.trim_start().len();
    start..source.trim_end().len().max(start)
}
