//! Each check by a packet that fails this one only: what is counted, what is said, and that nothing else happens.

use super::*;
use crate::announce::Schedule;
use crate::counters::ExtensionCounters;
use crate::event::Event;
use crate::params::signing::{AntiReplay, Mode, Signing};
use crate::params::{GROUP_IPV4, Password, Peer, Preempt, Role, Vrid};
use crate::router::Router;
use crate::wire::checksum::Sum;
use std::time::{Instant, SystemTime};

const WALL: SystemTime = SystemTime::UNIX_EPOCH;
const SOURCE: &str = "10.0.0.2";

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn params() -> Params {
    Params {
        name: "VI_1".into(),
        version: Version::V2,
        family: Family::Ipv4,
        vrid: Vrid::new(51).expect("not 0"),
        interface: Some("eth0".into()),
        source: Some(address("10.0.0.1")),
        transport: Transport::Multicast { group: GROUP_IPV4.into() },
        role: Role::Backup,
        priority: Priority::DEFAULT,
        interval: Duration::from_secs(1),
        down_adverts: 3,
        preempt: Preempt::AtOnce,
        addresses: vec![address("10.0.0.100"), address("10.0.0.101")],
        auth: Auth::None,
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

/// What the other router sends with these parameters.
fn packet_of(params: Params) -> Vec<u8> {
    let mut other = Router::new(Params { source: Some(address(SOURCE)), ..params });
    other.datagrams(Priority::new(200), WALL).remove(0).bytes
}

/// Writes the version 2 checksum anew, so that another change is the only flaw.
fn resum(bytes: &mut [u8]) {
    bytes[26..28].fill(0);
    let sum = Sum::new().bytes(&bytes[20..]).finish();
    bytes[26..28].copy_from_slice(&sum.to_be_bytes());
}

struct Verdict {
    accepted: bool,
    counters: Counters,
    lines: Vec<Line>,
}

/// What a backup with these parameters makes of the packet.
fn examine(params: Params, bytes: &[u8]) -> Verdict {
    let mut machine = Machine::new(params);
    machine.handle(Instant::now(), Event::Start { quiet: Duration::ZERO }, &mut Vec::new());
    assert_eq!(machine.state(), State::Backup);
    let packet = Packet::ipv4(bytes).expect("long enough");
    let (mut counters, mut lines) = (Counters::default(), Vec::new());
    let advert =
        Gate::new().examine(&packet, &machine, &mut Proof::default(), WALL, &mut counters, &mut lines);
    assert_eq!(lines.remove(0), Line::MasterSet { to: address(SOURCE) });
    Verdict { accepted: advert.is_some(), counters, lines }
}

fn refused(params: Params, bytes: &[u8], counters: Counters, line: Line) {
    let verdict = examine(params, bytes);
    assert!(!verdict.accepted);
    assert_eq!((verdict.counters, verdict.lines), (counters, vec![line]));
}

fn from() -> IpAddr {
    address(SOURCE)
}

#[test]
fn a_good_advert_is_accepted_counted_and_silent() {
    let verdict = examine(params(), &packet_of(params()));
    assert!(verdict.accepted);
    assert_eq!(verdict.counters, Counters { received: 1, ..Counters::default() });
    assert_eq!(verdict.lines, []);
}

#[test]
fn fewer_bytes_than_headers_are_no_packet() {
    let bytes = packet_of(params());
    assert_eq!(
        Packet::ipv4(&bytes[..27]).expect_err("too short").of("V").to_string(),
        "IPv4 VRRP packet too short - 27 bytes"
    );
    let mut ah = bytes[..40].to_vec();
    ah[9] = PROTOCOL_AH;
    assert_eq!(
        Packet::ipv4(&ah).expect_err("too short").of("V").to_string(),
        "IPv4 VRRP packet with AH too short - 40 bytes"
    );
}

#[test]
fn an_authentication_header_nobody_configured_is_refused() {
    let mut bytes = packet_of(params());
    bytes[9] = PROTOCOL_AH;
    bytes.splice(20..20, [0; wire::ah::LEN]);
    let counters = Counters { auth_type_mismatch: 1, ..Counters::default() };
    refused(params(), &bytes, counters, Line::UnexpectedAh { from: from() });
}

#[test]
fn a_length_that_does_not_fit_the_count_is_refused() {
    let counters = Counters { length: 1, ..Counters::default() };
    let mut bytes = packet_of(params());
    bytes.push(0);
    refused(params(), &bytes, counters, Line::WrongLength { from: from(), length: 45, expected: 44 });
    bytes.truncate(40);
    refused(params(), &bytes, counters, Line::WrongLength { from: from(), length: 40, expected: 44 });
}

#[test]
fn the_padding_of_a_short_ethernet_frame_is_no_fault() {
    let one = || Params { addresses: vec![address("10.0.0.100")], ..params() };
    let mut bytes = packet_of(one());
    assert_eq!(bytes.len(), 40);
    bytes.extend([0; 6]);
    assert!(examine(one(), &bytes).accepted);
}

#[test]
fn a_packet_that_was_routed_is_refused() {
    let mut bytes = packet_of(params());
    bytes[8] = 254;
    let counters = Counters { ttl: 1, ..Counters::default() };
    refused(params(), &bytes, counters, Line::WrongTtl { from: from(), ttl: 254 });
}

#[test]
fn another_version_is_refused() {
    let mut bytes = packet_of(params());
    bytes[20] = 0x31;
    let line = Line::WrongVersion { from: from(), version: 3, ours: Version::V2 };
    refused(params(), &bytes, Counters::default(), line);
}

#[test]
fn an_unknown_or_other_authentication_type_is_refused() {
    let mut bytes = packet_of(params());
    bytes[24] = 7;
    resum(&mut bytes);
    let counters = Counters { auth_invalid_type: 1, ..Counters::default() };
    refused(params(), &bytes, counters, Line::UnknownAuthType { from: from(), kind: 7 });
    bytes[24] = 1;
    resum(&mut bytes);
    let counters = Counters { auth_type_mismatch: 1, ..Counters::default() };
    refused(params(), &bytes, counters, Line::OtherAuthType { from: from(), kind: 1, ours: 0 });
}

#[test]
fn a_wrong_password_is_refused_and_the_right_one_accepted() {
    let with = |text: &[u8]| Params { auth: Auth::Pass(Password::new(text)), ..params() };
    assert!(examine(with(b"1111"), &packet_of(with(b"1111"))).accepted);
    let counters = Counters { auth_failure: 1, ..Counters::default() };
    refused(with(b"1111"), &packet_of(with(b"1112")), counters, Line::WrongPassword { from: from() });
}

#[test]
fn another_interval_is_refused_in_version_2() {
    let two = Duration::from_secs(2);
    let counters = Counters { interval: 1, ..Counters::default() };
    let line = Line::OtherIntervalV2 { from: from(), ours: Duration::from_secs(1), theirs: two };
    refused(params(), &packet_of(Params { interval: two, ..params() }), counters, line);
}

#[test]
fn another_interval_is_remarked_and_accepted_in_version_3() {
    let ours = Params { version: Version::V3, ..params() };
    let two = Duration::from_secs(2);
    let verdict = examine(ours.clone(), &packet_of(Params { interval: two, ..ours.clone() }));
    assert!(verdict.accepted);
    assert_eq!(verdict.lines, [Line::OtherIntervalV3 { ours: ours.interval, theirs: two }]);
}

#[test]
fn an_interval_of_nothing_is_refused() {
    let ours = Params { version: Version::V3, ..params() };
    let bytes = packet_of(Params { interval: Duration::ZERO, ..ours.clone() });
    let counters = Counters { interval: 1, ..Counters::default() };
    refused(ours, &bytes, counters, Line::ZeroInterval { from: from() });
}

#[test]
fn another_packet_type_is_refused() {
    let mut bytes = packet_of(params());
    bytes[20] = 0x22;
    resum(&mut bytes);
    let counters = Counters { invalid_type: 1, ..Counters::default() };
    refused(params(), &bytes, counters, Line::WrongType { from: from(), kind: 2 });
}

#[test]
fn a_header_that_tells_another_length_is_refused() {
    let mut bytes = packet_of(params());
    bytes[3] += 4;
    let counters = Counters { length: 1, ..Counters::default() };
    refused(params(), &bytes, counters, Line::TotalLengthMismatch { from: from(), total: 48, received: 44 });
}

#[test]
fn a_wrong_checksum_is_refused_in_both_versions() {
    for version in [Version::V2, Version::V3] {
        let ours = Params { version, ..params() };
        let mut bytes = packet_of(ours.clone());
        bytes[26] ^= 1;
        refused(ours, &bytes, Counters::default(), Line::WrongChecksum { from: from(), version });
    }
}

#[test]
fn a_checksum_without_pseudo_header_passes_only_where_it_is_configured() {
    let standard = Params { version: Version::V3, ..params() };
    let bare = Params { checksum: Checksum::AsVersion2, ..standard.clone() };
    assert!(examine(bare.clone(), &packet_of(bare.clone())).accepted);
    assert!(examine(bare.clone(), &packet_of(standard.clone())).accepted);
    assert!(!examine(standard, &packet_of(bare)).accepted);
}

#[test]
fn a_unicast_router_accepts_the_old_and_the_new_checksum_for_ever() {
    let peers = vec![Peer { address: address("10.0.0.1"), min_ttl: 0, max_ttl: 255 }];
    let transport = Transport::Unicast { peers, check_source: false, ttl: None };
    let new = Params { version: Version::V3, transport, ..params() };
    let old = Params { checksum: Checksum::OldUnicast, ..new.clone() };
    assert!(examine(new.clone(), &packet_of(old)).accepted);
    assert!(examine(new.clone(), &packet_of(new)).accepted);
}

#[test]
fn a_unicast_packet_does_not_reach_a_multicast_router() {
    let mut bytes = packet_of(params());
    bytes[16..20].copy_from_slice(&[10, 0, 0, 1]);
    let counters = Counters { address_list: 1, ..Counters::default() };
    refused(params(), &bytes, counters, Line::UnexpectedUnicast { from: from() });
}

#[test]
fn other_addresses_are_counted_and_the_advert_is_obeyed() {
    let with =
        |texts: &[&str]| Params { addresses: texts.iter().map(|text| address(text)).collect(), ..params() };
    let counters = Counters { received: 1, address_list: 1, ..Counters::default() };

    let fewer = examine(params(), &packet_of(with(&["10.0.0.100"])));
    assert!(fewer.accepted);
    assert_eq!(fewer.counters, counters);
    assert_eq!(fewer.lines, [Line::OtherAddressCount { expected: 2, received: 1 }]);

    let other = examine(params(), &packet_of(with(&["10.0.0.100", "10.0.0.102"])));
    assert!(other.accepted);
    assert_eq!(other.counters, counters);
    let vrid = params().vrid;
    assert_eq!(other.lines, [Line::AddressMissing { from: from(), vrid, address: address("10.0.0.101") }]);

    let reversed = examine(params(), &packet_of(with(&["10.0.0.101", "10.0.0.100"])));
    assert_eq!(reversed.lines, []);
}

#[test]
fn a_checked_unicast_source_must_be_a_peer_within_its_distance() {
    let peer = |text, min_ttl| vec![Peer { address: address(text), min_ttl, max_ttl: 255 }];
    let with =
        |peers| Params { transport: Transport::Unicast { peers, check_source: true, ttl: None }, ..params() };
    let mut bytes = packet_of(params());
    bytes[16..20].copy_from_slice(&[10, 0, 0, 1]);
    bytes[8] = 250;
    assert!(examine(with(peer(SOURCE, 250)), &bytes).accepted);

    let received = Counters { received: 1, ..Counters::default() };
    refused(with(peer("10.0.0.3", 0)), &bytes, received, Line::NotAPeer { from: from() });
    let line = Line::TtlOutsideRange { from: from(), ttl: 250, min: 251, max: 255 };
    refused(with(peer(SOURCE, 251)), &bytes, Counters { ttl: 1, ..received }, line);
}

#[test]
fn an_owner_may_ignore_every_advert() {
    let deaf = Params { owner_deaf: Switch::On, priority: Priority::OWNER, ..params() };
    refused(deaf, &packet_of(params()), Counters::default(), Line::OwnerIgnores { from: from() });
}

#[test]
fn a_complaint_is_logged_once_until_something_changes() {
    let mut router = Router::new(params());
    let now = Instant::now();
    router.handle(now, Event::Start { quiet: Duration::ZERO }, &mut Vec::new());
    let good = packet_of(params());
    let mut bad = good.clone();
    bad[26] ^= 1;
    let complaints = |router: &mut Router, bytes: &[u8]| {
        let mut out = Vec::new();
        router.receive(now, WALL, &Packet::ipv4(bytes).expect("long enough"), &mut out);
        let line = Line::WrongChecksum { from: from(), version: Version::V2 };
        out.iter().filter(|action| **action == crate::Action::Log(line.clone())).count()
    };
    assert_eq!(complaints(&mut router, &bad), 1);
    assert_eq!(complaints(&mut router, &bad), 0);
    // A new master is obeyed.
    assert_eq!(complaints(&mut router, &good), 0);
    assert_eq!(complaints(&mut router, &bad), 1);
}

/// The original lets any packet for a master restart its timer, so garbage can silence it.
#[test]
fn a_refused_packet_does_not_move_the_next_advert_of_a_master() {
    let mut router = Router::new(params());
    router.handle(Instant::now(), Event::Start { quiet: Duration::ZERO }, &mut Vec::new());
    let now = router.deadline().expect("the down timer");
    router.handle(now, Event::Tick, &mut Vec::new());
    assert_eq!(router.machine().state(), State::Master);
    let next = router.deadline();
    let mut bad = packet_of(params());
    bad[26] ^= 1;
    let later = now + Duration::from_millis(500);
    router.receive(later, WALL, &Packet::ipv4(&bad).expect("long enough"), &mut Vec::new());
    assert_eq!(router.deadline(), next);
}

fn with_ah() -> Params {
    Params { auth: Auth::Ah(Password::new(b"secret")), ..params() }
}

/// What a listening router has logged about these packets, one after the other, and whether it obeyed the last one.
fn hears(router: &mut Router, wall: SystemTime, packets: &[Vec<u8>]) -> (Vec<String>, u64) {
    let (mut out, before) = (Vec::new(), router.counters().received);
    for bytes in packets {
        router.receive(Instant::now(), wall, &Packet::ipv4(bytes).expect("long enough"), &mut out);
    }
    let line = |action: &crate::Action| match action {
        crate::Action::Log(line) if line.detail() == crate::log::Detail::Normal => {
            Some(line.of("V").to_string())
        }
        crate::Action::Log(_)
        | crate::Action::Advertise(_)
        | crate::Action::HoldAddresses
        | crate::Action::DropAddresses
        | crate::Action::Announce { .. }
        | crate::Action::AnnounceElsewhere
        | crate::Action::AnnounceSource(_)
        | crate::Action::Mention(..)
        | crate::Action::Report { .. } => None,
    };
    (out.iter().filter_map(line).collect(), router.counters().received - before)
}

fn listening(params: Params) -> Router {
    let mut router = Router::new(params);
    router.handle(Instant::now(), Event::Start { quiet: Duration::ZERO }, &mut Vec::new());
    router
}

#[test]
fn an_advert_of_ah_counts_once_and_every_repetition_is_logged() {
    let mut router = listening(with_ah());
    let bytes = packet_of(with_ah());
    assert_eq!(hears(&mut router, WALL, std::slice::from_ref(&bytes)), (vec![], 1));
    let old = "(V) IPSEC-AH : sequence number 1 already processed. Packet dropped. Local(1)".to_owned();
    assert_eq!(hears(&mut router, WALL, &[bytes.clone(), bytes]), (vec![old.clone(), old], 0));
    assert_eq!(router.counters().auth_failure, 2);
}

#[test]
fn ah_with_another_password_or_from_another_than_it_says_is_refused() {
    let other = Params { auth: Auth::Ah(Password::new(b"public")), ..params() };
    let counters = Counters { auth_failure: 1, ..Counters::default() };
    refused(with_ah(), &packet_of(other), counters, Line::WrongAhValue);
    let mut bytes = packet_of(with_ah());
    bytes[24..28].copy_from_slice(&[10, 0, 0, 7]);
    wire::ah::sign(&mut bytes, b"secret\0\0", wire::ah::Ttl::Signed);
    let spi = u32::from_be_bytes([10, 0, 0, 7]);
    refused(with_ah(), &bytes, counters, Line::WrongAhSpi { from: [10, 0, 0, 2].into(), spi });
}

#[test]
fn a_packet_without_the_configured_authentication_header_is_refused() {
    let counters = Counters { auth_type_mismatch: 1, ..Counters::default() };
    refused(with_ah(), &packet_of(params()), counters, Line::MissingAh { from: from() });
}

#[test]
fn an_authentication_header_in_front_of_something_else_is_dropped_without_a_word() {
    let mut bytes = packet_of(with_ah());
    bytes[20] = 6;
    let verdict = examine(with_ah(), &bytes);
    assert!(!verdict.accepted);
    assert_eq!((verdict.counters, verdict.lines), (Counters::default(), vec![]));
}

/// The time to live is part of the sum for multicast and not for unicast; both as the original has it.
#[test]
fn ah_covers_the_time_to_live_of_multicast_alone() {
    let unicast = |peer: &str| Params {
        transport: Transport::Unicast {
            peers: vec![Peer { address: address(peer), min_ttl: 0, max_ttl: 255 }],
            check_source: false,
            ttl: None,
        },
        ..with_ah()
    };
    let mut bytes = packet_of(unicast("10.0.0.1"));
    bytes[8] = 9;
    assert!(examine(unicast(SOURCE), &bytes).accepted);
    let mut bytes = packet_of(with_ah());
    bytes[8] = 9;
    assert!(!wire::ah::holds(&bytes, b"secret\0\0", wire::ah::Ttl::Signed));
}

#[test]
fn a_new_master_numbers_its_adverts_after_those_it_heard() {
    let mut router = listening(with_ah());
    let mut other = Router::new(Params { source: Some(from()), ..with_ah() });
    let last = (0..9).map(|_| other.datagrams(Priority::new(200), WALL).remove(0).bytes).last();
    hears(&mut router, WALL, &[last.expect("nine packets")]);
    let sent = router.datagrams(Priority::DEFAULT, WALL).remove(0).bytes;
    assert_eq!(sent[28..32], [0, 0, 0, 10]);
}

fn signing() -> Signing {
    let key = |id| crate::params::signing::Key { id, bytes: vec![id; 32] };
    let window = Duration::from_secs(10);
    Signing {
        keys: vec![key(1), key(2)],
        active: 1,
        window,
        anti_replay: AntiReplay::Time,
        mode: Mode::Enforce,
    }
}

fn signed() -> Params {
    Params { signing: Some(signing()), ..params() }
}

fn noon(seconds: i64) -> SystemTime {
    let at = Duration::from_secs(1_000_000_u64.saturating_add_signed(seconds));
    SystemTime::UNIX_EPOCH + at
}

/// What the other router signs at this time.
fn signed_at(params: Params, wall: SystemTime) -> Vec<u8> {
    let mut other = Router::new(Params { source: Some(from()), ..params });
    other.datagrams(Priority::new(200), wall).remove(0).bytes
}

/// What a router that demands signatures says to one packet at noon.
fn says(bytes: Vec<u8>) -> (Vec<String>, ExtensionCounters) {
    let mut router = listening(signed());
    let (lines, received) = hears(&mut router, noon(0), &[bytes]);
    assert_eq!(received, 0);
    (lines, router.counters().extension)
}

#[test]
fn a_signed_advert_is_accepted_once() {
    let mut router = listening(signed());
    let bytes = signed_at(signed(), noon(0));
    assert_eq!(bytes.len(), 44 + trailer::LEN);
    assert_eq!(hears(&mut router, noon(0), std::slice::from_ref(&bytes)), (vec![], 1));
    let replayed = vec!["(V) replayed authentication trailer from 10.0.0.2".to_owned()];
    assert_eq!(hears(&mut router, noon(1), &[bytes.clone(), bytes]), (replayed, 0));
    assert_eq!(router.counters().extension.replay, 2);
}

#[test]
fn a_signature_may_be_missing_where_that_is_permitted_and_is_checked_where_it_is_not() {
    for mode in [Mode::Permissive, Mode::ReceiveOnly] {
        let lenient = || Params { signing: Some(Signing { mode, ..signing() }), ..params() };
        let mut router = listening(lenient());
        assert_eq!(hears(&mut router, noon(0), &[packet_of(params())]), (vec![], 1));
        let mut bad = signed_at(signed(), noon(0));
        *bad.last_mut().expect("a trailer") ^= 1;
        let wrong = vec!["(V) invalid authentication HMAC from 10.0.0.2".to_owned()];
        assert_eq!(hears(&mut router, noon(0), &[bad]), (wrong, 0));
        let is_signed = signed_at(lenient(), noon(0)).len() > 44;
        assert_eq!(is_signed, mode == Mode::Permissive);
    }
}

#[test]
fn each_flaw_of_a_signature_has_its_words_and_its_counter() {
    use ExtensionCounters as Count;
    let line = |text: &str| vec![format!("(V) {text}")];
    let none = Count::default();
    let missing = says(packet_of(params()));
    assert_eq!(missing, (line("missing authentication trailer from 10.0.0.2"), Count { missing: 1, ..none }));
    let mut bytes = signed_at(signed(), noon(0));
    bytes[44] = 2;
    let malformed = line("malformed authentication trailer from 10.0.0.2");
    assert_eq!(says(bytes), (malformed, Count { malformed: 1, ..none }));
    for seconds in [-11, 11] {
        let stale =
            line("stale authentication trailer from 10.0.0.2, clock skew 11 sec exceeds window 10 sec");
        assert_eq!(says(signed_at(signed(), noon(seconds))), (stale, Count { stale: 1, ..none }));
    }
    let mut bytes = signed_at(signed(), noon(0));
    bytes[45] = 3;
    let unknown = line("unknown authentication key id 3 from 10.0.0.2");
    assert_eq!(says(bytes), (unknown, Count { unknown_key: 1, ..none }));
    let mut bytes = signed_at(signed(), noon(0));
    bytes[45] = 2;
    let wrong = line("invalid authentication HMAC from 10.0.0.2");
    assert_eq!(says(bytes), (wrong, Count { invalid_hmac: 1, ..none }));
}

#[test]
fn a_clock_that_drifts_is_told_before_it_is_too_far() {
    let mut router = listening(signed());
    let warned =
        vec!["(V) authentication clock skew 6 sec from 10.0.0.2 approaching window 10 sec".to_owned()];
    assert_eq!(hears(&mut router, noon(0), &[signed_at(signed(), noon(6))]), (warned, 1));
}

#[test]
fn without_a_clock_old_signatures_count_as_long_as_they_are_new_to_us() {
    let monotonic =
        || Params { signing: Some(Signing { anti_replay: AntiReplay::Monotonic, ..signing() }), ..params() };
    let mut router = listening(monotonic());
    assert_eq!(hears(&mut router, noon(0), &[signed_at(monotonic(), noon(-90_000))]).1, 1);
    assert_eq!(hears(&mut router, noon(0), &[signed_at(monotonic(), noon(-90_001))]).1, 0);
}
