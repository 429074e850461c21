//! What the service manager is told.

use lab::{
    Failure, Keepalived, Outcome,
    pair::{Cast, ELECTION, Pair},
};
use std::{
    os::unix::net::UnixDatagram,
    time::{Duration, Instant},
};

const ROUTER: &str = "
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    virtual_ipaddress {
        172.16.0.100
    }
}
";

/// Waits for a datagram with these lines among others; those before it are passed over.
fn hears(socket: &UnixDatagram, wanted: &[&str]) -> Outcome<String> {
    let deadline = Instant::now() + ELECTION;
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    while Instant::now() < deadline {
        let Ok(length) = socket.recv(&mut buffer) else { continue };
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if wanted.iter().all(|line| text.lines().any(|said| said.starts_with(line))) {
            return Ok(text);
        }
        heard.push(text);
    }
    Err(Failure::new(format!("{wanted:?} was not said, but {heard:?}")))
}

pub(crate) fn systemd_is_told_what_happens_and_that_all_is_well(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let socket = UnixDatagram::bind(node.outside("/run/notify"))?;
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    let environment = [("NOTIFY_SOCKET", "/run/notify"), ("WATCHDOG_USEC", "2000000")];
    let mut daemon = Keepalived::start_in(node, pair.one.binary(), &[], &environment, ROUTER)?;
    let pid = daemon.process().pid();
    hears(&socket, &["READY=1", &format!("MAINPID={pid}")])?;
    hears(&socket, &["STATUS=vrrp: 1 MASTER"])?;
    for _ in 0..3 {
        hears(&socket, &["WATCHDOG=1"])?;
    }
    daemon.reload()?;
    hears(&socket, &["RELOADING=1", "MONOTONIC_USEC="])?;
    hears(&socket, &["READY=1"])?;
    let worker = daemon.vrrp_worker().expect("it runs");
    let environment = std::fs::read(format!("/proc/{worker}/environ"))?;
    assert!(!String::from_utf8_lossy(&environment).contains("NOTIFY_SOCKET"));
    daemon.stop()?;
    hears(&socket, &["STOPPING=1"])?;
    Ok(())
}
