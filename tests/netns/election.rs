//! Who becomes master, and when: RFC 3768 §6.4, played by any two daemons.

use lab::{
    Failure, Keepalived, Mark, Outcome, eventually,
    pair::{Cast, ELECTION, Pair, settles},
    seed::VIPS,
    throughout,
    timers::{ADVERT_INTERVAL, down_interval, skew},
};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::{
    path::Path,
    time::{Duration, SystemTime},
};

const HIGH: u8 = 200;
const LOW: u8 = 100;

pub(crate) fn the_higher_priority_becomes_master_and_alone_holds_the_addresses(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    let two = pair.two.start(LOW)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    settles(&pair.one, &pair.two)?;
    throughout("one master", 2 * ADVERT_INTERVAL, || {
        pair.one.holds().is_ok_and(|held| held == VIPS.len()) && pair.two.holds().is_ok_and(|held| held == 0)
    })?;
    assert!(two.journal().find(Mark::default(), "Entering MASTER STATE").is_none());
    assert!(pair.capture.adverts(pair.two.address, |_| true).is_empty());
    Ok(())
}

pub(crate) fn a_router_that_is_alone_becomes_master_after_the_down_interval(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    let backup = one.logs("(VI_1) Entering BACKUP STATE (init)", ELECTION)?;
    let first = pair.advert_of(&pair.one, backup.at)?;
    // The line was read a little after it was written.
    let read_late = Duration::from_millis(30);
    pair.on_time("the first election", backup.at - read_late, first, down_interval(HIGH))?;
    settles(&pair.one, &pair.two)
}

pub(crate) fn a_delayed_start_says_so_and_the_receive_buffer_is_as_large_as_told(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let global = "global_defs {\n vrrp_startup_delay 2\n vrrp_rx_bufs_policy 40000\n}\n";
    let one = pair.one.start_with(&(global.to_owned() + &lab::pair::config(HIGH)))?;
    let begun = one.logs("Delaying startup for 2 seconds", ELECTION)?;
    one.logs("Delayed start completed", ELECTION)?;
    let first = pair.advert_of(&pair.one, begun.at)?;
    // The line was read a little after it was written.
    let read_late = Duration::from_millis(30);
    let formula = Duration::from_secs(2) + down_interval(HIGH);
    pair.on_time("the delayed election", begun.at - read_late, first, formula)?;
    // The kernel counts its own needs too, and doubles.
    assert_eq!(receive_buffer(&one)?, 80_000);
    settles(&pair.one, &pair.two)
}

pub(crate) fn while_a_start_is_delayed_nothing_that_is_heard_counts(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let two = pair
        .two
        .start_with(&("global_defs {\n vrrp_startup_delay 4\n}\n".to_owned() + &lab::pair::config(LOW)))?;
    let begun = two.logs("Delaying startup for 4 seconds", ELECTION)?;
    eventually("a master that is heard meanwhile", ELECTION, || {
        let adverts = pair.capture.adverts(pair.one.address, |_| true);
        (adverts.iter().filter(|at| **at > begun.at).count() >= 2).then_some(())
    })?;
    one.cut();
    let first = pair.advert_of(&pair.two, begun.at)?;
    // The line was read a little after it was written.
    let read_late = Duration::from_millis(30);
    // Had the adverts counted, the last of them would have started the down interval.
    let formula = Duration::from_secs(4) + down_interval(LOW);
    pair.on_time("the election after the delay", begun.at - read_late, first, formula)
}

pub(crate) fn a_reload_that_shortens_the_delay_of_the_start_lets_the_election_begin(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let config =
        |delay| format!("global_defs {{\n vrrp_startup_delay {delay}\n}}\n{}", lab::pair::config(HIGH));
    let one = pair.one.start_with(&config(600))?;
    one.logs("Startup complete", ELECTION)?;
    one.write_config(&config(0))?;
    one.reload()?;
    let begun = one.logs("Reduced delayed start passed", ELECTION)?;
    let first = pair.advert_of(&pair.one, begun.at)?;
    // The line was read a little after it was written.
    let read_late = Duration::from_millis(30);
    pair.on_time("the delayed election", begun.at - read_late, first, down_interval(HIGH))
}

/// The size of the receive buffer of the first socket that it says it listens on.
fn receive_buffer(daemon: &Keepalived) -> Outcome<usize> {
    let line = daemon.logs("VRRP sockpool: ", ELECTION)?;
    let fd = line.text.split("fd(").nth(1).and_then(|rest| rest.split(',').next()?.trim().parse().ok());
    let pid = daemon.vrrp_worker().and_then(|pid| Pid::from_raw(pid.as_raw()));
    let (Some(fd), Some(pid)) = (fd, pid) else { return Err(Failure::new(line.text)) };
    let worker = pidfd_open(pid, PidfdFlags::empty())?;
    let socket = pidfd_getfd(worker, fd, PidfdGetfdFlags::empty())?;
    Ok(rustix::net::sockopt::socket_recv_buffer_size(&socket)?)
}

pub(crate) fn a_stopped_master_is_followed_after_the_skew_alone(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut one = pair.one.start(HIGH)?;
    let _two = pair.two.start(LOW)?;
    settles(&pair.one, &pair.two)?;
    let status = one.stop()?;
    assert_eq!(status.code(), Some(0));
    let goodbyes = pair.capture.adverts(pair.one.address, |priority| priority == 0);
    assert_eq!(goodbyes.len(), 1, "one advert of priority 0 was due");
    let first = pair.advert_of(&pair.two, goodbyes[0])?;
    pair.on_time("the take-over after TERM", goodbyes[0], first, skew(LOW))?;
    settles(&pair.two, &pair.one)?;
    assert_eq!(one.pid_files(), Vec::<&Path>::new());
    Ok(())
}

pub(crate) fn a_killed_master_is_followed_after_the_down_interval(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut one = pair.one.start(HIGH)?;
    let _two = pair.two.start(LOW)?;
    settles(&pair.one, &pair.two)?;
    let before = SystemTime::now();
    one.cut();
    let first = pair.advert_of(&pair.two, before)?;
    // Only now is all recorded that was on the link before.
    let last = pair.last_advert_of(&pair.one)?;
    pair.on_time("the take-over after KILL", last, first, down_interval(LOW))?;
    assert!(pair.capture.adverts(pair.one.address, |priority| priority == 0).is_empty());
    eventually("the addresses on the new master", ELECTION, || {
        (pair.two.holds().ok()? == VIPS.len()).then_some(())
    })
}

pub(crate) fn a_master_whose_cable_is_pulled_is_followed_and_takes_over_again_later(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    let _two = pair.two.start(LOW)?;
    settles(&pair.one, &pair.two)?;
    let before = SystemTime::now();
    pair.one.node.unplug("eth1")?;
    one.logs("(VI_1) Entering FAULT STATE", ELECTION)?;
    let first = pair.advert_of(&pair.two, before)?;
    let last = pair.last_advert_of(&pair.one)?;
    pair.on_time("the take-over after the loss of the link", last, first, down_interval(LOW))?;
    settles(&pair.two, &pair.one)?;
    pair.one.node.plug("eth1")?;
    settles(&pair.one, &pair.two)
}

pub(crate) fn a_returning_higher_priority_takes_over(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let two = pair.two.start(LOW)?;
    settles(&pair.two, &pair.one)?;
    let one = pair.one.start(HIGH)?;
    let backup = one.logs("(VI_1) Entering BACKUP STATE (init)", ELECTION)?;
    let first = pair.advert_of(&pair.one, backup.at)?;
    let read_late = Duration::from_millis(30);
    pair.on_time("the preemption", backup.at - read_late, first, down_interval(HIGH))?;
    two.logs("(VI_1) Master received advert from 172.16.0.1 with higher priority 200, ours 100", ELECTION)?;
    settles(&pair.one, &pair.two)
}

pub(crate) fn an_interface_that_is_down_for_a_moment_is_no_fault(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let text = format!("interface_up_down_delays {{\n eth1 1.5\n}}\n{}", lab::pair::config(200));
    let one = pair.one.start_with(&text)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    let mark = one.journal().mark();
    pair.one.node.unplug("eth1")?;
    pair.one.node.plug("eth1")?;
    one.journal().wait(mark, "Delay timer for eth1 cancelled", ELECTION)?;
    pair.one.node.unplug("eth1")?;
    one.journal().wait(mark, "Netlink reports eth1 down", ELECTION)?;
    one.journal().wait(mark, "(VI_1) Entering FAULT STATE", ELECTION)?;
    let faults = one.journal().since(mark).iter().filter(|line| line.text.contains("FAULT")).count();
    assert_eq!(faults, 1);
    Ok(())
}
