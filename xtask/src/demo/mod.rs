//! `cargo xtask demo`: the seed's configuration on a stage.

mod play;
mod stage;
mod summary;
mod timeline;

use crate::install;
use lab::{
    Failure, Needs, Outcome, While as _,
    world::{self, Entry},
};
use std::{
    env,
    path::PathBuf,
    process::{Command, ExitCode},
    time::Duration,
};

/// The play takes a minute; a machine that is five times too slow shall see its end.
const LIMIT: Duration = Duration::from_secs(300);

struct Options {
    binary: Option<PathBuf>,
    json: Option<PathBuf>,
}

/// Prepares the machine, then plays in a world with IPVS.
pub(crate) fn run(words: impl Iterator<Item = String>) -> Outcome<ExitCode> {
    let options = Options::read(words)?;
    let ours = env::current_exe()?.with_file_name("keepalived");
    if !world::is_inside() {
        install::ensure(&[install::IP, install::MODPROBE])?;
        if !world::kernel_has_ipvs() {
            install::ensure(&[install::UML])?;
        }
        if options.binary.is_none() {
            build()?;
        }
        match world::describe(Needs::Ipvs) {
            Ok(place) => println!("playing in {place}"),
            Err(reason) => return Err(Failure::new(reason)),
        }
    }
    match world::enter(Needs::Ipvs, LIMIT) {
        Entry::Inside => play::play(&options.binary.unwrap_or(ours), options.json.as_deref()),
        Entry::Ran(code) => Ok(ExitCode::from(code)),
        Entry::Impossible(reason) => Err(Failure::new(reason)),
    }
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut options = Self { binary: None, json: None };
        while let Some(word) = words.next() {
            let place = match word.as_str() {
                "--binary" => &mut options.binary,
                "--json" => &mut options.json,
                _ => return Err(Failure::new(format!("demo: unknown option {word}"))),
            };
            *place =
                Some(words.next().ok_or_else(|| Failure::new(format!("demo: {word} wants a path")))?.into());
        }
        Ok(options)
    }
}

/// Builds the daemon in the profile of this program: unoptimised, it is more than fast enough for a play.
fn build() -> Outcome {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status =
        Command::new(cargo).args(["build", "--package", "keepalived-rs"]).status().doing("cargo build")?;
    if status.success() { Ok(()) } else { Err(Failure::new("the build failed")) }
}
