//! The manual says what the reader does.

use parser::Status;
use parser::reference::{Entry, Page, pages};

use crate::memory::{read, shown};

/// What must stand above an example so that its references are known.
const ABOVE: &str = "track_group g { group { i } }\nvrrp_script s { script /bin/true }\n";

/// A file with a line in a block of such lines.
fn file(example: &str) -> String {
    let (block, line) = example.split_once(": ").unwrap_or(("", example));
    let instance = |inner: &str| {
        format!(
            "vrrp_instance i {{\ninterface eth0\nvirtual_router_id 1\nversion 3\nno_virtual_ipaddress\n{inner}\n}}\n"
        )
    };
    let lines = format!("{block} {{\n{line}\n}}");
    match block {
        "" => format!("{ABOVE}{}", instance(line)),
        "virtual_ipaddress" | "unicast_peer" | "track_interface" | "track_script" => {
            format!("{ABOVE}{}", instance(&lines))
        }
        "virtual_server_group" => format!("virtual_server_group g {{\n{line}\n}}\n"),
        _ => format!("{ABOVE}{lines}\n{}", instance("")),
    }
}

#[test]
fn every_word_of_a_line_is_shown_in_an_example_that_is_read_without_complaint() {
    let with_example = |page: Page| page.entries.into_iter().filter(|entry| entry.example.is_some());
    let of_lines = pages().into_iter().filter(Page::is_of_lines);
    let mut count = 0;
    for entry in of_lines.flat_map(with_example) {
        let example = entry.example.unwrap_or_default();
        let (_, diagnostics) = read(file(example));
        assert_eq!(shown(&diagnostics), [""; 0], "{example}");
        count += 1;
    }
    assert!(count > 100, "{count}");
}

#[test]
fn a_word_of_a_line_without_example_is_one_that_is_not_to_be_used() {
    let bare = |page: &Page, entry: &Entry| {
        page.is_of_lines()
            && entry.example.is_none()
            && entry.status != Status::NoEffect
            && entry.status != Status::Deprecated
    };
    for page in pages() {
        for entry in page.entries.iter().filter(|entry| bare(&page, entry)) {
            assert_eq!(page.path, "(line-directive)", "{}", entry.word);
        }
    }
}
