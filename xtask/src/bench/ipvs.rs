//! A large IPVS table written, read and changed by `keepalived ipvsadm` and by Debian's `ipvsadm`.

use crate::install;
use lab::{
    Failure, Needs, Outcome, While as _,
    world::{self, Entry},
};
use std::{
    env,
    fmt::Write as _,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

const SERVICES: u32 = 10_000;
const SERVERS: u32 = 5;
const ROUNDS: usize = 3;
const LIMIT: Duration = Duration::from_secs(1800);
const ORIGINAL: &str = "/usr/sbin/ipvsadm";

/// Where the table lies as text: a file system of the world's own.
const SCRIPT: &str = "/run/ipvs-table";

/// A program with the words that make it `ipvsadm`.
struct Tool {
    name: &'static str,
    program: PathBuf,
    words: &'static [&'static str],
}

/// Builds what is measured, then measures in a world with IPVS.
pub(super) fn run() -> Outcome<ExitCode> {
    if !world::is_inside() {
        install::ensure(&[install::IP, install::MODPROBE, install::IPVSADM])?;
        if !world::kernel_has_ipvs() {
            install::ensure(&[install::UML])?;
        }
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let words = ["build", "--release", "--package", "keepalived-rs"];
        if !Command::new(cargo).args(words).status().doing("cargo build")?.success() {
            return Err(Failure::new("the build failed"));
        }
        println!("in {}", world::describe(Needs::Ipvs).map_err(Failure::new)?);
    }
    match world::enter(Needs::Ipvs, LIMIT) {
        Entry::Inside => measure().map(|()| ExitCode::SUCCESS),
        Entry::Ran(code) => Ok(ExitCode::from(code)),
        Entry::Impossible(reason) => Err(Failure::new(reason)),
    }
}

fn measure() -> Outcome {
    fs::write(SCRIPT, table()).doing(SCRIPT)?;
    let target = env::current_exe()?.ancestors().nth(2).map(Path::to_owned).unwrap_or_default();
    let tools = [
        Tool { name: "keepalived ipvsadm", program: target.join("release/keepalived"), words: &["ipvsadm"] },
        Tool { name: "Debian's ipvsadm", program: ORIGINAL.into(), words: &[] },
    ];
    println!(
        "{SERVICES} services with {SERVERS} servers each; the best of {ROUNDS} rounds\n\n\
         | | {} | {} | ratio |\n|---|---|---|---|",
        tools[0].name, tools[1].name
    );
    let one = ["-t", "10.0.0.1:80"];
    let lighter = [&["-e"], &one[..], &["-r", "10.1.0.1", "-w", "7"]].concat();
    let heavier = [&["-e"], &one[..], &["-r", "10.1.0.1", "-w", "8"]].concat();
    let show = [&["-Ln"], &one[..]].concat();
    let works: [(&str, &[&[&str]]); 5] = [
        ("write the table (`-R`)", &[&["-C"], &["-R"]]),
        ("read it (`-Sn`)", &[&["-Sn"]]),
        ("read it with counters (`-Ln --stats`)", &[&["-Ln", "--stats"]]),
        ("change one entry, there and back", &[&lighter, &heavier]),
        ("look at that service", &[&show]),
    ];
    for (what, commands) in works {
        let mut best = [Duration::MAX; 2];
        for _ in 0..ROUNDS {
            for (best, tool) in best.iter_mut().zip(&tools) {
                *best = (*best).min(tool.time(commands)?);
            }
        }
        let [ours, theirs] = best.map(|best| best.as_secs_f64() * 1000.0);
        println!("| {what} | {ours:.0} ms | {theirs:.0} ms | {:.2} |", ours / theirs);
    }
    Ok(())
}

fn table() -> String {
    let mut text = String::new();
    for service in 0..SERVICES {
        // Ports tell the services of one address apart, so that there are few addresses and many services.
        let name = format!("10.0.{}.1:{}", service / 100, 80 + service % 100);
        let _ = writeln!(text, "-A -t {name} -s wlc");
        for server in 1..=SERVERS {
            let _ = writeln!(text, "-a -t {name} -r 10.1.{}.{server} -g -w {server}", service % 250);
        }
    }
    text
}

impl Tool {
    /// How long these commands take one after the other.
    fn time(&self, commands: &[&[&str]]) -> Outcome<Duration> {
        let begun = Instant::now();
        for words in commands {
            let mut command = Command::new(&self.program);
            command.args(self.words).args(*words).stdin(File::open(SCRIPT)?).stdout(Stdio::null());
            let status = command.status().doing(self.program.display())?;
            if !status.success() {
                return Err(Failure::new(format!("{} {}: {status}", self.name, words.join(" "))));
            }
        }
        Ok(begun.elapsed())
    }
}
