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
const BLOCKS: &[Source] = sources! {};

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
