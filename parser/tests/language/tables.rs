//! Properties every table of keywords has.

use std::collections::HashSet;

use parser::Row;

fn tables() -> Vec<(String, Vec<&'static Row>)> {
    fn collect(path: &str, rows: Vec<&'static Row>, tables: &mut Vec<(String, Vec<&'static Row>)>) {
        for row in &rows {
            if let Some(block) = row.block {
                let inner =
                    if path.is_empty() { row.name.to_owned() } else { format!("{path}/{}", row.name) };
                collect(&inner, block(), tables);
            }
        }
        tables.push((path.to_owned(), rows));
    }
    let mut tables = Vec::new();
    collect("", parser::keywords(), &mut tables);
    tables
}

#[test]
fn no_word_means_two_things_in_one_block() {
    for (path, rows) in tables() {
        let mut words = HashSet::new();
        for row in rows {
            for word in std::iter::once(&row.name).chain(row.aliases) {
                assert!(words.insert(*word), "{path}: {word}");
            }
        }
    }
}

#[test]
fn every_row_has_an_entry_for_the_reference() {
    for (path, rows) in tables() {
        for row in rows {
            assert!(row.doc.ends_with('.'), "{path}/{}: {}", row.name, row.doc);
            assert!(row.doc.len() > 8 && row.doc.len() < 120, "{path}/{}: {}", row.name, row.doc);
        }
    }
}

/// Keywords that keepalived does not have.
const OWN: [&str; 6] = [
    "global_defs/smtp_auth_file",
    "global_defs/smtp_retry",
    "global_defs/smtp_tls",
    "global_defs/smtp_tls_ca",
    "virtual_server/real_server/SSL_GET/tls_min_days",
    "virtual_server/real_server/SSL_GET/tls_verify",
];

/// The keywords that exist: block and word.
const KNOWN: &str = include_str!("keywords.tsv");

#[test]
fn the_tables_hold_exactly_the_words_of_the_language() {
    let mut ours = HashSet::new();
    for page in parser::reference::pages() {
        // A block that has two names is two blocks.
        let paths = match page.path.as_str() {
            "" => vec!["(root)"],
            "track_file" => vec!["track_file", "vrrp_track_file"],
            "(linkbeat-line)" => vec!["linkbeat_interfaces"],
            "(delay-line)" => vec!["interface_up_down_delays"],
            path => vec![path],
        };
        for (path, entry) in paths.iter().flat_map(|path| page.entries.iter().map(move |entry| (path, entry)))
        {
            ours.extend(entry.words().filter(|word| *word != "~SEQx").map(|word| format!("{path}/{word}")));
        }
    }
    let rows = KNOWN.lines().filter(|line| !line.starts_with('#'));
    let theirs: HashSet<String> = rows.map(|row| row.replace('\t', "/")).collect();
    let missing: Vec<_> = theirs.difference(&ours).collect();
    let mut invented: Vec<_> = ours.difference(&theirs).collect();
    invented.sort_unstable();
    assert_eq!(theirs.len(), 670);
    assert!(missing.is_empty() && invented == OWN.each_ref(), "missing {missing:?}\ninvented {invented:?}");
}
