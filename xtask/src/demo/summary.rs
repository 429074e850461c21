//! The end of the demo: what was promised, what was measured.

use super::timeline::Timeline;
use lab::{Client, Mail, Outcome, While as _};
use serde_json::json;
use std::{collections::BTreeMap, fs, path::Path, time::Duration};

/// What an act has shown.
pub(crate) struct Measure {
    pub(crate) what: &'static str,
    pub(crate) took: Duration,
    /// What the configuration promises: a check's delays, or three adverts and the skew.
    pub(crate) promise: Duration,
    /// How much more is forgiven: the precision of the look, and what the machine itself was late.
    pub(crate) tolerance: Duration,
    /// Requests lost meanwhile.
    pub(crate) lost: usize,
    /// The longest time meanwhile in which no request was answered.
    pub(crate) silence: Duration,
}

/// Everything the play has found out.
pub(crate) struct Summary<'a> {
    pub(crate) client: &'a Client,
    pub(crate) measures: Vec<Measure>,
    pub(crate) mails: &'a [Mail],
    pub(crate) exit_codes: [Option<i32>; 2],
    pub(crate) leftovers: Vec<String>,
}

impl Measure {
    fn is_good(&self) -> bool {
        self.took <= self.promise + self.tolerance
    }
}

impl Summary<'_> {
    /// Whether everything was as promised.
    pub(crate) fn is_good(&self) -> bool {
        self.measures.iter().all(Measure::is_good)
            && self.exit_codes == [Some(0), Some(0)]
            && self.leftovers.is_empty()
    }

    pub(crate) fn print(&self, timeline: &Timeline) {
        timeline.heading("Summary");
        let (answered, lost) = self.client.tally();
        let blamed: usize = self.measures.iter().map(|measure| measure.lost).sum();
        timeline.line(&format!(
            "  requests   {answered} answered, {lost} lost ({} of them outside the acts below)",
            lost.saturating_sub(blamed)
        ));
        for (server, count) in self.client.answers() {
            timeline.line(&format!("             {count:5} by {server}"));
        }
        timeline.line(&format!(
            "  acts       {:40} {:>8} {:>8} {:>6} {:>8}",
            "(seconds)", "took", "promise", "lost", "silence"
        ));
        for measure in &self.measures {
            timeline.line(&format!(
                "             {:40} {:8.3} {:8.3} {:6} {:8.3}  {}",
                measure.what,
                measure.took.as_secs_f64(),
                measure.promise.as_secs_f64(),
                measure.lost,
                measure.silence.as_secs_f64(),
                if measure.is_good() { "good" } else { "LATE" }
            ));
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
        let acts = self.measures.iter().map(|measure| {
            json!({
                "what": measure.what,
                "took": measure.took.as_secs_f64(),
                "promise": measure.promise.as_secs_f64(),
                "lost": measure.lost,
                "longest_silence": measure.silence.as_secs_f64(),
            })
        });
        let summary = json!({
            "requests": {"answered": answered, "lost": lost, "by_server": self.client.answers()},
            "acts": acts.collect::<Vec<_>>(),
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
