//! What each of the two readers says of a file, and whether that is the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use lab::{Binary, Failure, Outcome, Scene, pair::Cast};

use crate::rules::{Rules, compared};

/// What a configuration test says, as `LINE text` or `text`, and how it ends; none when a signal ended it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) said: BTreeSet<String>,
    pub(crate) code: Option<i32>,
}

/// How the original ends when a compulsory word is missing: at once, with whatever it has said.
const MISSING_WORD: i32 = 2;

/// Seconds that a reader has for one file, on a machine that is busy with other tests.
const PATIENCE: &str = "20";

/// How timeout(1) ends when it had to end the program.
const TIMED_OUT: i32 = 124;

/// Messages about braces.
const STRUCTURE: [&str; 5] =
    ["Extra '}' found", "missing '}'s or extra", "Missing '{' at", "Unexpected '{'", "Unknown keyword '}'"];

impl Verdict {
    fn of(reader: &Binary, file: &str) -> Outcome<Self> {
        let output = Command::new("timeout")
            .arg(PATIENCE)
            .arg(reader.as_ref())
            .args(["-t", "-f", file])
            .output()
            .map_err(|error| Failure::new(format!("cannot run {}: {error}", reader.as_ref().display())))?;
        let said = String::from_utf8_lossy(&output.stderr);
        Ok(Self { said: said.lines().map(without_file).collect(), code: output.status.code() })
    }

    /// Whether it says that the braces do not match.
    fn is_about_braces(&self) -> bool {
        self.said.iter().any(|line| STRUCTURE.iter().any(|text| line.contains(text)))
    }
}

/// `(FILE: Line N) text` and `(Line N) text` become `N text`.
fn without_file(line: &str) -> String {
    let placed = line.strip_prefix('(').and_then(|rest| rest.split_once(") "));
    let number =
        placed.and_then(|(place, _)| place.rsplit("Line ").next()).filter(|n| n.parse::<u32>().is_ok());
    match (placed, number) {
        (Some((_, text)), Some(number)) => format!("{number} {text}"),
        _ => line.to_owned(),
    }
}

/// How strictly two verdicts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Every message and the exit code.
    Whole,
    /// A file whose braces do not match is cut differently by each pass of the original, which skips what is another's from
    /// a `{` to its `}`; there only that both find fault with it. Other files as with [`Strictness::Whole`].
    Braces,
}

/// Whether two verdicts differ in what no rule is about.
fn differ(ours: &Verdict, theirs: &Verdict, strictness: Strictness, rules: &Rules) -> bool {
    if theirs.code.is_none() {
        // The original crashed.
        return ours.code.is_none();
    }
    if strictness == Strictness::Braces && (ours.is_about_braces() || theirs.is_about_braces()) {
        return ours.code == Some(0) || theirs.code == Some(0);
    }
    if theirs.code == Some(MISSING_WORD) {
        // The original says nothing more.
        let common = ours.said.intersection(&theirs.said).cloned().collect();
        return ours.code != Some(MISSING_WORD) || rules.allow(&common, &theirs.said) == Some(false);
    }
    match rules.allow(&ours.said, &theirs.said) {
        None => ours.code != theirs.code,
        Some(allowed) => !allowed,
    }
}

/// Gives both readers each text, and lists every difference.
pub(crate) fn compare(readers: &Cast, texts: &[String]) -> Outcome {
    compare_with(readers, texts, Strictness::Whole)
}

/// Gives both readers each text, and lists every difference of that strictness.
pub(crate) fn compare_with(readers: &Cast, texts: &[String], strictness: Strictness) -> Outcome {
    let rules = Rules::read()?;
    let mut differences = String::new();
    each(readers, texts, |text, ours, theirs| {
        // The original reads some files without end; ours never may.
        let ours_ended = ours.code != Some(TIMED_OUT);
        if ours_ended && theirs.code == Some(TIMED_OUT) {
            return;
        }
        if !ours_ended || differ(&ours, &theirs, strictness, &rules) {
            let only = |one: &Verdict, other: &Verdict| -> Vec<String> {
                one.said.difference(&other.said).cloned().collect()
            };
            let _ = writeln!(
                differences,
                "--- {text}\nours   {:?} {:?}\ntheirs {:?} {:?}",
                ours.code,
                only(&ours, &theirs),
                theirs.code,
                only(&theirs, &ours)
            );
        }
    })?;
    compared();
    match differences.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(differences)),
    }
}

/// What both readers say of each text, where `eth0` and `eth1` are the interfaces.
pub(crate) fn each(
    readers: &Cast,
    texts: &[String],
    mut tell: impl FnMut(&str, Verdict, Verdict) + Send,
) -> Outcome {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = scene.node("reader")?.on(&link, "eth0", &["192.0.2.1/24"])?.on(&link, "eth1", &[])?;
    let folder = tempfile::tempdir().map_err(|error| Failure::new(error.to_string()))?;
    let file = folder.path().join("keepalived.conf").display().to_string();
    node.namespace().enter(|| {
        for text in texts {
            fs::write(&file, text).map_err(|error| Failure::new(error.to_string()))?;
            tell(text, Verdict::of(&readers.one, &file)?, Verdict::of(&readers.two, &file)?);
        }
        Ok::<_, Failure>(())
    })??;
    Ok(())
}
