//! Wanted against actual: what is in the kernel, and for whom, and which edits lead from there to something else.
//!
//! A pure model. Its caller carries edits out in their order and tells what the kernel refused or what somebody else
//! deleted. Nothing is ever deleted that was not wanted by somebody before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use vrrp::Family;

use crate::plan::address::Address;
use crate::plan::object::Object;
use crate::plan::route::{Network, Position, Route, RouteTable, Way};
use crate::plan::rule::Rule;

/// For whom something is in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The configuration itself: static addresses, routes and rules.
    Standing,
    /// The virtual router of this number, while it is master.
    Router(u64),
}

/// One step towards what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// Add it.
    Add(Object),
    /// Add a route behind one at the same place, which is to be deleted next: the kernel deletes the first that fits the
    /// description, and that of the old one may fit the new one too.
    AddBehind(Object),
    /// Add it again if a deletion before this has taken it along.
    Confirm(Object),
    /// Delete it.
    Delete(Object),
}

#[derive(Clone, Debug)]
struct Entry {
    /// Marked as tracked, whether it is or not: to the kernel that makes no difference.
    object: Object,
    tracked: bool,
    /// Whether the kernel has it, as far as is known.
    present: bool,
}

/// Everything wanted by anybody.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    wanted: BTreeMap<Owner, Vec<Entry>>,
}

/// Something that should be in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held<'a> {
    /// For whom.
    pub(super) owner: Owner,
    /// What.
    pub(super) object: &'a Object,
    /// Whether its deletion by somebody else matters to its owner.
    pub(super) tracked: bool,
}

impl Ledger {
    /// Takes note that `owner` wants exactly these, in this order, and says what has to be done.
    ///
    /// What differs is added before its predecessor is deleted wherever the kernel can hold both.
    pub(super) fn want(&mut self, owner: Owner, objects: Vec<Object>) -> Vec<Edit> {
        let entry = |object: Object| {
            let tracked = object.tracked();
            Entry { object: object.into_tracked(), tracked, present: true }
        };
        let entries: Vec<Entry> = objects.into_iter().map(entry).collect();
        let before = self.wanted.remove(&owner).unwrap_or_default();
        let held: BTreeSet<&Object> =
            before.iter().filter(|entry| entry.present).map(|entry| &entry.object).collect();
        let wanted: BTreeSet<&Object> = entries.iter().map(|entry| &entry.object).collect();
        // Of the many things of others, those that matter here.
        let others: BTreeSet<&Object> = self
            .held()
            .map(|other| other.object)
            .filter(|object| held.contains(object) || wanted.contains(object))
            .collect();

        // Rules lead to routes, routes lead by addresses.
        let kept = |object: &Object| wanted.contains(object) || others.contains(object);
        let mut gone: Vec<&Object> =
            before.iter().filter(|entry| entry.present).map(|entry| &entry.object).collect();
        gone.retain(|object| !kept(object));
        gone.sort_by_key(|object| Reverse(rank(object)));
        let mut new: Vec<&Object> = entries.iter().map(|entry| &entry.object).collect();
        new.retain(|object| !held.contains(object) && !others.contains(object));
        let (first, last): (Vec<&Object>, Vec<&Object>) = {
            let mut places: BTreeMap<Place<'_>, Vec<&Object>> = BTreeMap::new();
            for object in &new {
                places.entry(place(object)).or_default().push(object);
            }
            let blocks = |old: &&Object| {
                places.get(&place(old)).is_some_and(|new| new.iter().any(|new| blocks(old, new)))
            };
            gone.into_iter().partition(blocks)
        };

        let deleted: Vec<Address> =
            first.iter().chain(&last).filter_map(|one| address(one)).cloned().collect();
        let mut edits: Vec<Edit> = first.into_iter().cloned().map(Edit::Delete).collect();
        let followed: BTreeSet<Place<'_>> =
            last.iter().filter(|one| rank(one) == 1).map(|one| place(one)).collect();
        edits.extend(new.into_iter().map(|object| {
            let object = object.clone();
            if followed.contains(&place(&object)) { Edit::AddBehind(object) } else { Edit::Add(object) }
        }));
        edits.extend(last.into_iter().cloned().map(Edit::Delete));

        if !entries.is_empty() {
            self.wanted.insert(owner, entries);
        }
        if !deleted.is_empty() {
            let mut swept: Vec<Object> = self.present().into_iter().cloned().collect();
            swept.retain(|object| deleted.iter().any(|address| may_sweep(address, object)));
            swept.sort_by_key(rank);
            edits.extend(swept.into_iter().map(Edit::Confirm));
        }
        edits
    }

    /// What the kernel would not add, or has no longer, is not there for anybody.
    pub(super) fn strike(&mut self, object: &Object) {
        self.mark(object, false);
    }

    /// What is there after all.
    pub(super) fn tick_off(&mut self, object: &Object) {
        self.mark(object, true);
    }

    fn mark(&mut self, object: &Object, present: bool) {
        for entry in self.wanted.values_mut().flatten().filter(|entry| entry.object == *object) {
            entry.present = present;
        }
    }

    /// Everything that should be there, with everyone it is there for.
    pub(super) fn held(&self) -> impl Iterator<Item = Held<'_>> {
        self.wanted.iter().flat_map(|(owner, entries)| {
            let there = entries.iter().filter(|entry| entry.present);
            there.map(|entry| Held { owner: *owner, object: &entry.object, tracked: entry.tracked })
        })
    }

    /// The addresses that are there for `owner`.
    pub(super) fn addresses_of(&self, owner: Owner) -> impl Iterator<Item = &Object> {
        let entries = self.wanted.get(&owner).into_iter().flatten().filter(|entry| entry.present);
        entries.map(|entry| &entry.object).filter(|object| matches!(object, Object::Address(_)))
    }

    /// What the configuration itself wants, the kernel does not have, and may be added whenever that becomes possible.
    pub(super) fn to_restore(&self) -> Vec<Object> {
        let standing = self.wanted.get(&Owner::Standing).into_iter().flatten();
        standing.filter(|entry| !entry.present && entry.tracked).map(|entry| entry.object.clone()).collect()
    }

    /// Whether somebody wants a route or a rule whose deletion matters.
    pub(super) fn watches_routes(&self) -> bool {
        self.wanted.values().flatten().any(|entry| rank(&entry.object) > 0 && entry.tracked)
    }

    /// Whether the configuration itself wants something.
    pub(super) fn has_standing(&self) -> bool {
        self.wanted.contains_key(&Owner::Standing)
    }

    fn present(&self) -> BTreeSet<&Object> {
        self.held().map(|held| held.object).collect()
    }
}

/// Addresses before routes before rules.
fn rank(object: &Object) -> u8 {
    match object {
        Object::Address(_) => 0,
        Object::Route(_) => 1,
        Object::Rule(_) => 2,
    }
}

fn address(object: &Object) -> Option<&Address> {
    match object {
        Object::Address(address) => Some(&**address),
        Object::Route(_) | Object::Rule(_) => None,
    }
}

/// What two objects have in common of which the kernel may not hold both.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    /// IPv6 knows an address once on an interface, IPv4 once for each length of the network part.
    Address(&'a str, IpAddr, Option<u8>),
    Route(Family, &'a RouteTable, Option<Network>, Option<Network>, u8, Option<u32>),
    Rule(&'a Rule),
}

fn place(object: &Object) -> Place<'_> {
    match object {
        Object::Address(one) => {
            let prefix = one.address.is_ipv4().then_some(one.prefix);
            Place::Address(&one.interface, one.address, prefix)
        }
        Object::Route(one) => Place::Route(one.family, &one.table, one.to, one.from, one.tos, one.metric),
        Object::Rule(one) => Place::Rule(one),
    }
}

/// Whether, of two at the same place, the old one has to go before the new one can come.
fn blocks(old: &Object, new: &Object) -> bool {
    let (Object::Route(old), Object::Route(new)) = (old, new) else { return true };
    let like_the_old = || Route { position: old.position, expires: old.expires, ..(**new).clone() };
    match new.family {
        Family::Ipv4 => new.position == Position::Add || like_the_old() == **old,
        // IPv6 tells routes at the same place apart by their way alone.
        Family::Ipv6 => {
            let has_own_gateway = |one: &Route, other: &Route| {
                one.way.via.is_some() && (one.way.via != other.way.via || one.way.dev != other.way.dev)
            };
            let differ = has_own_gateway(old, new) && has_own_gateway(new, old);
            new.position == Position::Add || !differ || !old.hops.is_empty() || !new.hops.is_empty()
        }
    }
}

/// Whether the kernel may delete an object of its own accord when this address goes.
fn may_sweep(gone: &Address, object: &Object) -> bool {
    match object {
        // The first IPv4 address of a network takes the others along.
        Object::Address(other) => {
            gone.address.is_ipv4() && other.interface == gone.interface && contains(gone, other.address)
        }
        Object::Route(route) => {
            let ways = || std::iter::once(&route.way).chain(route.hops.iter().map(|hop| &hop.way));
            route.source == Some(gone.address)
                || ways().any(|way: &Way| {
                    // With its last address an interface loses its routes.
                    way.dev.as_deref() == Some(gone.interface.as_str())
                        || way.via.is_some_and(|via| contains(gone, via))
                })
        }
        Object::Rule(_) => false,
    }
}

/// Whether an address is in the network of another.
fn contains(network: &Address, address: IpAddr) -> bool {
    match (network.address, address) {
        (IpAddr::V4(ours), IpAddr::V4(other)) => {
            let differing = u32::from(ours) ^ u32::from(other);
            differing.checked_shr(32 - u32::from(network.prefix.min(32))).unwrap_or(0) == 0
        }
        (IpAddr::V6(ours), IpAddr::V6(other)) => {
            let differing = u128::from(ours) ^ u128::from(other);
            differing.checked_shr(128 - u32::from(network.prefix.min(128))).unwrap_or(0) == 0
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests;
