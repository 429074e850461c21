//! Workers that die or hang, and what becomes of what they did.

use lab::{
    Keepalived, Mark, Outcome, eventually, is_alive,
    pair::{Cast, ELECTION, Pair, config, settles},
    seed::VIPS,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{net::IpAddr, time::Duration};

const HIGH: u8 = 200;
const LOW: u8 = 100;

/// A worker is given fifteen seconds to answer, on a machine that may be busy.
const REPLACEMENT: Duration = Duration::from_secs(40);

fn successor(daemon: &Keepalived, of: Pid) -> Outcome<Pid> {
    eventually("another worker", REPLACEMENT, || {
        daemon.vrrp_worker().filter(|pid| *pid != of && is_alive(*pid))
    })
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
    // It is the better one, and gets them back in order.
    settles(&pair.one, &pair.two)
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

pub(crate) fn a_worker_that_may_not_be_replaced_ends_the_daemon_and_leaves_no_address(
    cast: &Cast,
) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut one = pair.one.start_telling(&["--dont-respawn"], &config(HIGH))?;
    settles(&pair.one, &pair.two)?;
    kill(one.vrrp_worker().expect("it runs"), Signal::SIGKILL)?;
    assert_eq!(one.process().wait(ELECTION)?.code(), Some(0));
    one.logs(" died: Exiting", ELECTION)?;
    assert_eq!(pair.one.holds()?, 0);
    assert!(one.pid_files().is_empty());
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
