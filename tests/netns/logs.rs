//! Where lines go besides the console.

use lab::{
    Outcome, eventually,
    pair::{Cast, ELECTION, Pair, config},
};
use std::{
    fs,
    os::unix::net::UnixDatagram,
    time::{Duration, Instant},
};

pub(crate) fn the_journal_is_told_what_a_line_is_about(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let journal = pair.one.node.outside("/run/systemd/journal");
    fs::create_dir_all(&journal)?;
    let socket = UnixDatagram::bind(journal.join("socket"))?;
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    let daemon = pair.one.start_with(&config(100))?;
    let worker = daemon_line(&socket, "Entering MASTER STATE")?;
    let pid = daemon.vrrp_worker().expect("it runs");
    for field in [
        "PRIORITY=6".to_owned(),
        "SYSLOG_FACILITY=3".to_owned(),
        "SYSLOG_IDENTIFIER=Keepalived_vrrp".to_owned(),
        format!("SYSLOG_PID={pid}"),
    ] {
        assert!(worker.lines().any(|line| line == field), "{field} is not in {worker}");
    }
    assert!(worker.lines().any(|line| line.starts_with("KEEPALIVED_INSTANCE=")), "{worker}");
    Ok(())
}

/// The record with these words in its message.
fn daemon_line(socket: &UnixDatagram, words: &str) -> Outcome<String> {
    let deadline = Instant::now() + ELECTION;
    let mut buffer = vec![0; 65_536];
    while Instant::now() < deadline {
        let Ok(length) = socket.recv(&mut buffer) else { continue };
        let record = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if record.starts_with("MESSAGE=") && record.lines().next().is_some_and(|line| line.contains(words)) {
            return Ok(record);
        }
    }
    Err(lab::Failure::new(format!("the journal heard nothing of “{words}”")))
}

pub(crate) fn each_process_appends_to_a_file_of_its_own(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut daemon = pair.one.start_telling(&["-g/run/ka.log", "--flush-log-file", "-G"], &config(100))?;
    daemon.logs("Entering MASTER STATE", ELECTION)?;
    let text = |name| fs::read_to_string(pair.one.node.outside(name)).unwrap_or_default();
    eventually("the worker's line", ELECTION, || {
        text("/run/ka_vrrp.log").contains("Entering MASTER STATE").then_some(())
    })?;
    daemon.stop()?;
    let parent = text("/run/ka.log");
    assert!(parent.contains(": Startup complete\n") && parent.contains(": Stopped Keepalived v"), "{parent}");
    assert!(!parent.contains("MASTER"), "{parent}");
    Ok(())
}
