//! The end of the demo: what was promised, what was measured.

use super::timeline::Timeline;
use lab::{Client, Mail, Outcome, While as _};
use serde_json::json;
use std::{collections::BTreeMap, fs, path::Path, time::Duration};

/// How much later than its formula an event may come on a machine that does other things as well.
const TOLERANCE: Duration = Duration::from_millis(500);

/// How fast a change of a real server was noticed.
pub(crate) struct Detection {
    pub(crate) what: &'static str,
    pub(crate) took: Duration,
    /// What the configuration allows.
    pub(crate) limit: Duration,
}

/// How long a change of master took.
pub(crate) struct TakeOver {
    pub(crate) what: &'static str,
    pub(crate) took: Duration,
    /// Three intervals and the skew.
    pub(crate) formula: Duration,
    /// The longest time without an answer that the clients saw meanwhile.
    pub(crate) silence: Option<Duration>,
}

/// Everything the play has found out.
pub(crate) struct Summary<'a> {
    pub(crate) client: &'a Client,
    pub(crate) detections: [Detection; 2],
    pub(crate) take_overs: [TakeOver; 2],
    pub(crate) mails: &'a [Mail],
    pub(crate) exit_codes: [Option<i32>; 2],
    pub(crate) leftovers: Vec<String>,
}

impl Detection {
    fn is_good(&self) -> bool {
        self.took <= self.limit + TOLERANCE
    }
}

impl TakeOver {
    fn is_good(&self) -> bool {
        self.took <= self.formula + TOLERANCE
    }
}

impl Summary<'_> {
    /// Whether everything was as promised.
    pub(crate) fn is_good(&self) -> bool {
        self.detections.iter().all(Detection::is_good)
            && self.take_overs.iter().all(TakeOver::is_good)
            && self.exit_codes == [Some(0), Some(0)]
            && self.leftovers.is_empty()
    }

    pub(crate) fn print(&self, timeline: &Timeline) {
        timeline.heading("Summary");
        let (answered, lost) = self.client.tally();
        timeline.line(&format!("  requests   {answered} answered, {lost} lost"));
        for (server, count) in self.client.answers() {
            timeline.line(&format!("             {count:5} by {server}"));
        }
        for detection in &self.detections {
            timeline.line(&format!(
                "  server     {:44} {:6.3} s  (at most {:.3} s)  {}",
                detection.what,
                detection.took.as_secs_f64(),
                detection.limit.as_secs_f64(),
                verdict(detection.is_good())
            ));
        }
        for take_over in &self.take_overs {
            timeline.line(&format!(
                "  take-over  {:44} {:6.3} s  (formula {:.3} s)  {}",
                take_over.what,
                take_over.took.as_secs_f64(),
                take_over.formula.as_secs_f64(),
                verdict(take_over.is_good())
            ));
            if let Some(silence) = take_over.silence {
                timeline.line(&format!(
                    "             {:44} {:6.3} s",
                    "longest time without an answer",
                    silence.as_secs_f64()
                ));
            }
        }
        timeline.line(&format!("  mails      {}", self.mails.len()));
        for (subject, count) in self.subjects() {
            timeline.line(&format!("             {count} x {subject}"));
        }
        let codes = self.exit_codes.map(|code| code.map_or("none".to_owned(), |code| code.to_string()));
        let left = if self.leftovers.is_empty() { "nothing".to_owned() } else { self.leftovers.join(", ") };
        timeline
            .line(&format!("  end        exit codes {} on TERM; left behind: {left}", codes.join(" and ")));
        timeline.line(&format!(
            "  verdict    {}",
            if self.is_good() { "as promised" } else { "NOT as promised" }
        ));
    }

    /// Writes the numbers as JSON; times in seconds.
    pub(crate) fn write(&self, path: &Path) -> Outcome {
        let (answered, lost) = self.client.tally();
        let detections = self.detections.iter().map(
            |seen| json!({"what": seen.what, "took": seen.took.as_secs_f64(), "limit": seen.limit.as_secs_f64()}),
        );
        let take_overs = self.take_overs.iter().map(|seen| {
            json!({
                "what": seen.what,
                "took": seen.took.as_secs_f64(),
                "formula": seen.formula.as_secs_f64(),
                "longest_silence": seen.silence.map(|silence| silence.as_secs_f64()),
            })
        });
        let summary = json!({
            "requests": {"answered": answered, "lost": lost, "by_server": self.client.answers()},
            "servers": detections.collect::<Vec<_>>(),
            "take_overs": take_overs.collect::<Vec<_>>(),
            "mails": self.subjects(),
            "exit_codes": self.exit_codes,
            "left_behind": self.leftovers,
            "as_promised": self.is_good(),
        });
        fs::write(path, format!("{summary:#}\n")).doing(path.display())
    }

    fn subjects(&self) -> BTreeMap<&str, usize> {
        let mut subjects = BTreeMap::new();
        for mail in self.mails {
            *subjects.entry(mail.subject()).or_default() += 1;
        }
        subjects
    }
}

fn verdict(is_good: bool) -> &'static str {
    if is_good { "good" } else { "LATE" }
}
