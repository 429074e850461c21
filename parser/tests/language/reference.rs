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

#[test]
fn every_keyword_has_a_text_and_every_block_an_introduction() {
    for page in pages() {
        assert!(!page.introduction.is_empty(), "{} has no introduction", page.path);
        for entry in &page.entries {
            assert!(!entry.text.is_empty(), "{}/{} has no text", page.path, entry.word);
            assert!(entry.text.ends_with(['.', ')']), "{}/{}", page.path, entry.word);
        }
    }
}

/// A file with a line in the block of a page, and everything that block needs.
fn block_with(path: &str, line: &str) -> Option<String> {
    let real = |inner: &str| {
        format!(
            "virtual_server 10.0.0.1 80 {{\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\nreal_server 10.0.0.2 80 {{\n{inner}\n}}\n}}\n"
        )
    };
    let instance = "interface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 10.0.0.1 }";
    Some(match path {
        "" => format!("{line}\n"),
        "global_defs" => format!("global_defs {{\n{line}\n}}\n"),
        "garp_group" => format!("garp_group {{\ninterface eth0\ngna_interval 1\n{line}\n}}\n"),
        "vrrp_instance" => format!("vrrp_instance i {{\n{instance}\n{line}\n}}\n"),
        "vrrp_instance/auth_hmac" => format!(
            "vrrp_instance i {{\n{instance}\nauth_hmac {{\nkey 1 0123456789012345678901234567890123\nactive_key 1\n{line}\n}}\n}}\n"
        ),
        "vrrp_script" => format!("vrrp_script s {{\nscript /bin/true\n{line}\n}}\n"),
        "vrrp_track_process" => format!("vrrp_track_process p {{\nprocess p\n{line}\n}}\n"),
        "track_file" => format!("track_file f {{\nfile /tmp/f\n{line}\n}}\n"),
        "bfd_instance" => format!("bfd_instance b {{\nneighbor_ip 10.0.0.9\n{line}\n}}\n"),
        "virtual_server" => real("").replacen("lvs_method NAT", &format!("lvs_method NAT\n{line}"), 1),
        "virtual_server/real_server" => real(line),
        _ => {
            let check = path.strip_prefix("virtual_server/real_server/")?;
            match check.split_once('/') {
                Some((http, "url")) => real(&format!("{http} {{\nurl {{\npath /\n{line}\n}}\n}}")),
                Some(_) => return None,
                None if check.ends_with("_GET") => {
                    real(&format!("{check} {{\nurl {{\npath /\n}}\n{line}\n}}"))
                }
                None if check == "MISC_CHECK" => {
                    real(&format!("{check} {{\nmisc_path /bin/true\n{line}\n}}"))
                }
                None if check == "FILE_CHECK" || check == "BFD_CHECK" => return None,
                None => real(&format!("{check} {{\n{line}\n}}")),
            }
        }
    })
}

/// The default as it can be written in a file, if it is a value and not the name of another keyword.
fn literal(entry: &Entry) -> Option<&'static str> {
    let text = entry.default?.split([',', ';']).next()?.trim();
    let is_number = text.parse::<f64>().is_ok();
    let is_switch = entry.syntax == "[BOOL]" && matches!(text, "on" | "off");
    (is_number || is_switch).then_some(text)
}

#[test]
fn a_default_that_is_written_out_is_taken_and_changes_nothing() {
    // What a switch says is not told from silence there (see their entries), and a flag of `global_defs` only hands down.
    let one_way = ["skip_check_adv_addr", "vrrp_skip_check_adv_addr"];
    let mut count = 0;
    for page in pages() {
        for entry in page.entries.iter().filter(|entry| !one_way.contains(&entry.word)) {
            let Some(value) = literal(entry) else { continue };
            let Some(silent) = block_with(&page.path, "") else { continue };
            let said = block_with(&page.path, &format!("{} {value}", entry.word)).unwrap_or_default();
            let ((before, _), (after, diagnostics)) = (read(silent), read(said.as_str()));
            let complaints: Vec<String> =
                shown(&diagnostics).into_iter().filter(|text| !text.contains("deprecated")).collect();
            assert_eq!(complaints, [""; 0], "{said}");
            let text = |config| parser::print::print(&config, parser::print::Secrets::Shown);
            assert_eq!(text(before), text(after), "{said}");
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}
