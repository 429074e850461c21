//! What fuzzing left behind: the packets that routers really send, and the inputs it found, read again at every test.

#[path = "../fuzz/exercise.rs"]
#[expect(unreachable_pub, reason = "it is public to the targets")]
mod exercise;

use std::fs;
use std::path::Path;

#[test]
fn every_seed_and_every_input_of_the_corpus_is_taken_without_harm() {
    for (target, exercise) in exercise::ALL {
        for seed in exercise::seeds(target) {
            exercise(&seed);
        }
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let mut count = 0;
        for entry in fs::read_dir(&corpus).expect("the corpus is committed") {
            let path = entry.expect("the folder can be read").path();
            println!("{}", path.display());
            exercise(&fs::read(&path).expect("the input can be read"));
            count += 1;
        }
        assert!(count >= 10, "only {count} inputs in {}", corpus.display());
    }
}
