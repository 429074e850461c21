//! What is filtered: packets to addresses that a router must not take (`no_accept`), and reports of group membership that must
//! not leave by a virtual MAC address.

use std::collections::BTreeSet;
use std::net::IpAddr;

use parser::config::{self, Config};
use parser::diag::{Class, Diagnostic};
use serde::{Deserialize, Serialize};

use super::vmac::{Kind, Vmac};

/// The table when nothing names one.
const TABLE: &str = "keepalived";

/// The priority of its chains when nothing says another: just before the usual filters.
const PRIORITY: i32 = -1;

/// The tables of nftables that the daemon makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Firewall {
    /// Their name; there is one for each family.
    pub(crate) table: String,
    /// Priority of their chains.
    pub(crate) priority: i32,
    /// Rules count packets.
    pub(crate) counters: bool,
    /// Reports of membership in IPv4 groups are not sent at all.
    pub(crate) no_igmp: bool,
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
    let is_reporting = |vmac: &Vmac| match vmac.kind {
        Kind::Macvlan { mac: [.., family, _] } => family != 1 || !global.disable_local_igmp,
        Kind::Ipvlan { .. } => false,
    };
    if !any_closed && !vmacs.iter().any(is_reporting) {
        return None;
    }
    let mut say = |text: &str| complaints.push(Diagnostic::new(Class::Log, None, text));
    match (&global.nftables, &global.iptables) {
        (Some(_), Some(_)) => say("Both iptables and nftables have been specified - ignoring iptables"),
        (None, Some(_)) => {
            say("Not using iptables since nftables does the same - please update configuration")
        }
        (None, None) => {
            say("use_vmac or no_accept/strict specified, but no firewall configured - using nftables")
        }
        (Some(_), None) => {}
    }
    let configured = global.nftables.as_ref();
    Some(Firewall {
        table: configured.map_or_else(|| TABLE.to_owned(), |one| one.table.clone()),
        priority: configured.map_or(PRIORITY, |one| one.priority),
        counters: global.nftables_counters,
        no_igmp: global.disable_local_igmp,
    })
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
            interface: one.interface.clone(),
            by_name: instance.dont_track_primary && !by_index,
        })
        .collect()
}
