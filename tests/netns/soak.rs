//! Many reloads and signals in no order, and the end of processes at any moment: nothing is lost for good, nothing grows, and
//! nothing is left behind.

use lab::{
    Dice, Keepalived, Mark, Outcome, eventually, is_alive,
    pair::{Cast, ELECTION, Pair},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    collections::BTreeSet,
    env, fs,
    net::IpAddr,
    process::Command,
    time::{Duration, Instant},
};

/// Rounds, unless `SOAK_ROUNDS` asks for more.
const ROUNDS: u32 = 60;

/// A stuck worker is replaced after a quarter of a minute, and one that dies often waits for up to a minute.
const RECOVERY: Duration = Duration::from_secs(100);

/// What a daemon may need more in the end than after its first reloads, in KiB: allocators keep what was once in use.
const GROWTH: u64 = 8 * 1024;

const ROUTERS: u8 = 8;

/// Which routers there are and which address each has, by the bits of `variant`; the first one always is.
fn config(variant: u64) -> (String, BTreeSet<IpAddr>) {
    let (mut text, mut addresses) = (String::new(), BTreeSet::new());
    for number in 0..ROUTERS {
        let is_there = number == 0 || variant & (1 << number) != 0;
        if !is_there {
            continue;
        }
        let third = variant >> ROUTERS & 3;
        let address = format!("10.{third}.0.{}", number + 1);
        addresses.insert(address.parse().expect("it is an address"));
        text.push_str(&format!(
            "vrrp_instance V{number} {{\n interface eth1\n version 3\n virtual_router_id {}\n advert_int 0.1\n \
             priority 200\n virtual_ipaddress {{\n {address}\n }}\n}}\n",
            number + 1
        ));
    }
    (text, addresses)
}

/// Memory of its own in KiB, and open files, of a process. Pages of the program come and go.
fn size(pid: Pid) -> Outcome<(u64, usize)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    let memory = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    Ok((memory, fs::read_dir(format!("/proc/{pid}/fd"))?.count()))
}

fn holds_exactly(pair: &Pair, wanted: &BTreeSet<IpAddr>) -> bool {
    let ours = |address: &IpAddr| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
    let held = pair.one.node.addresses().unwrap_or_default();
    held.into_iter().filter(ours).collect::<BTreeSet<_>>() == *wanted
}

fn send(pid: Pid, signal: u64) {
    // It may have ended meanwhile.
    let _ = Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status();
}

fn supervisor(daemon: &mut Keepalived) -> Pid {
    daemon.process().pid()
}

pub(crate) fn reloads_and_signals_in_no_order_leave_everything_as_configured(cast: &Cast) -> Outcome {
    let rounds = env::var("SOAK_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let pair = Pair::new(cast)?;
    let mut dice = Dice::new(1);
    let (text, mut wanted) = config(0xff);
    let mut daemon = pair.one.start_with(&text)?;
    eventually("all addresses", ELECTION, || holds_exactly(&pair, &wanted).then_some(()))?;
    let parent = supervisor(&mut daemon);
    let worker = daemon.vrrp_worker().expect("it runs");
    let mut before = [size(parent)?, size(worker)?];
    for round in 0..rounds {
        match dice.roll(8) {
            0..=3 => {
                let (text, addresses) = config(dice.roll(1 << 10));
                daemon.write_config(&text)?;
                wanted = addresses;
                let mark = daemon.journal().mark();
                daemon.reload()?;
                // Some are in force before the next one comes, some are overtaken.
                if dice.roll(2) == 0 {
                    daemon.journal().wait(mark, "Reload complete", RECOVERY)?;
                }
            }
            4 => send(parent, 10),
            5 => send(worker, 12),
            6 => send(dice.pick(&[parent, worker]), 36),
            _ => send(worker, dice.pick(&[1, 63, 17, 28])),
        }
        if round == rounds / 10 {
            // The first ones fill caches.
            before = [size(parent)?, size(worker)?];
        }
    }
    daemon.reload()?;
    eventually("all addresses and no other", RECOVERY, || holds_exactly(&pair, &wanted).then_some(()))?;
    assert_eq!(daemon.vrrp_worker(), Some(worker), "the same worker");
    assert_eq!(daemon.workers(), [worker], "and no other process");
    for (pid, (memory, files)) in [parent, worker].into_iter().zip(before) {
        let (memory_now, files_now) = size(pid)?;
        assert!(memory_now <= memory + GROWTH, "{memory} KiB grew to {memory_now} KiB");
        // Files that were being written when they were counted.
        assert!(files_now <= files + 4, "{files} open files grew to {files_now}");
    }
    ends_clean(&pair, &mut daemon)
}

/// The VRRP worker and the BFD worker, if both live.
fn living(daemon: &Keepalived) -> Option<[Pid; 2]> {
    let workers = [daemon.vrrp_worker()?, daemon.bfd_worker()?];
    workers.iter().all(|pid| is_alive(*pid)).then_some(workers)
}

pub(crate) fn processes_that_stop_or_die_at_any_moment_lose_and_leave_nothing(cast: &Cast) -> Outcome {
    let seconds = env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let pair = Pair::new(cast)?;
    let mut dice = Dice::new(2);
    let (text, wanted) = config(0xff);
    // Nobody answers; what counts is that there is a process for it.
    let text = format!("bfd_instance S {{\n neighbor_ip 172.16.0.99\n}}\n{text}");
    let mut daemon = pair.one.start_with(&text)?;
    eventually("all addresses", ELECTION, || holds_exactly(&pair, &wanted).then_some(()))?;
    let watch = pair.one.node.watch_addresses()?;
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        let worker = if dice.roll(4) == 0 { daemon.bfd_worker() } else { daemon.vrrp_worker() };
        let Some(worker) = worker.filter(|pid| is_alive(*pid)) else {
            std::thread::yield_now();
            continue;
        };
        let signal = dice.pick(&[Signal::SIGKILL, Signal::SIGSEGV, Signal::SIGSTOP]);
        let moment = Duration::from_millis(dice.roll(1_500));
        // Some die while they start, some while they are masters.
        let _ = eventually("the moment", moment, || (!is_alive(worker)).then_some(()));
        let _ = kill(worker, signal);
        if signal == Signal::SIGSTOP {
            let _ = eventually("a while", Duration::from_millis(dice.roll(500)), || None::<()>);
            let _ = kill(worker, Signal::SIGCONT);
        }
    }
    let lost: Vec<_> = watch.changes().into_iter().filter(|line| line.starts_with("Deleted")).collect();
    assert_eq!(lost, [""; 0], "no other router took over, so no address was to go");
    eventually("all addresses, no other, and both workers", RECOVERY, || {
        living(&daemon).filter(|_| holds_exactly(&pair, &wanted))
    })?;
    // A supervisor that is stopped for a while goes on where it was.
    let parent = supervisor(&mut daemon);
    kill(parent, Signal::SIGSTOP)?;
    let mark: Mark = daemon.journal().mark();
    daemon.reload()?;
    kill(parent, Signal::SIGCONT)?;
    daemon.journal().wait(mark, "Reload complete", RECOVERY)?;
    // And one that is killed takes its workers along, which give everything back.
    let workers = eventually("living workers", RECOVERY, || living(&daemon))?;
    kill(parent, Signal::SIGKILL)?;
    eventually("the end of the workers", ELECTION, || {
        (!workers.iter().any(|pid| is_alive(*pid))).then_some(())
    })?;
    eventually("no address left", ELECTION, || holds_exactly(&pair, &BTreeSet::new()).then_some(()))
}

fn ends_clean(pair: &Pair, daemon: &mut Keepalived) -> Outcome {
    assert_eq!(daemon.stop()?.code(), Some(0));
    assert!(holds_exactly(pair, &BTreeSet::new()), "an address was left behind");
    assert!(daemon.pid_files().is_empty());
    Ok(())
}
