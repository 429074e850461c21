//! Instances and their groups.

use std::net::IpAddr;

use super::{Findings, Lint};
use crate::config::{Address, Config, Peering, Span, Tracked, VrrpInstance, Weight};

/// Adverts of a router that does not own the addresses carry a priority between these.
const PRIORITIES: std::ops::RangeInclusive<i64> = 1..=254;

pub(super) fn lint(config: &Config, found: &mut Findings) {
    for (at, instance) in config.vrrp_instances.iter().enumerate() {
        peers(instance, found);
        weights(config, instance, found);
        for earlier in &config.vrrp_instances[..at] {
            same_vrid(earlier, instance, found);
            same_address(earlier, instance, found);
        }
    }
}

fn peers(instance: &VrrpInstance, found: &mut Findings) {
    let peers = match &instance.peering {
        Peering::Unicast { peers, .. } => peers,
        Peering::Multicast { .. } | Peering::Missing => return,
    };
    let VrrpInstance { name, span, .. } = instance;
    for peer in peers.iter().map(|peer| peer.addr) {
        if instance.source == Some(peer) {
            let message = format!("({name}) its unicast peer {peer} is its own source address");
            found.at(Lint::PeerIsSelf, span, message);
        }
        if let Some(address) = addresses(instance).find(|address| address.prefix.addr == peer) {
            let message = format!("({name}) its unicast peer {peer} is one of its virtual addresses");
            found.at(Lint::PeerIsVirtualAddress, &address.span, message);
        }
    }
}

fn addresses(instance: &VrrpInstance) -> impl Iterator<Item = &Address> {
    instance.addresses.iter().chain(&instance.excluded)
}

fn interface(instance: &VrrpInstance) -> Option<&str> {
    instance.interface.as_ref().map(|said| said.value.as_str())
}

fn same_vrid(first: &VrrpInstance, second: &VrrpInstance, found: &mut Findings) {
    let alike = interface(first).is_some()
        && first.vrid != VrrpInstance::NO_VRID
        && (first.vrid, first.family, interface(first)) == (second.vrid, second.family, interface(second));
    if alike && first.peering != second.peering {
        let message = format!(
            "{} and {} both use VRID {} with {} on interface {}, with different peers",
            first.name,
            second.name,
            second.vrid,
            second.family,
            interface(second).unwrap_or_default()
        );
        found.at(Lint::VridShared, &second.span, message);
    }
}

fn same_address(first: &VrrpInstance, second: &VrrpInstance, found: &mut Findings) {
    if first.sync_group.is_some() && first.sync_group == second.sync_group {
        return;
    }
    let held: Vec<IpAddr> = addresses(first).map(|address| address.prefix.addr).collect();
    for address in addresses(second).filter(|address| held.contains(&address.prefix.addr)) {
        let message =
            format!("{} is an address of both {} and {}", address.prefix.addr, first.name, second.name);
        found.at(Lint::AddressInTwoInstances, &address.span, message);
    }
}

/// What a tracked item's failure changes while everything else is well.
fn weights(config: &Config, instance: &VrrpInstance, found: &mut Findings) {
    let tracking = &instance.tracking;
    let script = |tracked: &Tracked<usize>| item("script", &config.scripts[tracked.what].name, tracked);
    let process =
        |tracked: &Tracked<usize>| item("process", &config.track_processes[tracked.what].name, tracked);
    let interfaces =
        tracking.interfaces.iter().map(|tracked| item("interface", tracked.what.as_str(), tracked));
    let items: Vec<(String, Weight, Span)> = interfaces
        .chain(tracking.scripts.iter().map(script))
        .chain(tracking.processes.iter().map(process))
        .filter(|(_, weight, _)| weight.value != 0)
        .collect();

    // A positive weight counts while its item is well, a negative one while it is not; reversed, the other way round.
    let share = |weight: &Weight, well: bool| {
        let counts = (weight.value > 0) == (well != weight.reverse);
        if counts { i64::from(weight.value) } else { 0 }
    };
    let well: i64 =
        i64::from(instance.priority) + items.iter().map(|(_, weight, _)| share(weight, true)).sum::<i64>();
    let clamped = |priority: i64| priority.clamp(*PRIORITIES.start(), *PRIORITIES.end());
    for (what, weight, span) in &items {
        let failed = well - share(weight, true) + share(weight, false);
        if clamped(well) == clamped(failed) {
            let message = format!(
                "({}) weight {} of {what} leaves the priority at {}",
                instance.name,
                weight.value,
                clamped(well)
            );
            found.at(Lint::WeightWithoutEffect, span, message);
        }
    }
    if let (false, Some((what, weight, span))) = (instance.preempt, items.first()) {
        let message = format!("({}) has weight {} for {what}, and nopreempt", instance.name, weight.value);
        found.at(Lint::WeightWithNopreempt, span, message);
    }
}

fn item<T>(kind: &str, name: &str, tracked: &Tracked<T>) -> (String, Weight, Span) {
    (format!("{kind} {name}"), tracked.weight, tracked.span.clone())
}
