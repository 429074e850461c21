//! The addresses of all interfaces. There may be many thousands, so each takes as little room as possible.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use vrrp::Family;

use super::Held;

/// The lowest address of fe80::/10 (RFC 4291 §2.5.6), and the highest.
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0);
const LAST_LINK_LOCAL: Ipv6Addr =
    Ipv6Addr::new(0xfebf, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff);

/// All addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    /// By the number of the interface.
    links: BTreeMap<u32, OfLink>,
    told: u32,
}

/// Those of an interface.
#[derive(Clone, Debug, Default)]
struct OfLink {
    ipv4: List<Ipv4Addr>,
    ipv6: List<Ipv6Addr>,
}

/// What makes an address on an interface the same: the address and the length of the network part.
type Key<A> = (A, u8);

/// Sorted, with little room to spare. Moving the rest for an insertion is cheap even among tens of thousands.
#[derive(Clone, Debug)]
struct List<A>(Vec<(Key<A>, Known)>);

impl<A> Default for List<A> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<A: Copy + Ord> List<A> {
    fn place(&self, key: &Key<A>) -> Result<usize, usize> {
        self.0.binary_search_by(|(one, _)| one.cmp(key))
    }

    /// What is known of an address, `first` if nothing was.
    fn entry(&mut self, key: Key<A>, first: Known) -> &mut Known {
        let at = self.place(&key).unwrap_or_else(|at| {
            if self.0.len() == self.0.capacity() {
                self.0.reserve_exact(self.0.len() / 8 + 1);
            }
            self.0.insert(at, (key, first));
            at
        });
        &mut self.0[at].1
    }

    fn remove(&mut self, key: &Key<A>) {
        if let Ok(at) = self.place(key) {
            self.0.remove(at);
        }
    }

    /// Those from a range, with their place in the kernel's order.
    fn meant(
        &self,
        addresses: RangeInclusive<A>,
        is_meant: fn(Known) -> bool,
    ) -> impl Iterator<Item = (u32, A)> {
        let first = self.0.partition_point(|((address, _), _)| address < addresses.start());
        let inside = self.0[first..].iter().take_while(move |((address, _), _)| address <= addresses.end());
        let meant = inside.filter(move |(_, known)| is_meant(*known));
        meant.map(|((address, _), known)| (known.told(), *address))
    }
}

/// The largest number in a [`Known`].
const MOST: u32 = u32::MAX >> 1;

/// What is known of an address besides its key, in one number.
#[derive(Clone, Copy, Debug)]
struct Known(u32);

impl Known {
    fn new(told: u32, primary: bool) -> Self {
        Self(told << 1 | u32::from(primary))
    }

    /// Grows in the order in which the kernel told them first.
    fn told(self) -> u32 {
        self.0 >> 1
    }

    /// As in [`Held`].
    fn primary(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Addresses {
    /// Takes in one that is there. One that was there already keeps its place in the order.
    pub(super) fn insert(&mut self, held: &Held) {
        if self.told == MOST {
            self.number_anew();
        }
        self.told += 1;
        let (link, first) = (self.links.entry(held.index).or_default(), Known::new(self.told, held.primary));
        let known = match held.address {
            IpAddr::V4(address) => link.ipv4.entry((address, held.prefix), first),
            IpAddr::V6(address) => link.ipv6.entry((address, held.prefix), first),
        };
        *known = Known::new(known.told(), held.primary);
    }

    /// Gives them the first numbers, in their order.
    fn number_anew(&mut self) {
        let mut all: Vec<&mut Known> = Vec::new();
        for OfLink { ipv4, ipv6 } in self.links.values_mut() {
            all.extend(ipv4.0.iter_mut().map(|(_, known)| known));
            all.extend(ipv6.0.iter_mut().map(|(_, known)| known));
        }
        all.sort_unstable_by_key(|known| known.told());
        self.told = 0;
        for known in all {
            self.told += 1;
            *known = Known::new(self.told, known.primary());
        }
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, held: &Held) {
        let Some(link) = self.links.get_mut(&held.index) else { return };
        match held.address {
            IpAddr::V4(address) => link.ipv4.remove(&(address, held.prefix)),
            IpAddr::V6(address) => link.ipv6.remove(&(address, held.prefix)),
        }
    }

    /// Forgets those of an interface.
    pub(super) fn forget(&mut self, index: u32) {
        self.links.remove(&index);
    }

    /// Whether an interface has this address with this length of the network part.
    pub(super) fn has(&self, index: u32, address: IpAddr, prefix: u8) -> bool {
        self.links.get(&index).is_some_and(|link| match address {
            IpAddr::V4(address) => link.ipv4.place(&(address, prefix)).is_ok(),
            IpAddr::V6(address) => link.ipv6.place(&(address, prefix)).is_ok(),
        })
    }

    /// Whether an address is on any interface.
    pub(super) fn holds(&self, address: IpAddr) -> bool {
        let any = |_| true;
        self.links.values().any(|link| match address {
            IpAddr::V4(address) => link.ipv4.meant(address..=address, any).next().is_some(),
            IpAddr::V6(address) => link.ipv6.meant(address..=address, any).next().is_some(),
        })
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = Held> {
        let held = |index: u32, address: IpAddr, prefix: u8, known: Known| Held {
            index,
            address,
            prefix,
            primary: known.primary(),
        };
        self.links.iter().flat_map(move |(&index, OfLink { ipv4, ipv6 })| {
            let ipv4 = ipv4
                .0
                .iter()
                .map(move |((address, prefix), known)| held(index, (*address).into(), *prefix, *known));
            let ipv6 = ipv6
                .0
                .iter()
                .map(move |((address, prefix), known)| held(index, (*address).into(), *prefix, *known));
            ipv4.chain(ipv6)
        })
    }

    /// Those that an interface can speak from, in the kernel's order: for IPv6 those of the link alone.
    pub(super) fn sources(&self, index: u32, family: Family) -> Vec<IpAddr> {
        self.of_link(index, family, Known::primary)
    }

    /// Those of an interface in the kernel's order, the secondary ones as well: for IPv6 those of the link alone.
    pub(super) fn told(&self, index: u32, family: Family) -> Vec<IpAddr> {
        self.of_link(index, family, |_| true)
    }

    fn of_link(&self, index: u32, family: Family, is_meant: fn(Known) -> bool) -> Vec<IpAddr> {
        let Some(OfLink { ipv4, ipv6 }) = self.links.get(&index) else { return Vec::new() };
        let mut found: Vec<(u32, IpAddr)> = match family {
            Family::Ipv4 => {
                let all = Ipv4Addr::UNSPECIFIED..=Ipv4Addr::BROADCAST;
                ipv4.meant(all, is_meant).map(|(told, address)| (told, address.into())).collect()
            }
            Family::Ipv6 => {
                let all = LINK_LOCAL..=LAST_LINK_LOCAL;
                ipv6.meant(all, is_meant).map(|(told, address)| (told, address.into())).collect()
            }
        };
        found.sort_unstable();
        found.into_iter().map(|(_, address)| address).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn whatever_comes_and_goes_is_known_by_interface_address_and_length() {
        let mut addresses = Addresses::default();
        let held =
            |index, text: &str, prefix| Held { index, address: text.parse().unwrap(), prefix, primary: true };
        let mut all = vec![
            held(2, "10.0.0.1", 8),
            held(2, "10.0.0.1", 24),
            held(2, "10.0.0.200", 24),
            held(2, "fe80::1", 64),
            held(2, "2001:db8::1", 64),
            held(300, "10.0.0.1", 24),
        ];
        all.iter().rev().for_each(|one| addresses.insert(one));
        let known = |addresses: &Addresses| {
            addresses.all().map(|one| (one.index, one.address, one.prefix)).collect::<BTreeSet<_>>()
        };
        let wanted = |all: &[Held]| all.iter().map(|one| (one.index, one.address, one.prefix)).collect();
        assert_eq!(known(&addresses), wanted(&all));
        assert_eq!(addresses.sources(2, Family::Ipv6), ["fe80::1".parse::<IpAddr>().unwrap()]);

        addresses.remove(&all.remove(1));
        assert_eq!(known(&addresses), wanted(&all));
        assert!(addresses.has(2, [10, 0, 0, 1].into(), 8) && !addresses.has(2, [10, 0, 0, 1].into(), 24));
        assert!(addresses.holds([10, 0, 0, 200].into()) && !addresses.holds([10, 0, 0, 2].into()));
        addresses.forget(2);
        assert_eq!(known(&addresses), wanted(&all[4..]));
    }

    #[test]
    fn the_order_outlives_any_number_of_reports() {
        let mut addresses = Addresses::default();
        let held = |last| Held { index: 256, address: [10, 0, 0, last].into(), prefix: 24, primary: true };
        addresses.insert(&held(9));
        addresses.told = MOST - 1;
        for last in [5, 7, 1] {
            addresses.insert(&held(last));
        }
        assert!(addresses.told < 10);
        let last = |address: &IpAddr| match address {
            IpAddr::V4(one) => one.octets()[3],
            IpAddr::V6(_) => 0,
        };
        let order: Vec<u8> = addresses.sources(256, Family::Ipv4).iter().map(last).collect();
        assert_eq!(order, [9, 5, 7, 1]);
        assert_eq!(addresses.all().map(|one| one.index).collect::<Vec<_>>(), [256; 4]);
    }
}
