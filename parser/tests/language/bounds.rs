//! Inputs made to exhaust the reader: depth, length, expansion, inclusion. Each ends soon, and says why.

use std::time::{Duration, Instant};

use parser::Options;
use parser::diag::{Class, Diagnostic};

use crate::memory::{Memory, read, read_with};

/// More than any of these takes on the slowest machine, and far less than without a limit.
const SOON: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "the time taken is what is tested")]
fn soon<T>(act: impl FnOnce() -> T) -> T {
    let before = Instant::now();
    let done = act();
    assert!(before.elapsed() < SOON, "took {:?}", before.elapsed());
    done
}

fn says(diagnostics: &[Diagnostic], text: &str) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.text.contains(text))
}

#[test]
fn a_million_open_braces_are_counted_without_recursion() {
    let (_, diagnostics) = soon(|| read("{\n".repeat(1_000_000)));
    assert!(says(&diagnostics, "There are 1000000 missing '}'s"));
    let (_, diagnostics) =
        soon(|| read("virtual_server 10.0.0.x 80 {\n".to_owned() + &"{ ".repeat(500).repeat(100)));
    assert!(says(&diagnostics, "missing '}'s"));
}

#[test]
fn messages_about_one_file_are_limited_but_not_the_verdict() {
    let text = "}".repeat(1000) + "\n";
    let (_, diagnostics) = soon(|| read(text.repeat(1000) + "vrrp_instance A {\npriority\n}\n"));
    assert!(diagnostics.len() <= 100_100, "{} messages", diagnostics.len());
    assert!(says(&diagnostics, "Too many messages"));
    assert_eq!(parser::diag::test_exit_code(&diagnostics), 2);
}

#[test]
fn a_line_without_end_is_cut_into_pieces() {
    let (_, diagnostics) = soon(|| read("x".repeat(10_000_000)));
    assert!(diagnostics.len() < 11_000);
    assert!(says(&diagnostics, "line too long - ignoring"));
}

#[test]
fn definitions_that_double_each_other_end() {
    let mut text = String::from("$E=\n$E1=${E}${E}\n");
    for level in 2..60 {
        text += &format!("$E{level}=${{E{0}}}${{E{0}}}\n", level - 1);
    }
    text += "~SEQ(i,1,1000000) x${E59}\n";
    let (_, diagnostics) = soon(|| read(text));
    assert!(says(&diagnostics, "Too many definitions"));
}

#[test]
fn sequences_within_sequences_end_at_the_limit() {
    let (_, diagnostics) = soon(|| read("~SEQ(i,1,100000) ~SEQ(j,1,100000) ~SEQ(k,1,100000) $x=1\n"));
    assert!(says(&diagnostics, "Configuration expands to more than 1000000 lines"));
}

#[test]
fn files_that_include_others_twice_end_at_the_limit() {
    let files: Vec<(String, Vec<u8>)> = (0..40)
        .map(|level| {
            (
                if level == 0 { "F".to_owned() } else { format!("f{level}") },
                format!("include f{0}\ninclude f{0}\n", level + 1).into_bytes(),
            )
        })
        .collect();
    let mut memory = Memory::default();
    memory.0.extend(files);
    let options = Options { expansion_limit: 100_000, ..Options::default() };
    let (_, diagnostics) = soon(|| parser::parse("F", &mut memory, options));
    assert!(says(&diagnostics, "Configuration expands to more than 100000 lines"));
}

#[test]
fn a_file_that_includes_itself_is_refused() {
    let (_, diagnostics) = soon(|| read_with("include G\n", &[("G", "include F\ninclude G\nfoo\n")]));
    assert!(says(&diagnostics, "Configuration file 'F' includes itself - skipping"));
    assert!(says(&diagnostics, "Configuration file 'G' includes itself - skipping"));
    assert!(diagnostics.iter().any(|diagnostic| diagnostic.class == Class::UnknownKeyword));
}
