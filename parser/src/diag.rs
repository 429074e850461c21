//! What is wrong with the user's files: data first, text for the log second.

use std::collections::BTreeSet;
use std::fmt;

use crate::config::Span;

/// The original's classes of messages, in the order of its ranking: the highest one seen decides how a configuration test ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A line for the log only; a configuration test does not show it.
    Log,
    /// An include that failed without any check asking for success.
    Notice,
    /// The main file cannot be read.
    FileNotFound,
    /// An interface does not exist.
    BadInterface,
    /// Something else without which the daemon will not run.
    Fatal,
    /// The name of the main file matches several.
    MultipleFiles,
    /// A word that is no keyword here.
    UnknownKeyword,
    /// A `{` that opens nothing.
    UnexpectedOpen,
    /// A block without its `{`.
    MissingOpen,
    /// A `}` that closes nothing.
    UnexpectedClose,
    /// A block without its `}`.
    MissingClose,
    /// A quote that is not closed.
    UnmatchedQuote,
    /// A keyword without its compulsory value.
    MissingParameter,
    /// A number that is none, or out of range.
    InvalidNumber,
    /// Any other mistake.
    General,
    /// Unwise, but taken as it is.
    Warning,
    /// An old way to say it.
    Deprecated,
    /// Scripts or keys that others may change or read.
    Security,
    /// An include failed whose check asked for success.
    IncludeFailure,
}

/// What a message means for the running of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Taken as it is, though an old or unwise way to say it.
    Warning,
    /// Ignored, clamped or replaced by a default; the rest runs.
    Error,
    /// The daemon does not run with this.
    Fatal,
}

/// Which part of its statement a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// All of it.
    #[default]
    Line,
    /// A word, counted from 0.
    Word(usize),
    /// What is missing behind it.
    End,
}

/// What becomes of what a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The statement has no effect.
    Ignored,
    /// The statement has no effect, and its keyword's default is in force.
    Default,
    /// The block has no effect.
    BlockIgnored,
    /// The rest of the line has no effect.
    RestIgnored,
    /// The content of the block counts for the block around it, which its `}` will end.
    Merged,
    /// A brace is assumed where it should be.
    Assumed,
    /// It is taken, perhaps after a correction that the message names.
    Taken,
    /// The daemon does not run with this.
    Refused,
}

/// One message about the user's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The original's class.
    pub class: Class,
    /// What it means for running.
    pub severity: Severity,
    /// The line it is about; none when it is about the whole.
    pub span: Option<Span>,
    /// The original's words, without the prefix.
    pub text: String,
    /// The words it is about.
    pub part: Part,
    /// What happens now, where the text does not say it.
    pub outcome: Option<Outcome>,
    /// What should stand there. Only when the reading is traced, like [`Diagnostic::help`].
    pub wanted: Option<String>,
    /// What the author probably meant.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A message of the class's usual severity.
    pub fn new(class: Class, span: Option<Span>, text: impl Into<String>) -> Self {
        Self {
            class,
            severity: class.severity(),
            span,
            text: text.into(),
            part: Part::Line,
            outcome: class.outcome(),
            wanted: None,
            help: None,
        }
    }

    /// The same message, but the daemon does not run with it.
    #[must_use]
    pub fn fatal(mut self) -> Self {
        self.severity = Severity::Fatal;
        self.outcome = Some(Outcome::Refused);
        self
    }
}

/// The messages said while reading. A file that is no configuration at all may have something wrong in every byte; beyond a
/// limit only the first message of each class is kept, so that the verdict stays the same.
#[derive(Debug, Default)]
pub(crate) struct Told {
    list: Vec<Diagnostic>,
    classes: BTreeSet<Class>,
}

impl Told {
    const LIMIT: usize = 100_000;

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        let new = self.classes.insert(diagnostic.class);
        if self.list.len() == Self::LIMIT {
            let text = format!("Too many messages, showing the first {}", Self::LIMIT);
            self.list.push(Diagnostic::new(Class::Notice, None, text));
        }
        if new || self.list.len() < Self::LIMIT {
            self.list.push(diagnostic);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The messages after the first so many.
    pub(crate) fn since(&mut self, count: usize) -> impl Iterator<Item = &mut Diagnostic> {
        self.list.iter_mut().skip(count)
    }

    pub(crate) fn into_vec(self) -> Vec<Diagnostic> {
        self.list
    }
}

impl fmt::Display for Diagnostic {
    /// The line as the original logs it: `(FILE: Line N) text`, or the text alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.span {
            Some(span) => write!(f, "{span} {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl Outcome {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::Default => "default",
            Self::BlockIgnored => "block-ignored",
            Self::RestIgnored => "rest-ignored",
            Self::Merged => "merged",
            Self::Assumed => "assumed",
            Self::Taken => "taken",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Outcome {
    /// A sentence without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ignored => "this has no effect",
            Self::Default => "this has no effect; the default is used",
            Self::BlockIgnored => "the whole block has no effect",
            Self::RestIgnored => "the rest of the line has no effect",
            Self::Merged => "what follows counts for the block around it, and the next `}` ends that",
            Self::Assumed => "it is read as if the brace were there",
            Self::Taken => "it is taken all the same",
            Self::Refused => "keepalived does not run with this",
        })
    }
}

impl Severity {
    /// Its name, for people and programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

impl Class {
    /// Its name for programs: the original's, in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Notice => "notice",
            Self::FileNotFound => "file-not-found",
            Self::BadInterface => "bad-interface",
            Self::Fatal => "fatal",
            Self::MultipleFiles => "multiple-files",
            Self::UnknownKeyword => "unknown-keyword",
            Self::UnexpectedOpen => "unexpected-open-brace",
            Self::MissingOpen => "missing-open-brace",
            Self::UnexpectedClose => "unexpected-close-brace",
            Self::MissingClose => "missing-close-brace",
            Self::UnmatchedQuote => "unmatched-quote",
            Self::MissingParameter => "missing-parameter",
            Self::InvalidNumber => "invalid-number",
            Self::General => "general",
            Self::Warning => "warning",
            Self::Deprecated => "deprecated",
            Self::Security => "security",
            Self::IncludeFailure => "include-failure",
        }
    }

    /// What usually becomes of the statement; none when that differs from message to message.
    fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Notice | Self::UnknownKeyword | Self::UnexpectedClose => Some(Outcome::Ignored),
            Self::UnexpectedOpen => Some(Outcome::Merged),
            Self::MissingOpen | Self::MissingClose => Some(Outcome::Assumed),
            Self::UnmatchedQuote => Some(Outcome::RestIgnored),
            Self::MultipleFiles | Self::Warning | Self::Deprecated => Some(Outcome::Taken),
            Self::FileNotFound
            | Self::BadInterface
            | Self::Fatal
            | Self::MissingParameter
            | Self::IncludeFailure => Some(Outcome::Refused),
            Self::Log | Self::InvalidNumber | Self::General | Self::Security => None,
        }
    }

    /// The usual severity of a message of this class.
    pub fn severity(self) -> Severity {
        match self {
            Self::Log | Self::Notice => Severity::Note,
            Self::Warning | Self::Deprecated | Self::MultipleFiles | Self::Security => Severity::Warning,
            Self::UnknownKeyword
            | Self::UnexpectedOpen
            | Self::MissingOpen
            | Self::UnexpectedClose
            | Self::MissingClose
            | Self::UnmatchedQuote
            | Self::InvalidNumber
            | Self::General => Severity::Error,
            Self::FileNotFound
            | Self::BadInterface
            | Self::Fatal
            | Self::MissingParameter
            | Self::IncludeFailure => Severity::Fatal,
        }
    }
}

/// The exit code of a configuration test: 0, 2 (a compulsory value is missing), 4, 5 or 6.
pub fn test_exit_code(diagnostics: &[Diagnostic]) -> u8 {
    let seen = |class| diagnostics.iter().any(|d| d.class == class);
    if seen(Class::IncludeFailure) {
        return 6;
    }
    if seen(Class::MissingParameter) {
        return 2;
    }
    match diagnostics.iter().map(|d| d.class).max() {
        None | Some(Class::Log | Class::Notice) => 0,
        Some(Class::FileNotFound | Class::BadInterface | Class::Fatal) => 4,
        Some(
            Class::MultipleFiles
            | Class::UnknownKeyword
            | Class::UnexpectedOpen
            | Class::MissingOpen
            | Class::UnexpectedClose
            | Class::MissingClose
            | Class::UnmatchedQuote
            | Class::MissingParameter
            | Class::InvalidNumber
            | Class::General
            | Class::Warning
            | Class::Deprecated,
        ) => 5,
        Some(Class::Security | Class::IncludeFailure) => 6,
    }
}

/// The exit code with which the daemon refuses to start: 6 when a file could not be read, 2 for any other fatal message.
pub fn refusal(diagnostics: &[Diagnostic]) -> Option<u8> {
    let fatal = |d: &&Diagnostic| d.severity == Severity::Fatal;
    let file = |d: &Diagnostic| matches!(d.class, Class::FileNotFound | Class::IncludeFailure);
    match diagnostics.iter().filter(fatal).any(file) {
        true => Some(6),
        false => diagnostics.iter().find(fatal).map(|_| 2),
    }
}
