//! Commands: two rounds of splitting, escapes, users.

use parser::config::Script;

use crate::memory::{read, shown};

fn notify(statement: &str) -> (Option<Script>, Vec<String>) {
    let text = format!(
        "vrrp_instance V {{\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {{ 10.0.0.1 }}\nnotify_master {statement}\n}}\n"
    );
    let (config, diagnostics) = read(text);
    (config.vrrp_instances[0].notify.master.as_deref().cloned(), shown(&diagnostics))
}

/// The table of the original's verified commands.
#[test]
fn commands_are_split_as_the_original_splits_them() {
    let rows: [(&str, &[&str]); 9] = [
        ("/s", &["/s"]),
        ("\"/s a b 'c d'\"", &["/s", "a", "b", "c d"]),
        ("'/s a \"b c\" d'", &["/s", "a", "b c", "d"]),
        ("\"/s a\" root root", &["/s", "a"]),
        ("/s\\ a", &["/s a"]),
        ("\"/s # a ! b { c } d\"", &["/s", "#", "a", "!", "b", "{", "c", "}", "d"]),
        (
            "\"/s ' sp\\\\x20f\\x69le ' '\\\"s p a c e \\\"' x\" root",
            &["/s", " sp\\x20file ", "\"s p a c e \"", "x"],
        ),
        ("\"/s \\t\\101\\x42\\cA\\E\"", &["/s", "\tAB\u{1}\u{1b}"]),
        ("\"/s a\"'b'", &["/s", "ab"]),
    ];
    for (statement, argv) in rows {
        let (script, said) = notify(statement);
        assert_eq!(said, [""; 0], "{statement}");
        assert_eq!(
            script.map(|script| script.command.argv),
            Some(argv.iter().map(|w| (*w).to_owned()).collect()),
            "{statement}"
        );
    }
}

#[test]
fn the_words_after_a_command_are_user_and_group() {
    let identity = |statement: &str| {
        let identity = notify(statement).0?.identity?;
        Some((identity.user, identity.group, identity.supplementary_groups))
    };
    let root = || "root".to_owned();
    assert_eq!(identity("/s"), None);
    assert_eq!(identity("/s root"), Some((root(), None, false)));
    assert_eq!(identity("/s root adm"), Some((root(), Some("adm".to_owned()), false)));
    assert_eq!(identity("/s root :adm"), Some((root(), Some("adm".to_owned()), true)));
    assert_eq!(identity("/s root :"), Some((root(), None, true)));
}

#[test]
fn an_empty_command_is_no_script() {
    assert_eq!(notify("\"\""), (None, Vec::new()));
}

#[test]
fn a_second_script_is_not_taken() {
    let (script, said) = notify("/first\nnotify_master /second");
    assert_eq!(script.map(|script| script.command.text), Some("/first".to_owned()));
    assert_eq!(said, ["6 (V) notify_master script already specified - ignoring /second"]);
}
