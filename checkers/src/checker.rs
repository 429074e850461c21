//! One checker: what an outcome means to it, and what there is to say.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::cadence::After;
use crate::log::Checked;
use crate::params::{BetweenPages, CheckerKind, CheckerParams, FileMeaning, LoggedFailures, WebCheck};
use crate::round::{Round, Worth};
use crate::{Failure, Found, LengthMismatch, Outcome, Tally, TlsFault, Verdict, misc};

#[derive(Debug, Clone)]
pub(crate) struct Checker {
    pub(crate) tally: Tally,
    pub(crate) round: Round,
    pub(crate) contribution: i64,
    pub(crate) last_errno: Option<i32>,
    /// Of each page, which was told last.
    pub(crate) mismatches: BTreeMap<usize, LengthMismatch>,
    /// The weight a program wants its server to have, if one does.
    pub(crate) wanted: Option<misc::Weight>,
    /// When the last probe was to start.
    pub(crate) started: Option<Instant>,
    /// The failure that counted last, for the mail.
    pub(crate) last_failure: Option<Failure>,
}

/// What an outcome means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// For the server; nothing, when the probe could not be made or is one of several.
    pub(crate) verdict: Option<Verdict>,
    /// For the time of the next probe.
    pub(crate) after: After,
}

impl Checker {
    pub(crate) fn new(tally: Tally) -> Self {
        Self {
            tally,
            round: Round::default(),
            contribution: 0,
            wanted: None,
            started: None,
            last_errno: None,
            mismatches: BTreeMap::new(),
            last_failure: None,
        }
    }

    /// As a tracked file says it from the beginning.
    pub(crate) fn of_file(meaning: FileMeaning) -> Self {
        let tally = Tally::told(meaning != FileMeaning::Fault);
        Self { contribution: weight_of(meaning), ..Self::new(tally) }
    }

    /// A tracked file says something else.
    pub(crate) fn read(&mut self, meaning: FileMeaning) {
        self.tally = Tally::told(meaning != FileMeaning::Fault);
        self.contribution = weight_of(meaning);
    }

    /// Takes an outcome, and tells what there is to say in its order.
    pub(crate) fn take(
        &mut self,
        params: &CheckerParams,
        found: Found,
        mut tell: impl FnMut(Checked),
    ) -> Taken {
        let question = self.round.question();
        if let Some(mismatch) = found.mismatch
            && self.mismatches.insert(question, mismatch) != Some(mismatch)
        {
            tell(Checked::Length(question, mismatch));
        }
        match found.outcome {
            Outcome::Passed | Outcome::PassedWith(_) => self.passed(params, tell),
            Outcome::Failed(failure) => self.failed(params, failure, tell),
            Outcome::Unable(trouble) => {
                tell(Checked::Unable(trouble));
                tell(Checked::Rescheduled(trouble));
                Taken { verdict: None, after: After::Settled }
            }
        }
    }

    fn passed(&mut self, params: &CheckerParams, mut tell: impl FnMut(Checked)) -> Taken {
        if !self.tally.is_up()
            && let CheckerKind::Web(check) = &*params.kind
            && let Some(page) = check.pages.get(self.round.question())
        {
            tell(Checked::StatusGood(self.round.question()));
            if page.wanted.digest.is_some() {
                tell(Checked::DigestGood(self.round.question()));
            }
            if page.wanted.pattern.is_some() {
                tell(Checked::RegexGood(self.round.question()));
            }
        }
        match self.round.answered(params.kind.questions()) {
            Worth::Part => {
                self.tally.pass_in_part();
                Taken { verdict: None, after: between(&params.kind) }
            }
            Worth::Whole => {
                let verdict = self.tally.pass();
                // §20.3: a name server that answers is not told of.
                let told = !matches!(*params.kind, CheckerKind::Dns(_));
                if told && matches!(verdict, Verdict::Fine { first: true } | Verdict::CameUp) {
                    tell(Checked::Passed);
                }
                Taken { verdict: Some(verdict), after: After::Settled }
            }
        }
    }

    fn failed(&mut self, params: &CheckerParams, failure: Failure, mut tell: impl FnMut(Checked)) -> Taken {
        if let Failure::Connect(errno) = failure
            && self.last_errno.replace(errno) != Some(errno)
        {
            tell(Checked::Errno(errno));
        }
        if let Failure::Send(_) = failure {
            tell(Checked::NotSent);
        }
        let misc = matches!(*params.kind, CheckerKind::Misc(_));
        let was_up = self.tally.is_up();
        let web = matches!(*params.kind, CheckerKind::Web(_));
        let mut verdict = if params.kind.always_retries() {
            self.tally.fail_in_turn(params.retry)
        } else {
            self.tally.fail(params.retry)
        };
        if verdict == Verdict::DownFromStart && web {
            // §4.9: nobody hears of an alpha checker's first failure.
            verdict = Verdict::StillDown;
        }
        // §19.4, §20.3: these have the same words for the last attempt.
        let is_told_once = matches!(*params.kind, CheckerKind::Smtp(_) | CheckerKind::Dns(_))
            && matches!(verdict, Verdict::WentDown { .. } | Verdict::DownFromStart);
        if was_up && params.failures == LoggedFailures::Every && !misc && !is_told_once {
            tell(Checked::Attempt(failure));
        }
        if let Failure::Handshake(fault) = failure
            && fault != TlsFault::Other
            && matches!(verdict, Verdict::WentDown { .. })
        {
            tell(Checked::Tls(fault));
        }
        match verdict {
            Verdict::WentDown { first } => {
                // §18.11: with these, whatever came before.
                let told = params.retry > 0 && (web || misc || !first);
                tell(Checked::Failed(failure, told.then_some(params.retry)));
            }
            Verdict::DownFromStart => {
                let retries = misc.then_some(params.retry).filter(|retries| *retries > 0);
                tell(Checked::Failed(failure, retries));
            }
            Verdict::Forgiven => {
                if misc && params.failures == LoggedFailures::Every {
                    tell(Checked::Retrying { failure, nth: self.tally.failures(), of: params.retry });
                }
                return Taken { verdict: Some(verdict), after: After::Forgiven };
            }
            Verdict::Fine { .. } | Verdict::CameUp | Verdict::StillDown => {}
        }
        self.round.failed();
        self.last_failure = Some(failure);
        Taken { verdict: Some(verdict), after: if web { After::Failed } else { After::Settled } }
    }
}

/// A fault takes its weight along (checkers.md §6.3).
fn weight_of(meaning: FileMeaning) -> i64 {
    match meaning {
        FileMeaning::Weight(weight) => weight,
        FileMeaning::Fault => 0,
    }
}

/// The time between two questions while all have to be answered.
fn between(kind: &CheckerKind) -> After {
    match kind {
        CheckerKind::Web(WebCheck { between: BetweenPages::Hurry, .. }) => After::InHurry,
        CheckerKind::Web(_)
        | CheckerKind::Tcp(_)
        | CheckerKind::Smtp(_)
        | CheckerKind::Udp(_)
        | CheckerKind::Dns(_)
        | CheckerKind::Misc(_)
        | CheckerKind::Ping(_)
        | CheckerKind::File(_)
        | CheckerKind::Bfd(_) => After::Settled,
    }
}
