//! A program that may be run, as the plan found it.

use serde::{Deserialize, Serialize};

/// Who a program runs as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// User.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// Supplementary groups; usually none.
    pub(crate) groups: Vec<u32>,
}

/// A program that was found and may be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Program {
    /// The file that is executed.
    pub(crate) path: String,
    /// Its words, the first being the name by which the user called it.
    pub(crate) argv: Vec<String>,
    /// It is no program by itself and needs the shell.
    pub(crate) by_shell: bool,
    /// Who it runs as.
    pub(crate) identity: Identity,
}

impl Program {
    /// The file to execute and the words to give it, `extra` being more of them.
    pub(crate) fn call(&self, extra: &[String]) -> (String, Vec<String>) {
        let words = self.argv.iter().chain(extra);
        if !self.by_shell {
            return (self.path.clone(), words.cloned().collect());
        }
        let line: Vec<String> =
            std::iter::once(&self.path).chain(words.skip(1)).map(|word| quoted(word)).collect();
        ("/bin/sh".to_owned(), vec!["sh".to_owned(), "-c".to_owned(), line.join(" ")])
    }

    /// The name by which the user called it.
    pub(crate) fn name(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }
}

/// A word that the shell leaves alone.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(by_shell: bool) -> Program {
        Program {
            path: "/opt/it's here".into(),
            argv: vec!["/opt/link".into(), "a b".into(), "$HOME".into()],
            by_shell,
            identity: Identity { uid: 0, gid: 0, groups: Vec::new() },
        }
    }

    #[test]
    fn a_program_keeps_the_name_it_was_called_by_and_gets_more_words_at_the_end() {
        let (path, argv) = program(false).call(&["MASTER".into()]);
        assert_eq!(path, "/opt/it's here");
        assert_eq!(argv, ["/opt/link", "a b", "$HOME", "MASTER"]);
    }

    #[test]
    fn the_shell_sees_every_word_as_it_is() {
        let (path, argv) = program(true).call(&["x".into()]);
        assert_eq!(path, "/bin/sh");
        assert_eq!(argv, ["sh", "-c", r"'/opt/it'\''s here' 'a b' '$HOME' 'x'"]);
    }
}
