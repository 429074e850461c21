//! The addresses of all virtual routers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::plan::vrrp::Instance;

/// The addresses of all virtual routers, each once. There may be tens of thousands, and they change with a plan alone, so that
/// they are kept sorted and without room to spare.
#[derive(Debug, Default)]
pub(super) struct Own {
    ipv4: Box<[Ipv4Addr]>,
    ipv6: Box<[Ipv6Addr]>,
}

impl Own {
    pub(super) fn of(instances: &[Instance]) -> Self {
        let held = instances.iter().flat_map(|one| one.addresses.iter().chain(&one.excluded));
        held.map(|one| one.address).collect()
    }

    pub(super) fn contains(&self, address: &IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.ipv4.binary_search(address).is_ok(),
            IpAddr::V6(address) => self.ipv6.binary_search(address).is_ok(),
        }
    }
}

impl FromIterator<IpAddr> for Own {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Self {
        let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
        for address in addresses {
            match address {
                IpAddr::V4(address) => ipv4.push(address),
                IpAddr::V6(address) => ipv6.push(address),
            }
        }
        ipv4.sort_unstable();
        ipv4.dedup();
        ipv6.sort_unstable();
        ipv6.dedup();
        Self { ipv4: ipv4.into(), ipv6: ipv6.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_families_are_known_whatever_their_order() {
        let all = ["10.0.0.9", "2001:db8::2", "10.0.0.1", "10.0.0.9", "2001:db8::1"];
        let all = all.map(|text| text.parse::<IpAddr>().unwrap());
        let own: Own = all.into_iter().collect();
        assert!(all.iter().all(|one| own.contains(one)));
        assert!(!own.contains(&[10, 0, 0, 2].into()));
        assert!(!own.contains(&"::ffff:10.0.0.1".parse().unwrap()));
        assert_eq!((own.ipv4.len(), own.ipv6.len()), (2, 2));
    }
}
