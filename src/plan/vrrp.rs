//! `vrrp_instance` blocks to the VRRP worker's plan.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parser::config::{self, Config, DynamicInterfaces, Peering, UnicastChecksum, VrrpInstance};
use parser::diag::{Class, Diagnostic};
use serde::{Deserialize, Serialize};
use vrrp::announce::Schedule;
use vrrp::params::{Auth, Checksum, Password, Peer, Preempt, Role, Switch, Transport};
use vrrp::track::Object as Thing;
use vrrp::{Family, Params, Priority, Version, Vrid};

use super::address::{self, Address};
use super::delay::{self, Delay};
use super::firewall::{self, Closed};
use super::iproute::Names;
use super::ipvs;
use super::notify::{self, Fifo, Scope, Scripts};
use super::object::Object;
use super::route::{self, Route};
use super::rule::{self, Rule};
use super::script::Vetting;
use super::standing::{self, Standing};
use super::vmac::Workshop;
use super::watch::{self, Watched};
use super::{Keep, System, signing, track};
use crate::notify::mail;

/// The most addresses an advert can count.
const MAX_ADDRESSES: usize = 255;

/// The largest packet of an interface that does not say, in bytes.
const MTU: u32 = 1500;

/// What the VRRP worker does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VrrpPlan {
    /// Who is told by mail.
    pub(crate) alerts: Option<mail::Settings>,
    /// What it watches for them.
    pub(crate) watched: Watched,
    /// The FIFOs it writes to.
    pub(crate) fifos: Vec<Fifo>,
    /// `fifo_write_vrrp_states_on_reload`
    pub(crate) repeat_states: bool,
    /// The virtual routers, in the order of the file.
    pub(crate) instances: Vec<Instance>,
    /// The sync groups, in the order of the file.
    pub(crate) groups: Vec<Group>,
    /// What stands while the configuration does.
    pub(crate) standing: Standing,
    /// `lvs_sync_daemon` of an instance: its name, and the daemon as the master's.
    pub(crate) sync_daemon: Option<(String, ::ipvs::Daemon)>,
    /// `interface_up_down_delays`, by name of the interface.
    pub(crate) delays: BTreeMap<String, Delay>,
    /// `vrrp_startup_delay`.
    pub(crate) startup_delay: Duration,
    /// `log_unknown_vrids`.
    pub(crate) log_unknown_vrids: bool,
    /// `vrrp_garp_interval`, `vrrp_gna_interval` and `garp_group`.
    pub(crate) spacing: Spacing,
}

/// How far apart announcements are kept; zero is not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spacing {
    /// Of every interface that is in none of the groups, on its own.
    pub(crate) each: Space,
    /// Interfaces that share one space.
    pub(crate) groups: Vec<(Space, Vec<String>)>,
}

/// The space between two frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Space {
    /// Of gratuitous ARP.
    pub(crate) arp: Duration,
    /// Of neighbour advertisements.
    pub(crate) na: Duration,
}

impl VrrpPlan {
    /// Whether it has programs run.
    pub(crate) fn has_scripts(&self) -> bool {
        let scripts =
            self.instances.iter().map(|one| &one.scripts).chain(self.groups.iter().map(|one| &one.scripts));
        !self.watched.scripts.is_empty()
            || scripts.into_iter().any(|scripts| *scripts != Scripts::default())
            || self.fifos.iter().any(|fifo| fifo.script.is_some())
    }

    /// All that it may put into the kernel, in the order in which it is deleted.
    pub(crate) fn objects(&self) -> Vec<Object> {
        let instances = self.instances.iter().flat_map(|instance| instance.objects().into_iter().rev());
        instances.chain(self.standing.objects.iter().rev().cloned()).collect()
    }
}

/// One virtual router and what it does to the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// The election.
    pub(crate) params: Params,
    /// `virtual_ipaddress`.
    pub(crate) addresses: Vec<Address>,
    /// `virtual_ipaddress_excluded`: held like the others, but not in the adverts.
    pub(crate) excluded: Vec<Address>,
    /// `virtual_routes`.
    pub(crate) routes: Vec<Route>,
    /// `virtual_rules`.
    pub(crate) rules: Vec<Rule>,
    /// Addresses that packets are neither sent to nor from while it is master (`no_accept`).
    pub(crate) closed: BTreeSet<Closed>,
    /// `track_src_ip`: it is in FAULT while its configured source address is not on this machine.
    pub(crate) needs_source: bool,
    /// The interface whose address adverts leave from, if none is configured: below a VMAC in IPv4.
    pub(crate) speaks_as: Option<String>,
    /// Who is told of its changes by scripts.
    pub(crate) scripts: Scripts,
    /// `notify_priority_changes`
    pub(crate) tells_priority: bool,
    /// `smtp_alert`.
    pub(crate) smtp_alert: bool,
    /// Report DELETED instead of FAULT when a reload removes it.
    pub(crate) report_deleted: bool,
}

impl Instance {
    /// All it holds as master, in the order in which it is added.
    pub(crate) fn objects(&self) -> Vec<Object> {
        let addresses = self.addresses.iter().chain(&self.excluded).cloned().map(Object::Address);
        let routes = self.routes.iter().cloned().map(|route| Object::Route(Box::new(route)));
        let rules = self.rules.iter().cloned().map(|rule| Object::Rule(Box::new(rule)));
        addresses.chain(routes).chain(rules).collect()
    }

    /// The interfaces it watches.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = &String> {
        self.params.track.iter().filter_map(|tracked| match &tracked.object {
            Thing::Interface(name) => Some(name),
            Thing::Script(_) | Thing::File(_) | Thing::Process(_) | Thing::Bfd(_) => None,
        })
    }
}

/// A sync group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// Its members, as indexes into the instances of the plan; never empty.
    pub(crate) members: Vec<usize>,
    /// Who is told of its changes by scripts.
    pub(crate) scripts: Scripts,
    /// `smtp_alert`.
    pub(crate) smtp_alert: bool,
}

/// What is the same for all instances.
struct Around<'a, 'b> {
    config: &'a Config,
    system: &'a System,
    names: &'a Names,
    workshop: &'a mut Workshop<'b>,
    watched: &'a Watched,
}

/// Translates; what is wrong in the light of the running system goes to `complaints`.
pub(super) fn plan(
    config: &Config,
    system: &System,
    alerts: Option<mail::Settings>,
    complaints: &mut Vec<Diagnostic>,
) -> VrrpPlan {
    assemble(config, system, alerts, Keep::Everything, complaints)
}

/// Finds what is wrong, as [`plan`] does, and keeps nothing else.
pub(super) fn examine(config: &Config, system: &System, complaints: &mut Vec<Diagnostic>) {
    assemble(config, system, None, Keep::Nothing, complaints);
}

fn assemble(
    config: &Config,
    system: &System,
    alerts: Option<mail::Settings>,
    keep: Keep,
    complaints: &mut Vec<Diagnostic>,
) -> VrrpPlan {
    check_interfaces(config, system, complaints);
    let names = Names::of(&config.global);
    let mut workshop = Workshop::new(config, system, &names);
    let mut vetting = Vetting::new(&config.global);
    let watched = watch::plan(config, &mut vetting);
    let mut around = Around { config, system, names: &names, workshop: &mut workshop, watched: &watched };
    let mut instances = keep.room(config.vrrp_instances.len());
    let mut any_closed = false;
    for instance in &config.vrrp_instances {
        let Some(planned) = translate(instance, &mut around, &mut vetting, complaints) else { continue };
        any_closed |= !planned.closed.is_empty();
        keep.push(&mut instances, planned);
    }
    let standing = standing::plan(config, &names, workshop.finish(), any_closed, complaints);
    let groups = groups(config, &instances, &mut vetting);
    let fifos = if config.present.vrrp {
        let own = config.global.vrrp_notify_fifo.as_ref();
        notify::fifos(config, own, Scope::Vrrp, !config.present.checkers, &mut vetting)
    } else {
        Vec::new()
    };
    vetting.finish("scripts", complaints);
    VrrpPlan {
        alerts,
        watched,
        fifos,
        repeat_states: config.global.fifo_write_vrrp_states_on_reload,
        groups,
        instances,
        delays: delay::plan(config, &standing.vmacs),
        standing,
        sync_daemon: ipvs::deciding(config),
        startup_delay: config.global.vrrp_startup_delay,
        log_unknown_vrids: config.global.log_unknown_vrids,
        spacing: Spacing {
            each: Space { arp: config.global.garp_interval, na: config.global.gna_interval },
            groups: config.garp_groups.iter().map(space_of_group).collect(),
        },
    }
}

fn space_of_group(group: &config::GarpGroup) -> (Space, Vec<String>) {
    let interfaces = group.interfaces.iter().map(|name| name.value.to_string()).collect();
    (Space { arp: group.garp_interval, na: group.gna_interval }, interfaces)
}

/// Without `dynamic_interfaces` an interface that is missing now is a mistake that nothing can run with.
fn check_interfaces(config: &Config, system: &System, complaints: &mut Vec<Diagnostic>) {
    if config.global.dynamic_interfaces != DynamicInterfaces::No {
        return;
    }
    let before = complaints.len();
    for instance in &config.vrrp_instances {
        let own = instance.interface.iter();
        let of_addresses =
            instance.addresses.iter().chain(&instance.excluded).filter_map(|one| one.dev.as_ref());
        for interface in own.chain(of_addresses) {
            if !system.interfaces.contains(interface.value.as_str()) {
                let text = format!(
                    "WARNING - interface {} for vrrp_instance {} doesn't exist",
                    interface.value, instance.name
                );
                complaints.push(Diagnostic::new(Class::General, Some(interface.span.clone()), text));
            }
        }
    }
    if complaints.len() > before {
        let text = "Non-existent interface specified in configuration";
        complaints.push(Diagnostic::new(Class::BadInterface, None, text));
        let help =
            "Create the interface first, correct its name, or set dynamic_interfaces if it comes later";
        complaints.push(Diagnostic::new(Class::Log, None, help));
    }
}

/// The groups without the instances that were left out.
fn groups(config: &Config, instances: &[Instance], vetting: &mut Vetting<'_>) -> Vec<Group> {
    let place = |member: &usize| {
        let name = &config.vrrp_instances.get(*member)?.name;
        instances.iter().position(|instance| instance.params.name == *name)
    };
    let group = |group: &config::SyncGroup| Group {
        name: group.name.clone(),
        members: group.members.iter().filter_map(place).collect(),
        scripts: Scripts::plan(&group.notify, vetting),
        smtp_alert: group.smtp_alert,
    };
    config.sync_groups.iter().map(group).filter(|group| !group.members.is_empty()).collect()
}

/// One block; nothing if it asks for what would be unsafe to leave out.
fn translate(
    instance: &VrrpInstance,
    around: &mut Around<'_, '_>,
    vetting: &mut Vetting<'_>,
    complaints: &mut Vec<Diagnostic>,
) -> Option<Instance> {
    let Around { config, system, names, watched, .. } = *around;
    let workshop = &mut *around.workshop;
    // The original looks for lateness only then.
    let late = !config.global.min_auto_priority_delay.is_zero();
    let signing = match &instance.hmac {
        Some(hmac) => signing::plan(&instance.name, hmac, complaints).map(Some),
        None => Ok(None),
    };
    let mut complain = |class, text: String| {
        complaints.push(Diagnostic::new(
            class,
            Some(instance.span.clone()),
            format!("({}) {text}", instance.name),
        ));
    };
    // Without its authentication it would be another router than the one configured.
    let Ok(signing) = signing else {
        let text = "active key of auth_hmac cannot be used - ignoring the instance";
        complain(Class::General, text.to_owned());
        return None;
    };
    let base = instance.interface.as_ref().map(|name| name.value.to_string());
    let own = workshop.own(instance).cloned();
    let vmac = own.as_ref().map(|vmac| vmac.name.clone());
    // The original speaks from below when it has to reach peers by their addresses.
    let from_below = instance.vmac_xmit_base || !matches!(instance.peering, Peering::Multicast { .. });
    let interface =
        vmac.clone().filter(|_| instance.ipvlan.is_some() || !from_below).or_else(|| base.clone());
    let speaks_as = match instance.family {
        config::Family::V4 => base.clone(),
        config::Family::V6 => interface.clone(),
    };
    let mut translate_all = |addresses: &[config::Address]| -> Vec<Address> {
        addresses
            .iter()
            .filter_map(|one| match address::translate(one, base.as_deref(), names) {
                Ok(address) => {
                    let interface = place(one, &address, instance, vmac.as_deref(), workshop);
                    Some(Address { interface, ..address })
                }
                Err(reason) => {
                    complain(Class::General, format!("{} {reason} - ignoring it", one.prefix));
                    None
                }
            })
            .collect()
    };
    let mut addresses = translate_all(&instance.addresses);
    let mut excluded = translate_all(&instance.excluded);
    let room = room_for_addresses(instance, system);
    if addresses.len() > room {
        complain(
            Class::General,
            format!(
                "Number of VIPs ({}) exceeds maximum/space available in packet (max {room} addresses) - excess moved to eVIPs",
                addresses.len()
            ),
        );
        let excess = addresses.split_off(room);
        excluded.splice(0..0, excess);
    }

    let routes = routes(&instance.routes, names, &mut complain);
    let rules = rules(&instance.rules, names, &mut complain);

    let family = match instance.family {
        config::Family::V4 => Family::Ipv4,
        config::Family::V6 => Family::Ipv6,
    };
    let own = base.into_iter().chain(vmac).filter(|_| !instance.dont_track_primary);
    let needed = own
        .chain(needed_by(&addresses, &excluded, &routes, &rules))
        .chain(standing::watched_by(instance, config));
    let needed: BTreeSet<String> = needed.collect();
    let params = Params {
        name: instance.name.clone(),
        version: match instance.version {
            config::Version::V2 => Version::V2,
            config::Version::V3 => Version::V3,
        },
        family,
        vrid: Vrid::new(instance.vrid)?,
        interface: interface.clone(),
        source: instance.source,
        transport: transport(&instance.peering),
        role: match instance.state {
            config::Role::Master => Role::Master,
            config::Role::Backup => Role::Backup,
        },
        priority: Priority::new(instance.priority),
        interval: instance.advert_int,
        down_adverts: instance.down_timer_adverts,
        preempt: preempt(instance),
        addresses: addresses.iter().map(|one| one.address).collect(),
        auth: match &instance.auth {
            config::Auth::None => Auth::None,
            config::Auth::Ah(secret) => Auth::Ah(Password::new(secret.expose())),
            config::Auth::Pass(secret) => Auth::Pass(Password::new(secret.expose())),
        },
        signing,
        checksum: if instance.v3_checksum_as_v2 {
            Checksum::AsVersion2
        } else {
            match instance.unicast_checksum {
                UnicastChecksum::Detect | UnicastChecksum::New => Checksum::Standard,
                UnicastChecksum::Old => Checksum::OldUnicast,
            }
        },
        answer_lower: Switch::from(!instance.lower_prio_no_advert),
        answer_higher: Switch::from(instance.higher_prio_send_advert),
        owner_deaf: Switch::from(instance.owner_ignore_adverts),
        trust_addresses: Switch::from(instance.skip_check_adv_addr),
        together: Switch::from(instance.sync_group.is_some()),
        track: track::plan(instance, config, watched, needed.into_iter().collect(), complaints),
        yields_when_late: late.then_some(instance.timer_expired_backup).flatten().map(Priority::new),
        announce: Schedule {
            repeat: instance.garp.master_repeat,
            delay: instance.garp.master_delay,
            refresh: instance.garp.refresh,
            refresh_repeat: instance.garp.refresh_repeat,
            lower_repeat: instance.garp.lower_prio_repeat,
            lower_delay: instance.garp.lower_prio_delay,
            elsewhere: if has_others(instance, &interface, &addresses, &excluded, workshop) {
                instance.garp.extra_if
            } else {
                Duration::ZERO
            },
        },
    };
    Some(Instance {
        params,
        needs_source: instance.track_source && instance.source.is_some(),
        speaks_as,
        closed: firewall::closed(instance, config, addresses.iter().chain(&excluded)),
        addresses,
        excluded,
        routes,
        rules,
        scripts: Scripts::plan(&instance.notify, vetting),
        tells_priority: instance.notify_priority_changes,
        smtp_alert: instance.smtp_alert,
        report_deleted: instance.report_deleted,
    })
}

/// How many addresses fit into a packet of the interface: §1.7 of the original's behaviour counts the Ethernet header too.
fn room_for_addresses(instance: &VrrpInstance, system: &System) -> usize {
    let name = instance.interface.as_ref().map(|name| name.value.as_str());
    let mtu = name.and_then(|name| system.mtus.get(name)).copied().unwrap_or(MTU);
    let (ip, size) = match instance.family {
        config::Family::V4 => (20, 4),
        config::Family::V6 => (40, 16),
    };
    let data = match (instance.family, instance.version) {
        (config::Family::V4, config::Version::V2) => 8,
        (config::Family::V4 | config::Family::V6, config::Version::V2 | config::Version::V3) => 0,
    };
    let ah = if matches!(instance.auth, config::Auth::Ah(_)) { 24 } else { 0 };
    let is_signed = instance.hmac.as_ref().is_some_and(|hmac| hmac.mode != config::HmacMode::ReceiveOnly);
    let headers = 14 + ip + 8 + data + ah + if is_signed { 28 } else { 0 };
    let room = usize::try_from(mtu).unwrap_or(usize::MAX).saturating_sub(headers) / size;
    room.min(MAX_ADDRESSES)
}

fn transport(peering: &Peering) -> Transport {
    match peering {
        Peering::Multicast { group } => Transport::Multicast { group: *group },
        Peering::Unicast { peers, ttl, check_source } => Transport::Unicast {
            peers: peers
                .iter()
                .map(|peer| Peer { address: peer.addr, min_ttl: peer.min_ttl, max_ttl: peer.max_ttl })
                .collect(),
            check_source: *check_source,
            ttl: *ttl,
        },
        Peering::Missing => Transport::Unicast { peers: Vec::new(), check_source: false, ttl: None },
    }
}

/// The interface of an address: the VMAC where the router has one for it.
fn place(
    line: &config::Address,
    address: &Address,
    instance: &VrrpInstance,
    own: Option<&str>,
    workshop: &mut Workshop<'_>,
) -> String {
    let family = config::Family::of(address.address);
    let on_own = instance.interface.as_ref().is_some_and(|name| name.value.as_str() == address.interface);
    match own {
        Some(own) if instance.vmac.is_some() && on_own && family == instance.family => own.to_owned(),
        // It is named itself.
        Some(own) if address.interface == own => own.to_owned(),
        Some(_) | None if instance.vmac_addr || line.use_vmac => {
            workshop.for_addresses(instance, &address.interface, family)
        }
        Some(_) | None => address.interface.clone(),
    }
}

/// Whether there is another interface than the router's own that `garp_extra_if` is about: VMACs, or with `all` any.
fn has_others(
    instance: &VrrpInstance,
    own: &Option<String>,
    addresses: &[Address],
    excluded: &[Address],
    workshop: &Workshop<'_>,
) -> bool {
    let is_meant = |name: &String| instance.garp.extra_if_all || workshop.has_made(name);
    addresses
        .iter()
        .chain(excluded)
        .any(|one| own.as_ref() != Some(&one.interface) && is_meant(&one.interface))
}

fn preempt(instance: &VrrpInstance) -> Preempt {
    if !instance.preempt {
        Preempt::Never
    } else if instance.preempt_delay.is_zero() {
        Preempt::AtOnce
    } else {
        Preempt::After(instance.preempt_delay)
    }
}

/// Interfaces without which it is in FAULT: its own, unless `dont_track_primary`, and those of its addresses.
/// The interfaces without which what it holds cannot be, unless that does not matter.
fn needed_by<'a>(
    addresses: &'a [Address],
    excluded: &'a [Address],
    routes: &'a [Route],
    rules: &'a [Rule],
) -> impl Iterator<Item = String> + 'a {
    let addresses = addresses.iter().chain(excluded).filter(|one| one.tracked).map(|one| &one.interface);
    let routes = routes.iter().filter(|one| one.tracked).flat_map(Route::interfaces);
    let rules = rules.iter().filter(|one| one.tracked).flat_map(Rule::interfaces);
    addresses.chain(routes).chain(rules).cloned()
}

/// Those that can be made; the others are told.
pub(super) fn routes(
    lines: &[config::Route],
    names: &Names,
    complain: &mut impl FnMut(Class, String),
) -> Vec<Route> {
    let one = |line: &config::Route| {
        let to = line.to.map_or_else(|| "default".to_owned(), |prefix| prefix.to_string());
        if line.track && line.dev.is_none() {
            let text = format!("Warning - cannot track route {to} with no interface specified, not tracking");
            complain(Class::Log, text);
        }
        match route::translate(line, names) {
            Ok(route) => Some(route),
            Err(reason) => {
                complain(Class::General, format!("route {to} {reason} - ignoring it"));
                None
            }
        }
    };
    lines.iter().filter_map(one).collect()
}

/// Those that can be made; the others are told.
pub(super) fn rules(
    lines: &[config::Rule],
    names: &Names,
    complain: &mut impl FnMut(Class, String),
) -> Vec<Rule> {
    let one = |line: &config::Rule| match rule::translate(line, names) {
        Ok(rule) => Some(rule),
        Err(reason) => {
            complain(Class::General, format!("rule {} {reason} - ignoring it", line.preference));
            None
        }
    };
    lines.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use parser::config::{IfName, Located, Span};
    use std::net::IpAddr;

    fn span() -> Span {
        Span::new("keepalived.conf", 7)
    }

    fn named(name: &str) -> Located<IfName> {
        Located { value: IfName::new(name).expect("short enough"), span: span() }
    }

    fn line(text: &str, len: u8) -> config::Address {
        config::Address {
            span: span(),
            of: config::AddressOf::Virtual,
            prefix: config::Prefix { addr: text.parse().expect("an address"), len },
            dev: None,
            scope: None,
            broadcast: None,
            label: None,
            peer: None,
            home: false,
            detect_duplicates: false,
            manage_temporary: false,
            no_prefix_route: false,
            autojoin: false,
            track: true,
            preferred_lifetime: None,
            track_group: None,
            use_vmac: false,
        }
    }

    fn instance() -> VrrpInstance {
        VrrpInstance {
            name: "VI_1".into(),
            span: span(),
            vrid: 51,
            interface: Some(named("eth0")),
            vrf: None,
            version: config::Version::V2,
            family: config::Family::V4,
            strict: false,
            state: config::Role::Backup,
            priority: 100,
            advert_int: Duration::from_secs(1),
            preempt: true,
            preempt_delay: Duration::ZERO,
            accept: true,
            down_timer_adverts: 3,
            timer_expired_backup: None,
            peering: Peering::Multicast { group: "224.0.0.18".parse().expect("an address") },
            source: None,
            track_source: false,
            dont_track_primary: false,
            skip_check_adv_addr: false,
            v3_checksum_as_v2: false,
            unicast_checksum: UnicastChecksum::Detect,
            rx_buffer: None,
            linkbeat_use_polling: false,
            addresses: vec![line("10.0.0.100", 24)],
            excluded: Vec::new(),
            routes: Vec::new(),
            rules: Vec::new(),
            promote_secondaries: false,
            vmac: None,
            vmac_addr: false,
            vmac_xmit_base: false,
            ipvlan: None,
            garp: config::Garp::default(),
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            owner_ignore_adverts: false,
            auth: config::Auth::None,
            hmac: None,
            tracking: config::Tracking::default(),
            sync_group: None,
            notify: config::Notify::default(),
            report_deleted: false,
            smtp_alert: false,
            notify_priority_changes: false,
        }
    }

    fn with_interfaces(instances: Vec<VrrpInstance>, interfaces: &[&str]) -> (VrrpPlan, Vec<Diagnostic>) {
        let config = Config { vrrp_instances: instances, ..Config::default() };
        let interfaces = interfaces.iter().map(|&name| name.to_owned()).collect();
        let mut complaints = Vec::new();
        let plan = plan(&config, &System { interfaces, ..System::default() }, None, &mut complaints);
        (plan, complaints)
    }

    #[test]
    fn an_address_without_device_goes_on_the_interface_of_its_instance() {
        let elsewhere = config::Address { dev: Some(named("eth1")), ..line("10.0.1.100", 32) };
        let one = VrrpInstance { excluded: vec![elsewhere], ..instance() };
        let (plan, complaints) = with_interfaces(vec![one], &["eth0", "eth1"]);
        assert_eq!(complaints, []);
        let [one] = &plan.instances[..] else { panic!("one instance") };
        assert_eq!(one.addresses[0].interface, "eth0");
        assert_eq!(one.excluded[0].interface, "eth1");
        assert_eq!(one.interfaces().collect::<Vec<_>>(), ["eth0", "eth1"]);
        assert_eq!(one.params.addresses, [IpAddr::from([10, 0, 0, 100])]);
    }

    #[test]
    fn a_missing_interface_is_named_and_fatal() {
        let (_, complaints) = with_interfaces(vec![instance()], &["eth1"]);
        let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "(keepalived.conf: Line 7) WARNING - interface eth0 for vrrp_instance VI_1 doesn't exist",
                "Non-existent interface specified in configuration",
                "Create the interface first, correct its name, or set dynamic_interfaces if it comes later"
            ]
        );
        assert_eq!(parser::diag::refusal(&complaints), Some(2));
        assert_eq!(parser::diag::test_exit_code(&complaints), 5);
    }

    #[test]
    fn an_instance_is_left_out_rather_than_run_without_its_authentication() {
        let file = Located { value: "/nonexistent/key".to_owned(), span: span() };
        let hmac = config::Hmac {
            keys: vec![config::HmacKey { id: 1, key: config::KeySource::File(file) }],
            active: 1,
            window: Duration::from_secs(5),
            anti_replay: config::AntiReplay::Time,
            mode: config::HmacMode::Enforce,
        };
        let (plan, complaints) =
            with_interfaces(vec![VrrpInstance { hmac: Some(hmac), ..instance() }], &["eth0"]);
        assert_eq!(plan.instances, []);
        assert_eq!(
            complaints[1].text,
            "(VI_1) active key of auth_hmac cannot be used - ignoring the instance"
        );
    }

    #[test]
    fn a_full_packet_holds_as_many_addresses_as_the_originals() {
        let on = |mtu| {
            let mtus = std::iter::once(("eth0".to_owned(), mtu)).collect();
            System { mtus, ..System::default() }
        };
        let v6 = || VrrpInstance { family: config::Family::V6, version: config::Version::V3, ..instance() };
        assert_eq!(room_for_addresses(&instance(), &System::default()), 255);
        assert_eq!(room_for_addresses(&v6(), &System::default()), 89);
        assert_eq!(room_for_addresses(&instance(), &on(576)), 131);
        let ah = VrrpInstance { auth: config::Auth::Ah(config::Secret::new("secret")), ..instance() };
        assert_eq!(room_for_addresses(&ah, &on(576)), 125);
    }

    #[test]
    fn addresses_beyond_what_an_advert_counts_are_held_but_not_advertised() {
        let addresses = (0..300_u16).map(|n| line(&format!("10.1.{}.{}", n / 200, n % 200), 32)).collect();
        let (plan, complaints) = with_interfaces(vec![VrrpInstance { addresses, ..instance() }], &["eth0"]);
        assert_eq!((plan.instances[0].params.addresses.len(), plan.instances[0].excluded.len()), (255, 45));
        assert!(complaints[0].text.starts_with("(VI_1) Number of VIPs (300) exceeds maximum"));
    }
}
