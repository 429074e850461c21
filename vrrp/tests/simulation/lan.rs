//! A link of routers in virtual time: adverts travel as bytes, may be lost, late, twice, or stopped at a partition.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant, SystemTime};

use fastrand::Rng;
use vrrp::{Action, Event, Packet, Params, Router, State};

/// How bad the link is.
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

/// One router and the machine it runs on.
pub(crate) struct Node {
    params: Params,
    router: Option<Router>,
    /// Routers hear one another on the same side only.
    pub(crate) side: u8,
    /// Its process does not run until then; what arrives waits in the socket.
    stalled_until: Option<Instant>,
    waiting: Vec<Vec<u8>>,
    /// Whether its kernel has the addresses.
    pub(crate) holds: bool,
    /// Every state it entered, with the time.
    pub(crate) history: Vec<(Instant, State)>,
}

impl Node {
    pub(crate) fn state(&self) -> Option<State> {
        self.router.as_ref().map(|router| router.machine().state())
    }

    pub(crate) fn router(&self) -> Option<&Router> {
        self.router.as_ref()
    }

    fn is_stalled(&self, now: Instant) -> bool {
        self.stalled_until.is_some_and(|until| now < until)
    }

    /// When it does something by itself.
    fn next(&self) -> Option<Instant> {
        let deadline = self.router.as_ref()?.deadline();
        match self.stalled_until {
            Some(until) if !self.waiting.is_empty() => Some(until),
            Some(until) => deadline.map(|at| at.max(until)),
            None => deadline,
        }
    }
}

/// On its way: when it arrives, a number that keeps the order, who gets it, the bytes.
type Flight = Reverse<(Instant, u64, usize, Vec<u8>)>;

pub(crate) struct Lan {
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<Node>,
    pub(crate) weather: Weather,
    flights: BinaryHeap<Flight>,
    sent: u64,
    rng: Rng,
}

impl Lan {
    pub(crate) fn new(routers: Vec<Params>, seed: u64) -> Self {
        let node = |params| Node {
            params,
            router: None,
            side: 0,
            stalled_until: None,
            waiting: Vec::new(),
            holds: false,
            history: Vec::new(),
        };
        Self {
            now: Instant::now(),
            nodes: routers.into_iter().map(node).collect(),
            weather: Weather::FAIR,
            flights: BinaryHeap::new(),
            sent: 0,
            rng: Rng::with_seed(seed),
        }
    }

    /// Starts a process, which removes what a crashed one left.
    pub(crate) fn start(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.router = Some(Router::new(node.params.clone()));
        self.tell(index, Event::Start { quiet: Duration::ZERO });
    }

    /// The machine is gone, its addresses with it.
    pub(crate) fn crash(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.router = None;
        node.holds = false;
        node.stalled_until = None;
        node.waiting.clear();
    }

    pub(crate) fn stall(&mut self, index: usize, time: Duration) {
        self.nodes[index].stalled_until = Some(self.now + time);
    }

    pub(crate) fn tell(&mut self, index: usize, event: Event) {
        let mut out = Vec::new();
        if let Some(router) = &mut self.nodes[index].router {
            router.handle(self.now, event, &mut out);
        }
        self.carry_out(index, out);
    }

    pub(crate) fn reconfigure(&mut self, index: usize, params: Params) {
        let mut out = Vec::new();
        self.nodes[index].params = params.clone();
        if let Some(router) = &mut self.nodes[index].router {
            router.reconfigure(self.now, params, &mut out);
        }
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
                if let Some(Reverse((_, _, to, bytes))) = self.flights.pop() {
                    self.arrive(to, bytes);
                }
                continue;
            }
            for index in 0..self.nodes.len() {
                if self.nodes[index].next().is_some_and(|at| at <= self.now) {
                    self.wake(index);
                }
            }
        }
        self.now = end;
    }

    /// The live routers that are MASTER.
    pub(crate) fn masters(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|index| self.nodes[*index].state() == Some(State::Master)).collect()
    }

    fn arrive(&mut self, to: usize, bytes: Vec<u8>) {
        if self.nodes[to].router.is_none() {
            return;
        }
        if self.nodes[to].is_stalled(self.now) {
            self.nodes[to].waiting.push(bytes);
        } else {
            self.receive(to, &bytes);
        }
    }

    fn receive(&mut self, index: usize, bytes: &[u8]) {
        let mut out = Vec::new();
        let packet = Packet::ipv4(bytes).expect("routers send whole packets");
        if let Some(router) = &mut self.nodes[index].router {
            router.receive(self.now, SystemTime::UNIX_EPOCH, &packet, &mut out);
        }
        self.carry_out(index, out);
    }

    /// As the real loop does: first all that waits in the socket, then the clock.
    fn wake(&mut self, index: usize) {
        self.nodes[index].stalled_until = None;
        for bytes in std::mem::take(&mut self.nodes[index].waiting) {
            self.receive(index, &bytes);
        }
        self.tell(index, Event::Tick);
    }

    fn carry_out(&mut self, index: usize, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Advertise(priority) => {
                    let datagrams = self.nodes[index]
                        .router
                        .as_mut()
                        .map(|router| router.datagrams(priority, SystemTime::UNIX_EPOCH));
                    for datagram in datagrams.unwrap_or_default() {
                        self.broadcast(index, &datagram.bytes);
                    }
                }
                Action::HoldAddresses => {
                    let added = !self.nodes[index].holds;
                    self.nodes[index].holds = true;
                    self.tell(index, Event::AddressesHeld { added });
                }
                Action::DropAddresses => self.nodes[index].holds = false,
                Action::Report { from, to, .. } => {
                    assert_ne!(from, to, "a report is a change");
                    self.nodes[index].history.push((self.now, to));
                }
                Action::Announce { .. } => assert!(self.nodes[index].holds, "announced without holding"),
                Action::Log(_) => {}
            }
        }
    }

    fn broadcast(&mut self, from: usize, bytes: &[u8]) {
        for to in 0..self.nodes.len() {
            if to == from || self.nodes[to].side != self.nodes[from].side {
                continue;
            }
            let copies = if self.rng.u32(0..100) < self.weather.duplicates { 2 } else { 1 };
            for _ in 0..copies {
                if self.rng.u32(0..100) < self.weather.loss {
                    continue;
                }
                let micros = u64::try_from(self.weather.delay.as_micros()).expect("a short delay");
                let at = self.now + Duration::from_micros(self.rng.u64(50..=micros.max(50)));
                self.sent += 1;
                self.flights.push(Reverse((at, self.sent, to, bytes.to_vec())));
            }
        }
    }
}
