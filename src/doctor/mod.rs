//! `keepalived doctor`: what keeps traffic from flowing through this host, and the command that mends it.

mod findings;
mod look;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::words::{Row, Takes, Word, Words};
use crate::cli::{self, Options};
use crate::load::{self, Reading};

use self::findings::{Facts, Finding, Roles, Table, examine};

/// Something was found.
const FOUND: u8 = 1;
/// It could not look.
const TROUBLE: u8 = 2;

const USAGE: &str = "\
Usage: keepalived doctor [OPTION]... [FILE]

Says what keeps traffic of the virtual servers of FILE from flowing through this host, and how to mend it. Changes nothing.
A host is a real server if one of its addresses stands as one in FILE, and a director if it does not or runs keepalived.

  -f, --use-file=FILE       Configuration
  -j, --json                Print the findings for programs
  -p, --pid=FILE            Pid file of the daemon
  -d, --director=ADDRESS    A director's address towards this real server; may be repeated
  -e, --all-config          Error if any configuration file is missing
  -i, --config-id=ID        What @ID lines are read for
  -s, --namespace=NAME      Network namespace to look at
  -h, --help                Display this text

Ends with 0 if nothing was found, 1 if something was, 2 if it could not look.
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    UseFile,
    Json,
    Pid,
    Director,
    AllConfig,
    Lines,
    Namespace,
    Help,
}

const fn row(id: Id, short: char, long: &'static str, takes: Takes) -> Row<Id> {
    Row { id, short: Some(short), long, takes, help: "" }
}

const OPTIONS: &[Row<Id>] = &[
    row(Id::UseFile, 'f', "use-file", Takes::Word("FILE")),
    row(Id::Json, 'j', "json", Takes::Nothing),
    row(Id::Pid, 'p', "pid", Takes::Word("FILE")),
    row(Id::Director, 'd', "director", Takes::Word("ADDRESS")),
    row(Id::AllConfig, 'e', "all-config", Takes::Nothing),
    row(Id::Lines, 'i', "config-id", Takes::Word("ID")),
    row(Id::Namespace, 's', "namespace", Takes::Word("NAME")),
    row(Id::Help, 'h', "help", Takes::Nothing),
];

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Call {
    options: Options,
    json: bool,
    directors: Vec<IpAddr>,
}

/// Answers the words behind `doctor`.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> u8 {
    let call = match read(words, cwd) {
        Ok(Some(call)) => call,
        Ok(None) => {
            print!("{USAGE}");
            return 0;
        }
        Err(refusal) => {
            eprint!("{refusal}{USAGE}");
            return TROUBLE;
        }
    };
    match visit(&call) {
        Ok(report) => {
            let text = if call.json { report.json() } else { report.text() };
            // Whoever closes the output has seen enough.
            let _seen_enough = io::stdout().lock().write_all(text.as_bytes());
            if report.findings.is_empty() { 0 } else { FOUND }
        }
        Err(trouble) => {
            eprintln!("{trouble}");
            TROUBLE
        }
    }
}

fn read(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> Result<Option<Call>, String> {
    let mut call = Call::default();
    let mut named = PathBuf::new();
    for word in Words::new(OPTIONS, words.into_iter()) {
        let (id, argument) = match word {
            Word::Option(id, argument) => (id, argument.unwrap_or_default()),
            Word::Unknown(option) => return Err(format!("Unknown option {option}\n")),
            Word::MissingParameter(option) => return Err(format!("Missing parameter for option {option}\n")),
            Word::Stray(file) if named.as_os_str().is_empty() => {
                named = file.into();
                continue;
            }
            Word::Stray(word) => return Err(format!("Unexpected argument {}\n", word.to_string_lossy())),
        };
        let text = || argument.to_string_lossy().into_owned();
        match id {
            Id::UseFile => named = argument.into(),
            Id::Json => call.json = true,
            Id::Pid => call.options.pid_file = Some(argument.into()),
            Id::Director => {
                let address = text().parse().map_err(|_| format!("{} is no address\n", text()))?;
                call.directors.push(address);
            }
            Id::AllConfig => call.options.all_config = true,
            Id::Lines => call.options.config_id = Some(text()),
            Id::Namespace => call.options.namespace = Some(text()),
            Id::Help => return Ok(None),
        }
    }
    call.options.file = cli::configuration_file(&named, cwd);
    Ok(Some(call))
}

/// What came of a visit.
#[derive(Debug, Serialize)]
struct Report {
    director: bool,
    real_server: bool,
    findings: Vec<Finding>,
}

fn visit(call: &Call) -> Result<Report, String> {
    let mut findings = load::read(&call.options, Reading::ToRun);
    findings.place.enter().map_err(|error| error.to_string())?;
    let pid_file = call.options.pid_file.clone().unwrap_or_else(|| findings.place.pid_path());
    let plan = findings.plan();
    // What is wrong with the configuration may be what keeps traffic away.
    let (diagnostics, _) = findings.into_told();
    for diagnostic in &diagnostics {
        eprintln!("{diagnostic}");
    }
    if plan.checkers.services.is_empty() {
        return Err(format!("There is no virtual server in {}", call.options.file.display()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    let facts: Facts = runtime.block_on(look::look(plan, &pid_file, call.directors.clone()))?;
    let roles = Roles::of(&facts.services, &facts.host, facts.daemon);
    match &facts.table {
        Table::Unreadable(why) if roles.director => Err(why.clone()),
        Table::Unreadable(_) | Table::Read(_) | Table::NoModule => {
            let Roles { director, real_server } = roles;
            Ok(Report { director, real_server, findings: examine(&facts, roles) })
        }
    }
}

impl Report {
    fn text(&self) -> String {
        let role = match (self.director, self.real_server) {
            (true, true) => "director and real server",
            (true, false) => "director",
            (false, _) => "real server",
        };
        if self.findings.is_empty() {
            return format!("This host is a {role}. Nothing was found that keeps traffic away.\n");
        }
        let mut text = format!("This host is a {role}.\n");
        for Finding { id, what, why, mend } in &self.findings {
            text.push_str(&format!("\n{what} ({id})\n  {why}.\n  {mend}\n"));
        }
        text
    }

    fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_directors_and_json_are_understood() {
        let words = ["-j", "k.conf", "-d", "10.0.0.1"].map(OsString::from);
        let call = read(words, Path::new("/srv")).expect("read").expect("a call");
        assert!(call.json);
        assert_eq!(call.options.file, Path::new("/srv/k.conf"));
        assert_eq!(call.directors, [IpAddr::from([10, 0, 0, 1])]);
    }

    #[test]
    fn a_report_says_what_why_and_how_to_mend() {
        let finding =
            Finding { id: "ip_vs", what: "W".into(), why: "Y".into(), mend: "modprobe ip_vs".into() };
        let report = Report { director: true, real_server: false, findings: vec![finding] };
        assert_eq!(report.text(), "This host is a director.\n\nW (ip_vs)\n  Y.\n  modprobe ip_vs\n");
        let json: serde_json::Value = serde_json::from_str(&report.json()).expect("it is JSON");
        assert_eq!(json["findings"][0]["mend"], "modprobe ip_vs");
        assert_eq!((&json["director"], &json["real_server"]), (&true.into(), &false.into()));
    }
}
