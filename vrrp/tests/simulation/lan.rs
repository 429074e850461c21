//! Links of routers in virtual time: adverts travel as bytes, may be lost, late, twice, or stopped at a partition.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use fastrand::Rng;
use vrrp::params::{Preempt, Switch};
use vrrp::sync::{Group, Step};
use vrrp::track::{Object, Status};
use vrrp::wire::PduView;
use vrrp::{Action, Event, Leader, Packet, Params, Priority, Router, State, Version};

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

/// A machine and the routers on it, each on a link of its own. More than one are a sync group.
pub(crate) struct Node {
    params: Vec<Params>,
    /// None while the process does not run.
    routers: Vec<Router>,
    group: Option<Group>,
    /// By link: routers hear one another on the same side only.
    pub(crate) sides: Vec<u8>,
    /// Its process does not run until then; what arrives waits in the sockets.
    stalled_until: Option<Instant>,
    waiting: Vec<(usize, Parcel)>,
    /// By link: its end of it.
    plugs: Vec<Plug>,
    /// By link: whether its kernel has the addresses.
    pub(crate) holds: Vec<bool>,
    /// By link: until when the router there has to be silent, because it heard an advert that it obeyed and no farewell
    /// after it.
    obeys_until: Vec<Option<Instant>>,
    /// Before then it may not be master: the delay after its start, or after a standstill.
    listens_until: Option<Instant>,
    /// Every state a router entered, with the time and the link.
    pub(crate) history: Vec<(Instant, usize, State)>,
}

impl Node {
    /// Of its router on a link.
    pub(crate) fn state_on(&self, link: usize) -> Option<State> {
        Some(self.routers.get(link)?.machine().state())
    }

    /// That all its routers speak.
    pub(crate) fn version(&self) -> Version {
        self.params[0].version
    }

    pub(crate) fn routers(&self) -> &[Router] {
        &self.routers
    }

    fn is_stalled(&self, now: Instant) -> bool {
        self.stalled_until.is_some_and(|until| now < until)
    }

    /// When it does something by itself.
    fn next(&self) -> Option<Instant> {
        let counts = self.plugs.iter().filter_map(|plug| plug.counts_at).filter(|_| !self.routers.is_empty());
        let deadline = self.routers.iter().filter_map(Router::deadline).chain(counts).min();
        match self.stalled_until {
            Some(until) if !self.waiting.is_empty() => Some(until),
            Some(until) => deadline.map(|at| at.max(until)),
            None => deadline,
        }
    }
}

/// An interface, whose state counts for its machine only when it has lasted (`interface_up_down_delays`).
#[derive(Clone, Copy, Debug)]
struct Plug {
    is_in: bool,
    /// What the machine takes it for.
    told: bool,
    /// When the machine learns that this is wrong.
    counts_at: Option<Instant>,
}

impl Plug {
    /// What the machine takes it for.
    fn status(self) -> Status {
        if self.told { Status::Up } else { Status::Down }
    }
}

/// What a socket gives to its reader: with a header of 20 bytes in front for IPv4, without one for IPv6.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Parcel {
    from: IpAddr,
    to: IpAddr,
    bytes: Vec<u8>,
}

impl Parcel {
    fn packet(&self) -> Packet<'_> {
        let whole = match (self.from, self.to) {
            (IpAddr::V6(from), IpAddr::V6(to)) => Packet::ipv6(&self.bytes, from, to, Some(255)),
            (IpAddr::V4(_), IpAddr::V4(_)) => Packet::ipv4(&self.bytes),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
                unreachable!("one family a link")
            }
        };
        whole.expect("routers send whole packets")
    }

    fn pdu(&self) -> PduView<'_> {
        let header = if self.from.is_ipv4() { 20 } else { 0 };
        PduView::new(&self.bytes[header..]).expect("a whole packet")
    }
}

/// On its way: when it arrives, a number that keeps the order, who gets it, by which link.
type Flight = Reverse<(Instant, u64, usize, usize, Parcel)>;

pub(crate) struct Lan {
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<Node>,
    pub(crate) weather: Weather,
    flights: BinaryHeap<Flight>,
    sent: u64,
    rng: Rng,
}

impl Lan {
    /// Machines with one router each, on one link.
    pub(crate) fn new(routers: Vec<Params>, seed: u64) -> Self {
        Self::of_groups(routers.into_iter().map(|params| vec![params]).collect(), seed)
    }

    /// Machines with a router on every link.
    pub(crate) fn of_groups(machines: Vec<Vec<Params>>, seed: u64) -> Self {
        let node = |params: Vec<Params>| Node {
            sides: vec![0; params.len()],
            holds: vec![false; params.len()],
            obeys_until: vec![None; params.len()],
            plugs: vec![Plug { is_in: true, told: true, counts_at: None }; params.len()],
            listens_until: None,
            params,
            routers: Vec::new(),
            group: None,
            stalled_until: None,
            waiting: Vec::new(),
            history: Vec::new(),
        };
        Self {
            now: Instant::now(),
            nodes: machines.into_iter().map(node).collect(),
            weather: Weather::FAIR,
            flights: BinaryHeap::new(),
            sent: 0,
            rng: Rng::with_seed(seed),
        }
    }

    /// Starts a process, which removes what a crashed one left.
    pub(crate) fn start(&mut self, index: usize) {
        self.start_quietly(index, Duration::ZERO);
    }

    /// Starts a process that lets others speak for a while.
    pub(crate) fn start_quietly(&mut self, index: usize, quiet: Duration) {
        let node = &mut self.nodes[index];
        node.routers = node.params.iter().cloned().map(Router::new).collect();
        let mut out = Vec::new();
        // Interfaces are looked at before the start; scripts speak when they like.
        for (router, plug) in node.routers.iter_mut().zip(&mut node.plugs) {
            *plug = Plug { told: plug.is_in, counts_at: None, ..*plug };
            for one in router.machine().params().track.clone() {
                if let Object::Interface(_) = one.object {
                    router.handle(self.now, Event::Track(one.object, plug.status()), &mut Vec::new());
                }
            }
        }
        node.listens_until = Some(self.now + quiet);
        if node.routers.len() > 1 {
            let group = node.group.insert(Group::new());
            group.start(self.now, &mut node.routers, &mut out);
        }
        self.carry_out(index, out);
        for link in 0..self.nodes[index].params.len() {
            self.give(index, link, Event::Start { quiet });
        }
        self.check_together(index);
    }

    /// The machine is gone, its addresses with it.
    pub(crate) fn crash(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.routers.clear();
        node.group = None;
        node.holds.fill(false);
        node.obeys_until.fill(None);
        node.listens_until = None;
        node.stalled_until = None;
        node.waiting.clear();
    }

    pub(crate) fn stall(&mut self, index: usize, time: Duration) {
        self.nodes[index].stalled_until = Some(self.now + time);
    }

    /// Plugs or pulls a cable; the machine takes notice if it lasts.
    pub(crate) fn plug(&mut self, index: usize, link: usize, is_in: bool, notice: Duration) {
        let plug = &mut self.nodes[index].plugs[link];
        plug.is_in = is_in;
        let at = self.now + notice;
        plug.counts_at = (plug.told != is_in).then(|| plug.counts_at.map_or(at, |counts| counts.min(at)));
        self.notice(index, link);
    }

    /// The machine learns what has lasted for long enough.
    fn notice(&mut self, index: usize, link: usize) {
        let node = &mut self.nodes[index];
        let plug = &mut node.plugs[link];
        if node.routers.is_empty() || plug.counts_at.is_none_or(|at| at > self.now) {
            return;
        }
        *plug = Plug { told: plug.is_in, counts_at: None, ..*plug };
        let status = plug.status();
        self.tell(index, link, Event::Track(Object::Interface(format!("eth{link}")), status));
    }

    /// A reload changes the delay of the start, of which so much is left.
    pub(crate) fn delay(&mut self, index: usize, quiet: Duration) {
        let node = &mut self.nodes[index];
        if node.listens_until.is_some_and(|until| until > self.now) {
            node.listens_until = Some(self.now + quiet);
        }
        for link in 0..node.params.len() {
            self.tell(index, link, Event::Delay { quiet });
        }
    }

    pub(crate) fn tell(&mut self, index: usize, link: usize, event: Event) {
        self.give(index, link, event);
        self.check_together(index);
    }

    /// The members of a group are in one state whenever an event has been taken to its end.
    fn check_together(&self, index: usize) {
        let states: Vec<State> =
            self.nodes[index].routers.iter().map(|router| router.machine().state()).collect();
        assert!(states.windows(2).all(|two| two[0] == two[1]), "node {index} is torn: {states:?}");
    }

    /// Nobody becomes master while a better router is heard: on none of the links of a machine, if they are a group.
    fn check_silence(&self, index: usize) {
        for (link, until) in self.nodes[index].obeys_until.iter().enumerate() {
            let early = until.map(|until| until.saturating_duration_since(self.now));
            assert!(
                early.is_none_or(|early| early.is_zero()),
                "node {index} becomes master {early:?} before it may, after a better router spoke on link {link}"
            );
        }
    }

    /// Nobody becomes master during the delay after its start, or at the moment it wakes from a standstill.
    fn check_start(&self, index: usize) {
        let early = self.nodes[index].listens_until.map(|until| until.saturating_duration_since(self.now));
        assert!(
            early.is_none_or(|early| early.is_zero()),
            "node {index} becomes master {early:?} before it has listened"
        );
    }

    /// Notes whether the router on a link obeyed an advert: it waits for a whole down interval then. It has to, if the other
    /// is as good or it does not preempt. A farewell leaves the skew, counted from the first one: the timer ran out at `due`
    /// before this advert.
    fn note_obedience(&mut self, index: usize, link: usize, priority: Priority, due: Option<Instant>) {
        let node = &mut self.nodes[index];
        let machine = node.routers[link].machine();
        let has_to = match machine.params().preempt {
            Preempt::Never => true,
            Preempt::AtOnce | Preempt::After(_) => priority >= machine.priority(),
        };
        let listens =
            machine.state() == State::Backup && node.listens_until.is_none_or(|until| until <= self.now);
        if listens && has_to && priority != Priority::RELEASE {
            let deadline = Some(self.now + machine.master_down());
            assert_eq!(
                machine.deadline(),
                deadline,
                "node {index} does not obey {priority:?} on link {link}"
            );
        }
        if listens && priority == Priority::RELEASE {
            let params = machine.params();
            let skew = machine.master_down() - machine.master_interval() * params.down_adverts.into();
            let skew_ends = self.now + skew;
            assert_eq!(
                machine.due(),
                Some(due.map_or(skew_ends, |due| due.min(skew_ends))),
                "node {index} is deaf to a farewell on link {link}"
            );
        }
        if machine.state() == State::Backup && priority == Priority::RELEASE {
            node.obeys_until[link] = None;
        } else if machine.state() == State::Backup
            && machine.deadline() == Some(self.now + machine.master_down())
        {
            let params = machine.params();
            node.obeys_until[link] = Some(self.now + machine.master_interval() * params.down_adverts.into());
        }
    }

    fn give(&mut self, index: usize, link: usize, event: Event) {
        let Node { routers, group, .. } = &mut self.nodes[index];
        if routers.is_empty() {
            return;
        }
        let steps = match group {
            Some(group) => {
                let mut steps = Vec::new();
                group.handle(self.now, routers, link, event, &mut steps);
                steps
            }
            None => {
                let mut out = Vec::new();
                routers[link].handle(self.now, event, &mut out);
                steps(link, out)
            }
        };
        self.carry_out(index, steps);
    }

    pub(crate) fn reconfigure(&mut self, index: usize, link: usize, params: Params) {
        let node = &mut self.nodes[index];
        node.params[link] = params.clone();
        let mut all = Vec::new();
        if let Some(router) = node.routers.get_mut(link) {
            let mut out = Vec::new();
            router.reconfigure(self.now, params, &mut out);
            all = steps(link, out);
            if let Some(group) = &mut node.group {
                group.regroup(self.now, &mut node.routers, &mut all);
            }
        }
        self.carry_out(index, all);
        self.check_together(index);
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
                if let Some(Reverse((_, _, to, link, parcel))) = self.flights.pop() {
                    self.arrive(to, link, parcel);
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

    /// The live routers of the first link that are MASTER.
    pub(crate) fn masters(&self) -> Vec<usize> {
        self.masters_on(0)
    }

    pub(crate) fn masters_on(&self, link: usize) -> Vec<usize> {
        let is_master = |index: &usize| self.nodes[*index].state_on(link) == Some(State::Master);
        (0..self.nodes.len()).filter(is_master).collect()
    }

    fn arrive(&mut self, to: usize, link: usize, parcel: Parcel) {
        if self.nodes[to].routers.is_empty() {
            return;
        }
        if self.nodes[to].is_stalled(self.now) {
            self.nodes[to].waiting.push((link, parcel));
        } else {
            self.receive(to, link, &parcel);
        }
    }

    fn receive(&mut self, index: usize, link: usize, parcel: &Parcel) {
        let (packet, pdu) = (parcel.packet(), parcel.pdu());
        let is_foreign = pdu.version() != self.nodes[index].params[link].version.number();
        let before = self.look(index, link);
        let due = self.nodes[index].routers[link].machine().due();
        let Node { routers, group, .. } = &mut self.nodes[index];
        let (now, wall) = (self.now, SystemTime::UNIX_EPOCH);
        let all = match group {
            Some(group) => {
                let mut all = Vec::new();
                group.receive(now, routers, link, wall, &packet, &mut all);
                all
            }
            None => {
                let mut out = Vec::new();
                routers[link].receive(now, wall, &packet, &mut out);
                steps(link, out)
            }
        };
        if is_foreign {
            assert_eq!(self.look(index, link), before, "node {index} heeds another version");
            assert!(all.iter().all(is_remark), "node {index} acts on another version: {all:?}");
        } else {
            self.note_obedience(index, link, pdu.priority(), due);
        }
        self.carry_out(index, all);
        self.check_together(index);
    }

    /// What an advert could change about a router.
    fn look(&self, index: usize, link: usize) -> (State, Option<Instant>, Option<Leader>) {
        let machine = self.nodes[index].routers[link].machine();
        (machine.state(), machine.deadline(), machine.leader())
    }

    /// As the real loop does: first all that waits in the sockets, then the clock.
    fn wake(&mut self, index: usize) {
        let stood_still = self.nodes[index].stalled_until.take().is_some();
        for (link, parcel) in std::mem::take(&mut self.nodes[index].waiting) {
            self.receive(index, link, &parcel);
        }
        if stood_still && self.is_long_overdue(index) {
            self.nodes[index].listens_until = Some(self.now + Duration::from_micros(1));
        }
        for link in 0..self.nodes[index].routers.len() {
            if self.nodes[index].routers[link].deadline().is_some_and(|at| at <= self.now) {
                let is_silent = !stood_still && self.must_take_over(index, link);
                self.tell(index, link, Event::Tick);
                assert!(
                    !is_silent || self.nodes[index].state_on(link) == Some(State::Master),
                    "node {index} does not take over in time on link {link}"
                );
            }
        }
        for link in 0..self.nodes[index].routers.len() {
            self.notice(index, link);
        }
    }

    /// Whether the router on a link has waited for as long as it has to, alone.
    fn must_take_over(&self, index: usize, link: usize) -> bool {
        let machine = self.nodes[index].routers[link].machine();
        machine.state() == State::Backup
            && machine.params().together == Switch::Off
            && machine.due().is_some_and(|due| due <= self.now)
    }

    /// Whether all its routers should have become master more than an interval ago, and heard nothing since: others may have.
    fn is_long_overdue(&self, index: usize) -> bool {
        self.nodes[index].routers.iter().all(|router| {
            let machine = router.machine();
            let late = machine.due().map(|due| self.now.saturating_duration_since(due));
            machine.state() == State::Backup
                && machine.params().priority != Priority::OWNER
                && late.is_some_and(|late| late > machine.master_interval())
        })
    }

    fn carry_out(&mut self, index: usize, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Member { member, action } => self.act(index, member, action),
                Step::Log(_) | Step::Report { .. } => {}
            }
        }
    }

    fn act(&mut self, index: usize, link: usize, action: Action) {
        match action {
            Action::Advertise(priority) => {
                let router = &mut self.nodes[index].routers[link];
                let source = router.machine().source();
                for datagram in router.datagrams(priority, SystemTime::UNIX_EPOCH) {
                    let from = source.expect("who sends has an address");
                    self.send(index, link, &Parcel { from, to: datagram.to, bytes: datagram.bytes });
                }
            }
            Action::HoldAddresses => {
                let added = !self.nodes[index].holds[link];
                self.nodes[index].holds[link] = true;
                self.give(index, link, Event::AddressesHeld { added });
            }
            Action::DropAddresses => self.nodes[index].holds[link] = false,
            Action::Report { from, to, .. } => {
                assert_ne!(from, to, "a report is a change");
                if to == State::Fault {
                    self.nodes[index].obeys_until[link] = None;
                }
                if to == State::Master {
                    self.check_silence(index);
                    self.check_start(index);
                }
                self.nodes[index].history.push((self.now, link, to));
            }
            Action::Announce { .. } | Action::AnnounceElsewhere => {
                assert!(self.nodes[index].holds[link], "announced without holding")
            }
            Action::AnnounceSource(_) | Action::Mention(..) | Action::Log(_) => {}
        }
    }

    fn send(&mut self, from: usize, link: usize, parcel: &Parcel) {
        for to in 0..self.nodes.len() {
            let is_meant = parcel.to.is_multicast() || self.nodes[to].params[link].source == Some(parcel.to);
            let is_cut = [from, to].iter().any(|end| !self.nodes[*end].plugs[link].is_in);
            if to == from || !is_meant || is_cut || self.nodes[to].sides[link] != self.nodes[from].sides[link]
            {
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
                self.flights.push(Reverse((at, self.sent, to, link, parcel.clone())));
            }
        }
    }
}

fn is_remark(step: &Step) -> bool {
    matches!(step, Step::Log(_) | Step::Member { action: Action::Log(_), .. })
}

fn steps(member: usize, actions: Vec<Action>) -> Vec<Step> {
    actions.into_iter().map(|action| Step::Member { member, action }).collect()
}
