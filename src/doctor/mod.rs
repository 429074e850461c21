//! `keepalived doctor`: what keeps traffic from flowing through this host, and the command that mends it.

mod director;
mod facts;
mod findings;
mod look;
mod marks;
mod modules;
mod real_server;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::Path;

use parser::diag::{Diagnostic, Severity};
use serde::Serialize;

use crate::cli::Options;
use crate::cli::subcommand::{self, Said, Subcommand, no_more, own};
use crate::cli::words::Takes;
use crate::load::{self, Reading};

use self::facts::{Examination, Finding, Mistakes, Roles, Table};
use self::findings::examine;
use self::look::Question;

/// Something was found.
const FOUND: u8 = 1;
/// It could not look.
const TROUBLE: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    Json,
    Director,
}

const COMMAND: Subcommand<Own> = Subcommand {
    head: "\
Usage: keepalived doctor [OPTION]...

Says what keeps traffic of the virtual servers of the configuration from flowing through this host, and how to mend it. Changes
nothing. A host is a real server if one of its addresses stands as one in the file, and a director if it does not or runs
keepalived.
",
    options: &[
        subcommand::use_file("Configuration"),
        own(Own::Json, Some('j'), "json", Takes::Nothing, "Print the findings for programs"),
        subcommand::pid(),
        own(
            Own::Director,
            Some('d'),
            "director",
            Takes::Word("ADDRESS"),
            "A director's address towards this real server; may be repeated",
        ),
        subcommand::all_config(),
        subcommand::config_id(),
        subcommand::namespace("Network namespace to look at"),
        subcommand::help(),
    ],
    tail: "\nEnds with 0 if nothing was found, 1 if something was, 2 if it could not look.\n",
};

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Call {
    options: Options,
    json: bool,
    directors: Vec<IpAddr>,
}

/// Answers the words behind `doctor`.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> u8 {
    let call = match COMMAND.call(words, TROUBLE, |said| meaning(said, cwd)) {
        Ok(call) => call,
        Err(code) => return code,
    };
    let (text, code) = match visit(&call) {
        Ok(report) => {
            let code = if report.findings.is_empty() { 0 } else { FOUND };
            (if call.json { json(&report) } else { report.text() }, code)
        }
        Err(error) if call.json => (json(&Failure { error }), TROUBLE),
        Err(error) => {
            eprintln!("{error}");
            return TROUBLE;
        }
    };
    // Whoever closes the output has seen enough.
    let _seen_enough = io::stdout().lock().write_all(text.as_bytes());
    code
}

fn meaning(mut said: Said<Own>, cwd: &Path) -> Result<Call, String> {
    no_more(said.words.drain(..))?;
    let (options, own) = said.one_file(cwd)?;
    let mut call = Call { options, ..Call::default() };
    for (own, word) in own {
        match own {
            Own::Json => call.json = true,
            Own::Director => {
                call.directors.push(word.parse().map_err(|_| format!("{word} is no address\n"))?);
            }
        }
    }
    Ok(call)
}

/// What programs are told when it could not look.
#[derive(Debug, Serialize)]
struct Failure {
    error: String,
}

/// What came of a visit.
#[derive(Debug, Serialize)]
struct Report {
    director: bool,
    real_server: bool,
    findings: Vec<Finding>,
    /// What was not examined.
    notes: Vec<String>,
}

fn visit(call: &Call) -> Result<Report, String> {
    let mut findings = load::read(&call.options, Reading::ToRun);
    findings.place.enter().map_err(|error| error.to_string())?;
    let pid_file = call.options.pid_file.clone().unwrap_or_else(|| findings.place.pid_path());
    let in_the_text = findings.diagnostics.len();
    let plan = findings.plan();
    let (diagnostics, _) = findings.into_told();
    let file = call.options.file.display().to_string();
    if plan.checkers.services.is_empty() {
        // What is wrong with the configuration may be why.
        let said = diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n"));
        return Err(format!("{}There is no virtual server in {file}", said.collect::<String>()));
    }
    let (anywhere, here) = diagnostics.split_at(in_the_text);
    let mistakes = Mistakes { anywhere: mistakes(anywhere), here: mistakes(here) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    let directors = call.directors.clone();
    let facts = runtime.block_on(look::look(Question { file, mistakes, plan, pid_file, directors }))?;
    let roles = Roles::of(&facts.services, &facts.host, facts.daemon);
    match &facts.table {
        Table::Unreadable(why) if roles.director => Err(why.clone()),
        Table::Unreadable(_) | Table::Read(_) | Table::NoModule => {
            let Roles { director, real_server } = roles;
            let Examination { findings, notes } = examine(&facts, roles);
            Ok(Report { director, real_server, findings, notes })
        }
    }
}

/// Those that lose something. Words that are only old or unwise keep no traffic away.
fn mistakes(diagnostics: &[Diagnostic]) -> Vec<String> {
    let grave = diagnostics.iter().filter(|one| matches!(one.severity, Severity::Error | Severity::Fatal));
    grave.map(Diagnostic::to_string).collect()
}

fn json(report: &impl Serialize) -> String {
    serde_json::to_string_pretty(report).map(|text| text + "\n").unwrap_or_default()
}

impl Report {
    fn text(&self) -> String {
        let role = match (self.director, self.real_server) {
            (true, true) => "director and real server",
            (true, false) => "director",
            (false, _) => "real server",
        };
        let mut text = format!("This host is a {role}.");
        if self.findings.is_empty() {
            text.push_str(" Nothing was found that keeps traffic away.");
        }
        text.push('\n');
        for Finding { id, what, why, mend } in &self.findings {
            text.push_str(&format!("\n{what} ({id})\n  {why}.\n  {mend}\n"));
        }
        for note in &self.notes {
            text.push_str(&format!("\nNote: {note}.\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &[&str]) -> Result<Call, String> {
        let said = COMMAND.read(line.iter().map(OsString::from)).expect("read").expect("a call");
        meaning(said, Path::new("/srv"))
    }

    #[test]
    fn a_file_directors_and_json_are_understood() {
        let call = ask(&["-j", "-f", "k.conf", "-d", "10.0.0.1"]).expect("a call");
        assert!(call.json);
        assert_eq!(call.options.file, Path::new("/srv/k.conf"));
        assert_eq!(call.directors, [IpAddr::from([10, 0, 0, 1])]);
    }

    #[test]
    fn a_word_alone_is_no_file() {
        assert_eq!(ask(&["bogus"]), Err("Unexpected argument bogus\n".into()));
        assert_eq!(ask(&["-d", "bogus"]), Err("bogus is no address\n".into()));
    }

    #[test]
    fn a_report_says_what_why_and_how_to_mend() {
        let finding =
            Finding { id: "ip_vs", what: "W".into(), why: "Y".into(), mend: "modprobe ip_vs".into() };
        let notes = vec!["FWM 7 names no address".to_owned()];
        let mut report = Report { director: true, real_server: false, findings: vec![finding], notes };
        let text = "This host is a director.\n\nW (ip_vs)\n  Y.\n  modprobe ip_vs\n\nNote: FWM 7 names no address.\n";
        assert_eq!(report.text(), text);
        let written: serde_json::Value = serde_json::from_str(&json(&report)).expect("it is JSON");
        assert_eq!(written["findings"][0]["mend"], "modprobe ip_vs");
        assert_eq!((&written["director"], &written["real_server"]), (&true.into(), &false.into()));
        assert_eq!(written["notes"][0], "FWM 7 names no address");
        report.findings.clear();
        let text = "This host is a director. Nothing was found that keeps traffic away.\n\nNote: FWM 7 names no address.\n";
        assert_eq!(report.text(), text);
    }
}
