//! The vrrp worker's loop: packets, the clock, the kernel's reports and the supervisor's orders go to the virtual routers, and
//! what these ask for is carried out. Nothing is decided here.

mod act;
mod delayed_start;
mod delays;
mod group;
mod hear;
mod herald;
mod instance;
mod leftovers;
mod own;
mod receive;
mod reload;
mod scripts;
mod sockets;
mod status;
mod tell;
mod tidings;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ipvs::Daemon;
use vrrp::io::clock::{Alarm, Strictness};
use vrrp::io::socket::OpenError;
use vrrp::sync::Step;
use vrrp::track::Status;
use vrrp::{Cause, Ending, Event, Router, State};

use self::delayed_start::DelayedStart;
use self::delays::Delays;
use self::group::{Group, Members};
use self::herald::Herald;
use self::instance::Instance;
use self::leftovers::Leftovers;
use self::own::Own;
use self::receive::group_of;
use self::sockets::Sockets;
use self::tell::{Listeners, Who};
use self::tidings::Tidings;
use self::watch::Watch;
use super::chatter::Chatter;
use super::kernel::{Answer, Command, Id, Kernel};
use super::syncd::SyncDaemon;
use crate::capability;
use crate::exit::Exit;
use crate::mirror::Mirror;
use crate::notify::fifo::Fifos;
use crate::notify::mail::Mailer;
use crate::plan::address::Address;
use crate::plan::standing::Standing;
use crate::plan::vrrp::{Group as GroupPlan, Instance as Plan, VrrpPlan};
use crate::script::Runner;
use crate::tune;
use crate::worker::{Order, Orders, Request, Start};

/// How long the end may wait for mails under way; the original waits this long in any case.
const LAST_MAILS: Duration = Duration::from_secs(1);

/// How long scripts that tell of the end may take.
const LAST_SCRIPTS: Duration = Duration::from_secs(1);

/// Descriptors beside those of virtual routers: log, link, netlink, clocks, mails under way.
const SPARE_DESCRIPTORS: usize = 64;

/// Works until told to stop.
pub(crate) async fn run(plan: VrrpPlan, orders: &mut Orders<VrrpPlan>, start: &Start) -> Exit {
    let mut worker = match Worker::start(plan, start).await {
        Ok(worker) => worker,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            if let Some(number) = error.raw_os_error() {
                tracing::error!("Error {number} while registering gratuitous ARP shared channel");
            }
            tracing::error!(
                "VRRP needs raw sockets, which this process may not open: {error}. Run it as root or give it CAP_NET_RAW and CAP_NET_ADMIN"
            );
            return Exit::NoPermission;
        }
        Err(error) => {
            tracing::error!("VRRP cannot start: {error}");
            return Exit::Fatal;
        }
    };
    orders.configured();
    loop {
        let due = match worker.set_alarm() {
            Ok(due) => due,
            Err(error) => {
                tracing::error!("VRRP lost its clock: {error}");
                return Exit::Broken;
            }
        };
        tokio::select! {
            () = worker.sockets.readable() => {}
            rung = worker.alarm.ring() => {
                if let Err(error) = rung {
                    tracing::error!("VRRP lost its clock: {error}");
                    return Exit::Broken;
                }
            }
            answer = worker.kernel.answer() => match answer {
                Some(Answer::Prepared) => {
                    if let Some(plan) = worker.prepared_plan() {
                        worker.reload(plan);
                        orders.configured();
                    }
                }
                Some(answer) => worker.hear_kernel(answer),
                None => {
                    tracing::error!("VRRP lost its connection to rtnetlink");
                    return Exit::Broken;
                }
            },
            news = worker.watch.news() => worker.hear_news(news),
            order = orders.next() => match order {
                Order::Reload(plan) => worker.prepare(*plan),
                Order::Ping => orders.alive(worker.summary()),
                Order::Report(request) => {
                    request.log("VRRP");
                    orders.report(request, crate::status::Status::Vrrp(worker.status()));
                    if request == Request::StatsAndClear {
                        worker.clear_counters();
                    }
                }
                Order::Paths(news) => worker.hear_paths(&news),
                Order::Stop => break,
            },
        }
        if let Some(late) = due.and_then(|due| Instant::now().checked_duration_since(due)) {
            orders.timer_served(late);
        }
        // An advert that has arrived counts before the timer that it should have reset.
        worker.receive();
        worker.tick();
        worker.give_up_leftovers();
    }
    if !start.leave_on_stop {
        worker.stop().await;
    }
    Exit::Ok
}

/// Removes what a worker that could not do it itself has left.
pub(crate) async fn clean_up(plan: VrrpPlan) -> io::Result<()> {
    let mut kernel = Kernel::start()?;
    kernel.command(Command::Clean(plan.objects()));
    loop {
        match kernel.answer().await {
            Some(Answer::Clean) => break,
            Some(
                Answer::Report(_)
                | Answer::Current
                | Answer::Prepared
                | Answer::Held { .. }
                | Answer::Lost { .. },
            ) => {}
            None => return Err(io::Error::other("rtnetlink does not answer")),
        }
    }
    kernel.finish().await;
    Ok(())
}

struct Worker {
    instances: Vec<Instance>,
    groups: Vec<Group>,
    next_id: Id,
    log_unknown_vrids: bool,
    sockets: Sockets,
    herald: Herald,
    alarm: Alarm,
    kernel: Kernel,
    mirror: Mirror,
    watch: Watch,
    listeners: Listeners,
    chatter: Chatter,
    delays: Delays,
    delayed_start: DelayedStart,
    /// What `lvs_sync_daemon` says, and the thread that does it.
    deciding: Option<(String, Daemon)>,
    sync_daemon: Option<SyncDaemon>,
    /// Where it runs, if elsewhere.
    ipvs_namespace: Option<PathBuf>,
    /// A plan that waits for the interfaces it needs.
    prepared: Option<VrrpPlan>,
    /// How many times interfaces are being made for plans, that one's the last.
    preparations: usize,
    /// What each BFD session said last.
    paths: BTreeMap<String, Status>,
    /// Every address that moves between routers, so that none is taken for an address to speak from.
    ours: Own,
    /// `static_ipaddress`.
    standing: Vec<Address>,
    /// What a predecessor that died has left in the kernel for virtual routers of which it is not known yet who is master.
    leftovers: Leftovers,
    watch_addresses: bool,
    tidings: Tidings,
}

impl Worker {
    /// Removes what a predecessor left, then starts every virtual router.
    async fn start(plan: VrrpPlan, start: &Start) -> io::Result<Self> {
        if capability::lacks_net_admin() {
            tracing::error!(
                "This process may not change addresses and will be master without them. Run it as root or give it CAP_NET_ADMIN"
            );
        }
        let (leftovers, preparation) = (plan.objects(), prepare(&plan));
        tracing::debug!("Registering Kernel netlink reflector");
        tracing::debug!("Registering Kernel netlink command channel");
        let runner = start_runner(&plan);
        let mut fifos = Fifos::default();
        fifos.reconfigure(plan.fifos, runner.as_ref());
        let mut worker = Self {
            instances: Vec::new(),
            groups: Vec::new(),
            next_id: 0,
            log_unknown_vrids: plan.log_unknown_vrids,
            sockets: Sockets::new(),
            herald: Herald::open(plan.spacing)?,
            alarm: Alarm::new()?,
            kernel: Kernel::start()?,
            mirror: Mirror::default(),
            watch: Watch::start(plan.watched, Instant::now()),
            listeners: Listeners {
                runner,
                fifos,
                mailer: Mailer::new(plan.alerts),
                mails_faults: plan.mails_faults,
            },
            chatter: Chatter::new(Instant::now()),
            delays: Delays::default(),
            delayed_start: DelayedStart::begin(plan.head_start, Instant::now()),
            deciding: plan.sync_daemon,
            ipvs_namespace: plan.ipvs_namespace,
            sync_daemon: None,
            prepared: None,
            preparations: 0,
            paths: BTreeMap::new(),
            ours: Own::of(&plan.instances),
            standing: plan.standing.addresses().cloned().collect(),
            leftovers: Leftovers::default(),
            watch_addresses: start.watch_addresses,
            tidings: Tidings::default(),
        };
        worker.kernel.command(Command::Clean(if start.succeeds { Vec::new() } else { leftovers }));
        worker.kernel.command(preparation);
        worker.kernel.command(Command::Keep(plan.standing));
        loop {
            match worker.kernel.answer().await {
                Some(Answer::Prepared) => break,
                Some(Answer::Report(report)) => {
                    worker.log_address(&report);
                    worker.mirror.apply(&report);
                }
                Some(Answer::Current | Answer::Clean | Answer::Held { .. } | Answer::Lost { .. }) => {}
                None => return Err(io::Error::other("rtnetlink does not answer")),
            }
        }
        worker.delays = Delays::new(plan.delays, &worker.mirror);
        worker.sockets.make_room(worker.mirror.largest_mtu());
        let names: BTreeSet<&String> =
            plan.instances.iter().flat_map(|one| one.places().chain(one.interfaces())).collect();
        for name in names {
            worker.tidings.address(name, &worker.mirror, &worker.ours);
        }
        for one in plan.instances {
            worker.adopt(one);
        }
        tune::allow_open_files(2 * worker.instances.len() + SPARE_DESCRIPTORS);
        herald::log_registration(&worker.instances);
        if start.succeeds {
            worker.leftovers = Leftovers::of(&worker.instances);
        }
        worker.form_groups(plan.groups);
        for group in 0..worker.groups.len() {
            worker.with_group(group, |core, members, out| core.start(Instant::now(), members, out));
        }
        for index in 0..worker.instances.len() {
            let quiet = worker.delayed_start.left(Instant::now());
            worker.tell(index, Event::Start { quiet });
        }
        for index in 0..worker.instances.len() {
            if let Err(OpenError::Socket(error)) = worker.open_sockets(index)
                && error.kind() == io::ErrorKind::PermissionDenied
            {
                return Err(error);
            }
        }
        Ok(worker)
    }

    /// Takes in a new virtual router, which then waits for its start.
    fn adopt(&mut self, plan: Plan) {
        let instance = Instance::new(self.next_id, plan);
        self.next_id += 1;
        self.instances.push(instance);
        let index = self.instances.len() - 1;
        self.bring_up_to_date(index);
        self.tell_what_is_known(index, Status::Unknown);
    }

    /// Opens the sockets of a virtual router if its interface is there.
    fn open_sockets(&mut self, index: usize) -> Result<(), OpenError> {
        let Some(endpoint) = self.instances[index].endpoint() else { return Ok(()) };
        let ifindex = match &endpoint.interface {
            Some(name) => match self.mirror.link(name) {
                Some(link) => link.index,
                None => return Ok(()),
            },
            None => 0,
        };
        let opened = self.sockets.open(&endpoint, ifindex);
        let sharing = self.instances.iter().filter(|one| one.endpoint().as_ref() == Some(&endpoint));
        let bytes: u64 = sharing.filter_map(|one| one.plan.receive_buffer).map(u64::from).sum();
        if bytes > 0 {
            self.sockets.size(&endpoint, usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        match &opened {
            Ok(()) => {}
            Err(error) => {
                tracing::error!("{error}");
                if let OpenError::Bind { .. } = error {
                    self.tell(index, Event::Fault(Cause::SourceNotConfigured));
                }
            }
        }
        opened
    }

    /// Sets the alarm for what is due next, and tells when that is.
    fn set_alarm(&mut self) -> io::Result<Option<Instant>> {
        let routers = self.instances.iter().map(|instance| &instance.router);
        let take_over = routers
            .clone()
            .filter(|router| router.machine().state() == State::Backup)
            .filter_map(|router| router.machine().due())
            .min();
        let others = [
            self.herald.deadline(),
            self.watch.deadline(),
            self.delays.deadline(),
            self.delayed_start.deadline(),
        ];
        let due = routers.filter_map(Router::deadline).chain(others.into_iter().flatten()).min();
        let strictness = if due == take_over { Strictness::Exact } else { Strictness::Usual };
        self.alarm.set(due.map(|due| (due, strictness)))?;
        Ok(due)
    }

    /// Wakes every virtual router whose time has come.
    fn tick(&mut self) {
        let now = Instant::now();
        for index in 0..self.instances.len() {
            if self.instances[index].router.deadline().is_some_and(|at| at <= now) {
                let sent = self.instances[index].router.counters().sent;
                self.tell(index, Event::Tick);
                self.instances[index].log_lateness(sent);
            }
        }
        for report in self.delays.due(now) {
            self.hear_report(&report);
        }
        self.delayed_start.tick(now);
        if self.herald.deadline().is_some_and(|at| at <= now) {
            self.herald.tick(&self.mirror);
        }
        if self.watch.deadline().is_some_and(|at| at <= now) {
            let news = self.watch.tick(now, self.listeners.runner.as_ref());
            self.hear_news(news);
        }
    }

    fn tell(&mut self, index: usize, event: Event) {
        let now = Instant::now();
        if let Some((at, place)) = group_of(&self.instances, &self.groups, index) {
            self.with_group(at, |core, members, out| core.handle(now, members, place, event, out));
        } else {
            let mut out = Vec::new();
            self.instances[index].router.handle(now, event, &mut out);
            self.carry_out(index, out);
        }
    }

    /// Has a sync group do something and carries out what follows.
    fn with_group(
        &mut self,
        at: usize,
        job: impl FnOnce(&mut vrrp::sync::Group, &mut Members<'_>, &mut Vec<Step>),
    ) {
        let Group { plan, core, .. } = &mut self.groups[at];
        let mut out = Vec::new();
        job(core, &mut Members { instances: &mut self.instances, indexes: &plan.members }, &mut out);
        self.carry_out_group(at, out);
    }

    /// Ties the virtual routers to the groups of a plan. A group of the same name as before goes on where it was.
    fn form_groups(&mut self, plans: Vec<GroupPlan>) {
        let mut old = std::mem::take(&mut self.groups);
        for instance in &mut self.instances {
            instance.group = None;
        }
        for plan in plans {
            for member in &plan.members {
                self.instances[*member].group = Some(self.groups.len());
            }
            let known = old.iter().position(|group| group.plan.name == plan.name);
            self.groups.push(match known.map(|position| old.swap_remove(position)) {
                Some(group) => Group { plan, ..group },
                None => Group::new(plan),
            });
        }
    }

    /// Gives everything back.
    async fn stop(mut self) {
        self.clean_leftovers();
        if let Some(runner) = &self.listeners.runner {
            runner.end_all();
        }
        for index in 0..self.instances.len() {
            self.tell(index, Event::Stop(Ending::Shutdown));
        }
        for at in 0..self.groups.len() {
            self.report_group(at, State::Stopped);
        }
        self.kernel.command(Command::Keep(Standing::default()));
        let Listeners { runner, fifos, mut mailer, mails_faults: _ } = self.listeners;
        let scripts = async {
            if let Some(runner) = &runner {
                runner.finish(LAST_SCRIPTS).await;
            }
        };
        let sync_daemon = async {
            if let Some(thread) = self.sync_daemon {
                thread.finish().await;
            }
        };
        tokio::join!(self.kernel.finish(), mailer.finish(LAST_MAILS), scripts, sync_daemon);
        drop(fifos);
    }
}

/// Starts the thread for scripts, if there are any.
fn start_runner(plan: &VrrpPlan) -> Option<Runner> {
    if !plan.has_scripts() {
        return None;
    }
    let runner = Runner::start();
    if let Err(error) = &runner {
        tracing::error!("Scripts cannot be run: {error}");
    }
    runner.ok()
}

/// The command to have what a plan needs before it can be in force.
fn prepare(plan: &VrrpPlan) -> Command {
    let Standing { vmacs, firewall, polled, buffers, .. } = plan.standing.clone();
    Command::Prepare { vmacs, firewall, polled, buffers }
}
