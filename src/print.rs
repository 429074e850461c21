//! `keepalived config print`: the configuration as it is understood, in its own language.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use parser::diag::Class;
use parser::print::{Secrets, print};

use crate::cli::words::{Row, Takes, Word, Words};
use crate::cli::{self, Options, usage};
use crate::exit::Exit;
use crate::load::{self, Reading};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    UseFile,
    AllConfig,
    ConfigId,
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
    row(Choice::UseFile, Some('f'), "use-file", Takes::Word("FILE"), "Read this file"),
    row(
        Choice::AllConfig,
        Some('e'),
        "all-config",
        Takes::Nothing,
        "Error if any configuration file is missing",
    ),
    row(Choice::ConfigId, Some('i'), "config-id", Takes::Word("ID"), "Read what @ID lines make of it"),
    row(
        Choice::ShowSecrets,
        None,
        "show-secrets",
        Takes::Nothing,
        "Write passwords and keys instead of stars",
    ),
    row(Choice::Help, Some('h'), "help", Takes::Nothing, "Display this help message"),
];

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    Print(Box<Options>, Secrets),
    Help(String),
}

/// Reads the words behind `config print`. The error is what to say about them.
fn request(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> Result<Request, String> {
    let help = || usage::text("keepalived config print", OPTIONS);
    let mut options = Options::default();
    let mut secrets = Secrets::Masked;
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
        match id {
            Choice::UseFile => options.file = PathBuf::from(argument),
            Choice::AllConfig => options.all_config = true,
            Choice::ConfigId => options.config_id = Some(argument.to_string_lossy().into_owned()),
            Choice::ShowSecrets => secrets = Secrets::Shown,
            Choice::Help => return Ok(Request::Help(help())),
        }
    }
    options.file = cli::configuration_file(&options.file, cwd);
    Ok(Request::Print(Box::new(options), secrets))
}

/// Writes the configuration to standard output and what is wrong with it to standard error. It ends well if the daemon
/// would run with the files as they are, else as the daemon would end.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> u8 {
    let (text, code) = match request(words, cwd) {
        Ok(Request::Help(text)) => (text, Exit::Ok.code()),
        Ok(Request::Print(options, secrets)) => {
            let findings = load::read(&options, Reading::ToRun);
            let text = print(findings.config(), secrets);
            let (diagnostics, _) = findings.into_told();
            for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.class != Class::Log) {
                eprintln!("{diagnostic}");
            }
            (text, parser::diag::refusal(&diagnostics).unwrap_or(Exit::Ok.code()))
        }
        Err(refusal) => {
            eprint!("{refusal}");
            return Exit::Fatal.code();
        }
    };
    // Whoever closes the output has seen enough.
    let _seen_enough = io::stdout().lock().write_all(text.as_bytes());
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &[&str]) -> Result<Request, String> {
        request(line.iter().map(OsString::from), Path::new("/srv"))
    }

    #[test]
    fn options_that_select_a_configuration_are_the_daemon_s() {
        let Ok(Request::Print(options, secrets)) = ask(&["-f", "k.conf", "-i", "left", "-e"]) else {
            panic!("it is understood")
        };
        assert_eq!(options.file, Path::new("/srv/k.conf"));
        assert_eq!((options.config_id.as_deref(), options.all_config), (Some("left"), true));
        assert_eq!(secrets, Secrets::Masked);
    }

    #[test]
    fn secrets_are_written_only_when_asked_for() {
        let shown = ask(&["k.conf", "--show-secrets"]);
        assert!(matches!(shown, Ok(Request::Print(_, Secrets::Shown))));
    }

    #[test]
    fn a_second_file_is_refused() {
        assert_eq!(ask(&["a", "b"]), Err("Unexpected argument b\n".to_owned()));
    }
}
