//! The Rust toolchain that runs this command.

use lab::{Failure, Outcome, While as _};
use std::{env, ffi::OsString, path::PathBuf, process::Command};

/// The cargo in use.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// The triple of this machine.
///
/// # Errors
/// `rustc` does not tell.
pub(crate) fn host() -> Outcome<String> {
    let output = Command::new("rustc").arg("-vV").output().doing("rustc -vV")?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .ok_or_else(|| Failure::new("rustc -vV names no host"))
}

/// Cargo's target folder; this program lies in a folder of it that is named after its profile.
///
/// # Errors
/// The program's path cannot be found out.
pub(crate) fn target_folder() -> Outcome<PathBuf> {
    let program = env::current_exe().doing("the path of this program")?;
    program
        .ancestors()
        .nth(2)
        .map(PathBuf::from)
        .ok_or_else(|| Failure::new(format!("{} does not lie in a target folder", program.display())))
}
