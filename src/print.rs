//! `keepalived config print`: the configuration as it is understood, in its own language.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;

use parser::diag::Class;
use parser::print::{Secrets, print};

use crate::cli::Options;
use crate::cli::subcommand::{self, Said, Subcommand, own};
use crate::cli::words::Takes;
use crate::exit::Exit;
use crate::load::{self, Reading};
use crate::log;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    ShowSecrets,
}

const COMMAND: Subcommand<Own> = Subcommand {
    head: "Usage: keepalived config print [OPTION]... [FILE]\n",
    options: &[
        subcommand::use_file("Read this file"),
        subcommand::all_config(),
        subcommand::config_id(),
        own(
            Own::ShowSecrets,
            None,
            "show-secrets",
            Takes::Nothing,
            "Write passwords and keys instead of stars",
        ),
        subcommand::help(),
    ],
    tail: "",
};

fn request(said: Said<Own>, cwd: &Path) -> Result<(Options, Secrets), String> {
    let (options, own) = said.one_file(cwd)?;
    let shown = own.iter().any(|(own, _)| matches!(own, Own::ShowSecrets));
    Ok((options, if shown { Secrets::Shown } else { Secrets::Masked }))
}

/// Writes the configuration to standard output and what is wrong with it to standard error. It ends well if the daemon
/// would run with the files as they are, else as the daemon would end.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> u8 {
    let (options, secrets) = match COMMAND.call(words, Exit::Fatal.code(), |said| request(said, cwd)) {
        Ok(request) => request,
        Err(code) => return code,
    };
    let findings = load::read(&options, Reading::ToRun);
    let text = print(findings.config(), secrets);
    let (diagnostics, _) = findings.into_told();
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.class != Class::Log) {
        eprintln!("{}", log::plain(&diagnostic.to_string()));
    }
    let code = parser::diag::refusal(&diagnostics).unwrap_or(Exit::Ok.code());
    // Whoever closes the output has seen enough.
    let _seen_enough = io::stdout().lock().write_all(text.as_bytes());
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_written_only_when_asked_for() {
        let secrets = |line: &[&str]| {
            let said = COMMAND.read(line.iter().map(OsString::from)).expect("read").expect("a call");
            request(said, Path::new("/srv")).map(|(_, secrets)| secrets)
        };
        assert_eq!(secrets(&["k.conf"]), Ok(Secrets::Masked));
        assert_eq!(secrets(&["k.conf", "--show-secrets"]), Ok(Secrets::Shown));
    }
}
