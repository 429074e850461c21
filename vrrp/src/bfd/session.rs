//! One session: RFC 5880 §6.2 and §6.8.
//!
//! A [`Session`] owns no socket, reads no clock and draws no number. What it is told comes with the time and a piece of
//! [`Chance`]; what it wants is appended to a list.
//!
//! Two sides of it are keepalived's. It never says AdminDown when it ends, and a neighbour that does so is *not* reported
//! as lost: whoever switches BFD off on purpose does not want anybody to fail over for it (RFC 5882 §3.2).

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::log::{Line, Side, Timing};
use super::packet::{Diagnostic, Packet, Sequence, State};
use super::params::{Micros, Params, Role};

/// A random number, one for each event. Packets are sent 10 to 25 percent sooner than their interval says, so that
/// systems that hear one another do not fall into step (RFC 5880 §6.8.7); both limits are right for any multiplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance(u32);

impl Chance {
    /// Uses evenly distributed bits.
    #[must_use]
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// What becomes of an interval: 75 to 90 percent of it.
    fn jitter(self, interval: Micros) -> Duration {
        let part = u64::from(u32::MAX) * 75 + u64::from(self.0) * 15;
        // Below 2^32 · 90 · 2^32, which needs 71 bits.
        let micros = u128::from(interval.0) * u128::from(part) / (u128::from(u32::MAX) * 100);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

/// What the world tells a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Begin.
    Start,
    /// A packet that is for this session.
    Heard(Packet),
    /// Nothing can be sent: there is no socket.
    Blocked,
    /// There is one again.
    Unblocked,
    /// The deadline has come. Harmless if it has not.
    Tick,
}

/// What a session asks of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this to the neighbour.
    Send(Packet),
    /// Tell whoever tracks the session.
    Report(Reach),
    /// Log.
    Log(Line),
}

/// What a session says about its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Reach {
    /// The neighbour is reached.
    Up,
    /// It is not, or nothing is known yet.
    Down,
}

/// What [`Session::reconfigure`] made of new parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing differs; nothing was touched.
    Unchanged,
    /// Taken over in place.
    Absorbed,
    /// This is another path: end the old session and start a new one. Nothing was touched.
    Restart,
}

/// What the neighbour said last; the initial values are those of §6.8.1.
#[derive(Clone, Copy, Debug)]
pub struct Remote {
    /// By which we address it; none before it was heard.
    pub discriminator: Option<NonZeroU32>,
    /// Where it is.
    pub state: State,
    /// Why it came there.
    pub diagnostic: Diagnostic,
    /// Whether it wants no packets for as long as all is well (§6.6).
    pub demand: bool,
    /// Its packets that may be lost in a row.
    pub multiplier: u8,
    /// The time between its packets.
    pub min_tx: Micros,
    /// The time that it wants between ours, at least.
    pub min_rx: Micros,
}

impl Remote {
    const UNKNOWN: Self = Self {
        discriminator: None,
        state: State::Down,
        diagnostic: Diagnostic::None,
        demand: false,
        multiplier: 0,
        min_tx: Micros(0),
        min_rx: Micros(1),
    };

    fn said(packet: &Packet) -> Self {
        Self {
            discriminator: Some(packet.mine),
            state: packet.state,
            diagnostic: packet.diagnostic,
            demand: packet.demand,
            multiplier: packet.multiplier,
            min_tx: packet.min_tx,
            min_rx: packet.min_rx,
        }
    }
}

/// A poll sequence (§6.5): new times are in force when the neighbour has confirmed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Poll {
    Idle,
    Asked,
    /// Times changed once more after the question went out, so its answer does not cover them.
    AskedBefore,
}

/// One session.
#[derive(Debug)]
pub struct Session {
    params: Params,
    local: NonZeroU32,
    state: State,
    diagnostic: Diagnostic,
    remote: Remote,
    poll: Poll,
    /// Our time between packets in force; what is announced may be waiting for the poll sequence to end.
    tx: Micros,
    /// The time between the neighbour's packets that we count with, likewise.
    rx: Micros,
    /// When the last packet left (or the session began), and by what part of the interval the next one is sooner.
    sent: Option<(Instant, Chance)>,
    /// When the neighbour is lost.
    lost_at: Option<Instant>,
    told: Reach,
}

impl Session {
    /// A session that waits for [`Event::Start`]. `local` is its discriminator: random, and no other session's.
    #[must_use]
    pub fn new(params: Params, local: NonZeroU32) -> Self {
        Self {
            tx: params.idle_tx,
            rx: params.min_rx,
            params,
            local,
            state: State::Down,
            diagnostic: Diagnostic::None,
            remote: Remote::UNKNOWN,
            poll: Poll::Idle,
            sent: None,
            lost_at: None,
            told: Reach::Down,
        }
    }

    /// What it was told about itself.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Its discriminator, for life.
    #[must_use]
    pub fn discriminator(&self) -> NonZeroU32 {
        self.local
    }

    /// Where it is.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Why it came to its state.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        self.diagnostic
    }

    /// What the neighbour said last.
    #[must_use]
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// What it reported last; [`Reach::Down`] before it ever did.
    #[must_use]
    pub fn told(&self) -> Reach {
        self.told
    }

    /// Silence after which the neighbour is lost (§6.8.4); zero while it is not known.
    #[must_use]
    pub fn detection_time(&self) -> Duration {
        self.rx.max(self.remote.min_tx).duration() * self.remote.multiplier.into()
    }

    /// Time between our packets without the jitter (§6.8.7).
    #[must_use]
    pub fn interval(&self) -> Micros {
        self.tx.max(self.remote.min_rx)
    }

    /// Time between the neighbour's packets, and the silence after which it loses us; zero while it is not known.
    #[must_use]
    pub fn others_times(&self) -> [Duration; 2] {
        if self.remote.multiplier == 0 {
            return [Duration::ZERO; 2];
        }
        let interval = self.rx.max(self.remote.min_tx).duration();
        [interval, self.interval().duration() * self.params.multiplier.into()]
    }

    /// Whether new times wait for the neighbour's word.
    #[must_use]
    pub fn is_polling(&self) -> bool {
        self.poll != Poll::Idle
    }

    /// When the neighbour is lost if it stays silent until then (RFC 5880 §6.8.4).
    #[must_use]
    pub fn lost_at(&self) -> Option<Instant> {
        self.lost_at
    }

    /// When to call again with [`Event::Tick`] if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.next_packet().into_iter().chain(self.lost_at).min()
    }

    /// Takes one event to its end. `out` is appended to, never read.
    pub fn handle(&mut self, now: Instant, chance: Chance, event: Event, out: &mut Vec<Action>) {
        match event {
            Event::Start => {
                self.sent = Some((now, chance));
                if self.may_send() {
                    self.send(Sequence::None, now, chance, out);
                }
            }
            Event::Heard(packet) => self.hear(&packet, now, chance, out),
            Event::Blocked => {
                if self.state != State::AdminDown {
                    self.go(State::AdminDown, Diagnostic::AdministrativelyDown, now, chance, out);
                    self.forget();
                    self.report(Reach::Down, out);
                }
            }
            Event::Unblocked => {
                if self.state == State::AdminDown {
                    self.go(State::Down, Diagnostic::None, now, chance, out);
                }
            }
            Event::Tick => self.tick(now, chance, out),
        }
    }

    /// Takes new parameters. Times of a session that is up change by a poll sequence (§6.8.3).
    pub fn reconfigure(
        &mut self,
        params: Params,
        now: Instant,
        chance: Chance,
        out: &mut Vec<Action>,
    ) -> Verdict {
        if params == self.params {
            return Verdict::Unchanged;
        }
        let key = |params: &Params| (params.neighbor, params.source, params.hops);
        if key(&params) != key(&self.params) {
            return Verdict::Restart;
        }
        let before = self.timing();
        let old = std::mem::replace(&mut self.params, params);
        if self.state == State::Up {
            // What makes either side faster than the other knows must wait for its answer; the rest need not.
            self.tx = self.tx.min(self.params.min_tx);
            self.rx = self.rx.max(self.params.min_rx);
            if (old.min_tx, old.min_rx) != (self.params.min_tx, self.params.min_rx) {
                self.start_poll(out);
                self.send(Sequence::None, now, chance, out);
            }
        } else {
            self.tx = self.params.idle_tx;
            self.rx = self.params.min_rx;
        }
        self.tell_times(before, out);
        Verdict::Absorbed
    }

    /// §6.8.6, from the point where the session is known.
    fn hear(&mut self, packet: &Packet, now: Instant, chance: Chance, out: &mut Vec<Action>) {
        if self.state == State::AdminDown {
            return;
        }
        let before = self.timing();
        self.remote = Remote::said(packet);
        if packet.sequence == Sequence::Final {
            self.polled();
        }
        self.tell_times(before, out);
        let before = self.timing();
        match (self.state, packet.state) {
            (State::Init | State::Up, State::AdminDown) => {
                // Not reported: see above.
                self.go(State::Down, Diagnostic::NeighborSignaledDown, now, chance, out);
            }
            (State::Down, State::Down) => self.go(State::Init, self.diagnostic, now, chance, out),
            (State::Down, State::Init) | (State::Init, State::Init | State::Up) => {
                self.go(State::Up, Diagnostic::None, now, chance, out);
                self.report(Reach::Up, out);
            }
            (State::Up, State::Down) => {
                self.go(State::Down, Diagnostic::NeighborSignaledDown, now, chance, out);
                self.report(Reach::Down, out);
            }
            (State::Down, State::AdminDown | State::Up)
            | (State::Init, State::Down)
            | (State::Up, State::Init | State::Up)
            | (State::AdminDown, _) => {}
        }
        self.tell_times(before, out);
        self.lost_at = Some(now + self.detection_time());
        if packet.sequence == Sequence::Poll {
            self.send(Sequence::Final, now, chance, out);
        }
    }

    fn tick(&mut self, now: Instant, chance: Chance, out: &mut Vec<Action>) {
        if let Some(at) = self.lost_at.filter(|at| *at <= now) {
            self.lose(now.duration_since(at), now, chance, out);
        }
        if self.next_packet().is_some_and(|at| at <= now) {
            self.send(Sequence::None, now, chance, out);
        }
    }

    /// The detection time passed in silence.
    fn lose(&mut self, overdue: Duration, now: Instant, chance: Chance, out: &mut Vec<Action>) {
        self.lost_at = None;
        if matches!(self.state, State::Init | State::Up) {
            out.push(Action::Log(Line::Expired { detection: self.detection_time(), overdue }));
            // The packet this sends still carries the neighbour's number: if only one direction is dead, it is the last
            // word that a passive session has.
            self.go(State::Down, Diagnostic::DetectionTimeExpired, now, chance, out);
            self.report(Reach::Down, out);
        }
        self.forget();
    }

    /// §6.8.1: after a detection time in silence nothing is known of the neighbour.
    fn forget(&mut self) {
        self.remote = Remote::UNKNOWN;
        self.lost_at = None;
    }

    /// Every transition passes here.
    fn go(&mut self, to: State, diagnostic: Diagnostic, now: Instant, chance: Chance, out: &mut Vec<Action>) {
        let from = std::mem::replace(&mut self.state, to);
        self.diagnostic = diagnostic;
        let remote = self.remote.diagnostic;
        out.push(Action::Log(Line::Entering { to, from, local: diagnostic, remote }));
        self.poll = Poll::Idle;
        self.rx = self.params.min_rx;
        if to == State::Up {
            self.tx = self.params.min_tx;
            if self.params.min_tx != self.params.idle_tx {
                self.start_poll(out);
            }
        } else {
            self.tx = self.params.idle_tx;
        }
        // §6.8.7: a change of state is told at once.
        if self.may_send() {
            self.send(Sequence::None, now, chance, out);
        }
    }

    fn report(&mut self, reach: Reach, out: &mut Vec<Action>) {
        if std::mem::replace(&mut self.told, reach) != reach {
            out.push(Action::Report(reach));
        }
    }

    fn start_poll(&mut self, out: &mut Vec<Action>) {
        match self.poll {
            Poll::Idle => {
                out.push(Action::Log(Line::PollStarted));
                self.poll = Poll::Asked;
            }
            Poll::Asked | Poll::AskedBefore => self.poll = Poll::AskedBefore,
        }
    }

    /// The neighbour confirmed the times that were announced.
    fn polled(&mut self) {
        match self.poll {
            Poll::Idle => {}
            Poll::Asked => {
                self.poll = Poll::Idle;
                if self.state == State::Up {
                    self.tx = self.params.min_tx;
                    self.rx = self.params.min_rx;
                }
            }
            Poll::AskedBefore => self.poll = Poll::Asked,
        }
    }

    /// Whether packets leave at all (§6.8.7).
    fn may_send(&self) -> bool {
        let waits = self.params.role == Role::Passive && self.remote.discriminator.is_none();
        self.state != State::AdminDown && !waits && self.remote.min_rx != Micros(0)
    }

    /// When the next packet is due, if periodic ones are sent.
    fn next_packet(&self) -> Option<Instant> {
        let both_up = self.state == State::Up && self.remote.state == State::Up;
        let unwanted = self.remote.demand && both_up && self.poll == Poll::Idle;
        let (at, chance) = self.sent?;
        (self.may_send() && !unwanted).then(|| at + chance.jitter(self.interval()))
    }

    /// `answer` is [`Sequence::Final`] for the answer to a poll.
    fn send(&mut self, answer: Sequence, now: Instant, chance: Chance, out: &mut Vec<Action>) {
        let sequence = match (answer, self.poll) {
            (Sequence::Final, _) => Sequence::Final,
            (Sequence::None | Sequence::Poll, Poll::Idle) => Sequence::None,
            (Sequence::None | Sequence::Poll, Poll::Asked | Poll::AskedBefore) => Sequence::Poll,
        };
        self.sent = Some((now, chance));
        out.push(Action::Send(Packet {
            state: self.state,
            diagnostic: self.diagnostic,
            sequence,
            independent: false,
            demand: false,
            multiplier: self.params.multiplier,
            mine: self.local,
            yours: self.remote.discriminator,
            min_tx: self.announced_tx(),
            min_rx: self.params.min_rx,
            min_echo_rx: Micros(0),
        }));
    }

    /// §6.8.3: not faster than once a second while the session is not up.
    fn announced_tx(&self) -> Micros {
        if self.state == State::Up { self.params.min_tx } else { self.params.idle_tx }
    }

    fn timing(&self) -> Timing {
        let local = Side {
            min_tx: self.announced_tx(),
            min_rx: self.params.min_rx,
            interval: self.interval(),
            multiplier: self.params.multiplier,
            detection: self.detection_time(),
        };
        let interval = self.remote.min_tx.max(self.rx);
        let remote = Side {
            min_tx: self.remote.min_tx,
            min_rx: self.remote.min_rx,
            interval,
            multiplier: self.remote.multiplier,
            detection: self.interval().duration() * self.params.multiplier.into(),
        };
        Timing { local, remote }
    }

    fn tell_times(&self, before: Timing, out: &mut Vec<Action>) {
        let now = self.timing();
        if now == before || self.remote.discriminator.is_none() {
            return;
        }
        out.push(Action::Log(Line::Parameters(now)));
        let (from, to) = (before.local.detection, now.local.detection);
        if from != to {
            out.push(Action::Log(Line::DetectionTime { to, from }));
        }
    }
}

#[cfg(test)]
mod tests;
