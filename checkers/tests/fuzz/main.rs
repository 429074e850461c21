//! What fuzzing starts from and what it found, read again at every test.
#![expect(clippy::expect_used, reason = "a test may fail")]

use std::fs;
use std::path::Path;

use checkers::exercise;

fn replay(target: &str, stage: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
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
fn every_reply_of_the_corpus_is_read_however_it_is_cut() {
    replay("http", exercise::http);
}

#[test]
fn every_digest_of_the_corpus_is_that_of_the_parts_that_count() {
    replay("genhash", exercise::genhash);
}

#[test]
fn every_search_of_the_corpus_ends() {
    replay("regex", exercise::regex);
}

#[test]
fn every_datagram_of_the_corpus_is_an_answer_or_is_not() {
    replay("dns", exercise::dns);
}

#[test]
fn every_line_of_the_corpus_is_one_however_it_is_cut() {
    replay("smtp", exercise::smtp);
}
