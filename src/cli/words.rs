//! Splits a command line as `getopt_long` does: clusters, attached words, unambiguous prefixes of long names, `--`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// Whether an option takes a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A flag.
    Nothing,
    /// The next word, or what is attached.
    Word(&'static str),
    /// Only what is attached: `-tFILE`, `--config-test=FILE`.
    Attached(&'static str),
}

/// One option of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<Id> {
    pub(crate) id: Id,
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    pub(crate) takes: Takes,
    pub(crate) help: &'static str,
}

/// What one step over the command line found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Word<Id> {
    /// A known option with its argument.
    Option(Id, Option<OsString>),
    /// An unknown or ambiguous option, as it was written.
    Unknown(String),
    /// A known option without the word it needs.
    MissingParameter(String),
    /// A word that belongs to no option.
    Stray(OsString),
}

/// Walks over the arguments that follow the program's name.
pub(crate) struct Words<Id: 'static, I> {
    table: &'static [Row<Id>],
    rest: I,
    cluster: Vec<u8>,
    only_strays: bool,
}

impl<Id: Copy, I: Iterator<Item = OsString>> Words<Id, I> {
    pub(crate) fn new(table: &'static [Row<Id>], arguments: I) -> Self {
        Self { table, rest: arguments, cluster: Vec::new(), only_strays: false }
    }

    /// What was not walked over yet, for another table.
    pub(crate) fn into_rest(self) -> impl Iterator<Item = OsString> {
        let cluster = (!self.cluster.is_empty()).then(|| [b"-", self.cluster.as_slice()].concat());
        cluster.map(OsString::from_vec).into_iter().chain(self.rest)
    }

    fn argument(&mut self, row: &Row<Id>, written: String, attached: Option<OsString>) -> Word<Id> {
        match (row.takes, attached) {
            (Takes::Nothing, _) => Word::Option(row.id, None),
            (Takes::Attached(_), word) => Word::Option(row.id, word),
            (Takes::Word(_), Some(word)) => Word::Option(row.id, Some(word)),
            (Takes::Word(_), None) => match self.rest.next() {
                Some(word) => Word::Option(row.id, Some(word)),
                None => Word::MissingParameter(written),
            },
        }
    }

    fn long(&mut self, body: &[u8]) -> Word<Id> {
        let equals = body.iter().position(|byte| *byte == b'=');
        let name = String::from_utf8_lossy(&body[..equals.unwrap_or(body.len())]).into_owned();
        let attached = equals.map(|at| OsString::from_vec(body[at + 1..].to_vec()));
        let written = format!("--{name}");
        let unknown = || Word::Unknown(format!("--{}", String::from_utf8_lossy(body)));
        let exact = self.table.iter().find(|row| row.long == name);
        let mut prefixed = self.table.iter().filter(|row| row.long.starts_with(&name));
        let found = exact.or_else(|| match (prefixed.next(), prefixed.next()) {
            (Some(row), None) => Some(row),
            (Some(_), Some(_)) | (None, _) => None,
        });
        match found {
            // An empty value counts as missing.
            Some(row) if attached.as_deref().is_some_and(OsStr::is_empty) => match row.takes {
                Takes::Word(_) => Word::MissingParameter(written),
                Takes::Attached(_) => Word::Option(row.id, None),
                Takes::Nothing => unknown(),
            },
            Some(row) if row.takes == Takes::Nothing && attached.is_some() => unknown(),
            Some(row) => self.argument(row, written, attached),
            None => unknown(),
        }
    }

    fn short(&mut self) -> Word<Id> {
        let letter = char::from(self.cluster.remove(0));
        let written = format!("-{letter}");
        let Some(row) = self.table.iter().find(|row| row.short == Some(letter)) else {
            return Word::Unknown(written);
        };
        if row.takes == Takes::Nothing || self.cluster.is_empty() {
            return self.argument(row, written, None);
        }
        let attached = OsString::from_vec(std::mem::take(&mut self.cluster));
        self.argument(row, written, Some(attached))
    }
}

impl<Id: Copy, I: Iterator<Item = OsString>> Iterator for Words<Id, I> {
    type Item = Word<Id>;

    fn next(&mut self) -> Option<Word<Id>> {
        if !self.cluster.is_empty() {
            return Some(self.short());
        }
        let word = self.rest.next()?;
        if self.only_strays {
            return Some(Word::Stray(word));
        }
        match word.as_bytes() {
            b"--" => {
                self.only_strays = true;
                self.next()
            }
            [b'-', b'-', body @ ..] => {
                let body = body.to_vec();
                Some(self.long(&body))
            }
            [b'-', cluster @ ..] if !cluster.is_empty() => {
                self.cluster = cluster.to_vec();
                Some(self.short())
            }
            _ => Some(Word::Stray(word)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Id, OPTIONS};
    use super::*;

    type Word = super::Word<Id>;

    fn words(line: &[&str]) -> Vec<Word> {
        Words::new(OPTIONS, line.iter().map(OsString::from)).collect()
    }

    fn flag(id: Id) -> Word {
        Word::Option(id, None)
    }

    fn with(id: Id, word: &str) -> Word {
        Word::Option(id, Some(word.into()))
    }

    #[test]
    fn short_flags_cluster_and_the_last_may_take_the_rest() {
        assert_eq!(words(&["-nlD"]), [flag(Id::DontFork), flag(Id::LogConsole), flag(Id::LogDetail)]);
        assert_eq!(words(&["-nf/x"]), [flag(Id::DontFork), with(Id::UseFile, "/x")]);
        assert_eq!(words(&["-nf", "/x"]), [flag(Id::DontFork), with(Id::UseFile, "/x")]);
    }

    #[test]
    fn a_long_name_may_be_shortened_while_it_stays_clear() {
        assert_eq!(words(&["--vers"]), [flag(Id::Version)]);
        assert_eq!(words(&["--pid=/p"]), [with(Id::Pid, "/p")]);
        assert_eq!(words(&["--vrrp"]), [flag(Id::Vrrp)], "an exact name wins over a longer one");
        assert_eq!(words(&["--dont"]), [Word::Unknown("--dont".into())]);
        assert_eq!(words(&["--nosuch"]), [Word::Unknown("--nosuch".into())]);
        assert_eq!(words(&["--nosuch=3"]), [Word::Unknown("--nosuch=3".into())]);
        assert_eq!(words(&["--vrrp=3", "--vrrp="]), ["--vrrp=3", "--vrrp="].map(|w| Word::Unknown(w.into())));
    }

    #[test]
    fn an_optional_word_must_be_attached() {
        assert_eq!(words(&["-t", "x"]), [flag(Id::ConfigTest), Word::Stray("x".into())]);
        assert_eq!(words(&["-t/file"]), [with(Id::ConfigTest, "/file")]);
        assert_eq!(words(&["-t=/file"]), [with(Id::ConfigTest, "=/file")]);
        assert_eq!(words(&["--config-test=/file"]), [with(Id::ConfigTest, "/file")]);
    }

    #[test]
    fn a_missing_word_names_its_option() {
        assert_eq!(words(&["-f"]), [Word::MissingParameter("-f".into())]);
        assert_eq!(words(&["--use-file"]), [Word::MissingParameter("--use-file".into())]);
        assert_eq!(words(&["--use-file="]), [Word::MissingParameter("--use-file".into())]);
        assert_eq!(words(&["-f", ""]), [with(Id::UseFile, "")]);
    }

    #[test]
    fn after_two_dashes_everything_is_stray() {
        assert_eq!(
            words(&["a", "--", "-n", "--"]),
            [Word::Stray("a".into()), Word::Stray("-n".into()), Word::Stray("--".into())]
        );
    }

    #[test]
    fn what_follows_an_option_can_be_handed_on_within_a_cluster_too() {
        let rest = |line: &[&str]| {
            let mut words = Words::new(OPTIONS, line.iter().map(OsString::from));
            words.next();
            words.into_rest().collect::<Vec<_>>()
        };
        assert_eq!(rest(&["-Tv", "-s", "::1"]), ["-v", "-s", "::1"]);
        assert_eq!(rest(&["-T", "-s", "::1"]), ["-s", "::1"]);
    }
}
