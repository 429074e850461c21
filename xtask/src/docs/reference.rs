//! `docs/reference/`: a page for each block and each kind of line.

use std::fmt::Write as _;

use parser::reference::{Entry, Page, pages};

use super::File;

const NOTE: &str =
    "Written by `cargo xtask docs` from the tables of keywords and `parser/src/manual/`; do not edit.";

pub(super) fn files() -> Vec<File> {
    let pages = pages();
    let mut files = vec![File { path: "docs/reference/README.md".to_owned(), text: index(&pages) }];
    files.extend(pages.iter().map(|page| File {
        path: format!("docs/reference/{}", file_name(&page.path)),
        text: text(page, &pages),
    }));
    files
}

fn file_name(path: &str) -> String {
    match path {
        "" => "root.md".to_owned(),
        path => format!("{}.md", path.replace('/', ".").replace(['(', ')'], "")),
    }
}

/// What a page is called in headings and links.
pub(super) fn title(path: &str) -> String {
    match path {
        "" => "Outside of all blocks".to_owned(),
        "(address-line)" => "Lines of addresses".to_owned(),
        "(unicast-peer-line)" => "Lines of unicast_peer".to_owned(),
        "(track-line)" => {
            "Lines of track_interface, track_script, track_file, track_process, track_bfd".to_owned()
        }
        "(route-line)" => "Lines of routes".to_owned(),
        "(route-line)/encap" => "Lines of routes: encap".to_owned(),
        "(route-line)/nexthop" => "Lines of routes: nexthop".to_owned(),
        "(rule-line)" => "Lines of rules".to_owned(),
        "(vsg-line)" => "Lines of virtual_server_group".to_owned(),
        "(linkbeat-line)" => "Lines of linkbeat_interfaces".to_owned(),
        "(delay-line)" => "Lines of interface_up_down_delays".to_owned(),
        "(line-directive)" => "Directives".to_owned(),
        path => path.to_owned(),
    }
}

fn index(pages: &[Page]) -> String {
    let mut text = format!(
        "# Reference of keepalived.conf\n\n{NOTE}\n\n\
         How a file is read, and what kinds of values there are, is in [the language](../language.md). The same as a man page\n\
         is [keepalived.conf(5)](../man/keepalived.conf.5); `keepalived config explain KEYWORD` shows one entry.\n\n\
         | Page | Keywords |\n|---|---|\n"
    );
    for page in pages {
        let words: Vec<String> = page.entries.iter().map(|entry| format!("`{}`", entry.word)).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| [{}]({}) | {} |",
            title(&page.path),
            file_name(&page.path),
            words.join(" ").replace('|', "\\|")
        );
    }
    text
}

fn text(page: &Page, pages: &[Page]) -> String {
    let mut text = format!("# {}\n\n{NOTE}\n\n", title(&page.path));
    if let Some(parent) = &page.parent {
        let _ = write!(text, "A block of [{}]({}).\n\n", title(parent), file_name(parent));
    }
    let _ = writeln!(text, "{}", page.introduction);
    for entry in &page.entries {
        text.push('\n');
        text.push_str(&section(entry, pages));
    }
    text
}

fn section(entry: &Entry, pages: &[Page]) -> String {
    let mut text = format!("## `{}`\n\n", entry.usage());
    let facts = entry.facts();
    for (what, value) in &facts {
        let _ = writeln!(text, "- {what}: {value}");
    }
    if let Some(inner) = &entry.leads_to
        && let Some(page) = pages.iter().find(|page| page.path == *inner)
    {
        let _ = writeln!(text, "- Inside: [{}]({})", title(&page.path), file_name(&page.path));
    }
    if text.ends_with("- ") || !facts.is_empty() || entry.leads_to.is_some() {
        text.push('\n');
    }
    let _ = writeln!(text, "{}", if entry.text.is_empty() { entry.summary } else { entry.text });
    if let Some((block, line)) = entry.example.and_then(|example| example.split_once(": ")) {
        let _ = write!(text, "\n```text\n{block} {{\n    {line}\n}}\n```\n");
    }
    text
}
