//! The help text of an option table.

use super::words::{Row, Takes};

/// `synopsis` is the program and what comes first.
pub(crate) fn text<Id>(synopsis: &str, table: &[Row<Id>]) -> String {
    format!("Usage: {synopsis} [OPTION...]\n{}", rows(table))
}

/// The options alone, a line each.
pub(crate) fn rows<Id>(table: &[Row<Id>]) -> String {
    let mut text = String::new();
    for row in table {
        let short = row.short.map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
        let argument = match row.takes {
            Takes::Nothing => String::new(),
            Takes::Word(name) => format!("={name}"),
            Takes::Attached(name) => format!("[={name}]"),
        };
        let option = format!("  {short}--{}{argument}", row.long);
        if option.len() < 31 {
            text.push_str(&format!("{option:32}{}\n", row.help));
        } else {
            text.push_str(&format!("{option}\n{:32}{}\n", "", row.help));
        }
    }
    text
}
