//! What fuzzing left behind: the dictionary it starts from, and the inputs it found, read again at every test.

#![expect(clippy::disallowed_methods, reason = "the corpus lies in files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use parser::exercise;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn replay(target: &str, stage: fn(&[u8])) {
    let corpus = folder().join("corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&corpus).expect("the corpus is committed") {
        let path = entry.expect("the folder can be read").path();
        println!("{}", path.display());
        stage(&fs::read(&path).expect("the input can be read"));
        count += 1;
    }
    assert!(count >= 10, "only {count} inputs in {}", corpus.display());
}

#[test]
fn the_lexer_takes_every_input_of_its_corpus_apart() {
    replay("lexer", exercise::lexer);
}

#[test]
fn every_expansion_of_the_corpus_ends() {
    replay("expansion", exercise::expansion);
}

#[test]
fn every_file_of_the_corpus_is_read_to_its_end() {
    replay("files", exercise::files);
}

/// The words of the language that are in no table.
const LANGUAGE: &[&str] = &[
    "${A}",
    "$A",
    "$A=",
    "$A= \\",
    "${_ENV HOME}",
    "${_HASH}",
    "${_INSTANCE}",
    "${_PWD}",
    "${_RANDOM 1 3}",
    "--- F",
    "--- G",
    "10.0.0.1",
    "10.0.0.1/24",
    "10.0.0.1-9",
    "2001:db8::1",
    "255",
    "4294967296",
    "-1",
    "0.5",
    "@main ",
    "@^main ",
    "\\x41",
    "\\#",
    "eth0",
    "include G",
    "includea G",
    "includeb {F,G}",
    "~LST({a,b},{1,2},{3,4}) ",
    "~SEQ(i,1,2,9) ",
    "~SEQx(i,9) ",
];

/// Every keyword of every table, in the form libFuzzer reads.
fn dictionary() -> String {
    fn collect(rows: Vec<&'static parser::Row>, words: &mut BTreeSet<&'static str>) {
        for row in rows {
            words.insert(row.name);
            words.extend(row.aliases);
            if let Some(rows) = row.block {
                collect(rows(), words);
            }
        }
    }
    let mut words: BTreeSet<_> = LANGUAGE.iter().copied().collect();
    collect(parser::keywords(), &mut words);
    words.iter().fold(String::new(), |text, word| text + &format!("\"{}\"\n", word.replace('\\', "\\\\")))
}

/// Writes the dictionary anew and fails once when a table has changed.
#[test]
fn the_dictionary_has_every_keyword_of_the_tables() {
    let path = folder().join("keywords.dict");
    let (committed, wanted) = (fs::read_to_string(&path).unwrap_or_default(), dictionary());
    if committed != wanted {
        fs::write(&path, &wanted).expect("the dictionary can be written");
    }
    assert!(committed == wanted, "{} was out of date and has been written anew", path.display());
}
