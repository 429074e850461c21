//! Listings of connections and counters of real traffic.

use crate::{
    beside::{ORIGINAL, Stage, stage},
    play::play,
};
use lab::{Binary, Node, Outcome, eventually};
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    path::Path,
    time::Duration,
};

const TABLE: &str = "\
-A -t 10.0.0.1:80
-a -t 10.0.0.1:80 -r 10.77.0.2 -m
-A -u 10.0.0.1:5060 --pe sip -p
-a -u 10.0.0.1:5060 -r 10.77.0.2 -m
-A -t 10.0.0.1:81 -p -M 255.255.0.0
-a -t 10.0.0.1:81 -r 10.77.0.2:8081 -m
-A -t [fd00::1]:80
-a -t [fd00::1]:80 -r fd77::2 -m
";

const CONNECTIONS: &str = "\
-Lcn
-Lc
-Lcn --persistent-conn
-Lc --persistent-conn --exact --nosort
";

const COUNTERS: &str = "\
-Ln --stats
-Ln --rate --exact
-Ln
-Ln --persistent-conn
-Ln --stats -t 10.0.0.1:80
";

/// A connection that nobody answers, and a datagram with a name in it.
fn traffic(node: &Node) -> Outcome {
    let run = || -> io::Result<()> {
        for at in ["10.0.0.1:80", "10.0.0.1:81", "[fd00::1]:80"] {
            let at: SocketAddr = at.parse().map_err(io::Error::other)?;
            let refused = std::net::TcpStream::connect_timeout(&at, Duration::from_millis(50));
            assert!(refused.is_err(), "nobody is there");
        }
        let socket = UdpSocket::bind("10.0.0.1:0")?;
        socket.send_to(b"INVITE sip:x SIP/2.0\r\nCall-ID: abc123@10.1.0.2\r\n\r\n", "10.0.0.1:5060")?;
        Ok(())
    };
    Ok(node.enter(run)??)
}

/// What the program shows, with the seconds left to a connection made equal.
fn shown(node: &Node, program: &Path, lines: &str) -> Outcome<Vec<String>> {
    let played = play(node, program, lines)?;
    assert!(played.iter().all(|played| played.code == Some(0) && played.err.is_empty()), "{played:?}");
    let blank = |line: &str| match line.split_once(':') {
        Some((head, tail)) if head.len() == 6 && tail.len() > 2 => format!("{head}:xx{}", &tail[2..]),
        _ => line.to_owned(),
    };
    Ok(played.iter().flat_map(|played| played.out.lines().map(blank).collect::<Vec<_>>()).collect())
}

/// Compares as soon as the original shows the same before and after ours.
fn equal(node: &Node, ours: &Binary, lines: &str, is_ready: impl Fn(&[String]) -> bool) -> Outcome {
    let (theirs, ours) = eventually("a quiet moment", Duration::from_secs(60), || {
        let before = shown(node, ORIGINAL.as_ref(), lines).ok()?;
        let ours = shown(node, ours.as_ref(), lines).ok()?;
        let after = shown(node, ORIGINAL.as_ref(), lines).ok()?;
        (before == after && is_ready(&before)).then_some((before, ours))
    })?;
    assert_eq!(theirs, ours);
    Ok(())
}

pub(crate) fn connections_and_counters_are_shown_alike(ours: &Binary) -> Outcome {
    let Stage { node, .. } = &stage()?;
    play(node, ORIGINAL.as_ref(), TABLE)?;
    traffic(node)?;
    equal(node, ours, CONNECTIONS, |lines| lines.iter().any(|line| line.ends_with("abc123@10.1.0.2")))?;
    // The kernel renews the counters every two seconds.
    equal(node, ours, COUNTERS, |lines| {
        let http = lines.iter().find(|line| line.starts_with("TCP  10.0.0.1:80 "));
        http.is_some_and(|line| line.split_whitespace().nth(2).is_some_and(|conns| conns != "0"))
    })
}
