//! What the worker is like at this moment.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Instant, SystemTime};

use vrrp::track::Status;
use vrrp::{Family, State};

use super::{Instance, Worker};
use crate::mirror::Link;
use crate::status::vrrp as status;

impl Worker {
    /// Looks at everything once; asks nobody, so that no advert waits for it.
    pub(super) fn status(&self) -> status::VrrpStatus {
        let indexes: BTreeMap<&str, u32> =
            self.mirror.links().map(|link| (link.name.as_str(), link.index)).collect();
        let clock = Clock { now: Instant::now(), wall: SystemTime::now() };
        let is_faulted = |index: &usize| self.instances[*index].router.machine().state() == State::Fault;
        status::VrrpStatus {
            instances: self.instances.iter().map(|one| self.status_of(one, &indexes, clock)).collect(),
            groups: self
                .groups
                .iter()
                .map(|group| status::Group {
                    name: group.plan.name.clone(),
                    state: group.core.state(),
                    faulted: group.plan.members.iter().filter(|index| is_faulted(index)).count(),
                })
                .collect(),
            watched: self.watch.status(),
            paths_up: {
                let up = self.paths.iter().filter(|(_, status)| **status == Status::Up);
                up.map(|(session, _)| session.clone()).collect()
            },
            standing: self
                .standing
                .iter()
                .map(|one| {
                    let index = indexes.get(one.interface.as_str());
                    index.is_some_and(|index| self.mirror.has(*index, one.address, one.prefix))
                })
                .collect(),
            links: self.mirror.links().map(|link| self.status_of_link(link)).collect(),
        }
    }

    /// In a few words.
    pub(super) fn summary(&self) -> String {
        let count = |state| {
            let count = self.instances.iter().filter(|one| one.router.machine().state() == state).count();
            (count > 0).then(|| format!("{count} {}", state.word()))
        };
        let counts: Vec<_> =
            [State::Master, State::Backup, State::Fault].into_iter().filter_map(count).collect();
        if counts.is_empty() { "no virtual router".to_owned() } else { counts.join(", ") }
    }

    fn status_of(
        &self,
        instance: &Instance,
        indexes: &BTreeMap<&str, u32>,
        clock: Clock,
    ) -> status::Instance {
        let (router, machine) = (&instance.router, instance.router.machine());
        let is_master = machine.state() == State::Master;
        let holds = instance.addresses().map(|one| {
            let index = indexes.get(one.interface.as_str());
            is_master && index.is_some_and(|index| self.mirror.has(*index, one.address, one.prefix))
        });
        status::Instance {
            name: instance.name().to_owned(),
            state: machine.state(),
            wanted: machine.wanted(),
            causes: machine.causes().clone(),
            since: instance.since,
            due: machine.due().map(|at| clock.at(at)),
            master_down: machine.master_down(),
            master_interval: machine.master_interval(),
            leader: machine.leader(),
            effective_priority: machine.priority().get(),
            total_priority: machine.total_priority(),
            source: machine.source(),
            sockets: instance.endpoint().and_then(|endpoint| self.sockets.descriptors(&endpoint)),
            last_advert: instance.last_advert,
            holds: holds.collect(),
            counters: *router.counters(),
            punctuality: machine.punctuality(),
        }
    }

    fn status_of_link(&self, link: &Link) -> status::Link {
        let is_own = |address: &IpAddr| !self.ours.contains(address);
        let all = |family| self.mirror.sources_at(link.index, family).into_iter().filter(is_own);
        let (mut ipv4, mut ipv6) = (all(Family::Ipv4), all(Family::Ipv6));
        let (ipv4, ipv6) = (ipv4.next(), ipv6.next());
        let is_other = |address: &IpAddr| Some(*address) != ipv4 && Some(*address) != ipv6 && is_own(address);
        let others = [Family::Ipv4, Family::Ipv6].map(|family| self.mirror.addresses_at(link.index, family));
        status::Link {
            name: link.name.clone(),
            index: link.index,
            ipv4: ipv4.and_then(|address| match address {
                IpAddr::V4(v4) => Some(v4),
                IpAddr::V6(_) => None,
            }),
            ipv6: ipv6.and_then(|address| match address {
                IpAddr::V6(v6) => Some(v6),
                IpAddr::V4(_) => None,
            }),
            others: others.into_iter().flatten().filter(is_other).collect(),
            group: link.group,
            mac: link.mac,
            broadcast: link.broadcast,
            flags: link.flags,
            hardware: link.hardware,
            mtu: link.mtu,
        }
    }

    /// Counts everything anew.
    pub(super) fn clear_counters(&mut self) {
        for instance in &mut self.instances {
            instance.router.clear_counters();
        }
    }
}

/// The two clocks at the same moment.
#[derive(Clone, Copy)]
struct Clock {
    now: Instant,
    wall: SystemTime,
}

impl Clock {
    /// The time of day at another moment.
    fn at(self, moment: Instant) -> SystemTime {
        match moment.checked_duration_since(self.now) {
            Some(ahead) => self.wall + ahead,
            None => self.wall - self.now.duration_since(moment),
        }
    }
}
