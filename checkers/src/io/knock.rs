//! Connections of `TCP_CHECK`: begun, watched all at once, and closed as soon as it is known how they are.
//!
//! A probe that only connects needs no task, no buffer and no timer of its own. That matters because most checks are such
//! probes: here one takes four system calls, and a few bytes while the server does not answer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::{SockAddr, Socket};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::connect::{judge, open_stream};
use crate::params::Endpoint;
use crate::{Failure, Outcome, Step, Trouble};

/// So many answers are taken in at once.
const ANSWERS: usize = 256;

/// Deadlines of connections that ended long ago are cleared away when there are more than this beyond twice the others.
const STALE: usize = 64;

/// One connection under way. Places are used again, and then have another generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    place: u32,
    generation: u32,
}

impl Ticket {
    fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.place)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves that were put together")]
    fn from_bits(bits: u64) -> Self {
        Self { place: bits as u32, generation: (bits >> 32) as u32 }
    }
}

/// A connection whose fate is not known yet.
#[derive(Debug)]
struct Knock {
    socket: Socket,
    owner: u32,
    started: Instant,
    late: Duration,
}

/// One that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// Whose it was.
    pub(super) owner: u32,
    pub(super) started: Instant,
    pub(super) late: Duration,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
struct Gate(Epoll);

impl AsRawFd for Gate {
    fn as_raw_fd(&self) -> RawFd {
        self.0.0.as_raw_fd()
    }
}

fn register(gate: Gate) -> io::Result<AsyncFd<Gate>> {
    #[expect(unsafe_code, reason = "a promise about the descriptor is asked for")]
    // SAFETY: the descriptor is owned by what is registered, which names no other and is handed out shared only.
    Ok(unsafe { AsyncFd::register_with_interest(gate, Interest::READABLE) }?)
}

/// All connections under way.
#[derive(Debug, Default)]
pub(super) struct Knocks {
    /// Opened with the first connection.
    gate: Option<AsyncFd<Gate>>,
    places: Vec<(u32, Option<Knock>)>,
    free: Vec<u32>,
    deadlines: BinaryHeap<Reverse<(Instant, Ticket)>>,
}

impl Knocks {
    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Begins to connect; to be called inside a runtime.
    ///
    /// # Errors
    ///
    /// The outcome, when it is known at once.
    pub(super) fn begin(
        &mut self,
        owner: u32,
        endpoint: &Endpoint,
        now: Instant,
        late: Duration,
    ) -> Result<Ticket, Outcome> {
        let socket = open_stream(endpoint).map_err(Outcome::Unable)?;
        match socket.connect(&SockAddr::from(endpoint.dest)) {
            Ok(()) => return Err(Outcome::Passed),
            Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => {}
            Err(error) => return Err(judge(&error)),
        }
        let ticket = self.place();
        // Once is enough. A copy of the descriptor that a starting program holds for a moment can outlive ours, and with
        // it the kernel's interest; what it then says is for nobody.
        let event = EpollEvent::new(EpollFlags::EPOLLOUT | EpollFlags::EPOLLONESHOT, ticket.to_bits());
        let watched = self.gate().and_then(|gate| Ok(gate.get_ref().0.add(&socket, event)?));
        if let Err(error) = watched {
            self.free.push(ticket.place);
            let errno = error.raw_os_error().unwrap_or(0);
            return Err(Outcome::Unable(Trouble { step: Step::Connect, errno }));
        }
        if let Some((_, place)) = self.places.get_mut(ticket.place as usize) {
            *place = Some(Knock { socket, owner, started: now, late });
        }
        if let Some(deadline) = now.checked_add(endpoint.timeout) {
            self.deadlines.push(Reverse((deadline, ticket)));
        }
        Ok(ticket)
    }

    fn gate(&mut self) -> io::Result<&AsyncFd<Gate>> {
        match &mut self.gate {
            Some(gate) => Ok(gate),
            closed @ None => {
                let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
                Ok(closed.insert(register(Gate(epoll))?))
            }
        }
    }

    fn place(&mut self) -> Ticket {
        match self.free.pop().and_then(|place| Some((place, self.places.get_mut(place as usize)?))) {
            Some((place, (generation, _))) => {
                *generation = generation.wrapping_add(1);
                Ticket { place, generation: *generation }
            }
            None => {
                // There are no more descriptors than that.
                let place = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
                self.places.push((0, None));
                Ticket { place, generation: 0 }
            }
        }
    }

    fn is_under_way(&self, ticket: Ticket) -> bool {
        let place = self.places.get(ticket.place as usize);
        place.is_some_and(|(generation, knock)| *generation == ticket.generation && knock.is_some())
    }

    fn take(&mut self, ticket: Ticket) -> Option<Knock> {
        let (_, place) =
            self.places.get_mut(ticket.place as usize).filter(|(number, _)| *number == ticket.generation)?;
        let knock = place.take()?;
        self.free.push(ticket.place);
        Some(knock)
    }

    /// Breaks off.
    pub(super) fn withdraw(&mut self, ticket: Ticket) {
        drop(self.take(ticket));
    }

    /// Breaks all off.
    pub(super) fn clear(&mut self) {
        for place in 0..self.places.len() {
            if let Some((_, knock)) = self.places.get_mut(place)
                && knock.take().is_some()
            {
                self.free.push(u32::try_from(place).unwrap_or(u32::MAX));
            }
        }
        self.deadlines.clear();
    }

    /// When to look for connections that have taken too long.
    pub(super) fn deadline(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, ticket))) = self.deadlines.peek().copied() {
            if self.is_under_way(ticket) {
                return Some(at);
            }
            self.deadlines.pop();
        }
        None
    }

    /// Ends those that have taken too long.
    pub(super) fn expire(&mut self, now: Instant, answers: &mut impl Extend<Answer>) {
        while let Some(at) = self.deadline()
            && at <= now
            && let Some(Reverse((_, ticket))) = self.deadlines.pop()
        {
            let knock = self.take(ticket);
            answers.extend(knock.map(|knock| knock.end(Outcome::Failed(Failure::ConnectTimeout))));
        }
        if self.deadlines.len() > 2 * self.len() + STALE {
            let mut deadlines = std::mem::take(&mut self.deadlines);
            deadlines.retain(|Reverse((_, ticket))| self.is_under_way(*ticket));
            self.deadlines = deadlines;
        }
    }

    /// Waits until some have been answered. Never returns while none is under way. Dropping the future loses nothing.
    pub(super) async fn answered(&mut self, answers: &mut impl Extend<Answer>) {
        loop {
            let Some(gate) = &self.gate else { return std::future::pending().await };
            let mut events = [EpollEvent::empty(); ANSWERS];
            let count = match gate.readable().await {
                Ok(mut ready) => {
                    let count = ready.get_inner().0.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
                    if count < ANSWERS {
                        ready.clear_ready();
                    }
                    count
                }
                // The runtime ends.
                Err(_) => return std::future::pending().await,
            };
            let before = self.len();
            answers.extend(events.iter().take(count).filter_map(|event| {
                let knock = self.take(Ticket::from_bits(event.data()))?;
                let outcome = knock.outcome(event.events());
                Some(knock.end(outcome))
            }));
            if self.len() < before {
                return;
            }
        }
    }
}

impl Knock {
    fn outcome(&self, events: EpollFlags) -> Outcome {
        if !events.intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP) {
            return Outcome::Passed;
        }
        match self.socket.take_error() {
            Ok(None) => Outcome::Passed,
            Ok(Some(error)) | Err(error) => judge(&error),
        }
    }

    fn end(self, outcome: Outcome) -> Answer {
        let Self { socket: _, owner, started, late } = self;
        Answer { owner, started, late, outcome }
    }
}
