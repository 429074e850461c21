//! Machines on a bad network in virtual time, each with a session to every other one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use fastrand::Rng;
use vrrp::bfd::table::Demand;
use vrrp::bfd::{Action, Chance, Datagram, Event, Hops, Params, Reach, Session, Table};

/// How bad the network is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Lost packets, in percent.
    pub(crate) loss: u32,
    /// Packets that arrive twice, in percent.
    pub(crate) duplicates: u32,
    /// Longest time a packet is under way; different times reorder.
    pub(crate) delay: Duration,
}

impl Weather {
    /// Nothing lost, 100 µs.
    pub(crate) const FAIR: Self = Self { loss: 0, duplicates: 0, delay: Duration::from_micros(100) };
}

/// What a session reported, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) at: Instant,
    /// The name of the session.
    pub(crate) session: usize,
    pub(crate) reach: Reach,
}

/// Packets for a node: its sender, the bytes.
type Waiting = VecDeque<(usize, Vec<u8>)>;

pub(crate) struct Node {
    pub(crate) params: Vec<Params>,
    /// None while the process does not run.
    pub(crate) table: Option<Table>,
    /// Its process does not run until then; what arrives waits in the socket.
    stalled_until: Option<Instant>,
    waiting: Waiting,
    pub(crate) reports: Vec<Report>,
    /// Nodes whose packets do not reach it: a cut may be in one direction only.
    pub(crate) deaf_to: Vec<bool>,
}

impl Node {
    pub(crate) fn session(&self, to: usize) -> Option<&Session> {
        let name = name(to);
        self.table.as_ref()?.sessions().iter().find(|session| session.params().name == name)
    }

    fn next(&self) -> Option<Instant> {
        let deadline = self.table.as_ref()?.deadline();
        match self.stalled_until {
            Some(until) if !self.waiting.is_empty() => Some(until),
            Some(until) => deadline.map(|at| at.max(until)),
            None => deadline,
        }
    }
}

type Flight = Reverse<(Instant, u64, usize, usize, Vec<u8>)>;

pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<Node>,
    pub(crate) weather: Weather,
    flights: BinaryHeap<Flight>,
    sent: u64,
    rng: Rng,
}

/// The address of a node.
pub(crate) fn address(node: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, u8::try_from(node).expect("few nodes")))
}

/// What the session to a node is called.
pub(crate) fn name(node: usize) -> String {
    format!("to{node}")
}

fn node_of(name: &str) -> usize {
    name.trim_start_matches("to").parse().expect("a name of ours")
}

impl Net {
    pub(crate) fn new(nodes: Vec<Vec<Params>>, seed: u64) -> Self {
        let count = nodes.len();
        let node = |params| Node {
            params,
            table: None,
            stalled_until: None,
            waiting: Waiting::new(),
            reports: Vec::new(),
            deaf_to: vec![false; count],
        };
        Self {
            now: Instant::now(),
            nodes: nodes.into_iter().map(node).collect(),
            weather: Weather::FAIR,
            flights: BinaryHeap::new(),
            sent: 0,
            rng: Rng::with_seed(seed),
        }
    }

    /// Starts the process, or has it read its configuration again.
    pub(crate) fn configure(&mut self, index: usize) {
        let Self { nodes, now, rng, .. } = self;
        let mut out = Vec::new();
        let params = nodes[index].params.clone();
        let table = nodes[index].table.get_or_insert_default();
        table.configure(params, *now, || rng.u32(..), &mut out);
        self.carry_out(index, out);
    }

    /// The process is gone, and whoever tracked its sessions starts anew.
    pub(crate) fn crash(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.table = None;
        node.stalled_until = None;
        node.waiting.clear();
        node.reports.clear();
    }

    pub(crate) fn stall(&mut self, index: usize, time: Duration) {
        self.nodes[index].stalled_until = Some(self.now + time);
    }

    /// Gives an event to the session of one node to another.
    pub(crate) fn tell(&mut self, index: usize, to: usize, event: Event) {
        let Some(table) = &mut self.nodes[index].table else { return };
        let Some(at) = table.sessions().iter().position(|session| session.params().name == name(to)) else {
            return;
        };
        let mut out = Vec::new();
        table.handle(at, self.now, Chance::from_bits(self.rng.u32(..)), event, &mut out);
        self.carry_out(index, out);
    }

    /// Lets virtual time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let arrival = self.flights.peek().map(|Reverse((at, ..))| *at);
            let own = self.nodes.iter().filter_map(Node::next).min();
            let Some(next) = arrival.into_iter().chain(own).min().filter(|at| *at <= end) else { break };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                if let Some(Reverse((_, _, from, to, bytes))) = self.flights.pop() {
                    self.arrive(from, to, bytes);
                }
            } else {
                for index in 0..self.nodes.len() {
                    if self.nodes[index].next().is_some_and(|at| at <= self.now) {
                        self.wake(index);
                    }
                }
            }
        }
        self.now = end;
    }

    fn arrive(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
        let node = &mut self.nodes[to];
        if node.deaf_to[from] || node.table.is_none() {
            return;
        }
        if node.stalled_until.is_some_and(|until| self.now < until) {
            // A socket holds so many and no more.
            if node.waiting.len() < 200 {
                node.waiting.push_back((from, bytes));
            }
            return;
        }
        self.receive(from, to, &bytes);
    }

    fn receive(&mut self, from: usize, to: usize, bytes: &[u8]) {
        let datagram = Datagram {
            bytes,
            from: SocketAddr::new(address(from), 50_000),
            to: Some(address(to)),
            ttl: Some(255),
            hops: Hops::One,
        };
        let chance = Chance::from_bits(self.rng.u32(..));
        let Some(table) = &mut self.nodes[to].table else { return };
        let mut out = Vec::new();
        // A number that a restarted process does not know any more is no mistake.
        let _ = table.receive(&datagram, self.now, chance, &mut out);
        self.carry_out(to, out);
    }

    /// As the real loop does: first all that waits in the sockets, then the clock.
    fn wake(&mut self, index: usize) {
        self.nodes[index].stalled_until = None;
        for (from, bytes) in std::mem::take(&mut self.nodes[index].waiting) {
            self.receive(from, index, &bytes);
        }
        let Self { nodes, now, rng, .. } = self;
        let mut out = Vec::new();
        if let Some(table) = &mut nodes[index].table {
            table.tick(*now, || rng.u32(..), &mut out);
        }
        self.carry_out(index, out);
    }

    fn carry_out(&mut self, index: usize, demands: Vec<Demand>) {
        for (at, action) in demands {
            let table = self.nodes[index].table.as_ref().expect("it asked for something");
            let to = node_of(&table.sessions()[at].params().name);
            match action {
                Action::Send(packet) => self.send(index, to, &packet.emit()),
                Action::Report(reach) => {
                    let last = self.nodes[index].reports.iter().rev().find(|report| report.session == to);
                    let before = last.map_or(Reach::Down, |report| report.reach);
                    // A session of another path starts as down, which whoever resends states says.
                    assert_ne!(before, reach, "a report is a change");
                    self.nodes[index].reports.push(Report { at: self.now, session: to, reach });
                }
                Action::Log(_) => {}
            }
        }
    }

    fn send(&mut self, from: usize, to: usize, bytes: &[u8]) {
        let copies = if self.rng.u32(0..100) < self.weather.duplicates { 2 } else { 1 };
        for _ in 0..copies {
            if self.rng.u32(0..100) < self.weather.loss {
                continue;
            }
            let micros = u64::try_from(self.weather.delay.as_micros()).expect("a short delay");
            let at = self.now + Duration::from_micros(self.rng.u64(50..=micros.max(50)));
            self.sent += 1;
            self.flights.push(Reverse((at, self.sent, from, to, bytes.to_vec())));
        }
    }
}
