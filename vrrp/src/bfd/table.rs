//! All sessions of a process, and to which of them a datagram belongs (RFC 5880 §6.3, RFC 5881 §3).

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Instant;

use super::log::Dropped;
use super::packet::Packet;
use super::params::{Hops, Params};
use super::session::{Action, Chance, Event, Session, Verdict};

/// A datagram and what the system knows of it.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// What it carries.
    pub bytes: &'a [u8],
    /// Its sender.
    pub from: SocketAddr,
    /// The address of ours it was sent to.
    pub to: Option<IpAddr>,
    /// TTL or hop limit it came with.
    pub ttl: Option<u8>,
    /// By which port it came.
    pub hops: Hops,
}

/// Datagrams since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Given to a session.
    pub taken: u64,
    /// No control packet that may be used.
    pub malformed: u64,
    /// For no session of ours.
    pub unknown: u64,
    /// From farther away than the session admits.
    pub too_far: u64,
}

/// What a session asks for, and which session it is.
pub type Demand = (usize, Action);

/// The sessions, in the order of the configuration.
#[derive(Debug, Default)]
pub struct Table {
    sessions: Vec<Session>,
    by_discriminator: HashMap<NonZeroU32, usize>,
    counters: Counters,
}

impl Table {
    /// The sessions; a [`Demand`] names one by its place in this list.
    #[must_use]
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// What has become of the datagrams.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// When to call [`Table::tick`].
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.sessions.iter().filter_map(Session::deadline).min()
    }

    /// Makes these the sessions. One that was there under the same name goes on if its path is still the same; others
    /// start. `draw` gives random numbers.
    pub fn configure(
        &mut self,
        all: Vec<Params>,
        now: Instant,
        mut draw: impl FnMut() -> u32,
        out: &mut Vec<Demand>,
    ) {
        let drained = std::mem::take(&mut self.sessions).into_iter();
        let mut known: BTreeMap<String, Session> =
            drained.map(|session| (session.params().name.clone(), session)).collect();
        for (at, params) in all.into_iter().enumerate() {
            let mut actions = Vec::new();
            let kept = known.remove(&params.name).and_then(|mut session| {
                let chance = Chance::from_bits(draw());
                match session.reconfigure(params.clone(), now, chance, &mut actions) {
                    Verdict::Unchanged | Verdict::Absorbed => Some(session),
                    Verdict::Restart => None,
                }
            });
            let session = kept.unwrap_or_else(|| {
                let mut session = Session::new(params, self.unused(&mut draw));
                session.handle(now, Chance::from_bits(draw()), Event::Start, &mut actions);
                session
            });
            self.by_discriminator.insert(session.discriminator(), at);
            self.sessions.push(session);
            out.extend(actions.into_iter().map(|action| (at, action)));
        }
        let sessions = &self.sessions;
        self.by_discriminator.retain(|discriminator, at| {
            sessions.get(*at).is_some_and(|session| session.discriminator() == *discriminator)
        });
    }

    fn unused(&self, draw: &mut impl FnMut() -> u32) -> NonZeroU32 {
        let fresh = std::iter::repeat_with(draw).find_map(|bits| {
            NonZeroU32::new(bits).filter(|number| !self.by_discriminator.contains_key(number))
        });
        fresh.expect("the iterator has no end")
    }

    /// Hands an event to one session; a place that does not exist has none.
    pub fn handle(&mut self, at: usize, now: Instant, chance: Chance, event: Event, out: &mut Vec<Demand>) {
        if let Some(session) = self.sessions.get_mut(at) {
            let mut actions = Vec::new();
            session.handle(now, chance, event, &mut actions);
            out.extend(actions.into_iter().map(|action| (at, action)));
        }
    }

    /// Wakes every session whose time has come.
    pub fn tick(&mut self, now: Instant, mut draw: impl FnMut() -> u32, out: &mut Vec<Demand>) {
        for at in 0..self.sessions.len() {
            if self.sessions[at].deadline().is_some_and(|deadline| deadline <= now) {
                self.handle(at, now, Chance::from_bits(draw()), Event::Tick, out);
            }
        }
    }

    /// Gives a datagram to its session.
    ///
    /// # Errors
    /// What to log when it has none.
    pub fn receive(
        &mut self,
        datagram: &Datagram<'_>,
        now: Instant,
        chance: Chance,
        out: &mut Vec<Demand>,
    ) -> Result<(), Dropped> {
        let from = datagram.from;
        let packet = Packet::parse(datagram.bytes).map_err(|fault| {
            self.counters.malformed += 1;
            Dropped::Malformed { from, fault }
        })?;
        let Some(at) = self.find(&packet, datagram) else {
            self.counters.unknown += 1;
            return Err(Dropped::Unknown { from, yours: packet.yours });
        };
        let params = self.sessions[at].params();
        if !datagram.ttl.is_some_and(|ttl| params.admits(ttl)) {
            self.counters.too_far += 1;
            let least = params.ttl.saturating_sub(params.max_hops.unwrap_or(0));
            return Err(Dropped::TooFar { from: from.ip(), ttl: datagram.ttl, least });
        }
        self.counters.taken += 1;
        self.handle(at, now, chance, Event::Heard(packet), out);
        Ok(())
    }

    /// By our number if the sender knows it, else by the addresses. A number alone does not open a session over one hop
    /// to packets that came by the port for many.
    fn find(&self, packet: &Packet, datagram: &Datagram<'_>) -> Option<usize> {
        let fits = |params: &Params| params.hops == datagram.hops;
        match packet.yours {
            Some(yours) => {
                let at = *self.by_discriminator.get(&yours)?;
                fits(self.sessions[at].params()).then_some(at)
            }
            None => self.sessions.iter().position(|session| {
                let params = session.params();
                let ours = params.source.is_none_or(|source| datagram.to == Some(source));
                fits(params) && params.neighbor == datagram.from.ip() && ours
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bfd::packet::{Diagnostic, Sequence, State};
    use crate::bfd::params::{Micros, Role};

    fn params(name: &str, neighbor: [u8; 4], hops: Hops) -> Params {
        Params {
            name: name.into(),
            neighbor: neighbor.into(),
            source: Some([10, 0, 0, 1].into()),
            hops,
            role: Role::Active,
            min_rx: Micros(10_000),
            min_tx: Micros(10_000),
            idle_tx: Micros(1_000_000),
            multiplier: 5,
            ttl: 255,
            max_hops: Some(0),
        }
    }

    fn draw() -> impl FnMut() -> u32 {
        let mut rng = fastrand::Rng::with_seed(5);
        move || rng.u32(..)
    }

    fn table(all: Vec<Params>) -> Table {
        let mut table = Table::default();
        table.configure(all, Instant::now(), draw(), &mut Vec::new());
        table
    }

    fn packet(yours: u32) -> [u8; 24] {
        Packet {
            state: State::Down,
            diagnostic: Diagnostic::None,
            sequence: Sequence::None,
            independent: false,
            demand: false,
            multiplier: 3,
            mine: NonZeroU32::MIN,
            yours: NonZeroU32::new(yours),
            min_tx: Micros(1_000_000),
            min_rx: Micros(1_000_000),
            min_echo_rx: Micros(0),
        }
        .emit()
    }

    fn datagram(bytes: &[u8]) -> Datagram<'_> {
        Datagram {
            bytes,
            from: "10.0.0.2:50000".parse().expect("an address"),
            to: Some([10, 0, 0, 1].into()),
            ttl: Some(255),
            hops: Hops::One,
        }
    }

    fn receive(table: &mut Table, datagram: Datagram<'_>) -> Result<(), Dropped> {
        table.receive(&datagram, Instant::now(), Chance::from_bits(0), &mut Vec::new())
    }

    fn states(table: &Table) -> Vec<State> {
        table.sessions().iter().map(Session::state).collect()
    }

    #[test]
    fn a_stranger_to_the_numbers_is_known_by_its_addresses_and_its_port() {
        let mut table = table(vec![
            params("far", [10, 0, 0, 2], Hops::Many),
            params("near", [10, 0, 0, 2], Hops::One),
            params("other", [10, 0, 0, 3], Hops::One),
        ]);
        let bytes = packet(0);
        assert!(
            receive(&mut table, Datagram { to: Some([10, 0, 0, 9].into()), ..datagram(&bytes) }).is_err()
        );
        assert_eq!(states(&table), [State::Down; 3]);
        assert_eq!(receive(&mut table, datagram(&bytes)), Ok(()));
        assert_eq!(states(&table), [State::Down, State::Init, State::Down]);
    }

    #[test]
    fn who_knows_our_number_may_send_from_anywhere_but_by_the_right_port() {
        let mut table =
            table(vec![params("a", [10, 0, 0, 2], Hops::One), params("b", [10, 0, 0, 3], Hops::One)]);
        let bytes = packet(table.sessions()[1].discriminator().get());
        assert!(receive(&mut table, Datagram { hops: Hops::Many, ..datagram(&bytes) }).is_err());
        assert_eq!(states(&table), [State::Down; 2]);
        assert_eq!(receive(&mut table, datagram(&bytes)), Ok(()));
        assert_eq!(states(&table), [State::Down, State::Init]);
    }

    #[test]
    fn a_packet_that_made_too_many_hops_is_dropped_unless_nobody_counts() {
        let bytes = packet(0);
        let try_with = |max_hops, ttl| {
            let params = Params { ttl: 252, max_hops, ..params("a", [10, 0, 0, 2], Hops::One) };
            receive(&mut table(vec![params]), Datagram { ttl, ..datagram(&bytes) })
        };
        let far = |ttl, least| Err(Dropped::TooFar { from: [10, 0, 0, 2].into(), ttl, least });
        assert_eq!(try_with(Some(0), Some(252)), Ok(()));
        assert_eq!(try_with(Some(0), Some(250)), far(Some(250), 252));
        assert_eq!(try_with(Some(2), Some(250)), Ok(()));
        assert_eq!(try_with(Some(2), Some(249)), far(Some(249), 250));
        assert_eq!(try_with(None, Some(1)), Ok(()));
        assert_eq!(try_with(Some(0), None), far(None, 252));
    }

    #[test]
    fn what_no_session_hears_is_counted_by_its_fault() {
        let mut table = table(vec![params("a", [10, 0, 0, 2], Hops::One)]);
        let bytes = packet(0);
        let _ = receive(&mut table, datagram(&bytes[..9]));
        let _ = receive(&mut table, datagram(&packet(12)));
        let _ = receive(&mut table, Datagram { ttl: Some(1), ..datagram(&bytes) });
        let _ = receive(&mut table, datagram(&bytes));
        assert_eq!(table.counters(), Counters { taken: 1, malformed: 1, unknown: 1, too_far: 1 });
    }

    #[test]
    fn a_reload_keeps_sessions_by_name_and_restarts_those_with_another_path() {
        let (a, b) = (params("a", [10, 0, 0, 2], Hops::One), params("b", [10, 0, 0, 3], Hops::One));
        let mut table = table(vec![a.clone(), b.clone()]);
        let numbers = |table: &Table| -> Vec<u32> {
            table.sessions().iter().map(|session| session.discriminator().get()).collect()
        };
        let before = numbers(&table);
        receive(&mut table, datagram(&packet(0))).expect("for a");
        let moved = Params { neighbor: [10, 0, 0, 4].into(), ..b };
        let mut out = Vec::new();
        let mut rng = fastrand::Rng::with_seed(6);
        table.configure(vec![moved, a], Instant::now(), || rng.u32(..), &mut out);
        assert_eq!(states(&table), [State::Down, State::Init]);
        assert_eq!(numbers(&table)[1], before[0]);
        assert!(!before.contains(&numbers(&table)[0]), "another path, another number");
        assert!(out.iter().all(|(at, _)| *at == 0), "the kept session was not touched: {out:?}");
        assert!(receive(&mut table, datagram(&packet(before[1]))).is_err(), "the old number is forgotten");
        assert_eq!(receive(&mut table, datagram(&packet(before[0]))), Ok(()));
    }
}
