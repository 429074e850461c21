//! A large configuration with a `TCP_CHECK` of every server, carried by our keepalived and by Debian's.

use crate::install;
use lab::{
    Binary, Failure, Needs, Outcome, While as _, eventually,
    world::{self, Entry},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    env,
    fmt::Write as _,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Services, servers of each, and seconds between two checks of a server: a kernel that is a process cannot carry 40,000
/// connections in six.
const SIZES: [(usize, usize, u64); 2] = [(2_000, 5, 6), (10_000, 4, 60)];
/// Longer than anything that still is of use.
const LIMIT: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(600);
/// For how long checks are counted.
const WATCHED: Duration = Duration::from_secs(30);
const CONFIG: &str = "/run/bench.conf";
const TABLE: &str = "/proc/thread-self/net/ip_vs";
const TICKS: f64 = 100.0;

/// What was measured of one program.
#[derive(Debug, Clone, Copy)]
struct Measured {
    full: f64,
    check: f64,
    memory: f64,
    one: f64,
    all: f64,
    stop: f64,
    left: usize,
}

/// Builds what is measured unless it is given, then measures in a world with IPVS: both sizes, or the one with so many
/// services.
pub(super) fn run(binary: Option<PathBuf>, services: Option<usize>) -> Outcome<ExitCode> {
    if !world::is_inside() {
        install::ensure(&[install::IP, install::MODPROBE, install::IPVSADM, install::KEEPALIVED])?;
        if !world::kernel_has_ipvs() {
            install::ensure(&[install::UML])?;
        }
        if binary.is_none() {
            super::build()?;
        }
        println!("in {}", world::describe(Needs::Ipvs).map_err(Failure::new)?);
    }
    match world::enter(Needs::Ipvs, LIMIT) {
        Entry::Inside => measure(binary, services).map(|()| ExitCode::SUCCESS),
        Entry::Ran(code) => Ok(ExitCode::from(code)),
        Entry::Impossible(reason) => Err(Failure::new(reason)),
    }
}

fn measure(binary: Option<PathBuf>, only: Option<usize>) -> Outcome {
    let listener = TcpListener::bind(("0.0.0.0", 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || listener.incoming().for_each(drop));
    let target = env::current_exe()?.ancestors().nth(2).map(Path::to_owned).unwrap_or_default();
    let program = binary.unwrap_or_else(|| target.join("release/keepalived"));
    for (services, servers, delay) in
        SIZES.into_iter().filter(|(size, ..)| only.is_none_or(|only| only == *size))
    {
        println!(
            "\n{services} services with {servers} servers each, a `TCP_CHECK` of each every {delay} s\n"
        );
        let size = Size { services, servers, delay, port };
        let ours = size.measure(&program)?;
        // The original may take longer than anybody waits.
        println!("ours: {ours:.2?}");
        let theirs = size.measure(Binary::original().as_ref())?;
        println!("theirs: {theirs:.2?}\n");
        println!("| | keepalived-rs | Debian's keepalived | ratio |\n|---|---|---|---|");
        let row = |what: &str, unit: &str, ours: f64, theirs: f64| {
            println!("| {what} | {ours:.2} {unit} | {theirs:.2} {unit} | {:.2} |", ours / theirs);
        };
        row("until the table is full", "s", ours.full, theirs.full);
        row("processor for a check", "µs", ours.check, theirs.check);
        row("memory for a server", "KiB", ours.memory, theirs.memory);
        row("a reload that changes one weight", "s", ours.one, theirs.one);
        row("a reload that changes all weights", "s", ours.all, theirs.all);
        row("the stop", "s", ours.stop, theirs.stop);
        println!("| rows that the stop left | {} | {} | |", ours.left, theirs.left);
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
struct Size {
    services: usize,
    servers: usize,
    /// `delay_loop`, in seconds.
    delay: u64,
    port: u16,
}

impl Size {
    fn destinations(self) -> usize {
        self.services * self.servers
    }

    /// The first server of all and the others by their weights.
    fn config(self, first: u32, others: u32) -> String {
        let mut text = String::from("global_defs {\n router_id bench\n}\n");
        for service in 0..self.services {
            let _ = writeln!(
                text,
                "virtual_server 10.0.{}.1 {} {{\n delay_loop {delay}\n warmup {delay}\n lvs_sched wlc\n \
                 lvs_method DR\n protocol TCP",
                service / 100,
                80 + service % 100,
                delay = self.delay
            );
            for server in 0..self.servers {
                let weight = if (service, server) == (0, 0) { first } else { others };
                let _ = writeln!(
                    text,
                    " real_server 10.1.{}.{} {} {{\n weight {weight}\n TCP_CHECK {{\n connect_ip 127.0.{}.{}\n \
                     connect_port {}\n }}\n }}",
                    service % 250,
                    server + 1,
                    80 + service % 100,
                    // Of one address there are not enough ports for all that are closed within a minute.
                    service % 250,
                    server + 1,
                    self.port
                );
            }
            text.push_str("}\n");
        }
        text
    }

    fn measure(self, program: &Path) -> Outcome<Measured> {
        fs::write(CONFIG, self.config(1, 1)).doing(CONFIG)?;
        let begun = Instant::now();
        let mut daemon = Daemon::start(program)?;
        wait("a full table", || rows(1) == self.destinations())?;
        let full = begun.elapsed().as_secs_f64();
        // Every checker has run once, and what the start took is not counted.
        thread::sleep(Duration::from_secs(2 * self.delay + 2));
        let worker = daemon.worker()?;
        let (before, watched) = (used(worker)?, Instant::now());
        thread::sleep(WATCHED);
        let checks = watched.elapsed().as_secs_f64() / self.delay as f64 * self.destinations() as f64;
        let check = (used(worker)? - before) * 1e6 / checks;
        let memory = (memory(worker)? + memory(daemon.pid())?) / self.destinations() as f64;
        let reload = |config: String, weight, count| {
            fs::write(CONFIG, config).doing(CONFIG)?;
            let begun = Instant::now();
            daemon.signal(Signal::SIGHUP)?;
            wait("the new weights", || rows(weight) == count)?;
            Ok::<_, Failure>(begun.elapsed().as_secs_f64())
        };
        let one = reload(self.config(2, 1), 2, 1)?;
        let all = reload(self.config(3, 3), 3, self.destinations())?;
        let begun = Instant::now();
        daemon.signal(Signal::SIGTERM)?;
        daemon.0.wait()?;
        let (stop, left) = (begun.elapsed().as_secs_f64(), lines("->") + lines("TCP"));
        let _ = Command::new("ipvsadm").arg("-C").status();
        Ok(Measured { full, check, memory, one, all, stop, left })
    }
}

/// Looking at a large table takes the processor from who fills it, so most of the time is spent not looking.
fn wait(what: &str, mut done: impl FnMut() -> bool) -> Outcome {
    eventually(what, PATIENCE, || {
        let begun = Instant::now();
        let done = done();
        if !done {
            thread::sleep(begun.elapsed() * 4);
        }
        done.then_some(())
    })
}

fn table() -> String {
    fs::read_to_string(TABLE).unwrap_or_default()
}

/// Destinations with this weight.
fn rows(weight: u32) -> usize {
    let weight = weight.to_string();
    table()
        .lines()
        .filter(|line| line.split_whitespace().nth(3) == Some(&weight) && line.contains("->"))
        .count()
}

/// Lines that begin like this, the titles left out.
fn lines(beginning: &str) -> usize {
    table().lines().skip(3).filter(|line| line.trim_start().starts_with(beginning)).count()
}

/// Processor time of a process in seconds.
fn used(pid: Pid) -> Outcome<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).doing(&path)?;
    let fields: Vec<f64> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|word| word.parse().unwrap_or(0.0))
        .collect();
    Ok((fields.get(11).unwrap_or(&0.0) + fields.get(12).unwrap_or(&0.0)) / TICKS)
}

/// Memory of a process in KiB, pages that it shares counted in part.
fn memory(pid: Pid) -> Outcome<f64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).doing(&path)?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
    Ok(line.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or_default())
}

struct Daemon(Child);

impl Daemon {
    fn start(program: &Path) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.args(["-n", "-C", "-f", CONFIG, "-p", "/run/bench.pid", "-c", "/run/bench-checkers.pid"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn().doing(program.display())?))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().cast_signed())
    }

    fn signal(&self, signal: Signal) -> Outcome {
        kill(self.pid(), signal).doing("the daemon")
    }

    /// The process that checks.
    fn worker(&self) -> Outcome<Pid> {
        let path = PathBuf::from("/run/bench-checkers.pid");
        let text = fs::read_to_string(&path).doing(path.display())?;
        Ok(Pid::from_raw(text.trim().parse()?))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has ended, unless a measurement failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
