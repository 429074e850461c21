//! How the daemon's processes run, as `/proc` shows it.

use lab::{
    Outcome, eventually,
    pair::{Cast, ELECTION, Pair},
    throughout,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{fs, time::Duration};

const SCHED_RR: &str = "2";

const TUNED: &str = "
global_defs {
    process_name ka_main
    vrrp_process_name ka_vrrp
    vrrp_rt_priority 20
    vrrp_rlimit_rttime 4000000
    vrrp_cpu_affinity 0
    vrrp_no_swap
    umask 027
}
";

const NICE: &str = "
global_defs {
    process_names
    vrrp_priority -5
}
";

const ROUTER: &str = "
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    virtual_ipaddress {
        172.16.0.100
    }
}
";

fn proc(pid: Pid, file: &str) -> Outcome<String> {
    Ok(fs::read_to_string(format!("/proc/{pid}/{file}"))?)
}

fn name(pid: Pid) -> Outcome<String> {
    Ok(proc(pid, "comm")?.trim().to_owned())
}

/// Nice value, real-time priority and policy: fields 19, 40 and 41 of proc(5).
fn scheduling(pid: Pid) -> Outcome<[String; 3]> {
    let stat = proc(pid, "stat")?;
    let after_name = &stat[stat.rfind(')').expect("the name has parentheses") + 2..];
    let fields: Vec<_> = after_name.split(' ').collect();
    Ok([19, 40, 41].map(|number| fields[number - 3].to_owned()))
}

fn status(pid: Pid, key: &str) -> Outcome<String> {
    let status = proc(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    Ok(line.unwrap_or_default().trim_start_matches(':').trim().to_owned())
}

fn limit(pid: Pid, title: &str) -> Outcome<String> {
    let limits = proc(pid, "limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix(title)).unwrap_or_default();
    Ok(line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

pub(crate) fn workers_run_as_the_configuration_wants_and_a_reload_changes_it(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut daemon = pair.one.start_with(&format!("{TUNED}{ROUTER}"))?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    let (parent, child) = (daemon.process().pid(), daemon.vrrp_worker().expect("it runs"));
    assert_eq!([name(parent)?, name(child)?], ["ka_main", "ka_vrrp"]);
    assert_eq!(scheduling(child)?[1..], ["20", SCHED_RR]);
    assert_eq!(scheduling(parent)?[1..], ["0", "0"]);
    assert_eq!(limit(child, "Max realtime timeout")?, "2000000 4000000");
    assert_eq!(status(child, "Cpus_allowed_list")?, "0");
    assert_ne!(status(child, "VmLck")?, "0 kB");
    assert_eq!([status(parent, "Umask")?, status(child, "Umask")?], ["0027", "0027"]);
    // Those that only write to disks and consoles must not keep the processor from others.
    for thread in fs::read_dir(format!("/proc/{child}/task"))? {
        let thread = Pid::from_raw(thread?.file_name().to_string_lossy().parse()?);
        let policy = &scheduling(thread)?[2];
        assert_eq!(policy == SCHED_RR, thread == child, "{}", name(thread)?);
    }

    daemon.write_config(&format!("{NICE}{ROUTER}"))?;
    daemon.reload()?;
    daemon.logs("Reload complete", ELECTION)?;
    // One after the other, and the line above is the supervisor's.
    eventually("the new name", ELECTION, || (name(child).ok()? == "keepalived_vrrp").then_some(()))?;
    assert_eq!(name(parent)?, "keepalived");
    let is_nice = || (scheduling(child).ok()? == ["-5", "0", "0"]).then_some(());
    eventually("nice instead of real-time", ELECTION, is_nice)?;
    let is_unlocked = || (status(child, "VmLck").ok()? == "0 kB").then_some(());
    eventually("its memory is not locked", ELECTION, is_unlocked)?;
    assert_ne!(status(child, "Cpus_allowed_list")?, "");

    daemon.write_config(ROUTER)?;
    daemon.reload()?;
    eventually("no name of its own", ELECTION, || (name(child).ok()? == "keepalived").then_some(()))?;
    eventually("not nice any more", ELECTION, || (scheduling(child).ok()?[0] == "0").then_some(()))?;
    Ok(())
}

pub(crate) fn core_files_and_addresses_are_watched_on_demand(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut daemon = pair.one.start_telling(&["-m", "-a"], ROUTER)?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    let (parent, child) = (daemon.process().pid(), daemon.vrrp_worker().expect("it runs"));
    for pid in [parent, child] {
        assert_eq!(limit(pid, "Max core file size")?, "unlimited unlimited");
    }
    let own = format!("Netlink reflector reports IP {} added to eth1", pair.one.address);
    daemon.logs(&own, ELECTION)?;
    pair.one.node.ip("address add 10.77.0.1/24 dev eth1")?;
    daemon.logs("Netlink reflector reports IP 10.77.0.1 added to eth1", ELECTION)?;
    pair.one.node.ip("address delete 10.77.0.1/24 dev eth1")?;
    daemon.logs("Netlink reflector reports IP 10.77.0.1 removed from eth1", ELECTION)?;
    Ok(())
}

pub(crate) fn a_worker_whose_timers_are_late_hurries(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let hasty = "global_defs {\n max_auto_priority 2\n min_auto_priority_delay 200000\n vrrp_rlimit_rttime 4000000\n}\n";
    let daemon = pair.one.start_with(&format!("{hasty}{ROUTER}"))?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    let child = daemon.vrrp_worker().expect("it runs");
    for priority in ["1", "2"] {
        let mark = daemon.journal().mark();
        kill(child, Signal::SIGSTOP)?;
        // Its adverts are a second apart.
        throughout("a pause", Duration::from_millis(1_600), || true)?;
        kill(child, Signal::SIGCONT)?;
        daemon.journal().wait(mark, "A thread timer expired ", ELECTION)?;
        daemon.journal().wait(mark, &format!("Set realtime priority {priority}"), ELECTION)?;
        daemon.journal().wait(mark, "(VI_1) Advert was sent ", ELECTION)?;
        assert_eq!(scheduling(child)?[1..], [priority, SCHED_RR]);
    }
    Ok(())
}

pub(crate) fn the_bfd_worker_runs_as_its_own_settings_want(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let session = format!("bfd_instance b1 {{\n neighbor_ip {}\n}}\n", pair.two.address);
    let tuned = "process_names\nbfd_cpu_affinity 0\nbfd_no_swap\n";
    let with = |more: &str| format!("global_defs {{\n{tuned}{more}}}\n{session}");
    let realtime = "bfd_rt_priority 30\nbfd_rlimit_rttime 2000000\n";
    let daemon = pair.one.start_with(&with(realtime))?;
    daemon.logs("Startup complete", ELECTION)?;
    let child = daemon.bfd_worker().expect("it runs");
    assert_eq!(name(child)?, "keepalived_bfd");
    assert_eq!(scheduling(child)?[1..], ["30", SCHED_RR]);
    assert_eq!(limit(child, "Max realtime timeout")?, "1000000 2000000");
    assert_eq!(status(child, "Cpus_allowed_list")?, "0");
    assert_ne!(status(child, "VmLck")?, "0 kB");

    daemon.write_config(&with("bfd_priority -7\n"))?;
    daemon.reload()?;
    daemon.logs("Reload complete", ELECTION)?;
    eventually("the nice value", ELECTION, || (scheduling(child).ok()?[0] == "-7").then_some(()))?;
    assert_eq!(scheduling(child)?[1..], ["0", "0"]);
    Ok(())
}
