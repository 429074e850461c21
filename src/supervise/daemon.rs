//! The supervisor at work: one loop over signals, its workers' messages, and the clock.

mod death;
mod reload;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::bytes::Bytes;

use super::archive::Archive;
use super::autopsy;
use super::manager::{self, Manager};
use super::mark;
use super::occasion::Running;
use super::pulse::Diagnosis;
use super::settings;
use super::slot::{Heard, Slot};
use super::timetable::Timetable;
use crate::applied::Applied;
use crate::cli::Options;
use crate::dump::{self, Press};
use crate::exit::Exit;
use crate::load::Loaded;
use crate::place;
use crate::plan::at_rest::AtRest;
use crate::plan::process;
use crate::script::Runner;
use crate::signals;
use crate::tune::{self, Tuner};
use crate::worker::{FromWorker, PathNews, Request, Role, Start, ToWorker, listen_to_requests, next_request};

/// What the supervisor is about.
#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// Workers have been sent a configuration, or will be with their next start; these have not put it in force yet.
    Configuring { first: bool, waiting: BTreeSet<Role> },
    /// All is as configured.
    Running,
    /// Workers were told to stop; those alive at this moment are killed, and somebody cleans up after them.
    Stopping { kill_at: Option<Instant>, killed: BTreeSet<Role>, cleaned: BTreeSet<Role>, exit: Exit },
}

/// What a worker is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    /// To do its work.
    Work,
    /// To take back what its predecessor left in the kernel.
    CleanUp,
}

/// The supervisor.
#[derive(Debug)]
pub(super) struct Supervisor {
    options: Options,
    arguments: Vec<OsString>,
    slots: Vec<Slot>,
    loaded: Arc<Loaded>,
    phase: Phase,
    reload_queued: bool,
    press: Press,
    tuner: Tuner,
    timetable: Timetable,
    /// The supervisor's pid file, next to which other files may be.
    pid_path: PathBuf,
    archive: Archive,
    /// What is in force, for `config diff`.
    applied: Option<Applied>,
    manager: Manager,
    /// What each BFD session said last, for workers that start later.
    paths: BTreeMap<String, PathNews>,
    heard: UnboundedSender<Heard>,
    messages: UnboundedReceiver<Heard>,
}

/// The signals it listens to.
struct Listening {
    reload: Signals,
    terminate: Signals,
    interrupt: Signals,
    child: Signals,
}

impl Supervisor {
    pub(super) fn new(
        options: Options,
        arguments: Vec<OsString>,
        slots: Vec<Slot>,
        loaded: Loaded,
        pid_path: PathBuf,
    ) -> io::Result<Self> {
        // Workers answer what they are asked, and tell of sessions that have changed; both are taken in at once.
        let (heard, messages) = unbounded_channel();
        Ok(Self {
            press: Press::start(options.umask, pid_path.clone())?,
            tuner: Tuner::new(),
            timetable: Timetable::default(),
            pid_path,
            archive: Archive::default(),
            applied: None,
            manager: Manager::of_environment(),
            options,
            arguments,
            slots,
            loaded: Arc::new(loaded),
            phase: Phase::Configuring { first: true, waiting: BTreeSet::new() },
            reload_queued: false,
            paths: BTreeMap::new(),
            heard,
            messages,
        })
    }

    /// Runs until told to stop, or until a worker meets an error that a restart cannot mend.
    pub(super) async fn run(mut self) -> io::Result<Exit> {
        let mut signals = Listening {
            reload: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            child: signal(SignalKind::child())?,
        };
        let mut requests = listen_to_requests()?;
        signals::release_orders();
        self.tuner.apply(&process::supervisor(&self.loaded.global));
        self.show_applied();
        self.follow_timetable();
        if let Some(file) = &self.loaded.global.reload_file {
            mark::remove(&place::reload_file(file, &self.pid_path));
        }
        let mut beat = interval(manager::beat());
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut runner = None;
        for slot in self.slots.iter().filter(|slot| !self.is_needed(slot.role)) {
            slot.withdraw_pid_file();
        }
        self.begin(&mut signals, &mut runner).await;
        if !self.is_stopping() {
            self.start_missing_workers();
            if self.slots.iter().all(|slot| slot.pid().is_none()) {
                tracing::info!("Warning - keepalived has no configuration to run");
            }
            self.settled();
        }
        loop {
            if let Phase::Stopping { exit, .. } = self.phase
                && self.slots.iter().all(|slot| slot.pid().is_none())
            {
                let shutdown = self.loaded.plan.shutdown.as_ref().filter(|_| exit == Exit::Ok);
                if let Some(mut script) = Running::start("shutdown script", shutdown, &mut runner) {
                    script.end().await;
                }
                self.close();
                return Ok(exit);
            }
            let deadline = self.deadline();
            let due = async {
                match deadline {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = signals.terminate.recv() => self.stop(Exit::Ok),
                _ = signals.interrupt.recv() => if !self.options.ignore_sigint { self.stop(Exit::Ok) },
                // A stop that arrived together with a worker's end must win, or the worker would be started again.
                _ = signals.child.recv() => self.reap(),
                Some((role, pid, message)) = self.messages.recv() => self.listen(role, pid, message),
                _ = signals.reload.recv() => self.reload_requested(),
                () = self.timetable.due() => self.reload_requested(),
                request = next_request(&mut requests) => self.report_requested(request),
                () = due => self.attend(),
                _ = beat.tick() => self.beat(),
            }
        }
    }

    /// Runs the startup script; an order to stop that comes meanwhile ends it.
    async fn begin(&mut self, signals: &mut Listening, runner: &mut Option<Runner>) {
        let startup = self.loaded.plan.startup.as_ref();
        let Some(mut script) = Running::start("startup script", startup, runner) else { return };
        loop {
            tokio::select! {
                biased;
                _ = signals.terminate.recv() => break,
                _ = signals.interrupt.recv() => if !self.options.ignore_sigint { break },
                () = script.end() => return,
            }
        }
        self.stop(Exit::Ok);
        script.stop();
        // One that ignores the order is killed a little later.
        script.end().await;
    }

    fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping { .. })
    }

    /// When to look at the clock again.
    fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Stopping { kill_at, .. } => kill_at,
            Phase::Configuring { .. } | Phase::Running => {
                self.slots.iter().filter_map(|slot| slot.restart_at).min()
            }
        }
    }

    /// Does what is due.
    fn attend(&mut self) {
        match &mut self.phase {
            Phase::Stopping { kill_at, killed, .. } => {
                *kill_at = None;
                for slot in self.slots.iter().filter(|slot| slot.pid().is_some()) {
                    tracing::info!("{} process failed to die - forcing termination", slot.role.process());
                    slot.signal(Signal::SIGKILL);
                    killed.insert(slot.role);
                }
            }
            Phase::Configuring { .. } | Phase::Running => {
                let now = Instant::now();
                let due: Vec<_> = self
                    .slots
                    .iter()
                    .filter(|slot| slot.restart_at.is_some_and(|at| at <= now))
                    .map(|slot| slot.role)
                    .collect();
                for role in due {
                    self.start(role, Errand::Work);
                }
            }
        }
    }

    fn slot(&mut self, role: Role) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.role == role)
    }

    fn is_needed(&self, role: Role) -> bool {
        self.options.all || self.loaded.plan.concerns(role)
    }

    /// Starts every worker that has something to do and is neither running nor waiting to be restarted.
    fn start_missing_workers(&mut self) {
        let missing: Vec<_> = self
            .slots
            .iter()
            .filter(|slot| slot.pid().is_none() && slot.restart_at.is_none())
            .map(|slot| slot.role)
            .filter(|role| self.is_needed(*role))
            .collect();
        for role in missing {
            self.start(role, Errand::Work);
            if let Phase::Configuring { waiting, .. } = &mut self.phase {
                waiting.insert(role);
            }
        }
    }

    fn start(&mut self, role: Role, errand: Errand) {
        let (number, plan) = (self.loaded.number, Arc::clone(&self.loaded.plan));
        let Some(slot) = self.slot(role) else { return };
        let plans = match errand {
            Errand::Work => slot.given.for_a_new_worker(number, &plan),
            Errand::CleanUp => vec![(number, plan)],
        };
        let result = plans.iter().enumerate().try_for_each(|(place, (number, plan))| match place {
            0 => self.start_with(role, errand, *number, plan),
            _ => plan.reload_message(role, *number).map(|message| self.hand_over(role, *number, message)),
        });
        if let Err(error) = result {
            tracing::error!(alert = true, "Unable to start {} child process: {error}", role.title());
            if let Some(slot) = self.slot(role) {
                slot.restart_after(Duration::ZERO);
            }
        } else {
            if errand == Errand::Work {
                self.recite(role);
            }
            self.repeat_paths(role);
        }
    }

    /// Starts a worker with its first plan.
    fn start_with(&mut self, role: Role, errand: Errand, number: u64, plan: &AtRest) -> io::Result<()> {
        let (tuning, arguments, heard) = (self.tuning(role), self.arguments.clone(), self.heard.clone());
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.role == role) else { return Ok(()) };
        let place = &self.loaded.place;
        let start = Start {
            number,
            log: settings(&self.options, &place.ident(role.ident()), &place.ident(role.tag())),
            pid_file: slot.pid_path(),
            leave_on_stop: self.options.leaves_behind(role),
            only_clean_up: errand == Errand::CleanUp,
            ignore_interrupt: self.options.ignore_sigint,
            watch_addresses: self.options.watch_addresses,
            succeeds: slot.has_died,
            tuning,
            core_files: tune::core_files_before(),
        };
        let pid = slot.start(&arguments, plan.start_message(role, start)?, &heard)?;
        match errand {
            Errand::Work => tracing::info!("Starting {} child process, pid={pid}", role.title()),
            Errand::CleanUp => {
                tracing::info!("Taking back what the {} process left, pid={pid}", role.process())
            }
        }
        Ok(())
    }

    /// Takes a message from a worker; one from a process that has been replaced no longer counts.
    fn listen(&mut self, role: Role, pid: Pid, message: FromWorker) {
        if self.slot(role).and_then(|slot| slot.pid()) != Some(pid) {
            return;
        }
        match message {
            FromWorker::Configured(number) => {
                if let Some(slot) = self.slot(role) {
                    slot.given.in_force(number);
                    slot.pulse().into_iter().for_each(|pulse| pulse.configured(number));
                }
                // A successor is given older plans first.
                if number == self.loaded.number
                    && let Phase::Configuring { waiting, .. } = &mut self.phase
                {
                    waiting.remove(&role);
                    self.settled();
                }
            }
            FromWorker::Alive(words) => {
                if let Some(slot) = self.slot(role) {
                    slot.words = words;
                    slot.pulse().into_iter().for_each(|pulse| pulse.answered());
                }
            }
            FromWorker::Again => match self.loaded.plan.reload_message(role, self.loaded.number) {
                Ok(message) => self.hand_over(role, self.loaded.number, message),
                Err(error) => tracing::error!("A plan cannot be sent: {error}"),
            },
            FromWorker::Report(request, status) => self.press.worker(&self.loaded, request, status),
            FromWorker::Paths(news) => {
                self.paths.extend(news.iter().map(|one| (one.session.clone(), one.clone())));
                let message = ToWorker::Paths(news);
                self.tell(Role::Vrrp, &message);
                self.tell(Role::Checkers, &message);
            }
        }
    }

    /// Has the workers say how they are, those that have something to say to this request.
    fn report_requested(&mut self, request: Request) {
        let concerned: &[Role] = match request {
            Request::Data => {
                tracing::info!("Printing parent data for process({}) on signal", std::process::id());
                self.press.parent(&self.loaded, self.timetable.next());
                &Role::ALL
            }
            Request::Stats | Request::StatsAndClear | Request::Json => &[Role::Vrrp],
        };
        for role in concerned {
            self.tell(*role, &ToWorker::Report(request));
        }
    }

    /// Asks every worker whether it is alive, replaces those that are not, and tells the service manager.
    fn beat(&mut self) {
        for slot in &mut self.slots {
            let (Some(pid), role) = (slot.pid(), slot.role) else { continue };
            let Some(pulse) = slot.pulse() else { continue };
            if autopsy::is_debugged(pid) {
                pulse.answered();
                continue;
            }
            let title = role.title();
            match pulse.ask() {
                Diagnosis::Well => {}
                Diagnosis::Silent => {
                    tracing::warn!("{title} process {pid} does not answer: {}", autopsy::of(pid));
                }
                Diagnosis::Lost => {
                    tracing::error!(
                        alert = true,
                        "{title} process {pid} does not answer and is replaced: {}",
                        autopsy::of(pid)
                    );
                    slot.signal(Signal::SIGKILL);
                }
            }
        }
        for role in Role::ALL {
            self.tell(role, &ToWorker::Ping);
        }
        let words = self.words();
        self.manager.alive(words);
    }

    /// What there is to say in a few words.
    fn words(&self) -> String {
        let told = |slot: &Slot| match slot.pid() {
            Some(_) if slot.words.is_empty() => format!("{}: starting", slot.role.process()),
            Some(_) => format!("{}: {}", slot.role.process(), slot.words),
            None => format!("{}: not running", slot.role.process()),
        };
        let wanted = |slot: &&Slot| slot.pid().is_some() || slot.restart_at.is_some();
        let all: Vec<_> = self.slots.iter().filter(wanted).map(told).collect();
        if all.is_empty() { "nothing to do".to_owned() } else { all.join("; ") }
    }

    /// How a worker is to run. Without a name of its own it has the program's.
    fn tuning(&self, role: Role) -> process::Tuning {
        let mut tuning = process::worker(&self.loaded.global, role);
        tuning.name.get_or_insert_with(|| self.tuner.own_name());
        tuning
    }

    /// `--dump-conf`: has a worker log what it has just been told to do.
    fn recite(&self, role: Role) {
        if self.options.dump_config {
            match dump::told(&self.loaded, role, self.options.umask, &self.pid_path) {
                Ok(text) => self.tell(role, &ToWorker::Recite(text)),
                Err(error) => tracing::error!("{} process cannot recite: {error}", role.title()),
            }
        }
    }

    /// Sends a worker the plan of this number.
    fn hand_over(&mut self, role: Role, number: u64, message: Bytes) {
        let Some(slot) = self.slot(role) else { return };
        slot.pulse().into_iter().for_each(|pulse| pulse.given(number));
        slot.send(message);
    }

    fn send(&self, role: Role, message: Bytes) {
        self.slots.iter().filter(|slot| slot.role == role).for_each(|slot| slot.send(message.clone()));
    }

    fn tell(&self, role: Role, message: &ToWorker<()>) {
        match message.encode() {
            Ok(message) => self.send(role, message),
            Err(error) => tracing::error!("{} process cannot be told: {error}", role.title()),
        }
    }

    /// Tells a worker that has a new plan what the BFD sessions said last.
    fn repeat_paths(&self, role: Role) {
        if role == Role::Bfd || self.paths.is_empty() {
            return;
        }
        let sent = vrrp::io::clock::since_boot();
        let news = self.paths.values().map(|one| PathNews { sent, ..one.clone() }).collect();
        self.tell(role, &ToWorker::Paths(news));
    }

    fn close(&mut self) {
        for slot in self.slots.drain(..) {
            slot.close();
        }
    }
}
