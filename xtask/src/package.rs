//! `cargo xtask package`: the Debian package, or the binary that needs no C library.

use crate::{install, toolchain};
use lab::{Failure, Outcome, While as _};
use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

struct Options {
    /// Link the C library in, and make no package.
    static_binary: bool,
    /// Cargo's profile.
    profile: String,
    /// Where the package or the binary goes.
    output: PathBuf,
}

/// Builds what is asked for and names the file.
pub(crate) fn run(words: impl Iterator<Item = String>) -> Outcome<ExitCode> {
    let options = Options::read(words)?;
    let made = if options.static_binary { options.link_statically()? } else { options.make_package()? };
    println!("{}", made.display());
    Ok(ExitCode::SUCCESS)
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Outcome<Self> {
        let output = toolchain::target_folder()?.join("package");
        let mut options = Self { static_binary: false, profile: "release".to_owned(), output };
        while let Some(word) = words.next() {
            let mut argument =
                || words.next().ok_or_else(|| Failure::new(format!("package: {word} wants a word")));
            match word.as_str() {
                "--static" => options.static_binary = true,
                "--profile" => options.profile = argument()?,
                "--output" => options.output = argument()?.into(),
                _ => return Err(Failure::new(format!("package: unknown option {word}"))),
            }
        }
        Ok(options)
    }

    fn make_package(&self) -> Outcome<PathBuf> {
        install::ensure_cargo_deb()?;
        let path = self.output.join("keepalived-rs.deb");
        std::fs::create_dir_all(&self.output).doing(self.output.display())?;
        succeed(
            toolchain::cargo()
                .args([
                    "deb",
                    "--quiet",
                    "--locked",
                    "--package",
                    "keepalived-rs",
                    "--profile",
                    &self.profile,
                ])
                .arg("--output")
                .arg(&path),
        )?;
        Ok(path)
    }

    fn link_statically(&self) -> Outcome<PathBuf> {
        let triple = toolchain::host()?;
        // A target named on the command line keeps the flags away from build scripts and procedural macros.
        succeed(
            toolchain::cargo()
                .args(["build", "--quiet", "--locked", "--package", "keepalived-rs", "--target", &triple])
                .args(["--profile", &self.profile])
                .env("RUSTFLAGS", "-C target-feature=+crt-static"),
        )?;
        let folder = if self.profile == "dev" { "debug" } else { self.profile.as_str() };
        let built = toolchain::target_folder()?.join(triple).join(folder).join("keepalived");
        std::fs::create_dir_all(&self.output).doing(self.output.display())?;
        let path = self.output.join("keepalived");
        std::fs::copy(&built, &path).doing(built.display())?;
        Ok(path)
    }
}

fn succeed(command: &mut Command) -> Outcome {
    let status = command.status().doing("cargo")?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("cargo failed: {status}"))) }
}
