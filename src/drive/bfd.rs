//! The bfd worker's loop: packets, the clock and the supervisor's orders go to the sessions, and what these ask for is
//! carried out. Nothing is decided here.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io;
use std::num::NonZeroU32;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use vrrp::bfd::log::{Audience, Line};
use vrrp::bfd::packet::{LEN, State};
use vrrp::bfd::table::Demand;
use vrrp::bfd::{Action, Chance, Event, Hops, Micros, Params, Session, Table};
use vrrp::io::bfd::{Listener, Outlet};
use vrrp::io::clock::{Alarm, Strictness, since_boot};
use vrrp::io::socket::words;

use super::chatter::Chatter;
use crate::exit::Exit;
use crate::plan::bfd::BfdPlan;
use crate::status::{Status, bfd as status};
use crate::worker::{Order, Orders, PathNews, Request};

/// When it is tried again to open what could not be opened; an address may be added meanwhile.
const RETRY: Duration = Duration::from_secs(5);

/// Datagrams that are read before the clock is looked at again.
const BATCH: usize = 256;

/// The longest control packet there is, with an authentication section.
const ROOM: usize = 255;

/// Works until told to stop.
pub(crate) async fn run(plan: BfdPlan, orders: &mut Orders<BfdPlan>) -> Exit {
    let mut worker = match Worker::start() {
        Ok(worker) => worker,
        Err(error) => {
            tracing::error!("BFD cannot start: {error}");
            return Exit::Fatal;
        }
    };
    worker.configure(plan);
    orders.configured();
    orders.paths(worker.paths());
    loop {
        if let Err(error) = worker.set_alarm() {
            tracing::error!("BFD lost its clock: {error}");
            return Exit::Broken;
        }
        tokio::select! {
            () = readable(&worker.listeners) => {}
            rung = worker.alarm.ring() => {
                if let Err(error) = rung {
                    tracing::error!("BFD lost its clock: {error}");
                    return Exit::Broken;
                }
            }
            order = orders.next() => match order {
                Order::Reload(plan) => {
                    let begun = Instant::now();
                    tracing::info!("Reloading");
                    worker.configure(*plan);
                    tracing::info!("Reload finished in {} usec", begun.elapsed().as_micros());
                    orders.configured();
                    orders.paths(worker.paths());
                }
                Order::Paths(_) => {}
                Order::Ping => orders.alive(worker.summary()),
                Order::Report(request) => match request {
                    Request::Data => {
                        request.log("BFD");
                        orders.report(request, Status::Bfd(worker.status()));
                    }
                    // Of the VRRP worker alone.
                    Request::Stats | Request::StatsAndClear | Request::Json => {}
                },
                Order::Stop => return Exit::Ok,
            },
        }
        // A packet that has arrived counts before the timer that it should have reset.
        let mut out = Vec::new();
        worker.receive(&mut out);
        worker.tick(&mut out);
        let news = worker.news(&out);
        if !news.is_empty() {
            orders.paths(news);
            // Who waits for this takes over an address: it leaves before the packets and log lines of the same moment.
            tokio::task::yield_now().await;
        }
        worker.carry_out(out);
    }
}

struct Worker {
    table: Table,
    listeners: Vec<Listener>,
    /// By session.
    ways: Vec<Way>,
    retry_at: Option<Instant>,
    alarm: Alarm,
    chatter: Chatter,
}

/// How packets of a session leave.
struct Way {
    params: Params,
    /// None as long as it cannot be opened.
    outlet: Option<Outlet>,
    /// Whether the last packet could not be sent, which is told once.
    failing: bool,
}

impl Way {
    fn new(params: Params) -> Self {
        let mut way = Self { params, outlet: None, failing: false };
        way.open();
        way
    }

    /// Whether another session would leave by the same one.
    fn serves(&self, params: &Params) -> bool {
        let key = |params: &Params| (params.neighbor, params.source, params.hops, params.ttl);
        key(&self.params) == key(params)
    }

    fn open(&mut self) {
        if self.outlet.is_some() {
            return;
        }
        match Outlet::open(&self.params, || fastrand::u16(..)) {
            Ok(outlet) => (self.outlet, self.failing) = (Some(outlet), false),
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    let from =
                        self.params.source.map_or_else(String::new, |source| format!(" from {source}"));
                    let (name, (text, _)) = (&self.params.name, words(&error));
                    tracing::error!(
                        "({name}) Unable to send{from}: {text} - trying again every {} seconds",
                        RETRY.as_secs()
                    );
                }
            }
        }
    }

    fn send(&mut self, packet: &[u8; LEN]) {
        let Some(outlet) = &self.outlet else { return };
        let outcome = outlet.send(packet);
        let failed = outcome.is_err();
        if let Err(error) = outcome
            && !self.failing
        {
            tracing::error!("({}) Error sending packet", self.params.name);
            tracing::debug!("({}) {error}", self.params.name);
        }
        self.failing = failed;
    }
}

impl Worker {
    /// In a few words.
    fn summary(&self) -> String {
        let sessions = self.table.sessions();
        let up = sessions.iter().filter(|session| session.state() == State::Up).count();
        format!("{up} of {} sessions up", sessions.len())
    }

    /// What the worker is like at this moment.
    fn status(&self) -> status::BfdStatus {
        let (now, wall) = (Instant::now(), SystemTime::now());
        let state = |state| match state {
            State::AdminDown => status::State::AdminDown,
            State::Down => status::State::Down,
            State::Init => status::State::Init,
            State::Up => status::State::Up,
        };
        let time = |micros: Micros| Duration::from_micros(micros.0.into());
        let sessions = self.table.sessions().iter().map(|session| {
            let remote = session.remote();
            let heard = session.lost_at().and_then(|lost| lost.checked_sub(session.detection_time()));
            // Before it was heard, the interval it wants is one of convention (RFC 5880 §6.8.1).
            let min_rx = if remote.discriminator.is_some() { time(remote.min_rx) } else { Duration::ZERO };
            let [others_interval, others_detection] = session.others_times();
            status::Session {
                name: session.params().name.clone(),
                state: state(session.state()),
                discriminator: session.discriminator().get(),
                interval: time(session.interval()),
                detection: session.detection_time(),
                diagnostic: session.diagnostic().to_string(),
                polls: session.is_polling(),
                remote: status::Remote {
                    state: state(remote.state),
                    discriminator: remote.discriminator.map_or(0, NonZeroU32::get),
                    diagnostic: remote.diagnostic.to_string(),
                    multiplier: remote.multiplier,
                    min_tx: time(remote.min_tx),
                    min_rx,
                    demand: remote.demand,
                    interval: others_interval,
                    detection: others_detection,
                },
                seen: heard.map(|heard| wall - now.saturating_duration_since(heard)),
            }
        });
        status::BfdStatus { sessions: sessions.collect() }
    }
}

impl Worker {
    fn start() -> io::Result<Self> {
        Ok(Self {
            table: Table::default(),
            listeners: Vec::new(),
            ways: Vec::new(),
            retry_at: None,
            alarm: Alarm::new()?,
            chatter: Chatter::new(Instant::now()),
        })
    }

    /// Makes the sessions those of a plan. Those that are in both go on as if nothing had happened.
    fn configure(&mut self, plan: BfdPlan) {
        let ports: BTreeSet<Hops> = plan.sessions.iter().map(|session| session.hops).collect();
        self.listeners.retain(|listener| ports.contains(&listener.hops()));
        let mut old = std::mem::take(&mut self.ways);
        for params in &plan.sessions {
            let known = old.iter().position(|way| way.serves(params));
            self.ways.push(match known.map(|at| old.swap_remove(at)) {
                Some(way) => Way { params: params.clone(), ..way },
                None => Way::new(params.clone()),
            });
        }
        let mut out = Vec::new();
        self.table.configure(plan.sessions, Instant::now(), || fastrand::u32(..), &mut out);
        self.open_all(&mut out);
        self.carry_out(out);
    }

    /// Opens what is not open, and tells the sessions concerned.
    fn open_all(&mut self, out: &mut Vec<Demand>) {
        let wanted: BTreeSet<Hops> = self.ways.iter().map(|way| way.params.hops).collect();
        for hops in wanted {
            if self.listeners.iter().any(|listener| listener.hops() == hops) {
                continue;
            }
            match Listener::open(hops) {
                Ok(listener) => self.listeners.push(listener),
                Err(error) => tracing::error!(
                    "BFD cannot listen on port {}: {} - trying again in {} seconds",
                    hops.port(),
                    words(&error).0,
                    RETRY.as_secs()
                ),
            }
        }
        for at in 0..self.ways.len() {
            self.ways[at].open();
            let off = self.table.sessions()[at].state() == State::AdminDown;
            let event = match (self.is_open(at), off) {
                (true, true) => Event::Unblocked,
                (false, false) => Event::Blocked,
                (true, false) | (false, true) => continue,
            };
            self.table.handle(at, Instant::now(), Chance::from_bits(fastrand::u32(..)), event, out);
        }
        let all_open = (0..self.ways.len()).all(|at| self.is_open(at));
        self.retry_at = (!all_open).then(|| Instant::now() + RETRY);
    }

    /// Whether a session can both speak and hear.
    fn is_open(&self, at: usize) -> bool {
        let way = &self.ways[at];
        way.outlet.is_some() && self.listeners.iter().any(|listener| listener.hops() == way.params.hops)
    }

    /// What every session said last.
    fn paths(&self) -> Vec<PathNews> {
        let sent = since_boot();
        let news = |session: &Session| PathNews {
            session: session.params().name.clone(),
            reach: session.told(),
            sent,
        };
        self.table.sessions().iter().map(news).collect()
    }

    fn set_alarm(&mut self) -> io::Result<()> {
        let loss = self.table.sessions().iter().filter_map(Session::lost_at).min();
        let due = self.table.deadline().into_iter().chain(self.retry_at).min();
        let strictness = if due == loss { Strictness::Exact } else { Strictness::Usual };
        self.alarm.set(due.map(|due| (due, strictness)))
    }

    /// What is to be told to those who track a session.
    fn news(&self, demands: &[Demand]) -> Vec<PathNews> {
        let sent = since_boot();
        let reports = demands.iter().filter_map(|(at, action)| match action {
            Action::Report(reach) => Some((*at, *reach)),
            Action::Send(_) | Action::Log(_) => None,
        });
        let name = |at: usize| self.table.sessions()[at].params().name.clone();
        reports.map(|(at, reach)| PathNews { session: name(at), reach, sent }).collect()
    }

    /// Gives the packets that have arrived to their sessions.
    fn receive(&mut self, out: &mut Vec<Demand>) {
        let mut buffer = [0; ROOM];
        for listener in &self.listeners {
            for _ in 0..BATCH {
                let received = match listener.read(&mut buffer) {
                    Ok(Some(received)) => received,
                    Ok(None) => break,
                    Err(error) => {
                        if self.chatter.permits(Instant::now()) {
                            tracing::error!("BFD cannot read from port {}: {error}", listener.hops().port());
                        }
                        break;
                    }
                };
                let chance = Chance::from_bits(fastrand::u32(..));
                let now = received.arrived();
                let datagram = received.open(&buffer);
                if let Err(dropped) = self.table.receive(&datagram, now, chance, out)
                    && tracing::enabled!(tracing::Level::DEBUG)
                    && self.chatter.permits(now)
                {
                    for line in dropped.lines() {
                        tracing::debug!("{line}");
                    }
                }
            }
        }
    }

    /// Wakes every session whose time has come.
    fn tick(&mut self, out: &mut Vec<Demand>) {
        let now = Instant::now();
        self.table.tick(now, || fastrand::u32(..), out);
        if self.retry_at.is_some_and(|at| at <= now) {
            self.open_all(out);
        }
    }

    fn carry_out(&mut self, demands: Vec<Demand>) {
        for (at, action) in demands {
            match action {
                Action::Send(packet) => {
                    if let Some(way) = self.ways.get_mut(at) {
                        way.send(&packet.emit());
                    }
                }
                // Told before, by [`Self::news`] or [`Self::paths`].
                Action::Report(_) => {}
                Action::Log(line) => log(&self.table.sessions()[at].params().name, &line),
            }
        }
    }
}

/// Ready when something may be there to read.
async fn readable(listeners: &[Listener]) {
    poll_fn(|context| {
        let ready = |listener: &Listener| listener.poll_readable(context).is_ready();
        if listeners.iter().any(ready) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn log(name: &str, line: &Line) {
    for text in line.of(name) {
        match line.audience() {
            Audience::Alarm => tracing::warn!("{text}"),
            Audience::Operator => tracing::info!("{text}"),
            Audience::Detail => tracing::debug!("{text}"),
            Audience::Debug => tracing::trace!("{text}"),
        }
    }
}
