//! Files to statements: the include stack, conditions, definitions, sequences and braces, one logical line at a time.
//!
//! Everything that delivers lines (a file, a running sequence, the rest of a multi-line definition) lies on one stack, and the
//! innermost is asked first. What the stack delivers beyond the bytes of the files is limited, so no input runs forever.

use std::collections::HashSet;
use std::sync::Arc;

use crate::config::{FileName, IncludeCheck, Span};
use crate::diag::{Class, Diagnostic, Told};
use crate::expand::{Definitions, Sequence, Surroundings};
use crate::lex::{self, IncludeKind, Piece};
use crate::options::Options;
use crate::source::{Problem, ProblemKind, Sources, Text};
use crate::trace::{Trace, Via};

/// The longest physical line, in bytes.
const MAX_LINE: usize = 1022;

/// Files may include each other so many levels deep.
const MAX_INCLUDES: usize = 64;

/// So many sequences and definitions may run inside one another.
const MAX_RUNNING: usize = 256;

/// What reading a file again counts as, in lines: as much as it costs to look for it and open it.
const AGAIN: usize = 20;

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) span: Span,
    pub(crate) token: Token,
}

/// What a statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// `{`
    Open,
    /// `}`
    Close,
    /// Words.
    Text(String),
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Open => "{",
            Self::Close => "}",
            Self::Text(text) => text,
        }
    }
}

/// The statements of a configuration, in reading order.
pub(crate) struct Statements<'s> {
    sources: &'s mut dyn Sources,
    options: Options,
    definitions: Definitions,
    inputs: Vec<Input>,
    residue: Option<Line>,
    peeked: Option<Option<Statement>>,
    collecting: Option<Collecting>,
    include_check: IncludeCheck,
    depth: u32,
    last: Span,
    added: usize,
    /// The files that were opened, by their identities.
    opened: HashSet<String>,
    /// The input is used up: what is said now is about the whole.
    ended: bool,
    /// Where every statement comes from, when somebody wants to know.
    trace: Option<Trace>,
    pub(crate) diagnostics: Told,
}

struct Line {
    text: String,
    span: Span,
    /// References in it stay as they are.
    literal: bool,
    /// What made it, if it is not as the file has it.
    via: Option<Arc<Via>>,
}

struct Collecting {
    name: String,
    at: Span,
    lines: Vec<String>,
}

enum Input {
    File(File),
    Lines { name: String, lines: std::vec::IntoIter<String>, span: Span, via: Option<Arc<Via>> },
    Sequence { sequence: Sequence, span: Span, via: Option<Arc<Via>> },
}

struct File {
    name: FileName,
    directory: String,
    identity: String,
    bytes: Arc<Vec<u8>>,
    at: usize,
    line: u32,
    /// The checks in force outside, restored at its end.
    outer_check: IncludeCheck,
    /// It was read before.
    again: bool,
    /// The files that the same pattern matched and that are still to be read, the next one last.
    waiting: Vec<Text>,
    /// The line that included them.
    by: Option<Span>,
}

impl<'s> Statements<'s> {
    /// Opens the main file. `traced` keeps where every statement comes from.
    pub(crate) fn open(root: &str, sources: &'s mut dyn Sources, options: Options, traced: bool) -> Self {
        let all = options.all_config;
        let include_check = IncludeCheck { read: all, matches: all, wildcard: all, brace: all };
        let show_secrets = options.show_secrets;
        let mut this = Self {
            sources,
            options,
            definitions: Definitions::default(),
            inputs: Vec::new(),
            residue: None,
            peeked: None,
            collecting: None,
            include_check,
            depth: 0,
            last: Span::new(root, 0),
            added: 0,
            opened: HashSet::new(),
            ended: false,
            trace: traced.then(|| Trace::new(show_secrets)),
            diagnostics: Told::default(),
        };
        this.open_root(root);
        this
    }

    fn open_root(&mut self, root: &str) {
        let directory = self.sources.directory();
        let found = self.sources.find(root, &directory);
        for problem in found.problems {
            self.diagnostics.push(Diagnostic::new(Class::FileNotFound, None, problem.text));
        }
        if let [first, _, ..] = &found.texts[..] {
            let text = format!(
                "WARNING, multiple configuration file matches of {root}, starting with {}",
                first.name
            );
            self.diagnostics.push(Diagnostic::new(Class::MultipleFiles, None, text));
        }
        if found.texts.is_empty() && self.diagnostics.is_empty() {
            let text = format!("No config files matched '{root}'.");
            self.diagnostics.push(Diagnostic::new(Class::FileNotFound, None, text));
        }
        self.open_files(found.texts, None);
    }

    /// Whether messages are to be explained.
    pub(crate) fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    /// What was kept about where statements come from.
    pub(crate) fn take_trace(&mut self) -> Trace {
        self.trace.take().unwrap_or_default()
    }

    /// The line last read, for messages without a statement of their own.
    pub(crate) fn position(&self) -> Span {
        self.last.clone()
    }

    /// The statement is the value of a password or key; what is shown of it is stars.
    pub(crate) fn hide(&mut self, span: &Span) {
        if let Some(trace) = &mut self.trace {
            trace.hide(span);
        }
    }

    /// Words of the user as a message may quote them.
    pub(crate) fn quotable(&self, text: &str) -> String {
        self.options.quotable(text)
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn complain(&mut self, class: Class, text: impl Into<String>) {
        let span = Some(self.position()).filter(|span| span.line > 0 && !self.ended);
        self.diagnostics.push(Diagnostic::new(class, span, text));
    }

    /// The checks for the include statements that follow.
    pub(crate) fn include_check(&mut self) -> &mut IncludeCheck {
        &mut self.include_check
    }

    /// Blocks still open at the end.
    pub(crate) fn unclosed(&self) -> u32 {
        self.depth
    }

    pub(crate) fn peek(&mut self) -> Option<&Statement> {
        if self.peeked.is_none() {
            self.peeked = Some(self.produce());
        }
        self.peeked.as_ref().and_then(Option::as_ref)
    }

    pub(crate) fn next(&mut self) -> Option<Statement> {
        let statement = match self.peeked.take() {
            Some(statement) => statement,
            None => self.produce(),
        };
        self.ended = statement.is_none();
        if let Some(statement) = &statement {
            self.last = statement.span.clone();
            match statement.token {
                Token::Open => self.depth += 1,
                Token::Close if self.depth > 0 => self.depth -= 1,
                Token::Close => self.complain(Class::UnexpectedClose, "Extra '}' found"),
                Token::Text(_) => {}
            }
        }
        statement
    }

    fn produce(&mut self) -> Option<Statement> {
        loop {
            let line = self.raw_line()?;
            if let Some(collecting) = self.collecting.take() {
                self.collect(collecting, line.text);
                continue;
            }
            let Some(line) = self.conditional(line).filter(|line| !line.text.is_empty()) else { continue };
            if let Some((name, value)) = lex::definition(&line.text) {
                let (name, value) = (name.to_owned(), value.to_owned());
                match value.strip_suffix('\\') {
                    Some(_) => {
                        self.collect(Collecting { name, at: line.span, lines: Vec::new() }, value);
                    }
                    None => self.definitions.set(&name, value, line.span),
                }
                continue;
            }
            if line.text.starts_with("~SEQ") || line.text.starts_with("~LST") {
                self.start_sequence(line);
                continue;
            }
            let line = match line.text.contains('$') && !line.text.starts_with('~') && !line.literal {
                true => self.substitute(line),
                false => line,
            };
            if let Some((kind, pattern)) = lex::include(&line.text) {
                let pattern = pattern.to_owned();
                self.include(kind, &pattern);
                continue;
            }
            let (token, rest) = match lex::split_brace(&line.text) {
                (Piece::Open, rest) => (Some(Token::Open), rest.to_owned()),
                (Piece::Close, rest) => (Some(Token::Close), rest.to_owned()),
                // The usual line: nothing to be copied.
                (Piece::Text(_), "") => (None, String::new()),
                (Piece::Text(text), rest) => (Some(Token::Text(text.to_owned())), rest.to_owned()),
            };
            if !rest.is_empty() {
                let (span, via) = (line.span.clone(), line.via.clone());
                self.residue = Some(Line { text: rest, span, literal: line.literal, via });
            }
            let token = token.unwrap_or(Token::Text(line.text));
            if token != Token::Text(String::new()) {
                let mut span = line.span;
                if let Some(trace) = &mut self.trace {
                    span.statement = trace.record(&span, token.text(), line.via);
                }
                return Some(Statement { span, token });
            }
        }
    }

    /// The next line from the innermost input.
    fn raw_line(&mut self) -> Option<Line> {
        if let Some(line) = self.residue.take() {
            return Some(line);
        }
        loop {
            let (line, added) = match self.inputs.last_mut()? {
                Input::Lines { lines, span, via, .. } => {
                    let line = |text| Line { text, span: span.clone(), literal: false, via: via.clone() };
                    (lines.next().map(line), true)
                }
                Input::Sequence { sequence, span, via } => match sequence.next() {
                    Some(turn) => {
                        let via = self.trace.is_some().then(|| Via::turn(&turn.values, span, via.clone()));
                        for (name, value) in turn.values {
                            self.definitions.set(&name, value, span.clone());
                        }
                        (Some(Line { text: turn.body, span: span.clone(), literal: false, via }), true)
                    }
                    None => (None, true),
                },
                Input::File(file) => {
                    let line = file.next_line(&self.options, &mut self.diagnostics);
                    (line, file.again)
                }
            };
            let Some(line) = line else {
                if let Some(Input::File(file)) = self.inputs.pop() {
                    self.include_check = file.outer_check;
                    self.open_next(file.waiting, file.by);
                }
                continue;
            };
            self.last = line.span.clone();
            self.added += usize::from(added);
            if self.added > self.options.expansion_limit {
                let text = format!(
                    "Configuration expands to more than {} lines - ignoring the rest",
                    self.options.expansion_limit
                );
                self.complain(Class::Fatal, text);
                self.inputs.clear();
                return None;
            }
            return Some(line);
        }
    }

    /// One more line of a multi-line definition; a line without backslash at its end is the last.
    fn collect(&mut self, mut collecting: Collecting, line: String) {
        let (text, goes_on) = match line.strip_suffix('\\') {
            Some(text) => (text.trim_end_matches([' ', '\t']), true),
            None => (line.as_str(), false),
        };
        if !text.is_empty() {
            collecting.lines.push(text.to_owned());
        }
        match goes_on {
            true => self.collecting = Some(collecting),
            false => self.definitions.set_lines(&collecting.name, collecting.lines, collecting.at),
        }
    }

    /// `@ID REST`, `@^ID REST`: the rest, if the line is for this configuration.
    fn conditional(&self, line: Line) -> Option<Line> {
        let Some(condition) = line.text.strip_prefix('@') else { return Some(line) };
        let (negated, condition) = match condition.strip_prefix('^') {
            Some(condition) => (true, condition),
            None => (false, condition),
        };
        let (id, rest) = condition.split_once([' ', '\t'])?;
        let text = rest.trim_start_matches([' ', '\t']).to_owned();
        ((id == self.options.config_id) != negated).then_some(Line { text, ..line })
    }

    fn substitute(&mut self, line: Line) -> Line {
        let expanded = self.with_surroundings(|definitions, around| definitions.expand(&line.text, around));
        for (class, text) in expanded.complaints {
            self.complain(class, text);
        }
        self.added += expanded.replacements;
        let via = match self.trace.is_some() && !expanded.used.is_empty() {
            true => Some(Via::definitions(expanded.used, line.via)),
            false => line.via,
        };
        for (name, lines) in expanded.more {
            let (lines, span, via) = (lines.into_iter(), line.span.clone(), via.clone());
            self.push(Input::Lines { name, lines, span, via });
        }
        let stripped = lex::strip(&expanded.text);
        if stripped.unterminated {
            let text = format!("Unterminated quote '{}'", self.quotable(&stripped.text));
            self.complain(Class::General, text);
        }
        Line { text: stripped.text, span: line.span, literal: expanded.stopped, via }
    }

    fn start_sequence(&mut self, line: Line) {
        match self.with_surroundings(|definitions, around| Sequence::parse(&line.text, definitions, around)) {
            Ok(sequence) => self.push(Input::Sequence { sequence, span: line.span, via: line.via }),
            Err(complaints) => {
                for (class, text) in complaints {
                    self.complain(class, text);
                }
            }
        }
    }

    fn with_surroundings<T>(&mut self, act: impl FnOnce(&Definitions, &mut Surroundings<'_>) -> T) -> T {
        let file = self.inputs.iter().rev().find_map(|input| match input {
            Input::File(file) => Some(file),
            Input::Lines { .. } | Input::Sequence { .. } => None,
        });
        let open = self.inputs.iter().filter_map(|input| match input {
            Input::Lines { name, .. } => Some(name.as_str()),
            Input::File(_) | Input::Sequence { .. } => None,
        });
        let mut around = Surroundings {
            sources: &mut *self.sources,
            directory: file.map_or("", |file| &file.directory),
            options: &self.options,
            open: open.collect(),
        };
        act(&self.definitions, &mut around)
    }

    fn push(&mut self, input: Input) {
        if self.inputs.len() >= MAX_RUNNING {
            self.complain(Class::Fatal, "Sequences and definitions are nested too deeply - ignoring");
            return;
        }
        self.inputs.push(input);
    }

    fn include(&mut self, kind: IncludeKind, pattern: &str) {
        let files = self.inputs.iter().filter_map(|input| match input {
            Input::File(file) => Some(file),
            Input::Lines { .. } | Input::Sequence { .. } => None,
        });
        let open: Vec<String> = files.clone().map(|file| file.identity.clone()).collect();
        let directory = files.clone().next_back().map_or_else(String::new, |file| file.directory.clone());
        let check = self.include_check.with(kind);
        let mut found = self.sources.find(pattern, &directory);
        for Problem { kind, text } in found.problems {
            let asked = check.asks_about(kind);
            if asked && kind == ProblemKind::Brace {
                found.texts.clear();
            }
            if asked || kind != ProblemKind::Wildcard {
                self.complain(if asked { Class::IncludeFailure } else { Class::Notice }, text);
            }
        }
        found.texts.retain(|text| {
            let fine = !open.contains(&text.identity) && open.len() < MAX_INCLUDES;
            if !fine {
                let span = Some(self.last.clone());
                let text = match open.contains(&text.identity) {
                    true => format!("Configuration file '{}' includes itself - skipping", text.name),
                    false => format!("Configuration file '{}' is included too deeply - skipping", text.name),
                };
                self.diagnostics.push(Diagnostic::new(Class::General, span, text));
            }
            fine
        });
        self.open_files(found.texts, Some(self.last.clone()));
    }

    /// Opens the first of the files that a pattern matched; each of the others follows at the end of the one before.
    fn open_files(&mut self, mut texts: Vec<Text>, by: Option<Span>) {
        texts.reverse();
        self.open_next(texts, by);
    }

    fn open_next(&mut self, mut waiting: Vec<Text>, by: Option<Span>) {
        let Some(text) = waiting.pop() else { return };
        let (name, bytes) = (FileName::from(text.name), Arc::new(text.bytes));
        if let Some(trace) = &mut self.trace {
            trace.open(&name, &bytes, by.clone());
        }
        let again = !self.opened.insert(text.identity.clone());
        if again {
            self.added += AGAIN;
        }
        self.push(Input::File(File {
            name,
            directory: text.directory,
            identity: text.identity,
            bytes,
            at: 0,
            line: 0,
            outer_check: self.include_check,
            again,
            waiting,
            by,
        }));
    }
}

impl File {
    /// The next line that has something to say, its comment and outer blanks removed; an empty line is delivered as such, since
    /// it ends a multi-line definition.
    fn next_line(&mut self, options: &Options, diagnostics: &mut Told) -> Option<Line> {
        loop {
            let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
            // Looking further would make a file of one line cost the square of its length.
            let window = &rest[..rest.len().min(MAX_LINE + 1)];
            let newline = memchr::memchr(b'\n', window);
            let available = newline.unwrap_or(window.len());
            let too_long = available > MAX_LINE;
            let taken = if too_long { MAX_LINE + 1 } else { newline.map_or(available, |at| at + 1) };
            let text = &rest[..available.min(taken)];
            // The chunks of an overlong line share its number.
            if self.at == 0 || self.bytes.get(self.at - 1) == Some(&b'\n') {
                self.line += 1;
            }
            self.at += taken;
            let span = Span::new(self.name.clone(), self.line);
            let mut complain =
                |class, text: String| diagnostics.push(Diagnostic::new(class, Some(span.clone()), text));
            if too_long {
                complain(Class::General, "line too long - ignoring".to_owned());
                continue;
            }
            if memchr::memchr(0, text).is_some() {
                let text = "configuration appears to have embedded NULs - ignoring line".to_owned();
                complain(Class::General, text);
                continue;
            }
            let text = String::from_utf8_lossy(text);
            let stripped = lex::strip(text.trim_end_matches(['\r', '\n']));
            if stripped.escaped_start {
                complain(
                    Class::General,
                    format!(
                        "Line starts with an escaped comment character '{}' - ignoring",
                        options.quotable(&stripped.text)
                    ),
                );
                continue;
            }
            if stripped.unterminated {
                let text = options.quotable(&stripped.text);
                complain(Class::General, format!("Unterminated quote '{text}'"));
            }
            return Some(Line { text: stripped.text, span, literal: false, via: None });
        }
    }
}

impl IncludeCheck {
    /// These checks and those of the statement's variant.
    fn with(self, kind: IncludeKind) -> Self {
        let all = kind == IncludeKind::All;
        Self {
            read: self.read || kind != IncludeKind::Plain,
            matches: self.matches || all || matches!(kind, IncludeKind::Match | IncludeKind::Wildcard),
            wildcard: self.wildcard || all || kind == IncludeKind::Wildcard,
            brace: self.brace || all || kind == IncludeKind::Brace,
        }
    }

    fn asks_about(self, problem: ProblemKind) -> bool {
        match problem {
            ProblemKind::Read | ProblemKind::Open => self.read,
            ProblemKind::Match => self.matches,
            ProblemKind::Wildcard => self.wildcard,
            ProblemKind::Brace => self.brace,
        }
    }
}
