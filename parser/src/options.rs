//! What the reader is told beside the text.

use crate::mask;

/// How the text is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// `--config-id`: what `@ID` lines are compared with.
    pub config_id: String,
    /// `--all-config`: every include must succeed.
    pub all_config: bool,
    /// Read as a running daemon does: a number with characters behind it counts as the number, with a warning. A test refuses it.
    pub lenient: bool,
    /// Messages and excerpts show passwords and keys instead of stars.
    pub show_secrets: bool,
    /// How many lines sequences, definitions and repeated includes may add; a reference filled in counts as one.
    pub expansion_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            config_id: String::new(),
            all_config: false,
            lenient: false,
            show_secrets: false,
            expansion_limit: 1_000_000,
        }
    }
}

impl Options {
    /// A line as a message may quote it.
    pub(crate) fn quotable(&self, text: &str) -> String {
        if self.show_secrets { text.to_owned() } else { mask::masked(text) }
    }
}
