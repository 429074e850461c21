//! Several daemons on one machine: instances, and network namespaces they move into.

use lab::{
    Binary, Journal, Mark, Node, Outcome, Process, eventually,
    pair::{Cast, ELECTION, Pair},
};
use nix::sys::signal::Signal;
use std::{fs, path::PathBuf, process::Command};

fn config(first: &str, interface: &str) -> String {
    format!(
        "{first}\nglobal_defs {{\n data_use_instance\n}}\nvrrp_instance VI_1 {{\n interface {interface}\n virtual_router_id 50\n \
         priority 200\n virtual_ipaddress {{\n 10.7.0.100/24\n }}\n}}\n"
    )
}

/// Runs a line of shell that becomes the daemon; nothing says where its pid files are.
fn start(node: &Node, before: &str, binary: &Binary, options: &str, config: &str) -> Outcome<Process> {
    fs::write(node.outside("/run/k.conf"), config)?;
    let mut command = Command::new("sh");
    let program = binary.as_ref().display();
    command.args(["-c", &format!("{before} exec {program} -n -l -D -f /run/k.conf {options}")]);
    Process::start(node, command)
}

fn says(journal: &Journal, words: &str) -> Outcome {
    journal.wait(Mark::default(), words, ELECTION).map(drop)
}

fn text(path: &PathBuf) -> Option<String> {
    fs::read_to_string(path).ok()
}

pub(crate) fn an_instance_has_pid_files_idents_and_dumps_of_its_own(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let [own, vrrp, dump, folder] = [
        "/run/keepalived/keepalived_i1.pid",
        "/run/keepalived/vrrp_i1.pid",
        "/tmp/keepalived.i1.data",
        "/run/keepalived",
    ]
    .map(|path| node.outside(path));
    let mut daemon = start(node, "", pair.one.binary(), "", &config("instance i1", "eth1"))?;
    says(daemon.journal(), "Changing syslog ident to Keepalived_i1")?;
    says(daemon.journal(), "Entering MASTER STATE")?;
    assert_eq!(text(&own), Some(format!("{}\n", daemon.pid())));
    assert!(text(&vrrp).is_some_and(|text| text.trim().parse::<u32>().is_ok()));
    daemon.signal(Signal::SIGUSR1)?;
    eventually("a dump", ELECTION, || text(&dump).filter(|text| text.contains(" VRRP Instance = VI_1")))?;
    daemon.signal(Signal::SIGTERM)?;
    assert_eq!(daemon.wait(ELECTION)?.code(), Some(0));
    assert!(!folder.exists());
    Ok(())
}

pub(crate) fn a_daemon_moves_into_a_network_namespace_and_its_files_with_it(cast: &Cast) -> Outcome {
    const INNER: &str = "ip netns add inner && ip -n inner link add eth7 type veth peer name peer7 && \
                         ip -n inner link set eth7 up && ip -n inner link set peer7 up && \
                         ip -n inner address add 10.7.0.1/24 dev eth7 &&";
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let [own, vrrp, folder] =
        ["keepalived.pid", "vrrp.pid", ""].map(|name| node.outside("/run/keepalived/inner").join(name));
    for (options, first) in [("-s inner", ""), ("", "net_namespace inner")] {
        let before = if options.is_empty() { "ip netns delete inner; " } else { "" };
        let before = format!("{before}{INNER}");
        let mut daemon = start(node, &before, pair.one.binary(), options, &config(first, "eth7"))?;
        says(daemon.journal(), "Changing syslog ident to Keepalived_inner")?;
        says(daemon.journal(), "Entering MASTER STATE")?;
        assert_eq!(text(&own), Some(format!("{}\n", daemon.pid())));
        assert!(vrrp.exists());
        let held = || {
            let pid = daemon.pid().to_string();
            let output = Command::new("nsenter").args(["-t", &pid, "-n", "ip", "address"]).output().ok()?;
            String::from_utf8_lossy(&output.stdout).contains("10.7.0.100/24").then_some(())
        };
        eventually("the address inside", ELECTION, held)?;
        assert!(!node.addresses()?.iter().any(|address| address.to_string() == "10.7.0.100"));
        daemon.signal(Signal::SIGTERM)?;
        assert_eq!(daemon.wait(ELECTION)?.code(), Some(0));
        assert!(!folder.exists());
    }
    Ok(())
}

/// Starts a daemon for a namespace that does not exist and gives how it ended.
fn starts_nowhere(cast: &Cast) -> Outcome<Option<i32>> {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let mut daemon = start(node, "", pair.one.binary(), "-s nowhere", &config("", "eth1"))?;
    let status = daemon.wait(ELECTION)?;
    says(daemon.journal(), ": Stopped Keepalived v")?;
    let lines = daemon.journal().since(Mark::default());
    let mut lines = lines.iter();
    for words in [
        "Configuration file /run/k.conf",
        "Changing syslog ident to Keepalived_nowhere",
        "Failed to open /run/netns/nowhere",
        "Unable to set network namespace nowhere - exiting",
    ] {
        assert!(lines.any(|line| line.text.contains(words)), "{words}");
    }
    for file in ["/run/keepalived.pid", "/run/keepalived/keepalived.pid"] {
        assert!(!node.outside(file).exists(), "{file}");
    }
    Ok(status.code())
}

pub(crate) fn a_network_namespace_that_is_not_there_ends_the_start(cast: &Cast) -> Outcome {
    starts_nowhere(cast).map(drop)
}

pub(crate) fn a_start_in_a_network_namespace_that_is_not_there_has_failed(cast: &Cast) -> Outcome {
    assert_eq!(starts_nowhere(cast)?, Some(1));
    Ok(())
}
