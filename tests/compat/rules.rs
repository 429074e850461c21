//! Where the two readers may differ: the rules of `rules.txt`, and which of them were needed.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lab::{Failure, Outcome};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compat/rules.txt");

/// Which rules let a difference pass, by their lines.
static NEEDED: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

/// How many comparisons were made to their end.
static COMPARISONS: AtomicUsize = AtomicUsize::new(0);

/// One line of the file.
#[derive(Debug)]
struct Rule {
    /// Its number, counted from 1.
    line: usize,
    kind: Kind,
    /// What a message has a part of.
    text: String,
    /// What a message of either reader has a part of, or the rule does not count.
    cause: Option<String>,
}

/// What a rule allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `ours`: a message that only ours says.
    Ours,
    /// `theirs`: one that only the original says.
    Theirs,
    /// `line`: one that the two say with different line numbers.
    Line,
    /// `ends`: the original looks no further after it has said this, so that ours may say more.
    Ends,
}

/// All rules.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    pub(crate) fn read() -> Outcome<Self> {
        let text = fs::read_to_string(FILE).map_err(|error| Failure::new(format!("{FILE}: {error}")))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        lines.map(|(number, line)| Rule::read(number + 1, line)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether rules allow all that only ours and only the original says, when they say this. None when they say the same.
    pub(crate) fn allow(&self, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> Option<bool> {
        if ours == theirs {
            return None;
        }
        let mut needed = BTreeSet::new();
        let mut is_allowed = |line: &String, side: Kind, other: &BTreeSet<String>| {
            let rule = self.0.iter().find(|rule| rule.allows(line, side, other, (ours, theirs)));
            needed.extend(rule.map(|rule| rule.line));
            rule.is_some()
        };
        // Each is asked, so that each rule that is needed is known.
        let mine: Vec<bool> =
            ours.difference(theirs).map(|line| is_allowed(line, Kind::Ours, theirs)).collect();
        let others: Vec<bool> =
            theirs.difference(ours).map(|line| is_allowed(line, Kind::Theirs, ours)).collect();
        let all = mine.into_iter().chain(others).all(|allowed| allowed);
        if all {
            NEEDED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(needed);
        }
        Some(all)
    }
}

impl Rule {
    fn read(line: usize, text: &str) -> Outcome<Self> {
        let wrong = || Failure::new(format!("{FILE}:{line}: neither ours, theirs, line nor ends"));
        let (kind, text) = text.split_once(": ").ok_or_else(wrong)?;
        let kind = match kind {
            "ours" => Kind::Ours,
            "theirs" => Kind::Theirs,
            "line" => Kind::Line,
            "ends" => Kind::Ends,
            _ => return Err(wrong()),
        };
        let (text, cause) = match text.split_once(" <= ") {
            Some((text, cause)) => (text, Some(cause.to_owned())),
            None => (text, None),
        };
        Ok(Self { line, kind, text: text.to_owned(), cause })
    }

    /// Whether a message may be said by one side alone; `other` is what the other side says.
    fn allows(
        &self,
        line: &str,
        side: Kind,
        other: &BTreeSet<String>,
        (ours, theirs): (&BTreeSet<String>, &BTreeSet<String>),
    ) -> bool {
        let said = |said: &BTreeSet<String>, part: &str| said.iter().any(|line| line.contains(part));
        if self.cause.as_ref().is_some_and(|cause| !said(ours, cause) && !said(theirs, cause)) {
            return false;
        }
        match self.kind {
            Kind::Ours | Kind::Theirs => self.kind == side && line.contains(&self.text),
            Kind::Line => {
                line.contains(&self.text) && other.iter().any(|other| unnumbered(other) == unnumbered(line))
            }
            Kind::Ends => side == Kind::Ours && said(theirs, &self.text),
        }
    }
}

/// A message without the number of its line.
fn unnumbered(line: &str) -> &str {
    line.split_once(' ').filter(|(number, _)| number.parse::<u32>().is_ok()).map_or(line, |(_, text)| text)
}

/// Notes that all texts of a comparison were compared.
pub(crate) fn compared() {
    COMPARISONS.fetch_add(1, Ordering::Relaxed);
}

/// That each rule was needed, once all of that many comparisons were made.
pub(crate) fn all_were_needed(comparisons: usize) -> Outcome {
    if COMPARISONS.load(Ordering::Relaxed) < comparisons {
        return Ok(());
    }
    let needed = NEEDED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let idle: Vec<_> =
        Rules::read()?.0.into_iter().map(|rule| rule.line).filter(|line| !needed.contains(line)).collect();
    match idle.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(format!("{FILE}: nothing needs the rules of these lines: {idle:?}"))),
    }
}
