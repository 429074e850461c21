//! `PING_CHECK` (checkers.md §22), in a network of its own, where the kernel's settings may be changed.

use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::time::Duration;

use checkers::params::CheckerKind;
use checkers::{Failure, Outcome, Step};

use crate::peer::{endpoint, probe};

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(150);
const GROUPS: &str = "/proc/sys/net/ipv4/ping_group_range";

async fn ping(addr: impl Into<IpAddr>, timeout: Duration) -> Outcome {
    // The port is of no concern.
    probe(&CheckerKind::Ping(endpoint((addr.into(), 80).into(), timeout)), 0).await
}

/// Runs itself again as root of its own network; where nobody may make one, it says so and proves nothing.
#[tokio::test]
async fn a_ping_passes_fails_or_is_not_allowed() {
    const INSIDE: &str = "KEEPALIVED_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return inside().await;
    }
    let unshare = |words: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net"]).args(words);
        command
    };
    if !unshare(&["true"]).status().is_ok_and(|status| status.success()) {
        // Past the harness, which shows only what failing tests print.
        let reason = "this process may not make a network namespace";
        writeln!(io::stdout(), "SKIPPED a_ping_passes_fails_or_is_not_allowed: {reason}").unwrap();
        return;
    }
    let test = std::env::current_exe().unwrap();
    let script =
        "ip link set lo up && exec \"$0\" --exact ping::a_ping_passes_fails_or_is_not_allowed --nocapture";
    let output = unshare(&["sh", "-c", script]).arg(test).env(INSIDE, "").output().unwrap();
    let [said, complained] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success() && said.contains("1 passed"), "{said}{complained}");
}

async fn inside() {
    // As in every new network, nobody may.
    let refused = ping(Ipv4Addr::LOCALHOST, LONG).await;
    let unable =
        matches!(refused, Outcome::Unable(trouble) if (trouble.step, trouble.errno) == (Step::Socket, 13));
    assert!(unable, "without the right to ping nothing is known: {refused:?}");

    fs::write(GROUPS, "0 0").unwrap();
    assert_eq!(ping(Ipv4Addr::LOCALHOST, LONG).await, Outcome::Passed);
    assert_eq!(ping(Ipv6Addr::LOCALHOST, LONG).await, Outcome::Passed);
    let nowhere = ping([192, 0, 2, 1], LONG).await;
    assert_eq!(nowhere, Outcome::Failed(Failure::Send(101)), "there is no way to it");

    fs::write("/proc/sys/net/ipv4/icmp_echo_ignore_all", "1").unwrap();
    assert_eq!(ping(Ipv4Addr::LOCALHOST, SHORT).await, Outcome::Failed(Failure::ConnectTimeout));
}
