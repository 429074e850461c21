//! Packets captured from keepalived 2.4.3, both ways: what we send is the same bytes, and what it sent means the same to us.
//!
//! The configuration that made each is in the comment above it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use vrrp::announce::Schedule;
use vrrp::params::{
    Auth, Checksum, GROUP_IPV4, GROUP_IPV6, Params, Password, Preempt, Role, Switch, Transport,
};
use vrrp::wire::{Advert, AuthType, PduView, advert_v2, advert_v3};
use vrrp::{Action, Event, Family, Packet, Priority, Router, State, Version, Vrid};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).expect("ascii"), 16).expect("two hexadecimal digits")
        })
        .collect()
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn advert(vrid: u8, priority: u8, interval: Duration, addresses: &[&str]) -> Advert {
    Advert {
        vrid: Vrid::new(vrid).expect("not 0"),
        priority: Priority::new(priority),
        interval,
        addresses: addresses.iter().map(|text| address(text)).collect(),
    }
}

fn params(version: Version, advert: &Advert, auth: Auth) -> Params {
    Params {
        name: "VI_1".into(),
        version,
        family: Family::Ipv4,
        vrid: advert.vrid,
        interface: Some("eth0".into()),
        source: Some(address("10.0.0.1")),
        transport: Transport::Multicast { group: GROUP_IPV4.into() },
        role: Role::Master,
        priority: advert.priority,
        interval: advert.interval,
        down_adverts: 3,
        preempt: Preempt::AtOnce,
        addresses: advert.addresses.clone(),
        auth,
        checksum: Checksum::Standard,
        answer_lower: Switch::On,
        answer_higher: Switch::Off,
        owner_deaf: Switch::Off,
        trust_addresses: Switch::Off,
        together: Switch::Off,
        announce: Schedule::default(),
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// `priority 255`, `advert_int 2`, three addresses, source 10.0.0.1, third packet. The kernel filled in the header checksum.
#[test]
fn a_whole_packet_of_version_2_equals_the_originals() {
    let captured = hex(
        "45c0003000010000ff70d0890a000001e0000012 2101ff030002beef 0a010101 0a010103 0a010102 0000000000000000",
    );
    let advert = advert(1, 255, 2 * SECOND, &["10.1.1.1", "10.1.1.3", "10.1.1.2"]);
    let mut router = Router::new(params(Version::V2, &advert, Auth::None));
    let sent = router.datagrams(Priority::OWNER).remove(0);
    assert_eq!(sent.to, address("224.0.0.18"));
    assert_eq!(sent.bytes[..10], captured[..10]);
    assert_eq!(sent.bytes[10..12], [0, 0]);
    assert_eq!(sent.bytes[12..], captured[12..]);
    assert_eq!(advert_v2::read(PduView::new(&captured[20..]).expect("whole"), Family::Ipv4), Some(advert));
}

/// `auth_type PASS`, `auth_pass 1111`, `virtual_router_id 2`.
#[test]
fn a_password_of_version_2_equals_the_originals() {
    let captured = hex("2102ff0101017096 0a010201 3131313100000000");
    let advert = advert(2, 255, SECOND, &["10.1.2.1"]);
    let mut bytes = Vec::new();
    advert_v2::emit(&advert, Family::Ipv4, AuthType::Pass, b"1111\0\0\0\0", &mut bytes);
    assert_eq!(bytes, captured);
    let view = PduView::new(&captured).expect("whole");
    assert!(advert_v2::checksum_holds(view, captured.len()));
    assert_eq!((view.auth_type(), advert_v2::read(view, Family::Ipv4)), (AuthType::Pass, Some(advert)));
}

/// `version 3`, `advert_int 0.5`, `virtual_router_id 5`; to 224.0.0.18 from 10.0.0.1.
#[test]
fn version_3_with_its_pseudo_header_equals_the_originals() {
    let captured = hex("3105ff020032c72c 0a010501 0a010502");
    let advert = advert(5, 255, Duration::from_millis(500), &["10.1.5.1", "10.1.5.2"]);
    let mut router = Router::new(params(Version::V3, &advert, Auth::None));
    assert_eq!(router.datagrams(Priority::OWNER).remove(0).bytes[20..], captured);
    let pseudo =
        advert_v3::Pseudo::Ipv4 { source: "10.0.0.1".parse().expect("an address"), destination: GROUP_IPV4 };
    let view = PduView::new(&captured).expect("whole");
    assert!(advert_v3::checksum_holds(view, captured.len(), pseudo));
    assert_eq!(advert_v3::read(view, Family::Ipv4), Some(advert));
}

/// `v3_checksum_as_v2 true`, `advert_int 40.95`, `virtual_router_id 6`.
#[test]
fn version_3_with_the_sum_of_version_2_equals_the_originals() {
    let captured = hex("3106ff010fffaff6 0a010601");
    let advert = advert(6, 255, Duration::from_millis(40_950), &["10.1.6.1"]);
    let params = Params { checksum: Checksum::AsVersion2, ..params(Version::V3, &advert, Auth::None) };
    assert_eq!(Router::new(params).datagrams(Priority::OWNER).remove(0).bytes[20..], captured);
    assert_eq!(advert_v3::read(PduView::new(&captured).expect("whole"), Family::Ipv4), Some(advert));
}

/// `version 3` over IPv6, `virtual_router_id 7`: fe80::7 and 2001:db8::7; the kernel filled in the checksum.
#[test]
fn version_3_over_ipv6_equals_the_originals() {
    let mut captured = hex("3107ff0200640000");
    let addresses = [address("fe80::7"), address("2001:db8::7")];
    for address in addresses {
        let IpAddr::V6(v6) = address else { continue };
        captured.extend(v6.octets());
    }
    let advert = Advert { addresses: addresses.to_vec(), ..advert(7, 255, SECOND, &[]) };
    let params = Params {
        family: Family::Ipv6,
        transport: Transport::Multicast { group: GROUP_IPV6.into() },
        source: Some(address("fe80::1")),
        ..params(Version::V3, &advert, Auth::None)
    };
    assert_eq!(Router::new(params).datagrams(Priority::OWNER).remove(0).bytes, captured);
    assert_eq!(advert_v3::read(PduView::new(&captured).expect("whole"), Family::Ipv6), Some(advert));
}

#[test]
fn the_identification_counts_adverts_and_not_copies() {
    let advert = advert(8, 100, SECOND, &["10.1.8.1"]);
    let peer = |text| vrrp::params::Peer { address: address(text), min_ttl: 0, max_ttl: 255 };
    let peers = vec![peer("10.0.0.2"), peer("10.0.0.3")];
    let transport = Transport::Unicast { peers, check_source: false, ttl: Some(7) };
    let mut router = Router::new(Params { transport, ..params(Version::V2, &advert, Auth::None) });
    let ids = |router: &mut Router| -> Vec<(u16, u8)> {
        let sent = router.datagrams(Priority::DEFAULT);
        sent.iter().map(|one| (u16::from_be_bytes([one.bytes[4], one.bytes[5]]), one.bytes[8])).collect()
    };
    assert_eq!(ids(&mut router), [(1, 7), (1, 7)]);
    assert_eq!(ids(&mut router), [(2, 7), (2, 7)]);
}

/// A backup that listens with these parameters.
fn listening(params: Params) -> Router {
    let mut router = Router::new(params);
    router.handle(Instant::now(), Event::Start { quiet: Duration::ZERO }, &mut Vec::new());
    assert_eq!(router.machine().state(), State::Backup);
    router
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let advert = advert(1, 100, SECOND, &["10.1.1.1"]);
        let mut actions: Vec<Action> = Vec::new();
        for version in [Version::V2, Version::V3] {
            let mut router = listening(params(version, &advert, Auth::Pass(Password::new(b"1111"))));
            if let Ok(packet) = Packet::ipv4(&bytes) {
                router.receive(Instant::now(), &packet, &mut actions);
            }
        }
    }

    /// Starts from a good packet, so that the checks behind the first ones are reached too.
    #[test]
    fn a_damaged_packet_is_refused_or_means_something(
        at in 0_usize..48,
        value: u8,
        len in 0_usize..60,
        version in prop_oneof![Just(Version::V2), Just(Version::V3)],
    ) {
        let advert = advert(1, 100, SECOND, &["10.1.1.1", "10.1.1.2"]);
        let mut bytes = Router::new(params(version, &advert, Auth::None)).datagrams(Priority::DEFAULT).remove(0).bytes;
        bytes.resize(len, 0);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        let mut router = listening(params(version, &advert, Auth::None));
        if let Ok(packet) = Packet::ipv4(&bytes) {
            router.receive(Instant::now(), &packet, &mut Vec::new());
        }
    }

    #[test]
    fn what_is_emitted_reads_back(
        vrid in 1_u8..,
        priority: u8,
        seconds: u8,
        addresses in prop::collection::vec(any::<[u8; 4]>(), 0..255),
    ) {
        let advert = Advert {
            vrid: Vrid::new(vrid).expect("not 0"),
            priority: Priority::new(priority),
            interval: Duration::from_secs(seconds.into()),
            addresses: addresses.into_iter().map(IpAddr::from).collect(),
        };
        let mut bytes = Vec::new();
        advert_v2::emit(&advert, Family::Ipv4, AuthType::None, &[0; 8], &mut bytes);
        let view = PduView::new(&bytes).expect("whole");
        prop_assert!(advert_v2::checksum_holds(view, bytes.len()));
        prop_assert_eq!(advert_v2::read(view, Family::Ipv4), Some(advert.clone()));

        let advert = Advert { interval: advert.interval.min(advert_v3::MAX_INTERVAL), ..advert };
        bytes.clear();
        advert_v3::emit(&advert, advert_v3::Pseudo::Bare, &mut bytes);
        let view = PduView::new(&bytes).expect("whole");
        prop_assert!(advert_v3::checksum_holds(view, bytes.len(), advert_v3::Pseudo::Bare));
        prop_assert_eq!(advert_v3::read(view, Family::Ipv4), Some(advert));
    }
}
