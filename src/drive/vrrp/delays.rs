//! `interface_up_down_delays`: interfaces whose state counts only when it has lasted.
//!
//! Reports pass through here on their way to everybody else. One that an interface goes down or up is turned into one that it
//! stays as it was; the truth follows after the delay, unless it has changed back by then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::mirror::{Link, Mirror, Report};
use crate::plan::delay::Delay;

/// By name of the interface.
pub(super) type Table = BTreeMap<String, Delay>;

/// What is held back.
#[derive(Debug, Default)]
pub(super) struct Delays {
    table: Table,
    /// By number of the interface: what it has become, and when that counts.
    held: BTreeMap<u32, (Instant, Link)>,
    /// Interfaces that have been up; the first time counts at once.
    known_up: BTreeSet<u32>,
}

impl Delays {
    pub(super) fn new(table: Table, mirror: &Mirror) -> Self {
        let known_up = mirror.links().filter(|link| link.usable).map(|link| link.index).collect();
        Self { table, held: BTreeMap::new(), known_up }
    }

    /// Takes other delays. What is held back already stays so for as long as was said.
    pub(super) fn reconfigure(&mut self, table: Table) {
        self.table = table;
    }

    /// When something held back counts.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.held.values().map(|(at, _)| *at).min()
    }

    /// What counts now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Report> {
        let ripe: Vec<u32> =
            self.held.iter().filter(|(_, (at, _))| *at <= now).map(|(index, _)| *index).collect();
        let links = ripe.into_iter().filter_map(|index| self.held.remove(&index));
        let reports: Vec<Report> = links.map(|(_, link)| Report::Link(link)).collect();
        for report in &reports {
            self.note(report);
        }
        reports
    }

    /// What a report counts for now. `patience` is how long the virtual routers on an interface of this name can wait.
    pub(super) fn pass(
        &mut self,
        now: Instant,
        report: Report,
        mirror: &Mirror,
        patience: impl Fn(&str) -> Duration,
    ) -> Report {
        let report = match report {
            Report::Link(link) => Report::Link(self.pass_link(now, link, mirror, patience)),
            Report::LinkGone { index } => {
                self.held.remove(&index);
                self.known_up.remove(&index);
                Report::LinkGone { index }
            }
            other @ (Report::Address(_) | Report::AddressGone(_)) => other,
        };
        self.note(&report);
        report
    }

    fn pass_link(
        &mut self,
        now: Instant,
        link: Link,
        mirror: &Mirror,
        patience: impl Fn(&str) -> Duration,
    ) -> Link {
        let was_usable = mirror.link_at(link.index).is_some_and(|before| before.usable);
        if link.usable == was_usable {
            if self.held.remove(&link.index).is_some() {
                tracing::info!("Delay timer for {} cancelled", link.name);
            }
            return link;
        }
        let delay = match self.table.get(&link.name) {
            Some(delay) if !link.usable => delay.down,
            Some(delay) if self.known_up.contains(&link.index) => delay.up,
            Some(_) | None => Duration::ZERO,
        };
        let patience = patience(&link.name);
        if patience < delay {
            tracing::debug!("lower advert_int reducing interface {} debounce timer(s)", link.name);
        }
        let delay = delay.min(patience);
        if delay.is_zero() {
            return link;
        }
        let before = mirror.link_at(link.index).map_or(0, |before| before.flags);
        let (at, held) = self.held.entry(link.index).or_insert_with(|| (now + delay, link.clone()));
        tracing::info!(
            "{}: Adding flags change from {before:#x} to {:#x} delay by {}",
            link.name,
            link.flags,
            at.saturating_duration_since(now).as_micros()
        );
        *held = link.clone();
        Link { usable: was_usable, ..link }
    }

    fn note(&mut self, report: &Report) {
        if let Report::Link(link) = report
            && link.usable
        {
            self.known_up.insert(link.index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn link(usable: bool) -> Link {
        Link { index: 2, name: "eth0".into(), usable, ..Link::default() }
    }

    fn patient(_: &str) -> Duration {
        Duration::MAX
    }

    /// Delays of two seconds down and three up, and a mirror in which the interface is up.
    fn bench() -> (Delays, Mirror) {
        let mut mirror = Mirror::default();
        mirror.apply(&Report::Link(link(true)));
        let delay = Delay { down: 2 * SECOND, up: 3 * SECOND };
        (Delays::new([("eth0".to_owned(), delay)].into(), &mirror), mirror)
    }

    #[test]
    fn a_state_counts_when_it_has_lasted() {
        let (mut delays, mut mirror) = bench();
        let now = Instant::now();
        let told = delays.pass(now, Report::Link(link(false)), &mirror, patient);
        assert_eq!(told, Report::Link(link(true)));
        assert_eq!(delays.deadline(), Some(now + 2 * SECOND));
        assert_eq!(delays.due(now + SECOND), []);
        assert_eq!(delays.due(now + 2 * SECOND), [Report::Link(link(false))]);
        mirror.apply(&Report::Link(link(false)));
        assert_eq!(delays.pass(now, Report::Link(link(true)), &mirror, patient), Report::Link(link(false)));
        assert_eq!(delays.deadline(), Some(now + 3 * SECOND));
    }

    #[test]
    fn no_change_is_held_back_for_longer_than_the_routers_on_it_can_wait() {
        let (mut delays, mirror) = bench();
        let now = Instant::now();
        let told = delays.pass(now, Report::Link(link(false)), &mirror, |_| SECOND / 2);
        assert_eq!(told, Report::Link(link(true)));
        assert_eq!(delays.deadline(), Some(now + SECOND / 2));
    }

    #[test]
    fn a_state_that_does_not_last_is_never_told() {
        let (mut delays, mirror) = bench();
        let now = Instant::now();
        delays.pass(now, Report::Link(link(false)), &mirror, patient);
        assert_eq!(
            delays.pass(now + SECOND, Report::Link(link(true)), &mirror, patient),
            Report::Link(link(true))
        );
        assert_eq!(delays.deadline(), None);
    }

    #[test]
    fn repetitions_do_not_prolong_the_delay_and_other_changes_pass() {
        let (mut delays, mirror) = bench();
        let now = Instant::now();
        delays.pass(now, Report::Link(link(false)), &mirror, patient);
        let larger = Link { mtu: 9000, ..link(false) };
        let told = delays.pass(now + SECOND, Report::Link(larger.clone()), &mirror, patient);
        assert_eq!(told, Report::Link(Link { usable: true, ..larger.clone() }));
        assert_eq!(delays.due(now + 2 * SECOND), [Report::Link(larger)]);
    }

    #[test]
    fn the_first_time_up_and_the_end_of_an_interface_count_at_once() {
        let delay = Delay { down: 2 * SECOND, up: 3 * SECOND };
        let mut mirror = Mirror::default();
        let mut delays = Delays::new([("eth0".to_owned(), delay)].into(), &mirror);
        let now = Instant::now();
        assert_eq!(delays.pass(now, Report::Link(link(true)), &mirror, patient), Report::Link(link(true)));
        mirror.apply(&Report::Link(link(true)));
        delays.pass(now, Report::Link(link(false)), &mirror, patient);
        let gone = Report::LinkGone { index: 2 };
        assert_eq!(delays.pass(now, gone.clone(), &mirror, patient), gone);
        assert_eq!(delays.deadline(), None);
    }
}
