//! What the processes of a test wrote, kept until it is known whether the test failed.

use std::cell::RefCell;

thread_local! {
    static WORDS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Forgets what was kept for the test before.
pub(crate) fn clear() {
    WORDS.with_borrow_mut(Vec::clear);
}

/// Keeps the last words of a process.
pub(crate) fn keep(words: String) {
    WORDS.with_borrow_mut(|kept| kept.push(words));
}

/// Prints what was kept.
pub(crate) fn print() {
    WORDS.with_borrow_mut(|kept| kept.drain(..).for_each(|words| eprintln!("{words}")));
}
