//! `keepalived config diff`: what a reload would change, before anybody reloads.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use parser::diag::Class;

use crate::applied;
use crate::cli::words::{Row, Takes, Word, Words};
use crate::cli::{self, Options};
use crate::exit::Exit;
use crate::flaws::Flaws;
use crate::load::{self, Reading};
use crate::plan::checkers::CheckersPlan;
use crate::plan::diff::changes;
use crate::plan::vrrp::VrrpPlan;

/// How it ends when something would change, as diff(1) does.
const DIFFERENT: u8 = 1;
/// How it ends when it cannot tell.
const TROUBLE: u8 = 2;

const USAGE: &str = "\
Usage: keepalived config diff [OPTION]... [[OLD] NEW]

Prints what a reload with the file NEW would change, line by line. OLD is another file; without one it is what the running
daemon has in force. Ends with 0 if nothing would change, 1 if something would, 2 if that cannot be told.

  -f, --use-file=FILE     NEW
  -p, --pid=FILE          Pid file of the daemon
  -e, --all-config        Error if any configuration file is missing
  -i, --config-id=ID      What @ID lines are read for
  -s, --namespace=NAME    Network namespace of the daemon
  -h, --help              Display this text
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    UseFile,
    Pid,
    AllConfig,
    Named,
    Namespace,
    Help,
}

const fn row(id: Id, short: char, long: &'static str, takes: Takes) -> Row<Id> {
    Row { id, short: Some(short), long, takes, help: "" }
}

const OPTIONS: &[Row<Id>] = &[
    row(Id::UseFile, 'f', "use-file", Takes::Word("FILE")),
    row(Id::Pid, 'p', "pid", Takes::Word("FILE")),
    row(Id::AllConfig, 'e', "all-config", Takes::Nothing),
    row(Id::Named, 'i', "config-id", Takes::Word("ID")),
    row(Id::Namespace, 's', "namespace", Takes::Word("NAME")),
    row(Id::Help, 'h', "help", Takes::Nothing),
];

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Call {
    options: Options,
    old: Option<PathBuf>,
}

type Plans = (VrrpPlan, CheckersPlan);

/// Answers the words behind `config diff`.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> u8 {
    let call = match read(words, cwd) {
        Ok(Some(call)) => call,
        Ok(None) => {
            // Whoever closes the output has seen enough.
            let _seen_enough = io::stdout().write_all(USAGE.as_bytes());
            return Exit::Ok.code();
        }
        Err(refusal) => {
            eprint!("{refusal}{USAGE}");
            return TROUBLE;
        }
    };
    match plans(&call) {
        Ok((old, new)) => {
            let lines = changes((&old.0, &old.1), (&new.0, &new.1));
            let mut output = io::stdout().lock();
            for line in &lines {
                if writeln!(output, "{line}").is_err() {
                    break;
                }
            }
            if lines.is_empty() { Exit::Ok.code() } else { DIFFERENT }
        }
        Err(trouble) => {
            eprintln!("{trouble}");
            TROUBLE
        }
    }
}

fn read(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> Result<Option<Call>, String> {
    let mut call = Call::default();
    let mut files: Vec<PathBuf> = Vec::new();
    for word in Words::new(OPTIONS, words.into_iter()) {
        let (id, argument) = match word {
            Word::Option(id, argument) => (id, argument.unwrap_or_default()),
            Word::Unknown(option) => return Err(format!("Unknown option {option}\n")),
            Word::MissingParameter(option) => return Err(format!("Missing parameter for option {option}\n")),
            Word::Stray(file) => {
                files.push(file.into());
                continue;
            }
        };
        let text = || argument.to_string_lossy().into_owned();
        match id {
            Id::UseFile => files.push(argument.into()),
            Id::Pid => call.options.pid_file = Some(argument.into()),
            Id::AllConfig => call.options.all_config = true,
            Id::Named => call.options.config_id = Some(text()),
            Id::Namespace => call.options.namespace = Some(text()),
            Id::Help => return Ok(None),
        }
    }
    let new = match files.as_slice() {
        [] => PathBuf::new(),
        [new] => new.clone(),
        [old, new] => {
            call.old = Some(cwd.join(old));
            new.clone()
        }
        [_, _, more, ..] => return Err(format!("Unexpected argument {}\n", more.display())),
    };
    call.options.file = cli::configuration_file(&new, cwd);
    Ok(Some(call))
}

/// What is in force, and what would be.
fn plans(call: &Call) -> Result<(Plans, Plans), String> {
    let mut new = load::read(&call.options, Reading::ToRun);
    let pid_file = call.options.pid_file.clone().unwrap_or_else(|| new.place.pid_path());
    let running = match &call.old {
        Some(_) => None,
        None => Some(applied::of(&pid_file).map_err(|error| {
            format!("What is in force cannot be read from the daemon of {}: {error}", pid_file.display())
        })?),
    };
    new.place.enter().map_err(|error| error.to_string())?;
    let (old, flaws) = match (running, &call.old) {
        (Some((vrrp, checkers, flaws)), _) => ((vrrp, checkers), flaws),
        (None, Some(file)) => {
            let options = Options { file: file.clone(), ..call.options.clone() };
            let mut old = load::read(&options, Reading::ToRun);
            let plans = planned(&mut old)?;
            (plans, Flaws::among(&old.diagnostics))
        }
        (None, None) => return Err("there is nothing to compare with".to_owned()),
    };
    let plans = planned(&mut new)?;
    if let Some(flaw) = flaws.new_among(&new.diagnostics) {
        return Err(format!("a reload with this configuration would be refused: {flaw}"));
    }
    let new = plans;
    let is_empty = |(vrrp, checkers): &Plans| vrrp.instances.is_empty() && checkers.services.is_empty();
    if is_empty(&new) && !is_empty(&old) {
        return Err("a reload with this configuration would be refused: nothing is left in it".to_owned());
    }
    Ok((old, new))
}

/// The plan of a file that could be run.
fn planned(findings: &mut load::Findings) -> Result<Plans, String> {
    let plan = findings.plan();
    for diagnostic in findings.diagnostics.iter().filter(|one| one.class != Class::Log) {
        eprintln!("{diagnostic}");
    }
    match parser::diag::refusal(&findings.diagnostics) {
        Some(_) => Err("a reload with this configuration would be refused".to_owned()),
        None => Ok((plan.vrrp, plan.checkers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &[&str]) -> Result<Option<Call>, String> {
        read(line.iter().map(OsString::from), Path::new("/srv"))
    }

    #[test]
    fn one_file_is_the_new_one_and_two_are_old_and_new() {
        let call = ask(&["new.conf"]).unwrap().unwrap();
        assert_eq!((call.old, call.options.file), (None, PathBuf::from("/srv/new.conf")));
        let call = ask(&["old.conf", "-f", "/new.conf"]).unwrap().unwrap();
        assert_eq!((call.old, call.options.file), (Some("/srv/old.conf".into()), PathBuf::from("/new.conf")));
        assert_eq!(ask(&["a", "b", "c"]), Err("Unexpected argument c\n".to_owned()));
        assert_eq!(ask(&["--help"]), Ok(None));
    }
}
