//! Virtual routers, their sockets and groups.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use ::vrrp::params::{Auth, Transport};
use ::vrrp::track::Object;
use ::vrrp::{Cause, Family, State, Version};
use parser::config::{AntiReplay, Config, Hmac, HmacMode, Peering, Tracking, UnicastChecksum, VrrpInstance};

use crate::dump::sheet::{Sheet, attribute, member, object};
use crate::dump::words::{address, closed, device, either, epoch, mac, moment, program, seconds, weight};
use crate::dump::{Scene, own_vmac};
use crate::plan::address::Address;
use crate::plan::notify::Scripts as Told;
use crate::plan::vmac::{Kind, Vmac};
use crate::plan::vrrp::Instance as Plan;
use crate::script::Program;
use crate::status::vrrp::{Instance as Status, Link, VrrpStatus};

pub(super) fn write(scene: &Scene<'_>, status: Option<&VrrpStatus>, sheet: &mut Sheet) {
    let (config, plan) = (scene.config, &scene.plan.vrrp);
    let mut all: Vec<(&VrrpInstance, &Plan, Option<&Status>)> = Vec::new();
    match status {
        Some(status) => {
            all.extend(super::super::instances(config, plan, status).map(|(a, b, c)| (a, b, Some(c))));
        }
        None => all.extend(super::super::configured(config, plan).map(|(a, b)| (a, b, None))),
    }
    super::standing::write(scene, status, sheet);
    if !all.is_empty() {
        sheet.section("VRRP Topology");
    }
    for (one, plan, of_it) in &all {
        let is_up = |name: &str| {
            let links = status.map_or(&[][..], |status| &status.links);
            links.iter().any(|link| link.name == name && super::interfaces::is_up(link))
        };
        let own = own_vmac(one, &scene.plan.vrrp).map(|vmac| (vmac, is_up(&vmac.name)));
        let links = status.map_or(&[][..], |status| &status.links);
        instance(scene, (one, plan), (*of_it, links), own, sheet);
    }
    if status.is_some() {
        super::sockets::write(&all, sheet);
    }
    groups(scene, status, sheet);
    super::watched::write(scene, status, sheet);
    if let Some(status) = status {
        let users: Vec<_> = all.iter().map(|(one, plan, _)| (*one, *plan)).collect();
        super::interfaces::write(scene, &users, &status.links, sheet);
    }
}

fn instance(
    scene: &Scene<'_>,
    (one, plan): (&VrrpInstance, &Plan),
    told @ (status, _): (Option<&Status>, &[Link]),
    own: Option<(&Vmac, bool)>,
    sheet: &mut Sheet,
) {
    let (config, params) = (scene.config, &plan.params);
    object!(sheet, "VRRP Instance = {}", one.name);
    attribute!(sheet, "VRRP Version = {}", params.version.number());
    if let Some(group) = one.sync_group.and_then(|index| config.sync_groups.get(index)) {
        attribute!(sheet, "Sync group = {}", group.name);
    }
    if params.family == Family::Ipv6 {
        attribute!(sheet, "Using Native IPv6");
    }
    if let Some(status) = status {
        attribute!(sheet, "State = {}", status.state.word());
        if status.state == State::Backup {
            leader(params.version, status, sheet);
        }
    }
    match params.transport {
        Transport::Multicast { .. } => attribute!(sheet, "Flags: none"),
        Transport::Unicast { .. } => {
            attribute!(sheet, "Flags:");
            member!(sheet, "Using unicast");
        }
    }
    match status {
        Some(status) => situation(status, own.map(|(vmac, _)| vmac), sheet),
        None => attribute!(
            sheet,
            "Wantstate = {}",
            match params.role {
                ::vrrp::params::Role::Master => "MASTER",
                ::vrrp::params::Role::Backup => "BACKUP",
            }
        ),
    }
    if let Some((vmac, is_up)) = own {
        own_interface(one, vmac, is_up, sheet);
    }
    if one.vmac_addr {
        attribute!(sheet, "Use VMAC for VIPs on other interfaces");
    }
    link(one, plan, own.map(|(vmac, _)| vmac), told, sheet);
    announcements(one, plan, sheet);
    election(one, plan, status, sheet);
    addresses(scene, one, plan, status, sheet);
    if let Transport::Unicast { .. } = params.transport {
        peers(one, plan, sheet);
    }
    match status.and_then(|status| status.sockets) {
        Some((input, output)) => attribute!(sheet, "fd_in {input}, fd_out {output}"),
        None => attribute!(sheet, "No sockets allocated"),
    }
    lines("Virtual Routes :", &plan.routes, sheet);
    lines("Virtual Rules :", &plan.rules, sheet);
    tracking(config, &one.tracking, sheet);
    attribute!(sheet, "Using smtp notification = {}", either(one.smtp_alert, "yes", "no"));
    attribute!(sheet, "Notify deleted = {}", either(one.report_deleted, "Deleted", "Fault"));
    scripts(&plan.scripts, sheet);
    attribute!(sheet, "Notify priority changes = {}", one.notify_priority_changes);
}

/// The master that a backup follows.
fn leader(version: Version, status: &Status, sheet: &mut Sheet) {
    match status.leader {
        Some(leader) => {
            attribute!(sheet, "Master router = {}", leader.address);
            attribute!(sheet, "Master priority = {}", leader.priority);
        }
        None => {
            attribute!(sheet, "Master router = (none)");
            attribute!(sheet, "Master priority = 0");
        }
    }
    if version == Version::V3 {
        attribute!(sheet, "Master advert interval = {} milli-sec", status.master_interval.as_millis());
    }
}

/// What keeps a router out of service besides what it tracks, in the original's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Down,
    BaseDown,
    NoSource,
    Config,
}

impl Fault {
    fn words(self) -> &'static str {
        match self {
            Self::Down => "i/f down",
            Self::BaseDown => "base i/f down",
            Self::NoSource => "no source IP address",
            Self::Config => "config error",
        }
    }
}

/// Where it is and why.
fn situation(status: &Status, own: Option<&Vmac>, sheet: &mut Sheet) {
    attribute!(sheet, "Wantstate = {}", status.wanted.word());
    let (mut of_config, mut of_tracking, mut untested, mut flags) = (0, 0, 0, BTreeSet::new());
    for cause in &status.causes {
        match cause {
            Cause::NoPeers | Cause::NoMulticast | Cause::SourceNotConfigured => {
                of_config += 1;
                flags.insert(Fault::Config);
            }
            Cause::Tracked(Object::Interface(name)) => {
                let is_below = own.is_some_and(|own| own.base == *name);
                flags.insert(if is_below { Fault::BaseDown } else { Fault::Down });
            }
            Cause::Tracked(Object::Script(_) | Object::File(_) | Object::Process(_) | Object::Bfd(_)) => {
                of_tracking += 1;
            }
            Cause::Untested(_) => untested += 1,
            Cause::NoSource => {
                flags.insert(Fault::NoSource);
            }
            Cause::Partner | Cause::PartnerUntested => {}
        }
    }
    attribute!(sheet, "Number of config faults = {of_config}");
    attribute!(sheet, "Number of tracker faults = {of_tracking}");
    if flags.is_empty() {
        attribute!(sheet, "Flags of interface faults - (none)");
    } else {
        attribute!(sheet, "Flags of interface faults:");
        flags.iter().for_each(|flag| member!(sheet, "{}", flag.words()));
    }
    attribute!(sheet, "Number of track scripts init = {untested}");
    attribute!(sheet, "Last transition = {}", moment(status.since));
    match status.due {
        Some(at) => attribute!(sheet, "Read timeout = {}", moment(at)),
        None => attribute!(sheet, "Read timeout = DISABLED"),
    }
    attribute!(sheet, "Master down timer = {} usecs", status.master_down.as_micros());
}

/// The interface that was made for it.
fn own_interface(one: &VrrpInstance, vmac: &Vmac, is_up: bool, sheet: &mut Sheet) {
    match vmac.kind {
        Kind::Macvlan { .. } => {
            let from_base = speaks_from_base(one);
            attribute!(sheet, "Use VMAC, i/f name {}, is_up = {is_up}, xmit_base = {from_base}", vmac.name);
            if let Some(given) = one.vmac.as_ref().and_then(|wish| wish.mac) {
                member!(sheet, "MAC = {}", mac(given.0));
            }
        }
        Kind::Ipvlan { flags } => {
            let mode = match flags {
                0 => "bridge",
                1 => "private",
                _ => "vepa",
            };
            attribute!(sheet, "Use IPVLAN, i/f {}, is_up = {is_up}, type {mode}", vmac.name);
        }
    }
}

/// Whether adverts leave from below the VMAC: when told so, and always to peers.
fn speaks_from_base(one: &VrrpInstance) -> bool {
    one.vmac_xmit_base || !matches!(one.peering, Peering::Multicast { .. })
}

/// What it is connected by.
fn link(
    one: &VrrpInstance,
    plan: &Plan,
    own: Option<&Vmac>,
    (status, links): (Option<&Status>, &[Link]),
    sheet: &mut Sheet,
) {
    let params = &plan.params;
    match (&one.vrf, own, &params.interface) {
        (Some(vrf), _, _) => attribute!(sheet, "VRF = {}", vrf.value),
        (None, Some(own), _) => {
            let kind = match own.kind {
                Kind::Macvlan { .. } => "vmac",
                Kind::Ipvlan { .. } => "ipvlan",
            };
            let is_told = own.kind.is_macvlan() && speaks_from_base(one);
            let from_base = either(is_told, ", xmit base i/f", "");
            attribute!(sheet, "Interface = {}, {kind} on {}{from_base}", own.name, own.base);
        }
        (None, None, Some(interface)) => attribute!(sheet, "Interface = {interface}"),
        (None, None, None) => {}
    }
    if one.dont_track_primary {
        attribute!(sheet, "VRRP interface tracking disabled");
    }
    if one.skip_check_adv_addr {
        attribute!(sheet, "Skip checking advert IP addresses");
    }
    if one.strict {
        attribute!(sheet, "Enforcing strict VRRP compliance");
    }
    let source = params.source.or(status.and_then(|status| status.source));
    let origin = either(params.source.is_some(), " (from configuration)", "");
    match source {
        Some(source) => attribute!(sheet, "Using src_ip = {source}{origin}"),
        None => attribute!(sheet, "Using src_ip = (none)"),
    }
    if let Transport::Multicast { group } = &params.transport {
        let index = |name: &String| links.iter().find(|link| link.name == *name).map(|link| link.index);
        match params.interface.as_ref().and_then(index).filter(|_| group.is_ipv6()) {
            Some(index) => attribute!(sheet, "Multicast address {group}, ifindex {index}"),
            None => attribute!(sheet, "Multicast address {group}"),
        }
    }
}

fn announcements(one: &VrrpInstance, plan: &Plan, sheet: &mut Sheet) {
    let garp = &one.garp;
    attribute!(sheet, "Gratuitous ARP delay = {}", seconds(garp.master_delay));
    attribute!(sheet, "Gratuitous ARP repeat = {}", garp.master_repeat);
    attribute!(sheet, "Gratuitous ARP refresh = {}", seconds(garp.refresh));
    attribute!(sheet, "Gratuitous ARP refresh repeat = {}", garp.refresh_repeat);
    attribute!(sheet, "Gratuitous ARP lower priority delay = {}", seconds(garp.lower_prio_delay));
    attribute!(sheet, "Gratuitous ARP lower priority repeat = {}", garp.lower_prio_repeat);
    attribute!(sheet, "Down timer adverts = {}", one.down_timer_adverts);
    // Only if there are others.
    let every = plan.params.announce.elsewhere;
    if !every.is_zero() {
        let others = either(garp.extra_if_all, "i/f", "VMAC");
        attribute!(sheet, "Gratuitous ARP for each secondary {others} = {}", seconds(every));
    }
    attribute!(sheet, "Send advert after receive lower priority advert = {}", !one.lower_prio_no_advert);
    attribute!(sheet, "Send advert after receive higher priority advert = {}", one.higher_prio_send_advert);
    if one.priority == 255 {
        attribute!(sheet, "Address owner ignores received adverts = {}", one.owner_ignore_adverts);
    }
}

fn election(one: &VrrpInstance, plan: &Plan, status: Option<&Status>, sheet: &mut Sheet) {
    let params = &plan.params;
    attribute!(sheet, "Virtual Router ID = {}", one.vrid);
    attribute!(sheet, "Priority = {}", one.priority);
    if let Some(status) = status {
        attribute!(sheet, "Effective priority = {}", status.effective_priority);
        attribute!(sheet, "Total priority = {}", status.total_priority);
    }
    match params.version {
        Version::V2 => attribute!(sheet, "Advert interval = {} sec", params.interval.as_secs()),
        Version::V3 => attribute!(sheet, "Advert interval = {} milli-sec", params.interval.as_millis()),
    }
    if let Some(status) = status {
        attribute!(sheet, "Last advert sent = {}", epoch(status.last_advert.unwrap_or(UNIX_EPOCH)));
    }
    let enabled = |on| either(on, "enabled", "disabled");
    attribute!(sheet, "Accept = {}", enabled(one.accept));
    attribute!(sheet, "Preempt = {}", enabled(one.preempt));
    if !one.preempt_delay.is_zero() {
        attribute!(sheet, "Preempt delay = {} secs", seconds(one.preempt_delay));
    }
    attribute!(sheet, "Promote_secondaries = {}", enabled(one.promote_secondaries));
    if params.version == Version::V2 {
        match params.auth {
            Auth::None => attribute!(sheet, "Authentication type = none"),
            Auth::Ah(_) => attribute!(sheet, "Authentication type = IPSEC_AH"),
            Auth::Pass(_) => {
                attribute!(sheet, "Authentication type = SIMPLE_PASSWORD");
                attribute!(sheet, "Password = ********");
            }
        }
    }
    if let Some(hmac) = &one.hmac {
        extension(hmac, sheet);
    }
    if params.version == Version::V3 && params.family == Family::Ipv4 {
        attribute!(sheet, "VRRPv3 uses VRRPv2 checksum = {}", enabled(one.v3_checksum_as_v2));
    }
    if let Some(bytes) = one.rx_buffer {
        attribute!(sheet, "Kernel rx buffer size = {bytes}");
    }
}

/// Signed adverts.
fn extension(hmac: &Hmac, sheet: &mut Sheet) {
    attribute!(sheet, "Authentication extension = HMAC-SHA256-128");
    member!(sheet, "Keys = {}, active key id = {}", hmac.keys.len(), hmac.active);
    let mode = match hmac.mode {
        HmacMode::Enforce => "enforce",
        HmacMode::Permissive => "permissive",
        HmacMode::ReceiveOnly => "receive-only",
    };
    member!(sheet, "Mode = {mode}");
    match hmac.anti_replay {
        AntiReplay::Time => {
            member!(sheet, "Anti replay = time, window = {} sec", seconds(hmac.window));
        }
        AntiReplay::Monotonic => member!(sheet, "Anti replay = monotonic"),
    }
}

fn addresses(
    scene: &Scene<'_>,
    config: &VrrpInstance,
    plan: &Plan,
    status: Option<&Status>,
    sheet: &mut Sheet,
) {
    let mut held = status.map_or(&[][..], |status| &status.holds).iter().copied();
    let mut list = |all: &[Arc<Address>], sheet: &mut Sheet| {
        for one in all {
            let device = device(one, config, &scene.plan.vrrp);
            let is_held = held.next().unwrap_or(false);
            let filter = either(is_held, closed(one, plan, &scene.plan.vrrp), "");
            member!(sheet, "{}{filter}", address(one, &device, is_held));
        }
    };
    if !plan.addresses.is_empty() {
        attribute!(sheet, "Virtual IP ({}):", plan.addresses.len());
        list(&plan.addresses, sheet);
    }
    if !plan.excluded.is_empty() {
        attribute!(sheet, "Virtual IP Excluded :");
        list(&plan.excluded, sheet);
    }
}

/// A list, if there is anything in it.
fn lines(title: &str, members: &[impl Display], sheet: &mut Sheet) {
    if !members.is_empty() {
        attribute!(sheet, "{title}");
        members.iter().for_each(|one| member!(sheet, "{one}"));
    }
}

fn peers(one: &VrrpInstance, plan: &Plan, sheet: &mut Sheet) {
    let Transport::Unicast { peers, check_source, ttl } = &plan.params.transport else { return };
    match (ttl, plan.params.family) {
        (Some(ttl), _) => attribute!(sheet, "Unicast TTL = {ttl}"),
        (None, Family::Ipv4) => attribute!(sheet, "Unicast TTL = 255"),
        (None, Family::Ipv6) => {}
    }
    attribute!(sheet, "Check unicast src : {}", either(*check_source, "yes", "no"));
    attribute!(sheet, "Unicast Peer :");
    for peer in peers {
        member!(sheet, "{} min_ttl {} max_ttl {}", peer.address, peer.min_ttl, peer.max_ttl);
    }
    let old = match one.unicast_checksum {
        UnicastChecksum::Detect => "no",
        UnicastChecksum::Old => "config",
        UnicastChecksum::New => "never",
    };
    attribute!(sheet, "Unicast checksum compatibility = {old}");
}

fn tracking(config: &Config, tracking: &Tracking, sheet: &mut Sheet) {
    if !tracking.interfaces.is_empty() {
        attribute!(sheet, "Tracked interfaces :");
        for one in &tracking.interfaces {
            member!(sheet, "{} {}", one.what, weight(one.weight));
        }
    }
    let named = |index: usize, name: Option<&String>| name.cloned().unwrap_or_else(|| index.to_string());
    let lists = [
        ("Tracked scripts :", &tracking.scripts, ""),
        ("Tracked files :", &tracking.files, ","),
        ("Tracked processes :", &tracking.processes, ","),
        ("Tracked BFDs :", &tracking.bfds, ":"),
    ];
    for (place, (title, list, separator)) in lists.into_iter().enumerate() {
        if list.is_empty() {
            continue;
        }
        attribute!(sheet, "{title}");
        for one in list {
            let name = match place {
                0 => config.scripts.get(one.what).map(|one| &one.name),
                1 => config.track_files.get(one.what).map(|one| &one.name),
                2 => config.track_processes.get(one.what).map(|one| &one.name),
                _ => config.bfd_instances.get(one.what).map(|one| &one.name),
            };
            member!(sheet, "{}{separator} {}", named(one.what, name), weight(one.weight));
        }
    }
}

fn scripts(told: &Told, sheet: &mut Sheet) {
    let all: [(&str, &Option<Box<Program>>); 7] = [
        ("Backup", &told.backup),
        ("Master", &told.master),
        ("Fault", &told.fault),
        ("Stop", &told.stop),
        ("Deleted", &told.deleted),
        ("Generic", &told.any),
        ("Master rx lower pri", &told.lower_heard),
    ];
    for (title, script) in all {
        if let Some(script) = script {
            attribute!(sheet, "{title} state transition script = {}", program(script));
        }
    }
}

fn groups(scene: &Scene<'_>, status: Option<&VrrpStatus>, sheet: &mut Sheet) {
    let config = scene.config;
    if config.sync_groups.is_empty() {
        return;
    }
    sheet.section("VRRP Sync groups");
    for group in &config.sync_groups {
        let told = status.and_then(|status| status.groups.iter().find(|one| one.name == group.name));
        let (at, faulted) = told.map_or((State::Init, 0), |one| (one.state, one.faulted));
        object!(sheet, "VRRP Sync Group = {}, {}", group.name, at.word());
        if status.is_some() {
            attribute!(sheet, "Num member fault {faulted}, num member init 0");
        }
        attribute!(sheet, "VRRP member instances :");
        for index in &group.members {
            if let Some(one) = config.vrrp_instances.get(*index) {
                member!(sheet, "{}", one.name);
            }
        }
        attribute!(sheet, "Using smtp notification = {}", either(group.smtp_alert, "yes", "no"));
        tracking(config, &group.tracking, sheet);
        if let Some(plan) = scene.plan.vrrp.groups.iter().find(|one| one.name == group.name) {
            scripts(&plan.scripts, sheet);
        }
    }
}
