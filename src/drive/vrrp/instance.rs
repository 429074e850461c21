//! One virtual router of the worker: the core, its part of the plan, and what the system says about what it needs.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use vrrp::io::socket::Endpoint;
use vrrp::log::{Detail, Line};
use vrrp::params::Transport;
use vrrp::track::{Object, Status};
use vrrp::{Cause, Event, Router};

use super::own::Own;
use super::tell::Voice;
use crate::drive::kernel::{Command, Id};
use crate::mirror::{Link, Mirror};
use crate::plan::address::Address;
use crate::plan::vrrp as plan;

/// One virtual router.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) id: Id,
    pub(super) plan: plan::Instance,
    pub(super) router: Router,
    /// The sync group it belongs to, as an index into the worker's.
    pub(super) group: Option<usize>,
    /// When it came to its state.
    pub(super) since: SystemTime,
    /// When it sent its last advert.
    pub(super) last_advert: Option<SystemTime>,
    pub(super) voice: Voice,
}

impl Instance {
    pub(super) fn new(id: Id, plan: plan::Instance) -> Self {
        Self {
            id,
            router: Router::new(Arc::clone(&plan.params)),
            group: None,
            plan,
            since: SystemTime::now(),
            last_advert: None,
            voice: Voice::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.plan.params.name
    }

    pub(super) fn log(&self, line: &Line) {
        match line.detail() {
            Detail::Normal => tracing::info!(instance = self.name(), "{}", line.of(self.name())),
            Detail::Detailed => tracing::debug!(instance = self.name(), "{}", line.of(self.name())),
        }
    }

    /// Logs that the advert that has just been sent was late enough to worry the backups; `sent` is how many there were
    /// before it.
    pub(super) fn log_lateness(&self, sent: u64) {
        let late = self.router.machine().punctuality().last_lateness;
        let is_worth_telling = late >= (self.plan.params.interval / 4).max(Duration::from_millis(50));
        if self.router.counters().sent > sent
            && self.router.machine().state() == vrrp::State::Master
            && is_worth_telling
        {
            tracing::info!("({}) Advert was sent {:.3} s late", self.name(), late.as_secs_f64());
        }
    }

    /// As [`Self::log`], where a line about the addresses stands for all that is held: the original has one for each kind.
    pub(super) fn log_all(&self, line: &Line) {
        let plan = &self.plan;
        let [excluded, routes] = [!plan.excluded.is_empty(), !plan.routes.is_empty()];
        let [rules, closed] = [!plan.rules.is_empty(), !plan.closed.is_empty()];
        let log = |is_due: bool, line: &Line| {
            if is_due {
                self.log(line);
            }
        };
        if let Line::RemovingVips = line {
            log(rules, &Line::RemovingRules);
            log(routes, &Line::RemovingRoutes);
            self.log(line);
            log(excluded, &Line::RemovingExcludedVips);
            log(closed, &Line::RemovingFirewallRule);
        } else if let Line::SettingVips = line {
            log(closed, &Line::SettingFirewallRule);
            self.log(line);
            log(excluded, &Line::SettingExcludedVips);
            log(routes, &Line::SettingRoutes);
            log(rules, &Line::SettingRules);
        } else {
            self.log(line);
        }
    }

    /// Where its adverts arrive; none while it has no address to be reached at.
    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        Endpoint::of(&self.plan.params, self.router.machine().source())
    }

    /// All addresses it holds as master, in the order in which they are announced.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &Arc<Address>> {
        self.plan.addresses.iter().chain(&self.plan.excluded)
    }

    /// The command to have all it holds as master.
    pub(super) fn hold(&self) -> Command {
        Command::Hold { id: self.id, objects: self.plan.objects(), closed: self.plan.closed.clone() }
    }

    /// What it does not know yet it does not wait for.
    pub(super) fn assume_what_is_unknown(&mut self) {
        let unknown: Vec<Object> = {
            let things = self.router.machine().tracker().things();
            let is_unknown = things.filter(|(_, status)| *status == Status::Unknown);
            is_unknown.map(|(tracked, _)| tracked.object.clone()).collect()
        };
        for object in unknown {
            // It has not begun, so it asks for nothing.
            self.router.handle(Instant::now(), Event::Track(object, Status::Assumed), &mut Vec::new());
        }
    }

    /// What the state of the system means for it: the events that bring the core up to date.
    pub(super) fn facts(&self, mirror: &Mirror, ours: &Own) -> Vec<Event> {
        let known = self.router.machine().causes();
        let mut events = Vec::new();
        if let (true, Some(source)) = (self.plan.needs_source, self.plan.params.source) {
            let cause = Cause::SourceNotConfigured;
            match (mirror.holds(source), known.contains(&cause)) {
                (true, true) => events.push(Event::Recover(cause)),
                (false, false) => events.push(Event::Fault(cause)),
                (true, false) | (false, true) => {}
            }
        }
        if let (Transport::Multicast { .. }, Some(link)) = (
            &self.plan.params.transport,
            self.plan.params.interface.as_ref().and_then(|name| mirror.link(name)),
        ) {
            let cause = Cause::NoMulticast;
            match (mirror.base(link).multicast(), known.contains(&cause)) {
                (true, true) => events.push(Event::Recover(cause)),
                (false, false) => events.push(Event::Fault(cause)),
                (true, false) | (false, true) => {}
            }
        }
        if let (None, Some(interface)) = (self.plan.params.source, &self.plan.speaks_as) {
            let usable = mirror.sources(interface, self.plan.params.family);
            let source = choose_source(self.router.machine().source(), usable, ours);
            if source.is_none() != known.contains(&Cause::NoSource)
                || (source.is_some() && source != self.router.machine().source())
            {
                events.push(Event::Source(source));
            }
        }
        for name in self.plan.interfaces() {
            let object = Object::Interface(name.clone());
            let is_meant = |link: &Link| self.plan.made.get(name).is_none_or(|kind| kind.is_that_of(link));
            let is_up = mirror.link(name).is_some_and(|link| link.usable && is_meant(link));
            let status = if is_up { Status::Up } else { Status::Down };
            if self.router.machine().tracker().status(&object) != Some(status) {
                events.push(Event::Track(object, status));
            }
        }
        events
    }
}

/// The one in use as long as it is there, at first the first, later the last; never an address that moves between routers.
fn choose_source(current: Option<IpAddr>, mut usable: Vec<IpAddr>, ours: &Own) -> Option<IpAddr> {
    usable.retain(|address| !ours.contains(address));
    match current {
        Some(current) if usable.contains(&current) => Some(current),
        Some(_) => usable.last().copied(),
        None => usable.first().copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::{Held, Link, LinkKind, Report};
    use crate::plan::vmac::Kind;
    use netlink_packet_route::link::LinkFlags;
    use std::collections::BTreeSet;
    use vrrp::announce::Schedule;
    use vrrp::params::{Auth, Checksum, GROUP_IPV4, Params, Preempt, Role, Switch};
    use vrrp::track::Tracked;
    use vrrp::{Family, Priority, Version, Vrid};

    const VIP: [u8; 4] = [10, 0, 0, 100];

    fn instance() -> Instance {
        let params = Params {
            name: "VI_1".into(),
            version: Version::V2,
            family: Family::Ipv4,
            vrid: Vrid::new(51).expect("not 0"),
            interface: Some("eth0".into()),
            source: None,
            transport: Transport::Multicast { group: GROUP_IPV4.into() },
            role: Role::Backup,
            priority: Priority::DEFAULT,
            interval: Duration::from_secs(1),
            down_adverts: 3,
            preempt: Preempt::AtOnce,
            addresses: vec![VIP.into()],
            auth: Auth::None,
            signing: None,
            checksum: Checksum::Standard,
            answer_lower: Switch::On,
            answer_higher: Switch::Off,
            owner_deaf: Switch::Off,
            trust_addresses: Switch::Off,
            together: Switch::Off,
            yields_when_late: None,
            track: vec![Tracked::needed(Object::Interface("eth0".into()))],
            announce: Schedule::default(),
        };
        let plan = plan::Instance {
            params: Arc::new(params),
            addresses: Vec::new(),
            excluded: Vec::new(),
            routes: Vec::new(),
            rules: Vec::new(),
            closed: BTreeSet::new(),
            receive_buffer: None,
            needs_source: false,
            speaks_as: Some("eth0".into()),
            elsewhere: BTreeSet::new(),
            made: std::collections::BTreeMap::new(),
            scripts: crate::plan::notify::Scripts::default(),
            tells_priority: false,
            smtp_alert: false,
            report_deleted: false,
        };
        Instance::new(1, plan)
    }

    fn mirror(usable: bool, addresses: &[[u8; 4]]) -> Mirror {
        let mut mirror = Mirror::default();
        let (mac, name) = (Some([2, 0, 0, 0, 0, 1]), "eth0".into());
        let link = Link {
            index: 2,
            name,
            mac,
            broadcast: [0xff; 6],
            usable,
            flags: LinkFlags::Multicast.bits(),
            arp: true,
            mtu: 1500,
            ..Link::default()
        };
        mirror.apply(&Report::Link(link));
        for address in addresses {
            let held = Held { index: 2, address: (*address).into(), prefix: 24, primary: true };
            mirror.apply(&Report::Address(held));
        }
        mirror
    }

    fn ours() -> Own {
        [VIP.into()].into_iter().collect()
    }

    fn eth0() -> Object {
        Object::Interface("eth0".into())
    }

    fn with_eth0_up() -> Instance {
        let mut instance = instance();
        let up = Event::Track(eth0(), Status::Up);
        instance.router.handle(Instant::now(), up, &mut Vec::new());
        instance
    }

    #[test]
    fn a_usable_interface_with_an_address_gives_the_source_and_no_fault() {
        let facts = instance().facts(&mirror(true, &[[10, 0, 0, 1]]), &ours());
        let up = Event::Track(eth0(), Status::Up);
        assert_eq!(facts, [Event::Source(Some([10, 0, 0, 1].into())), up]);
    }

    #[test]
    fn a_moving_address_is_never_the_source() {
        assert_eq!(with_eth0_up().facts(&mirror(true, &[VIP]), &ours()), []);
        let facts = with_eth0_up().facts(&mirror(true, &[VIP, [10, 0, 0, 2]]), &ours());
        assert_eq!(facts, [Event::Source(Some([10, 0, 0, 2].into()))]);
    }

    #[test]
    fn a_dead_or_missing_interface_is_a_fault() {
        let down = Event::Track(eth0(), Status::Down);
        for mirror in [mirror(false, &[]), Mirror::default()] {
            assert_eq!(instance().facts(&mirror, &ours()), std::slice::from_ref(&down));
        }
    }

    #[test]
    fn multicast_needs_an_interface_that_takes_part_in_it() {
        let deaf = |mut mirror: Mirror| {
            let link = mirror.link("eth0").cloned().expect("it is there");
            mirror.apply(&Report::Link(Link { flags: 0, ..link }));
            mirror
        };
        let mirror = || mirror(true, &[[10, 0, 0, 1]]);
        let mut instance = with_eth0_up();
        let fault = Event::Fault(Cause::NoMulticast);
        assert!(instance.facts(&deaf(mirror()), &ours()).contains(&fault));
        assert!(!instance.facts(&mirror(), &ours()).contains(&fault));
        instance.router.handle(Instant::now(), fault, &mut Vec::new());
        assert!(instance.facts(&mirror(), &ours()).contains(&Event::Recover(Cause::NoMulticast)));
        Arc::make_mut(&mut instance.plan.params).transport =
            Transport::Unicast { peers: Vec::new(), check_source: false, ttl: None };
        assert!(
            !instance.facts(&deaf(mirror()), &ours()).iter().any(|event| matches!(event, Event::Fault(_)))
        );
    }

    #[test]
    fn an_interface_that_only_bears_the_name_of_a_vmac_is_not_the_routers() {
        let mut instance = instance();
        instance.plan.made = [("eth0".to_owned(), Kind::Macvlan { mac: [2, 0, 0, 0, 0, 1] })].into();
        let mut mirror = mirror(true, &[[10, 0, 0, 1]]);
        assert!(instance.facts(&mirror, &ours()).contains(&Event::Track(eth0(), Status::Down)));
        let link = mirror.link("eth0").cloned().expect("it is there");
        mirror.apply(&Report::Link(Link { kind: LinkKind::PrivateMacvlan, ..link }));
        assert!(instance.facts(&mirror, &ours()).contains(&Event::Track(eth0(), Status::Up)));
    }

    #[test]
    fn a_configured_source_that_is_watched_must_be_on_the_machine() {
        let mut instance = instance();
        Arc::make_mut(&mut instance.plan.params).source = Some([10, 0, 0, 2].into());
        instance.plan.needs_source = true;
        let missing = Event::Fault(Cause::SourceNotConfigured);
        assert!(instance.facts(&mirror(true, &[[10, 0, 0, 1]]), &ours()).contains(&missing));
        assert!(!instance.facts(&mirror(true, &[[10, 0, 0, 2]]), &ours()).contains(&missing));
    }

    #[test]
    fn the_source_stays_while_it_is_there() {
        let mut instance = with_eth0_up();
        let now = Instant::now();
        instance.router.handle(now, Event::Source(Some([10, 0, 0, 2].into())), &mut Vec::new());
        let both = [[10, 0, 0, 1], [10, 0, 0, 2]];
        assert_eq!(instance.facts(&mirror(true, &both), &ours()), []);
        let facts = instance.facts(&mirror(true, &both[..1]), &ours());
        assert_eq!(facts, [Event::Source(Some([10, 0, 0, 1].into()))]);
    }
}
