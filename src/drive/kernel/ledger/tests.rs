//! The ledger over a model of the kernel: whatever happens, what is wanted comes to be, and nothing else is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::plan::rule::Action;

fn an_address(interface: &str, address: &str, prefix: u8, scope: u8) -> Object {
    let plain = Address::plain(interface, address.parse().expect("an address"), prefix);
    Object::Address(Arc::new(Address { scope, ..plain }))
}

fn a_route(to: &str, via: &str, source: Option<&str>, mtu: u32) -> Object {
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let to = address(to);
    Object::Route(Box::new(Route {
        family: Family::of(to),
        kind: 1,
        to: Some(Network { address: to, bits: if to.is_ipv4() { 24 } else { 64 } }),
        from: None,
        source: source.map(address),
        way: Way { via: Some(address(via)), dev: Some("eth0".into()), ..Way::default() },
        hops: Vec::new(),
        tos: 0,
        table: RouteTable::Number(254),
        protocol: 18,
        scope: None,
        metric: None,
        expires: None,
        preference: None,
        ttl_propagate: None,
        metrics: vec![(2, mtu)],
        congestion: None,
        locked: 0,
        position: Position::Prepend,
        tracked: true,
    }))
}

fn a_rule(preference: u32, table: u32) -> Object {
    Object::Rule(Box::new(Rule {
        family: Family::Ipv4,
        preference,
        invert: false,
        from: None,
        to: None,
        tos: 0,
        mark: None,
        input: None,
        output: None,
        tunnel: None,
        uids: None,
        ip_protocol: None,
        source_ports: None,
        destination_ports: None,
        action: Action::Table { table, suppress_bits: None, suppress_group: None, realms: None },
        protocol: 18,
        tracked: true,
    }))
}

/// As much of the kernel as matters: what it refuses, and what goes with what.
#[derive(Debug, Default)]
struct Kernel {
    /// In the order in which they came.
    objects: Vec<Object>,
}

impl Kernel {
    fn has(&self, object: &Object) -> bool {
        self.objects.contains(object)
    }

    /// Whether it is there now, or something in its place is.
    fn add(&mut self, object: &Object) -> bool {
        let is_at_place = |other: &&Object| {
            std::mem::discriminant(*other) == std::mem::discriminant(object)
                && place(other) == place(object)
                && blocks(other, object)
        };
        if self.objects.iter().any(|other| is_at_place(&other)) {
            return true;
        }
        if !self.can_be(object) {
            return false;
        }
        self.objects.push(object.clone());
        true
    }

    /// A route needs its source address.
    fn can_be(&self, object: &Object) -> bool {
        let Object::Route(route) = object else { return true };
        route
            .source
            .is_none_or(|source| self.objects.iter().filter_map(address).any(|one| one.address == source))
    }

    fn delete(&mut self, object: &Object) {
        let Some(position) = self.objects.iter().position(|one| one == object) else { return };
        let gone = self.objects.remove(position);
        let Some(gone) = address(&gone) else { return };
        let in_network = |one: &Address| {
            one.address.is_ipv4()
                && one.interface == gone.interface
                && one.prefix == gone.prefix
                && contains(gone, one.address)
        };
        let was_first = !self.objects.iter().take(position).filter_map(address).any(&in_network);
        if gone.address.is_ipv4() && was_first {
            self.objects.retain(|one| !address(one).is_some_and(&in_network));
        }
        let possible: Vec<bool> = self.objects.iter().map(|one| self.can_be(one)).collect();
        let mut possible = possible.into_iter();
        self.objects.retain(|_| possible.next().unwrap_or(true));
    }
}

/// The ledger, and the kernel it is about.
#[derive(Debug, Default)]
struct Bench {
    kernel: Kernel,
    ledger: Ledger,
}

impl Bench {
    fn want(&mut self, owner: Owner, objects: Vec<Object>) {
        for edit in self.ledger.want(owner, objects) {
            match edit {
                Edit::Add(object) | Edit::AddBehind(object) | Edit::Confirm(object) => {
                    if !self.kernel.add(&object) {
                        self.ledger.strike(&object);
                    }
                }
                Edit::Delete(object) => self.kernel.delete(&object),
            }
        }
    }

    /// What the thread does when it suspects something: strikes, restores, tells the routers, which begin anew.
    fn compare(&mut self, wanted: &BTreeMap<Owner, Vec<Object>>) {
        let missing: Vec<(Owner, Object)> = self
            .ledger
            .held()
            .filter(|held| !self.kernel.has(held.object))
            .map(|held| (held.owner, held.object.clone()))
            .collect();
        for (_, object) in &missing {
            self.ledger.strike(object);
        }
        for object in self.ledger.to_restore() {
            if self.kernel.add(&object) {
                self.ledger.tick_off(&object);
            }
        }
        let losers: BTreeSet<Owner> =
            missing.iter().map(|(owner, _)| *owner).filter(|owner| *owner != Owner::Standing).collect();
        for owner in losers {
            self.want(owner, Vec::new());
            self.want(owner, wanted.get(&owner).cloned().unwrap_or_default());
        }
    }
}

/// For each of an owner's places: nothing, or one of two variants.
fn objects_of(owner: Owner, choice: &[u8]) -> Vec<Object> {
    let n = match owner {
        Owner::Standing => 0,
        Owner::Router(number) => u8::try_from(number).expect("few") + 1,
    };
    let ip = |last: u8| format!("10.0.{n}.{last}");
    let pick = |variant: u8, first: Object, second: Object| match variant {
        1 => Some(first),
        2 => Some(second),
        _ => None,
    };
    let variant = |place: usize| choice.get(place).copied().unwrap_or(0) % 3;
    let v6 = format!("2001:db8:{n}::1");
    let mut all = vec![
        pick(variant(0), an_address("eth0", &ip(1), 24, 0), an_address("eth0", &ip(1), 24, 253)),
        pick(variant(1), an_address("eth0", &ip(2), 24, 0), an_address("eth0", &ip(2), 32, 0)),
        pick(variant(2), an_address("eth0", &v6, 64, 0), an_address("eth0", &v6, 128, 0)),
        // The same for all who want it.
        (variant(3) > 0).then(|| an_address("eth1", "10.9.0.1", 24, 0)),
        pick(
            variant(4),
            a_route(&format!("10.1{n}.0.0"), "10.0.9.1", None, 1400),
            a_route(&format!("10.1{n}.0.0"), "10.0.9.1", None, 1300),
        ),
        pick(
            variant(5),
            a_route(&format!("2001:db8:1{n}::"), "2001:db8:9::1", None, 1400),
            a_route(&format!("2001:db8:1{n}::"), "2001:db8:9::2", None, 1400),
        ),
        pick(variant(6), a_rule(100 + u32::from(n), 10), a_rule(100 + u32::from(n), 11)),
    ];
    if variant(0) > 0 && variant(7) > 0 {
        all.push(Some(a_route(&format!("10.2{n}.0.0"), "10.0.9.1", Some(&ip(1)), 1400)));
    }
    all.into_iter().flatten().collect()
}

fn foreign(number: u8) -> Object {
    match number % 3 {
        0 => an_address("eth0", &format!("192.168.{number}.1"), 24, 0),
        1 => a_route(&format!("192.168.{number}.0"), "10.0.9.1", None, 1400),
        _ => a_rule(1000 + u32::from(number), 7),
    }
}

#[derive(Clone, Debug)]
enum Happening {
    /// Somebody comes to want something else.
    Want(Owner, Vec<u8>),
    /// Somebody else deletes the object at this place among those that are there.
    Deleted(usize),
    /// Somebody else adds something of his own.
    Added(u8),
    /// The process dies and a new one starts with the same configuration.
    Crash,
}

fn owners() -> impl Strategy<Value = Owner> {
    prop_oneof![Just(Owner::Standing), Just(Owner::Router(0)), Just(Owner::Router(1))]
}

fn happenings() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (owners(), prop::collection::vec(0..3_u8, 8)).prop_map(|(owner, choice)| Happening::Want(owner, choice)),
        2 => any::<usize>().prop_map(Happening::Deleted),
        1 => any::<u8>().prop_map(Happening::Added),
        1 => Just(Happening::Crash),
    ]
}

proptest! {
    #[test]
    fn what_is_wanted_comes_to_be_and_nothing_else_is_touched(
        happenings in prop::collection::vec(happenings(), 1..30)
    ) {
        let mut bench = Bench::default();
        let mut wanted: BTreeMap<Owner, Vec<Object>> = BTreeMap::new();
        let mut theirs: BTreeSet<Object> = BTreeSet::new();
        for happening in happenings {
            match happening {
                Happening::Want(owner, choice) => {
                    let objects = objects_of(owner, &choice);
                    wanted.insert(owner, objects.clone());
                    bench.want(owner, objects);
                }
                Happening::Deleted(place) if !bench.kernel.objects.is_empty() => {
                    let place = place % bench.kernel.objects.len();
                    let object = bench.kernel.objects[place].clone();
                    theirs.remove(&object);
                    bench.kernel.delete(&object);
                    bench.compare(&wanted);
                }
                Happening::Deleted(_) => {}
                Happening::Added(number) => {
                    let object = foreign(number);
                    bench.kernel.add(&object);
                    theirs.insert(object);
                }
                Happening::Crash => {
                    bench.ledger = Ledger::default();
                    for object in wanted.values().flatten().rev() {
                        bench.kernel.delete(object);
                    }
                    for (owner, objects) in &wanted {
                        bench.want(*owner, objects.clone());
                    }
                }
            }
            let expected: BTreeSet<&Object> = wanted.values().flatten().chain(&theirs).collect();
            let there: BTreeSet<&Object> = bench.kernel.objects.iter().collect();
            prop_assert_eq!(there, expected);
        }
    }
}

const ROUTER: Owner = Owner::Router(0);

#[test]
fn what_stays_is_not_touched() {
    let mut ledger = Ledger::default();
    let (one, two) = (an_address("eth0", "10.0.0.1", 24, 0), an_address("eth0", "10.0.0.2", 24, 0));
    ledger.want(ROUTER, vec![one.clone(), two.clone()]);
    let three = an_address("eth0", "10.0.0.3", 24, 0);
    assert_eq!(ledger.want(ROUTER, vec![one, three.clone(), two]), [Edit::Add(three)]);
}

#[test]
fn whether_it_is_tracked_makes_no_difference_to_the_kernel() {
    let mut ledger = Ledger::default();
    let one = an_address("eth0", "10.0.0.1", 24, 0);
    let Object::Address(address) = &one else { panic!("an address") };
    let untracked = Object::Address(Arc::new(Address { tracked: false, ..(**address).clone() }));
    ledger.want(ROUTER, vec![one]);
    assert_eq!(ledger.want(ROUTER, vec![untracked]), []);
    assert!(ledger.held().all(|held| !held.tracked));
}

#[test]
fn a_route_whose_metrics_change_is_there_all_the_time() {
    let mut ledger = Ledger::default();
    let [old, new] = [1400, 1300].map(|mtu| a_route("10.1.0.0", "10.0.0.9", None, mtu));
    ledger.want(ROUTER, vec![old.clone()]);
    assert_eq!(ledger.want(ROUTER, vec![new.clone()]), [Edit::AddBehind(new), Edit::Delete(old)]);
}

#[test]
fn rules_go_before_routes_and_routes_before_addresses() {
    let mut ledger = Ledger::default();
    let all = vec![
        an_address("eth0", "10.0.0.1", 24, 0),
        a_route("10.1.0.0", "10.0.0.9", None, 1400),
        a_rule(100, 10),
    ];
    ledger.want(ROUTER, all.clone());
    let reversed: Vec<Edit> = all.into_iter().rev().map(Edit::Delete).collect();
    assert_eq!(ledger.want(ROUTER, Vec::new()), reversed);
}

#[test]
fn what_two_want_goes_with_the_last_of_them() {
    let mut ledger = Ledger::default();
    let both = an_address("eth0", "10.0.0.1", 24, 0);
    ledger.want(ROUTER, vec![both.clone()]);
    assert_eq!(ledger.want(Owner::Standing, vec![both.clone()]), []);
    assert_eq!(ledger.want(ROUTER, Vec::new()), []);
    assert_eq!(ledger.want(Owner::Standing, Vec::new()), [Edit::Delete(both)]);
}
