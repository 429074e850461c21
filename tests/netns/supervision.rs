//! Workers that die or hang, and what becomes of what they did.

use lab::{
    Failure, Keepalived, Mark, Outcome, PID_FILES, eventually, is_alive,
    pair::{Cast, ELECTION, Pair, config, settles},
    seed::VIPS,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{fs, net::IpAddr, os::unix::fs::PermissionsExt as _, time::Duration};

const HIGH: u8 = 200;
const LOW: u8 = 100;

/// A worker is given fifteen seconds to answer, on a machine that may be busy.
const REPLACEMENT: Duration = Duration::from_secs(40);

fn successor(daemon: &Keepalived, of: Pid) -> Outcome<Pid> {
    eventually("another worker", REPLACEMENT, || {
        daemon.vrrp_worker().filter(|pid| *pid != of && is_alive(*pid))
    })
}

/// How often a line with these words has come.
fn times(daemon: &Keepalived, mark: Mark, words: &str) -> usize {
    daemon.journal().since(mark).iter().filter(|line| line.text.contains(words)).count()
}

/// Waits for lines with these words in this order, other lines between them or not.
fn in_order(daemon: &Keepalived, mark: Mark, wanted: &[String]) -> Outcome {
    let missing = || {
        let lines = daemon.journal().since(mark);
        let mut lines = lines.iter();
        wanted.iter().find(|words| !lines.any(|line| line.text.contains(words.as_str())))
    };
    eventually("all lines in order", ELECTION, || missing().is_none().then_some(()))
        .map_err(|failure| Failure::new(format!("{failure}: {:?} is missing", missing())))
}

pub(crate) fn a_killed_master_goes_on_without_losing_an_address(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let watch = pair.one.node.watch_addresses()?;
    let worker = one.vrrp_worker().expect("it runs");
    let mark = one.journal().mark();
    kill(worker, Signal::SIGSEGV)?;
    successor(&one, worker)?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
    let losses: Vec<_> = watch.changes().into_iter().filter(|line| line.starts_with("Deleted")).collect();
    assert_eq!(losses, [""; 0]);
    assert_eq!(pair.one.holds()?, VIPS.len());
    assert_eq!(times(&one, mark, "(VI_1) removing VIPs."), 0, "nothing was removed");
    Ok(())
}

pub(crate) fn a_worker_that_is_told_alone_to_reload_puts_the_last_plan_in_force_again(
    cast: &Cast,
) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let watch = pair.one.node.watch_addresses()?;
    let worker = one.vrrp_worker().expect("it runs");
    // Not read again: only the supervisor does that.
    one.write_config(&config(HIGH).replace(&VIPS[0].to_string(), "172.16.0.199"))?;
    let mark = one.journal().mark();
    kill(worker, Signal::SIGHUP)?;
    one.journal().wait(mark, "Reloading", ELECTION)?;
    let given = pair.capture.adverts(pair.one.address, |_| true).len();
    eventually("adverts go on", ELECTION, || {
        (pair.capture.adverts(pair.one.address, |_| true).len() > given + 1).then_some(())
    })?;
    assert_eq!(watch.changes(), [""; 0]);
    assert_eq!((pair.one.holds()?, one.vrrp_worker()), (VIPS.len(), Some(worker)));
    Ok(())
}

pub(crate) fn a_killed_master_that_was_followed_gives_its_addresses_up(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    let _two = pair.two.start(LOW)?;
    settles(&pair.one, &pair.two)?;
    // Long enough for the other to take over, not long enough to be replaced.
    let worker = one.vrrp_worker().expect("it runs");
    kill(worker, Signal::SIGSTOP)?;
    eventually("the addresses on the other router", ELECTION, || {
        (pair.two.holds().ok()? == VIPS.len()).then_some(())
    })?;
    let mark = one.journal().mark();
    kill(worker, Signal::SIGKILL)?;
    successor(&one, worker)?;
    one.journal().wait(mark, "(VI_1) removing VIPs.", ELECTION)?;
    assert_eq!(times(&one, mark, "(VI_1) Entering MASTER STATE"), 0, "two routers had the addresses");
    // It is the better one, and gets them back in order.
    settles(&pair.one, &pair.two)?;
    assert_eq!(times(&one, mark, "(VI_1) removing VIPs."), 1);
    Ok(())
}

pub(crate) fn a_worker_that_is_stuck_is_told_of_and_replaced(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let watch = pair.one.node.watch_addresses()?;
    let worker = one.vrrp_worker().expect("it runs");
    kill(worker, Signal::SIGSTOP)?;
    let told = one.logs(&format!("VRRP process {worker} does not answer: "), REPLACEMENT)?;
    assert!(told.text.contains("T (stopped)"), "{}", told.text);
    one.logs(&format!("VRRP process {worker} does not answer and is replaced: "), REPLACEMENT)?;
    successor(&one, worker)?;
    let mark = one.journal().mark();
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION).or_else(|failure| {
        one.journal().find(Mark::default(), "(VI_1) Entering MASTER STATE").ok_or(failure)
    })?;
    let losses: Vec<_> = watch.changes().into_iter().filter(|line| line.starts_with("Deleted")).collect();
    assert_eq!(losses, [""; 0]);
    Ok(())
}

/// Kills the only worker of a daemon that may not start another one, and waits for the end of that daemon.
fn ends_with_its_worker(pair: &Pair) -> Outcome<Keepalived> {
    let mut one = pair.one.start_telling(&["--dont-respawn"], &config(HIGH))?;
    settles(&pair.one, &pair.two)?;
    let (mark, worker) = (one.journal().mark(), one.vrrp_worker().expect("it runs"));
    kill(worker, Signal::SIGKILL)?;
    assert_eq!(one.process().wait(REPLACEMENT)?.code(), Some(0));
    in_order(
        &one,
        mark,
        &[
            format!("pid {worker} exited due to signal 9 (Killed)"),
            format!("VRRP child process({worker}) died: Exiting"),
            ": Stopping".to_owned(),
            ": CPU usage (self/children) user: ".to_owned(),
            ": Stopped Keepalived v".to_owned(),
        ],
    )?;
    assert!(!pair.one.node.outside(PID_FILES[0]).exists());
    Ok(one)
}

pub(crate) fn a_worker_that_may_not_be_replaced_ends_the_daemon(cast: &Cast) -> Outcome {
    ends_with_its_worker(&Pair::new(cast)?).map(drop)
}

pub(crate) fn a_worker_that_may_not_be_replaced_leaves_no_address(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = ends_with_its_worker(&pair)?;
    assert_eq!(pair.one.holds()?, 0);
    assert!(one.pid_files().is_empty());
    Ok(())
}

pub(crate) fn a_worker_that_is_told_alone_to_stop_does_and_is_started_again(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let (mark, worker) = (one.journal().mark(), one.vrrp_worker().expect("it runs"));
    kill(worker, Signal::SIGTERM)?;
    let next = successor(&one, worker)?;
    in_order(
        &one,
        mark,
        &[
            "(VI_1) sent 0 priority".to_owned(),
            "(VI_1) removing VIPs.".to_owned(),
            ": Stopped - used ".to_owned(),
            format!("VRRP child process({worker}) died: Respawning"),
            "Restart of VRRP process delayed 0 seconds to limit respawn rate".to_owned(),
            format!("Starting VRRP child process, pid={next}"),
            "(VI_1) Entering MASTER STATE".to_owned(),
        ],
    )?;
    assert_eq!(times(&one, mark, " exited "), 0, "it did what it was told");
    assert!(!pair.capture.adverts(pair.one.address, |priority| priority == 0).is_empty());
    settles(&pair.one, &pair.two)
}

pub(crate) fn each_worker_is_told_of_by_its_name_and_has_its_pid_file_again(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let session = "bfd_instance B {\n neighbor_ip 172.16.0.2\n}\n";
    let one = pair.one.start_with(&format!("{session}{}", config(HIGH)))?;
    settles(&pair.one, &pair.two)?;
    let of = |name: &str| if name == "BFD" { one.bfd_worker() } else { one.vrrp_worker() };
    let files = [("VRRP", PID_FILES[1]), ("BFD", "/run/bfd.pid")];
    for (name, file) in files.map(|(name, file)| (name, pair.one.node.outside(file))) {
        let (mark, worker) = (one.journal().mark(), of(name).expect("it runs"));
        // Somebody tidies up.
        fs::remove_file(&file)?;
        kill(worker, Signal::SIGKILL)?;
        let next = eventually("another worker", REPLACEMENT, || {
            of(name).filter(|pid| *pid != worker && is_alive(*pid))
        })?;
        in_order(
            &one,
            mark,
            &[
                format!("pid {worker} exited due to signal 9 (Killed)"),
                format!("{name} child process({worker}) died: Respawning"),
                format!("Restart of {name} process delayed 0 seconds to limit respawn rate"),
                format!("Starting {name} child process, pid={next}"),
            ],
        )?;
        assert_eq!(fs::read_to_string(&file)?, format!("{next}\n"));
        assert_eq!(file.metadata()?.permissions().mode() & 0o777, 0o644);
    }
    Ok(())
}

pub(crate) fn a_supervisor_that_is_killed_takes_its_workers_along(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let session = "bfd_instance B {\n neighbor_ip 172.16.0.2\n}\n";
    let text = format!("{session}{}", config(HIGH));
    let mut one = pair.one.start_with(&text)?;
    settles(&pair.one, &pair.two)?;
    let workers = [one.vrrp_worker(), one.bfd_worker()].map(|pid| pid.expect("it runs"));
    one.process().signal(Signal::SIGKILL)?;
    one.process().wait(REPLACEMENT)?;
    eventually("the end of the workers", REPLACEMENT, || {
        (!workers.iter().any(|pid| is_alive(*pid))).then_some(())
    })?;
    assert_eq!(pair.one.holds()?, 0);
    assert!(!pair.capture.adverts(pair.one.address, |priority| priority == 0).is_empty());
    let left = ["/run/keepalived.pid", "/run/vrrp.pid", "/run/bfd.pid"];
    assert_eq!(left.map(|file| pair.one.node.outside(file).exists()), [true, false, false]);
    let mut next = pair.one.start_with(&text)?;
    settles(&pair.one, &pair.two)?;
    assert_eq!(next.stop()?.code(), Some(0));
    assert_eq!(left.map(|file| pair.one.node.outside(file).exists()), [false; 3]);
    Ok(())
}

pub(crate) fn a_worker_that_dies_again_and_again_is_started_ever_later(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let mut worker = one.vrrp_worker().expect("it runs");
    for delay in [0, 1, 2] {
        let mark = one.journal().mark();
        kill(worker, Signal::SIGKILL)?;
        one.journal().wait(mark, &format!("pid {worker} exited due to signal 9 (Killed)"), ELECTION)?;
        one.journal().wait(mark, &format!("VRRP child process({worker}) died: Respawning"), ELECTION)?;
        let slow = format!("Restart of VRRP process delayed {delay} seconds to limit respawn rate");
        one.journal().wait(mark, &slow, ELECTION)?;
        worker = successor(&one, worker)?;
        one.journal().wait(mark, &format!("Starting VRRP child process, pid={worker}"), ELECTION)?;
    }
    Ok(())
}

pub(crate) fn a_router_that_leaves_the_configuration_while_its_worker_is_dead_leaves_no_address(
    cast: &Cast,
) -> Outcome {
    let router = |number: u8| {
        format!(
            "vrrp_instance V{number} {{\n interface eth1\n virtual_router_id {number}\n priority 200\n \
             virtual_ipaddress {{\n 10.0.0.{number}\n }}\n}}\n"
        )
    };
    let pair = Pair::new(cast)?;
    let mut daemon = pair.one.start_with(&(router(1) + &router(2)))?;
    let held = || -> Outcome<Vec<u8>> {
        let all = pair.one.node.addresses()?;
        Ok((1..=2).filter(|last| all.contains(&IpAddr::from([10, 0, 0, *last]))).collect())
    };
    eventually("both addresses", ELECTION, || (held().ok()? == [1, 2]).then_some(()))?;
    let watch = pair.one.node.watch_addresses()?;
    let worker = daemon.vrrp_worker().expect("it runs");
    // The supervisor hears of the death and of the reload at the same time.
    let parent = daemon.process().pid();
    kill(parent, Signal::SIGSTOP)?;
    kill(worker, Signal::SIGKILL)?;
    eventually("the death", ELECTION, || (!is_alive(worker)).then_some(()))?;
    daemon.write_config(&router(1))?;
    daemon.reload()?;
    kill(parent, Signal::SIGCONT)?;
    successor(&daemon, worker)?;
    eventually("one address", ELECTION, || (held().ok()? == [1]).then_some(()))?;
    daemon.logs("Reload complete", ELECTION)?;
    let lost: Vec<_> = watch.changes().into_iter().filter(|line| line.starts_with("Deleted")).collect();
    assert!(lost.iter().all(|line| line.contains("10.0.0.2")), "{lost:?}");
    assert_eq!(daemon.stop()?.code(), Some(0));
    assert_eq!(held()?, [0; 0]);
    Ok(())
}
