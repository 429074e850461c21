//! What is known of one real server: what its checkers think, and what it weighs.

use crate::Tally;
use crate::checker::Checker;
use crate::params::{CheckerKind, CheckerParams, RealServerParams};

/// The largest weight the kernel takes.
const MAX_WEIGHT: i64 = 0x7fff_ffff;

#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) up: bool,
    pub(crate) checkers: Vec<Checker>,
}

impl Server {
    /// As the daemon starts.
    pub(crate) fn at_start(params: &RealServerParams) -> Self {
        Self::with(params, |checker| {
            if checker.kind.always_retries() {
                Tally::fresh(checker.before_first)
            } else {
                Tally::at_start(checker.before_first, checker.retry)
            }
        })
    }

    /// As a reload brings it.
    pub(crate) fn fresh(params: &RealServerParams) -> Self {
        Self::with(params, |checker| Tally::fresh(checker.before_first))
    }

    fn with(params: &RealServerParams, tally: impl Fn(&CheckerParams) -> Tally) -> Self {
        let checker = |params: &CheckerParams| match &*params.kind {
            CheckerKind::File(check) => Checker::of_file(check.meaning(check.value)),
            CheckerKind::Bfd(_) => Checker::new(Tally::fresh(params.before_first)),
            CheckerKind::Tcp(_)
            | CheckerKind::Web(_)
            | CheckerKind::Smtp(_)
            | CheckerKind::Udp(_)
            | CheckerKind::Dns(_)
            | CheckerKind::Misc(_)
            | CheckerKind::Ping(_) => Checker::new(tally(params)),
        };
        let checkers: Vec<Checker> = params.checkers.iter().map(checker).collect();
        Self { up: checkers.iter().all(|checker| checker.tally.is_up()), checkers }
    }

    /// What counts for the kernel and the quorum (§6.1).
    pub(crate) fn weight(&self, params: &RealServerParams) -> u32 {
        let configured = i64::from(params.weight);
        // §23.4: each program that wants a weight adds its distance from the configured one.
        let wanted =
            |checker: &Checker| checker.wanted.map_or(0, |weight| i64::from(weight.get()) - configured);
        let contributions: i64 = self.checkers.iter().map(|one| one.contribution + wanted(one)).sum();
        let effective = configured.saturating_add(contributions).clamp(0, MAX_WEIGHT);
        u32::try_from(effective).unwrap_or_default()
    }
}
