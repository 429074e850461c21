//! The inputs that fuzzing started from and found, read again at every test.

mod exercise;

use std::{fs, path::Path};

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
fn no_reply_of_the_corpus_is_too_much() {
    replay("replies", exercise::replies);
}

#[test]
fn every_conversation_of_the_corpus_ends() {
    replay("conversation", exercise::conversation);
}
