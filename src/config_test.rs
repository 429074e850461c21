//! `--config-test`: what is wrong with the configuration, and nothing else.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use parser::diag::{Class, Diagnostic};

use crate::check;
use crate::cli::Options;
use crate::exit::Exit;
use crate::load::{self, Reading};

/// Checks, and writes one line per finding to standard error or to the end of `file`; to a terminal it writes more.
pub(crate) fn run(options: &Options, file: Option<&Path>) -> u8 {
    if file.is_none() && io::stderr().is_terminal() {
        return check::on_terminal(options);
    }
    let mut output: Box<dyn Write> = match file {
        None => Box::new(io::stderr().lock()),
        Some(path) => match append_to(path) {
            Ok(file) => Box::new(file),
            Err(error) => {
                let errno = Errno::from_raw(error.raw_os_error().unwrap_or_default());
                let (path, number) = (path.display(), errno as i32);
                eprintln!("Unable to open config-test log file {path} {number} - {}", errno.desc());
                return Exit::Fatal.code();
            }
        },
    };
    let mut findings = load::read(options, Reading::ToTest);
    if let Err(error) = findings.place.enter() {
        // Without its namespace nothing can be said about interfaces.
        let written = writeln!(output, "{error}");
        return if written.is_ok() { Exit::NoPermission.code() } else { Exit::Fatal.code() };
    }
    findings.examine();
    for diagnostic in findings.diagnostics.iter().filter(|diagnostic| shown(diagnostic)) {
        if writeln!(output, "{diagnostic}").is_err() {
            return Exit::Fatal.code();
        }
    }
    parser::diag::test_exit_code(&findings.diagnostics)
}

/// Lines that are for the log only stay out of a test.
fn shown(diagnostic: &Diagnostic) -> bool {
    diagnostic.class != Class::Log
}

fn append_to(path: &Path) -> io::Result<std::fs::File> {
    OpenOptions::new().append(true).create(true).mode(0o644).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path)
}
