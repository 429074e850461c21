//! `config check --json`: the fields that docs/diagnostics.md promises to programs.

use serde_json::{Value, json};

use super::{keepalived, stdout};

/// The report about a text; the file's name is replaced by `FILE`.
fn report(text: &str, options: &[&str]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let path = folder.path().join("keepalived.conf");
    std::fs::write(&path, text).expect("the file can be written");
    let name = path.to_string_lossy().into_owned();
    let output = keepalived(&[&["config", "check", "--json", &name], options].concat());
    let text = stdout(&output).replace(&name, "FILE");
    (output.status.code(), serde_json::from_str(&text).expect("one JSON document"))
}

#[test]
fn a_good_file_makes_an_empty_report() {
    let (code, report) = report("global_defs {\n  router_id LVS\n}\n", &[]);
    let summary = json!({"fatal": 0, "errors": 0, "warnings": 0, "notes": 0, "findings": 0, "exit_code": 0});
    assert_eq!((code, report), (Some(0), json!({"version": 1, "diagnostics": [], "summary": summary})));
}

#[test]
fn a_message_has_all_the_fields_of_the_description_and_no_others() {
    let (code, report) = report("$X=routr_id\nglobal_defs {\n  $X LVS\n}\n", &[]);
    let message = json!({
        "file": "FILE", "line": 3, "column": 3, "span": {"start": 3, "end": 5},
        "severity": "error", "class": "unknown-keyword", "lint": null,
        "message": "Unknown keyword 'routr_id'", "hint": "did you mean `router_id`?", "wanted": null,
        "outcome": "ignored", "source": "  $X LVS", "read": "routr_id LVS",
        "trail": [{"kind": "expansion", "what": "$X", "file": "FILE", "line": 1}],
    });
    let summary = json!({"fatal": 0, "errors": 1, "warnings": 0, "notes": 0, "findings": 0, "exit_code": 5});
    assert_eq!(
        (code, report),
        (Some(5), json!({"version": 1, "diagnostics": [message], "summary": summary}))
    );
}

#[test]
fn a_message_about_the_whole_has_no_place() {
    let (code, report) = report("global_defs {\n", &[]);
    let message = json!({
        "file": null, "line": null, "column": null, "span": null, "severity": "error",
        "class": "missing-close-brace", "lint": null,
        "message": "There are 1 missing '}'s or extra '{'s", "hint": null, "wanted": null,
        "outcome": "assumed", "source": null, "read": null, "trail": [],
    });
    assert_eq!((code, &report["diagnostics"]), (Some(5), &json!([message])));
}

#[test]
fn a_password_is_in_the_report_only_when_asked_for() {
    let text = "vrrp_instance A {\n  interface lo\n  virtual_router_id 1\n  authentication {\n    \
                auth_type PASS\n    auth_pass \"hunter2\n  }\n}\n";
    let (_, masked) = report(text, &[]);
    assert!(!masked.to_string().contains("hunter2"), "{masked}");
    assert!(masked.to_string().contains("Unterminated quote"), "{masked}");
    let (_, shown) = report(text, &["--show-secrets"]);
    assert!(shown.to_string().contains("hunter2"), "{shown}");
}

#[test]
fn the_file_of_another_router_shows_who_is_not_a_peer() {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let path = folder.path().join("both.conf");
    let text = "global_defs {\n  dynamic_interfaces\n}\nvrrp_instance A {\n  interface eth0\n  virtual_router_id 1\n  \
                @left unicast_src_ip 192.0.2.1\n  @right unicast_src_ip 192.0.2.2\n  unicast_peer {\n    \
                @left 192.0.2.2\n    @right 192.0.2.3\n  }\n  virtual_ipaddress {\n    192.0.2.9\n  }\n}\n";
    std::fs::write(&path, text).expect("the file can be written");
    let name = path.to_string_lossy();
    let beside = ["-i", "left", "--peer-id=right", &format!("--peer={name}")];
    let (code, told) = report(text, &beside);
    let finding = &told["diagnostics"][0];
    let message = format!("(A) sends from 192.0.2.1, but A in {name} has no such unicast peer");
    assert_eq!(code, Some(5));
    assert_eq!((&finding["lint"], &finding["message"]), (&json!("peer-missing"), &json!(message)));
    assert_eq!((&finding["line"], &told["summary"]["findings"]), (&json!(4), &json!(1)));

    let output = keepalived(&["config", "check", "--peer=/nonexistent/k.conf", &name]);
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(super::stderr(&output), "Config files missing '/nonexistent/k.conf'.\n");
}
