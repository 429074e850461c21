//! A start in the foreground: what is told, what is left in `/run`, and what a second start does.

use lab::{
    Journal, Keepalived, Mark, Outcome, PID_FILES, eventually,
    pair::{Cast, ELECTION, Pair, config},
    seed::VIPS,
};
use nix::sys::signal::{Signal, kill};
use std::{fs, os::unix::fs::PermissionsExt as _};

/// `Sun Nov 22 14:51:04 2026: `, in the C locale.
fn text_behind_time(line: &str) -> Option<&str> {
    const SHAPE: &str = "Aaa Aaa 99 99:99:99 9999: ";
    let fits = |(shape, found): (char, char)| match shape {
        'A' => found.is_ascii_uppercase(),
        'a' => found.is_ascii_lowercase(),
        '9' => found.is_ascii_digit() || found == ' ',
        other => found == other,
    };
    let has_shape = line.len() >= SHAPE.len() && SHAPE.chars().zip(line.chars()).all(fits);
    has_shape.then(|| &line[SHAPE.len()..])
}

/// Waits for lines that begin so, one behind the other with others between them.
fn tells_in_order(journal: &Journal, wanted: &[&str]) -> Outcome {
    let told = || {
        let lines = journal.since(Mark::default());
        let mut texts = lines.iter().filter_map(|line| text_behind_time(&line.text));
        wanted.iter().copied().find(|words| !texts.any(|text| text.starts_with(words)))
    };
    eventually("all lines of a start in order", ELECTION, || told().is_none().then_some(()))
        .map_err(|failure| lab::Failure::new(format!("{failure}: {:?}", told())))
}

pub(crate) fn a_start_is_told_in_order_and_a_second_one_changes_nothing(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut daemon = pair.one.start(100)?;
    for lines in [
        &[
            "Starting Keepalived v",
            "Running on Linux ",
            "Command line: '",
            "Opening file '/run/keepalived.conf'.",
            "Configuration file /run/keepalived.conf",
            "NOTICE: setting config option max_auto_priority should result in better keepalived performance",
            "Starting VRRP child process, pid=",
            "Startup complete",
        ][..],
        // What the other process says falls anywhere between these.
        &[
            "Registering Kernel netlink reflector",
            "Registering Kernel netlink command channel",
            "Assigned address 172.16.0.1 for interface eth1",
            "Registering gratuitous ARP shared channel",
            "(VI_1) removing VIPs.",
            "(VI_1) Entering BACKUP STATE (init)",
            "VRRP sockpool: [ifindex(",
            "(VI_1) Receive advertisement timeout",
            "(VI_1) Entering MASTER STATE",
            "(VI_1) setting VIPs.",
            "(VI_1) Sending/queueing gratuitous ARPs on eth1 for ",
            "Sending gratuitous ARP on eth1 for ",
        ],
    ] {
        tells_in_order(daemon.journal(), lines)?;
    }
    let removals = daemon.journal().since(Mark::default());
    let removals = removals.iter().filter(|line| line.text.contains("(VI_1) removing VIPs."));
    assert_eq!(removals.count(), 1);
    let [own, vrrp, checkers] = PID_FILES.map(|file| pair.one.node.outside(file));
    let worker = daemon.vrrp_worker().expect("it runs");
    for (file, pid) in [(&own, daemon.process().pid()), (&vrrp, worker)] {
        assert_eq!(fs::read_to_string(file)?, format!("{pid}\n"));
        assert_eq!(file.metadata()?.permissions().mode() & 0o777, 0o644);
    }
    // What nothing runs for has no file: its presence means to monitoring that there is a process.
    for file in [checkers, pair.one.node.outside("/run/bfd.pid")] {
        assert!(!file.exists(), "{}", file.display());
    }

    // What is no order is nothing to either process.
    for signal in [
        Signal::SIGQUIT,
        Signal::SIGTRAP,
        Signal::SIGABRT,
        Signal::SIGPIPE,
        Signal::SIGALRM,
        Signal::SIGPROF,
        Signal::SIGWINCH,
    ] {
        for pid in [daemon.process().pid(), worker] {
            kill(pid, signal)?;
        }
    }
    let mut second = Keepalived::start(&pair.one.node, pair.one.binary(), &config(100))?;
    assert_eq!(second.process().wait(ELECTION)?.code(), Some(0));
    second.logs("daemon is already running", ELECTION)?;
    assert!(second.journal().find(Mark::default(), ": Stopped").is_none());
    assert_eq!(fs::read_to_string(&own)?, format!("{}\n", daemon.process().pid()));
    assert_eq!((daemon.vrrp_worker(), pair.one.holds()?), (Some(worker), VIPS.len()));
    Ok(())
}

pub(crate) fn pid_files_that_a_power_cut_left_are_taken_over(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut daemon = pair.one.start(100)?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    daemon.cut();
    assert_eq!(daemon.pid_files().len(), 2);
    let mut next = pair.one.start(100)?;
    next.logs("Entering MASTER STATE", ELECTION)?;
    assert_eq!(next.stop()?.code(), Some(0));
    assert!(next.pid_files().is_empty());
    Ok(())
}

pub(crate) fn a_pid_file_that_cannot_be_had_leaves_no_other_behind(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let [own, vrrp, checkers] = PID_FILES.map(|file| pair.one.node.outside(file));
    fs::create_dir(&vrrp)?;
    let mut daemon = pair.one.start(100)?;
    assert_eq!(daemon.process().wait(ELECTION)?.code(), Some(0));
    daemon.logs("Unable to open pid file /run/vrrp.pid", ELECTION)?;
    assert!(!own.exists() && !checkers.exists());
    Ok(())
}

pub(crate) fn a_process_that_a_reload_brings_brings_its_pid_file(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut daemon = pair.one.start(100)?;
    daemon.logs("Startup complete", ELECTION)?;
    let file = pair.one.node.outside("/run/bfd.pid");
    assert!(!file.exists());
    let session = "bfd_instance B {\n neighbor_ip 172.16.0.2\n}\n";
    daemon.write_config(&format!("{}{session}", config(100)))?;
    let mark = daemon.journal().mark();
    daemon.reload()?;
    daemon.journal().wait(mark, "Reload complete", ELECTION)?;
    let worker = daemon.bfd_worker().expect("it runs");
    assert_eq!(fs::read_to_string(&file)?, format!("{worker}\n"));
    assert_eq!(daemon.stop()?.code(), Some(0));
    assert!(!file.exists());
    Ok(())
}

pub(crate) fn a_folder_for_temporary_files_that_is_none_is_named_and_not_used(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let dump = node.outside("/tmp/keepalived.data");
    for wrong in ["/nonexistent", "tmp", "/etc/hosts"] {
        let environment = [("TMPDIR", wrong)];
        let mut daemon = Keepalived::start_in(node, pair.one.binary(), &[], &environment, &config(100))?;
        daemon.logs(&format!("Environment TMPDIR={wrong} not a directory"), ELECTION)?;
        daemon.logs("Startup complete", ELECTION)?;
        daemon.process().signal(Signal::SIGUSR1)?;
        eventually("a dump", ELECTION, || dump.exists().then_some(()))?;
        assert_eq!(daemon.stop()?.code(), Some(0));
        fs::remove_file(&dump)?;
    }
    Ok(())
}
