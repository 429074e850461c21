//! What the author of an unknown word probably meant.

use crate::keyword::Row;

/// A guess for a keyword that the block with these rows does not know: a word of the block that is spelt alike, else the
/// block that has exactly this word.
pub(crate) fn keyword(unknown: &str, rows: &[&'static Row]) -> Option<String> {
    if let Some(near) = nearest(unknown, rows.iter().flat_map(|row| names(row))) {
        return Some(format!("did you mean `{near}`?"));
    }
    let home = home(unknown, None, &crate::keywords())?;
    Some(match home {
        Some(block) => format!("`{unknown}` belongs in `{block}`; is a brace missing or too many?"),
        None => format!("`{unknown}` belongs outside of all blocks; is a `}}` missing above?"),
    })
}

fn names(row: &Row) -> impl Iterator<Item = &'static str> {
    std::iter::once(row.name).chain(row.aliases.iter().copied())
}

/// The word that takes the fewest edits, if that is at most a third of its length.
pub(crate) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Whatever is much longer than a keyword is no mistyped one, and comparing it would take its time.
    const LONGEST: usize = 64;
    if unknown.len() > LONGEST {
        return None;
    }
    let folded = unknown.to_lowercase().replace('-', "_");
    known
        .map(|word| (strsim::damerau_levenshtein(&folded, &word.to_lowercase().replace('-', "_")), word))
        .filter(|(edits, word)| *edits <= word.len().min(unknown.len()) / 3)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, word)| word)
}

/// The block in whose table a keyword is: the outer none when there is none, the inner none for the table outside of blocks.
fn home(word: &str, block: Option<&'static str>, rows: &[&'static Row]) -> Option<Option<&'static str>> {
    if rows.iter().any(|row| row.is_called(word)) {
        return Some(block);
    }
    rows.iter().find_map(|row| home(word, Some(row.name), &row.block?()))
}
