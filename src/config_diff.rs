//! `keepalived config diff`: what a reload would change, before anybody reloads.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use parser::diag::Class;

use crate::applied;
use crate::cli::subcommand::{self, Said, Subcommand, no_more};
use crate::cli::{self, Options};
use crate::exit::Exit;
use crate::flaws::Flaws;
use crate::load::{self, Reading};
use crate::log;
use crate::plan::checkers::CheckersPlan;
use crate::plan::diff::changes;
use crate::plan::vrrp::VrrpPlan;

/// How it ends when something would change, as diff(1) does.
const DIFFERENT: u8 = 1;
/// How it ends when it cannot tell.
const TROUBLE: u8 = 2;

/// It has no options of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {}

const COMMAND: Subcommand<Own> = Subcommand {
    head: "\
Usage: keepalived config diff [OPTION]... [[OLD] NEW]

Prints what a reload with the file NEW would change, line by line. OLD is another file; without one it is what the running
daemon has in force. Ends with 0 if nothing would change, 1 if something would, 2 if that cannot be told.
",
    options: &[
        subcommand::use_file("NEW"),
        subcommand::pid(),
        subcommand::all_config(),
        subcommand::config_id(),
        subcommand::namespace("Network namespace of the daemon"),
        subcommand::help(),
    ],
    tail: "",
};

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Call {
    options: Options,
    old: Option<PathBuf>,
}

type Plans = (VrrpPlan, CheckersPlan);

/// Answers the words behind `config diff`.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> u8 {
    let call = match COMMAND.call(words, TROUBLE, |said| meaning(said, cwd)) {
        Ok(call) => call,
        Err(code) => return code,
    };
    match plans(&call) {
        Ok((old, new)) => {
            let lines = changes((&old.0, &old.1), (&new.0, &new.1));
            let mut output = io::stdout().lock();
            for line in &lines {
                if writeln!(output, "{}", log::plain(line)).is_err() {
                    break;
                }
            }
            if lines.is_empty() { Exit::Ok.code() } else { DIFFERENT }
        }
        Err(trouble) => {
            eprintln!("{}", log::plain(&trouble));
            TROUBLE
        }
    }
}

/// The file of `--use-file` is the new one, whatever stands before it.
fn meaning(said: Said<Own>, cwd: &Path) -> Result<Call, String> {
    let mut files = said.words.into_iter().map(PathBuf::from).chain(said.named);
    let (first, second) = (files.next(), files.next());
    no_more(files.map(PathBuf::into_os_string))?;
    let (old, new) = if second.is_some() { (first, second) } else { (None, first) };
    let file = cli::configuration_file(&new.unwrap_or_default(), cwd);
    Ok(Call { options: Options { file, ..said.options }, old: old.map(|old| cwd.join(old)) })
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
        eprintln!("{}", log::plain(&diagnostic.to_string()));
    }
    match parser::diag::refusal(&findings.diagnostics) {
        Some(_) => Err("a reload with this configuration would be refused".to_owned()),
        None => Ok((plan.vrrp, plan.checkers)),
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
    fn one_file_is_the_new_one_and_two_are_old_and_new() {
        let call = ask(&["new.conf"]).unwrap();
        assert_eq!((call.old, call.options.file), (None, PathBuf::from("/srv/new.conf")));
        let call = ask(&["old.conf", "-f", "/new.conf"]).unwrap();
        assert_eq!((call.old, call.options.file), (Some("/srv/old.conf".into()), PathBuf::from("/new.conf")));
        assert_eq!(ask(&["a", "b", "c"]), Err("Unexpected argument c\n".to_owned()));
    }
}
