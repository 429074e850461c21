//! Both readers on files made up from a grammar, as they are and damaged.

use lab::{Outcome, generate, pair::Cast};

use crate::config::compare;

/// Files of each kind.
const FILES: u64 = 200;

/// What the grammar says and Debian's release does not know yet; the one we follow does.
const NEWER: &[&str] = &[];

/// Without the statements that only the newer release knows, blocks with all they hold.
fn for_both(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut depth = 0_usize;
    for line in text.lines() {
        let newer = line.split_whitespace().next().is_some_and(|word| NEWER.contains(&word));
        if depth > 0 || (newer && line.ends_with('{')) {
            depth += line.matches('{').count();
            depth -= line.matches('}').count().min(depth);
        } else if !newer {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

pub(crate) fn generated_files_are_read_alike(readers: &Cast) -> Outcome {
    let texts: Vec<String> = (0..FILES).map(|seed| for_both(&generate::configuration(seed))).collect();
    compare(readers, &texts)
}

pub(crate) fn damaged_generated_files_are_read_alike(readers: &Cast) -> Outcome {
    let damaged = |seed| generate::damaged(&for_both(&generate::configuration(seed)), seed);
    let texts: Vec<String> = (FILES..2 * FILES).map(damaged).collect();
    compare(readers, &texts)
}
