//! `cargo xtask test`: every test there is, in parts, and an honest count of them.

mod part;
mod tally;

use crate::install;
use lab::{Failure, Outcome};
use part::{PARTS, Part};
use std::process::ExitCode;
use tally::Tally;

struct Options {
    list: bool,
    only: Vec<String>,
    /// For the test programs.
    words: Vec<String>,
}

/// Runs the parts asked for, or all.
pub(crate) fn run(words: impl Iterator<Item = String>) -> Outcome<ExitCode> {
    let options = Options::read(words)?;
    if options.list {
        for part in PARTS {
            println!("{:14} {}", part.name, part.what);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let parts = options.parts()?;
    for part in &parts {
        install::ensure(part.programs)?;
    }
    let mut results = Vec::new();
    for part in parts {
        println!("\n=== {}: {}", part.name, part.what);
        results.push((part, part.run(&options.words, &[])?));
    }
    Ok(report(&results))
}

/// Runs the scenes that reload, signal and kill in no order, for many rounds.
pub(crate) fn soak(mut words: impl Iterator<Item = String>) -> Outcome<ExitCode> {
    /// Enough to see what grows.
    const ROUNDS: u32 = 2000;
    /// How long processes are stopped and killed one after the other, in seconds for each hundred rounds.
    const SECONDS: u32 = 15;
    /// In seconds. Only a daemon that hangs takes so long.
    const LIMIT: u32 = 4 * 3600;
    let rounds = match words.next() {
        None => ROUNDS,
        Some(word) => {
            word.parse().map_err(|_| Failure::new(format!("soak: {word} is no number of rounds")))?
        }
    };
    let variables = [
        ("SOAK_ROUNDS", rounds.to_string()),
        ("SOAK_SECONDS", (rounds / 100 * SECONDS).max(SECONDS).to_string()),
        (lab::LIMIT, LIMIT.to_string()),
    ];
    let mut results = Vec::new();
    for part in PARTS.iter().filter(|part| ["netns", "uml"].contains(&part.name)) {
        install::ensure(part.programs)?;
        println!("\n=== {}: soak", part.name);
        results.push((part, part.run(&["soak::".to_owned()], &variables)?));
    }
    Ok(report(&results))
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut options = Self { list: false, only: Vec::new(), words: Vec::new() };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--list" => options.list = true,
                "--only" => {
                    options.only.push(words.next().ok_or_else(|| Failure::new("test: --only wants a part"))?);
                }
                "--" => options.words.extend(words.by_ref()),
                _ => return Err(Failure::new(format!("test: unknown option {word}"))),
            }
        }
        Ok(options)
    }

    fn parts(&self) -> Outcome<Vec<&'static Part>> {
        if let Some(unknown) = self.only.iter().find(|name| !PARTS.iter().any(|part| part.name == **name)) {
            return Err(Failure::new(format!("test: no part {unknown}; see --list")));
        }
        let wanted = |part: &&Part| self.only.is_empty() || self.only.iter().any(|name| name == part.name);
        Ok(PARTS.iter().filter(wanted).collect())
    }
}

/// Prints what ran and what did not, the plain sum last.
fn report(results: &[(&Part, Tally)]) -> ExitCode {
    println!("\n=== summary");
    println!("{:14} {:>6} {:>6} {:>7}", "part", "passed", "failed", "skipped");
    for (part, tally) in results {
        println!("{:14} {:6} {:6} {:7}", part.name, tally.passed, tally.failed, tally.skipped.len());
    }
    for (part, tally) in results {
        for skip in &tally.skipped {
            println!("skipped in {}: {skip}", part.name);
        }
        for test in &tally.flaky {
            println!("failed at first in {}: {test}", part.name);
        }
    }
    let complaints: Vec<_> = results.iter().filter_map(|(part, tally)| part.complaint(tally)).collect();
    for complaint in &complaints {
        println!("{complaint}");
    }
    let sum = |count: fn(&Tally) -> usize| results.iter().map(|(_, tally)| count(tally)).sum::<usize>();
    println!(
        "{} passed, {} failed, {} skipped",
        sum(|tally| tally.passed),
        sum(|tally| tally.failed),
        sum(|tally| tally.skipped.len())
    );
    if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
