//! One input through one stage of the reader, what must always hold asserted on the way.
//!
//! The fuzz targets in `parser/fuzz` and the test that replays their corpus call the same functions, so a finding of the one is
//! a test of the other. An input may hold several files; see [`Archive`].

use std::collections::BTreeMap;

use crate::diag;
use crate::lex::{self, Escapes, Piece};
use crate::source::{Found, Problem, ProblemKind, Sources, Text};
use crate::statement::{Statements, Token};
use crate::{Options, parse};

/// So many lines may an input add by expansion: enough for every path, few enough for many runs a second.
const EXPANSION_LIMIT: usize = 2_000;

/// The name of an archive's first file.
pub const ROOT: &str = "F";

/// Files in memory, as one text: a line `--- NAME` begins a file, and what stands before the first one is [`ROOT`].
///
/// A pattern is a plain name. `HOME` is the only environment variable, and the dice always show the same.
#[derive(Debug, Default)]
pub struct Archive(BTreeMap<String, Vec<u8>>);

impl Archive {
    /// Takes the files apart.
    pub fn new(bytes: &[u8]) -> Self {
        let mut files = BTreeMap::from([(ROOT.to_owned(), Vec::new())]);
        let mut name = ROOT.to_owned();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_prefix(b"--- ") {
                Some(next) => name = String::from_utf8_lossy(next).trim().to_owned(),
                None => files.entry(name.clone()).or_default().extend_from_slice(line),
            }
        }
        Self(files)
    }

    /// How many lines the files have.
    fn lines(&self) -> usize {
        self.0.values().map(|bytes| bytes.iter().filter(|byte| **byte == b'\n').count() + 1).sum()
    }
}

impl Sources for Archive {
    fn find(&mut self, pattern: &str, directory: &str) -> Found {
        let Some(bytes) = self.0.get(pattern) else {
            let text = format!("Config files missing '{pattern}'.");
            return Found { texts: Vec::new(), problems: vec![Problem { kind: ProblemKind::Match, text }] };
        };
        let text = Text {
            name: pattern.to_owned(),
            directory: directory.to_owned(),
            identity: pattern.to_owned(),
            bytes: bytes.clone(),
        };
        Found { texts: vec![text], problems: Vec::new() }
    }

    fn directory(&self) -> String {
        "/etc/keepalived".to_owned()
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "HOME").then(|| "/root".to_owned())
    }

    fn random(&mut self) -> u32 {
        4
    }
}

fn options() -> Options {
    Options { config_id: "main".to_owned(), expansion_limit: EXPANSION_LIMIT, ..Options::default() }
}

/// Takes each line apart in every way there is: nothing grows, and every split makes progress.
///
/// # Panics
/// When that does not hold.
pub fn lexer(bytes: &[u8]) {
    for line in String::from_utf8_lossy(bytes).split('\n') {
        let stripped = lex::strip(line).text;
        assert!(stripped.len() <= line.len(), "comments only go away");
        let mut rest = stripped.as_str();
        while !rest.is_empty() {
            let (piece, after) = lex::split_brace(rest);
            assert!(after.len() < rest.len(), "a split takes something");
            if let Piece::Text(text) = piece {
                statement(text);
            }
            rest = after;
        }
        statement(&stripped);
        for (at, _) in stripped.match_indices('$') {
            if let Some(reference) = lex::reference(&stripped[at..]) {
                assert!(at + reference.len <= stripped.len(), "a reference ends within its line");
            }
        }
        if let Some((name, value)) = lex::definition(&stripped) {
            assert!(name.len() + value.len() < stripped.len());
        }
        if let Some((_, pattern)) = lex::include(&stripped) {
            assert!(!pattern.is_empty());
        }
        if let Ok(sequence) = lex::sequence(&stripped) {
            assert!(sequence.body.len() < stripped.len());
        }
        if let Some(list) = lex::list(&stripped) {
            assert!(list.body.len() < stripped.len());
        }
    }
}

fn statement(text: &str) {
    let split = lex::words(text);
    assert!(
        split.words.iter().map(|word| word.len()).sum::<usize>() <= text.len(),
        "words are parts of their line"
    );
    for escapes in [Escapes::Keep, Escapes::Decode] {
        if let Ok(words) = lex::shell_words(text, escapes) {
            assert!(words.len() <= text.len());
        }
    }
}

/// Reads the files of an [`Archive`] to statements: their number is bounded, and every one has a place.
///
/// # Panics
/// When that does not hold.
pub fn expansion(bytes: &[u8]) {
    let mut archive = Archive::new(bytes);
    // A line yields at most one statement per byte, and no line is longer than an expanded one.
    let bound = (archive.lines() + EXPANSION_LIMIT + 1) * 1024;
    let mut statements = Statements::open(ROOT, &mut archive, options(), false);
    let mut count = 0_usize;
    while let Some(statement) = statements.next() {
        count += 1;
        assert!(count <= bound, "statements without end");
        assert!(statement.span.line > 0, "a statement comes from a line");
        if let Token::Text(text) = statement.token {
            assert!(text.len() < 4 * 1024, "a line of {} bytes", text.len());
        }
    }
}

/// Reads the files of an [`Archive`] to a configuration, checks it, and asks for every exit code.
///
/// # Panics
/// When a message is empty or an exit code is none of the documented ones.
pub fn files(bytes: &[u8]) {
    let (_, diagnostics) = parse(ROOT, &mut Archive::new(bytes), options());
    for diagnostic in &diagnostics {
        assert!(!diagnostic.text.is_empty());
    }
    assert!(matches!(diag::test_exit_code(&diagnostics), 0 | 2 | 4 | 5 | 6));
    assert!(matches!(diag::refusal(&diagnostics), None | Some(2 | 6)));
}
