//! `docs/man/`: man pages from the prose in `man/`, the tables of keywords, and the help texts of the programs.

mod markdown;

use std::process::Command;

use lab::{Failure, Outcome};
use parser::reference::{Entry, Page, pages};
use roff::{Inline, Roff, bold, roman};

use self::markdown::{inlines, write};
use super::File;

/// Who stands at the foot of the pages.
const SOURCE: &str = concat!("keepalived-rs ", env!("CARGO_PKG_VERSION"));

/// When the prose was last gone over.
const DATE: &str = "2026-11-22";

/// The pages, the programs asked for their options.
pub(super) fn files() -> Outcome<Vec<File>> {
    let page = |name: &str, roff: Roff| File { path: format!("docs/man/{name}"), text: tidy(&roff.render()) };
    let help = |words: &[&str]| help(words);
    Ok(vec![
        page("keepalived.8", daemon(&help(&["--help"])?, &help(&["config", "--help"])?)),
        page("genhash.1", genhash(&help(&["--genhash", "--help"])?)),
        page("keepalived.conf.5", configuration()),
        page("ipvsadm.8", ipvsadm()),
    ])
}

/// Lines of at most 78 columns, and no empty paragraph behind a heading.
fn tidy(roff: &str) -> String {
    const WIDTH: usize = 78;
    let mut tidy = String::new();
    let (mut as_is, mut behind_heading) = (false, false);
    for line in roff.lines() {
        let line = line.trim_end();
        as_is = line == ".nf" || as_is && line != ".fi";
        if line == ".PP" && behind_heading {
            continue;
        }
        behind_heading = line.starts_with(".SH") || line.starts_with(".SS");
        if as_is || line.starts_with('.') {
            tidy.push_str(line);
            tidy.push('\n');
            continue;
        }
        let mut column = 0;
        for word in line.split(' ') {
            // What begins with a dot or a quote would be taken for a request.
            let fits =
                column == 0 || column + 1 + word.chars().count() <= WIDTH || word.starts_with(['.', '\'']);
            tidy.push_str(match column {
                0 => "",
                _ if fits => " ",
                _ => "\n",
            });
            column = if fits && column > 0 { column + 1 } else { 0 } + word.chars().count();
            tidy.push_str(word);
        }
        tidy.push('\n');
    }
    tidy
}

/// What the program says about its options.
fn help(words: &[&str]) -> Outcome<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--package", "keepalived-rs", "--bin", "keepalived", "--"])
        .args(words)
        .output()
        .map_err(|error| Failure::new(format!("cargo run: {error}")))?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if text.contains("Usage: ") {
        Ok(text)
    } else {
        Err(Failure::new(format!("keepalived {words:?} said: {text}")))
    }
}

fn daemon(options: &str, config: &str) -> Roff {
    page(include_str!("man/keepalived.md"), |roff, what| match what {
        "options" => self::options(roff, options),
        "commands" => listed(roff, "", options.split_once("\nCommands").map_or("", |(_, commands)| commands)),
        _ => listed(roff, "config ", config),
    })
}

fn genhash(options: &str) -> Roff {
    page(include_str!("man/genhash.md"), |roff, _| self::options(roff, options))
}

fn ipvsadm() -> Roff {
    let usage = ::ipvsadm::usage("ipvsadm");
    page(include_str!("man/ipvsadm.md"), |roff, _| write(roff, &format!("```text\n{usage}```\n")))
}

fn configuration() -> Roff {
    page(include_str!("man/keepalived.conf.md"), |roff, what| match what {
        "language" => {
            let language = include_str!("../../../docs/language.md");
            let (_, body) = language.split_once("\n\n").unwrap_or(("", language));
            roff.control("SH", ["THE LANGUAGE"]);
            write(roff, &body.replace("\n## ", "\n### "));
        }
        _ => keywords(roff, &pages()),
    })
}

/// A page from its prose; `fill` writes what stands in double braces.
fn page(source: &str, fill: impl Fn(&mut Roff, &str)) -> Roff {
    let mut roff = Roff::new();
    let (head, body) = source.split_once('\n').unwrap_or((source, ""));
    let (title, what) = head.trim_start_matches("# ").split_once(": ").unwrap_or((head, ""));
    let (name, section) = title.split_once(' ').unwrap_or((title, ""));
    roff.control("TH", [&name.to_uppercase(), section, DATE, SOURCE]);
    roff.control("SH", ["NAME"]);
    roff.text([roman(format!("{name} - {what}"))]);
    let mut rest = body;
    while let Some((before, after)) = rest.split_once("{{") {
        write(&mut roff, before);
        let (what, after) = after.split_once("}}").unwrap_or((after, ""));
        fill(&mut roff, what);
        rest = after;
    }
    write(&mut roff, rest);
    roff
}

/// The lines of a help text up to the first empty one behind them: option, two blanks, what it does; a long option has the latter on the next line.
fn options(roff: &mut Roff, help: &str) {
    let listed = help.lines().skip_while(|line| !line.starts_with("  "));
    let mut lines = listed.take_while(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let Some(option) = line.strip_prefix("  ").map(str::trim_start) else { continue };
        let (option, what) = match option.split_once("  ") {
            Some((option, what)) => (option, what.trim()),
            None => (option, lines.next().unwrap_or_default().trim()),
        };
        item(roff, option, &[], what);
    }
}

/// The commands of a help text, with what comes before each of them.
fn listed(roff: &mut Roff, before: &str, help: &str) {
    for line in help.lines().filter(|line| line.starts_with("  ")) {
        let (command, what) = line.trim().split_once("  ").unwrap_or((line, ""));
        item(roff, &format!("{before}{command}"), &[], what.trim());
    }
}

fn item(roff: &mut Roff, tag: &str, facts: &[(&'static str, String)], text: &str) {
    roff.control("TP", []);
    roff.text([bold(tag)]);
    let sentence = |text: &str| if text.ends_with('.') { text.to_owned() } else { format!("{text}.") };
    let mut line: Vec<Inline> = Vec::new();
    for (what, value) in facts {
        line.extend(inlines(&format!("*{what}:* {} ", sentence(value))));
    }
    line.extend(inlines(text));
    if !line.is_empty() {
        roff.text(line);
    }
}

/// All pages of the reference, one section each. What a page shares with one above is only named.
fn keywords(roff: &mut Roff, pages: &[Page]) {
    let mut written: Vec<(&str, &Entry)> = Vec::new();
    for page in pages {
        roff.control("SH", [super::reference::title(&page.path).to_uppercase().as_str()]);
        write(roff, page.introduction);
        let mut shared: Vec<(&str, &str)> = Vec::new();
        for entry in &page.entries {
            let alike = |known: &Entry| {
                Entry { leads_to: None, ..known.clone() } == Entry { leads_to: None, ..entry.clone() }
            };
            match written.iter().find(|(_, known)| alike(known)) {
                Some((place, _)) => shared.push((place, entry.word)),
                None => {
                    self::entry(roff, entry);
                    written.push((&page.path, entry));
                }
            }
        }
        let mut places: Vec<&str> = shared.iter().map(|(place, _)| *place).collect();
        places.dedup();
        for place in places {
            let words: Vec<String> =
                shared.iter().filter(|(of, _)| *of == place).map(|(_, word)| format!("`{word}`")).collect();
            write(roff, &format!("As in {place}: {}.", words.join(", ")));
        }
    }
}

fn entry(roff: &mut Roff, entry: &Entry) {
    let mut paragraphs = entry.summary_and_text().into_iter();
    let first = paragraphs.next().unwrap_or_default();
    item(roff, &entry.usage(), &entry.facts(), &first);
    for paragraph in paragraphs {
        roff.control("IP", []);
        roff.text(inlines(&paragraph));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_and_requests_are_not() {
        let long = "word ".repeat(30);
        let tidied = tidy(&format!(".SH \"{long}\"\n.PP\n{long}\n.nf\n{long}\n.fi\n"));
        assert!(!tidied.contains(".PP"));
        let widths: Vec<usize> = tidied.lines().map(str::len).collect();
        assert_eq!(widths.iter().filter(|width| **width > 78).count(), 2, "{tidied}");
        assert_eq!(tidied.matches("word").count(), 90);
    }

    #[test]
    fn the_help_text_of_an_option_is_found_beside_it_or_below() {
        let mut roff = Roff::new();
        options(
            &mut roff,
            "Usage: x [OPTION...]\n  -f, --file=FILE   What\n      --a-very-long-option=WORD\n          Why\n",
        );
        assert_eq!(
            roff.to_roff(),
            ".TP\n\\fB\\-f, \\-\\-file=FILE\\fR\nWhat\n.TP\n\\fB\\-\\-a\\-very\\-long\\-option=WORD\\fR\nWhy\n"
        );
    }
}
