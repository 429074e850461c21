//! Counts what test programs report, line by line, while passing it on.

use std::io::{BufRead as _, BufReader, Read};

/// What a part's programs have reported.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Each skipped test with its reason.
    pub(crate) skipped: Vec<String>,
    /// Each test that failed at first, with the reason.
    pub(crate) flaky: Vec<String>,
    /// Whether the programs ended well.
    pub(crate) succeeded: bool,
}

impl Tally {
    /// Reads and prints `output` to its end.
    pub(crate) fn read(&mut self, output: impl Read) {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            self.take(line.trim_end());
        }
    }

    fn take(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count(counts, " passed");
            self.failed += count(counts, " failed");
        } else if let Some(skip) = line.strip_prefix(lab::SKIPPED) {
            self.skipped.push(skip.trim().to_owned());
        } else if let Some(test) = line.strip_prefix(lab::FLAKY) {
            self.flaky.push(test.trim().to_owned());
        } else if let Some((test, reason)) =
            line.strip_prefix("test ").and_then(|test| test.split_once(" ... ignored, "))
        {
            self.skipped.push(format!("{test}: {reason}"));
        } else if let Some(test) =
            line.strip_prefix("test ").and_then(|test| test.strip_suffix(" ... ignored"))
        {
            // A suite has said the reason on a line of its own.
            if !self.skipped.iter().any(|skip| skip.starts_with(&format!("{}:", test.trim()))) {
                self.skipped.push(format!("{}: no reason given", test.trim()));
            }
        }
    }
}

/// The number in front of `word` in a line such as `ok. 6 passed; 0 failed; 2 ignored`.
fn count(line: &str, word: &str) -> usize {
    let before = line.split(word).next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.take(line));
        tally
    }

    #[test]
    fn the_results_of_several_programs_are_added() {
        let tally = tally(&[
            "test result: ok. 6 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "test result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        ]);
        assert_eq!((tally.passed, tally.failed), (11, 1));
    }

    #[test]
    fn a_test_that_failed_at_first_is_told() {
        let tally = tally(&["FLAKY election::x: no MASTER within 4 s", "test election::x ... ok"]);
        assert_eq!(tally.flaky, ["election::x: no MASTER within 4 s"]);
    }

    #[test]
    fn a_skipped_test_is_counted_once_and_keeps_its_reason() {
        let tally = tally(&[
            "SKIPPED election::x: no namespaces",
            "test election::x   ... ignored",
            "test parse::y ... ignored, not written yet",
            "test parse::z ... ignored",
        ]);
        assert_eq!(
            tally.skipped,
            ["election::x: no namespaces", "parse::y: not written yet", "parse::z: no reason given"]
        );
    }
}
