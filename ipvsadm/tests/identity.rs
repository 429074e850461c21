//! What `-S` writes of any table, `-R` reads as that table.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU16, NonZeroU32};

use ipvs::attr::{ConfigAttr, DestinationAttr};
use ipvs::{
    Checksum, Destination, DestinationEntry, DestinationId, Family, Forwarding, Granularity, Name,
    Persistence, Protocol, Request, SchedulerFlags, Service, ServiceId, Tunnel, Weight,
};
use ipvsadm::{Command, Numeric};
use proptest::prelude::*;

fn addr(family: Family) -> BoxedStrategy<IpAddr> {
    match family {
        Family::V4 => any::<Ipv4Addr>().prop_map(IpAddr::V4).boxed(),
        Family::V6 => any::<Ipv6Addr>().prop_map(IpAddr::V6).boxed(),
    }
}

fn family() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::V4), Just(Family::V6)]
}

fn id() -> impl Strategy<Value = ServiceId> {
    let protocol = prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp), Just(Protocol::Sctp)];
    let address = (family().prop_flat_map(addr), protocol, any::<u16>())
        .prop_map(|(addr, protocol, port)| ServiceId::Address { protocol, addr, port });
    let mark = (any::<NonZeroU32>(), family()).prop_map(|(mark, family)| ServiceId::FwMark { mark, family });
    prop_oneof![address, mark]
}

fn name(names: &'static [&'static str]) -> impl Strategy<Value = Name> {
    proptest::sample::select(names).prop_map(|name| Name::new(name).expect("short"))
}

fn granularity(family: Family) -> BoxedStrategy<Granularity> {
    match family {
        Family::V4 => any::<Ipv4Addr>().prop_map(Granularity::Mask).boxed(),
        Family::V6 => (1..=128_u8).prop_map(Granularity::Prefix).boxed(),
    }
}

/// A service that a command line can make: what has no port persists, one packet at a time goes with UDP and marks.
fn service() -> impl Strategy<Value = Service> {
    id().prop_flat_map(|id| {
        let persistence = (1..=2_678_400_u32, granularity(id.family()))
            .prop_map(|(timeout, granularity)| Persistence { timeout, granularity });
        let persistence = if matches!(id, ServiceId::Address { port: 0, .. }) {
            persistence.prop_map(Some).boxed()
        } else {
            proptest::option::of(persistence).boxed()
        };
        let connected = matches!(
            id,
            ServiceId::Address { protocol: Protocol::Tcp | Protocol::Sctp | Protocol::Other(_), .. }
        );
        let scheduler = proptest::option::of(name(&["rr", "wlc", "sh", "mh", "sed", "abcdefghijklmno"]));
        let engine = proptest::option::of(name(&["sip"]));
        (scheduler, any::<[bool; 3]>(), any::<bool>(), persistence, engine).prop_map(
            move |(scheduler, [flag_1, flag_2, flag_3], one_packet, persistence, engine)| Service {
                id,
                scheduler,
                flags: SchedulerFlags { flag_1, flag_2, flag_3 },
                one_packet: one_packet && !connected,
                persistence,
                engine,
            },
        )
    })
}

fn forwarding() -> impl Strategy<Value = Forwarding> {
    let checksum = prop_oneof![Just(Checksum::None), Just(Checksum::Full), Just(Checksum::Remote)];
    let plain = prop_oneof![Just(Checksum::None), Just(Checksum::Full)];
    prop_oneof![
        Just(Forwarding::Masquerade),
        Just(Forwarding::Direct),
        Just(Forwarding::Tunnel(Tunnel::Ipip)),
        (any::<NonZeroU16>(), checksum)
            .prop_map(|(port, checksum)| Forwarding::Tunnel(Tunnel::Gue { port, checksum })),
        plain.prop_map(|checksum| Forwarding::Tunnel(Tunnel::Gre { checksum })),
    ]
}

/// A destination that a command line can make: only a tunnel leads into the other family, and only address
/// translation changes a port.
fn destination(service: ServiceId) -> impl Strategy<Value = Destination> {
    let numbers = (0..=0x7fff_ffff_u32, 0..=0x7fff_ffff_u32, 0..=0x7fff_ffff_u32);
    (forwarding(), family(), any::<u16>(), numbers).prop_flat_map(
        move |(forwarding, family, port, (weight, upper, lower))| {
            let family = if matches!(forwarding, Forwarding::Tunnel(_)) { family } else { service.family() };
            let port = match (service, forwarding) {
                (ServiceId::FwMark { .. }, _) | (_, Forwarding::Masquerade) => port,
                (ServiceId::Address { port, .. }, _) => port,
            };
            addr(family).prop_map(move |addr| Destination {
                id: DestinationId { addr, port },
                forwarding,
                weight: Weight::new(weight).expect("in range"),
                upper_threshold: upper,
                lower_threshold: lower,
            })
        },
    )
}

/// A destination as the kernel tells it.
fn entry(service: ServiceId, destination: Destination) -> DestinationEntry {
    let message = Request::NewDestination(service, destination).to_message();
    let attrs: Vec<DestinationAttr> =
        message.attrs.into_iter().filter_map(destination_attrs).flatten().collect();
    DestinationEntry::decode(&attrs, service.family()).expect("it was written by the same crate")
}

fn destination_attrs(attr: ConfigAttr) -> Option<Vec<DestinationAttr>> {
    if let ConfigAttr::Destination(nest) = attr { Some(nest.attrs) } else { None }
}

proptest! {
    #[test]
    fn what_is_saved_is_read_as_the_same(
        (service, destinations) in service().prop_flat_map(|service| {
            (Just(service), proptest::collection::vec(destination(service.id), 0..5))
        })
    ) {
        let mut entries: Vec<_> = destinations.iter().map(|one| entry(service.id, *one)).collect();
        let mut saved = String::new();
        ipvsadm::save(&mut saved, &service, &mut entries, true, &Numeric);
        let mut wanted = vec![Request::NewService(service)];
        wanted.extend(entries.iter().map(|entry| Request::NewDestination(service.id, entry.destination)));
        let read: Vec<_> = saved
            .lines()
            .map(|line| ipvsadm::read(&ipvsadm::words(line), "ipvsadm", &Numeric))
            .collect();
        let wanted: Vec<_> = wanted.into_iter().map(|request| Ok(Command::Change(request))).collect();
        prop_assert_eq!(read, wanted, "{}", saved);
    }
}
