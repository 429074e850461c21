//! BFD sessions on a bad network, in virtual time, and their bytes against those of other implementations.
//!
//! Seeds are fixed, so a failure repeats; `BFD_SEEDS=100000` asks for more of them.

mod net;
mod wire;

use std::time::{Duration, Instant};

use fastrand::Rng;
use net::{Net, Weather, address, name};
use vrrp::bfd::params::Role;
use vrrp::bfd::{Event, Hops, Micros, Params, Reach, State};

const SECOND: Duration = Duration::from_secs(1);

fn params(from: usize, to: usize) -> Params {
    Params {
        name: name(to),
        neighbor: address(to),
        source: Some(address(from)),
        hops: Hops::One,
        role: Role::Active,
        min_rx: Micros(20_000),
        min_tx: Micros(20_000),
        idle_tx: Micros(1_000_000),
        multiplier: 4,
        ttl: 255,
        max_hops: Some(0),
    }
}

fn pair() -> Net {
    let mut net = Net::new(vec![vec![params(0, 1)], vec![params(1, 0)]], 1);
    net.configure(0);
    net.configure(1);
    net.run(5 * SECOND);
    for (from, to) in [(0, 1), (1, 0)] {
        assert_eq!(net.nodes[from].session(to).map(|session| session.state()), Some(State::Up));
    }
    net
}

fn last_report(net: &Net, node: usize) -> (Instant, Reach) {
    net.nodes[node].reports.last().map(|report| (report.at, report.reach)).expect("a report")
}

#[test]
fn two_sessions_are_up_as_soon_as_both_run() {
    let mut net = Net::new(vec![vec![params(0, 1)], vec![params(1, 0)]], 1);
    net.configure(0);
    net.run(10 * SECOND);
    let start = net.now;
    net.configure(1);
    net.run(SECOND);
    for node in [0, 1] {
        let (at, reach) = last_report(&net, node);
        assert_eq!(reach, Reach::Up);
        assert!(at - start < Duration::from_millis(1), "{:?}", at - start);
    }
}

#[test]
fn a_crash_is_noticed_within_the_detection_time_and_not_long_before() {
    let mut net = pair();
    let crash = net.now;
    net.crash(0);
    net.run(SECOND);
    let (at, reach) = last_report(&net, 1);
    assert_eq!(reach, Reach::Down);
    let took = at - crash;
    assert!(took <= Duration::from_micros(80_100), "{took:?}");
    assert!(took >= Duration::from_micros(80_000 - 18_100), "{took:?}");
}

#[test]
fn a_cut_in_one_direction_takes_both_ends_down() {
    let mut net = pair();
    let cut = net.now;
    net.nodes[0].deaf_to[1] = true;
    net.run(SECOND);
    for node in [0, 1] {
        let (at, reach) = last_report(&net, node);
        assert_eq!(reach, Reach::Down);
        assert!(at - cut <= Duration::from_micros(80_200), "node {node} after {:?}", at - cut);
    }
}

#[test]
fn a_process_that_stood_still_is_missed_and_comes_back() {
    let mut net = pair();
    net.stall(0, SECOND);
    net.run(SECOND / 2);
    assert_eq!(last_report(&net, 1).1, Reach::Down);
    net.run(3 * SECOND);
    assert_eq!(last_report(&net, 0).1, Reach::Up);
    assert_eq!(last_report(&net, 1).1, Reach::Up);
}

#[test]
fn a_restarted_neighbour_is_up_again_at_once_and_its_loss_is_told() {
    let mut net = pair();
    net.crash(0);
    net.configure(0);
    net.run(SECOND / 10);
    let reaches: Vec<Reach> = net.nodes[1].reports.iter().map(|report| report.reach).collect();
    assert_eq!(reaches, [Reach::Up, Reach::Down, Reach::Up]);
}

/// What must hold of every pair of nodes once the network has been whole, and all processes running, for long enough:
///
/// 1. the session is up at both ends, and both have reported so, if both processes run and one of them begins;
/// 2. it is down, and that is what was reported last, if one of them does not run;
/// 3. each end sends as fast as both agreed, and waits for as many packets as the other one promised;
/// 4. nothing changes any more.
fn check_settled(net: &mut Net, seed: u64) {
    net.run(20 * SECOND);
    let count = net.nodes.len();
    for from in 0..count {
        for to in (0..count).filter(|to| *to != from) {
            let Some(ours) = net.nodes[from].session(to) else { continue };
            let reports = net.nodes[from].reports.iter();
            let told = reports.rev().find(|report| report.session == to).map(|report| report.reach);
            let told = told.unwrap_or(Reach::Down);
            assert_eq!(told, ours.told(), "seed {seed}: {from} to {to}");
            let Some(theirs) = net.nodes[to].session(from) else {
                assert_eq!((ours.state(), told), (State::Down, Reach::Down), "seed {seed}: {from} to {to}");
                continue;
            };
            if [ours, theirs].iter().all(|session| session.params().role == Role::Passive) {
                continue;
            }
            assert_eq!((ours.state(), told), (State::Up, Reach::Up), "seed {seed}: {from} to {to}");
            let (our, their) = (ours.params(), theirs.params());
            assert_eq!(ours.interval(), our.min_tx.max(their.min_rx), "seed {seed}: {from} to {to}");
            let promised = their.min_tx.max(our.min_rx).duration() * their.multiplier.into();
            assert_eq!(ours.detection_time(), promised, "seed {seed}: {from} to {to}");
        }
    }
    let reports = |net: &Net| net.nodes.iter().map(|node| node.reports.len()).sum::<usize>();
    let before = reports(net);
    net.run(20 * SECOND);
    assert_eq!(reports(net), before, "seed {seed}: a report without a cause");
}

/// Times of one session; the two ends of it may differ.
fn vary(params: Params, rng: &mut Rng) -> Params {
    let times = [10_000, 50_000, 333_333, 2_000_000].map(Micros);
    let time = |rng: &mut Rng| times[rng.usize(0..times.len())];
    // With one packet the smallest delay would be a loss.
    Params { min_rx: time(rng), min_tx: time(rng), multiplier: rng.u8(2..6), ..params }
}

/// One thing that goes wrong, or right again.
fn disturb(net: &mut Net, rng: &mut Rng) {
    let count = net.nodes.len();
    let index = rng.usize(0..count);
    let other = (index + rng.usize(1..count)) % count;
    match rng.u32(0..9) {
        0 => net.crash(index),
        1 | 2 => net.configure(index),
        3 => net.nodes[index].deaf_to[other] = rng.bool(),
        4 => net.stall(index, Duration::from_millis(rng.u64(1..5_000))),
        5 => {
            let (loss, delay) = (rng.u32(0..60), Duration::from_millis(rng.u64(1..100)));
            net.weather = Weather { loss, duplicates: loss / 2, delay };
        }
        6 => net.tell(index, other, Event::Blocked),
        7 => net.tell(index, other, Event::Unblocked),
        _ => {
            for params in &mut net.nodes[index].params {
                *params = vary(params.clone(), rng);
            }
            if net.nodes[index].table.is_some() {
                net.configure(index);
            }
        }
    }
}

/// Ends every disturbance; crashed processes stay away.
fn calm(net: &mut Net) {
    net.weather = Weather::FAIR;
    for index in 0..net.nodes.len() {
        net.stall(index, Duration::ZERO);
        net.nodes[index].deaf_to.fill(false);
        for to in 0..net.nodes.len() {
            net.tell(index, to, Event::Unblocked);
        }
    }
}

#[test]
fn any_disturbance_ends_with_every_living_pair_up_and_agreed() {
    let seeds = std::env::var("BFD_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    for seed in 0..seeds {
        let mut rng = Rng::with_seed(seed);
        let count = rng.usize(2..4);
        let node = |from: usize, rng: &mut Rng| -> Vec<Params> {
            let others = (0..count).filter(|to| *to != from);
            let session = |to| {
                let role = if rng.u8(0..3) == 0 { Role::Passive } else { Role::Active };
                Params { role, ..vary(params(from, to), rng) }
            };
            others.map(session).collect()
        };
        let nodes = (0..count).map(|from| node(from, &mut rng)).collect();
        let mut net = Net::new(nodes, seed);
        for index in 0..count {
            net.configure(index);
        }
        for _ in 0..rng.u32(1..12) {
            net.run(Duration::from_millis(rng.u64(1..3_000)));
            disturb(&mut net, &mut rng);
        }
        calm(&mut net);
        check_settled(&mut net, seed);
    }
}
