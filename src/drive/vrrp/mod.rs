//! The vrrp worker's loop: packets, the clock, the kernel's reports and the supervisor's orders go to the virtual routers, and
//! what these ask for is carried out. Nothing is decided here.

mod delays;
mod group;
mod herald;
mod instance;
mod leftovers;
mod reload;
mod scripts;
mod sockets;
mod status;
mod tell;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use ipvs::{Daemon, Role};
use vrrp::bfd::Reach;
use vrrp::io::clock::Alarm;
use vrrp::io::socket::{Endpoint, OpenError, words};
use vrrp::log::Line;
use vrrp::params::Transport;
use vrrp::sync::Step;
use vrrp::track::{Object, Status};
use vrrp::{Action, Cause, Ending, Event, Mention, Packet, Priority, State};

use self::delays::Delays;
use self::group::{Group, Members};
use self::herald::Herald;
use self::instance::Instance;
use self::leftovers::Leftovers;
use self::sockets::Sockets;
use self::tell::{Listeners, Who};
use self::watch::{News, Watch};
use super::chatter::Chatter;
use super::kernel::{Answer, Command, Id, Kernel};
use super::syncd::SyncDaemon;
use crate::capability;
use crate::exit::Exit;
use crate::mirror::{Mirror, Report};
use crate::notify::fifo::Fifos;
use crate::notify::mail::Mailer;
use crate::plan::address::Address;
use crate::plan::object;
use crate::plan::standing::Standing;
use crate::plan::vrrp::{Group as GroupPlan, Instance as Plan, VrrpPlan};
use crate::script::Runner;
use crate::tune;
use crate::worker::{Order, Orders, PathNews, Request, Start};

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
                    if let Some(plan) = worker.prepared.take() {
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
    /// What `lvs_sync_daemon` says, and the thread that does it.
    deciding: Option<(String, Daemon)>,
    sync_daemon: Option<SyncDaemon>,
    /// A plan that waits for the interfaces it needs.
    prepared: Option<VrrpPlan>,
    /// What each BFD session said last.
    paths: BTreeMap<String, Status>,
    /// Every address that moves between routers, so that none is taken for an address to speak from.
    ours: BTreeSet<IpAddr>,
    /// What a predecessor that died has left in the kernel for virtual routers of which it is not known yet who is master.
    leftovers: Leftovers,
    watch_addresses: bool,
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
            listeners: Listeners { runner, fifos, mailer: Mailer::new(plan.alerts) },
            chatter: Chatter::new(Instant::now()),
            delays: Delays::default(),
            deciding: plan.sync_daemon,
            sync_daemon: None,
            prepared: None,
            paths: BTreeMap::new(),
            ours: addresses_of(&plan.instances),
            leftovers: Leftovers::default(),
            watch_addresses: start.watch_addresses,
        };
        worker.kernel.command(Command::Clean(if start.succeeds { Vec::new() } else { leftovers }));
        worker.kernel.command(preparation);
        worker.kernel.command(Command::Keep(plan.standing));
        loop {
            match worker.kernel.answer().await {
                Some(Answer::Prepared) => break,
                Some(Answer::Report(report)) => {
                    worker.mirror.apply(&report);
                }
                Some(Answer::Current | Answer::Clean | Answer::Held { .. } | Answer::Lost { .. }) => {}
                None => return Err(io::Error::other("rtnetlink does not answer")),
            }
        }
        worker.delays = Delays::new(plan.delays, &worker.mirror);
        worker.sockets.make_room(worker.mirror.largest_mtu());
        for one in plan.instances {
            worker.adopt(one);
        }
        tune::allow_open_files(2 * worker.instances.len() + SPARE_DESCRIPTORS);
        herald::log_registration(&worker.instances);
        if start.succeeds {
            worker.leftovers = Leftovers::of(&worker.instances);
        } else {
            worker.instances.iter().for_each(|instance| instance.log_all(&Line::RemovingVips));
        }
        worker.form_groups(plan.groups);
        for group in 0..worker.groups.len() {
            worker.with_group(group, |core, members, out| core.start(Instant::now(), members, out));
        }
        for index in 0..worker.instances.len() {
            worker.tell(index, Event::Start { quiet: plan.startup_delay });
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
        let next = self.instances.iter().filter_map(|instance| instance.router.deadline());
        let others = [self.herald.deadline(), self.watch.deadline(), self.delays.deadline()];
        let due = next.chain(others.into_iter().flatten()).min();
        self.alarm.set(due)?;
        Ok(due)
    }

    /// Gives every packet that has arrived to its virtual router.
    fn receive(&mut self) {
        let mut done = Vec::new();
        let Self { sockets, instances, groups, log_unknown_vrids, chatter, .. } = self;
        sockets.drain(|endpoint, packet| {
            let (now, wall) = (Instant::now(), SystemTime::now());
            let packet = match packet {
                Ok(packet) => packet,
                Err(line) => {
                    if chatter.permits(now) {
                        tracing::info!("{}", line.of(""));
                    }
                    return;
                }
            };
            match addressee(instances, endpoint, &packet) {
                Some(index) => done.push(match group_of(instances, groups, index) {
                    Some((at, place)) => {
                        let Group { plan, core, .. } = &mut groups[at];
                        let members = &mut Members { instances, indexes: &plan.members };
                        let mut out = Vec::new();
                        core.receive(now, members, place, wall, &packet, &mut out);
                        Done::Group(at, out)
                    }
                    None => {
                        let mut out = Vec::new();
                        instances[index].router.receive(now, wall, &packet, &mut out);
                        Done::Instance(index, out)
                    }
                }),
                None if *log_unknown_vrids && chatter.permits(now) => tracing::info!(
                    "Unknown VRID({}) received on interface({}). ignoring...",
                    packet.vrid(),
                    endpoint.interface.as_deref().unwrap_or_default()
                ),
                None => {}
            }
        });
        for one in done {
            match one {
                Done::Instance(index, out) => self.carry_out(index, out),
                Done::Group(at, out) => self.carry_out_group(at, out),
            }
        }
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

    fn hear_kernel(&mut self, answer: Answer) {
        match answer {
            Answer::Report(report) => {
                let report = self.delays.pass(Instant::now(), report, &self.mirror);
                self.hear_report(&report);
            }
            Answer::Held { id, added } => {
                if let Some(index) = self.position(id) {
                    self.tell(index, Event::AddressesHeld { added });
                }
            }
            Answer::Lost { id, object } => {
                let Some(index) = self.position(id) else { return };
                if let object::Object::Address(Address { address, interface, .. }) = &object {
                    tracing::debug!("Netlink reflector reports IP {address} removed from {interface}");
                }
                self.tell(index, Event::AddressLost);
            }
            Answer::Current | Answer::Clean | Answer::Prepared => {}
        }
    }

    /// Tells every virtual router what is new about the things it tracks.
    fn hear_news(&mut self, news: News) {
        for (object, status) in news {
            for index in 0..self.instances.len() {
                if self.instances[index].router.machine().tracker().status(&object).is_some() {
                    self.tell(index, Event::Track(object.clone(), status));
                }
            }
        }
    }

    /// BFD sessions say how they are: every virtual router that watches one hears of it.
    fn hear_paths(&mut self, news: &[PathNews]) {
        for one in news {
            let object = Object::Bfd(one.session.clone());
            let status = match one.reach {
                Reach::Up => Status::Up,
                Reach::Down => Status::Down,
            };
            self.paths.insert(one.session.clone(), status);
            let known = |instance: &Instance| instance.router.machine().tracker().status(&object);
            if self.instances.iter().any(|instance| known(instance).is_some()) {
                one.log();
            }
            self.hear_news(vec![(object, status)]);
        }
    }

    /// Tells a virtual router what is known of the things it tracks, as far as it does not know. What nobody knows is
    /// `unknown` to it.
    fn tell_what_is_known(&mut self, index: usize, unknown: Status) {
        let paths = self.paths.iter().map(|(session, status)| (Object::Bfd(session.clone()), *status));
        for (object, status) in self.watch.known().into_iter().chain(paths).collect::<News>() {
            let status = if status == Status::Unknown { unknown } else { status };
            let known = self.instances[index].router.machine().tracker().status(&object);
            if known.is_some_and(|known| known != status) {
                self.tell(index, Event::Track(object, status));
            }
        }
    }

    fn position(&self, id: Id) -> Option<usize> {
        self.instances.iter().position(|instance| instance.id == id)
    }

    /// An interface or an address has come, changed or gone.
    fn hear_report(&mut self, report: &Report) {
        if self.watch_addresses {
            self.log_address(report);
        }
        let before = self.mirror.apply(report);
        match report {
            Report::Link(link) => self.sockets.make_room(link.mtu),
            // With thousands of addresses moving, these are nearly all there is to hear, and nobody speaks from them.
            Report::Address(held) | Report::AddressGone(held) if self.ours.contains(&held.address) => return,
            Report::Address(_) | Report::AddressGone(_) | Report::LinkGone { .. } => {}
        }
        let name = |report: &Report| match report {
            Report::Link(link) => Some(link.name.clone()),
            Report::LinkGone { .. } => None,
            Report::Address(held) | Report::AddressGone(held) => {
                self.mirror.link_at(held.index).map(|link| link.name.clone())
            }
        };
        let was_usable = before.as_ref().is_some_and(|link| link.usable);
        let concerned: BTreeSet<String> =
            before.into_iter().map(|link| link.name).chain(name(report)).collect();
        for name in &concerned {
            let is_usable = self.mirror.usable(name);
            let is_link = matches!(report, Report::Link(_) | Report::LinkGone { .. });
            let is_needed =
                self.instances.iter().any(|one| one.plan.interfaces().any(|needed| needed == name));
            if is_link && is_needed && is_usable != was_usable {
                let is_polled = self.mirror.link(name).is_some_and(|link| link.polled);
                let who = if is_polled { "Linkbeat" } else { "Netlink" };
                tracing::info!("{who} reports {name} {}", if is_usable { "up" } else { "down" });
            }
        }
        for index in 0..self.instances.len() {
            let plan = &self.instances[index].plan;
            let names = || plan.interfaces().chain(&plan.params.interface).chain(&plan.speaks_as);
            let is_concerned = plan.needs_source || names().any(|name| concerned.contains(name));
            if is_concerned {
                self.bring_up_to_date(index);
            }
        }
    }

    /// `--address-monitoring`.
    fn log_address(&self, report: &Report) {
        let (held, change) = match report {
            Report::Address(held) => (held, "added to"),
            Report::AddressGone(held) => (held, "removed from"),
            Report::Link(_) | Report::LinkGone { .. } => return,
        };
        let is_news = self.mirror.has(held.index, held.address, held.prefix) != (change == "added to");
        if let Some(link) = self.mirror.link_at(held.index).filter(|_| is_news) {
            tracing::info!("Netlink reflector reports IP {} {change} {}", held.address, link.name);
        }
    }

    /// Tells a virtual router what has changed among the things it needs, sockets first so that it can use what it learns.
    fn bring_up_to_date(&mut self, index: usize) {
        let instance = &self.instances[index];
        let before = instance.router.machine().source();
        let events = instance.facts(&self.mirror, &self.ours);
        for event in events {
            if let (Event::Source(source), Some(interface)) = (&event, &self.instances[index].plan.speaks_as)
            {
                match (before, source) {
                    (None, Some(address)) => {
                        tracing::debug!("Assigned address {address} for interface {interface}");
                    }
                    (Some(address), None) => {
                        tracing::debug!("Deassigned address {address} from interface {interface}");
                    }
                    (Some(_), Some(_)) | (None, None) => {}
                }
            }
            if self.instances[index].router.machine().state() != State::Init {
                // What could not be opened has been logged and is tried again with the next change.
                let _ = self.open_sockets(index);
            }
            self.tell(index, event);
        }
    }

    /// Does what a sync group and its members asked for, in its order.
    fn carry_out_group(&mut self, at: usize, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Member { member, action } => {
                    let index = self.groups[at].plan.members[member];
                    self.carry_out(index, vec![action]);
                }
                Step::Log(line) => {
                    let name = self.groups[at].plan.name.as_str();
                    tracing::info!(group = name, "{}", line.of(name));
                }
                Step::Report { to } => self.report_group(at, to),
            }
        }
    }

    /// Does what a virtual router asked for, in its order.
    fn carry_out(&mut self, index: usize, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Advertise(priority) => self.advertise(index, priority),
                Action::HoldAddresses => {
                    let instance = &self.instances[index];
                    self.kernel.command(instance.hold());
                }
                Action::DropAddresses => {
                    let id = self.instances[index].id;
                    self.herald.cancel(id);
                    self.kernel.command(Command::Drop { id });
                }
                Action::Announce { rounds } => {
                    self.herald.announce(&self.instances[index], &self.mirror, rounds);
                }
                Action::AnnounceElsewhere => {
                    self.herald.announce_elsewhere(&self.instances[index], &self.mirror);
                }
                Action::AnnounceSource(source) => {
                    self.herald.announce_source(&self.instances[index], &self.mirror, source);
                }
                Action::Report { to, priority, .. } => {
                    self.report(index, to, priority);
                    self.synchronise();
                }
                Action::Mention(what, priority) => self.mention(index, what, priority),
                Action::Log(line) if line.is_provoked() && !self.chatter.permits(Instant::now()) => {}
                Action::Log(line) => self.instances[index].log_all(&line),
            }
        }
    }

    fn advertise(&mut self, index: usize, priority: Priority) {
        let instance = &mut self.instances[index];
        let Some(endpoint) = instance.endpoint() else { return };
        let now = SystemTime::now();
        instance.last_advert = Some(now);
        for datagram in instance.router.datagrams(priority, now) {
            let Err(error) = self.sockets.send(&endpoint, &datagram) else { continue };
            let (text, errno) = words(&error);
            let is_expected = priority == Priority::RELEASE
                && errno == nix::libc::ENETUNREACH
                && endpoint.interface.as_ref().is_some_and(|name| !self.mirror.usable(name));
            if is_expected {
                continue;
            }
            instance.log(&match instance.plan.params.transport {
                Transport::Multicast { .. } => Line::SendFailed { errno, text },
                Transport::Unicast { .. } => Line::SendToPeerFailed { peer: datagram.to, text },
            });
        }
    }

    fn report(&mut self, index: usize, to: State, priority: Priority) {
        let instance = &mut self.instances[index];
        instance.since = SystemTime::now();
        let told = match to {
            State::Deleted if !instance.plan.report_deleted => State::Fault,
            State::Init | State::Backup | State::Master | State::Fault | State::Deleted | State::Stopped => {
                to
            }
        };
        let Instance { plan, voice, .. } = instance;
        let who = Who::Instance(&plan.params.name, priority);
        self.listeners.state(voice, who, &plan.scripts, plan.smtp_alert, told);
    }

    fn mention(&mut self, index: usize, what: Mention, priority: Priority) {
        let Instance { plan, voice, router, .. } = &mut self.instances[index];
        if what == Mention::PriorityChanged && !plan.tells_priority {
            return;
        }
        // Whoever sends lower adverts without end must not have us start scripts without end.
        if what == Mention::LowerHeard && !self.chatter.permits(Instant::now()) {
            return;
        }
        let who = Who::Instance(&plan.params.name, priority);
        self.listeners.mention(voice, who, &plan.scripts, router.machine().state(), what);
    }

    fn report_group(&mut self, at: usize, to: State) {
        let Group { plan, voice, .. } = &mut self.groups[at];
        self.listeners.state(voice, Who::Group(&plan.name), &plan.scripts, plan.smtp_alert, to);
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
        let Listeners { runner, fifos, mut mailer } = self.listeners;
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

impl Worker {
    /// Has the synchronisation daemon run in the role of the virtual router that decides.
    fn synchronise(&mut self) {
        let daemon = self.deciding.as_ref().and_then(|(name, daemon)| {
            let instance = self.instances.iter().find(|instance| instance.name() == *name)?;
            let role = match instance.router.machine().state() {
                State::Master => Role::Master,
                State::Backup | State::Fault => Role::Backup,
                State::Init | State::Deleted | State::Stopped => return None,
            };
            Some(Daemon { role, ..*daemon })
        });
        if self.sync_daemon.is_none() && daemon.is_some() {
            match SyncDaemon::start() {
                Ok(thread) => self.sync_daemon = Some(thread),
                Err(error) => tracing::error!("IPVS: no synchronisation daemon: {error}"),
            }
        }
        if let Some(thread) = &self.sync_daemon {
            thread.want(daemon);
        }
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

/// What the packets of one round have led to.
enum Done {
    Instance(usize, Vec<Action>),
    Group(usize, Vec<Step>),
}

/// The sync group of a virtual router, and its place in it.
fn group_of(instances: &[Instance], groups: &[Group], index: usize) -> Option<(usize, usize)> {
    let at = instances[index].group?;
    Some((at, groups[at].place(index)?))
}

/// The virtual router a packet is for. Unicast routers of one VRID and address are told apart by their peers.
fn addressee(instances: &[Instance], endpoint: &Endpoint, packet: &Packet<'_>) -> Option<usize> {
    let is_for = |instance: &Instance| {
        instance.plan.params.vrid.get() == packet.vrid() && instance.endpoint().as_ref() == Some(endpoint)
    };
    let mut candidates = instances.iter().enumerate().filter(|(_, instance)| is_for(instance));
    let (first, instance) = candidates.next()?;
    let Some((second, other)) = candidates.next() else { return Some(first) };
    let follows = |instance: &Instance| {
        instance.router.machine().leader().is_some_and(|leader| leader.address == packet.from())
    };
    let knows = |instance: &Instance| match &instance.plan.params.transport {
        Transport::Unicast { peers, .. } => peers.iter().any(|peer| peer.address == packet.from()),
        Transport::Multicast { .. } => true,
    };
    let all: Vec<_> = [(first, instance), (second, other)].into_iter().chain(candidates).collect();
    all.iter()
        .find(|(_, instance)| follows(instance))
        .or_else(|| all.iter().find(|(_, instance)| knows(instance)))
        .map(|(index, _)| *index)
}

/// The command to have what a plan needs before it can be in force.
fn prepare(plan: &VrrpPlan) -> Command {
    let Standing { vmacs, firewall, polled, .. } = plan.standing.clone();
    Command::Prepare { vmacs, firewall, polled }
}

fn addresses_of(instances: &[Plan]) -> BTreeSet<IpAddr> {
    instances
        .iter()
        .flat_map(|one| one.addresses.iter().chain(&one.excluded))
        .map(|one| one.address)
        .collect()
}
