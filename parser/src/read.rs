//! Statements to blocks: which keyword belongs where, and what happens to words and braces that belong nowhere.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;

use crate::config::{Family, Present, Scheduler, Span};
use crate::diag::{Class, Diagnostic, Outcome, Part};
use crate::keyword::{Args, Block, Row, Status, Table};
use crate::lex;
use crate::mask;
use crate::statement::{Statement, Statements, Token};
use crate::suggest;

/// Reads blocks from statements.
pub(crate) struct Reader<'s> {
    statements: Statements<'s>,
    /// Names of the blocks being read, the innermost last.
    names: Vec<Name>,
    pub(crate) known: Known,
    pub(crate) present: Present,
    /// The family of the instance being read, once an address told it.
    pub(crate) family: Option<Family>,
    /// The virtual server being read.
    pub(crate) server: ServerSoFar,
    /// The instance being read has a keyword that only unicast needs.
    pub(crate) unicast: bool,
    /// Keywords that were found to have no effect yet.
    without_effect: BTreeSet<&'static str>,
    /// The last statement that said a password or key.
    secret: Option<Secret>,
}

/// A statement that says a password or key, parts of which a brace or a line end may have cut off.
#[derive(Debug)]
struct Secret {
    span: Span,
    /// The value is still to come.
    unsaid: bool,
}

/// What messages call a block.
#[derive(Debug)]
struct Name {
    short: String,
    long: String,
}

/// What the lines of a virtual server said so far, for those that only make sense below others.
#[derive(Debug, Default)]
pub(crate) struct ServerSoFar {
    pub(crate) family: Option<Family>,
    pub(crate) scheduler: Option<Scheduler>,
    pub(crate) has_sorry_server: bool,
}

/// Names that may be referred to only below their definition.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) instances: HashSet<String>,
    pub(crate) sync_groups: Vec<String>,
    pub(crate) track_groups: Vec<String>,
    pub(crate) scripts: Vec<String>,
    pub(crate) files: Vec<String>,
    pub(crate) processes: Vec<String>,
    pub(crate) bfds: Vec<String>,
    /// Interfaces of garp groups.
    pub(crate) garp_interfaces: Vec<String>,
    /// How many garp groups there are.
    pub(crate) garp_groups: usize,
    /// How many rules of each family were given a preference.
    assigned: (u32, u32),
}

impl Known {
    /// The preference of the next rule that names none: 16384 and downwards.
    pub(crate) fn next_rule_preference(&mut self, family: Family) -> u32 {
        const FIRST: u32 = 16384;
        let count = match family {
            Family::V4 => &mut self.assigned.0,
            Family::V6 => &mut self.assigned.1,
        };
        let assigned = FIRST.saturating_sub(*count);
        *count = count.saturating_add(1);
        assigned
    }
}

impl<'s> Reader<'s> {
    pub(crate) fn new(statements: Statements<'s>) -> Self {
        Self {
            statements,
            names: Vec::new(),
            known: Known::default(),
            present: Present::default(),
            family: None,
            unicast: false,
            server: ServerSoFar::default(),
            without_effect: BTreeSet::new(),
            secret: None,
        }
    }

    pub(crate) fn statements(&mut self) -> &mut Statements<'s> {
        &mut self.statements
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.statements.diagnostics.into_vec()
    }

    pub(crate) fn name(&self) -> String {
        self.names.last().map(|name| name.short.clone()).unwrap_or_default()
    }

    /// The line last read.
    pub(crate) fn position(&self) -> Span {
        self.statements.position()
    }

    /// A message about the line last read.
    pub(crate) fn complain(&mut self, class: Class, text: impl Into<String>) {
        self.statements.complain(class, text);
    }

    /// A general mistake, told at the end of a block.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.complain(Class::General, text);
    }

    pub(crate) fn complain_at(&mut self, class: Class, span: &Span, text: impl Into<String>) {
        self.statements.diagnostics.push(Diagnostic::new(class, Some(span.clone()), text));
    }

    /// Remembers that a block was named, valid or not.
    pub(crate) fn present(&mut self, keyword: &str) {
        match keyword {
            "vrrp_instance" | "static_ipaddress" | "static_routes" | "static_rules" => {
                self.present.vrrp = true
            }
            "virtual_server" => self.present.checkers = true,
            "bfd_instance" => self.present.bfd = true,
            _ => {}
        }
    }

    /// Whether an address is of the instance's family; the first one decides it.
    pub(crate) fn joins_family(&mut self, addr: IpAddr) -> bool {
        *self.family.get_or_insert(Family::of(addr)) == Family::of(addr)
    }

    /// Whether a track group of this name was defined above; says so if not.
    pub(crate) fn known_track_group(&mut self, name: &str) -> bool {
        let known = self.known.track_groups.iter().any(|known| known == name);
        if !known {
            self.complain(Class::General, format!("track_group {name} not found"));
        }
        known
    }

    /// What messages about weights call the block being read.
    pub(crate) fn described(&self) -> String {
        self.names.last().map(|name| name.long.clone()).unwrap_or_default()
    }

    /// Whether a sync group is being read.
    pub(crate) fn in_sync_group(&self) -> bool {
        self.names
            .last()
            .is_some_and(|name| self.known.sync_groups.last() == Some(&name.short) && name.long != name.short)
    }

    /// Whether the line being read belongs to no instance.
    pub(crate) fn outside_instances(&self) -> bool {
        self.names.is_empty()
    }

    /// What messages call the server whose block is being read.
    pub(crate) fn server_kind(&self) -> &'static str {
        match self.names.len() {
            0 | 1 => "virtual server",
            _ => "real server",
        }
    }

    /// Reads everything outside of blocks.
    pub(crate) fn root<B: Table>(&mut self, root: &mut B) {
        while let Some(statement) = self.statements.next() {
            match statement.token {
                Token::Open => self.complain(Class::UnexpectedOpen, "Unexpected '{' - ignoring"),
                Token::Close => self.complain(Class::UnknownKeyword, "Unknown keyword '}'"),
                Token::Text(text) => self.statement(root, &text, statement.span),
            }
        }
        if self.statements.unclosed() > 0 {
            let text = format!("There are {} missing '}}'s or extra '{{'s", self.statements.unclosed());
            self.statements.diagnostics.push(Diagnostic::new(Class::MissingClose, None, text));
        }
    }

    /// Reads the body of a block up to its `}`; at the end of the input there is none.
    pub(crate) fn block<B: Block>(&mut self, block: &mut B) {
        self.names.push(Name { short: block.name(), long: block.described() });
        if !self.open_brace() {
            self.statements.next();
            return;
        }
        while let Some(statement) = self.statements.next() {
            match statement.token {
                Token::Open => self.complain(Class::UnexpectedOpen, "Unexpected '{' - ignoring"),
                Token::Close => break,
                Token::Text(text) => self.statement(block, &text, statement.span),
            }
        }
    }

    /// Gives a block of data lines a name for messages; ended by [`Reader::leave`].
    pub(crate) fn enter(&mut self, name: String) {
        self.names.push(Name { long: name.clone(), short: name });
    }

    /// Ends what [`Reader::block`] or [`Reader::enter`] began.
    pub(crate) fn leave(&mut self) {
        self.names.pop();
    }

    /// Takes the `{` of a block; false at the end of the input.
    fn open_brace(&mut self) -> bool {
        match self.statements.peek() {
            None => false,
            Some(Statement { token: Token::Open, .. }) => {
                self.statements.next();
                true
            }
            Some(Statement { token: Token::Close | Token::Text(_), span }) => {
                let span = span.clone();
                self.complain_at(
                    Class::MissingOpen,
                    &span,
                    "Missing '{' at beginning of configuration block",
                );
                true
            }
        }
    }

    fn statement<B: Table>(&mut self, block: &mut B, text: &str, span: Span) {
        let split = lex::words(text);
        let keyword = split.words.first().copied().unwrap_or_default();
        let row = B::row(keyword);
        let meant = row.is_some_and(|row| row.shell) && split.words.len() > 1;
        if split.unmatched && !meant {
            let quoted = self.statements.quotable(text);
            self.complain_at(Class::UnmatchedQuote, &span, format!("Unmatched quote: '{quoted}'"));
        }
        if split.words.is_empty() {
            return;
        }
        let Some(row) = row else {
            self.unknown_keyword(text, keyword, &span, B::rows);
            return;
        };
        self.secret = mask::is_secret_keyword(row.name)
            .then(|| Secret { span: span.clone(), unsaid: split.words.len() == 1 });
        if let Some(row) = Some(row).filter(|row| row.status == Status::ParsedOnly) {
            self.note_without_effect(row, &span);
        }
        block.take(&mut Args::of_keyword(self, text, split.words, span, row));
    }

    /// Complains about a word that is no keyword of the block with these rows.
    fn unknown_keyword(&mut self, text: &str, keyword: &str, span: &Span, rows: fn() -> Vec<&'static Row>) {
        if self.is_rest_of_secret(span) {
            let text = format!("Unknown keyword '{}'", mask::stars(keyword));
            self.complain_at(Class::UnknownKeyword, span, text);
            return;
        }
        self.secret =
            mask::is_secret(text).then(|| Secret { span: span.clone(), unsaid: mask::is_unsaid(text) });
        let text = format!("Unknown keyword '{keyword}'");
        let mut diagnostic = Diagnostic::new(Class::UnknownKeyword, Some(span.clone()), text);
        diagnostic.part = Part::Word(0);
        if self.statements.is_traced() {
            diagnostic.help = suggest::keyword(keyword, &rows());
        }
        self.statements.diagnostics.push(diagnostic);
    }

    /// A message about a statement without the passwords and keys that it says.
    pub(crate) fn without_secrets(&mut self, message: String, text: &str, span: &Span) -> String {
        if self.statements.options().show_secrets {
            return message;
        }
        if mask::is_secret(text) {
            self.secret = Some(Secret { span: span.clone(), unsaid: mask::is_unsaid(text) });
            return mask::without_secrets(message, text);
        }
        match self.is_rest_of_secret(span) {
            true => mask::without_words(&message, text),
            false => message,
        }
    }

    /// Whether a statement is what a brace cut off a password or key, or what was to follow on the line of its keyword.
    fn is_rest_of_secret(&mut self, span: &Span) -> bool {
        let shown = self.statements.options().show_secrets;
        let is_rest = self.secret.as_mut().filter(|_| !shown).is_some_and(|secret| {
            let same_line = secret.span.line == span.line && secret.span.file == span.file;
            same_line || std::mem::take(&mut secret.unsaid)
        });
        if is_rest {
            self.statements.hide(span);
        }
        is_rest
    }

    /// How many messages there are; see [`Reader::settle`].
    pub(crate) fn said_so_far(&self) -> usize {
        self.statements.diagnostics.len()
    }

    /// Notes what became of the statement about which messages were said, where they do not tell themselves.
    pub(crate) fn settle(&mut self, since: usize, outcome: Outcome) {
        for diagnostic in self.statements.diagnostics.since(since) {
            diagnostic.outcome.get_or_insert(outcome);
        }
    }

    /// Says once of each keyword that nothing asks for it yet. A test of the configuration does not show this: the
    /// configuration is right.
    fn note_without_effect(&mut self, row: &'static Row, span: &Span) {
        if self.without_effect.insert(row.name) {
            self.complain_at(Class::Log, span, format!("{} has no effect in this version", row.name));
        }
    }

    /// Reads a block of data lines up to its `}`; `row` is the keyword's, and `each` says whether it took the line.
    pub(crate) fn lines(
        &mut self,
        keyword: &str,
        row: Option<&'static Row>,
        mut each: impl FnMut(&mut Args<'_, 's>) -> bool,
    ) {
        match self.statements.peek() {
            None => {}
            Some(Statement { token: Token::Open, .. }) => {
                self.statements.next();
            }
            Some(Statement { token: Token::Close | Token::Text(_), .. }) => {
                self.complain(Class::Log, format!("'{{' missing from beginning of block {keyword}"));
            }
        }
        while let Some(statement) = self.statements.next() {
            let text = match statement.token {
                Token::Close => return,
                Token::Open => "{".to_owned(),
                Token::Text(text) => text,
            };
            let split = lex::words(&text);
            if split.unmatched {
                let quoted = self.statements.quotable(&text);
                self.complain_at(
                    Class::UnmatchedQuote,
                    &statement.span,
                    format!("Unmatched quote: '{quoted}'"),
                );
            }
            if !split.words.is_empty() {
                let since = self.said_so_far();
                let kept = each(&mut Args::of_line(self, &text, split.words, statement.span, row));
                self.settle(since, if kept { Outcome::Taken } else { Outcome::Ignored });
            }
        }
    }

    /// Passes over the body of a block that was refused. Without a `{` the rest of the input counts as its body.
    pub(crate) fn skip_block(&mut self, known: impl Fn(&str) -> bool) {
        match self.statements.peek() {
            Some(Statement { token: Token::Open, .. }) => self.skip_body(),
            Some(Statement { token: Token::Close | Token::Text(_), .. }) => {
                self.open_brace();
                self.skip_statements(known);
            }
            None => {}
        }
    }

    /// Passes over everything to the matching `}`, if a `{` comes next.
    pub(crate) fn skip_body(&mut self) {
        if !matches!(self.statements.peek(), Some(Statement { token: Token::Open, .. })) {
            return;
        }
        let mut depth = 0_u32;
        while let Some(statement) = self.statements.next() {
            match statement.token {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                Token::Text(_) => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_statements(&mut self, known: impl Fn(&str) -> bool) {
        while let Some(statement) = self.statements.next() {
            match statement.token {
                Token::Open => self.complain(Class::UnexpectedOpen, "Unexpected '{' - ignoring"),
                Token::Close => return,
                Token::Text(text) => {
                    let words = lex::words(&text).words;
                    let keyword = words.first().copied().unwrap_or_default();
                    if !known(keyword) {
                        let text = format!("Unknown keyword '{keyword}'");
                        self.complain_at(Class::UnknownKeyword, &statement.span, text);
                    }
                }
            }
        }
    }
}
