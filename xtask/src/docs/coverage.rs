//! `docs/coverage.md`: what becomes of each keyword of keepalived, counted and listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use parser::Status;
use parser::reference::{Page, pages};

use super::File;

/// Every keyword keepalived has: block and word.
const KNOWN: &str = include_str!("../../../parser/tests/language/keywords.tsv");

/// What becomes of a keyword, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Honoured,
    ParsedOnly,
    NoEffect,
    Deprecated,
    Missing,
}

impl Fate {
    const ALL: [Self; 5] =
        [Self::Honoured, Self::ParsedOnly, Self::NoEffect, Self::Deprecated, Self::Missing];

    fn name(self) -> &'static str {
        match self {
            Self::Honoured => "Honoured",
            Self::ParsedOnly => "Parsed only",
            Self::NoEffect => "No effect",
            Self::Deprecated => "Deprecated",
            Self::Missing => "Missing",
        }
    }

    fn of(status: Status) -> Self {
        match status {
            Status::Honoured => Self::Honoured,
            Status::ParsedOnly => Self::ParsedOnly,
            Status::NoEffect => Self::NoEffect,
            Status::Deprecated => Self::Deprecated,
        }
    }
}

/// A block and the fate of its keywords.
struct Block {
    name: String,
    words: Vec<(&'static str, Fate)>,
}

impl Block {
    fn count(&self, fate: Fate) -> usize {
        self.words.iter().filter(|(_, of)| *of == fate).count()
    }
}

pub(super) fn file() -> File {
    File { path: "docs/coverage.md".to_owned(), text: text(&blocks()) }
}

/// The names by which keepalived's list of keywords knows the page's block.
fn names(page: &Page) -> Vec<String> {
    match page.path.as_str() {
        "" => vec!["(root)".to_owned()],
        "track_file" => vec!["track_file".to_owned(), "vrrp_track_file".to_owned()],
        "(linkbeat-line)" => vec!["linkbeat_interfaces".to_owned()],
        "(delay-line)" => vec!["interface_up_down_delays".to_owned()],
        path => vec![path.to_owned()],
    }
}

fn blocks() -> Vec<Block> {
    let mut known: BTreeMap<&str, BTreeSet<&'static str>> = BTreeMap::new();
    for (block, word) in KNOWN.lines().filter_map(|line| line.split_once('\t')) {
        known.entry(block).or_default().insert(word);
    }
    let mut blocks = Vec::new();
    for page in pages() {
        for name in names(&page) {
            let mut words: Vec<(&'static str, Fate)> = Vec::new();
            for entry in &page.entries {
                words.push((entry.word, Fate::of(entry.status)));
                words.extend(entry.aliases.iter().map(|alias| (*alias, Fate::of(entry.status))));
                words.extend(entry.old.iter().map(|old| (*old, Fate::Deprecated)));
            }
            // Both spellings are one row of keepalived's list.
            words.retain(|(word, _)| *word != "~SEQx");
            let ours: BTreeSet<&str> = words.iter().map(|(word, _)| *word).collect();
            let theirs = known.remove(name.as_str()).unwrap_or_default();
            words.extend(
                theirs.into_iter().filter(|word| !ours.contains(word)).map(|word| (word, Fate::Missing)),
            );
            blocks.push(Block { name, words });
        }
    }
    for (name, words) in known {
        let words = words.into_iter().map(|word| (word, Fate::Missing)).collect();
        blocks.push(Block { name: name.to_owned(), words });
    }
    blocks
}

fn text(blocks: &[Block]) -> String {
    let mut text = String::from(
        "# Coverage of keepalived 2.4.3\n\n\
         Written by `cargo xtask docs` from the tables of keywords; do not edit.\n\n\
         Every keyword is read, checked and complained about as keepalived does. *Honoured*: the program acts on it. *Parsed\n\
         only*: it is read and checked, nothing comes of it yet, and the log says so. *No effect*: nothing comes of it in\n\
         keepalived either. *Deprecated*: an old way to say something else, understood all the same. *Missing*: not known.\n\n\
         A keyword within a block of which nothing comes counts as parsed only. Names in parentheses are kinds of lines of\n\
         data; their words count as honoured when one of the blocks that hold such lines is. `tls_verify`, `tls_min_days`,\n\
         `smtp_tls`, `smtp_tls_ca`, `smtp_auth_file` and `smtp_retry` are this program's own.\n\n",
    );
    let row = |text: &mut String, name: &str, counts: [usize; 5]| {
        let all: usize = counts.iter().sum();
        let cells = counts.map(|count| count.to_string()).join(" | ");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {name} | {all} | {cells} |");
    };
    text.push_str("| Block | Words | Honoured | Parsed only | No effect | Deprecated | Missing |\n");
    text.push_str("|---|--:|--:|--:|--:|--:|--:|\n");
    for block in blocks {
        row(&mut text, &format!("`{}`", block.name), Fate::ALL.map(|fate| block.count(fate)));
    }
    let total = |fate| blocks.iter().map(|block| block.count(fate)).sum();
    row(&mut text, "**All**", Fate::ALL.map(total));
    for block in blocks {
        let _ = write!(text, "\n## `{}`\n\n", block.name);
        for fate in Fate::ALL {
            let words: Vec<String> = block
                .words
                .iter()
                .filter(|(_, of)| *of == fate)
                .map(|(word, _)| format!("`{word}`"))
                .collect();
            if !words.is_empty() {
                let _ = writeln!(text, "- {}: {}", fate.name(), words.join(", "));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_of_keepalived_is_counted_once_and_none_is_missing() {
        let blocks = blocks();
        let count: usize = blocks.iter().map(|block| block.words.len()).sum();
        let own =
            ["tls_verify", "tls_min_days", "smtp_tls", "smtp_tls_ca", "smtp_auth_file", "smtp_retry"].len();
        assert_eq!(count, KNOWN.lines().filter(|line| !line.starts_with('#')).count() + own);
        assert_eq!(blocks.iter().map(|block| block.count(Fate::Missing)).sum::<usize>(), 0);
    }
}
