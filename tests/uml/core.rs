//! Core files: how the kernel names them while the daemon runs.

use lab::{Binary, Keepalived, Outcome, Scene};
use std::{fs, time::Duration};

const PATTERN: &str = "/proc/sys/kernel/core_pattern";

const START: Duration = Duration::from_secs(30);

const ROUTER: &str = "vrrp_instance VI_1 {\n interface eth1\n virtual_router_id 51\n virtual_ipaddress {\n 172.16.0.100\n }\n}\n";

pub(crate) fn core_files_are_named_as_told_until_the_daemon_stops(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = scene.node("lb1")?.on(&link, "eth1", &["172.16.0.2/24"])?;
    let before = fs::read_to_string(PATTERN)?;
    for (option, named) in [("-M/tmp/core.%p", "/tmp/core.%p\n"), ("--core-dump-pattern", "core\n")] {
        fs::write(PATTERN, "as.before")?;
        let mut daemon = Keepalived::start_telling(&node, binary, &[option], ROUTER)?;
        daemon.logs("Entering MASTER STATE", START)?;
        assert_eq!(fs::read_to_string(PATTERN)?, named);
        let worker = daemon.vrrp_worker().expect("it runs");
        let limits = fs::read_to_string(format!("/proc/{worker}/limits"))?;
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
        assert_eq!(line.matches("unlimited").count(), 2, "{line}");
        assert_eq!(daemon.stop()?.code(), Some(0));
        assert_eq!(fs::read_to_string(PATTERN)?, "as.before\n");
    }
    fs::write(PATTERN, before)?;
    Ok(())
}
