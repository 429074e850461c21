//! The addresses of all interfaces. There may be many thousands, so each takes as little room as possible.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp::Family;

use super::Held;

/// The lowest address of fe80::/10 (RFC 4291 §2.5.6), and the highest.
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0);
const LAST_LINK_LOCAL: Ipv6Addr =
    Ipv6Addr::new(0xfebf, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff);

/// What makes an address on an interface the same: number of the interface, address, length of the network part. The number
/// is in bytes, highest first, which sort as it does and need no room for alignment.
type Key<A> = ([u8; 4], A, u8);

/// All addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    ipv4: BTreeMap<Key<Ipv4Addr>, Known>,
    ipv6: BTreeMap<Key<Ipv6Addr>, Known>,
    told: u32,
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
        let (index, first) = (held.index.to_be_bytes(), Known::new(self.told, held.primary));
        let known = match held.address {
            IpAddr::V4(address) => self.ipv4.entry((index, address, held.prefix)).or_insert(first),
            IpAddr::V6(address) => self.ipv6.entry((index, address, held.prefix)).or_insert(first),
        };
        *known = Known::new(known.told(), held.primary);
    }

    /// Gives them the first numbers, in their order.
    fn number_anew(&mut self) {
        let mut all: Vec<&mut Known> = self.ipv4.values_mut().chain(self.ipv6.values_mut()).collect();
        all.sort_unstable_by_key(|known| known.told());
        self.told = 0;
        for known in all {
            self.told += 1;
            *known = Known::new(self.told, known.primary());
        }
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, held: &Held) {
        let index = held.index.to_be_bytes();
        match held.address {
            IpAddr::V4(address) => self.ipv4.remove(&(index, address, held.prefix)),
            IpAddr::V6(address) => self.ipv6.remove(&(index, address, held.prefix)),
        };
    }

    /// Forgets those of an interface.
    pub(super) fn forget(&mut self, index: u32) {
        let index = index.to_be_bytes();
        self.ipv4.retain(|(on, ..), _| *on != index);
        self.ipv6.retain(|(on, ..), _| *on != index);
    }

    /// Whether an interface has this address with this length of the network part.
    pub(super) fn has(&self, index: u32, address: IpAddr, prefix: u8) -> bool {
        let index = index.to_be_bytes();
        match address {
            IpAddr::V4(address) => self.ipv4.contains_key(&(index, address, prefix)),
            IpAddr::V6(address) => self.ipv6.contains_key(&(index, address, prefix)),
        }
    }

    /// Whether an address is on any interface.
    pub(super) fn holds(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.ipv4.keys().any(|(_, held, _)| *held == address),
            IpAddr::V6(address) => self.ipv6.keys().any(|(_, held, _)| *held == address),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = Held> {
        let ipv4 = self.ipv4.iter().map(|(&(index, address, prefix), known)| Held {
            index: u32::from_be_bytes(index),
            address: address.into(),
            prefix,
            primary: known.primary(),
        });
        let ipv6 = self.ipv6.iter().map(|(&(index, address, prefix), known)| Held {
            index: u32::from_be_bytes(index),
            address: address.into(),
            prefix,
            primary: known.primary(),
        });
        ipv4.chain(ipv6)
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
        let index = index.to_be_bytes();
        let mut found: Vec<(u32, IpAddr)> = match family {
            Family::Ipv4 => {
                let all = (index, Ipv4Addr::UNSPECIFIED, 0)..=(index, Ipv4Addr::BROADCAST, u8::MAX);
                let meant = self.ipv4.range(all).filter(|(_, known)| is_meant(**known));
                meant.map(|((_, address, _), known)| (known.told(), IpAddr::V4(*address))).collect()
            }
            Family::Ipv6 => {
                let all = (index, LINK_LOCAL, 0)..=(index, LAST_LINK_LOCAL, u8::MAX);
                let meant = self.ipv6.range(all).filter(|(_, known)| is_meant(**known));
                meant.map(|((_, address, _), known)| (known.told(), IpAddr::V6(*address))).collect()
            }
        };
        found.sort_unstable();
        found.into_iter().map(|(_, address)| address).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
