//! How much later than the protocol demands a backup takes over.
//!
//! Times are the kernel's, of packets on the link: from the last word of what is lost (an advert, a farewell, a BFD packet)
//! to the first advert of the new master, less the time that the protocol makes it wait. Two daemons of one kind stand on
//! the link, the worse of which never stops. Ours and the original take turns of a few rounds each, so that whatever else
//! the machine does falls on both.

use super::Cast;
use lab::{Binary, Capture, Failure, Keepalived, Node, Outcome, Scene, Seen, While as _, eventually};
use nix::sys::signal::Signal;
use std::{
    fmt::Write as _,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

const ROUNDS: usize = 50;

/// Rounds of one of the two before it is the turn of the other.
const TURN: usize = 10;

/// Instances that a loaded backup has besides.
const OTHERS: usize = 1_000;

const HIGH: u8 = 200;
const LOW: u8 = 100;

/// What a lost BFD packet is waited for: three times the interval.
const BFD_INTERVAL: Duration = Duration::from_millis(50);

/// How often a better router is started that does not become master: at the shortest intervals the original sometimes does not.
const STARTS: usize = 5;

/// Longer than a better router takes to become master.
const SETTLED: Duration = Duration::from_secs(20);

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

const ONE: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 1);
const TWO: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 2);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 9);

/// What becomes of the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// `kill -9` of all its processes.
    Killed,
    /// `SIGTERM`.
    Stopped,
    /// It tracks a BFD session whose other end is killed.
    Path,
}

/// What else happens on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Load {
    Idle,
    /// Every core is busy, and the daemon has a thousand other instances.
    Busy,
}

struct Case {
    name: &'static str,
    interval: Duration,
    loss: Loss,
    load: Load,
}

const fn case(name: &'static str, milliseconds: u64, loss: Loss, load: Load) -> Case {
    Case { name, interval: Duration::from_millis(milliseconds), loss, load }
}

const CASES: [Case; 8] = [
    case("killed, advert_int 1", 1_000, Loss::Killed, Load::Idle),
    case("killed, advert_int 0.1", 100, Loss::Killed, Load::Idle),
    case("killed, advert_int 0.01", 10, Loss::Killed, Load::Idle),
    case("TERM, advert_int 0.1", 100, Loss::Stopped, Load::Idle),
    case("BFD lost, advert_int 0.1", 100, Loss::Path, Load::Idle),
    case("killed, advert_int 0.1, loaded", 100, Loss::Killed, Load::Busy),
    case("killed, advert_int 0.01, loaded", 10, Loss::Killed, Load::Busy),
    case("TERM, advert_int 0.1, loaded", 100, Loss::Stopped, Load::Busy),
];

/// Prints the table of all cases whose name contains `only`.
pub(super) fn measure(cast: &Cast, rounds: Option<usize>, only: &str) -> Outcome {
    let rounds = rounds.unwrap_or(ROUNDS).max(1);
    println!("{rounds} rounds each, in turns of {TURN}; milliseconds beyond the protocol's own time");
    println!("loaded: every core busy, 1,000 other instances, both with vrrp_rt_priority 50\n");
    println!("| the master is | ours p50 | ours p99 | theirs p50 | theirs p99 |\n|---|---|---|---|---|");
    for case in CASES.iter().filter(|case| case.name.contains(only)) {
        let mut late = [Vec::new(), Vec::new()];
        while late.iter().any(|late| late.len() < rounds) {
            for ((whose, binary), late) in cast.both().into_iter().zip(&mut late) {
                let turn = case.play(binary, TURN.min(rounds - late.len()));
                late.extend(turn.doing(format_args!("{whose}, {}", case.name))?);
            }
        }
        let mut row = format!("| {} |", case.name);
        for late in &mut late {
            late.sort_by(f64::total_cmp);
            let at = |percent: usize| late[(late.len() * percent).div_ceil(100).max(1) - 1];
            let _ = write!(row, " {:.2} | {:.2} |", at(50), at(99));
        }
        println!("{row}");
    }
    Ok(())
}

impl Case {
    fn skew(&self) -> Duration {
        self.interval * (256 - u32::from(LOW)) / 256
    }

    /// What the protocol makes the backup wait after the last word of what is lost.
    fn bound(&self) -> Duration {
        match self.loss {
            Loss::Killed => 3 * self.interval + self.skew(),
            Loss::Stopped => self.skew(),
            Loss::Path => 3 * BFD_INTERVAL + self.skew(),
        }
    }

    fn config(&self, priority: u8, more: &str) -> String {
        let scheduling = match self.load {
            Load::Idle => "",
            // With its own limit the original is ended by the kernel while it starts a thousand instances.
            Load::Busy => {
                "global_defs {\n vrrp_rt_priority 50\n vrrp_rlimit_rttime 5000000\n vrrp_no_swap\n}\n"
            }
        };
        format!(
            "{scheduling}vrrp_instance VI_1 {{
                version 3
                interface eth1
                virtual_router_id 50
                priority {priority}
                advert_int {}
                {more}
                virtual_ipaddress {{
                    172.16.0.205
                }}
            }}\n",
            self.interval.as_secs_f64()
        )
    }

    /// How late the backup was each time, in milliseconds.
    fn play(&self, binary: &Binary, rounds: usize) -> Outcome<Vec<f64>> {
        let scene = Scene::new()?;
        let link = scene.link("lan")?;
        let node = |name, address: Ipv4Addr| scene.node(name)?.on(&link, "eth1", &[&format!("{address}/24")]);
        let (one, two, gateway) = (node("one", ONE)?, node("two", TWO)?, node("gateway", GATEWAY)?);
        let capture = scene.capture(&link)?;
        let beside = Capture::beside(&one)?;
        let others = match self.load {
            Load::Idle => String::new(),
            Load::Busy => super::instances::config(&super::instances::interfaces(&two)?, OTHERS, 1),
        };
        let _busy = (self.load == Load::Busy).then(Busy::start);
        let _two = Keepalived::start(&two, binary, &(self.config(LOW, "") + &others))?;
        if self.load == Load::Busy {
            // What starting so many costs is none of this.
            eventually("the other instances as masters", PATIENCE, || {
                (two.addresses().ok()?.len() > OTHERS).then_some(())
            })?;
        }
        let mut players = Players { case: self, binary, one, gateway, capture, beside };
        match self.loss {
            Loss::Killed | Loss::Stopped => (0..rounds).map(|_| players.lose_master()).collect(),
            Loss::Path => players.lose_paths(rounds),
        }
    }
}

struct Players<'a> {
    case: &'a Case,
    binary: &'a Binary,
    one: Node,
    gateway: Node,
    capture: Capture,
    /// What reaches the better router itself.
    beside: Capture,
}

impl Players<'_> {
    fn lose_master(&mut self) -> Outcome<f64> {
        let mut master = self.begin()?;
        if self.case.loss == Loss::Stopped {
            let before = SystemTime::now();
            master.process().signal(Signal::SIGTERM)?;
            let farewell = self.last("a farewell", before, |seen| {
                matches!(seen, Seen::Advert { from: ONE, priority: 0, .. })
            })?;
            let late = self.late(farewell, self.capture.wait_advert(TWO, farewell, PATIENCE)?);
            // A new one must not meet the old one's pid files.
            master.process().wait(PATIENCE)?;
            return Ok(late);
        }
        let before = SystemTime::now();
        master.cut();
        let first = self.capture.wait_advert(TWO, before, PATIENCE)?;
        // Only now is all recorded that was on the link before.
        let adverts = self.capture.adverts(ONE, |priority| priority > 0);
        let last = adverts.last().ok_or_else(|| Failure::new("the master never advertised"))?;
        Ok(self.late(*last, first))
    }

    /// Starts the better router and waits until it is master.
    fn begin(&self) -> Outcome<Keepalived> {
        let start = || Keepalived::start(&self.one, self.binary, &self.case.config(HIGH, ""));
        let mut master = start()?;
        for _ in 1..STARTS {
            let Err(failure) = self.settle() else { return Ok(master) };
            eprintln!("{}, started again: {failure}", self.case.name);
            master.cut();
            master = start()?;
        }
        self.settle().map(|()| master)
    }

    fn lose_paths(&mut self, rounds: usize) -> Outcome<Vec<f64>> {
        let milliseconds = BFD_INTERVAL.as_millis();
        let session = |name, neighbor| {
            format!(
                "bfd_instance {name} {{\n neighbor_ip {neighbor}\n min_rx {milliseconds}\n \
                 min_tx {milliseconds}\n multiplier 3\n}}\n"
            )
        };
        let config = session("way", GATEWAY) + &self.case.config(HIGH, "track_bfd {\n way\n }");
        let _master = Keepalived::start(&self.one, self.binary, &config)?;
        let round = |_| {
            let mut gateway = Keepalived::start(&self.gateway, self.binary, &session("back", ONE))?;
            self.settle()?;
            let before = SystemTime::now();
            gateway.cut();
            let first = self.beside.wait_advert(TWO, before, PATIENCE)?;
            // Only now is all recorded that reached the better router before.
            let is_bfd = |seen: &Seen| matches!(seen, Seen::Bfd { from: GATEWAY });
            let frames = self.beside.frames();
            let last = frames.iter().rev().find(|frame| is_bfd(&frame.seen));
            Ok(self.late(last.ok_or_else(|| Failure::new("no BFD packet was seen"))?.at, first))
        };
        (0..rounds).map(round).collect()
    }

    /// Waits until the better router alone has advertised for a while.
    fn settle(&self) -> Outcome {
        let begun = SystemTime::now();
        eventually("the better router as the only master", SETTLED, || {
            let last_of_other = self.capture.adverts(TWO, |_| true).last().copied().unwrap_or(begun);
            let since = self.capture.adverts(ONE, |priority| priority > 0);
            (since.iter().filter(|at| **at > last_of_other.max(begun)).count() >= 4).then_some(())
        })
    }

    fn last(&self, what: &str, after: SystemTime, wanted: impl Fn(&Seen) -> bool) -> Outcome<SystemTime> {
        eventually(what, PATIENCE, || {
            let frames = self.capture.frames();
            frames.iter().rev().find(|frame| frame.at > after && wanted(&frame.seen)).map(|frame| frame.at)
        })
    }

    /// By how many milliseconds the first advert of the backup came later than the protocol demands.
    fn late(&self, last_word: SystemTime, first: SystemTime) -> f64 {
        let took = first.duration_since(last_word).unwrap_or_default();
        (took.as_secs_f64() - self.case.bound().as_secs_f64()) * 1_000.0
    }
}

/// Keeps every core busy until it is dropped.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(stop)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
