//! How the program becomes genhash, and what it refuses.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::client::{HELLO, Said, digest, original, run};
use super::server::{Server, send};

const OURS: &str = env!("CARGO_BIN_EXE_keepalived");

/// Both refuse a line alike, up to the help text, whose wording is each one's own.
fn refusal(line: &[&str]) -> (Option<i32>, String) {
    let before_help = |said: Said| {
        assert_eq!(said.out, "", "{line:?}");
        let (words, _help) = said.err.split_once("Usage: ").expect("the help text");
        (said.code, words.to_owned())
    };
    let line = [&["-T"], line].concat();
    let ours = before_help(run(OURS, &line));
    if let Some(original) = original() {
        assert_eq!(ours, before_help(run(original, &line)), "left: ours, right: {original}, {line:?}");
    }
    ours
}

#[test]
fn what_is_refused_is_named_and_ends_with_1() {
    for (line, words) in [
        (&["-h"][..], ""),
        (&["-v"], ""),
        (&["-Z"], "Unknown option -Z\n"),
        (&["-Z", "--foo=3", "-h"], "Unknown option -Z\nUnknown option --foo=3\n"),
        (&["-v", "--verbose=3"], "Unknown option --verbose=3\n"),
        (&["-v", "-u"], "Missing parameter for option -u\n"),
        (&["-p", "X"], "invalid port number 'X'\n"),
        (&["-Z", "-p", "0", "-Q"], "Unknown option -Z\ninvalid port number '0'\n"),
        (&["-s", "X"], "server should be an IP, not X\n"),
        (&["-P", "2"], "invalid HTTP protocol version '2'\n"),
        (&["-t", "1.5"], "invalid timeout '1.5'\n"),
        (&["-m", "0x10"], "invalid fwmark '0x10'\n"),
        (&["-s", "::1", "-p", "1", "-u", "/", "a", "b"], "Unexpected argument(s): a b\n"),
        (&["-s", "::1", "-p", "1"], ""),
    ] {
        assert_eq!(refusal(line), (Some(1), words.to_owned()));
    }
}

/// The original crashes.
#[test]
fn a_long_option_without_its_word_is_named() {
    let said = run(OURS, &["-T", "-v", "--server"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.starts_with("Missing parameter for option --server\nUsage: "), "{}", said.err);
}

#[test]
fn the_program_s_name_is_enough() {
    let output = Command::new(OURS).arg0("/usr/bin/genhash").arg("-h").output();
    let output = output.expect("the program can be started");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("Usage: /usr/bin/genhash -s "));
}

#[test]
fn as_an_option_it_may_stand_in_a_cluster_but_should_come_first() {
    let server = Server::plain(&[send("HTTP/1.0 200 OK\r\n\r\nhello")]);
    let port = server.addr.port().to_string();
    let at = ["127.0.0.1", "-p", &port, "-u", "/"];
    let said = |first: &[&str]| run(OURS, &[first, &at].concat());
    assert_eq!(said(&["--genhash", "-s"]), digest(HELLO));
    assert_eq!(said(&["-Ts"]), digest(HELLO));
    let warned = "Warning -- `-T` not used as first option, previous options ignored\n";
    assert_eq!(said(&["-n", "-T", "-s"]), Said { err: warned.to_owned(), ..digest(HELLO) });
}
