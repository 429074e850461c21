//! Many reloads and signals in no order for a director, with the end of a worker now and then, or a process that stands still
//! for a while: the table and the addresses are those of the last configuration, nothing grows, and nothing is left behind.

use crate::stage::START;
use lab::{
    Binary, Dice, Keepalived, Mark, Outcome, eventually, ipvs, ipvs::Table, is_alive, seed::Cluster,
    throughout,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    collections::BTreeSet,
    env, fs,
    net::{Ipv4Addr, SocketAddrV4},
    process::Command,
    time::{Duration, Instant},
};

/// Rounds, unless `SOAK_ROUNDS` asks for more.
const ROUNDS: u32 = 60;

/// A worker dies in one round of so many, if it may.
const LIVES: u64 = 20;

/// A process is stopped in one round of so many.
const NAPS: u64 = 6;

/// The longest of these stops, in milliseconds. A worker is given fifteen seconds before it is replaced.
const LONGEST_NAP: u64 = 2_000;

/// How long the table of a successor is watched: three rounds of checks.
const AFTERWARDS: Duration = Duration::from_secs(10);

/// How often a worker may die in quick succession, after which its successor would wait ever longer.
const QUICK_DEATHS: u32 = 4;

/// A worker that has lived so long may die again: its successor does not wait.
const LONG_LIFE: Duration = Duration::from_secs(61);

/// What a worker may take to come back and do all it is told, on a machine that may be busy.
const RECOVERY: Duration = Duration::from_secs(60);

/// What the supervisor may need more in the end than after its first reloads, in KiB.
const GROWTH: u64 = 8 * 1024;

const SERVICES: u8 = 6;

/// The seed's servers that serve port 80.
const SERVERS: [u8; 4] = [195, 196, 197, 198];

const VIP: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 205);

/// Which services there are and which servers each has, by the bits of `variant`; the first service always is.
fn config(variant: u64) -> (String, Table) {
    let mut table = Table::new();
    let mut text = format!(
        "vrrp_instance V {{\n interface eth1\n virtual_router_id 51\n priority 200\n virtual_ipaddress {{\n {VIP}\n }}\n}}\n"
    );
    for number in (0..SERVICES).filter(|number| *number == 0 || variant & (1 << number) != 0) {
        let service = SocketAddrV4::new(VIP, 8000 + u16::from(number));
        text.push_str(&format!(
            "virtual_server {VIP} {} {{\n delay_loop 3\n lvs_sched wlc\n lvs_method NAT\n protocol TCP\n",
            service.port()
        ));
        let shift = u32::from(SERVICES + number);
        let mut servers = BTreeSet::new();
        for (place, last) in SERVERS.into_iter().enumerate() {
            if place > 0 && variant >> shift & (1 << place) == 0 {
                continue;
            }
            let server = SocketAddrV4::new(Ipv4Addr::new(172, 16, 0, last), 80);
            let weight = 1 + (variant >> (place + 8)) % 4;
            text.push_str(&format!(
                " real_server {} 80 {{\n weight {weight}\n TCP_CHECK {{\n connect_timeout 5\n }}\n }}\n",
                server.ip()
            ));
            servers.insert(server);
        }
        text.push_str("}\n");
        table.insert(service, servers);
    }
    (text, table)
}

/// Memory of its own in KiB, and open files, of a process. Pages of the program come and go.
fn size(pid: Pid) -> Outcome<(u64, usize)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    let memory = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    Ok((memory, fs::read_dir(format!("/proc/{pid}/fd"))?.count()))
}

fn send(pid: Pid, signal: u64) {
    // It may have ended meanwhile.
    let _ = Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status();
}

/// The deaths of one worker after the other, so far apart that the scene does not spend its time waiting for successors.
#[derive(Debug, Default)]
struct Deaths {
    living: Option<(Pid, Instant)>,
    quick: u32,
}

impl Deaths {
    /// Whether this worker may die now; if so, it is counted.
    fn allow(&mut self, pid: Pid, now: Instant) -> bool {
        let since = match self.living {
            Some((known, since)) if known == pid => since,
            Some(_) | None => self.living.insert((pid, now)).1,
        };
        if now.duration_since(since) >= LONG_LIFE {
            self.quick = 0;
        }
        if self.quick == QUICK_DEATHS {
            return false;
        }
        self.quick += 1;
        true
    }
}

/// A process that stands still, if there is one.
#[derive(Debug, Default)]
struct Nap(Option<Pid>);

impl Nap {
    fn begin(&mut self, pid: Pid) {
        self.end();
        if kill(pid, Signal::SIGSTOP).is_ok() {
            self.0 = Some(pid);
        }
    }

    fn end(&mut self) {
        if let Some(pid) = self.0.take() {
            // It may have been killed meanwhile.
            let _ = kill(pid, Signal::SIGCONT);
        }
    }
}

/// Reads the configuration once more, and waits until no reload is under way or asked for: a worker that puts one in force is
/// given much longer before it is replaced.
fn settle(daemon: &Keepalived) -> Outcome {
    const STEPS: [&str; 4] = ["Reloading ...", "Reload complete", "request queued", "Processing queued"];
    let is_idle = || {
        let lines = daemon.journal().since(Mark::default());
        let last = lines.iter().rev().find(|line| STEPS.iter().any(|step| line.text.contains(step)));
        last.is_some_and(|line| line.text.contains("Reload complete"))
    };
    for _ in 0..2 {
        let mark = daemon.journal().mark();
        daemon.reload()?;
        daemon.journal().wait(mark, "Reload complete", RECOVERY)?;
        eventually("the end of all reloads", RECOVERY, || is_idle().then_some(()))?;
    }
    Ok(())
}

/// Stops a worker for good and waits until the supervisor has replaced it. All the while, and for some time afterwards, the
/// kernel has what it is to have.
fn is_replaced_without_loss(
    daemon: &Keepalived,
    worker: impl Fn(&Keepalived) -> Option<Pid>,
    is_whole: impl Fn() -> bool,
) -> Outcome {
    let stuck = worker(daemon).expect("it runs");
    kill(stuck, Signal::SIGSTOP)?;
    let mark = daemon.journal().mark();
    let mut was_whole = true;
    eventually("another worker", RECOVERY, || {
        was_whole &= is_whole();
        worker(daemon).filter(|pid| *pid != stuck && is_alive(*pid))
    })?;
    daemon.journal().wait(mark, &format!("process {stuck} does not answer and is replaced: "), RECOVERY)?;
    assert!(was_whole, "something was lost while nobody watched over it");
    throughout("what the successor found", AFTERWARDS, is_whole)
}

pub(crate) fn reloads_signals_and_deaths_leave_the_table_as_configured(binary: &Binary) -> Outcome {
    let rounds = env::var("SOAK_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let cluster = Cluster::new()?;
    let [director, _] = &cluster.directors;
    let is_as = |wanted: &Table| {
        let is_held = director.vips().is_ok_and(|vips| vips.contains(&VIP));
        is_held && ipvs::table(&director.node).is_ok_and(|table| table == *wanted)
    };
    let mut dice = Dice::new(3);
    let (text, mut wanted) = config(u64::MAX);
    let mut daemon = Keepalived::start(&director.node, binary, &text)?;
    eventually("the whole table", START, || is_as(&wanted).then_some(()))?;
    let parent = daemon.process().pid();
    let mut before = size(parent)?;
    let (began, mut deaths, mut died) = (Instant::now(), [Deaths::default(), Deaths::default()], 0);
    let (mut nap, mut naps) = (Nap::default(), 0);
    for round in 0..rounds {
        if dice.roll(2) == 0 {
            nap.end();
        }
        let place = dice.pick(&[0, 1]);
        let worker = [daemon.checkers_worker(), daemon.vrrp_worker()][place];
        let alive = worker.filter(|pid| is_alive(*pid));
        match dice.roll(8) {
            0..=3 => {
                let (text, table) = config(dice.roll(1 << 20));
                wanted = table;
                daemon.write_config(&text)?;
                let mark = daemon.journal().mark();
                daemon.reload()?;
                // Some are in force before the next one comes, some are overtaken.
                if dice.roll(2) == 0 {
                    nap.end();
                    daemon.journal().wait(mark, "Reload complete", RECOVERY)?;
                }
            }
            4 => send(parent, dice.pick(&[10, 12, 36, 63])),
            _ => alive.into_iter().for_each(|pid| send(pid, dice.pick(&[1, 10, 17, 28]))),
        }
        if dice.roll(LIVES) == 0
            && let Some(pid) = alive
            && deaths[place].allow(pid, Instant::now())
        {
            died += 1;
            let _ = kill(pid, dice.pick(&[Signal::SIGKILL, Signal::SIGSEGV]));
        }
        if dice.roll(NAPS) == 0
            && let Some(pid) = dice.pick(&[alive, alive, Some(parent)])
        {
            naps += 1;
            nap.begin(pid);
            let _ = eventually("a nap", Duration::from_millis(dice.roll(LONGEST_NAP)), || None::<()>);
        }
        if round == rounds / 10 {
            // The first ones fill caches.
            before = size(parent)?;
        }
    }
    nap.end();
    println!("{rounds} rounds, {died} deaths and {naps} naps took {:?}", began.elapsed());
    daemon.reload()?;
    if eventually("the last configuration", RECOVERY, || is_as(&wanted).then_some(())).is_err() {
        assert_eq!(ipvs::table(&director.node)?, wanted);
        return Err(lab::Failure::new(format!("the addresses are {:?}", director.vips()?)));
    }
    eventually("two workers", RECOVERY, || {
        let workers = [daemon.checkers_worker()?, daemon.vrrp_worker()?];
        workers.iter().all(|pid| is_alive(*pid)).then_some(())
    })?;
    assert_eq!(daemon.workers().len(), 2, "and no other process");
    let ((memory, files), (memory_now, files_now)) = (before, size(parent)?);
    assert!(memory_now <= memory + GROWTH, "{memory} KiB grew to {memory_now} KiB");
    assert!(files_now <= files + 4, "{files} open files grew to {files_now}");
    settle(&daemon)?;
    is_replaced_without_loss(&daemon, Keepalived::checkers_worker, || is_as(&wanted))?;
    is_replaced_without_loss(&daemon, Keepalived::vrrp_worker, || is_as(&wanted))?;
    // One that stands still when it is to take everything back.
    nap.begin(daemon.checkers_worker().expect("it runs"));
    daemon.process().signal(Signal::SIGTERM)?;
    assert_eq!(daemon.process().wait(RECOVERY)?.code(), Some(0));
    assert_eq!(ipvs::table(&director.node)?, Table::new());
    assert_eq!(director.vips()?.len(), 0);
    assert!(daemon.pid_files().is_empty());
    Ok(())
}
