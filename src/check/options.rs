//! The command line of `keepalived config check`.

use std::ffi::OsString;
use std::path::Path;

use crate::cli::Options;
use crate::cli::subcommand::{self, Said, Subcommand, own};
use crate::cli::words::Takes;
use crate::exit::Exit;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    Json,
    Lint,
    Peer,
    PeerId,
    Colour,
    ShowSecrets,
}

const COMMAND: Subcommand<Own> = Subcommand {
    head: "Usage: keepalived config check [OPTION]... [FILE]\n",
    options: &[
        subcommand::use_file("Check this file"),
        subcommand::all_config(),
        subcommand::config_id(),
        subcommand::namespace("Look for interfaces in this network namespace"),
        own(Own::Json, None, "json", Takes::Nothing, "Write JSON to standard output"),
        own(Own::Lint, None, "lint", Takes::Nothing, "Also tell what is legal but cannot work"),
        own(
            Own::Peer,
            None,
            "peer",
            Takes::Word("FILE"),
            "Also tell what does not fit this file of another router",
        ),
        own(Own::PeerId, None, "peer-id", Takes::Word("ID"), "What @ID lines of that file are read for"),
        own(Own::Colour, None, "color", Takes::Word("WHEN"), "always, never, or auto"),
        own(
            Own::ShowSecrets,
            None,
            "show-secrets",
            Takes::Nothing,
            "Show passwords and keys instead of stars",
        ),
        subcommand::help(),
    ],
    tail: "",
};

/// In which form the report is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With colours, or without, or as the terminal likes it.
    Terminal {
        colour: Option<bool>,
    },
    Json,
}

/// A check to be made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) options: Options,
    pub(super) lint: bool,
    /// How the file of another router is read.
    pub(super) peer: Option<Options>,
    /// Passwords and keys are shown instead of stars.
    pub(super) show_secrets: bool,
    pub(super) form: Form,
}

/// Reads the words behind `config check`. Where they ask for none, that has been said, and this is the exit code.
pub(super) fn read(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> Result<Check, u8> {
    COMMAND.call(words, Exit::Fatal.code(), |said| check(said, cwd))
}

fn check(said: Said<Own>, cwd: &Path) -> Result<Check, String> {
    let (mut lint, mut json, mut colour, mut show_secrets) = (false, false, None, false);
    let (options, own) = said.one_file(cwd)?;
    let (mut peer, mut peer_id) = (None, None);
    for (own, word) in own {
        match own {
            Own::Json => json = true,
            Own::Lint => lint = true,
            Own::ShowSecrets => show_secrets = true,
            Own::Peer => peer = Some(cwd.join(word)),
            Own::PeerId => peer_id = Some(word),
            Own::Colour => {
                colour = match word.as_str() {
                    "always" => Some(true),
                    "never" => Some(false),
                    "auto" => None,
                    other => return Err(format!("--color takes always, never or auto, not '{other}'\n")),
                }
            }
        }
    }
    let form = if json { Form::Json } else { Form::Terminal { colour } };
    let peer = match (peer, peer_id) {
        (Some(file), id) => {
            let config_id = id.or_else(|| options.config_id.clone());
            Some(Options { file, config_id, ..options.clone() })
        }
        (None, Some(_)) => return Err("--peer-id needs --peer\n".to_owned()),
        (None, None) => None,
    };
    Ok(Check { options, lint, peer, show_secrets, form })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &[&str]) -> Result<Check, u8> {
        read(line.iter().map(OsString::from), Path::new("/srv"))
    }

    fn check(line: &[&str]) -> Check {
        ask(line).expect("the line is understood")
    }

    #[test]
    fn options_select_a_file_a_form_and_what_is_told() {
        let check = check(&["k.conf", "--json", "--lint"]);
        assert_eq!(check.options.file, Path::new("/srv/k.conf"));
        assert!(check.lint && !check.show_secrets);
        assert_eq!(check.form, Form::Json);
    }

    #[test]
    fn another_router_s_file_is_read_for_its_own_id() {
        let ids = |check: &Check| {
            let peer = check.peer.as_ref().map(|peer| (peer.file.clone(), peer.config_id.clone()));
            (check.options.config_id.clone(), peer)
        };
        let left = || Some("left".to_owned());
        let both = check(&["k.conf", "-i", "left", "--peer=p.conf", "--peer-id=right"]);
        assert_eq!(ids(&both), (left(), Some(("/srv/p.conf".into(), Some("right".to_owned())))));
        let alike = check(&["k.conf", "-i", "left", "--peer=/p.conf"]);
        assert_eq!(ids(&alike), (left(), Some(("/p.conf".into(), left()))));
        assert_eq!(ask(&["--peer-id=right"]), Err(1));
    }

    #[test]
    fn colours_are_the_terminal_s_affair_unless_somebody_says_so() {
        assert_eq!(check(&[]).form, Form::Terminal { colour: None });
        assert_eq!(check(&["--color", "always"]).form, Form::Terminal { colour: Some(true) });
        assert_eq!(check(&["--color=never"]).form, Form::Terminal { colour: Some(false) });
        assert_eq!(ask(&["--color=blue"]), Err(1));
    }
}
