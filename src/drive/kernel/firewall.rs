//! What is filtered, by which tool, and what follows where a tool cannot do all of it.

mod iptables;
mod membership;
mod nft;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;

use vrrp::Family;

use self::iptables::Iptables;
use self::membership::Memberships;
use self::nft::Nft;
use super::Id;
use super::vmac::Vmacs;
use crate::mirror::Mirror;
use crate::plan::firewall as plan;
use crate::plan::firewall::Closed;
use crate::plan::vmac::LinkLocal;

/// What is filtered, and by whom.
#[derive(Debug, Default)]
pub(super) struct Firewall {
    wanted: Option<plan::Firewall>,
    closed: BTreeMap<Id, BTreeSet<Closed>>,
    /// Sets stay once they were needed.
    was_closed: [bool; 2],
    nft: Nft,
    iptables: Iptables,
    memberships: Memberships,
}

/// What becomes of reports of group membership that leave by a VMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reports {
    /// They leave by the interface below.
    #[default]
    Moved,
    /// They are dropped, and the interface below is in the groups itself.
    Dropped,
}

/// All that is to be filtered.
#[derive(Clone, Debug)]
struct Filter<'a> {
    plan: &'a plan::Firewall,
    /// VMACs whose IGMP must not leave by them.
    ipv4: Vec<Above<'a>>,
    /// VMACs whose MLD must not leave by them.
    ipv6: Vec<Above<'a>>,
    /// Addresses that packets are neither sent to nor from.
    closed: BTreeSet<&'a Closed>,
    /// Whether there ever were any, of IPv4 and of IPv6.
    was_closed: [bool; 2],
    /// Numbers of interfaces with closed addresses.
    numbers: Vec<u32>,
}

/// A VMAC, with its number and that of the interface below.
#[derive(Clone, Debug)]
struct Above<'a> {
    name: &'a str,
    base: &'a str,
    numbers: [u32; 2],
    /// The address of the interface below that it shares.
    shared: Option<Ipv6Addr>,
}

impl Firewall {
    /// Takes note of what the configuration says.
    pub(super) fn want(&mut self, wanted: Option<plan::Firewall>) {
        self.wanted = wanted;
    }

    /// Closes exactly these addresses for a router.
    pub(super) fn close(&mut self, id: Id, closed: BTreeSet<Closed>) {
        for one in &closed {
            self.was_closed[usize::from(one.address.is_ipv6())] = true;
        }
        if closed.is_empty() {
            self.closed.remove(&id);
        } else {
            self.closed.insert(id, closed);
        }
    }

    /// Waits until others have changed tables of ours, which [`Self::apply`] then puts back. Loses nothing when dropped while
    /// waiting.
    pub(super) async fn changed(&mut self) {
        self.nft.changed().await;
    }

    /// Puts in force what differs.
    pub(super) fn apply(&mut self, vmacs: &Vmacs, mirror: &Mirror) {
        let filter = self.wanted.as_ref().map(|plan| {
            let is_there = |one: &&Closed| one.by_name || mirror.link(&one.interface).is_some();
            let closed: BTreeSet<&Closed> = self.closed.values().flatten().filter(is_there).collect();
            let above = |of| above(vmacs, mirror, of);
            Filter {
                plan,
                ipv4: if plan.no_igmp { Vec::new() } else { above(Family::Ipv4) },
                ipv6: above(Family::Ipv6),
                was_closed: self.was_closed,
                numbers: closed.iter().filter_map(|one| Some(mirror.link(&one.interface)?.index)).collect(),
                closed,
            }
        });
        let chains = filter.as_ref().and_then(|filter| filter.plan.iptables.as_ref());
        let by_iptables = chains.is_some_and(|_| self.iptables.is_usable());
        let (for_iptables, for_nft) =
            if by_iptables { (filter.as_ref(), None) } else { (None, filter.as_ref()) };
        self.iptables.apply(for_iptables);
        let reports = self.nft.apply(for_nft);
        let reports = if by_iptables { Reports::Dropped } else { reports };
        let needed = filter.iter().filter(|_| reports == Reports::Dropped).flat_map(|filter| {
            let above = |one: &plan::Membership| {
                let of_family = if one.group.is_ipv4() { &filter.ipv4 } else { &filter.ipv6 };
                of_family.iter().any(|above| above.base == one.interface)
            };
            filter.plan.memberships.iter().filter(move |one| above(one))
        });
        self.memberships.want(needed.collect(), mirror);
    }
}

/// VMACs for addresses of this family.
fn above<'a>(vmacs: &'a Vmacs, mirror: &'a Mirror, of: Family) -> Vec<Above<'a>> {
    vmacs
        .present(mirror)
        .filter(|(vmac, ..)| vmac.kind.is_macvlan() && vmac.family == of)
        .map(|(vmac, index, below)| Above {
            name: &vmac.name,
            base: &vmac.base,
            numbers: [index, below],
            shared: match vmac.link_local {
                Some(LinkLocal::OfBase) => vmacs.speaks_from(&vmac.name),
                Some(LinkLocal::Given(_)) | None => None,
            },
        })
        .collect()
}
