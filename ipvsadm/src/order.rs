//! The order of listings.
//!
//! `ipvsadm` compares marks and each 32-bit word of an address by the sign of their difference, which wraps: 10.0.0.1
//! comes before 130.0.0.1, which comes before 192.0.2.1, which comes before 10.0.0.1. No sort of the standard library
//! takes such a relation, so there is one here, and it takes the same steps as glibc's: the result is the same even
//! where no order is right.

use std::cmp::Ordering;
use std::net::IpAddr;

use ipvs::{Destination, Protocol, Service, ServiceId};

/// Sorts services, each with whatever is kept beside it, as a listing shows them.
pub fn sort<T>(table: &mut Vec<T>, service: impl Fn(&T) -> &Service) {
    merge_sort(table, &|a, b| services(&service(a).id, &service(b).id));
}

/// Sorts destinations as a listing shows them.
pub(crate) fn sort_destinations<T>(table: &mut Vec<T>, destination: impl Fn(&T) -> &Destination) {
    merge_sort(table, &|a, b| {
        let (a, b) = (destination(a).id, destination(b).id);
        addresses(a.addr, b.addr).then(a.port.cmp(&b.port))
    });
}

fn services(a: &ServiceId, b: &ServiceId) -> Ordering {
    wrapping(mark(a), mark(b)).then(a.family().cmp(&b.family())).then_with(|| match (a, b) {
        (
            ServiceId::Address { protocol, addr, port },
            ServiceId::Address { protocol: other_protocol, addr: other_addr, port: other_port },
        ) => number(*protocol)
            .cmp(&number(*other_protocol))
            .then(addresses(*addr, *other_addr))
            .then(port.cmp(other_port)),
        (ServiceId::FwMark { .. }, _) | (_, ServiceId::FwMark { .. }) => Ordering::Equal,
    })
}

/// The mark; 0 is none.
fn mark(id: &ServiceId) -> u32 {
    match id {
        ServiceId::FwMark { mark, .. } => mark.get(),
        ServiceId::Address { .. } => 0,
    }
}

fn number(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Sctp => 132,
        Protocol::Other(number) => number,
    }
}

fn addresses(a: IpAddr, b: IpAddr) -> Ordering {
    let pairs = words(a).into_iter().zip(words(b));
    pairs.map(|(a, b)| wrapping(a, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Four words, the most significant first; an IPv4 address is the first of them.
fn words(addr: IpAddr) -> [u32; 4] {
    match addr {
        IpAddr::V4(v4) => [v4.into(), 0, 0, 0],
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h] = v6.segments().map(u32::from);
            [a << 16 | b, c << 16 | d, e << 16 | f, g << 16 | h]
        }
    }
}

fn wrapping(a: u32, b: u32) -> Ordering {
    a.wrapping_sub(b).cast_signed().cmp(&0)
}

/// Halves, sorts each, merges; of equals the left one comes first.
fn merge_sort<T>(items: &mut Vec<T>, order: &impl Fn(&T, &T) -> Ordering) {
    if items.len() < 2 {
        return;
    }
    let mut right = items.split_off(items.len() / 2);
    merge_sort(items, order);
    merge_sort(&mut right, order);
    let left = std::mem::take(items);
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if order(a, b).is_le() { left.next() } else { right.next() };
        items.extend(next);
    }
    items.extend(left);
    items.extend(right);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut addresses: Vec<&str>) -> Vec<&str> {
        let destination = |text: &&str| {
            let id = ipvs::DestinationId { addr: text.parse().expect("an address"), port: 80 };
            Destination { id, ..Destination::new(([0, 0, 0, 0], 0).into(), ipvs::Forwarding::Direct) }
        };
        let mut pairs: Vec<_> = addresses.drain(..).map(|text| (text, destination(&text))).collect();
        sort_destinations(&mut pairs, |(_, destination)| destination);
        pairs.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn private_addresses_beyond_the_half_of_all_come_before_those_of_ten() {
        assert_eq!(
            sorted(vec!["10.0.0.10", "10.0.0.9", "192.168.0.1", "172.16.0.1", "fd00::1", "2001:db8::1"]),
            ["172.16.0.1", "192.168.0.1", "fd00::1", "10.0.0.9", "10.0.0.10", "2001:db8::1"]
        );
    }

    #[test]
    fn a_circle_of_addresses_is_no_trouble() {
        let circle = ["10.0.0.1", "130.0.0.1", "192.0.2.1"];
        assert_eq!(sorted(circle.to_vec()).len(), 3);
    }
}
