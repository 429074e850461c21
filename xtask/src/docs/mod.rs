//! `cargo xtask docs`: the pages that are written from the tables of the program, and the check that they are up to date.

mod coverage;
mod man;
mod reference;

use lab::{Failure, Outcome};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A generated file: its path within the repository, and what it must say.
struct File {
    path: String,
    text: String,
}

/// Writes the pages, or with `--check` compares them.
pub(crate) fn run(words: impl Iterator<Item = String>) -> Outcome<ExitCode> {
    let mut check = false;
    for word in words {
        match word.as_str() {
            "--check" => check = true,
            _ => return Err(Failure::new(format!("docs: unknown option {word}"))),
        }
    }
    let root = root()?;
    let files = files()?;
    for file in &files {
        let path = root.join(&file.path);
        if check {
            let found = fs::read_to_string(&path).unwrap_or_default();
            if let Some(difference) = difference(file, &found) {
                return Err(Failure::new(format!("{difference}\nrun: cargo xtask docs")));
            }
        } else {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)
                    .map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
            }
            fs::write(&path, &file.text)
                .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        }
    }
    println!("{} generated pages {}", files.len(), if check { "are up to date" } else { "written" });
    Ok(ExitCode::SUCCESS)
}

/// All generated files.
fn files() -> Outcome<Vec<File>> {
    let mut files = vec![coverage::file()];
    files.extend(reference::files());
    files.extend(man::files()?);
    Ok(files)
}

fn root() -> Outcome<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .map(Path::to_owned)
        .ok_or_else(|| Failure::new("xtask is not in a folder of the repository"))
}

/// Where a file first differs from what it must say.
fn difference(file: &File, found: &str) -> Option<String> {
    if file.text == found {
        return None;
    }
    let (mut wanted, mut found) = (file.text.lines(), found.lines());
    for number in 1.. {
        let (wanted, found) = (wanted.next(), found.next());
        if wanted != found || wanted.is_none() {
            let shown =
                |line: Option<&str>| line.map_or_else(|| "(the end)".to_owned(), |line| format!("{line:?}"));
            return Some(format!(
                "{}:{number} is not what the tables say\n  it says  {}\n  wanted   {}",
                file.path,
                shown(found),
                shown(wanted)
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_differing_line_is_named_with_both_texts() {
        let file = File { path: "docs/page.md".to_owned(), text: "one\ntwo\n".to_owned() };
        assert_eq!(difference(&file, "one\ntwo\n"), None);
        let stale = difference(&file, "one\n2\n");
        assert_eq!(
            stale.as_deref(),
            Some("docs/page.md:2 is not what the tables say\n  it says  \"2\"\n  wanted   \"two\"")
        );
        assert!(difference(&file, "one\n").is_some_and(|text| text.contains("it says  (the end)")));
    }
}
