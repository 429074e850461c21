//! Packets captured from keepalived 2.4.3, both ways: what we send is the same bytes, and what it sent means the same to us.
//!
//! The configuration that made each is in the comment above it.

use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use proptest::prelude::*;
use vrrp::announce::Schedule;
use vrrp::params::signing::{AntiReplay, Key, Mode, Signing};
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
        signing: None,
        checksum: Checksum::Standard,
        answer_lower: Switch::On,
        answer_higher: Switch::Off,
        owner_deaf: Switch::Off,
        trust_addresses: Switch::Off,
        together: Switch::Off,
        yields_when_late: None,
        track: Vec::new(),
        announce: Schedule::default(),
    }
}

const SECOND: Duration = Duration::from_secs(1);
const WALL: SystemTime = SystemTime::UNIX_EPOCH;

/// `priority 255`, `advert_int 2`, three addresses, source 10.0.0.1, third packet. The kernel filled in the header checksum.
#[test]
fn a_whole_packet_of_version_2_equals_the_originals() {
    let captured = hex(
        "45c0003000010000ff70d0890a000001e0000012 2101ff030002beef 0a010101 0a010103 0a010102 0000000000000000",
    );
    let advert = advert(1, 255, 2 * SECOND, &["10.1.1.1", "10.1.1.3", "10.1.1.2"]);
    let mut router = Router::new(params(Version::V2, &advert, Auth::None));
    let sent = router.datagrams(Priority::OWNER, WALL).remove(0);
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

/// `auth_type AH`, `auth_pass secret`, `virtual_router_id 4`, source 10.0.0.1, first packet.
#[test]
fn the_authentication_header_equals_the_originals() {
    let captured =
        hex("70040000 0a000001 00000001 794639e071a0d9e9e2940fa4 2104ff010201cff6 0a010401 0000000000000000");
    let advert = advert(4, 255, SECOND, &["10.1.4.1"]);
    let auth = Auth::Ah(Password::new(b"secret"));
    let sent = Router::new(params(Version::V2, &advert, auth)).datagrams(Priority::OWNER, WALL).remove(0);
    assert_eq!((sent.bytes.len(), sent.bytes[9]), (64, 51));
    assert_eq!(sent.bytes[20..], captured);
}

/// `version 3`, `advert_int 0.5`, `virtual_router_id 5`; to 224.0.0.18 from 10.0.0.1.
#[test]
fn version_3_with_its_pseudo_header_equals_the_originals() {
    let captured = hex("3105ff020032c72c 0a010501 0a010502");
    let advert = advert(5, 255, Duration::from_millis(500), &["10.1.5.1", "10.1.5.2"]);
    let mut router = Router::new(params(Version::V3, &advert, Auth::None));
    assert_eq!(router.datagrams(Priority::OWNER, WALL).remove(0).bytes[20..], captured);
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
    assert_eq!(Router::new(params).datagrams(Priority::OWNER, WALL).remove(0).bytes[20..], captured);
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
    assert_eq!(Router::new(params).datagrams(Priority::OWNER, WALL).remove(0).bytes, captured);
    assert_eq!(advert_v3::read(PduView::new(&captured).expect("whole"), Family::Ipv6), Some(advert));
}

/// Captured from Debian's keepalived 2.2.7 with `unicast_src_ip 10.0.0.1` and the peers 10.0.0.2 and 10.0.0.3: the first packets to
/// both. What differs besides the destination is what the sum or the integrity value covers.
#[test]
fn adverts_to_peers_equal_the_originals_and_are_accepted() {
    let ah = Auth::Ah(Password::new(b"secret"));
    for (vrid, version, auth, checksum, ttl, captured) in [
        // `unicast_ttl 9`
        (
            11,
            Version::V2,
            Auth::None,
            Checksum::Standard,
            Some(9),
            [
                "45c0002c0001000009709c9f0a0000010a000002 210bff020001b5eb 0a010b01 0a010b02 0000000000000000",
                "45c0002c0001000009709c9e0a0000010a000003 210bff020001b5eb 0a010b01 0a010b02 0000000000000000",
            ],
        ),
        (
            12,
            Version::V3,
            Auth::None,
            Checksum::Standard,
            None,
            [
                "45c0002400010000ff70a6a60a0000010a000002 310cff0200648f04 0a010c01 0a010c02",
                "45c0002400010000ff70a6a50a0000010a000003 310cff0200648f03 0a010c01 0a010c02",
            ],
        ),
        // `unicast_ttl 9`, `auth_type AH`, `auth_pass secret`
        (
            13,
            Version::V2,
            ah,
            Checksum::Standard,
            Some(9),
            [
                "45c000440001000009339cc40a0000010a000002 700400000a000001000000015d16f67b0ec6fc4b14f400ba \
             210dff020201afe9 0a010d01 0a010d02 0000000000000000",
                "45c000440001000009339cc30a0000010a000003 700400000a0000010000000152b9e4e316e542825d5515f3 \
             210dff020201afe9 0a010d01 0a010d02 0000000000000000",
            ],
        ),
        // `old_unicast_checksum`
        (
            14,
            Version::V3,
            Auth::None,
            Checksum::OldUnicast,
            None,
            [
                "45c0002400010000ff70a6a60a0000010a000002 310eff020064b4f1 0a010e01 0a010e02",
                "45c0002400010000ff70a6a50a0000010a000003 310eff020064b4f1 0a010e01 0a010e02",
            ],
        ),
    ] {
        let advert = advert(vrid, 255, SECOND, &[&format!("10.1.{vrid}.1"), &format!("10.1.{vrid}.2")]);
        let peer = |text| vrrp::params::Peer { address: address(text), min_ttl: 0, max_ttl: 255 };
        let peers = vec![peer("10.0.0.2"), peer("10.0.0.3")];
        let transport = Transport::Unicast { peers, check_source: false, ttl };
        let ours = Params { transport, checksum, ..params(version, &advert, auth) };
        let sent = Router::new(ours.clone()).datagrams(Priority::OWNER, WALL);
        assert_eq!(sent.len(), captured.len());
        for ((sent, captured), to) in sent.iter().zip(captured).zip(["10.0.0.2", "10.0.0.3"]) {
            let captured = hex(captured);
            assert_eq!(sent.to, address(to));
            // The kernel fills in the sum of the header.
            assert_eq!(sent.bytes[..10], captured[..10]);
            assert_eq!(sent.bytes[12..], captured[12..], "VRID {vrid} to {to}");

            let peers = vec![vrrp::params::Peer { min_ttl: 9, ..peer("10.0.0.1") }];
            let transport = Transport::Unicast { peers, check_source: true, ttl };
            let mut theirs = listening(Params {
                source: Some(address(to)),
                role: Role::Backup,
                priority: Priority::DEFAULT,
                transport,
                ..ours.clone()
            });
            let packet = Packet::ipv4(&captured).expect("whole");
            theirs.receive(Instant::now(), WALL, &packet, &mut Vec::new());
            let leader = theirs.machine().leader().expect("it is accepted");
            assert_eq!((leader.address, leader.priority), (address("10.0.0.1"), Priority::OWNER));
        }
    }
}

#[test]
fn the_identification_counts_adverts_and_not_copies() {
    let advert = advert(8, 100, SECOND, &["10.1.8.1"]);
    let peer = |text| vrrp::params::Peer { address: address(text), min_ttl: 0, max_ttl: 255 };
    let peers = vec![peer("10.0.0.2"), peer("10.0.0.3")];
    let transport = Transport::Unicast { peers, check_source: false, ttl: Some(7) };
    let mut router = Router::new(Params { transport, ..params(Version::V2, &advert, Auth::None) });
    let ids = |router: &mut Router| -> Vec<(u16, u8)> {
        let sent = router.datagrams(Priority::DEFAULT, WALL);
        sent.iter().map(|one| (u16::from_be_bytes([one.bytes[4], one.bytes[5]]), one.bytes[8])).collect()
    };
    assert_eq!(ids(&mut router), [(1, 7), (1, 7)]);
    assert_eq!(ids(&mut router), [(2, 7), (2, 7)]);
}

fn signing() -> Signing {
    let key = Key { id: 7, bytes: vec![0x5a; 32] };
    let window = Duration::from_secs(5);
    Signing { keys: vec![key], active: 7, window, anti_replay: AntiReplay::Time, mode: Mode::Enforce }
}

/// The trailer of `auth_hmac` as an implementation of its own computes it: HMAC-SHA-256 over a pseudo-header, the advert without
/// its checksum and the trailer without its end.
#[test]
fn a_signature_covers_what_the_originals_covers() {
    let wall = WALL + Duration::from_millis(1_700_000_000_500);
    let v4 = advert(1, 100, SECOND, &["10.1.1.1", "10.1.1.2"]);
    let v6 = advert(1, 100, SECOND, &["fe80::7", "2001:db8::7"]);
    let ipv6 = Params {
        family: Family::Ipv6,
        transport: Transport::Multicast { group: GROUP_IPV6.into() },
        source: Some(address("fe80::1")),
        ..params(Version::V3, &v6, Auth::None)
    };
    for (params, trailer) in [
        (params(Version::V2, &v4, Auth::None), "010700006553f10080000000ec17af25c24cf24bcb3a90d43327b546"),
        (ipv6, "010700006553f100800000004b5b67ae5658f42030c4010ec33f2083"),
    ] {
        let mut router = Router::new(Params { signing: Some(signing()), ..params });
        let sent = router.datagrams(Priority::DEFAULT, wall).remove(0).bytes;
        assert_eq!(sent[sent.len() - 28..], hex(trailer));
    }
}

/// Every way an advert can be made, so that every decoder is met.
fn every_kind() -> Vec<Params> {
    let v4 = advert(1, 100, SECOND, &["10.1.1.1", "10.1.1.2"]);
    let v6 = advert(1, 100, SECOND, &["fe80::7", "2001:db8::7"]);
    let group = Transport::Multicast { group: GROUP_IPV6.into() };
    let mut kinds = Vec::new();
    for version in [Version::V2, Version::V3] {
        let ipv6 = Params {
            family: Family::Ipv6,
            transport: group.clone(),
            source: Some(address("fe80::1")),
            ..params(version, &v6, Auth::None)
        };
        let ipv4 = params(version, &v4, Auth::None);
        kinds.push(Params { signing: Some(signing()), ..ipv4.clone() });
        kinds.push(Params { signing: Some(signing()), ..ipv6.clone() });
        kinds.extend([ipv4, ipv6]);
    }
    kinds.push(params(Version::V2, &v4, Auth::Pass(Password::new(b"1111"))));
    kinds.push(params(Version::V2, &v4, Auth::Ah(Password::new(b"secret"))));
    kinds
}

fn packet<'a>(params: &Params, bytes: &'a [u8]) -> Option<Packet<'a>> {
    match params.family {
        Family::Ipv4 => Packet::ipv4(bytes).ok(),
        Family::Ipv6 => {
            let group = GROUP_IPV6;
            Packet::ipv6(bytes, "fe80::2".parse().expect("an address"), group, Some(255)).ok()
        }
    }
}

/// What the other router of this kind sends.
fn sent_by_other(params: &Params) -> Vec<u8> {
    let source = match params.family {
        Family::Ipv4 => address("10.0.0.2"),
        Family::Ipv6 => address("fe80::2"),
    };
    let mut other = Router::new(Params { source: Some(source), ..params.clone() });
    other.datagrams(Priority::new(200), WALL).remove(0).bytes
}

#[test]
fn every_kind_of_advert_is_accepted_by_its_like_and_by_no_other() {
    let kinds = every_kind();
    for (sender, sending) in kinds.iter().enumerate() {
        let bytes = sent_by_other(sending);
        for (receiver, receiving) in
            kinds.iter().enumerate().filter(|(_, kind)| kind.family == sending.family)
        {
            let mut router = listening(receiving.clone());
            let packet = packet(receiving, &bytes).expect("long enough");
            router.receive(Instant::now(), WALL, &packet, &mut Vec::new());
            let accepted = router.machine().leader().is_some();
            assert_eq!(accepted, sender == receiver, "{sending:?} heard by {receiving:?}");
        }
    }
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
        let mut actions: Vec<Action> = Vec::new();
        for kind in every_kind() {
            if let Some(packet) = packet(&kind, &bytes) {
                listening(kind.clone()).receive(Instant::now(), WALL, &packet, &mut actions);
            }
        }
    }

    /// Starts from a good packet, so that the checks behind the first ones are reached too.
    #[test]
    fn a_damaged_packet_is_refused_or_means_something(
        at in 0_usize..96,
        value: u8,
        len in prop_oneof![Just(None), (0_usize..100).prop_map(Some)],
        kind in prop::sample::select(every_kind()),
    ) {
        let mut bytes = sent_by_other(&kind);
        bytes.resize(len.unwrap_or(bytes.len()), 0);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        if let Some(packet) = packet(&kind, &bytes) {
            listening(kind.clone()).receive(Instant::now(), WALL, &packet, &mut Vec::new());
        }
    }

    /// Nothing that AH or `auth_hmac` covers can be changed: what may differ in IPv4's header is what routers change.
    #[test]
    fn no_bit_of_a_proven_advert_can_be_changed(at in 0_usize..96, bit in 0_u32..8) {
        for kind in every_kind() {
            let is_ah = matches!(kind.auth, Auth::Ah(_));
            let signed_from = match kind.family {
                Family::Ipv4 => 20,
                Family::Ipv6 => 0,
            };
            let mut bytes = sent_by_other(&kind);
            if (kind.signing.is_none() && !is_ah) || at < signed_from || at >= bytes.len() {
                continue;
            }
            // A checksum over IPv6 is the kernel's business.
            if kind.family == Family::Ipv6 && (6..8).contains(&at) {
                continue;
            }
            bytes[at] ^= 1 << bit;
            let mut router = listening(kind.clone());
            if let Some(packet) = packet(&kind, &bytes) {
                router.receive(Instant::now(), WALL, &packet, &mut Vec::new());
            }
            prop_assert!(router.machine().leader().is_none(), "byte {at} of {kind:?}");
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
