//! `keepalived realserver`: prepares a real server for what the directors send it, from their own configuration.

mod carry_out;
pub(crate) mod duty;
pub(crate) mod host;
mod state;
pub(crate) mod step;

use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use parser::diag::Class;

use crate::cli::Options;
use crate::cli::subcommand::{self, Said, Subcommand, no_more, own};
use crate::cli::words::Takes;
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    Address,
}

const COMMAND: Subcommand<Own> = Subcommand {
    head: "\
Usage: keepalived realserver [show|apply|undo|status] [OPTION]...

Prepares this host for the virtual servers of the configuration in which one of its addresses stands as a real server.

  show      Print the commands that are missing, and why (default)
  apply     Do what they do, and remember how everything was
  undo      Put back everything that apply changed, and nothing else
  status    Say whether anything is missing
",
    options: &[
        subcommand::use_file("Directors' configuration"),
        own(
            Own::Address,
            Some('a'),
            "address",
            Takes::Word("ADDRESS"),
            "Be the real server with this address; may be repeated",
        ),
        subcommand::all_config(),
        subcommand::config_id(),
        subcommand::namespace("Network namespace of the real server"),
        subcommand::help(),
    ],
    tail: "\nEnds with 0; 1 if something is missing (status) or failed (apply, undo); 2 if that cannot be told, as when the
configuration has no virtual server or this host is a real server in none.\n",
};

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
    let call = match COMMAND.call(words, TROUBLE, |said| meaning(said, cwd)) {
        Ok(call) => call,
        Err(code) => return code,
    };
    carry_out(&call).unwrap_or_else(|trouble| {
        eprintln!("{trouble}");
        TROUBLE
    })
}

fn meaning(mut said: Said<Own>, cwd: &Path) -> Result<Call, String> {
    let mut words = said.words.drain(..);
    let verb = match words.next() {
        None => Verb::default(),
        Some(word) => match word.to_str() {
            Some("show") => Verb::Show,
            Some("apply") => Verb::Apply,
            Some("undo") => Verb::Undo,
            Some("status") => Verb::Status,
            Some(_) | None => return Err(format!("Unknown command {}\n", word.to_string_lossy())),
        },
    };
    no_more(words)?;
    let (options, own) = said.one_file(cwd)?;
    let address =
        |(Own::Address, word): (Own, String)| word.parse().map_err(|_| format!("{word} is no address\n"));
    let addresses = own.into_iter().map(address).collect::<Result<_, _>>()?;
    Ok(Call { verb, options, addresses })
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
    // What is lost of the configuration is not prepared. What the plan has to say besides is about a director.
    for diagnostic in findings.diagnostics.iter().filter(|one| one.class != Class::Log) {
        eprintln!("{diagnostic}");
    }
    // A real server has its own network namespace; `net_namespace` is the directors'.
    let place = Place::of(&Default::default(), &call.options);
    place.enter().map_err(|error| error.to_string())?;
    let services = findings.plan().checkers.services;
    let file = call.options.file.display();
    if services.is_empty() {
        return Err(format!("There is no virtual server in {file}"));
    }
    runtime.block_on(async {
        let host = host::look().await.map_err(trouble)?;
        let duties = call.duties(&services, &host);
        if duties.is_empty() && call.addresses.is_empty() {
            return Err(format!(
                "No address of this host is a real server in {file}; --address names another"
            ));
        }
        if duties.is_empty() {
            return Err(format!("None of the addresses given is a real server in {file}"));
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

    fn ask(line: &[&str]) -> Result<Call, String> {
        let said = COMMAND.read(line.iter().map(OsString::from)).expect("read").expect("a call");
        meaning(said, Path::new("/srv"))
    }

    #[test]
    fn a_verb_a_file_and_addresses_are_understood() {
        let call = ask(&["apply", "-f", "k.conf", "-a", "10.0.0.1", "--address=::1"]).expect("a call");
        assert_eq!(call.verb, Verb::Apply);
        assert_eq!(call.options.file, Path::new("/srv/k.conf"));
        assert_eq!(call.addresses, [IpAddr::from([10, 0, 0, 1]), "::1".parse().expect("an address")]);
        assert_eq!(ask(&["-f", "/k"]).expect("a call").verb, Verb::Show);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert_eq!(ask(&["bogus"]), Err("Unknown command bogus\n".into()));
        assert_eq!(ask(&["show", "a"]), Err("Unexpected argument a\n".into()));
        assert_eq!(ask(&["-a", "x"]), Err("x is no address\n".into()));
    }
}
