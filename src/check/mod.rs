//! `keepalived config check`, and `--config-test` on a terminal: what is wrong with the configuration, shown where it stands.
//!
//! What is found and how the check ends is the same as with `--config-test`, whose lines scripts read. Only the form differs:
//! [`terminal`] is for people, [`json`] for programs.

mod json;
mod options;
mod terminal;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use parser::diag::{Class, Diagnostic, Severity, test_exit_code};
use parser::lint::{self, Finding};
use parser::print::Secrets;
use parser::trace::Trace;

use self::options::Form;
use crate::cli::Options;
use crate::exit::Exit;
use crate::load::{self, Reading};

/// Everything there is to tell about a configuration.
struct Report {
    diagnostics: Vec<Diagnostic>,
    findings: Vec<Finding>,
    trace: Trace,
}

impl Report {
    /// Reads the files and makes the plan, as `--config-test` does.
    fn of(options: &Options, lint: bool, peer: Option<&Options>, secrets: Secrets) -> Result<Self, String> {
        let mut findings = load::read(options, Reading::Explained(secrets));
        // Without its namespace nothing can be said about interfaces.
        findings.place.enter().map_err(|error| error.to_string())?;
        findings.examine();
        let mut linted = if lint { lint::findings(findings.config()) } else { Vec::new() };
        if let Some(peer) = peer {
            let other = load::read(peer, Reading::ToTest);
            if let Some(unread) = other.diagnostics.iter().find(|one| one.class == Class::FileNotFound) {
                return Err(unread.to_string());
            }
            let name = peer.file.to_string_lossy();
            linted.extend(lint::findings_beside(findings.config(), other.config(), &name));
        }
        let (mut diagnostics, trace) = findings.into_told();
        diagnostics.retain(|diagnostic| diagnostic.class != Class::Log);
        Ok(Self { diagnostics, findings: linted, trace })
    }

    /// How the check ends: as a configuration test; a finding counts like a warning.
    fn exit_code(&self) -> u8 {
        match test_exit_code(&self.diagnostics) {
            0 if !self.findings.is_empty() => 5,
            code => code,
        }
    }

    fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }
}

/// `keepalived config check …`: the words behind it.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> u8 {
    let request = match options::read(words, cwd) {
        Ok(request) => request,
        Err(code) => return code,
    };
    let report = match Report::of(
        &request.options,
        request.lint,
        request.peer.as_ref(),
        if request.show_secrets { Secrets::Shown } else { Secrets::Masked },
    ) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{error}");
            return Exit::NoPermission.code();
        }
    };
    let written = match request.form {
        Form::Terminal { colour } => {
            let text = terminal::text(&report, colour.unwrap_or_else(colour_is_welcome));
            io::stderr().lock().write_all(text.as_bytes())
        }
        Form::Json => {
            let text = json::text(&report);
            io::stdout().lock().write_all(text.as_bytes())
        }
    };
    match written {
        Ok(()) => report.exit_code(),
        Err(_) => Exit::Fatal.code(),
    }
}

/// `--config-test` for somebody who looks at a terminal.
pub(crate) fn on_terminal(options: &Options) -> u8 {
    match Report::of(options, false, None, Secrets::Masked) {
        Ok(report) => {
            eprint!("{}", terminal::text(&report, colour_is_welcome()));
            report.exit_code()
        }
        Err(error) => {
            eprintln!("{error}");
            Exit::NoPermission.code()
        }
    }
}

/// Standard error is a terminal, and nobody has asked for plain text (<https://no-color.org>).
fn colour_is_welcome() -> bool {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stderr().is_terminal() && !plain && !dumb
}
