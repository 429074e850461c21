//! The words behind a sub-command: the options that all of them share, each one's own, and the help text of both.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::words::{Row, Takes, Word, Words};
use super::{Options, configuration_file, usage};
use crate::exit::Exit;

/// An option of a sub-command: one that selects a configuration or a daemon as the daemon's own of the same name does, or
/// one that only this sub-command has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice<Own> {
    /// `--use-file`
    UseFile,
    /// `--pid`
    Pid,
    /// `--all-config`
    AllConfig,
    /// `--config-id`
    ConfigId,
    /// `--namespace`
    Namespace,
    /// `--help`
    Help,
    /// Its own.
    Own(Own),
}

/// What a sub-command takes.
pub(crate) struct Subcommand<Own: 'static> {
    /// Above the options in the help text: how it is called, and what for.
    pub(crate) head: &'static str,
    /// Its options.
    pub(crate) options: &'static [Row<Choice<Own>>],
    /// Below them.
    pub(crate) tail: &'static str,
}

/// What was said to a sub-command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said<Own> {
    /// The shared options. The file is not among them yet: see [`Said::one_file`].
    pub(crate) options: Options,
    /// Its own options in their order, each with its word or an empty one.
    pub(crate) own: Vec<(Own, String)>,
    /// `--use-file`
    pub(crate) named: Option<PathBuf>,
    /// The words that belong to no option.
    pub(crate) words: Vec<OsString>,
}

/// The row of `--use-file`.
pub(crate) const fn use_file<Own>(help: &'static str) -> Row<Choice<Own>> {
    Row { id: Choice::UseFile, short: Some('f'), long: "use-file", takes: Takes::Word("FILE"), help }
}

/// The row of `--pid`.
pub(crate) const fn pid<Own>() -> Row<Choice<Own>> {
    let help = "Pid file of the daemon";
    Row { id: Choice::Pid, short: Some('p'), long: "pid", takes: Takes::Word("FILE"), help }
}

/// The row of `--all-config`.
pub(crate) const fn all_config<Own>() -> Row<Choice<Own>> {
    let help = "Error if any configuration file is missing";
    Row { id: Choice::AllConfig, short: Some('e'), long: "all-config", takes: Takes::Nothing, help }
}

/// The row of `--config-id`.
pub(crate) const fn config_id<Own>() -> Row<Choice<Own>> {
    let help = "What @ID lines are read for";
    Row { id: Choice::ConfigId, short: Some('i'), long: "config-id", takes: Takes::Word("ID"), help }
}

/// The row of `--namespace`.
pub(crate) const fn namespace<Own>(help: &'static str) -> Row<Choice<Own>> {
    Row { id: Choice::Namespace, short: Some('s'), long: "namespace", takes: Takes::Word("NAME"), help }
}

/// The row of `--help`.
pub(crate) const fn help<Own>() -> Row<Choice<Own>> {
    let help = "Display this text";
    Row { id: Choice::Help, short: Some('h'), long: "help", takes: Takes::Nothing, help }
}

/// The row of an option of its own.
pub(crate) const fn own<Own: Copy>(
    id: Own,
    short: Option<char>,
    long: &'static str,
    takes: Takes,
    help: &'static str,
) -> Row<Choice<Own>> {
    Row { id: Choice::Own(id), short, long, takes, help }
}

impl<Own: Copy> Subcommand<Own> {
    /// Reads the words; nothing if the help text is wanted. The error is a line that says what is wrong with them.
    pub(crate) fn read(
        &self,
        words: impl IntoIterator<Item = OsString>,
    ) -> Result<Option<Said<Own>>, String> {
        let mut said = Said { options: Options::default(), own: Vec::new(), named: None, words: Vec::new() };
        for word in Words::new(self.options, words.into_iter()) {
            let (choice, argument) = match word {
                Word::Option(choice, argument) => (choice, argument.unwrap_or_default()),
                Word::Unknown(option) => return Err(format!("Unknown option {option}\n")),
                Word::MissingParameter(option) => {
                    return Err(format!("Missing parameter for option {option}\n"));
                }
                Word::Stray(word) => {
                    said.words.push(word);
                    continue;
                }
            };
            let text = || argument.to_string_lossy().into_owned();
            match choice {
                Choice::UseFile => said.named = Some(argument.into()),
                Choice::Pid => said.options.pid_file = Some(argument.into()),
                Choice::AllConfig => said.options.all_config = true,
                Choice::ConfigId => said.options.config_id = Some(text()),
                Choice::Namespace => said.options.namespace = Some(text()),
                Choice::Help => return Ok(None),
                Choice::Own(own) => said.own.push((own, text())),
            }
        }
        Ok(Some(said))
    }

    /// Reads the words and has them made into a call. Where there is none, because only the help text was wanted or the
    /// words mean nothing, it is printed and the exit code is the error: `refused` in the latter case.
    pub(crate) fn call<C>(
        &self,
        words: impl IntoIterator<Item = OsString>,
        refused: u8,
        meaning: impl FnOnce(Said<Own>) -> Result<C, String>,
    ) -> Result<C, u8> {
        match self.read(words).and_then(|said| said.map(meaning).transpose()) {
            Ok(Some(call)) => Ok(call),
            Ok(None) => {
                // Whoever closes the output has seen enough.
                let _seen_enough = io::stdout().lock().write_all(self.help().as_bytes());
                Err(Exit::Ok.code())
            }
            Err(refusal) => {
                eprint!("{refusal}{}", self.help());
                Err(refused)
            }
        }
    }

    fn help(&self) -> String {
        format!("{}\n{}{}", self.head, usage::rows(self.options), self.tail)
    }
}

impl<Own> Said<Own> {
    /// The options with the configuration file: what `--use-file` names, else the only word, else the usual place.
    pub(crate) fn one_file(mut self, cwd: &Path) -> Result<(Options, Vec<(Own, String)>), String> {
        let mut words = self.words.into_iter();
        let file = self.named.or_else(|| words.next().map(PathBuf::from));
        no_more(words)?;
        self.options.file = configuration_file(&file.unwrap_or_default(), cwd);
        Ok((self.options, self.own))
    }
}

/// Refuses words that nobody has a use for.
pub(crate) fn no_more(mut words: impl Iterator<Item = OsString>) -> Result<(), String> {
    words.next().map_or(Ok(()), |word| Err(format!("Unexpected argument {}\n", word.to_string_lossy())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Own {
        Loud,
        Colour,
    }

    const TEST: Subcommand<Own> = Subcommand {
        head: "Usage: test [OPTION]... [FILE]\n",
        options: &[
            use_file("Read this file"),
            pid(),
            all_config(),
            config_id(),
            namespace("Where"),
            own(Own::Loud, Some('l'), "loud", Takes::Nothing, "Be loud"),
            own(Own::Colour, None, "color", Takes::Word("WHEN"), "When"),
            help(),
        ],
        tail: "\nThe end.\n",
    };

    fn ask(line: &[&str]) -> Result<Option<Said<Own>>, String> {
        TEST.read(line.iter().map(OsString::from))
    }

    #[test]
    fn shared_options_are_the_daemon_s_and_own_ones_keep_their_order() {
        let line = ["-l", "-p", "/p", "-ei", "left", "--color=never", "-s", "blue", "-l", "word"];
        let said = ask(&line).expect("read").expect("a call");
        let options = &said.options;
        assert_eq!(options.pid_file.as_deref(), Some(Path::new("/p")));
        assert_eq!((options.all_config, options.config_id.as_deref()), (true, Some("left")));
        assert_eq!(options.namespace.as_deref(), Some("blue"));
        let own = [(Own::Loud, ""), (Own::Colour, "never"), (Own::Loud, "")];
        assert_eq!(said.own, own.map(|(own, word)| (own, word.to_owned())));
        assert_eq!(said.words, ["word"]);
    }

    #[test]
    fn a_file_may_be_named_with_and_without_its_option_but_once() {
        let file = |line: &[&str]| {
            let said = ask(line).expect("read").expect("a call");
            said.one_file(Path::new("/srv")).map(|(options, _)| options.file)
        };
        for line in [&["k.conf"][..], &["-f", "k.conf"], &["-f", "other", "--use-file=k.conf"]] {
            assert_eq!(file(line), Ok("/srv/k.conf".into()));
        }
        assert_eq!(file(&["a", "b"]), Err("Unexpected argument b\n".into()));
        assert_eq!(file(&["-f", "a", "b"]), Err("Unexpected argument b\n".into()));
    }

    #[test]
    fn what_cannot_be_read_is_named_and_help_ends_the_reading() {
        assert_eq!(ask(&["--nosuch"]), Err("Unknown option --nosuch\n".into()));
        assert_eq!(ask(&["-f"]), Err("Missing parameter for option -f\n".into()));
        assert_eq!(ask(&["-h", "--nosuch"]), Ok(None));
        let refused = TEST.call(["-l"].map(OsString::from), 7, |_| Err::<(), _>("no\n".to_owned()));
        assert_eq!(refused, Err(7));
    }

    #[test]
    fn the_help_text_has_every_option_between_head_and_tail() {
        let help = TEST.help();
        assert!(help.starts_with("Usage: test [OPTION]... [FILE]\n\n  -f, --use-file=FILE"), "{help}");
        assert!(help.ends_with("Display this text\n\nThe end.\n"), "{help}");
        assert_eq!(help.lines().filter(|line| line.starts_with("  ")).count(), TEST.options.len());
    }
}
