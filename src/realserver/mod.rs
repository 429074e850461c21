//! `keepalived realserver`: prepares a real server for what the directors send it, from their own configuration.

mod carry_out;
pub(crate) mod duty;
pub(crate) mod host;
mod state;
pub(crate) mod step;

use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::cli::words::{Row, Takes, Word, Words};
use crate::cli::{self, Options};
use crate::load::{self, Reading};
use crate::place::Place;
use crate::plan::checkers::Service;

use self::carry_out::Hands;
use self::duty::{Duty, duties};
use self::host::Host;
use self::state::State;
use self::step::steps;

/// Something is missing, or could not be changed.
const UNPREPARED: u8 = 1;
/// It cannot tell.
const TROUBLE: u8 = 2;

const USAGE: &str = "\
Usage: keepalived realserver [show|apply|undo|status] [OPTION]... [FILE]

Prepares this host for the virtual servers of FILE in which one of its addresses stands as a real server.

  show      Print the commands that are missing, and why (default)
  apply     Do what they do, and remember how everything was
  undo      Put back everything that apply changed, and nothing else
  status    Say whether anything is missing

  -f, --use-file=FILE       Directors' configuration
  -a, --address=ADDRESS     Be the real server with this address; may be repeated
  -e, --all-config          Error if any configuration file is missing
  -i, --config-id=ID        What @ID lines are read for
  -s, --namespace=NAME      Network namespace of the real server
  -h, --help                Display this text

Ends with 0; 1 if something is missing (status) or failed (apply, undo); 2 if that cannot be told.
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    UseFile,
    Address,
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
    row(Id::Address, 'a', "address", Takes::Word("ADDRESS")),
    row(Id::AllConfig, 'e', "all-config", Takes::Nothing),
    row(Id::Lines, 'i', "config-id", Takes::Word("ID")),
    row(Id::Namespace, 's', "namespace", Takes::Word("NAME")),
    row(Id::Help, 'h', "help", Takes::Nothing),
];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Verb {
    #[default]
    Show,
    Apply,
    Undo,
    Status,
}

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Call {
    verb: Verb,
    options: Options,
    /// The addresses to be, instead of the host's own.
    addresses: Vec<IpAddr>,
}

/// Answers the words behind `realserver`.
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
    carry_out(&call).unwrap_or_else(|trouble| {
        eprintln!("{trouble}");
        TROUBLE
    })
}

fn read(words: impl IntoIterator<Item = OsString>, cwd: &Path) -> Result<Option<Call>, String> {
    let mut call = Call::default();
    let mut verb = None;
    let mut named = PathBuf::new();
    for word in Words::new(OPTIONS, words.into_iter()) {
        let (id, argument) = match word {
            Word::Option(id, argument) => (id, argument.unwrap_or_default()),
            Word::Unknown(option) => return Err(format!("Unknown option {option}\n")),
            Word::MissingParameter(option) => return Err(format!("Missing parameter for option {option}\n")),
            Word::Stray(word) => {
                let text = word.to_string_lossy().into_owned();
                let of = |text: &str| match text {
                    "show" => Some(Verb::Show),
                    "apply" => Some(Verb::Apply),
                    "undo" => Some(Verb::Undo),
                    "status" => Some(Verb::Status),
                    _ => None,
                };
                match (of(&text), verb) {
                    (Some(found), None) => verb = Some(found),
                    (Some(_), Some(_)) | (None, _) if named.as_os_str().is_empty() => named = word.into(),
                    (Some(_), Some(_)) | (None, _) => return Err(format!("Unexpected argument {text}\n")),
                }
                continue;
            }
        };
        let text = || argument.to_string_lossy().into_owned();
        match id {
            Id::UseFile => named = argument.into(),
            Id::Address => {
                let address = text().parse().map_err(|_| format!("{} is no address\n", text()))?;
                call.addresses.push(address);
            }
            Id::AllConfig => call.options.all_config = true,
            Id::Lines => call.options.config_id = Some(text()),
            Id::Namespace => call.options.namespace = Some(text()),
            Id::Help => return Ok(None),
        }
    }
    call.verb = verb.unwrap_or_default();
    call.options.file = cli::configuration_file(&named, cwd);
    Ok(Some(call))
}

fn carry_out(call: &Call) -> Result<u8, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    let trouble = |error: io::Error| format!("The network of this host cannot be read: {error}");
    // What was changed is undone without the configuration, which may have changed too.
    if call.verb == Verb::Undo {
        let place = Place::of(&Default::default(), &call.options);
        place.enter().map_err(|error| error.to_string())?;
        return runtime.block_on(undo(&mut open(&place)?));
    }
    let mut findings = load::read(&call.options, Reading::ToRun);
    // A real server has its own network namespace; `net_namespace` is the directors'.
    let place = Place::of(&Default::default(), &call.options);
    place.enter().map_err(|error| error.to_string())?;
    let services = findings.plan().checkers.services;
    let (diagnostics, _) = findings.into_told();
    if services.is_empty() {
        for diagnostic in &diagnostics {
            eprintln!("{diagnostic}");
        }
        return Err(format!("There is no virtual server in {}", call.options.file.display()));
    }
    runtime.block_on(async {
        let host = host::look().await.map_err(trouble)?;
        let duties = call.duties(&services, &host);
        if duties.is_empty() {
            println!("# no address of this host is a real server in {}", call.options.file.display());
            return Ok(0);
        }
        match call.verb {
            Verb::Show | Verb::Undo => Ok(show(&duties, &host)),
            Verb::Status => {
                let missing = steps(&duties, &host).0;
                for step in &missing {
                    println!("missing: {}", step.change);
                }
                Ok(if missing.is_empty() { 0 } else { UNPREPARED })
            }
            Verb::Apply => apply(&duties, &host, &mut open(&place)?).await,
        }
    })
}

fn open(place: &Place) -> Result<State, String> {
    State::load(place).map_err(|error| format!("What was changed before cannot be read: {error}"))
}

impl Call {
    fn duties(&self, services: &[Service], host: &Host) -> Vec<Duty> {
        duties(services, |address| match self.addresses.as_slice() {
            [] => host.holder(address).is_some(),
            named => named.contains(&address),
        })
    }
}

fn show(duties: &[Duty], host: &Host) -> u8 {
    let (steps, remarks) = steps(duties, host);
    for remark in remarks {
        println!("# {remark}");
    }
    if steps.is_empty() {
        println!("# nothing is missing");
    }
    for step in steps {
        println!("# {}\n{}", step.why, step.change);
    }
    0
}

async fn apply(duties: &[Duty], host: &Host, state: &mut State) -> Result<u8, String> {
    let hands = Hands::new().map_err(|error| format!("The kernel cannot be spoken to: {error}"))?;
    let (steps, remarks) = steps(duties, host);
    for remark in remarks {
        println!("# {remark}");
    }
    for step in steps {
        println!("{}", step.change);
        // What follows builds on what went before: without silence, no address.
        if let Err(error) = hands.make(&step.change, state).await {
            eprintln!("{}: {error}", step.change);
            eprintln!("The rest is not done; what was done is in {}", state.path().display());
            return Ok(UNPREPARED);
        }
    }
    Ok(0)
}

async fn undo(state: &mut State) -> Result<u8, String> {
    let hands = Hands::new().map_err(|error| format!("The kernel cannot be spoken to: {error}"))?;
    while let Some(last) = state.undos.last() {
        match hands.take_back(last).await {
            Ok(None) => {}
            Ok(Some(remark)) => println!("# {remark}"),
            Err(error) => {
                eprintln!("{last:?}: {error}");
                eprintln!("The rest is not undone; it stays in {}", state.path().display());
                return Ok(UNPREPARED);
            }
        }
        state.undos.pop();
        state.store().map_err(|error| format!("{} cannot be written: {error}", state.path().display()))?;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &[&str]) -> Result<Option<Call>, String> {
        read(line.iter().map(OsString::from), Path::new("/srv"))
    }

    #[test]
    fn a_verb_a_file_and_addresses_are_understood() {
        let call =
            ask(&["apply", "k.conf", "-a", "10.0.0.1", "--address=::1"]).expect("read").expect("a call");
        assert_eq!(call.verb, Verb::Apply);
        assert_eq!(call.options.file, Path::new("/srv/k.conf"));
        assert_eq!(call.addresses, [IpAddr::from([10, 0, 0, 1]), "::1".parse().expect("an address")]);
        assert_eq!(ask(&["-f", "/k"]).expect("read").expect("a call").verb, Verb::Show);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert_eq!(ask(&["show", "a", "b"]), Err("Unexpected argument b\n".into()));
        assert_eq!(ask(&["-a", "x"]), Err("x is no address\n".into()));
    }
}
