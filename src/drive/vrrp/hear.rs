//! What the kernel, the watched things and the BFD sessions report goes to the virtual routers it concerns.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use vrrp::bfd::Reach;
use vrrp::track::{Object, Status};
use vrrp::{Event, State};

use super::Worker;
use super::instance::Instance;
use super::tidings;
use super::watch::News;
use crate::drive::kernel::{Answer, Id};
use crate::mirror::{Mirror, Report};
use crate::plan::address::Address;
use crate::plan::object;
use crate::worker::PathNews;

impl Worker {
    pub(super) fn hear_kernel(&mut self, answer: Answer) {
        match answer {
            Answer::Report(report) => {
                let (instances, mirror) = (&self.instances, &self.mirror);
                let patience = |name: &str| patience(instances, mirror, name);
                let report = self.delays.pass(Instant::now(), report, mirror, patience);
                self.hear_report(&report);
            }
            Answer::Held { id, added } => {
                if let Some(index) = self.position(id) {
                    self.tell(index, Event::AddressesHeld { added });
                }
            }
            Answer::Lost { id, object } => {
                let Some(index) = self.position(id) else { return };
                if let object::Object::Address(one) = &object {
                    let Address { address, interface, .. } = &**one;
                    tracing::debug!("Netlink reflector reports IP {address} removed from {interface}");
                }
                self.tell(index, Event::AddressLost);
            }
            Answer::Current | Answer::Clean | Answer::Prepared => {}
        }
    }

    /// Tells every virtual router what is new about the things it tracks.
    pub(super) fn hear_news(&mut self, news: News) {
        for (object, status) in news {
            for index in 0..self.instances.len() {
                if self.instances[index].router.machine().tracker().status(&object).is_some() {
                    self.tell(index, Event::Track(object.clone(), status));
                }
            }
        }
    }

    /// BFD sessions say how they are: every virtual router that watches one hears of it.
    pub(super) fn hear_paths(&mut self, news: &[PathNews]) {
        for one in news {
            let object = Object::Bfd(one.session.clone());
            let status = match one.reach {
                Reach::Up => Status::Up,
                Reach::Down => Status::Down,
            };
            self.paths.insert(one.session.clone(), status);
            let known = |instance: &Instance| instance.router.machine().tracker().status(&object);
            if self.instances.iter().any(|instance| known(instance).is_some()) {
                one.log();
            }
            self.hear_news(vec![(object, status)]);
        }
    }

    /// Tells a virtual router what is known of the things it tracks, as far as it does not know. What nobody knows is
    /// `unknown` to it.
    pub(super) fn tell_what_is_known(&mut self, index: usize, unknown: Status) {
        let paths = self.paths.iter().map(|(session, status)| (Object::Bfd(session.clone()), *status));
        for (object, status) in self.watch.known().into_iter().chain(paths).collect::<News>() {
            let status = if status == Status::Unknown { unknown } else { status };
            let known = self.instances[index].router.machine().tracker().status(&object);
            if known.is_some_and(|known| known != status) {
                self.tell(index, Event::Track(object, status));
            }
        }
    }

    fn position(&self, id: Id) -> Option<usize> {
        self.instances.iter().position(|instance| instance.id == id)
    }

    /// An interface or an address has come, changed or gone.
    pub(super) fn hear_report(&mut self, report: &Report) {
        self.log_address(report);
        let before = self.mirror.apply(report);
        match report {
            Report::Link(link) => self.sockets.make_room(link.mtu),
            // With thousands of addresses moving, these are nearly all there is to hear, and nobody speaks from them.
            Report::Address(held) | Report::AddressGone(held) if self.ours.contains(&held.address) => return,
            Report::Address(_) | Report::AddressGone(_) | Report::LinkGone { .. } => {}
        }
        let name = |report: &Report| match report {
            Report::Link(link) => Some(link.name.clone()),
            Report::LinkGone { .. } => None,
            Report::Address(held) | Report::AddressGone(held) => {
                self.mirror.link_at(held.index).map(|link| link.name.clone())
            }
        };
        let was_usable = before.as_ref().is_some_and(|link| link.usable);
        let concerned: BTreeSet<String> =
            before.iter().map(|link| link.name.clone()).chain(name(report)).collect();
        let link = match report {
            Report::Link(link) => Some(link.index),
            Report::LinkGone { index } => Some(*index),
            Report::Address(_) | Report::AddressGone(_) => None,
        };
        let of_routers: BTreeSet<&String> =
            self.instances.iter().flat_map(|one| one.plan.places().chain(one.plan.interfaces())).collect();
        if let (Some(link), true) = (link, concerned.iter().any(|name| of_routers.contains(name))) {
            tidings::link(before.as_ref(), self.mirror.link_at(link));
        }
        for name in &concerned {
            if of_routers.contains(name) {
                self.tidings.address(name, &self.mirror, &self.ours);
            }
            let is_usable = self.mirror.usable(name);
            let is_link = matches!(report, Report::Link(_) | Report::LinkGone { .. });
            let is_needed =
                self.instances.iter().any(|one| one.plan.interfaces().any(|needed| needed == name));
            if is_link && is_needed && is_usable != was_usable {
                let is_polled = self.mirror.link(name).is_some_and(|link| link.polled);
                let who = if is_polled { "Linkbeat" } else { "Netlink" };
                tracing::info!("{who} reports {name} {}", if is_usable { "up" } else { "down" });
            }
        }
        for index in 0..self.instances.len() {
            let plan = &self.instances[index].plan;
            let names = || plan.interfaces().chain(plan.places());
            let is_concerned = plan.needs_source || names().any(|name| concerned.contains(name));
            if is_concerned {
                self.bring_up_to_date(index);
            }
        }
    }

    /// `--address-monitoring`: what others do, as the original.
    pub(super) fn log_address(&self, report: &Report) {
        if !self.watch_addresses {
            return;
        }
        let (held, change) = match report {
            Report::Address(held) => (held, "added to"),
            Report::AddressGone(held) => (held, "removed from"),
            Report::Link(_) | Report::LinkGone { .. } => return,
        };
        let is_news = self.mirror.has(held.index, held.address, held.prefix) != (change == "added to");
        if self.ours.contains(&held.address) {
            return;
        }
        if let Some(link) = self.mirror.link_at(held.index).filter(|_| is_news) {
            tracing::info!("Netlink reflector reports IP {} {change} {}", held.address, link.name);
        }
    }

    /// Tells a virtual router what has changed among the things it needs, sockets first so that it can use what it learns.
    pub(super) fn bring_up_to_date(&mut self, index: usize) {
        let instance = &self.instances[index];
        let events = instance.facts(&self.mirror, &self.ours);
        for event in events {
            if self.instances[index].router.machine().state() != State::Init {
                // What could not be opened has been logged and is tried again with the next change.
                let _ = self.open_sockets(index);
            }
            self.tell(index, event);
        }
    }
}

/// How long a change of an interface may be held back: a backup that has learnt a shorter interval from its master would
/// take over before that (§13.4).
fn patience(instances: &[Instance], mirror: &Mirror, interface: &str) -> Duration {
    let is_on = |instance: &&Instance| {
        let own = instance.plan.params.interface.as_deref();
        let base = || own.and_then(|own| mirror.link(own)).map(|link| mirror.base(link).name.as_str());
        own == Some(interface) || base() == Some(interface)
    };
    let each = instances.iter().filter(is_on).map(|instance| {
        let machine = instance.router.machine();
        let interval = machine.master_interval();
        match machine.params().down_adverts {
            0 | 1 => Duration::ZERO,
            adverts => interval * u32::from(adverts - 1) - interval / 256,
        }
    });
    each.min().unwrap_or(Duration::MAX)
}
