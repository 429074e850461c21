//! The daemon as the only program of a container: its first process, with no init and no syslog around it.

use lab::{
    Keepalived, Outcome, children_of, eventually, is_alive,
    pair::{Cast, ELECTION, Pair},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{fs, os::unix::fs::PermissionsExt as _};

const ORPHANS: usize = 20;

/// Leaves processes behind that nobody waits for: many that end soon, and one that stays.
const SCRIPT: &str = "#!/bin/sh
for each in $(seq 20); do (setsid sleep 0.3 &) ; done
(setsid sleep 1000 &)
echo left > /run/left
";

const CONFIG: &str = "
global_defs {
    script_user root
    enable_script_security
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 50
    priority 200
    virtual_ipaddress {
        172.16.0.100
    }
    notify_master /run/leave.sh
}
";

/// The daemon, as it is called outside.
fn inside(daemon: &mut Keepalived) -> Outcome<Pid> {
    let waiting = daemon.process().pid();
    eventually("the first process", ELECTION, || children_of(waiting).first().copied())
}

pub(crate) fn as_the_first_process_it_collects_orphans_and_obeys_signals(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let script = node.outside("/run/leave.sh");
    fs::write(&script, SCRIPT)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let mut daemon = Keepalived::start_first(node, pair.one.binary(), CONFIG)?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    let first = inside(&mut daemon)?;
    assert_eq!(fs::read_to_string(node.outside("/run/keepalived.pid"))?, "1\n");

    eventually("the orphans", ELECTION, || {
        (node.outside("/run/left").exists() && children_of(first).len() > ORPHANS / 2).then_some(())
    })?;
    // The worker and the one that stays; those that have ended are no longer in the table.
    eventually("the orphans collected", ELECTION, || {
        let left = children_of(first);
        (left.len() == 2 && left.iter().all(|pid| is_alive(*pid))).then_some(())
    })?;

    let mark = daemon.journal().mark();
    kill(first, Signal::SIGHUP)?;
    daemon.journal().wait(mark, "Reload complete", ELECTION)?;
    kill(first, Signal::SIGUSR1)?;
    let dump = node.outside("/tmp/keepalived.data");
    eventually("a dump", ELECTION, || {
        fs::read_to_string(&dump).ok().filter(|text| text.contains("   State = MASTER"))
    })?;
    // A first process is spared signals that it has no handler for; this is not one of them.
    kill(first, Signal::SIGTERM)?;
    assert_eq!(daemon.process().wait(ELECTION)?.code(), Some(0));
    daemon.logs("Stopped Keepalived v", ELECTION)?;
    assert!(!node.addresses()?.iter().any(|address| address.to_string() == "172.16.0.100"));
    assert!(daemon.pid_files().is_empty());
    Ok(())
}
