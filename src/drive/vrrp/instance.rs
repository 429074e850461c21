//! One virtual router of the worker: the core, its part of the plan, and what the system says about what it needs.

use std::collections::BTreeSet;
use std::net::IpAddr;

use vrrp::io::socket::Endpoint;
use vrrp::log::{Detail, Line};
use vrrp::{Cause, Event, Router, State};

use crate::drive::kernel::Id;
use crate::mirror::Mirror;
use crate::plan::vrrp as plan;

/// One virtual router.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) id: Id,
    pub(super) plan: plan::Instance,
    pub(super) router: Router,
    /// The last state told by mail; the same one twice is told once.
    pub(super) mailed: Option<State>,
}

impl Instance {
    pub(super) fn new(id: Id, plan: plan::Instance) -> Self {
        Self { id, router: Router::new(plan.params.clone()), plan, mailed: None }
    }

    pub(super) fn name(&self) -> &str {
        &self.plan.params.name
    }

    pub(super) fn log(&self, line: &Line) {
        match line.detail() {
            Detail::Normal => tracing::info!("{}", line.of(self.name())),
            Detail::Detailed => tracing::debug!("{}", line.of(self.name())),
        }
    }

    /// Where its adverts arrive; none while it has no address to be reached at.
    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        Endpoint::of(&self.plan.params, self.router.machine().source())
    }

    /// All addresses it holds as master, in the order in which they are announced.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &plan::Address> {
        self.plan.addresses.iter().chain(&self.plan.excluded)
    }

    /// What the state of the system means for it: the events that bring the core up to date.
    pub(super) fn facts(&self, mirror: &Mirror, ours: &BTreeSet<IpAddr>) -> Vec<Event> {
        let known = self.router.machine().causes();
        let mut events = Vec::new();
        let needed: BTreeSet<&String> = self.plan.needs.iter().collect();
        // Interfaces that a reload has made unimportant.
        for cause in known {
            if let Cause::Interface(name) = cause
                && !needed.contains(name)
            {
                events.push(Event::Recover(cause.clone()));
            }
        }
        if let (None, Some(interface)) = (self.plan.params.source, &self.plan.params.interface) {
            let source = choose_source(self.router.machine().source(), interface, mirror, ours);
            if source.is_none() != known.contains(&Cause::NoSource)
                || (source.is_some() && source != self.router.machine().source())
            {
                events.push(Event::Source(source));
            }
        }
        for name in needed {
            let cause = Cause::Interface(name.clone());
            match (mirror.usable(name), known.contains(&cause)) {
                (true, true) => events.push(Event::Recover(cause)),
                (false, false) => events.push(Event::Fault(cause)),
                (true, false) | (false, true) => {}
            }
        }
        events
    }
}

/// The one in use as long as it is there, else the first; never an address that moves between routers.
fn choose_source(
    current: Option<IpAddr>,
    interface: &str,
    mirror: &Mirror,
    ours: &BTreeSet<IpAddr>,
) -> Option<IpAddr> {
    let usable: Vec<IpAddr> =
        mirror.primary_ipv4(interface).filter(|address| !ours.contains(address)).collect();
    current.filter(|address| usable.contains(address)).or_else(|| usable.first().copied())
}
