//! The checkers worker's loop: probes go out, outcomes go to the director, its actions to the kernel, the log and the
//! post.

mod programs;
mod status;
mod tell;

use std::sync::Arc;
use std::time::{Duration, Instant};

use checkers::io::Runner;
use checkers::io::credentials::Credentials;
use checkers::io::tls::Tls;
use checkers::log::{Audience, Line};
use checkers::params::CheckerKind;
use checkers::{Action, CheckerId, Director, Event, Farewell, Found, Settlement, Spread, Welcome};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::time::{MissedTickBehavior, interval};
use vrrp::bfd::Reach;

use self::programs::Programs;
use self::tell::Listeners;
use super::echo::Echoes;
use super::ipvs::Table;
use super::marking::Marker;
use super::presence::Presence;
use super::tracked::Tracked;
use crate::exit::Exit;
use crate::notify::mail::Mailer;
use crate::plan::buffer::Buffer;
use crate::plan::checkers::{CheckersPlan, Service, ServiceScripts};
use crate::plan::ipvs::AtStop;
use crate::script::Runner as Scripts;
use crate::status::Status;
use crate::worker::{Order, Orders, PathNews, Request, Start};

/// Descriptors beside those of probes: log, link, netlink, mails under way.
const SPARE_DESCRIPTORS: u64 = 64;

/// How long the end may wait for mails. The supervisor kills a worker that takes longer than `child_wait_time`, by
/// default five seconds.
const LAST_POST: Duration = Duration::from_secs(3);

/// How often a part of the table is compared with what the kernel has.
const AUDIT: Duration = Duration::from_secs(1);

/// So many outcomes are taken between two looks at what the supervisor wants.
const AT_ONCE: usize = 256;

/// Checks that wait for longer than this are told of.
const OVERDUE: Duration = Duration::from_secs(10);

/// How long scripts that tell of the end may take: no longer than mails, which they run beside.
const LAST_SCRIPTS: Duration = LAST_POST;

/// Works until told to stop.
pub(crate) async fn run(plan: CheckersPlan, orders: &mut Orders<CheckersPlan>, start: &Start) -> Exit {
    let runner = start_runner(&plan);
    let (services, mut params, scripts) = split(plan.services);
    let mut actions = Vec::new();
    let mut table = None;
    let echoes = Echoes::allow(&params);
    let files = Tracked::start(plan.files, &mut params);
    if !services.is_empty() {
        tracing::debug!("Initializing ipvs");
        match Table::open(&plan.table, plan.buffers.commands).await {
            Ok(opened) => table = Some(opened),
            Err(unusable) => {
                unusable.tell();
                // keepalived says good-bye to the servers that it never had.
                let mut told = Vec::new();
                Director::start(params, Welcome::Silent, &mut actions)
                    .stop(farewell(plan.table.at_stop), &mut told);
                log_all(&told);
                return Exit::Fatal;
            }
        }
    }
    let mut worker = Worker {
        director: Director::start(params, welcome(plan.tells_first), &mut actions),
        table,
        runner: Runner::new(1, Tls::default()),
        programs: Programs::new(runner.clone(), plan.programs),
        listeners: Listeners::new(runner, scripts, Mailer::new(plan.alerts)),
        at_stop: plan.table.at_stop,
        files,
        echoes,
        tls: tls(&plan.credentials),
        presence: None,
        watch_addresses: start.watch_addresses,
        marker: Marker::default(),
        overdue: false,
    };
    // Marked before there is a service for it, so that no packet of a service is missed.
    worker.marker.want(plan.marking).await;
    worker.listeners.reconfigure_fifos(plan.fifos);
    worker.place(plan.buffers.notices).await;
    if let Some(table) = &mut worker.table {
        table.configure(&plan.table, services).await;
        if plan.table.flush_at_start {
            table.flush().await;
        } else {
            table.adopt().await;
        }
        table.bring_all(&worker.director).await;
    }
    worker.say(actions);
    worker.arm();
    orders.configured();
    let mut audit = interval(AUDIT);
    audit.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            order = orders.next() => match order {
                Order::Reload(plan) => {
                    let room = plan.buffers.notices;
                    worker.reload(*plan).await;
                    worker.place(room).await;
                    worker.arm();
                    orders.configured();
                }
                Order::Paths(news) => worker.hear_paths(&news).await,
                Order::Ping => orders.alive(worker.summary()),
                Order::Report(request) => match request {
                    Request::Data => {
                        request.log("checker");
                        orders.report(request, Status::Checkers(worker.status()));
                    }
                    // Of the VRRP worker alone.
                    Request::Stats | Request::StatsAndClear | Request::Json => {}
                },
                Order::Stop => {
                    worker.stop(start.leave_on_stop).await;
                    return Exit::Ok;
                }
            },
            found = worker.runner.next() => {
                orders.timer_served(worker.runner.last(found.0).map_or(Duration::ZERO, |ended| ended.late));
                worker.found(found).await;
            }
            readings = worker.files.changed() => worker.read(readings).await,
            () = changed(&mut worker.presence) => worker.moved(),
            () = worker.marker.changed() => worker.marker.restore().await,
            _ = audit.tick() => worker.audit().await,
        }
    }
}

/// Removes the services that a worker which could not do it itself has left.
pub(crate) async fn clean_up(plan: CheckersPlan) {
    let (services, ..) = split(plan.services);
    Marker::of(plan.marking).want(None).await;
    match Table::open(&plan.table, plan.buffers.commands).await {
        Ok(mut table) => {
            table.configure(&plan.table, services).await;
            table.adopt().await;
            table.clear().await;
        }
        Err(unusable) => unusable.tell(),
    }
}

struct Worker {
    director: Director,
    /// None as long as there has been no virtual server.
    table: Option<Table>,
    runner: Runner,
    programs: Programs,
    listeners: Listeners,
    at_stop: AtStop,
    files: Tracked,
    echoes: Echoes,
    tls: Tls,
    /// Once a virtual server depends on where its address is, or somebody wants to read of addresses.
    presence: Option<Presence>,
    /// `--address-monitoring`
    watch_addresses: bool,
    marker: Marker,
    /// Whether it has been told that checks wait.
    overdue: bool,
}

/// The parts of the plan by who needs them.
fn split(
    services: Vec<Service>,
) -> (
    Vec<crate::plan::ipvs::Services>,
    Vec<checkers::params::VirtualServerParams>,
    Vec<(checkers::VirtualServerId, ServiceScripts)>,
) {
    let part = |service: Service| {
        let scripts = (service.params.id.clone(), service.scripts);
        (service.kernel, service.params, scripts)
    };
    services.into_iter().map(part).collect()
}

/// Starts the thread for scripts, if there are any.
fn start_runner(plan: &CheckersPlan) -> Option<Arc<Scripts>> {
    if !plan.has_scripts() {
        return None;
    }
    let runner = Scripts::start();
    if let Err(error) = &runner {
        tracing::error!("Scripts cannot be run: {error}");
    }
    runner.ok().map(Arc::new)
}

impl Worker {
    /// Takes an outcome, and some of those that have come in meanwhile: what they change goes to the kernel in one batch.
    async fn found(&mut self, first: (CheckerId, Found)) {
        let mut dirty = Vec::new();
        let others = std::iter::from_fn(|| self.runner.try_next()).take(AT_ONCE - 1).collect::<Vec<_>>();
        for (CheckerId { service, server, checker }, found) in std::iter::once(first).chain(others) {
            self.tell(service, Event::Probed { server, checker, found }, &mut dirty);
        }
        self.settle(dirty).await;
    }

    /// BFD sessions say how they are: every checker that watches one hears of it.
    async fn hear_paths(&mut self, news: &[PathNews]) {
        let mut dirty = Vec::new();
        for one in news {
            let watching = self.watching(&one.session);
            if !watching.is_empty() {
                one.log();
            }
            for CheckerId { service, server, checker } in watching {
                let up = one.reach == Reach::Up;
                self.tell(service, Event::PathKnown { server, checker, up }, &mut dirty);
            }
        }
        self.settle(dirty).await;
    }

    /// The checkers that watch a BFD session.
    fn watching(&self, session: &str) -> Vec<CheckerId> {
        let mut all = Vec::new();
        for (service, virtual_server) in self.director.services().iter().enumerate() {
            for (server, real) in virtual_server.params().servers.iter().enumerate() {
                for (checker, check) in real.checkers.iter().enumerate() {
                    if matches!(&*check.kind, CheckerKind::Bfd(check) if check.session == session) {
                        all.push(CheckerId { service, server, checker });
                    }
                }
            }
        }
        all
    }

    /// Tracked files say something else: every checker that watches one hears of it.
    async fn read(&mut self, readings: Vec<(CheckerId, i32)>) {
        let mut dirty = Vec::new();
        for (CheckerId { service, server, checker }, value) in readings {
            self.tell(service, Event::FileRead { server, checker, value }, &mut dirty);
        }
        self.settle(dirty).await;
    }

    /// Brings the kernel to the pools of these virtual servers, and to what follows from that.
    async fn settle(&mut self, mut dirty: Vec<usize>) {
        while !dirty.is_empty() {
            dirty.sort_unstable();
            dirty.dedup();
            let services = std::mem::take(&mut dirty);
            let settlements = match &mut self.table {
                Some(table) => table.bring(&self.director, &services).await,
                None => vec![Settlement::Done; services.len()],
            };
            for (service, settlement) in services.into_iter().zip(settlements) {
                self.tell(service, Event::PoolSet(settlement), &mut dirty);
            }
        }
    }

    /// Tells one virtual server and carries out what it asks for. Whose pool has to be set goes to `dirty`.
    fn tell(&mut self, service: usize, event: Event, dirty: &mut Vec<usize>) {
        let mut actions = Vec::new();
        let now = Instant::now();
        self.director.handle(now, service, event, &mut actions);
        for action in actions {
            match action {
                Action::Pool => dirty.push(service),
                Action::Probe { server, checker, at } => {
                    let question = self.question(service, server, checker);
                    self.runner.plan(CheckerId { service, server, checker }, question, at);
                }
                Action::Log(line) => log(&line),
                Action::Mail(alert) => self.listeners.mail(&alert),
                Action::Notify(notice) => self.listeners.notice(&notice),
            }
        }
    }

    fn question(&self, service: usize, server: usize, checker: usize) -> usize {
        let service = self.director.services().get(service);
        service.map_or(0, |service| service.question(server, checker))
    }

    /// Carries out what concerns all: the kernel has been or will be brought to it as a whole.
    fn say(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Log(line) => log(&line),
                Action::Mail(alert) => self.listeners.mail(&alert),
                Action::Notify(notice) => self.listeners.notice(&notice),
                Action::Pool | Action::Probe { .. } => {}
            }
        }
    }

    /// Gives every checker its first probe.
    fn arm(&mut self) {
        let mut actions = Vec::new();
        let first = self.director.arm(Instant::now(), chance, &mut actions);
        let (limit, programs) = (probes_at_once(&first), Arc::new(self.programs.clone()));
        self.runner = Runner::with_programs(limit, self.tls.clone(), programs);
        self.runner.reserve(first.len());
        for (id, at) in first {
            self.plan(id, at);
        }
        self.say(actions);
        tracing::info!("Activating BFD healthchecker");
    }

    /// Finds out whose address is here, before checkers are armed.
    async fn place(&mut self, room: Option<Buffer>) {
        let mut services = self.director.services().iter();
        let wanted = self.watch_addresses || services.any(|service| service.params().only_with.is_some());
        if wanted && self.presence.is_none() {
            match Presence::open(room, self.watch_addresses).await {
                Ok(presence) => self.presence = Some(presence),
                Err(error) => tracing::error!("Netlink: addresses cannot be followed: {error}"),
            }
        }
        if let Some(presence) = &self.presence {
            self.director.place(|first, last| presence.has(first, last));
        }
    }

    /// Addresses came or went.
    fn moved(&mut self) {
        let Some(presence) = &self.presence else { return };
        let mut actions = Vec::new();
        let is_here = |first, last| presence.has(first, last);
        let moved = self.director.moved(Instant::now(), is_here, chance, &mut actions);
        moved.suspended.into_iter().for_each(|id| self.runner.rest(id));
        for (id, at) in moved.resumed {
            self.plan(id, at);
        }
        self.say(actions);
    }

    /// Plans a checker's first probe.
    fn plan(&mut self, id: CheckerId, at: Instant) {
        let service = self.director.services().get(id.service);
        if let Some(kind) = service.and_then(|service| service.checker(id.server, id.checker)) {
            self.runner.insert(id, Arc::clone(kind));
            let question = self.question(id.service, id.server, id.checker);
            self.runner.plan(id, question, at);
        }
    }

    /// Puts back what somebody else took out of the kernel, and tells of checks that do not get their turn.
    async fn audit(&mut self) {
        self.tell_overdue();
        if let Some(table) = &mut self.table {
            table.audit(&self.director).await;
        }
    }

    /// Says once that probes wait, and once that they no longer do.
    fn tell_overdue(&mut self) {
        let now = Instant::now();
        let waiting: Vec<_> = self.runner.overdue(now).filter(|(_, overdue)| *overdue > OVERDUE).collect();
        if waiting.is_empty() != self.overdue {
            return;
        }
        self.overdue = !waiting.is_empty();
        let Some((id, longest)) = waiting.iter().max_by_key(|(_, overdue)| *overdue) else {
            tracing::info!("Checks are on time again");
            return;
        };
        let service = self.director.services().get(id.service).map(|service| service.params());
        let server = service.and_then(|service| Some((service.servers.get(id.server)?.id, &service.id)));
        let whose = server.map(|(server, service)| format!(" (of {server} for VS {service})"));
        tracing::warn!(
            "{} checks wait for their turn, the longest for {} s{}; {} are under way",
            waiting.len(),
            longest.as_secs(),
            whose.unwrap_or_default(),
            self.runner.under_way()
        );
    }

    async fn reload(&mut self, plan: CheckersPlan) {
        tracing::info!("Reloading");
        // What is under way belongs to the old configuration.
        self.runner.clear();
        if self.listeners.runner.is_none() {
            self.listeners.runner = start_runner(&plan);
        }
        self.programs = Programs::new(self.listeners.runner.clone(), plan.programs);
        let (services, mut params, scripts) = split(plan.services);
        if let Some(table) = &self.table {
            tracing::debug!("Reinitializing ipvs");
            table.make_room(plan.buffers.commands);
        } else if !services.is_empty() {
            tracing::debug!("Initializing ipvs");
            match Table::open(&plan.table, plan.buffers.commands).await {
                Ok(opened) => self.table = Some(opened),
                Err(unusable) => {
                    unusable.tell();
                    tracing::error!("Going on without virtual servers, as before");
                    return;
                }
            }
        }
        self.files.watch(plan.files, &mut params);
        self.echoes.widen(&params);
        self.tls = tls(&plan.credentials);
        self.listeners.mailer.reconfigure(plan.alerts);
        self.listeners.reconfigure_fifos(plan.fifos);
        self.at_stop = plan.table.at_stop;
        self.marker.want(plan.marking).await;
        let mut actions = Vec::new();
        // Who leaves is told of by the scripts it had.
        self.listeners.add(scripts.clone());
        let manners = (welcome(plan.tells_first), farewell(self.at_stop));
        self.director.reconfigure(params, manners, &mut actions);
        if let Some(table) = &mut self.table {
            table.configure(&plan.table, services).await;
            // What others changed meanwhile is put right, and services that are new to us may be there already.
            table.adopt().await;
            table.bring_all(&self.director).await;
        }
        self.say(actions);
        self.listeners.replace(scripts);
    }

    async fn stop(mut self, leave: bool) {
        self.runner.clear();
        self.listeners.end_scripts();
        if leave {
            // `-I` is about services: what was there before us is put back, or the next start would take ours for it.
            if let Some(table) = &mut self.table {
                table.leave().await;
            }
            return;
        }
        let mut actions = Vec::new();
        std::mem::take(&mut self.director).stop(farewell(self.at_stop), &mut actions);
        self.say(actions);
        if let Some(table) = &mut self.table {
            match self.at_stop {
                AtStop::Remove | AtStop::RemoveServices => table.clear().await,
                AtStop::Flush => {
                    table.leave().await;
                    table.flush().await;
                }
            }
        }
        self.marker.want(None).await;
        self.listeners.finish(LAST_SCRIPTS, LAST_POST).await;
    }
}

/// An address came or went, if anybody wants to know.
async fn changed(presence: &mut Option<Presence>) {
    match presence {
        Some(presence) => presence.changed().await,
        None => std::future::pending().await,
    }
}

/// Who is mentioned when services leave the kernel as a whole.
fn farewell(at_stop: AtStop) -> Farewell {
    match at_stop {
        AtStop::Remove => Farewell::EachServer,
        AtStop::RemoveServices | AtStop::Flush => Farewell::ServicesOnly,
    }
}

fn welcome(tells_first: bool) -> Welcome {
    if tells_first { Welcome::Told } else { Welcome::Silent }
}

fn chance() -> Spread {
    Spread::from_bits(fastrand::u32(..))
}

/// The supervisor has tried them.
fn tls(credentials: &Credentials) -> Tls {
    Tls::new(credentials).unwrap_or_else(|unusable| {
        tracing::error!("SSL_GET goes without certificates: {unusable}");
        Tls::default()
    })
}

fn log_all(actions: &[Action]) {
    for action in actions {
        if let Action::Log(line) = action {
            log(line);
        }
    }
}

fn log(line: &Line) {
    match line.audience() {
        Audience::Operator => tracing::info!("{line}"),
        Audience::Detail => tracing::debug!("{line}"),
        Audience::Alarm => tracing::error!("{line}"),
    }
}

/// How many probes may be under way: all of them, if the system allows as many descriptors.
fn probes_at_once(checkers: &[(CheckerId, Instant)]) -> usize {
    let wanted = checkers.len() as u64 + SPARE_DESCRIPTORS;
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return checkers.len() };
    if wanted > soft {
        let raised = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard.max(wanted))
            .or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard));
        if let Err(errno) = raised {
            tracing::info!("Cannot raise the limit of open files to {wanted}: {errno}");
        }
    }
    let allowed = getrlimit(Resource::RLIMIT_NOFILE).map_or(soft, |(soft, _)| soft);
    usize::try_from(allowed.saturating_sub(SPARE_DESCRIPTORS)).unwrap_or(usize::MAX)
}
