//! What the service manager is told.

use lab::{
    Failure, Keepalived, Node, Outcome, children_of, eventually,
    pair::{Cast, Pair},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    os::unix::net::UnixDatagram,
    time::{Duration, Instant},
};

/// Longer than an election, and than what the original waits before it ends.
const PATIENCE: Duration = Duration::from_secs(20);

const SOCKET: &str = "/run/notify";

const ROUTER: &str = "
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    virtual_ipaddress {
        172.16.0.100
    }
    notify_master \"/bin/sh -c 'echo socket:$NOTIFY_SOCKET >/run/master'\"
}
";

/// Scripts that tell whether they know the service manager's socket.
const SCRIPTS: &str = "
global_defs {
    script_user root
    startup_script \"/bin/sh -c 'echo socket:$NOTIFY_SOCKET >/run/startup'\"
    shutdown_script \"/bin/sh -c 'echo socket:$NOTIFY_SOCKET >/run/shutdown'\"
}
";

/// Where a service manager listens.
struct Desk {
    socket: UnixDatagram,
}

impl Desk {
    fn open(node: &Node) -> Outcome<Self> {
        let socket = UnixDatagram::bind(node.outside(SOCKET))?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        Ok(Self { socket })
    }

    /// Waits for a datagram with these lines among others; those before it are passed over.
    fn hears(&self, wanted: &[&str]) -> Outcome<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        while Instant::now() < deadline {
            let Ok(length) = self.socket.recv(&mut buffer) else { continue };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if wanted.iter().all(|line| text.lines().any(|said| said.starts_with(line))) {
                return Ok(text);
            }
            heard.push(text);
        }
        Err(Failure::new(format!("{wanted:?} was not said, but {heard:?}")))
    }
}

/// The daemon below `unshare` and what pretends to be systemd.
fn below(daemon: &mut Keepalived) -> Outcome<Pid> {
    let only = |parent| match children_of(parent)[..] {
        [child] => Some(child),
        _ => None,
    };
    let top = daemon.process().pid();
    eventually("the daemon", PATIENCE, || only(only(top)?))
}

pub(crate) fn systemd_is_told_of_the_start_reloads_and_the_end(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let desk = Desk::open(node)?;
    let environment = [("NOTIFY_SOCKET", SOCKET)];
    let text = format!("{SCRIPTS}{ROUTER}");
    let mut daemon = Keepalived::start_under_systemd(node, pair.one.binary(), &environment, &text)?;
    desk.hears(&["READY=1", "MAINPID=2"])?;
    let pid = below(&mut daemon)?;
    daemon.logs("Entering MASTER STATE", PATIENCE)?;
    for _ in 0..2 {
        kill(pid, Signal::SIGHUP)?;
        desk.hears(&["RELOADING=1"])?;
        desk.hears(&["READY=1", "MAINPID=2"])?;
    }
    // Only the supervisor, and what it runs itself, is to speak to the service manager.
    for (name, may_speak) in [("startup", true), ("master", false), ("shutdown", true)] {
        if name == "shutdown" {
            kill(pid, Signal::SIGTERM)?;
            desk.hears(&["STOPPING=1"])?;
        }
        let file = node.outside(format!("/run/{name}"));
        let speaks = eventually(name, PATIENCE, || {
            fs::read_to_string(&file)
                .ok()?
                .lines()
                .find_map(|line| line.strip_prefix("socket:").map(str::to_owned))
        })?;
        assert_eq!(speaks, if may_speak { SOCKET } else { "" }, "{name}");
    }
    assert_eq!(daemon.process().wait(PATIENCE)?.code(), Some(0));
    Ok(())
}

pub(crate) fn systemd_is_told_what_happens_and_that_all_is_well(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let desk = Desk::open(node)?;
    let environment = [("NOTIFY_SOCKET", SOCKET), ("WATCHDOG_USEC", "2000000")];
    let mut daemon = Keepalived::start_in(node, pair.one.binary(), &[], &environment, ROUTER)?;
    let pid = daemon.process().pid();
    desk.hears(&["READY=1", &format!("MAINPID={pid}")])?;
    desk.hears(&["STATUS=vrrp: 1 MASTER"])?;
    for _ in 0..3 {
        desk.hears(&["WATCHDOG=1"])?;
    }
    daemon.reload()?;
    desk.hears(&["RELOADING=1", "MONOTONIC_USEC="])?;
    desk.hears(&["READY=1"])?;
    let worker = daemon.vrrp_worker().expect("it runs");
    let environment = fs::read(format!("/proc/{worker}/environ"))?;
    assert!(!String::from_utf8_lossy(&environment).contains("NOTIFY_SOCKET"));
    daemon.stop()?;
    desk.hears(&["STOPPING=1"])?;
    Ok(())
}
