//! The first process of a world, as a shell script.

use super::{MARK, Needs};
use crate::{
    failure::{Failure, Outcome, While as _},
    scratch::Scratch,
};
use std::{
    env,
    ffi::{OsStr, OsString},
    fmt::Write as _,
    fs,
    io::{self, IsTerminal as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// The command that started this process.
pub(super) fn this_program() -> Outcome<Vec<OsString>> {
    let mut words = vec![env::current_exe()?.into_os_string()];
    words.extend(env::args_os().skip(1));
    Ok(words)
}

/// Writes it: what the other side cannot inherit, then the fixed part.
pub(super) fn write(scratch: &Scratch, world: &str, needs: Needs) -> Outcome<PathBuf> {
    let mut text = String::from("#!/bin/sh\n");
    if world == "uml" {
        for (name, value) in env::vars_os() {
            let Some(name) = name.to_str().filter(|name| is_variable(name)) else { continue };
            writeln!(text, "export {name}={}", quote(&value)?)?;
        }
        if !io::stdout().is_terminal() {
            // Inside, it looks like one.
            writeln!(text, "export NO_COLOR=1")?;
        }
        writeln!(text, "cd {}", quote(env::current_dir()?.as_os_str())?)?;
        let words: Vec<_> = this_program()?.iter().map(|word| quote(word)).collect::<Outcome<_>>()?;
        writeln!(text, "set -- {}", words.join(" "))?;
    }
    // Neither cron's nor an ordinary user's PATH has the folders of ip, modprobe and keepalived.
    writeln!(text, "export PATH=\"$PATH:/usr/local/sbin:/usr/sbin:/sbin\"")?;
    writeln!(text, "export {MARK}={world}")?;
    writeln!(text, "SCRATCH={}", quote(scratch.path().as_os_str())?)?;
    writeln!(text, "LAB_MODULES=\"{}\"", if needs == Needs::Ipvs { "ip_vs" } else { "" })?;
    text.push_str(include_str!("first.sh"));
    let path = scratch.path().join("world.sh");
    write_executable(&path, text)?;
    Ok(path)
}

/// Writes a program.
pub(super) fn write_executable(path: &Path, content: impl AsRef<[u8]>) -> Outcome {
    fs::write(path, content).doing(path.display())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).doing(path.display())
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// A word as a shell reads it.
pub(super) fn quote(word: &OsStr) -> Outcome<String> {
    let word = word.to_str().ok_or_else(|| Failure::new(format!("{} is not UTF-8", word.display())))?;
    Ok(format!("'{}'", word.replace('\'', r"'\''")))
}
