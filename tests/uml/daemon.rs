//! The daemon as a service manager of old starts it: without any option.

use crate::stage::{START, entries, is_complete};
use lab::{
    Binary, Outcome, Process, eventually, is_alive,
    seed::{self, Cluster},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, getsid},
};
use std::{fs, path::Path, process::Command};

pub(crate) fn without_options_it_reads_the_usual_file_and_goes_to_the_background(binary: &Binary) -> Outcome {
    let cluster = Cluster::new()?;
    let [director, _] = &cluster.directors;
    let node = &director.node;
    fs::write(node.outside("/etc/keepalived/keepalived.conf"), seed::CONFIG)?;
    let mut starter = Process::start(node, Command::new(binary.as_ref()))?;
    assert_eq!(starter.wait(START)?.code(), Some(0));
    eventually("the virtual addresses and a full table", START, || is_complete(director).then_some(()))?;

    let files = ["keepalived", "vrrp", "checkers"].map(|name| node.outside(format!("/run/{name}.pid")));
    let pids: Vec<Pid> = files
        .iter()
        .map(|file| Ok(Pid::from_raw(fs::read_to_string(file)?.trim().parse()?)))
        .collect::<Outcome<_>>()?;
    let supervisor = pids[0];
    assert!(pids.iter().copied().all(is_alive));
    assert_eq!(getsid(Some(supervisor))?, supervisor, "a session of its own");
    let standard_input = fs::read_link(format!("/proc/{supervisor}/fd/0"))?;
    assert_eq!(standard_input, Path::new("/dev/null"));

    kill(supervisor, Signal::SIGTERM)?;
    eventually("the end of all processes", START, || (!pids.iter().copied().any(is_alive)).then_some(()))?;
    assert!(files.iter().all(|file| !file.exists()));
    assert_eq!(director.vips()?.len(), 0);
    assert_eq!(entries(director)?, 0);
    Ok(())
}
