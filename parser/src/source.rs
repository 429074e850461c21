//! Where texts come from: the one question the reader asks of the world.

/// Everything the language needs from outside: files, the environment and dice.
pub trait Sources {
    /// The files that `pattern` names, sorted bytewise, each with its bytes; a relative pattern starts at `directory`.
    /// Problems are told, not decided: whether one is an error depends on the include checks in force.
    fn find(&mut self, pattern: &str, directory: &str) -> Found;

    /// The directory in which the name of the main file is looked up.
    fn directory(&self) -> String;

    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;

    /// A number for `${_RANDOM}`, evenly spread.
    fn random(&mut self) -> u32;
}

/// What a pattern names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The files, in the order in which they are read.
    pub texts: Vec<Text>,
    /// What went wrong.
    pub problems: Vec<Problem>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its name as the pattern matched it.
    pub name: String,
    /// The directory from which patterns in it start.
    pub directory: String,
    /// What makes it the same file under another name; guards against loops.
    pub identity: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Something wrong with a pattern or a file it matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which include check asks about it.
    pub kind: ProblemKind,
    /// The original's words.
    pub text: String,
}

/// The include check that a problem belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// `read`: a directory, an executable or irregular file, or no permission.
    Read,
    /// The main file or an included one exists but cannot be opened; checked like `Read`.
    Open,
    /// `match`: a plain name matches nothing.
    Match,
    /// `wildcard_match`: a wildcard matches nothing; not worth a word unless asked for.
    Wildcard,
    /// `brace_match`: a brace alternative matches nothing.
    Brace,
}
