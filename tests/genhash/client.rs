//! Asks a server by `genhash`, ours or Debian's.

use std::path::Path;
use std::process::Command;

use super::server::Server;

/// What a run printed and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

const OURS: &str = env!("CARGO_BIN_EXE_keepalived");

/// Runs a program; one that does not end is ended, with 124.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Said {
    let output = Command::new("timeout").args(["30", program]).args(arguments).output();
    let output = output.expect("the program can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// Fetches `/page` by our genhash.
pub(crate) fn genhash(server: &Server, options: &[&str]) -> Said {
    fetch(OURS, server, options)
}

/// The same by both, if Debian's is installed: standard output and exit code must be equal.
pub(crate) fn like_debian(server: &Server, options: &[&str]) -> Said {
    let ours = genhash(server, options);
    if let Some(original) = original() {
        let theirs = fetch(original, server, options);
        let told = |said: &Said| (said.code, without_time(&said.out));
        assert_eq!(told(&ours), told(&theirs), "left: ours, right: {original}");
    }
    ours
}

fn fetch(program: &str, server: &Server, options: &[&str]) -> Said {
    let (ip, port) = (server.addr.ip().to_string(), server.addr.port().to_string());
    let page = ["-T", "-s", &ip, "-p", &port, "-u", "/page"];
    run(program, &[&page, options].concat())
}

/// Debian's, not ours in its place.
pub(crate) fn original() -> Option<&'static str> {
    let original = Path::new(lab::ORIGINAL).exists().then_some(lab::ORIGINAL);
    let original = original.filter(|program| run(program, &["-v"]).err.contains("Alexandre Cassen"));
    if original.is_none() {
        eprintln!("{}: not compared with Debian's genhash, which is not installed", lab::SKIPPED);
    }
    original
}

/// Two runs take different times.
pub(crate) fn without_time(out: &str) -> String {
    match out.rsplit_once("] = ") {
        Some((before, time)) if time.ends_with(" usecs\n") => format!("{before}] = N usecs\n"),
        Some(_) | None => out.to_owned(),
    }
}

/// A run that printed a digest and nothing else.
pub(crate) fn digest(digest: &str) -> Said {
    Said { code: Some(0), out: format!("{digest}\n"), err: String::new() }
}

/// MD5 of `hello`.
pub(crate) const HELLO: &str = "5d41402abc4b2a76b9719d911017c592";

/// MD5 of nothing.
pub(crate) const EMPTY: &str = "d41d8cd98f00b204e9800998ecf8427e";
