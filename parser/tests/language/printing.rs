//! What is written back means what was read.

use parser::config::Config;
use parser::print::{Secrets, print};
use proptest::prelude::*;

use crate::memory::{read, shown};

/// A configuration without the places of its lines.
fn placeless(config: &Config) -> String {
    let text = format!("{config:#?}");
    let mut parts = text.split("F:");
    let mut placeless = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        placeless.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    placeless
}

/// Reads a text, writes it, reads that, and compares.
fn round_trip(text: &str) -> Result<(), String> {
    let (config, _) = read(text);
    let written = print(&config, Secrets::Shown);
    let (again, diagnostics) = read(written.as_str());
    let (wanted, got) = (placeless(&config), placeless(&again));
    let difference = wanted.lines().zip(got.lines()).position(|(wanted, got)| wanted != got);
    if let Some(at) = difference.or((wanted.len() != got.len()).then_some(0)) {
        let around =
            |text: &str| text.lines().skip(at.saturating_sub(6)).take(8).collect::<Vec<_>>().join("\n");
        return Err(format!(
            "read: {text}\nwritten: {written}\nfirst:\n{}\nthen:\n{}\n{:?}",
            around(&wanted),
            around(&got),
            shown(&diagnostics)
        ));
    }
    // Debug hides secrets; the text does not.
    let twice = print(&again, Secrets::Shown);
    if twice != written { Err(format!("written: {written}\nthen: {twice}")) } else { Ok(()) }
}

/// A configuration with every kind of secret, and how each is written in it.
const SECRETIVE: &str = "SSL {
    password s3cretphrase
    key /etc/client.key
}
vrrp_instance v {
    interface eth0
    virtual_router_id 1
    virtual_ipaddress { 10.0.0.1 }
    authentication {
        auth_type PASS
        auth_pass s3cretpw
    }
}
vrrp_instance w {
    interface eth0
    virtual_router_id 2
    virtual_ipaddress { 10.0.0.2 }
    auth_hmac {
        key 1 s3cret_of_thirty_two_bytes_and_more
        active_key 1
    }
}
";

#[test]
fn secrets_are_neither_in_debug_output_nor_written_unless_asked_for() {
    let (config, diagnostics) = read(SECRETIVE);
    assert_eq!(shown(&diagnostics), [""; 0]);
    assert!(!format!("{config:?}{diagnostics:?}").contains("s3cret"));
    let masked = print(&config, Secrets::Masked);
    assert!(!masked.contains("s3cret"), "{masked}");
    assert_eq!(masked.matches("********").count(), 3, "{masked}");
    let (hex, shown) = ("hex:733363726574", print(&config, Secrets::Shown));
    assert!(!masked.contains(hex));
    for said in ["password s3cretphrase", "auth_pass s3cretpw", hex] {
        assert!(shown.contains(said), "{shown}");
    }
    assert_eq!(round_trip(SECRETIVE), Ok(()));
}

#[test]
fn a_pass_phrase_said_twice_does_not_get_into_the_log() {
    let (_, diagnostics) = read("SSL {\npassword s3cret\npassword s3cretphrase\n}\n");
    assert_eq!(shown(&diagnostics), ["3 Duplicate SSL - overwriting *** with ***"]);
}

#[test]
fn an_empty_configuration_is_written_as_nothing() {
    assert_eq!(print(&read("").0, Secrets::Shown), "");
    assert_eq!(print(&read("global_defs {\n}\n").0, Secrets::Shown), "");
}

#[test]
fn a_block_of_which_nothing_was_usable_is_still_named() {
    let written = print(&read("virtual_server 10.0.0.1 80 {\n}\n").0, Secrets::Shown);
    assert!(written.starts_with("virtual_server fwmark 0 {"), "{written}");
    assert_eq!(
        round_trip("virtual_server 10.0.0.1 80 {\n}\nbfd_instance b {\n}\nstatic_ipaddress {\n}\n"),
        Ok(())
    );
}

#[test]
fn what_the_shell_like_words_hide_is_hidden_again() {
    let text = r##"vrrp_script s {
    script "/bin/sh -c 'echo \"$HOME\" # {x}!' \x41\n ''"
}
virtual_server 10.0.0.1 80 {
    protocol TCP
    quorum_up "/bin/a '  '" root :daemon
    real_server 10.0.0.2 80 {
        HTTP_GET {
            url {
                path "/{a b}#!"
                regex "\\d+\\.\"[a-z]{2}\" # !"
            }
        }
    }
}
"##;
    let (config, _) = read(text);
    let written = print(&config, Secrets::Shown);
    assert!(written.contains(r##"path "/{a b}#!""##), "{written}");
    assert_eq!(round_trip(text), Ok(()));
}

/// The example files of the repository.
const EXAMPLES: &[(&str, &str)] = &[("seed", include_str!("../../../examples/seed/keepalived.conf"))];

#[test]
fn the_example_files_read_the_same_after_they_were_written_back() {
    for (name, text) in EXAMPLES {
        assert_eq!(round_trip(text), Ok(()), "{name}");
    }
}

#[test]
fn generated_files_use_every_keyword_that_is_not_deprecated() {
    let all: String = (0..3000).map(lab::generate::configuration).collect();
    let said: std::collections::HashSet<&str> = all.split_whitespace().collect();
    let blocks = parser::reference::pages().into_iter().filter(|page| !page.is_of_lines());
    let unsaid: Vec<&str> = blocks
        .flat_map(|page| page.entries)
        .map(|entry| entry.word)
        .filter(|word| !said.contains(word))
        .collect();
    assert_eq!(unsaid, ["net_namespace", "lvs_sync_daemon_interface"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_generated_configuration_that_is_written_back_reads_the_same(seed: u64) {
        if let Err(difference) = round_trip(&lab::generate::configuration(seed)) {
            prop_assert!(false, "{}", difference);
        }
    }
}
