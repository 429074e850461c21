//! `cargo xtask bench`, `cargo xtask demo`, `cargo xtask docs`, `cargo xtask package`, `cargo xtask soak` and `cargo xtask test`.

mod bench;
mod demo;
mod docs;
mod install;
mod package;
mod test;
mod toolchain;

use std::{env, process::ExitCode};

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  bench failover [ROUNDS] [--only WORDS] [--binary PATH]
  bench instances [COUNT] [--binary PATH]
        Builds with optimisation, unless a program is given, and measures beside Debian's keepalived: how late a backup takes over, and what a
        thousand instances cost. Prints the tables of docs/benchmarks.md.

  demo [--binary PATH] [--json FILE]
        Plays the seed's configuration on two directors with seven real servers, kills one of each and brings it
        back, and shows what happens. --binary runs another keepalived; --json also writes the summary as JSON.
        Installs what is missing first, builds, and boots user-mode Linux if this kernel has no IPVS.

  test [--list] [--only PART]... [-- WORD...]
        Installs what is missing and runs every test. Fails if one fails, or if one that should run was skipped.
        --list names the parts; --only runs some of them; the words go to the test programs, as with cargo test.

  bench ipvs
        Writes, reads and changes an IPVS table of 10,000 services with ours and with Debian's ipvsadm, and prints the
        times side by side. Installs what is missing first and builds in the release profile.

  bench checkers [SERVICES] [--binary PATH]
        Runs 2,000 services of five servers and 10,000 of four, or only the size with so many services, each server
        checked, with ours (a release build, or PATH) and with Debian's keepalived, and prints start, reload, stop, memory
        and processor time side by side.

  bench parse [BINARY]
        Measures the configuration test of a release build, or of BINARY, and of Debian's keepalived on generated files,
        one after the other, and prints the table of docs/benchmarks.md.

  docs [--check]
        Writes docs/coverage.md, docs/reference and docs/man from the tables of the program. With --check it
        writes nothing, and fails with the first line that differs when a page is not what the tables say.

  soak [ROUNDS]
        Reloads and signals daemons in no order, 2,000 times unless said otherwise, and stops and kills their processes at
        any moment; then looks for what was lost, left behind or has grown. `test` does the same in few rounds.

  package [--static] [--profile NAME] [--output FOLDER]
        Makes the Debian package keepalived-rs in target/package, with cargo-deb, which is installed when missing.
        --static makes a binary without any shared library instead, for containers that hold nothing else.
";

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let outcome = match words.next().as_deref() {
        Some("bench") => bench::run(words),
        Some("demo") => demo::run(words),
        Some("docs") => docs::run(words),
        Some("package") => package::run(words),
        Some("soak") => test::soak(words),
        Some("test") => test::run(words),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprint!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("{failure}");
        ExitCode::FAILURE
    })
}
