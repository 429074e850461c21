//! Mistakes in the structure of a configuration: braces and quotes that do not match.
//!
//! keepalived runs with whatever it understood of a file. That is right for a file that was always read that way, but one
//! that has been cut off in the middle must not take a running service apart.

use parser::diag::{Class, Diagnostic};
use serde::{Deserialize, Serialize};

/// The classes that say that a file is not built as its author meant it.
const STRUCTURAL: [Class; 5] = [
    Class::UnexpectedOpen,
    Class::MissingOpen,
    Class::UnexpectedClose,
    Class::MissingClose,
    Class::UnmatchedQuote,
];

/// Of which kinds a configuration has such mistakes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flaws([bool; STRUCTURAL.len()]);

impl Flaws {
    /// Those that are among these messages.
    pub(crate) fn among(diagnostics: &[Diagnostic]) -> Self {
        Self(STRUCTURAL.map(|class| diagnostics.iter().any(|diagnostic| diagnostic.class == class)))
    }

    /// The first message about a mistake of a kind that the running configuration does not have.
    pub(crate) fn new_among<'d>(&self, diagnostics: &'d [Diagnostic]) -> Option<&'d Diagnostic> {
        let sound: Vec<Class> = STRUCTURAL
            .into_iter()
            .zip(self.0)
            .filter(|(_, is_known)| !is_known)
            .map(|(class, _)| class)
            .collect();
        diagnostics.iter().find(|diagnostic| sound.contains(&diagnostic.class))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(class: Class) -> Diagnostic {
        Diagnostic::new(class, None, "x")
    }

    #[test]
    fn only_a_kind_of_mistake_that_is_new_counts() {
        let running = Flaws::among(&[said(Class::UnmatchedQuote), said(Class::General)]);
        assert_eq!(running.new_among(&[said(Class::UnmatchedQuote), said(Class::UnknownKeyword)]), None);
        let broken = [said(Class::UnmatchedQuote), said(Class::MissingClose)];
        assert_eq!(running.new_among(&broken), Some(&broken[1]));
        assert_eq!(Flaws::default().new_among(&broken), Some(&broken[0]));
    }
}
