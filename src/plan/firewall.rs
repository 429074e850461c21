//! What is filtered: packets to addresses that a router must not take (`no_accept`), and reports of group membership that must
//! not leave by a virtual MAC address.

use std::collections::BTreeSet;
use std::net::IpAddr;

use parser::config::{self, Config, Peering};
use parser::diag::{Class, Diagnostic};
use serde::{Deserialize, Serialize};
use vrrp::Family;

use super::vmac::Vmac;

/// The table when nothing names one.
const TABLE: &str = "keepalived";

/// The priority of its chains when nothing says another: just before the usual filters.
const PRIORITY: i32 = -1;

/// What the rules of iptables are marked with, so that those of a predecessor are known.
const COMMENT: &str = "keepalived";

/// The tables of nftables that the daemon makes, or the rules of iptables in their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Firewall {
    /// Rules of iptables are wanted, if this machine's iptables is not nftables under an old name.
    pub(crate) iptables: Option<Iptables>,
    /// Groups that interfaces below VMACs have to be in themselves when the reports of VMACs cannot leave there.
    pub(crate) memberships: BTreeSet<Membership>,
    /// Their name; there is one for each family.
    pub(crate) table: String,
    /// Priority of their chains.
    pub(crate) priority: i32,
    /// Rules count packets.
    pub(crate) counters: bool,
    /// Reports of membership in IPv4 groups are not sent at all.
    pub(crate) no_igmp: bool,
}

/// Rules of iptables and ip6tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Iptables {
    /// Chain for incoming packets.
    pub(crate) input: String,
    /// Chain for outgoing packets; none is no rule for them.
    pub(crate) output: Option<String>,
    /// The sets with which rules are compared; without them each address has rules of its own.
    pub(crate) sets: Option<Sets>,
    /// What the rules are marked with.
    pub(crate) comment: String,
}

/// Names of the sets of ipset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sets {
    /// IPv4 addresses.
    pub(crate) address: String,
    /// IPv6 addresses.
    pub(crate) address6: String,
    /// Link-local IPv6 addresses with their interfaces.
    pub(crate) address_if6: String,
    /// VMACs that must not send IGMP.
    pub(crate) igmp: String,
    /// VMACs that must not send MLD.
    pub(crate) mld: String,
    /// Addresses that VMACs must not advertise.
    pub(crate) nd: String,
}

/// That an interface is in a multicast group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Membership {
    /// The interface.
    pub(crate) interface: String,
    /// The group.
    pub(crate) group: IpAddr,
}

/// An address that packets are neither sent to nor from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Closed {
    /// The address.
    pub(crate) address: IpAddr,
    /// The interface it is on.
    pub(crate) interface: String,
    /// The interface may come and go, so that it is known by its name and not by its number.
    pub(crate) by_name: bool,
}

/// The filter, if anything needs one.
pub(super) fn plan(
    config: &Config,
    vmacs: &[Vmac],
    any_closed: bool,
    complaints: &mut Vec<Diagnostic>,
) -> Option<Firewall> {
    let global = &config.global;
    let is_reporting = |vmac: &Vmac| {
        let is_silent = vmac.family == Family::Ipv4 && global.disable_local_igmp;
        vmac.kind.is_macvlan() && !is_silent
    };
    if !any_closed && !vmacs.iter().any(is_reporting) {
        return None;
    }
    let mut say = |text: &str| complaints.push(Diagnostic::new(Class::Log, None, text));
    match (&global.nftables, &global.iptables) {
        (Some(_), Some(_)) => say("Both iptables and nftables have been specified - ignoring iptables"),
        (None, None) => {
            say("use_vmac or no_accept/strict specified, but no firewall configured - using nftables")
        }
        (None, Some(_)) | (Some(_), None) => {}
    }
    let configured = global.nftables.as_ref();
    Some(Firewall {
        iptables: global.iptables.as_ref().filter(|_| configured.is_none()).map(|one| iptables(one, global)),
        memberships: config.vrrp_instances.iter().filter_map(membership).collect(),
        table: configured.map_or_else(|| TABLE.to_owned(), |one| one.table.clone()),
        priority: configured.map_or(PRIORITY, |one| one.priority),
        counters: global.nftables_counters,
        no_igmp: global.disable_local_igmp,
    })
}

fn iptables(chains: &config::Iptables, global: &config::Global) -> Iptables {
    // As the original: kernels before 3.13 have one list of sets for all network namespaces.
    let has_sets = global.net_namespace.is_none() || global.namespace_with_ipsets;
    Iptables {
        input: chains.input.clone(),
        output: chains.output.clone(),
        sets: global.ipsets.as_ref().filter(|_| has_sets).map(|sets| Sets {
            address: sets.address.clone(),
            address6: sets.address6.clone(),
            address_if6: sets.address_if6.clone(),
            igmp: sets.igmp.clone(),
            mld: sets.mld.clone(),
            nd: sets.nd.clone(),
        }),
        comment: match &global.instance {
            Some(instance) => format!("{COMMENT}_{instance}"),
            None => COMMENT.to_owned(),
        },
    }
}

/// The group that a router with a VMAC listens to there, on the interface below.
fn membership(instance: &config::VrrpInstance) -> Option<Membership> {
    let Peering::Multicast { group } = &instance.peering else { return None };
    instance.vmac.as_ref().filter(|_| !instance.vmac_xmit_base)?;
    Some(Membership { interface: instance.interface.as_ref()?.value.to_string(), group: *group })
}

/// The addresses of a router that are closed while it is master.
pub(super) fn closed<'a>(
    instance: &config::VrrpInstance,
    config: &Config,
    addresses: impl Iterator<Item = &'a super::address::Address>,
) -> BTreeSet<Closed> {
    if instance.accept || instance.priority == u8::MAX {
        return BTreeSet::new();
    }
    let by_index = config.global.nftables.as_ref().is_some_and(|one| one.by_index);
    addresses
        .map(|one| Closed {
            address: one.address,
            interface: one.interface.to_string(),
            by_name: instance.dont_track_primary && !by_index,
        })
        .collect()
}
