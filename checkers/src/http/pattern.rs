//! `regex`: what a reply has to contain, or must not (checkers.md §18.8).
//!
//! Patterns are PCRE2's, as keepalived's are, and so is the engine. A server decides what is matched against them, so the
//! text is limited by [`MAX_TEXT`], and steps, depth and memory of a search by PCRE2's own limits.

use std::fmt;
use std::sync::OnceLock;

use pcre2::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

/// A pattern is searched for in so many bytes at the beginning of a reply, its head included.
pub const MAX_TEXT: usize = 256 * 1024;

/// PCRE2's bounds of one search: steps, depth, KiB. A pattern may ask for less.
const LIMITS: &str = "(*LIMIT_MATCH=100000)(*LIMIT_DEPTH=10000)(*LIMIT_HEAP=8192)";

/// A pattern and what it means. Two are equal when they were written alike.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Source", into = "Source")]
pub struct Pattern {
    source: Source,
    /// Compiled where it is first used; none when PCRE2 does not understand it.
    compiled: OnceLock<Option<Regex>>,
}

/// A pattern as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `regex`
    pub pattern: String,
    /// `regex_options`
    pub options: Options,
    /// Whether it has to be found.
    pub wanted: Presence,
    /// Where it has to begin: `regex_min_offset` and `regex_max_offset` in bytes of the body. Without them it may begin
    /// anywhere in the reply, the head included.
    pub begins: Option<(u64, Option<u64>)>,
}

/// `regex_no_match`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// The pattern has to be found.
    Required,
    /// It must not be found.
    Forbidden,
}

/// PCRE2's options that change what a pattern finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "PCRE2's names of its options")]
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
pub struct Options {
    pub caseless: bool,
    pub dotall: bool,
    pub dupnames: bool,
    pub extended: bool,
    pub firstline: bool,
    pub multiline: bool,
    pub no_auto_capture: bool,
    pub ucp: bool,
    pub ungreedy: bool,
    pub utf: bool,
}

/// PCRE2 does not understand a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPattern {
    /// Bytes before the mistake, as far as it can be told.
    pub offset: usize,
    /// PCRE2's words.
    pub text: String,
}

impl fmt::Display for BadPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at offset {}: {}", self.offset, self.text)
    }
}

impl std::error::Error for BadPattern {}

impl Source {
    fn compile(&self) -> Result<Regex, BadPattern> {
        let Options { caseless, dotall, extended, multiline, ucp, utf, .. } = self.options;
        // What a pattern says about itself has to stand in front of it.
        let verbs = verbs(&self.pattern);
        let (verbs, rest) = self.pattern.split_at(verbs);
        let before = format!("{LIMITS}{verbs}{}", self.flags());
        let built = RegexBuilder::new()
            .caseless(caseless)
            .dotall(dotall)
            .extended(extended)
            .multi_line(multiline)
            .ucp(ucp)
            .utf(utf)
            .build(&format!("{before}{rest}"));
        built.map_err(|error| {
            let offset = error.offset().unwrap_or_default().saturating_sub(before.len());
            let text = error.to_string();
            let text = text.rsplit_once(": ").map_or(text.as_str(), |(_, text)| text).to_owned();
            BadPattern { offset: offset + verbs.len(), text }
        })
    }

    /// The options that have no call of their own.
    fn flags(&self) -> String {
        let Options { dupnames, no_auto_capture, ungreedy, .. } = self.options;
        let flags: String = [(dupnames, 'J'), (no_auto_capture, 'n'), (ungreedy, 'U')]
            .into_iter()
            .filter_map(|(set, flag)| set.then_some(flag))
            .collect();
        if flags.is_empty() { flags } else { format!("(?{flags})") }
    }
}

/// The length of `(*UTF)` and its like at the beginning.
fn verbs(pattern: &str) -> usize {
    let mut length = 0;
    while let Some(verb) = pattern[length..].strip_prefix("(*")
        && let Some(end) = verb.find(')')
        && verb[..end].bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'='))
    {
        length += end + 3;
    }
    length
}

impl Pattern {
    /// Takes a pattern.
    ///
    /// # Errors
    ///
    /// When PCRE2 does not understand it.
    pub fn new(source: Source) -> Result<Self, BadPattern> {
        let compiled = source.compile()?;
        Ok(Self { source, compiled: OnceLock::from(Some(compiled)) })
    }

    /// Whether a reply is as wanted, as far as [`MAX_TEXT`] goes. A search that exceeds PCRE2's limits is not.
    pub fn is_met_by(&self, text: &[u8], head: usize) -> bool {
        let text = &text[..text.len().min(MAX_TEXT)];
        let Some(regex) = self.compiled.get_or_init(|| self.source.compile().ok()) else { return false };
        let (text, from, to) = match self.source.begins {
            None => (text, 0, usize::MAX),
            Some((from, to)) => {
                let offset = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
                (&text[head.min(text.len())..], offset(from), to.map_or(usize::MAX, offset))
            }
        };
        let to = if self.source.options.firstline { to.min(line_end(text)) } else { to };
        let found = match from.min(to) {
            beyond if beyond > text.len() => false,
            _ if from > to => false,
            _ => match regex.find_at(text, from) {
                Ok(found) => found.is_some_and(|found| found.start() <= to),
                Err(_) => return false,
            },
        };
        found == (self.source.wanted == Presence::Required)
    }
}

fn line_end(text: &[u8]) -> usize {
    text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len())
}

impl From<Source> for Pattern {
    fn from(source: Source) -> Self {
        Self { source, compiled: OnceLock::new() }
    }
}

impl From<Pattern> for Source {
    fn from(pattern: Pattern) -> Self {
        pattern.source
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "HTTP/1.0 200 OK\r\n\r\n";

    fn source(pattern: &str) -> Source {
        let (options, wanted) = (Options::default(), Presence::Required);
        Source { pattern: pattern.to_owned(), options, wanted, begins: None }
    }

    fn meets(source: Source, body: &str) -> bool {
        Pattern::new(source).unwrap().is_met_by(format!("{HEAD}{body}").as_bytes(), HEAD.len())
    }

    #[test]
    fn a_pattern_is_searched_for_in_the_whole_reply() {
        assert!(meets(source("w.rld"), "hello world"));
        assert!(meets(source("^HTTP/1.0 200"), "hello"));
        assert!(!meets(source("World"), "hello world"));
    }

    #[test]
    fn patterns_are_those_of_pcre2() {
        for pattern in [r"(?<=l)o\Z", r"(l)\1", r"h(?>e+)l", r"(?|(h)|(x))", r"hello$", r"\Qhello\E\R"] {
            assert!(meets(source(pattern), "hello\n"), "{pattern}");
        }
    }

    #[test]
    fn a_forbidden_pattern_must_not_be_found() {
        let forbidden = |pattern| Source { wanted: Presence::Forbidden, ..source(pattern) };
        assert!(meets(forbidden("error"), "all is well"));
        assert!(!meets(forbidden("error"), "an error"));
    }

    #[test]
    fn offsets_count_in_the_body_and_bound_where_a_match_begins() {
        let begins = |from, to| Source { begins: Some((from, to)), ..source("o") };
        let hello = "hello world";
        assert!(meets(begins(0, Some(4)), hello));
        assert!(!meets(begins(0, Some(3)), hello));
        assert!(meets(begins(5, Some(7)), hello));
        assert!(!meets(begins(5, Some(6)), hello));
        assert!(!meets(begins(8, None), hello));
        assert!(!meets(begins(800, None), hello));
        assert!(!meets(begins(u64::MAX, Some(u64::MAX)), hello));
        let status = Source { begins: Some((0, None)), ..source("HTTP") };
        assert!(!meets(status, hello));
    }

    #[test]
    fn options_change_what_is_found() {
        let with = |pattern, options| Source { options, ..source(pattern) };
        let none = Options::default();
        assert!(meets(with("HELLO", Options { caseless: true, ..none }), "hello"));
        assert!(meets(with("a.b", Options { dotall: true, ..none }), "a\nb"));
        assert!(!meets(source("a.b"), "a\nb"));
        assert!(meets(with("^b$", Options { multiline: true, ..none }), "a\nb\nc"));
        assert!(meets(with("h e l l o # greeting", Options { extended: true, ..none }), "hello"));
        assert!(!meets(with("hello", Options { firstline: true, ..none }), "hello"));
        assert!(meets(with("OK", Options { firstline: true, ..none }), "hello"));
        assert!(meets(with("^[^\r]$", Options { utf: true, multiline: true, ..none }), "é"));
        assert!(!meets(with("^[^\r]$", Options { multiline: true, ..none }), "é"));
        assert!(meets(with("(*UTF)(?<a>h)(?<a>e)", Options { dupnames: true, ..none }), "he"));
    }

    #[test]
    fn what_pcre2_does_not_understand_is_told_with_its_place() {
        let fault = Pattern::new(source("a(b")).unwrap_err();
        assert_eq!(fault.to_string(), "at offset 3: missing closing parenthesis");
    }

    #[test]
    fn a_search_without_end_is_given_up() {
        let text = "a".repeat(5000);
        assert!(!meets(source("(a+)+(?<!a)$x?b"), &text));
        let forbidden = Source { wanted: Presence::Forbidden, ..source("(a|aa)+(?<!a)$") };
        assert!(!meets(forbidden, &text), "what cannot be known is no success");
    }

    #[test]
    fn what_lies_behind_the_limit_is_not_looked_at() {
        assert!(!meets(source("end"), &format!("{}end", " ".repeat(MAX_TEXT))));
    }
}
