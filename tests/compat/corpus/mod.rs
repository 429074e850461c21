//! Both readers on files that are made: from the tables of keywords, from lines of the language, and by damaging what is
//! right. The same seed makes the same files.
//!
//! Only words that Debian's release knows are used; those it does not know are listed in `newer.txt`.

mod chance;
mod damage;
mod words;

use std::collections::BTreeSet;

use lab::{Failure, Outcome, pair::Cast};

use self::words::Word;
use crate::verdict::{Strictness, Verdict, compare_with, each};

/// Where the dice begin.
const SEED: u64 = 20_261_122;

/// Files put together from lines of the language.
const FILES: u64 = 150;

/// How often each file from the wild is damaged.
const TIMES: u64 = 6;

/// The words that Debian's release does not know.
fn newer() -> Outcome<BTreeSet<String>> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compat/corpus/newer.txt");
    let text = std::fs::read_to_string(file).map_err(|error| Failure::new(format!("{file}: {error}")))?;
    Ok(text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect())
}

/// The words both readers know.
fn known() -> Outcome<Vec<Word>> {
    let newer = newer()?;
    let is_newer =
        |place: &str| newer.iter().any(|one| *one == place || place.starts_with(&format!("{one}/")));
    // The original says nothing more about a file with a network namespace that is not there.
    let is_known = |word: &Word| word.word != "net_namespace" && !is_newer(&word.place());
    Ok(words::all().into_iter().filter(is_known).collect())
}

/// The list of newer words is right: nothing is missing from it, and nothing stands there for nothing.
pub(crate) fn the_words_that_debian_does_not_know_are_listed(readers: &Cast) -> Outcome {
    let newer = newer()?;
    let words: Vec<Word> = words::all()
        .into_iter()
        .filter(|word| !newer.iter().any(|one| word.place().starts_with(&format!("{one}/"))))
        .collect();
    let texts: Vec<String> = words.iter().filter_map(|word| word.with_values().into_iter().nth(1)).collect();
    let mut places = words.iter().map(Word::place);
    let mut wrong = Vec::new();
    each(readers, &texts, |_, ours, theirs| {
        let place = places.next().unwrap_or_default();
        let message = format!("Unknown keyword '{}'", place.rsplit('/').next().unwrap_or_default());
        let says_so = |verdict: &Verdict| verdict.said.iter().any(|line| line.ends_with(&message));
        if says_so(&ours) || says_so(&theirs) != newer.contains(place.as_str()) {
            wrong.push(place);
        }
    })?;
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(format!(
            "known to Debian's release or not, other than the list says: {wrong:?}"
        ))),
    }
}

/// Every word with every value, each in a block of its own.
pub(crate) fn every_word_with_every_value_is_read_alike(readers: &Cast) -> Outcome {
    let texts: Vec<String> = known()?.iter().map(|word| word.with_values().concat()).collect();
    compare_with(readers, &texts, Strictness::Braces)
}

/// Every word with one of its values, by itself; without a value and with braces and quotes too many; in another block.
pub(crate) fn every_word_by_itself_mangled_and_misplaced_is_read_alike(readers: &Cast) -> Outcome {
    let mut dice = fastrand::Rng::with_seed(SEED);
    let words = known()?;
    let paths: Vec<&str> = words.iter().map(|word| word.path.as_str()).collect();
    let mut texts = Vec::new();
    for word in &words {
        let mut one_of = |mut some: Vec<String>| some.swap_remove(dice.usize(..some.len()));
        texts.push(one_of(word.with_values()));
        texts.push(one_of(word.mangled()));
        let elsewhere = paths[dice.usize(..paths.len())];
        if words.iter().all(|other| other.path != elsewhere || other.word != word.word) {
            texts.push(word.misplaced(elsewhere));
        }
    }
    compare_with(readers, &texts, Strictness::Braces)
}

/// Files from the wild with lines and words lost, doubled, exchanged and cut off, and with braces and quotes where none belong.
/// How a file is damaged depends on its place among them: names of new ones begin with `z_`, so that the others are as before.
pub(crate) fn damaged_files_are_read_alike(readers: &Cast) -> Outcome {
    let found = crate::config::from_the_wild()?;
    let seeds = (SEED..SEED + TIMES).flat_map(|seed| (0..).map(move |nth| seed + 1_000 * nth).zip(&found));
    let texts: Vec<String> = seeds.map(|(seed, text)| damage::damaged(text, seed)).collect();
    compare_with(readers, &texts, Strictness::Braces)
}

/// Conditions, definitions, sequences, lists and includes, put together by chance.
pub(crate) fn the_language_put_together_by_chance_is_read_alike(readers: &Cast) -> Outcome {
    let texts: Vec<String> = (0..FILES).map(|seed| chance::directives(SEED + seed)).collect();
    compare_with(readers, &texts, Strictness::Braces)
}
