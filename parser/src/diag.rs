//! What is wrong with the user's files: data first, text for the log second.

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
}

impl Diagnostic {
    /// A message of the class's usual severity.
    pub fn new(class: Class, span: Option<Span>, text: impl Into<String>) -> Self {
        Self { class, severity: class.severity(), span, text: text.into() }
    }

    /// The same message, but the daemon does not run with it.
    #[must_use]
    pub fn fatal(mut self) -> Self {
        self.severity = Severity::Fatal;
        self
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

impl Class {
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
