//! Options that print something and end.

use super::{keepalived, stderr, stdout};

#[test]
fn the_version_stands_on_the_first_line_of_standard_error() {
    for option in ["-v", "--version", "--vers"] {
        let output = keepalived(&[option]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(stdout(&output), "");
        let text = stderr(&output);
        let first = text.lines().next().unwrap_or_default();
        let version = first.strip_prefix("Keepalived v").and_then(|rest| rest.split(' ').next());
        assert_eq!(version, Some("2.4.3"), "{first}");
        assert!(text.contains("--enable-json"), "exporters look for it");
    }
}

#[test]
fn signal_numbers_are_printed_alone() {
    for (name, number) in [("STOP", "15"), ("RELOAD", "1"), ("DATA", "10"), ("STATS", "12"), ("JSON", "36")] {
        let output = keepalived(&[&format!("--signum={name}")]);
        assert_eq!((output.status.code(), stdout(&output)), (Some(0), format!("{number}\n")));
    }
    let output = keepalived(&["--signum", "stop"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(1), "Unknown sigfunc stop\n".to_owned()));
}

#[test]
fn config_commands_tell_how_they_are_called() {
    for command in ["check", "diff", "print", "explain"] {
        for option in ["-h", "--help"] {
            let output = keepalived(&["config", command, option]);
            let usage = format!("Usage: keepalived config {command} ");
            assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
            assert!(stdout(&output).starts_with(&usage), "{}", stdout(&output));
        }
    }
}

#[test]
fn an_unknown_option_ends_with_1() {
    let output = keepalived(&["-Z", "--nosuch"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "Unknown option -Z\nUnknown option --nosuch\n");
}

#[test]
fn the_help_text_goes_to_standard_error() {
    let output = keepalived(&["-h"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).starts_with("Usage: "));
    assert!(
        stderr(&output).contains("  -f, --use-file=FILE           Use the specified configuration file\n")
    );
}

#[test]
fn the_help_text_names_the_commands_and_each_has_its_own() {
    let help = stderr(&keepalived(&["--help"]));
    let (_, commands) = help.split_once("\nCommands").expect("there are commands");
    let names: Vec<&str> =
        commands.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["config", "doctor", "realserver", "ipvsadm"]);
    for name in names {
        let output = keepalived(&[name, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{name}");
        assert!(stdout(&output).contains("Usage:"), "{name}: {output:?}");
    }
}
