//! Splits a command line into options: clusters, attached values with or without `=`, values in the next word, words
//! that belong to no option. Long names must be written out.

use crate::options::{OPTIONS, Row, Takes};

/// One step over the command line.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    /// An option, the word it stands in, and its value.
    Option { row: &'static Row, written: &'a str, value: Option<&'a str> },
    /// The word has an unknown option in it.
    Unknown(&'a str),
    /// The last word is an option that needs a value.
    Missing(&'a str),
    /// A value is attached to an option that takes none.
    Unwanted(&'a str),
}

/// Walks over the words behind the program's name.
#[derive(Debug)]
pub(crate) struct Words<'a, 'w> {
    words: &'w [&'a str],
    /// The word whose letters are being read, and those that are left.
    cluster: Option<(&'a str, &'a str)>,
    leftover: Vec<&'a str>,
}

impl<'a, 'w> Words<'a, 'w> {
    pub(crate) fn new(words: &'w [&'a str]) -> Self {
        Self { words, cluster: None, leftover: Vec::new() }
    }

    /// The words that belong to no option; complete after the last option.
    pub(crate) fn leftover(self) -> Vec<&'a str> {
        self.leftover
    }

    fn take(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn long(&mut self, written: &'a str, body: &'a str) -> Item<'a> {
        let (name, value) = match body.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (body, None),
        };
        match OPTIONS.iter().find(|row| row.long == name) {
            None => Item::Unknown(written),
            Some(row) if row.takes == Takes::Nothing && value.is_some() => Item::Unwanted(written),
            Some(row) => self.with_value(row, written, value),
        }
    }

    fn letter(&mut self, written: &'a str, letters: &'a str) -> Item<'a> {
        let row =
            letters.bytes().next().and_then(|first| OPTIONS.iter().find(|row| row.short == Some(first)));
        // A letter of the table is one byte.
        let (Some(row), Some(rest)) = (row, letters.get(1..)) else { return Item::Unknown(written) };
        if row.takes == Takes::Nothing {
            if rest.starts_with('=') {
                return Item::Unwanted(written);
            }
            self.cluster = (!rest.is_empty()).then_some((written, rest));
            return Item::Option { row, written, value: None };
        }
        let attached = (!rest.is_empty()).then(|| rest.strip_prefix('=').unwrap_or(rest));
        self.with_value(row, written, attached)
    }

    fn with_value(&mut self, row: &'static Row, written: &'a str, attached: Option<&'a str>) -> Item<'a> {
        let value = match row.takes {
            Takes::Nothing => None,
            Takes::Word => match attached.or_else(|| self.take()) {
                None => return Item::Missing(written),
                value => value,
            },
            Takes::PerhapsAWord => attached.or_else(|| {
                let follows = self.words.first().is_some_and(|word| !word.starts_with('-'));
                if follows { self.take() } else { None }
            }),
        };
        Item::Option { row, written, value }
    }
}

impl<'a> Iterator for Words<'a, '_> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        if let Some((written, letters)) = self.cluster.take() {
            return Some(self.letter(written, letters));
        }
        loop {
            let word = self.take()?;
            if word == "--" {
                self.leftover.extend(std::mem::take(&mut self.words));
            } else if let Some(body) = word.strip_prefix("--") {
                return Some(self.long(word, body));
            } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                return Some(self.letter(word, letters));
            } else {
                self.leftover.push(word);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> (Vec<String>, Vec<&str>) {
        let line: Vec<&str> = line.split(' ').collect();
        let mut words = Words::new(&line);
        let items = words.by_ref().map(|item| match item {
            Item::Option { row, value: None, .. } => row.long.to_owned(),
            Item::Option { row, value: Some(value), .. } => format!("{}={value}", row.long),
            Item::Unknown(word) => format!("?{word}"),
            Item::Missing(word) => format!("{word}?"),
            Item::Unwanted(word) => format!("{word}!"),
        });
        let items = items.collect();
        (items, words.leftover())
    }

    #[test]
    fn values_are_attached_or_follow() {
        for line in
            ["-A -t x:1", "-At x:1", "-Atx:1", "-A -t=x:1", "-A --tcp-service x:1", "-A --tcp-service=x:1"]
        {
            assert_eq!(split(line), (vec!["add-service".into(), "tcp-service=x:1".into()], vec![]), "{line}");
        }
    }

    #[test]
    fn an_optional_value_does_not_look_like_an_option() {
        assert_eq!(split("-p -n").0, ["persistent", "numeric"]);
        assert_eq!(split("-p 5 -n").0, ["persistent=5", "numeric"]);
        assert_eq!(split("-np5").0, ["numeric", "persistent=5"]);
        assert_eq!(split("-p= 5"), (vec!["persistent=".into()], vec!["5"]));
        assert_eq!(split("-p - 5"), (vec!["persistent".into()], vec!["-", "5"]));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_whole_word() {
        assert_eq!(split("-Lnz").0, ["list", "numeric", "?-Lnz"]);
        assert_eq!(split("--lis").0, ["?--lis"]);
        assert_eq!(split("--list=3").0, ["--list=3!"]);
        assert_eq!(split("-Ln=3").0, ["list", "-Ln=3!"]);
        assert_eq!(split("-At").0, ["add-service", "-At?"]);
        assert_eq!(split("-nü").0, ["numeric", "?-nü"]);
    }

    #[test]
    fn words_without_an_option_are_left_over() {
        assert_eq!(split("a -L b -- -n -").1, ["a", "b", "-n", "-"]);
    }
}
