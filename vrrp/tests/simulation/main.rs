//! Routers on a bad link, in virtual time. What must hold is written in [`check_settled`].
//!
//! Seeds are fixed, so a failure repeats; `VRRP_SEEDS=100000` asks for more of them.

mod lan;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use fastrand::Rng;
use lan::{Lan, Weather};
use vrrp::announce::Schedule;
use vrrp::params::{Auth, Checksum, GROUP_IPV4, GROUP_IPV6, Params, Peer, Preempt, Role, Switch, Transport};
use vrrp::track::{Effect, Object, Status, Tracked, Weight};
use vrrp::{Ending, Event, Family, Priority, State, Version, Vrid};

const SECOND: Duration = Duration::from_secs(1);

fn params(number: u8, priority: u8, version: Version) -> Params {
    Params {
        name: format!("VI_{number}"),
        version,
        family: Family::Ipv4,
        vrid: Vrid::new(51).expect("not 0"),
        interface: Some("eth0".into()),
        source: Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, number))),
        transport: Transport::Multicast { group: GROUP_IPV4.into() },
        role: Role::Backup,
        priority: Priority::new(priority),
        interval: SECOND,
        down_adverts: 3,
        preempt: Preempt::AtOnce,
        addresses: vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 100))],
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

fn pair() -> Lan {
    let mut lan = Lan::new(vec![params(1, 200, Version::V2), params(2, 100, Version::V2)], 1);
    lan.start(0);
    lan.start(1);
    lan.run(10 * SECOND);
    assert_eq!(lan.masters(), [0]);
    lan
}

/// When the router last entered this state, counted from a moment.
fn since(lan: &Lan, start: std::time::Instant, node: usize, state: State) -> Duration {
    let (at, ..) = lan.nodes[node]
        .history
        .iter()
        .rev()
        .find(|(_, _, entered)| *entered == state)
        .expect("was in this state");
    at.saturating_duration_since(start)
}

#[test]
fn the_backup_takes_over_within_the_down_interval_of_a_crash() {
    let mut lan = pair();
    let crash = lan.now;
    lan.crash(0);
    lan.run(4 * SECOND);
    assert_eq!(lan.masters(), [1]);
    let took = since(&lan, crash, 1, State::Master);
    assert!(took <= Duration::from_micros(3_609_375), "{took:?}");
    assert!(took >= Duration::from_micros(2_609_375), "{took:?}");
}

#[test]
fn the_backup_takes_over_after_its_skew_when_the_master_stops() {
    let mut lan = pair();
    let stop = lan.now;
    lan.tell(0, 0, Event::Stop(Ending::Shutdown));
    lan.run(SECOND);
    let took = since(&lan, stop, 1, State::Master);
    assert!(took >= Duration::from_micros(609_375) && took <= Duration::from_micros(609_475), "{took:?}");
}

#[test]
fn a_returning_better_router_preempts_after_its_own_down_interval() {
    let mut lan = pair();
    lan.crash(0);
    lan.run(10 * SECOND);
    let back = lan.now;
    lan.start(0);
    lan.run(4 * SECOND);
    assert_eq!(lan.masters(), [0]);
    assert_eq!(since(&lan, back, 0, State::Master), Duration::from_micros(3_218_750));
}

#[test]
fn a_healed_partition_has_one_master_after_one_interval() {
    let mut lan = pair();
    lan.nodes[1].sides[0] = 1;
    lan.run(10 * SECOND);
    assert_eq!(lan.masters(), [0, 1]);
    lan.nodes[1].sides[0] = 0;
    lan.run(SECOND + Duration::from_millis(1));
    assert_eq!(lan.masters(), [0]);
}

#[test]
fn a_master_that_stood_still_gives_way_or_takes_back_in_one_interval() {
    let mut lan = pair();
    lan.stall(0, 10 * SECOND);
    lan.run(9 * SECOND);
    assert!(lan.masters().contains(&1), "the backup took over");
    lan.run(2 * SECOND);
    assert_eq!(lan.masters(), [0]);
}

#[test]
fn a_backup_that_stood_still_does_not_disturb_the_master() {
    let mut lan = pair();
    let before = lan.nodes[1].history.len();
    lan.stall(1, 20 * SECOND);
    lan.run(30 * SECOND);
    assert_eq!(lan.masters(), [0]);
    assert_eq!(lan.nodes[1].history.len(), before);
}

/// What must hold on every link among the routers of one version, which do not hear those of the other, once the network has
/// been whole, and all processes running, for long enough:
///
/// 1. exactly one live router is MASTER, if any lives;
/// 2. every live router that has a higher priority does not preempt;
/// 3. the addresses are where the master is, and nowhere else;
/// 4. nothing changes any more.
///
/// What holds at any time is in [`Lan`]: the routers of a machine, which are a group, are in the same state; none of them
/// becomes master while a better router is heard on the link of any of them, during the delay after its start, or before it
/// has listened after a standstill; an advert of the other version changes nothing; one that is as good, or any other if it
/// does not preempt, makes a backup wait for a whole down interval.
fn check_settled(lan: &mut Lan, seed: u64) {
    lan.run(25 * SECOND);
    let links = lan.nodes[0].sides.len();
    let usable = |state| matches!(state, Some(State::Backup | State::Master));
    for (link, version) in (0..links).flat_map(|link| [Version::V2, Version::V3].map(|one| (link, one))) {
        let speaks = |index: &usize| lan.nodes[*index].version() == version;
        let live: Vec<(Priority, usize)> = (0..lan.nodes.len())
            .filter(speaks)
            .filter(|index| usable(lan.nodes[*index].state_on(link)))
            .map(|index| (lan.nodes[index].routers()[link].machine().priority(), index))
            .collect();
        let masters: Vec<usize> = lan.masters_on(link).into_iter().filter(speaks).collect();
        assert_eq!(
            masters.len(),
            usize::from(!live.is_empty()),
            "seed {seed}: masters {masters:?} of {live:?} on link {link}"
        );
        let priority_of_master =
            live.iter().find(|(_, index)| masters.contains(index)).map(|(priority, _)| *priority);
        for (priority, index) in &live {
            let preempt = lan.nodes[*index].routers()[link].machine().params().preempt;
            assert!(
                Some(*priority) <= priority_of_master || preempt == Preempt::Never,
                "seed {seed}: {masters:?} is not the best of {live:?} on link {link}"
            );
        }
        for (index, node) in lan.nodes.iter().enumerate().filter(|(index, _)| speaks(index)) {
            assert_eq!(node.holds[link], masters.contains(&index), "seed {seed}: addresses of node {index}");
        }
    }
    let changes = |lan: &Lan| lan.nodes.iter().map(|node| node.history.len()).sum::<usize>();
    let before = changes(lan);
    lan.run(20 * SECOND);
    assert_eq!(changes(lan), before, "seed {seed}: a change without a cause");
}

fn script() -> Object {
    Object::Script("check".into())
}

fn file() -> Object {
    Object::File("number".into())
}

/// Starts a machine, some of which listen longer at first. Its script speaks at once, or when something is disturbed, or in
/// the end.
fn begin(lan: &mut Lan, index: usize, rng: &mut Rng) {
    let quiet = if rng.u8(0..4) == 0 { rng.u64(1..6_000) } else { 0 };
    lan.start_quietly(index, Duration::from_millis(quiet));
    if rng.u8(0..4) > 0 {
        for link in 0..lan.nodes[index].sides.len() {
            lan.tell(index, link, Event::Track(script(), Status::Up));
        }
    }
}

/// One thing that goes wrong, or right again.
fn disturb(lan: &mut Lan, rng: &mut Rng) {
    let index = rng.usize(0..lan.nodes.len());
    let link = rng.usize(0..lan.nodes[index].sides.len());
    let is_dead = lan.nodes[index].routers().is_empty();
    // Half of the interfaces count at once.
    let notice = Duration::from_millis(if rng.bool() { 0 } else { rng.u64(1..3_000) });
    match rng.u32(0..12) {
        0 => lan.crash(index),
        1 | 2 if is_dead => begin(lan, index, rng),
        1 | 2 => lan.nodes[index].sides[link] = rng.u8(0..2),
        3 => lan.stall(index, Duration::from_millis(rng.u64(1..15_000))),
        4 => lan.plug(index, link, false, notice),
        5 => lan.plug(index, link, true, notice),
        // A weight on one member alone could make two groups each better on one link, which never settles.
        6 => {
            let number = rng.i32(-260..260);
            for link in 0..lan.nodes[index].sides.len() {
                lan.tell(index, link, Event::Track(file(), Status::Number(number)));
            }
        }
        10 => {
            let status = if rng.bool() { Status::Up } else { Status::Down };
            lan.tell(index, link, Event::Track(script(), status));
        }
        7 => lan.tell(index, link, Event::AddressLost),
        11 => lan.delay(index, Duration::from_millis(rng.u64(0..6_000))),
        8 => {
            let percent = rng.u32(0..60);
            let delay = Duration::from_millis(rng.u64(1..300));
            lan.weather = Weather { loss: percent, duplicates: percent / 2, delay };
        }
        _ => {
            let priority = Priority::new(rng.u8(1..255));
            for link in 0..lan.nodes[index].routers().len() {
                let params = lan.nodes[index].routers()[link].machine().params().clone();
                lan.reconfigure(index, link, Params { priority, ..params });
            }
        }
    }
}

/// Ends every disturbance; crashed routers stay away.
fn calm(lan: &mut Lan) {
    lan.weather = Weather::FAIR;
    for index in 0..lan.nodes.len() {
        lan.stall(index, Duration::ZERO);
        for link in 0..lan.nodes[index].sides.len() {
            lan.nodes[index].sides[link] = 0;
            lan.plug(index, link, true, Duration::ZERO);
            lan.tell(index, link, Event::Track(script(), Status::Up));
            // FAULT by a number is the one fault that does not end by itself.
            let tracker = lan.nodes[index].routers().get(link).map(|router| router.machine().tracker());
            if tracker.is_some_and(|all| all.effects().any(|(_, effect)| effect == Effect::Fault)) {
                for link in 0..lan.nodes[index].sides.len() {
                    lan.tell(index, link, Event::Track(file(), Status::Number(0)));
                }
            }
        }
    }
}

/// Machines of 1 to 3 routers each; all routers of a machine have its priority, as groups should. One may own the addresses.
/// All speak one version, or each its own; those of version 3 may have different intervals. They have one group, or each
/// names its peers. They speak over IPv4 or IPv6, where adverts of both versions are of one length.
fn machines(rng: &mut Rng) -> Vec<Vec<Params>> {
    let versions = match rng.u8(0..5) {
        0 | 1 => &[Version::V2][..],
        2 | 3 => &[Version::V3],
        _ => &[Version::V2, Version::V3],
    };
    let links = if rng.bool() { 1 } else { rng.u8(2..4) };
    let count = rng.u8(2..5);
    let has_owner = rng.u8(0..6) == 0;
    let by_unicast = rng.u8(0..4) == 0;
    let family = if rng.u8(0..3) == 0 { Family::Ipv6 } else { Family::Ipv4 };
    let one_interval = rng.bool();
    let machine = |number: u8| {
        let is_owner = has_owner && number == 1;
        let priority = if is_owner { 255 } else { rng.u8(1..255) };
        let version = *rng.choice(versions).expect("at least one");
        let preempt = match rng.u8(0..8) {
            _ if is_owner => Preempt::AtOnce,
            0 => Preempt::Never,
            1 => Preempt::After(Duration::from_millis(rng.u64(1..5_000))),
            _ => Preempt::AtOnce,
        };
        let interval = match version {
            Version::V3 if !one_interval => Duration::from_millis(10 * rng.u64(30..200)),
            Version::V2 | Version::V3 => SECOND,
        };
        let one = |link: u8| {
            let mut params = params(number, priority, version);
            params.vrid = Vrid::new(51 + link).expect("not 0");
            let address = |number: u8| match family {
                Family::Ipv4 => IpAddr::V4(Ipv4Addr::new(10, link, 0, number)),
                Family::Ipv6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, link.into(), 0, 0, 0, number.into())),
            };
            params.source = Some(address(number));
            params.family = family;
            params.addresses = vec![address(100)];
            if family == Family::Ipv6 {
                params.transport = Transport::Multicast { group: GROUP_IPV6.into() };
            }
            if by_unicast {
                let others = (1..=count).filter(|other| *other != number);
                let peer = |other| Peer { address: address(other), min_ttl: 0, max_ttl: 255 };
                let peers = others.map(peer).collect();
                params.transport = Transport::Unicast { peers, check_source: true, ttl: None };
            }
            params.track = vec![Tracked::needed(Object::Interface(format!("eth{link}")))];
            // An owner has no weights, and waits for nothing.
            if is_owner {
                params.role = Role::Master;
            } else {
                params.track.push(Tracked::needed(script()));
                params.track.push(Tracked { object: file(), weight: Weight { value: 1, reverse: false } });
            }
            Params { preempt, interval, together: Switch::from(links > 1), ..params }
        };
        (0..links).map(one).collect()
    };
    (1..=count).map(machine).collect()
}

#[test]
fn any_disturbance_ends_with_the_best_live_router_as_only_master() {
    let seeds = std::env::var("VRRP_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    for seed in 0..seeds {
        let mut rng = Rng::with_seed(seed);
        let mut lan = Lan::of_groups(machines(&mut rng), seed);
        for index in 0..lan.nodes.len() {
            begin(&mut lan, index, &mut rng);
        }
        for _ in 0..rng.u32(1..25) {
            lan.run(Duration::from_millis(rng.u64(1..5_000)));
            disturb(&mut lan, &mut rng);
        }
        calm(&mut lan);
        check_settled(&mut lan, seed);
    }
}
