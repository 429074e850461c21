//! The command line of `keepalived config check`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cli::words::{Row, Takes, Word, Words};
use crate::cli::{self, Options};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    UseFile,
    AllConfig,
    ConfigId,
    Namespace,
    Json,
    Lint,
    Colour,
    ShowSecrets,
    Help,
}

const fn row(
    id: Choice,
    short: Option<char>,
    long: &'static str,
    takes: Takes,
    help: &'static str,
) -> Row<Choice> {
    Row { id, short, long, takes, help }
}

const OPTIONS: &[Row<Choice>] = &[
    row(Choice::UseFile, Some('f'), "use-file", Takes::Word("FILE"), "Check this file"),
    row(
        Choice::AllConfig,
        Some('e'),
        "all-config",
        Takes::Nothing,
        "Error if any configuration file is missing",
    ),
    row(Choice::ConfigId, Some('i'), "config-id", Takes::Word("ID"), "Check what @ID lines make of it"),
    row(
        Choice::Namespace,
        Some('s'),
        "namespace",
        Takes::Word("NAME"),
        "Look for interfaces in this network namespace",
    ),
    row(Choice::Json, None, "json", Takes::Nothing, "Write JSON to standard output"),
    row(Choice::Lint, None, "lint", Takes::Nothing, "Also tell what is legal but cannot work"),
    row(Choice::Colour, None, "color", Takes::Word("WHEN"), "always, never, or auto"),
    row(
        Choice::ShowSecrets,
        None,
        "show-secrets",
        Takes::Nothing,
        "Show passwords and keys instead of stars",
    ),
    row(Choice::Help, Some('h'), "help", Takes::Nothing, "Display this text"),
];

/// In which form the report is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With colours, or without, or as the terminal likes it.
    Terminal {
        colour: Option<bool>,
    },
    Json,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Check(Box<Check>),
    Help(String),
}

/// A check to be made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) options: Options,
    pub(super) lint: bool,
    /// Passwords and keys are shown instead of stars.
    pub(super) show_secrets: bool,
    pub(super) form: Form,
}

/// Reads the words behind `config check`. The error is what to say about them.
pub(super) fn read(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> Result<Request, String> {
    let mut options = Options::default();
    let (mut lint, mut json, mut colour, mut show_secrets) = (false, false, None, false);
    for word in Words::new(OPTIONS, words.into_iter()) {
        let (id, argument) = match word {
            Word::Option(id, argument) => (id, argument.unwrap_or_default()),
            Word::Unknown(option) => return Err(format!("Unknown option {option}\n{}", help())),
            Word::MissingParameter(option) => return Err(format!("Missing parameter for option {option}\n")),
            Word::Stray(file) if options.file.as_os_str().is_empty() => {
                options.file = PathBuf::from(file);
                continue;
            }
            Word::Stray(word) => return Err(format!("Unexpected argument {}\n", word.to_string_lossy())),
        };
        let text = || argument.to_string_lossy().into_owned();
        match id {
            Choice::UseFile => options.file = PathBuf::from(argument),
            Choice::AllConfig => options.all_config = true,
            Choice::ConfigId => options.config_id = Some(text()),
            Choice::Namespace => options.namespace = Some(text()),
            Choice::Json => json = true,
            Choice::Lint => lint = true,
            Choice::ShowSecrets => show_secrets = true,
            Choice::Colour => {
                colour = match text().as_str() {
                    "always" => Some(true),
                    "never" => Some(false),
                    "auto" => None,
                    other => return Err(format!("--color takes always, never or auto, not '{other}'\n")),
                }
            }
            Choice::Help => return Ok(Request::Help(help())),
        }
    }
    options.file = cli::configuration_file(&options.file, cwd);
    let form = if json { Form::Json } else { Form::Terminal { colour } };
    Ok(Request::Check(Box::new(Check { options, lint, show_secrets, form })))
}

fn help() -> String {
    let usage = String::from("Usage: keepalived config check [OPTION]... [FILE]\n");
    OPTIONS.iter().fold(usage, |text, row| {
        let short = row.short.map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
        let takes = match row.takes {
            Takes::Nothing => String::new(),
            Takes::Word(name) | Takes::Attached(name) => format!("={name}"),
        };
        text + &format!("  {short}{:<22} {}\n", format!("--{}{takes}", row.long), row.help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &[&str]) -> Result<Request, String> {
        read(line.iter().map(OsString::from), Path::new("/srv"))
    }

    fn check(line: &[&str]) -> Check {
        match ask(line).expect("the line is understood") {
            Request::Check(check) => *check,
            Request::Help(text) => panic!("help: {text}"),
        }
    }

    #[test]
    fn a_file_may_be_named_with_and_without_its_option() {
        for line in [&["k.conf", "--json", "--lint"][..], &["-f", "k.conf", "--lint", "--json"]] {
            let check = check(line);
            assert_eq!(check.options.file, Path::new("/srv/k.conf"));
            assert!(check.lint);
            assert_eq!(check.form, Form::Json);
        }
        assert_eq!(ask(&["a", "b"]), Err("Unexpected argument b\n".to_owned()));
    }

    #[test]
    fn colours_are_the_terminal_s_affair_unless_somebody_says_so() {
        assert_eq!(check(&[]).form, Form::Terminal { colour: None });
        assert_eq!(check(&["--color", "always"]).form, Form::Terminal { colour: Some(true) });
        assert_eq!(check(&["--color=never"]).form, Form::Terminal { colour: Some(false) });
        assert!(ask(&["--color=blue"]).is_err());
    }

    #[test]
    fn an_unknown_option_is_answered_with_the_help_text() {
        let said = ask(&["--nosuch"]).expect_err("there is no such option");
        assert!(said.starts_with("Unknown option --nosuch\nUsage: keepalived config check"), "{said}");
    }
}
