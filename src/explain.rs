//! `keepalived config explain`: what the reference says about a keyword.

use std::ffi::OsString;
use std::io::{self, Write as _};

use parser::reference::{Entry, Page, find, nearest, pages};

use crate::exit::Exit;

/// How wide the text is, in columns.
const WIDTH: usize = 78;

const USAGE: &str = "Usage: keepalived config explain WORD...\n";

/// Writes the entries of all the words. One that is unknown ends it badly, with the nearest words.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    let words: Vec<String> = words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    match words.first().map(String::as_str) {
        None => {
            eprint!("{USAGE}");
            return Exit::Fatal.code();
        }
        Some("-h" | "--help") => {
            // Whoever closes the output has seen enough.
            drop(io::stdout().lock().write_all(USAGE.as_bytes()));
            return Exit::Ok.code();
        }
        Some(_) => {}
    }
    let mut code = Exit::Ok.code();
    for word in &words {
        match explain(word) {
            // Whoever closes the output has seen enough.
            Ok(text) => drop(io::stdout().lock().write_all(text.as_bytes())),
            Err(text) => {
                eprint!("{text}");
                code = Exit::Fatal.code();
            }
        }
    }
    code
}

/// Everything about a word; the error is for a word that is not known.
fn explain(word: &str) -> Result<String, String> {
    let found = find(word);
    if found.is_empty() {
        let near = nearest(word);
        let hint =
            if near.is_empty() { String::new() } else { format!("; near it are: {}", near.join(", ")) };
        return Err(format!("There is no keyword {word}{hint}\n"));
    }
    // Blocks that share a keyword share its entry.
    let mut different: Vec<(Vec<String>, Entry)> = Vec::new();
    for (page, entry) in found {
        match different.iter_mut().find(|(_, known)| alike(known, &entry)) {
            Some((places, _)) => places.push(place(&page)),
            None => different.push((vec![place(&page)], entry)),
        }
    }
    let texts: Vec<String> = different.iter().map(|(places, entry)| text(places, entry)).collect();
    Ok(texts.join("\n"))
}

/// Whether two entries say the same, wherever they lead.
fn alike(one: &Entry, other: &Entry) -> bool {
    let said = |entry: &Entry| Entry { leads_to: None, ..entry.clone() };
    said(one) == said(other)
}

fn place(page: &Page) -> String {
    match page.path.as_str() {
        "" => "outside of all blocks".to_owned(),
        path => path.to_owned(),
    }
}

fn text(places: &[String], entry: &Entry) -> String {
    let mut text = format!("{}\n", entry.usage());
    text += &filled(&format!("In: {}", places.join(", ")), 4);
    for (what, value) in entry.facts() {
        text += &filled(&format!("{what}: {value}"), 4);
    }
    for paragraph in entry.summary_and_text() {
        text.push('\n');
        text += &filled(&paragraph.replace('`', ""), 4);
    }
    let inside = pages().into_iter().find(|page| Some(&page.path) == entry.leads_to.as_ref());
    if let Some(page) = inside {
        let words: Vec<&str> = page.entries.iter().map(|entry| entry.word).collect();
        text.push('\n');
        text += &filled(&format!("Inside: {}", words.join(", ")), 4);
    }
    text
}

/// A paragraph in lines of [`WIDTH`] columns behind a margin.
fn filled(paragraph: &str, margin: usize) -> String {
    let mut text = String::new();
    let mut line = String::new();
    for word in paragraph.split_whitespace() {
        if !line.is_empty() && margin + line.chars().count() + 1 + word.chars().count() > WIDTH {
            text += &format!("{:margin$}{line}\n", "");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    text + &format!("{:margin$}{line}\n", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_explained_for_every_block_that_has_it() {
        let text = explain("priority").expect("it is known");
        assert!(text.starts_with("priority INTEGER\n    In: vrrp_instance\n    Range: 1–255"), "{text}");
        let weight = explain("weight").expect("it is known");
        assert!(weight.contains("In: virtual_server/real_server\n"), "{weight}");
        assert!(weight.contains("In: vrrp_script\n"), "{weight}");
    }

    #[test]
    fn a_path_narrows_it_to_a_block() {
        let text = explain("real_server/weight").expect("it is known");
        assert_eq!(text.matches("In: ").count(), 1, "{text}");
        assert!(explain("vrrp_instance/lvs_sched").is_err());
    }

    #[test]
    fn keywords_that_checkers_share_are_explained_once() {
        let text = explain("connect_ip").expect("it is known");
        assert!(text.contains("/TCP_CHECK") && text.contains("/SSL_GET"), "{text}");
        // Checks of which nothing comes yet say so in an entry of their own.
        assert!(text.matches("In: ").count() <= 2, "{text}");
    }

    #[test]
    fn a_block_names_what_it_holds() {
        assert!(explain("garp_group").expect("it is known").contains("Inside: garp_interval, gna_interval"));
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_nearest_ones() {
        let text = explain("vrrp_instance/priorty").expect_err("it is not known");
        assert!(
            text.starts_with("There is no keyword vrrp_instance/priorty; near it are: priority"),
            "{text}"
        );
        assert!(explain("xyzzyxyzzy").is_err());
    }
}
