//! What the daemon may do, what it gives up, and what it says when it may not do enough.

use lab::{
    Keepalived, Outcome, eventually,
    pair::{Cast, ELECTION, Pair, config},
};
use nix::unistd::Pid;
use std::fs;

// Their bits, as in capabilities(7).
const NET_ADMIN: u64 = 1 << 12;
const NET_RAW: u64 = 1 << 13;
const SYS_ADMIN: u64 = 1 << 21;

/// A set of capabilities in the text of `/proc/PID/status`.
fn set(status: &str, name: &str) -> Outcome<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    Ok(u64::from_str_radix(line.unwrap_or_default().trim(), 16)?)
}

fn status(pid: Pid) -> Outcome<String> {
    Ok(fs::read_to_string(format!("/proc/{pid}/status"))?)
}

pub(crate) fn a_worker_gives_up_what_it_never_needs_and_roots_scripts_do_not(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let script = "notify_master \"/bin/cp /proc/self/status /run/of_the_script\" root\n";
    let text = config(100).replace("advert_int 1", &format!("advert_int 1\n{script}"));
    let mut daemon = pair.one.start_with(&text)?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    let (parent, worker) = (daemon.process().pid(), daemon.vrrp_worker().expect("it runs"));
    for name in ["CapEff", "CapPrm"] {
        let [all, kept] = [set(&status(parent)?, name)?, set(&status(worker)?, name)?];
        assert_eq!(all & SYS_ADMIN, SYS_ADMIN, "{all:x}");
        assert_eq!(kept & (NET_ADMIN | NET_RAW | SYS_ADMIN), NET_ADMIN | NET_RAW, "{kept:x}");
    }
    let copy = pair.one.node.outside("/run/of_the_script");
    let all = set(&status(parent)?, "CapEff")?;
    eventually("a script with all rights", ELECTION, || {
        let status = fs::read_to_string(&copy).ok()?;
        (set(&status, "CapEff").ok()? == all).then_some(())
    })?;
    Ok(())
}

pub(crate) fn a_user_who_is_not_root_needs_two_capabilities_to_be_master(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let capabilities = ["net_admin", "net_raw"];
    let (node, binary) = (&pair.one.node, pair.one.binary());
    let mut daemon = Keepalived::start_as_nobody(node, binary, &config(100), &capabilities)?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    eventually("all addresses", ELECTION, || (pair.one.holds().ok()? == 3).then_some(()))?;
    let worker = status(daemon.vrrp_worker().expect("it runs"))?;
    assert_eq!(set(&worker, "CapEff")?, NET_ADMIN | NET_RAW);
    assert!(worker.contains("Uid:\t65534\t65534\t65534\t65534\n"), "{worker}");
    daemon.reload()?;
    daemon.logs("Reload complete", ELECTION)?;
    assert_eq!(daemon.stop()?.code(), Some(0));
    assert_eq!(pair.one.holds()?, 0);
    assert!(daemon.pid_files().is_empty());
    Ok(())
}

pub(crate) fn the_capability_that_is_missing_is_named_and_ends_the_start(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let (node, binary) = (&pair.one.node, pair.one.binary());
    let mut daemon = Keepalived::start_as_nobody(node, binary, &config(100), &["net_admin"])?;
    daemon.logs("Error 1 while registering gratuitous ARP shared channel", ELECTION)?;
    daemon.logs("CAP_NET_RAW", ELECTION)?;
    daemon.logs("exited with permanent error missing permission. Terminating", ELECTION)?;
    assert_eq!(daemon.process().wait(ELECTION)?.code(), Some(4));
    Ok(())
}
