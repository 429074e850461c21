//! What happens to files in an editor. The same seed does the same.

/// The file with one to three things done to it.
pub(super) fn damaged(text: &str, seed: u64) -> String {
    const STRAY: [&str; 6] = ["}", "{", "\"", "} {", "{ }", "foo 1"];
    let mut dice = fastrand::Rng::with_seed(seed);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..dice.usize(1..=3) {
        if lines.is_empty() {
            break;
        }
        let at = dice.usize(..lines.len());
        match dice.usize(..7) {
            0 => drop(lines.remove(at)),
            1 => {
                let again = lines[at].clone();
                lines.insert(at, again);
            }
            2 => {
                let next = (at + 1) % lines.len();
                lines.swap(at, next);
            }
            3 => lines.insert(at, STRAY[dice.usize(..STRAY.len())].to_owned()),
            kind => lines[at] = retyped(&lines[at], kind, &mut dice),
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A line with a word lost, said twice, or cut off.
fn retyped(line: &str, kind: usize, dice: &mut fastrand::Rng) -> String {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    if words.is_empty() {
        return line.to_owned();
    }
    let at = dice.usize(..words.len());
    match kind {
        4 => drop(words.remove(at)),
        5 => {
            let again = words[at];
            words.insert(at, again);
        }
        _ => {
            let middle =
                words[at].char_indices().nth(words[at].chars().count() / 2).map_or(0, |(middle, _)| middle);
            words[at] = &words[at][..middle];
        }
    }
    words.join(" ")
}
