//! Stars for passwords and keys, wherever a message or an excerpt quotes a line.

use std::ops::Range;

/// Keywords whose value nobody else should read.
const SECRETS: [&str; 3] = ["auth_pass", "password", "key"];

/// What the name of a definition that holds one of their values may look like.
const HINTS: [&str; 3] = ["pass", "secret", "key"];

/// Whether the statement says a password or key.
pub(crate) fn is_secret(line: &str) -> bool {
    value_of(line).is_some()
}

/// The same line with a star for every byte of a password or key.
///
/// A definition may hold one as well, so its value is masked when the line that defines it names one of the keywords or its
/// own name looks like it.
pub(crate) fn masked(line: &str) -> String {
    value_of(line).map_or_else(|| line.to_owned(), |value| stars_from(line, value))
}

/// The line of a definition with a star for every byte of its value.
pub(crate) fn definition(line: &str) -> String {
    stars_from(line, line.find('=').map_or(0, |at| at + 1))
}

fn stars_from(line: &str, at: usize) -> String {
    let star = |c: char| match c {
        ' ' | '\t' | '{' | '}' | '"' => String::from(c),
        c => "*".repeat(c.len_utf8()),
    };
    line[..at].chars().map(String::from).chain(line[at..].chars().map(star)).collect()
}

/// Where the secret of a line begins.
fn value_of(line: &str) -> Option<usize> {
    let trimmed = line.trim_start();
    if trimmed.starts_with('$') {
        let at = line.find('=').map_or(line.len(), |at| at + 1);
        let name = line[..at].to_ascii_lowercase();
        return HINTS.iter().any(|hint| name.contains(hint)).then_some(at).or_else(|| after_keyword(line));
    }
    // The values of a sequence stand before the line that they are filled in.
    let values = trimmed.starts_with('~').then(|| line.find('(')).flatten();
    after_keyword(line).map(|at| values.map_or(at, |open| at.min(open + 1)))
}

fn after_keyword(line: &str) -> Option<usize> {
    SECRETS.iter().filter_map(|keyword| word(line, keyword)).map(|range| range.end).min()
}

/// Where a word stands on a line as a word.
pub(crate) fn word(source: &str, word: &str) -> Option<Range<usize>> {
    let part_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':');
    source.match_indices(word).map(|(at, found)| at..at + found.len()).find(|range| {
        !range.is_empty()
            && !source[..range.start].ends_with(part_of_word)
            && !source[range.end..].starts_with(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_secret_keyword_becomes_stars() {
        assert_eq!(masked("  auth_pass \"s3 cret"), "  auth_pass \"** ****");
        assert_eq!(masked("key 1 abc }"), "key * *** }");
        assert_eq!(masked("$OUR_SECRET=s3cret"), "$OUR_SECRET=******");
        assert_eq!(masked("$A=auth_pass s3cret"), "$A=auth_pass ******");
        assert_eq!(masked("~LST({p},{s3cret}) key $p"), "~LST({*}*{******}* *** **");
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        for line in ["interface eth0", "monkey business", "key_file /a", "$A=b"] {
            assert_eq!(masked(line), line);
        }
    }
}
