//! What the manual says: the tables of keywords, joined with the text about each of them.
//!
//! A table knows a keyword's syntax, limits and status. What it is for, what its absence means, and what happens to a bad
//! value is said in `manual/`: a file for each block, a section for each keyword. The words of a data line have no table;
//! their file is it, and its examples are read by a test.

use crate::keyword::{Row, Status};

/// A page of the manual: a block, or what may stand in a line of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The path of the block, `virtual_server/real_server`; empty outside of every block; in parentheses for a kind of line.
    pub path: String,
    /// The page of the block around it; none for lines and outside of every block.
    pub parent: Option<String>,
    /// What it is.
    pub introduction: &'static str,
    /// Its words, in the order of the table.
    pub entries: Vec<Entry>,
}

/// A word and what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The word.
    pub word: &'static str,
    /// Other words for the same.
    pub aliases: Vec<&'static str>,
    /// Other words for the same that should not be used any more.
    pub old: Vec<&'static str>,
    /// What stands after it.
    pub syntax: &'static str,
    /// What its number counts.
    pub unit: Option<&'static str>,
    /// The limits of its value.
    pub range: Option<String>,
    /// What its absence means.
    pub default: Option<&'static str>,
    /// What happens to a bad value, where it is not reported and ignored.
    pub bad: Option<&'static str>,
    /// Whether it does something.
    pub status: Status,
    /// What it is, in a sentence.
    pub summary: &'static str,
    /// More about it.
    pub text: &'static str,
    /// The page of the block behind it, or of its lines.
    pub leads_to: Option<String>,
    /// A block of lines and a line of it, that have the word; for the words of lines.
    pub example: Option<&'static str>,
}

impl Entry {
    /// All words by which it is known.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.word).chain(self.aliases.iter().copied()).chain(self.old.iter().copied())
    }

    /// The word and what stands after it.
    pub fn usage(&self) -> String {
        // A word of a line that stands for itself is in parentheses; its syntax is all there is to write. So it is with
        // directives, whose syntax begins with the word.
        let (word, syntax) = (self.word, self.syntax);
        if word.starts_with('(') || syntax.starts_with(['$', '~', '@']) {
            return syntax.to_owned();
        }
        if syntax.is_empty() { word.to_owned() } else { format!("{word} {syntax}") }
    }

    /// What it is and more about it, in paragraphs of one line each.
    pub fn summary_and_text(&self) -> Vec<String> {
        let paragraphs = self.text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
        // The text, where there is one, begins with what the summary says.
        let summary = if self.text.is_empty() { self.summary } else { "" };
        std::iter::once(summary.to_owned()).chain(paragraphs).filter(|text| !text.is_empty()).collect()
    }

    /// What is known about it besides its text: names and values, to be listed.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        let words = |words: &[&'static str]| words.join(", ");
        if !self.aliases.is_empty() {
            facts.push(("Also", words(&self.aliases)));
        }
        if !self.old.is_empty() {
            facts.push(("Deprecated name", words(&self.old)));
        }
        match (&self.range, self.unit) {
            (Some(range), Some(unit)) => facts.push(("Range", format!("{range} {unit}"))),
            (Some(range), None) => facts.push(("Range", range.clone())),
            (None, Some(unit)) => facts.push(("Unit", unit.to_owned())),
            (None, None) => {}
        }
        if let Some(default) = self.default {
            facts.push(("Default", default.to_owned()));
        }
        match self.bad {
            Some(bad) => facts.push(("Otherwise", bad.to_owned())),
            None if self.range.is_some() => {
                facts.push(("Otherwise", "reported and ignored; what held before holds on".to_owned()));
            }
            None => {}
        }
        match self.status {
            Status::Honoured => {}
            Status::ParsedOnly => {
                facts.push(("Status", "read and checked; it has no effect in this version".to_owned()))
            }
            Status::NoEffect => {
                facts.push(("Status", "it has no effect, nor has it in keepalived".to_owned()))
            }
            Status::Deprecated => facts.push(("Status", "deprecated".to_owned())),
        }
        facts
    }
}

impl Page {
    /// Whether it is about a kind of line.
    pub fn is_of_lines(&self) -> bool {
        self.path.starts_with('(')
    }
}

/// A file of the manual and the blocks it is about.
struct Source {
    paths: &'static [&'static str],
    text: &'static str,
}

macro_rules! sources {
    ($($file:literal: $($path:literal),+;)*) => {
        &[$(Source { paths: &[$($path),+], text: include_str!(concat!("manual/", $file, ".md")) }),*]
    };
}

/// What several blocks share comes behind what is one block's own.
const BLOCKS: &[Source] = sources! {
    "root": "";
    "global_defs": "global_defs";
    "track_group": "track_group";
    "vrrp_sync_group": "vrrp_sync_group";
    "garp_group": "garp_group";
    "vrrp_instance": "vrrp_instance";
    "authentication": "vrrp_instance/authentication";
    "auth_hmac": "vrrp_instance/auth_hmac";
    "vrrp_script": "vrrp_script";
    "vrrp_track_process": "vrrp_track_process";
    "track_file": "track_file";
    "bfd_instance": "bfd_instance";
    "ssl": "SSL";
    "virtual_server": "virtual_server";
    "real_server": "virtual_server/real_server";
    "misc_check": "virtual_server/real_server/MISC_CHECK";
    "smtp_check": "virtual_server/real_server/SMTP_CHECK";
    "smtp_host": "virtual_server/real_server/SMTP_CHECK/host";
    "tcp_check": "virtual_server/real_server/TCP_CHECK";
    "ping_check": "virtual_server/real_server/PING_CHECK";
    "udp_check": "virtual_server/real_server/UDP_CHECK";
    "dns_check": "virtual_server/real_server/DNS_CHECK";
    "file_check": "virtual_server/real_server/FILE_CHECK";
    "bfd_check": "virtual_server/real_server/BFD_CHECK";
    "http": "virtual_server/real_server/HTTP_GET", "virtual_server/real_server/SSL_GET";
    "url": "virtual_server/real_server/HTTP_GET/url", "virtual_server/real_server/SSL_GET/url";
    "connect": "virtual_server/real_server/TCP_CHECK", "virtual_server/real_server/PING_CHECK", "virtual_server/real_server/UDP_CHECK", "virtual_server/real_server/SMTP_CHECK", "virtual_server/real_server/SMTP_CHECK/host", "virtual_server/real_server/DNS_CHECK", "virtual_server/real_server/HTTP_GET", "virtual_server/real_server/SSL_GET";
    "timing": "virtual_server/real_server/TCP_CHECK", "virtual_server/real_server/PING_CHECK", "virtual_server/real_server/UDP_CHECK", "virtual_server/real_server/SMTP_CHECK", "virtual_server/real_server/SMTP_CHECK/host", "virtual_server/real_server/DNS_CHECK", "virtual_server/real_server/HTTP_GET", "virtual_server/real_server/SSL_GET", "virtual_server/real_server/MISC_CHECK";
};

const LINES: &[Source] = sources! {
    "address_line": "(address-line)";
    "unicast_peer_line": "(unicast-peer-line)";
    "track_line": "(track-line)";
    "route_line": "(route-line)";
    "route_encap": "(route-line)/encap";
    "route_nexthop": "(route-line)/nexthop";
    "rule_line": "(rule-line)";
    "vsg_line": "(vsg-line)";
    "linkbeat_line": "(linkbeat-line)";
    "delay_line": "(delay-line)";
    "directives": "(line-directive)";
};

/// The entries that a word, or the end of a path like `vrrp_instance/priority`, means: each with its page.
pub fn find(path: &str) -> Vec<(Page, Entry)> {
    let (block, word) = path.rsplit_once('/').map_or((None, path), |(block, word)| (Some(block), word));
    let within = |page: &Page| match block {
        None => true,
        Some(block) => page.path == block || page.path.ends_with(&format!("/{block}")),
    };
    let entries = |page: Page| {
        let found: Vec<Entry> =
            page.entries.iter().filter(|entry| entry.words().any(|known| known == word)).cloned().collect();
        found.into_iter().map(move |entry| (page.clone(), entry))
    };
    pages().into_iter().filter(within).flat_map(entries).collect()
}

/// The words that are spelt most like this one, the nearest first.
pub fn nearest(word: &str) -> Vec<&'static str> {
    const SHOWN: usize = 3;
    let word = word.rsplit('/').next().unwrap_or_default().to_lowercase();
    let mut words: Vec<&'static str> =
        pages().iter().flat_map(|page| &page.entries).flat_map(Entry::words).collect();
    words.sort_unstable();
    words.dedup();
    let mut near: Vec<(usize, &'static str)> = words
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&word, &known.to_lowercase()), known))
        .filter(|(edits, known)| *edits <= known.len().max(word.len()) / 3)
        .collect();
    near.sort_unstable();
    near.truncate(SHOWN);
    near.into_iter().map(|(_, known)| known).collect()
}

/// The page about the lines of a block.
fn lines_of(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "static_ipaddress" | "virtual_ipaddress" | "virtual_ipaddress_excluded" => "(address-line)",
        "static_routes" | "virtual_routes" => "(route-line)",
        "static_rules" | "virtual_rules" => "(rule-line)",
        "unicast_peer" => "(unicast-peer-line)",
        "track_interface" | "track_script" | "track_process" | "track_bfd" => "(track-line)",
        "virtual_server_group" => "(vsg-line)",
        "linkbeat_interfaces" => "(linkbeat-line)",
        "interface_up_down_delays" => "(delay-line)",
        _ => return None,
    })
}

/// Every page: the blocks from the outside inwards, then the lines.
pub fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    block("", None, Status::Honoured, crate::keywords(), &mut pages);
    for source in LINES {
        let page = lines(source, status_of_lines(&pages, source));
        pages.push(page);
    }
    pages
}

/// The words of a line do what the blocks do that have such lines; those who lead to none are for every file.
fn status_of_lines(pages: &[Page], source: &Source) -> Status {
    let path = source.paths.first().and_then(|path| path.split('/').next());
    let mut blocks = pages
        .iter()
        .flat_map(|page| &page.entries)
        .filter(|entry| entry.leads_to.as_deref() == path)
        .peekable();
    let all_idle = blocks.peek().is_some() && blocks.all(|entry| entry.status == Status::ParsedOnly);
    if all_idle { Status::ParsedOnly } else { Status::Honoured }
}

/// What becomes of a keyword in a block of which nothing comes.
fn within(block: Status, own: Status) -> Status {
    match (block, own) {
        (Status::ParsedOnly, Status::Honoured) => Status::ParsedOnly,
        (_, own) => own,
    }
}

fn block(path: &str, parent: Option<&str>, status: Status, rows: Vec<&'static Row>, pages: &mut Vec<Page>) {
    let sources: Vec<&Source> = BLOCKS.iter().filter(|source| source.paths.contains(&path)).collect();
    let introduction = sources.first().map_or("", |source| introduction(source.text));
    let entries = rows.iter().map(|row| entry(path, status, row, &sources)).collect();
    pages.push(Page { path: path.to_owned(), parent: parent.map(str::to_owned), introduction, entries });
    for row in rows {
        if let Some(inner) = row.block {
            block(&join(path, row.name), Some(path), within(status, row.status), inner(), pages);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

fn entry(path: &str, block: Status, row: &'static Row, sources: &[&Source]) -> Entry {
    let section =
        sources.iter().find_map(|source| sections(source.text).find(|section| section.word == row.name));
    let section = section.unwrap_or_default();
    let lines = match row.name {
        "track_file" if !path.is_empty() && row.block.is_none() && !path.ends_with("FILE_CHECK") => {
            Some("(track-line)")
        }
        name => lines_of(name),
    };
    Entry {
        word: row.name,
        aliases: row.aliases.iter().copied().filter(|alias| !section.old.contains(alias)).collect(),
        old: row.aliases.iter().copied().filter(|alias| section.old.contains(alias)).collect(),
        syntax: row.syntax,
        unit: section.unit,
        range: (row.range)().or(section.range.map(str::to_owned)),
        default: section.default,
        bad: section.bad,
        status: within(block, row.status),
        summary: row.doc,
        text: section.text,
        leads_to: row.block.map(|_| join(path, row.name)).or(lines.map(str::to_owned)),
        example: None,
    }
}

fn lines(source: &Source, block: Status) -> Page {
    let path = source.paths.first().copied().unwrap_or_default();
    let entries = sections(source.text)
        .map(|section| Entry {
            word: section.word,
            aliases: section.aliases,
            old: section.old,
            syntax: section.syntax,
            unit: section.unit,
            range: section.range.map(str::to_owned),
            default: section.default,
            bad: section.bad,
            status: within(block, section.status),
            summary: "",
            text: section.text,
            leads_to: Some(format!("{path}/{}", section.word))
                .filter(|inner| LINES.iter().any(|source| source.paths.contains(&inner.as_str())))
                .or_else(|| (section.word == "encap").then(|| "(route-line)/encap".to_owned())),
            example: section.example,
        })
        .collect();
    Page { path: path.to_owned(), parent: None, introduction: introduction(source.text), entries }
}

/// A section of a file of the manual.
struct Section {
    word: &'static str,
    aliases: Vec<&'static str>,
    old: Vec<&'static str>,
    syntax: &'static str,
    unit: Option<&'static str>,
    range: Option<&'static str>,
    default: Option<&'static str>,
    bad: Option<&'static str>,
    status: Status,
    example: Option<&'static str>,
    text: &'static str,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            word: "",
            aliases: Vec::new(),
            old: Vec::new(),
            syntax: "",
            unit: None,
            range: None,
            default: None,
            bad: None,
            status: Status::Honoured,
            example: None,
            text: "",
        }
    }
}

/// What stands before the first section.
fn introduction(text: &'static str) -> &'static str {
    text.split("\n## ").next().unwrap_or_default().trim()
}

/// The sections: a heading, lines of `key: value`, a blank line, text.
fn sections(text: &'static str) -> impl Iterator<Item = Section> {
    text.split("\n## ").skip(1).map(|body| {
        let (word, body) = body.split_once('\n').unwrap_or((body, ""));
        let (facts, text) = match body.strip_prefix('\n') {
            Some(text) => ("", text),
            None => body.split_once("\n\n").unwrap_or((body, "")),
        };
        let mut section = Section { word, text: text.trim(), ..Section::default() };
        for (key, value) in facts.lines().filter_map(|line| line.split_once(": ")) {
            match key {
                "alias" => section.aliases = value.split(' ').collect(),
                "old" => section.old = value.split(' ').collect(),
                "syntax" => section.syntax = value,
                "unit" => section.unit = Some(value),
                "range" => section.range = Some(value),
                "default" => section.default = Some(value),
                "bad" => section.bad = Some(value),
                "example" => section.example = Some(value),
                "status" => {
                    section.status = match value {
                        "parsed-only" => Status::ParsedOnly,
                        "no-effect" => Status::NoEffect,
                        _ => Status::Deprecated,
                    };
                }
                _ => {}
            }
        }
        section
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_is_about_a_keyword_of_one_of_its_blocks() {
        let pages = pages();
        for source in BLOCKS {
            for section in sections(source.text) {
                let mut entries = pages
                    .iter()
                    .filter(|page| source.paths.contains(&page.path.as_str()))
                    .flat_map(|page| &page.entries);
                let entry = entries.find(|entry| entry.word == section.word);
                let entry = entry.unwrap_or_else(|| panic!("{:?}: {}", source.paths, section.word));
                assert_eq!(entry.old, section.old, "{}: an old name that is none", section.word);
            }
        }
    }

    #[test]
    fn a_range_is_said_once() {
        for page in pages().iter().filter(|page| !page.is_of_lines()) {
            for source in BLOCKS.iter().filter(|source| source.paths.contains(&page.path.as_str())) {
                for section in sections(source.text).filter(|section| section.range.is_some()) {
                    let entry = page.entries.iter().find(|entry| entry.word == section.word);
                    let said = entry.and_then(|entry| entry.range.as_deref());
                    assert_eq!(said, section.range, "{}: the table has a range", section.word);
                }
            }
        }
    }
}
