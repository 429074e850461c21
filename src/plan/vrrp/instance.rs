//! One `vrrp_instance` block to a virtual router.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parser::config::{self, Config, Peering, RxBuffers, UnicastChecksum, VrrpInstance};
use parser::diag::{Class, Diagnostic};
use smol_str::SmolStr;
use vrrp::announce::Schedule;
use vrrp::params::{Auth, Checksum, Password, Peer, Preempt, Role, Switch, Transport};
use vrrp::{Family, Params, Priority, Version, Vrid};

use super::super::address::{self, Address};
use super::super::iproute::Names;
use super::super::notify::Scripts;
use super::super::route::{self, Route};
use super::super::rule::{self, Rule};
use super::super::script::Vetting;
use super::super::vmac::Workshop;
use super::super::watch::Watched;
use super::super::{System, firewall, signing, standing, track};
use super::Instance;

/// The most addresses an advert can count.
const MAX_ADDRESSES: usize = 255;

/// The largest packet of an interface that does not say, in bytes.
const MTU: u32 = 1500;

/// What is the same for all instances.
pub(super) struct Around<'a, 'b> {
    pub(super) config: &'a Config,
    pub(super) system: &'a System,
    pub(super) names: &'a Names,
    pub(super) workshop: &'a mut Workshop<'b>,
    pub(super) watched: &'a Watched,
}

/// One block; nothing if it asks for what would be unsafe to leave out.
pub(super) fn translate(
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
    // Without its authentication it would be another router than the one configured.
    let Ok(signing) = signing else {
        let text =
            format!("({}) active key of auth_hmac cannot be used - ignoring the instance", instance.name);
        complaints.push(Diagnostic::new(Class::General, Some(instance.span.clone()), text));
        return None;
    };
    let own = workshop.own(instance, complaints).cloned();
    let mut complain = |class, text: String| {
        complaints.push(Diagnostic::new(
            class,
            Some(instance.span.clone()),
            format!("({}) {text}", instance.name),
        ));
    };
    let base = instance.interface.as_ref().map(|name| name.value.to_string());
    let vmac = own.as_ref().map(|vmac| vmac.name.clone());
    // The original speaks from below when it has to reach peers by their addresses.
    let from_below = instance.vmac_xmit_base || !matches!(instance.peering, Peering::Multicast { .. });
    let interface =
        vmac.clone().filter(|_| instance.ipvlan.is_some() || !from_below).or_else(|| base.clone());
    let vrf = instance.vrf.as_ref().map(|name| name.value.to_string());
    let speaks_as = match instance.family {
        // An ipvlan has an address of its own or none.
        config::Family::V4 if instance.ipvlan.is_some() => interface.clone(),
        config::Family::V4 => base.clone(),
        config::Family::V6 => interface.clone(),
    };
    let mut translate_all = |addresses: &[config::Address]| -> Vec<Arc<Address>> {
        let mut translated = Vec::with_capacity(addresses.len());
        for one in addresses {
            match address::translate(one, base.as_deref(), names) {
                Ok(address) => {
                    let interface = place(one, &address, instance, vmac.as_deref(), workshop);
                    translated.push(Arc::new(Address { interface, ..address }));
                }
                Err(reason) => complain(Class::General, format!("{} {reason} - ignoring it", one.prefix)),
            }
        }
        translated
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

    let routes = route::all(&instance.routes, names, &mut complain);
    let rules = rule::all(&instance.rules, names, &mut complain);

    let family = match instance.family {
        config::Family::V4 => Family::Ipv4,
        config::Family::V6 => Family::Ipv6,
    };
    let own = base.into_iter().chain(vmac).filter(|_| !instance.dont_track_primary);
    let needed = own
        .chain(vrf.clone())
        .chain(needed_by(&addresses, &excluded, &routes, &rules))
        .chain(standing::watched_by(instance, config));
    let needed: BTreeSet<String> = needed.collect();
    let elsewhere = others(instance, interface.as_deref(), &addresses, &excluded, workshop);
    let made = needed.iter().filter_map(|name| Some((name.clone(), workshop.made(name)?))).collect();
    let params = Params {
        name: instance.name.clone(),
        version: match instance.version {
            config::Version::V2 => Version::V2,
            config::Version::V3 => Version::V3,
        },
        family,
        vrid: Vrid::new(instance.vrid)?,
        // Sockets bound to a VRF hear and speak on every interface in it.
        interface: interface.clone().or(vrf),
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
            elsewhere: if elsewhere.is_empty() { Duration::ZERO } else { instance.garp.extra_if },
        },
    };
    Some(Instance {
        params: Arc::new(params),
        receive_buffer: receive_buffer(instance, config.global.rx_buffers, addresses.len(), system),
        needs_source: instance.track_source && instance.source.is_some(),
        speaks_as,
        elsewhere,
        made,
        closed: firewall::closed(instance, config, addresses.iter().chain(&excluded).map(|one| &**one)),
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

/// The largest packet of its interface, in bytes.
fn mtu(instance: &VrrpInstance, system: &System) -> u32 {
    let name = instance.interface.as_ref().map(|name| name.value.as_str());
    name.and_then(|name| system.mtus.get(name)).copied().unwrap_or(MTU)
}

/// How long its adverts are, beginning with the IP header and without addresses, and how long one address is; in bytes.
fn lengths(instance: &VrrpInstance) -> (usize, usize) {
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
    (ip + 8 + data + ah + if is_signed { 28 } else { 0 }, size)
}

/// How many addresses fit into a packet of the interface: §1.7 of the original's behaviour counts the Ethernet header too.
pub(super) fn room_for_addresses(instance: &VrrpInstance, system: &System) -> usize {
    let (headers, size) = lengths(instance);
    let mtu = usize::try_from(mtu(instance, system)).unwrap_or(usize::MAX);
    (mtu.saturating_sub(14 + headers) / size).min(MAX_ADDRESSES)
}

/// What it adds to the receive buffer of its socket, in bytes; nothing leaves it to the system.
pub(super) fn receive_buffer(
    instance: &VrrpInstance,
    buffers: RxBuffers,
    addresses: usize,
    system: &System,
) -> Option<u32> {
    instance.rx_buffer.or_else(|| match buffers {
        RxBuffers::System => None,
        RxBuffers::Bytes(bytes) => Some(bytes),
        RxBuffers::Mtu(times) => Some(mtu(instance, system).saturating_mul(times)),
        RxBuffers::Advert(times) => {
            let (headers, size) = lengths(instance);
            // An IPv6 socket delivers no IP header.
            let headers = if instance.family == config::Family::V6 { headers - 40 } else { headers };
            Some(u32::try_from(headers + addresses * size).unwrap_or(u32::MAX).saturating_mul(times))
        }
    })
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
) -> SmolStr {
    let family = config::Family::of(address.address);
    let on_own = instance.interface.as_ref().is_some_and(|name| name.value.as_str() == address.interface);
    match own {
        Some(own) if instance.vmac.is_some() && on_own && family == instance.family => own.into(),
        // It is named itself.
        Some(own) if address.interface == own => own.into(),
        // Of the instance's own addresses the rest stay where they are.
        Some(_) | None if line.use_vmac || instance.vmac_addr && !(on_own && family == instance.family) => {
            workshop.for_addresses(instance, &address.interface, family).into()
        }
        Some(_) | None => address.interface.clone(),
    }
}

/// The other interfaces than the router's own that `garp_extra_if` is about: VMACs, or with `all` any.
fn others(
    instance: &VrrpInstance,
    own: Option<&str>,
    addresses: &[Arc<Address>],
    excluded: &[Arc<Address>],
    workshop: &Workshop<'_>,
) -> BTreeSet<SmolStr> {
    if instance.garp.extra_if.is_zero() {
        return BTreeSet::new();
    }
    let is_meant =
        |name: &SmolStr| own != Some(name) && (instance.garp.extra_if_all || workshop.made(name).is_some());
    addresses
        .iter()
        .chain(excluded)
        .map(|one| &one.interface)
        .filter(|name| is_meant(name))
        .cloned()
        .collect()
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

/// The interfaces without which what it holds cannot be, unless that does not matter.
fn needed_by<'a>(
    addresses: &'a [Arc<Address>],
    excluded: &'a [Arc<Address>],
    routes: &'a [Route],
    rules: &'a [Rule],
) -> impl Iterator<Item = String> + 'a {
    let addresses = addresses.iter().chain(excluded).filter(|one| one.tracked);
    let addresses = addresses.map(|one| one.interface.to_string());
    let routes = routes.iter().filter(|one| one.tracked).flat_map(Route::interfaces);
    let rules = rules.iter().filter(|one| one.tracked).flat_map(Rule::interfaces);
    addresses.chain(routes.chain(rules).cloned())
}
