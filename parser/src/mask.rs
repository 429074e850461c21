//! Stars for passwords and keys, wherever a message or an excerpt quotes a line.

use std::ops::Range;

/// Keywords whose value nobody else should read.
const SECRETS: [&str; 3] = ["auth_pass", "password", "key"];

/// What the name of a definition that holds one of their values may look like.
const HINTS: [&str; 3] = ["pass", "secret", "key"];

/// A keyword that looks like one of them and is none.
const HARMLESS: &str = "passive";

/// Whether a keyword's value is a password or key.
pub(crate) fn is_secret_keyword(keyword: &str) -> bool {
    SECRETS.contains(&keyword)
}

/// Whether the statement says a password or key.
pub(crate) fn is_secret(line: &str) -> bool {
    value_of(line).is_some()
}

/// Whether a statement that says a password or key leaves it to what follows.
pub(crate) fn is_unsaid(line: &str) -> bool {
    value_of(line).is_some_and(|at| line[at..].trim().is_empty())
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

/// A star for every byte.
pub(crate) fn stars(text: &str) -> String {
    stars_from(text, 0)
}

/// A message about a line, with stars for every word that the line says as a password or key.
pub(crate) fn without_secrets(message: String, line: &str) -> String {
    match value_of(line) {
        Some(at) => without_words(&message, &line[at..]),
        None => message,
    }
}

/// A message with stars for every word of a text.
pub(crate) fn without_words(message: &str, secrets: &str) -> String {
    let separates = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '{' | '}');
    // A digit or two are everywhere, and no secret.
    let is_told =
        |secret: &&str| secret.is_empty() || secret.len() < 3 && secret.bytes().all(|b| b.is_ascii_digit());
    let secrets: Vec<&str> = secrets.split(separates).filter(|secret| !is_told(secret)).collect();
    let mut shown = String::with_capacity(message.len());
    for part in message.split_inclusive(separates) {
        let word = part.trim_end_matches(separates);
        match secrets.iter().find_map(|secret| word.strip_prefix(secret).filter(|rest| is_punctuation(rest)))
        {
            Some(rest) => {
                shown += &"*".repeat(word.len() - rest.len());
                shown += &part[word.len() - rest.len()..];
            }
            None => shown += part,
        }
    }
    shown
}

/// Whether nothing of a word is left but what a sentence puts behind it.
fn is_punctuation(rest: &str) -> bool {
    rest.chars().all(|c| matches!(c, '.' | ',' | ':' | ')' | '`'))
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
    if trimmed.starts_with('~') {
        // The values of a sequence stand before the line that they are filled in.
        let open = line.find('(').map_or(line.len(), |at| at + 1);
        let end = line[open..].find(')').map_or(line.len(), |at| open + at);
        let list = line[open..end].to_ascii_lowercase();
        let named = HINTS.iter().any(|hint| list.contains(hint));
        return after_keyword(line).map(|at| at.min(open)).or_else(|| named.then_some(open));
    }
    after_keyword(line).or_else(|| after_misspelt(line))
}

/// Where the value of a mistyped keyword begins.
fn after_misspelt(line: &str) -> Option<usize> {
    /// Whatever is longer is something else, and comparing it would take its time.
    const LONGEST: usize = 32;
    let first = line.split([' ', '\t', '{', '"']).find(|word| !word.is_empty())?;
    let folded = Some(first).filter(|word| word.len() <= LONGEST)?.to_ascii_lowercase();
    let edits = |keyword: &&str| strsim::damerau_levenshtein(&folded, keyword) * 4 <= keyword.len() + 1;
    let alike = folded.contains("pass") || folded.contains("secret") || SECRETS.iter().any(edits);
    let end = first.as_ptr().addr() - line.as_ptr().addr() + first.len();
    (alike && folded != HARMLESS).then_some(end)
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
        assert_eq!(masked("~LST(PASS, s3cret) $BLOCK"), "~LST(***** ******* ******");
    }

    #[test]
    fn what_stands_behind_a_mistyped_secret_keyword_becomes_stars() {
        for word in
            ["auth_pas", "authpass", "auth_passwd", "pasword", "kye", "keys", "Auth_Pass", "auth-pass"]
        {
            assert_eq!(masked(&format!(" {word} s3cret")), format!(" {word} ******"));
        }
    }

    #[test]
    fn a_message_does_not_say_what_its_line_hides() {
        let told = |message: &str, line| without_secrets(message.to_owned(), line);
        assert_eq!(told("invalid number 's3cret'", "key s3cret"), "invalid number '******'");
        assert_eq!(told("Unknown entry 's3'", "10.0.0.1 auth_pass s3"), "Unknown entry '**'");
        assert_eq!(told("Unknown entry 's3'", "10.0.0.1 s3"), "Unknown entry 's3'");
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        for line in
            ["interface eth0", "monkey business", "key_file /a", "$A=b", "passive", "track_file f", "eth0 1"]
        {
            assert_eq!(masked(line), line);
        }
    }
}
