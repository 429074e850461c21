//! `cargo xtask bench`: ours and the original on the same work, in one run.

mod checkers;
mod failover;
mod instances;
mod ipvs;
mod parse;

use crate::install;
use lab::{
    Binary, Failure, Needs, Outcome, While as _,
    world::{self, Entry},
};
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

/// Runs the benchmark that is named.
pub(crate) fn run(mut words: impl Iterator<Item = String>) -> Outcome<ExitCode> {
    let name = words.next().unwrap_or_default();
    match name.as_str() {
        "ipvs" => return ipvs::run(),
        "parse" => return parse::run(words.next().map(Into::into)).map_err(Failure::new),
        // One run of a program in a process of its own, so that its memory can be told from others'.
        "measure" => return parse::measure(words).map_err(Failure::new),
        _ => {}
    }
    let (mut number, mut binary, mut only) = (None, None, String::new());
    while let Some(word) = words.next() {
        if word == "--binary" {
            binary = words.next().map(PathBuf::from);
        } else if word == "--only" {
            only = words.next().unwrap_or_default();
        } else {
            let parsed = word.parse::<usize>();
            number = Some(parsed.map_err(|_| Failure::new(format!("bench {name}: what is {word}?")))?);
        }
    }
    match name.as_str() {
        "checkers" => checkers::run(binary, number),
        "failover" => stage(binary, Duration::from_secs(7200), |cast| failover::measure(cast, number, &only)),
        "instances" => stage(binary, Duration::from_secs(1800), |cast| instances::measure(cast, number)),
        _ => Err(Failure::new("bench: which one? checkers, failover, instances, ipvs or parse")),
    }
}

/// The two that are compared.
struct Cast {
    ours: Binary,
    theirs: Binary,
}

impl Cast {
    fn both(&self) -> [(&'static str, &Binary); 2] {
        [("ours", &self.ours), ("theirs", &self.theirs)]
    }
}

/// Builds what is measured unless it is given, then measures in network namespaces.
fn stage(
    binary: Option<PathBuf>,
    limit: Duration,
    measure: impl FnOnce(&Cast) -> Outcome,
) -> Outcome<ExitCode> {
    if !world::is_inside() {
        install::ensure(&[install::IP, install::KEEPALIVED])?;
        if binary.is_none() {
            build()?;
        }
    }
    match world::enter(Needs::Namespaces, limit) {
        Entry::Inside => {
            let target = env::current_exe()?.ancestors().nth(2).map(Path::to_owned).unwrap_or_default();
            let ours = binary.unwrap_or_else(|| target.join("release/keepalived"));
            measure(&Cast { ours: ours.as_path().into(), theirs: Binary::original() })?;
            Ok(ExitCode::SUCCESS)
        }
        Entry::Ran(code) => Ok(ExitCode::from(code)),
        Entry::Impossible(reason) => Err(Failure::new(reason)),
    }
}

fn build() -> Outcome {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let words = ["build", "--release", "--package", "keepalived-rs"];
    let status = Command::new(cargo).args(words).status().doing("cargo build")?;
    if status.success() { Ok(()) } else { Err(Failure::new("the build failed")) }
}
