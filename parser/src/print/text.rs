//! Lines, blocks and words: what must be quoted or escaped so that it is read as it was.

use std::fmt::Display;
use std::time::Duration;

use super::Secrets;
use crate::config::{Command, Identity, Script, Secret};

/// Collects the text.
pub(super) struct Printer {
    text: String,
    depth: usize,
    secrets: Secrets,
}

impl Printer {
    pub(super) fn new(secrets: Secrets) -> Self {
        Self { text: String::new(), depth: 0, secrets }
    }

    /// The whole text.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// A line as it is.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        for _ in 0..self.depth {
            self.text.push_str("    ");
        }
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// A keyword and its value.
    pub(super) fn value(&mut self, keyword: &str, value: impl Display) {
        self.line(format!("{keyword} {value}"));
    }

    /// A keyword and its value, if there is one.
    pub(super) fn optional(&mut self, keyword: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.value(keyword, value);
        }
    }

    /// A keyword and a word, if there is one.
    pub(super) fn word(&mut self, keyword: &str, value: Option<&String>) {
        self.optional(keyword, value.map(|value| word(value)));
    }

    /// A keyword that says what it says by being there.
    pub(super) fn flag(&mut self, keyword: &str, said: bool) {
        if said {
            self.line(keyword);
        }
    }

    /// A keyword and `on` or `off`.
    pub(super) fn switch(&mut self, keyword: &str, on: bool) {
        self.value(keyword, if on { "on" } else { "off" });
    }

    /// A keyword and a script, if there is one.
    pub(super) fn script(&mut self, keyword: &str, script: Option<&Script>) {
        if let Some(Script { span: _, command, identity }) = script {
            let who =
                identity.as_ref().map_or_else(String::new, |who| format!(" {}", self::identity(&who.value)));
            self.line(format!("{keyword} {}{who}", self::command(command)));
        }
    }

    /// A keyword and a password or key, or stars.
    pub(super) fn secret(&mut self, keyword: &str, secret: &Secret, written: impl Fn(&Secret) -> String) {
        let text = match self.secrets {
            Secrets::Masked => "********".to_owned(),
            Secrets::Shown => written(secret),
        };
        self.value(keyword, text);
    }

    /// A block. Between those outside of every block stands an empty line.
    pub(super) fn block(&mut self, head: &str, body: impl FnOnce(&mut Self)) {
        if self.depth == 0 && !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(format!("{head} {{"));
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line("}");
    }

    /// A block that is left out when nothing is in it.
    pub(super) fn block_if_any(&mut self, head: &str, body: impl FnOnce(&mut Self)) {
        let before = self.text.len();
        let mut empty = 0;
        self.block(head, |p| {
            empty = p.text.len();
            body(p);
            empty = usize::from(p.text.len() == empty);
        });
        if empty == 1 {
            self.text.truncate(before);
        }
    }

    /// A block of data lines; none if there are no lines.
    pub(super) fn lines<T>(&mut self, head: &str, lines: &[T], each: impl Fn(&T) -> String) {
        if !lines.is_empty() {
            self.block(head, |p| lines.iter().for_each(|line| p.line(each(line))));
        }
    }

    /// A block that was named, so that its process runs, and of which nothing could be used.
    pub(super) fn unusable(&mut self, head: &str) {
        self.block(head, |p| p.line("# Nothing of this kind could be used; its process runs all the same."));
    }
}

/// Characters that mean nothing to the reader, wherever they stand.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '.' | '_' | '-' | '/' | ':' | '+' | '=' | ',' | '%' | '*' | '?' | '<' | '>' | '|' | '&' | ';'
        )
}

/// A word of an ordinary statement. It cannot hold a double quote, because none can be read into one.
pub(super) fn word(text: &str) -> String {
    let plain = text.chars().all(|c| is_plain(c) || c == '@')
        && !text.starts_with('@')
        && !text.starts_with("include");
    if plain && !text.is_empty() { text.to_owned() } else { format!("\"{text}\"") }
}

/// A word of a statement that is split like a shell does, for what decodes escapes.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if is_plain(c) || c == '@' {
            escaped.push(c);
        } else if c.is_ascii() {
            escaped.push_str(&format!("\\x{:02x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    if escaped.is_empty() { "''".to_owned() } else { escaped }
}

/// A pattern, in double quotes. What would end them, or mean something before it is decoded, is escaped.
pub(super) fn pattern(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            '"' | '$' | '\0'..='\x1f' | '\x7f' => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A command: one quoted word, which is split and decoded again.
pub(super) fn command(command: &Command) -> String {
    let Command { argv, text: _ } = command;
    let words: Vec<String> = argv.iter().map(|argument| escaped(argument)).collect();
    format!("\"{}\"", words.join(" "))
}

/// `USER [[:]GROUP]`.
pub(super) fn identity(identity: &Identity) -> String {
    let Identity { user, group, supplementary_groups } = identity;
    match (group, supplementary_groups) {
        (None, false) => word(user),
        (None, true) => format!("{} :", word(user)),
        (Some(group), false) => format!("{} {}", word(user), word(group)),
        (Some(group), true) => format!("{} {}", word(user), word(&format!(":{group}"))),
    }
}

/// A decimal number of seconds.
pub(super) fn seconds(time: Duration) -> String {
    decimal(time.as_micros(), 6)
}

/// A decimal number of milliseconds.
pub(super) fn milliseconds(time: Duration) -> String {
    decimal(time.as_micros(), 3)
}

fn decimal(units: u128, places: u32) -> String {
    let one = 10_u128.pow(places);
    let number = format!("{}.{:0width$}", units / one, units % one, width = places as usize);
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Pairs of hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A password, which may have been cut off inside a character: what completes it is cut off again when it is read.
pub(super) fn password(secret: &Secret) -> String {
    let bytes = secret.expose();
    let completed = |tail: &[u8]| String::from_utf8([bytes, tail].concat()).ok();
    let tails: [&[u8]; 8] =
        [b"", b"\x80", b"\xa0\x80", b"\x80\x80", b"\x90\x80\x80", b"\xa0", b"\x90", b"\x80\x80\x80"];
    let text = tails.iter().find_map(|tail| completed(tail));
    word(&text.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_without_needless_zeros() {
        assert_eq!(seconds(Duration::from_secs(60)), "60");
        assert_eq!(seconds(Duration::from_millis(500)), "0.5");
        assert_eq!(seconds(Duration::from_micros(1)), "0.000001");
        assert_eq!(seconds(Duration::ZERO), "0");
        assert_eq!(milliseconds(Duration::from_micros(1500)), "1.5");
    }

    #[test]
    fn words_that_mean_something_to_the_reader_are_quoted() {
        assert_eq!(word("eth0.5"), "eth0.5");
        for text in ["", "a b", "a#b", "{", "@id", "~SEQ", "$X=1", "include"] {
            assert_eq!(word(text), format!("\"{text}\""));
        }
    }

    #[test]
    fn a_password_cut_off_inside_a_character_is_completed() {
        let cut = Secret::new(&"aaaaaaaé".as_bytes()[..8]);
        assert!(password(&cut).trim_matches('"').as_bytes().starts_with(cut.expose()));
    }
}
