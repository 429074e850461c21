//! What is done with any bytes: by the fuzz targets, and by the test that reads their corpus again.
//!
//! An input is a conversation: packets, each after a byte with its length and one with the time since the last one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use vrrp::announce::Schedule;
use vrrp::bfd::{self, Chance, Datagram, Hops, Micros};
use vrrp::params::signing::{AntiReplay, Key, Mode, Signing};
use vrrp::params::{
    Auth, Checksum, GROUP_IPV4, GROUP_IPV6, Params, Password, Preempt, Role, Switch, Transport,
};
use vrrp::{Event, Family, Packet, Priority, Router, Version, Vrid};

const SECOND: Duration = Duration::from_secs(1);
const WALL: SystemTime = SystemTime::UNIX_EPOCH;
const SENDER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

/// A function that takes any bytes.
pub type Exercise = fn(&[u8]);

/// Every exercise with its name, which is the fuzz target's too.
pub const ALL: [(&str, Exercise); 5] = [
    ("version_2", version_2),
    ("version_3", version_3),
    ("authentication_header", authentication_header),
    ("auth_hmac", auth_hmac),
    ("bfd", bfd),
];

/// Version 2 without and with a password.
pub fn version_2(input: &[u8]) {
    for auth in [Auth::None, Auth::Pass(Password::new(b"secret"))] {
        converse(&params(Version::V2, Family::Ipv4, auth), input);
    }
    converse(&params(Version::V2, Family::Ipv6, Auth::None), input);
}

/// Version 3 in both families, and with the old checksum.
pub fn version_3(input: &[u8]) {
    let ipv4 = params(Version::V3, Family::Ipv4, Auth::None);
    converse(&ipv4, input);
    converse(&Params { checksum: Checksum::AsVersion2, ..ipv4 }, input);
    converse(&params(Version::V3, Family::Ipv6, Auth::None), input);
}

/// Version 2 with an authentication header: nobody without the password is obeyed.
pub fn authentication_header(input: &[u8]) {
    unforgeable(&params(Version::V2, Family::Ipv4, Auth::Ah(Password::new(b"secret"))), input);
}

/// `auth_hmac` in both versions: nobody without the key is obeyed.
pub fn auth_hmac(input: &[u8]) {
    for version in [Version::V2, Version::V3] {
        for mode in [Mode::Enforce, Mode::Permissive] {
            let key = Key { id: 7, bytes: vec![0x5a; 32] };
            let signing = Signing {
                keys: vec![key],
                active: 7,
                window: 5 * SECOND,
                anti_replay: AntiReplay::Time,
                mode,
            };
            let params = Params { signing: Some(signing), ..params(version, Family::Ipv4, Auth::None) };
            match mode {
                Mode::Enforce => unforgeable(&params, input),
                Mode::Permissive | Mode::ReceiveOnly => converse(&params, input),
            }
        }
    }
}

fn params(version: Version, family: Family, auth: Auth) -> Params {
    let (group, source, vip): (IpAddr, IpAddr, IpAddr) = match family {
        Family::Ipv4 => {
            (GROUP_IPV4.into(), Ipv4Addr::new(10, 0, 0, 2).into(), Ipv4Addr::new(10, 0, 0, 100).into())
        }
        Family::Ipv6 => (
            GROUP_IPV6.into(),
            Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2).into(),
            Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7).into(),
        ),
    };
    Params {
        name: "VI_1".into(),
        version,
        family,
        vrid: Vrid::new(1).expect("not 0"),
        interface: Some("eth0".into()),
        source: Some(source),
        transport: Transport::Multicast { group },
        role: Role::Backup,
        priority: Priority::DEFAULT,
        interval: SECOND,
        down_adverts: 3,
        preempt: Preempt::AtOnce,
        addresses: vec![vip],
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

/// The packets of an input, each with the time since the one before.
fn packets(mut input: &[u8]) -> impl Iterator<Item = (Duration, &[u8])> {
    std::iter::from_fn(move || {
        let (&[length, time], rest) = input.split_first_chunk()?;
        let (packet, rest) = rest.split_at(usize::from(length).min(rest.len()));
        input = rest;
        Some((Duration::from_millis(u64::from(time) * 20), packet))
    })
}

fn packet<'a>(family: Family, bytes: &'a [u8]) -> Option<Packet<'a>> {
    match family {
        Family::Ipv4 => Packet::ipv4(bytes).ok(),
        Family::Ipv6 => Packet::ipv6(bytes, SENDER, GROUP_IPV6, Some(255)).ok(),
    }
}

fn started(params: &Params, now: Instant) -> Router {
    let mut router = Router::new(params.clone());
    router.handle(now, Event::Start { quiet: Duration::ZERO }, &mut Vec::new());
    router
}

/// Hears all packets. Whatever they say, the router goes on, and waits between two things it does.
fn converse(params: &Params, input: &[u8]) {
    let mut now = Instant::now();
    let mut router = started(params, now);
    for (time, bytes) in packets(input) {
        now += time;
        let mut out = Vec::new();
        router.handle(now, Event::Tick, &mut out);
        assert!(router.deadline().is_none_or(|at| at > now), "a tick leaves nothing to do");
        if let Some(packet) = packet(params.family, bytes) {
            router.receive(now, WALL + time, &packet, &mut out);
        }
        for action in out {
            if let vrrp::Action::Advertise(priority) = action {
                assert!(!router.datagrams(priority, WALL).is_empty());
            }
        }
    }
}

/// No packet is obeyed but those that a router with the key has sent.
fn unforgeable(params: &Params, input: &[u8]) {
    let genuine = genuine(params);
    let now = Instant::now();
    for (_, bytes) in packets(input) {
        let mut router = started(params, now);
        if let Some(packet) = packet(params.family, bytes) {
            router.receive(now, WALL, &packet, &mut Vec::new());
        }
        let obeyed = router.machine().leader().is_some();
        // Of the header before it, what routers may change is not signed.
        let is_genuine = genuine.iter().any(|sent| bytes.get(20..sent.len()) == sent.get(20..));
        assert!(!obeyed || is_genuine, "a forged packet was obeyed");
    }
}

/// What another router of the same configuration sends, better than ours.
fn genuine(params: &Params) -> Vec<Vec<u8>> {
    let source = match params.family {
        Family::Ipv4 => Ipv4Addr::new(10, 0, 0, 1).into(),
        Family::Ipv6 => SENDER.into(),
    };
    let mut router = Router::new(Params { source: Some(source), ..params.clone() });
    let priorities = [200, 255, 0].map(Priority::new);
    let sent = priorities.into_iter().flat_map(|priority| router.datagrams(priority, WALL));
    sent.map(|datagram| datagram.bytes).collect()
}

/// Inputs to begin with: what routers really send, one packet each.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let kinds: Vec<Params> = match target {
        "version_2" => vec![
            params(Version::V2, Family::Ipv4, Auth::None),
            params(Version::V2, Family::Ipv4, Auth::Pass(Password::new(b"secret"))),
            params(Version::V2, Family::Ipv6, Auth::None),
        ],
        "version_3" => {
            vec![params(Version::V3, Family::Ipv4, Auth::None), params(Version::V3, Family::Ipv6, Auth::None)]
        }
        "authentication_header" => {
            vec![params(Version::V2, Family::Ipv4, Auth::Ah(Password::new(b"secret")))]
        }
        "auth_hmac" => [Version::V2, Version::V3]
            .map(|version| {
                let key = Key { id: 7, bytes: vec![0x5a; 32] };
                let (window, mode) = (5 * SECOND, Mode::Enforce);
                let signing =
                    Signing { keys: vec![key], active: 7, window, anti_replay: AntiReplay::Time, mode };
                Params { signing: Some(signing), ..params(version, Family::Ipv4, Auth::None) }
            })
            .into(),
        _ => return bfd_seeds(),
    };
    kinds.iter().flat_map(genuine).map(|packet| one(&packet)).collect()
}

fn one(packet: &[u8]) -> Vec<u8> {
    let mut input = vec![u8::try_from(packet.len()).unwrap_or(u8::MAX), 10];
    input.extend(packet);
    input
}

fn session(name: &str, last: u8, hops: Hops) -> bfd::Params {
    bfd::Params {
        name: name.into(),
        neighbor: Ipv4Addr::new(10, 0, 0, last).into(),
        source: None,
        hops,
        role: bfd::params::Role::Active,
        min_rx: Micros(10_000),
        min_tx: Micros(10_000),
        idle_tx: Micros(1_000_000),
        multiplier: 5,
        ttl: 255,
        max_hops: Some(1),
    }
}

/// Three sessions whose numbers are 1, 3 and 5. The first byte of a packet says where it comes from.
pub fn bfd(input: &[u8]) {
    let mut now = Instant::now();
    let mut table = bfd::Table::default();
    let sessions = vec![session("a", 1, Hops::One), session("b", 2, Hops::One), session("c", 1, Hops::Many)];
    let mut number = 0;
    let mut draw = || {
        number += 1;
        number
    };
    table.configure(sessions, now, &mut draw, &mut Vec::new());
    for (time, bytes) in packets(input) {
        now += time;
        let mut out = Vec::new();
        table.tick(now, &mut draw, &mut out);
        assert!(table.deadline().is_none_or(|at| at > now), "a tick leaves nothing to do");
        let (place, bytes) = bytes.split_first().unwrap_or((&0, &[]));
        let datagram = Datagram {
            bytes,
            from: SocketAddr::new(Ipv4Addr::new(10, 0, 0, place & 3).into(), 50_000),
            to: Some(Ipv4Addr::new(10, 0, 0, 9).into()),
            ttl: Some(255 - (place >> 2 & 3)),
            hops: if place & 0x80 == 0 { Hops::One } else { Hops::Many },
        };
        // Refused or not, the sessions go on.
        let _ = table.receive(&datagram, now, Chance::from_bits(draw()), &mut out);
        for (at, action) in out {
            if let bfd::Action::Send(packet) = action {
                assert_eq!(bfd::Packet::parse(&packet.emit()), Ok(packet), "session {at}");
            }
        }
        for session in table.sessions() {
            assert!(session.interval() >= Micros(10_000), "nobody makes us send faster than we promised");
        }
    }
}

/// A neighbour that comes up, asks, answers, and leaves.
fn bfd_seeds() -> Vec<Vec<u8>> {
    let packet = |first: u8, flags: u8, yours: u8| {
        let mut bytes = vec![1, first, flags, 5, 24, 0, 0, 0, 9, 0, 0, 0, yours];
        bytes.extend([0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10, 0, 0, 0, 0]);
        one(&bytes)
    };
    let talk = [
        packet(0x20, 0x40, 0),
        packet(0x20, 0x80, 1),
        packet(0x20, 0xe0, 1),
        packet(0x20, 0xd0, 1),
        packet(0x20, 0xc2, 1),
        packet(0x23, 0x40, 1),
        packet(0x27, 0x00, 1),
    ];
    let all = talk.concat();
    talk.into_iter().chain([all]).collect()
}
