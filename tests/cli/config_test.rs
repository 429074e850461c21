//! `--config-test`: one line per finding on standard error, exit codes 0, 2, 4, 5 and 6.

use std::os::unix::fs::PermissionsExt as _;

use super::{keepalived, stderr, stdout};

/// Checks a text; gives back the exit code and the lines, with the file's name replaced by `FILE`.
fn check(text: &str) -> (Option<i32>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let path = folder.path().join("keepalived.conf");
    std::fs::write(&path, text).expect("the file can be written");
    let name = path.to_string_lossy().into_owned();
    let output = keepalived(&["-t", "-f", &name]);
    assert_eq!(stdout(&output), "", "nothing goes to standard output");
    let lines = stderr(&output).lines().map(|line| line.replace(&name, "FILE")).collect();
    (output.status.code(), lines)
}

#[test]
fn a_good_file_is_silent() {
    assert_eq!(check("global_defs {\n  router_id LVS\n}\n"), (Some(0), vec![]));
    assert_eq!(check(""), (Some(0), vec![]));
}

#[test]
fn an_unknown_keyword_is_named_with_its_line_and_ends_with_5() {
    let (code, lines) = check("global_defs {\n  bogus_keyword 1\n}\n");
    assert_eq!((code, lines), (Some(5), vec!["(FILE: Line 2) Unknown keyword 'bogus_keyword'".to_owned()]));
}

#[test]
fn the_sample_configuration_has_its_two_unknown_words_reported() {
    // The interface of the sample is not on this machine, so the loopback stands in.
    let sample =
        include_str!("../../examples/seed/keepalived.conf").replace("interface eth1", "interface lo");
    let (code, lines) = check(&sample);
    assert_eq!(code, Some(5));
    assert_eq!(
        lines.iter().filter(|line| line.contains("Unknown keyword")).collect::<Vec<_>>(),
        ["(FILE: Line 12) Unknown keyword 'lvs_id'", "(FILE: Line 21) Unknown keyword 'wdog-vrrp'"]
    );
}

#[test]
fn a_missing_mandatory_word_ends_with_2() {
    let (code, lines) = check("vrrp_instance VI_1 {\n  interface lo\n  priority\n}\n");
    assert_eq!(code, Some(2));
    let expected = "*** Configuration line starting `priority` is missing a parameter after keyword `priority` at word position 2";
    assert!(lines.iter().any(|line| line.ends_with(expected)), "{lines:#?}");
}

#[test]
fn an_absent_interface_ends_with_5_and_is_named() {
    let (code, lines) = check(
        "vrrp_instance VI_1 {\n  interface nosuch0\n  virtual_router_id 1\n  virtual_ipaddress {\n    10.0.0.1\n  }\n}\n",
    );
    assert_eq!(code, Some(5));
    assert!(
        lines.iter().any(|l| l.contains("WARNING - interface nosuch0 for vrrp_instance VI_1 doesn't exist")),
        "{lines:#?}"
    );
}

#[test]
fn a_file_that_does_not_exist_ends_with_4() {
    let output = keepalived(&["-t", "-f", "/nonexistent/keepalived.conf"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("Config files missing '/nonexistent/keepalived.conf'."));
}

#[test]
fn findings_are_appended_to_a_file_that_only_its_owner_can_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let (conf, log) = (folder.path().join("k.conf"), folder.path().join("log"));
    std::fs::write(&conf, "bogus\n").expect("written");
    for _ in 0..2 {
        let output = keepalived(&["-f", &conf.to_string_lossy(), &format!("-t{}", log.display())]);
        assert_eq!((output.status.code(), stderr(&output)), (Some(5), String::new()));
    }
    let text = std::fs::read_to_string(&log).expect("the log");
    assert_eq!(text.matches("Unknown keyword 'bogus'").count(), 2, "{text}");
    let mode = log.metadata().expect("the log").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// The exit code says that somebody else than root could have scripts of his own run as root.
#[test]
fn scripts_without_their_security_end_with_6() {
    // Over unicast a router needs no interface; that of its address is everywhere.
    let text = |security: &str| {
        format!(
            "global_defs {{\n  {security}\n  script_user root\n}}\nvrrp_instance VI_1 {{\n  unicast_src_ip 10.0.0.2\n  \
             unicast_peer {{\n    10.0.0.3\n  }}\n  virtual_router_id 1\n  virtual_ipaddress {{\n    10.0.0.1 dev lo\n  }}\n  notify /bin/true\n}}\n"
        )
    };
    let violation = "SECURITY VIOLATION - scripts are being executed but script_security not enabled.";
    assert_eq!(check(&text("")), (Some(6), vec![violation.to_owned()]));
    assert_eq!(check(&text("enable_script_security")), (Some(0), vec![]));
}

#[test]
fn bytes_that_command_a_terminal_do_not_reach_it_with_the_messages_of_config_print() {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let path = folder.path().join("keepalived.conf");
    std::fs::write(&path, "\x1b[31mred\x07 x\n").expect("the file can be written");
    let output = keepalived(&["config", "print", &path.to_string_lossy()]);
    let said = stderr(&output);
    assert!(said.ends_with("Unknown keyword '?[31mred?'\n"), "{said:?}");
}
