//! `cargo xtask bench parse`: how long a configuration test takes, and how much memory, beside Debian's keepalived.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use std::{env, fs};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// Runs of each program on each file; the fastest counts, since everything that disturbs only adds.
const RUNS: usize = 5;

const ORIGINAL: &str = "/usr/sbin/keepalived";

/// A generated file.
struct Sample {
    name: &'static str,
    text: fn() -> String,
}

/// Some are the one before at twice its size: growth must be linear.
const SAMPLES: [Sample; 6] = [
    Sample { name: "1,000 virtual × 5 real servers", text: || services(1_000, 5) },
    Sample { name: "10,000 virtual × 5 real servers", text: || services(10_000, 5) },
    Sample { name: "20,000 virtual × 5 real servers", text: || services(20_000, 5) },
    Sample { name: "40,000 virtual × 1 real servers", text: || services(40_000, 1) },
    Sample { name: "5,000 vrrp_instances", text: || instances(5_000) },
    Sample { name: "10,000 vrrp_instances", text: || instances(10_000) },
];

/// What one run of a program took.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    kibibytes: i64,
}

pub(super) fn run(binary: Option<PathBuf>) -> Result<ExitCode, String> {
    let binary = match binary {
        Some(binary) => binary,
        None => build()?,
    };
    let folder = env::temp_dir().join(format!("keepalived-bench-{}", std::process::id()));
    fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let table = compare(&binary, &folder);
    // What is left behind in the temporary folder harms nobody.
    let _removed = fs::remove_dir_all(&folder);
    print!("{}", table?);
    Ok(ExitCode::SUCCESS)
}

fn build() -> Result<PathBuf, String> {
    let status = Command::new("cargo").args(["build", "--release", "--bin", "keepalived"]).status();
    match status {
        Ok(status) if status.success() => {
            let target =
                env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
            Ok(target.join("release/keepalived"))
        }
        Ok(_) => Err("the release build failed".to_owned()),
        Err(error) => Err(format!("cannot run cargo: {error}")),
    }
}

fn compare(binary: &Path, folder: &Path) -> Result<String, String> {
    let mut table = String::from(
        "| file | lines | keepalived | ours | time | keepalived | ours | memory |\n|---|---|---|---|---|---|---|---|\n",
    );
    for Sample { name, text } in SAMPLES {
        let file = folder.join("keepalived.conf");
        let text = text();
        fs::write(&file, &text).map_err(|error| error.to_string())?;
        let (mut theirs, mut ours) = (cost(Path::new(ORIGINAL), &file)?, cost(binary, &file)?);
        for _ in 1..RUNS {
            theirs = theirs.or_less(cost(Path::new(ORIGINAL), &file)?);
            ours = ours.or_less(cost(binary, &file)?);
        }
        let share = |one: f64, other: f64| format!("{:.2}", one / other);
        let mebibytes = |cost: Cost| cost.kibibytes as f64 / 1024.0;
        let _ = writeln!(
            table,
            "| {name} | {} | {:.0} ms | {:.0} ms | {} | {:.1} MiB | {:.1} MiB | {} |",
            text.lines().count(),
            theirs.time.as_secs_f64() * 1e3,
            ours.time.as_secs_f64() * 1e3,
            share(ours.time.as_secs_f64(), theirs.time.as_secs_f64()),
            mebibytes(theirs),
            mebibytes(ours),
            share(mebibytes(ours), mebibytes(theirs)),
        );
    }
    Ok(table)
}

impl Cost {
    fn or_less(self, other: Self) -> Self {
        Self { time: self.time.min(other.time), kibibytes: self.kibibytes.min(other.kibibytes) }
    }
}

/// One run, measured by a process of its own, whose only child the program is.
fn cost(program: &Path, file: &Path) -> Result<Cost, String> {
    let own = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(own).args(["bench", "measure"]).arg(program).arg(file).output();
    let output = output.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut numbers = said.split_whitespace().map(str::parse::<i64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(micros)), Some(Ok(kibibytes))) => {
            Ok(Cost { time: Duration::from_micros(micros.unsigned_abs()), kibibytes })
        }
        _ => Err(format!(
            "{} cannot be measured: {}",
            program.display(),
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// Runs a configuration test and prints its microseconds and the most kibibytes it had.
pub(super) fn measure(mut words: impl Iterator<Item = String>) -> Result<ExitCode, String> {
    let (Some(program), Some(file)) = (words.next(), words.next()) else {
        return Err("measure PROGRAM FILE".to_owned());
    };
    let status =
        Command::new(&program).args(["-t", "-f", &file]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.map_err(|error| format!("{program}: {error}"))?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
    // Processor time: what others do with the machine does not count.
    let time = usage.user_time() + usage.system_time();
    println!("{} {}", time.num_microseconds(), usage.max_rss());
    Ok(ExitCode::SUCCESS)
}

fn services(count: usize, servers: usize) -> String {
    let mut text = String::new();
    for nth in 0..count {
        let (high, middle, low) = (nth >> 14, nth >> 7 & 127, nth & 127);
        let _ = write!(
            text,
            "virtual_server 10.{high}.{middle}.{low} 80 {{\n    delay_loop 6\n    lb_algo wrr\n    lb_kind NAT\n    protocol TCP\n"
        );
        for server in nth * servers..(nth + 1) * servers {
            let (high, middle, low) = (16 + (server >> 16 & 15), server >> 8 & 255, server & 255);
            let _ = write!(
                text,
                "    real_server 172.{high}.{middle}.{low} 8080 {{\n        weight 1\n        TCP_CHECK {{\n            connect_timeout 3\n        }}\n    }}\n"
            );
        }
        text += "}\n";
    }
    text
}

/// Every instance has a group of its own, because there are only 255 VRIDs, and its interface may come later.
fn instances(count: usize) -> String {
    let mut text = "global_defs {\n    dynamic_interfaces\n}\n".to_owned();
    for nth in 0..count {
        let (vrid, middle, low) = (nth % 255 + 1, nth >> 8 & 255, nth & 255);
        let _ = write!(
            text,
            "vrrp_instance VI_{nth} {{\n    state BACKUP\n    interface bench0\n    virtual_router_id {vrid}\n    priority 100\n    advert_int 1\n    mcast_dst_ip 224.1.{middle}.{low}\n    virtual_ipaddress {{\n        10.0.{middle}.{low}/32 dev bench0\n    }}\n}}\n"
        );
    }
    text
}
