//! The supervisor at work: one loop over signals, its workers' messages, and the clock.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::occasion::Running;
use super::slot::{Heard, Slot};
use crate::cli::Options;
use crate::exit::Exit;
use crate::load::{self, Loaded};
use crate::log;
use crate::script::Runner;
use crate::signals;
use crate::worker::{FromWorker, PathNews, Role, Start, ToWorker};

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

/// How long cleaning up after killed workers may take.
const CLEAN_UP: Duration = Duration::from_secs(2);

/// The supervisor.
#[derive(Debug)]
pub(super) struct Supervisor {
    options: Options,
    arguments: Vec<OsString>,
    slots: Vec<Slot>,
    loaded: Loaded,
    phase: Phase,
    reload_queued: bool,
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
    pub(super) fn new(options: Options, arguments: Vec<OsString>, slots: Vec<Slot>, loaded: Loaded) -> Self {
        let (heard, messages) = unbounded_channel();
        let phase = Phase::Configuring { first: true, waiting: BTreeSet::new() };
        Self {
            options,
            arguments,
            slots,
            loaded,
            phase,
            reload_queued: false,
            paths: BTreeMap::new(),
            heard,
            messages,
        }
    }

    /// Runs until told to stop, or until a worker meets an error that a restart cannot mend.
    pub(super) async fn run(mut self) -> io::Result<Exit> {
        let mut signals = Listening {
            reload: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            child: signal(SignalKind::child())?,
        };
        signals::release_orders();
        let mut runner = None;
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
                () = due => self.attend(),
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
        script.stop();
        self.stop(Exit::Ok);
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

    /// Starts every worker that has something to do and is neither running nor waiting to be restarted.
    fn start_missing_workers(&mut self) {
        let missing: Vec<_> = self
            .slots
            .iter()
            .filter(|slot| slot.pid().is_none() && slot.restart_at.is_none())
            .map(|slot| slot.role)
            .filter(|role| self.options.all || self.loaded.plan.concerns(*role))
            .collect();
        for role in missing {
            self.start(role, Errand::Work);
            if let Phase::Configuring { waiting, .. } = &mut self.phase {
                waiting.insert(role);
            }
        }
    }

    fn start(&mut self, role: Role, errand: Errand) {
        let Some(slot) = self.slots.iter().find(|slot| slot.role == role) else { return };
        let start = Start {
            log: settings(&self.options, &self.loaded.place.ident(role.ident())),
            pid_file: slot.pid_path(),
            leave_on_stop: self.options.leaves_behind(role),
            only_clean_up: errand == Errand::CleanUp,
            ignore_interrupt: self.options.ignore_sigint,
        };
        let (arguments, heard) = (self.arguments.clone(), self.heard.clone());
        let first = self.loaded.plan.start_message(role, start);
        let result = match (first, self.slot(role)) {
            (Ok(first), Some(slot)) => slot.start(&arguments, first, &heard),
            (Err(error), Some(_)) => Err(error),
            (_, None) => return,
        };
        if let Err(error) = result {
            tracing::error!(alert = true, "Unable to start {} child process: {error}", role.title());
            if let Some(slot) = self.slot(role) {
                slot.restart_after(Duration::ZERO);
            }
        } else {
            self.repeat_paths(role);
        }
    }

    /// Takes a message from a worker; one from a process that has been replaced no longer counts.
    fn listen(&mut self, role: Role, pid: Pid, message: FromWorker) {
        if self.slot(role).and_then(|slot| slot.pid()) != Some(pid) {
            return;
        }
        match message {
            FromWorker::Configured => {
                if let Phase::Configuring { waiting, .. } = &mut self.phase {
                    waiting.remove(&role);
                    self.settled();
                }
            }
            FromWorker::Paths(news) => {
                self.paths.extend(news.iter().map(|one| (one.session.clone(), one.clone())));
                let message = ToWorker::Paths(news);
                self.tell(Role::Vrrp, &message);
                self.tell(Role::Checkers, &message);
            }
        }
    }

    fn tell(&self, role: Role, message: &ToWorker<()>) {
        let Some(slot) = self.slots.iter().find(|slot| slot.role == role) else { return };
        match message.encode() {
            Ok(message) => slot.send(message),
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

    /// When the last worker has its configuration in force: say so, and go on with what waited for it.
    fn settled(&mut self) {
        let Phase::Configuring { first, waiting } = &self.phase else { return };
        if !waiting.is_empty() {
            return;
        }
        tracing::info!("{}", if *first { "Startup complete" } else { "Reload complete" });
        notify_manager(&[sd_notify::NotifyState::Ready, sd_notify::NotifyState::MainPid(std::process::id())]);
        self.phase = Phase::Running;
        if std::mem::take(&mut self.reload_queued) {
            tracing::debug!("Processing queued reload");
            self.reload();
        }
    }

    fn reload_requested(&mut self) {
        match self.phase {
            Phase::Running => self.reload(),
            // A worker that died while it took its configuration gets it with its next start. Another configuration may
            // be just what it needs, so there is nothing to wait for.
            Phase::Configuring { .. } if self.waits_for_a_dead_worker() => self.reload(),
            Phase::Configuring { .. } => {
                tracing::debug!("Reload already in progress, request queued");
                self.reload_queued = true;
            }
            Phase::Stopping { .. } => {}
        }
    }

    fn waits_for_a_dead_worker(&self) -> bool {
        let Phase::Configuring { waiting, .. } = &self.phase else { return false };
        self.slots.iter().any(|slot| slot.pid().is_none() && waiting.contains(&slot.role))
    }

    /// Reads the configuration again. Everything is checked before anything is touched.
    fn reload(&mut self) {
        tracing::info!("Reloading ...");
        let loaded = match load::again(&self.options, &self.loaded) {
            Ok(loaded) => loaded,
            Err(refusal) => {
                tracing::error!(
                    "Reload refused: {refusal}. Everything keeps running as it was configured before"
                );
                notify_manager(&[sd_notify::NotifyState::Ready]);
                return;
            }
        };
        match sd_notify::NotifyState::monotonic_usec_now() {
            Ok(now) => notify_manager(&[sd_notify::NotifyState::Reloading, now]),
            Err(_) => notify_manager(&[sd_notify::NotifyState::Reloading]),
        }
        self.loaded = loaded;
        let sessions = &self.loaded.plan.bfd.sessions;
        self.paths.retain(|name, _| sessions.iter().any(|session| session.name == *name));
        // Those that are about to be started again get the new plan then.
        let mut waiting: BTreeSet<_> =
            self.slots.iter().filter(|slot| slot.restart_at.is_some()).map(|slot| slot.role).collect();
        for slot in self.slots.iter().filter(|slot| slot.pid().is_some()) {
            match self.loaded.plan.reload_message(slot.role) {
                Ok(message) => {
                    slot.send(message);
                    self.repeat_paths(slot.role);
                    waiting.insert(slot.role);
                }
                Err(error) => tracing::error!("{} process cannot be reloaded: {error}", slot.role.title()),
            }
        }
        let first = matches!(self.phase, Phase::Configuring { first: true, .. });
        self.phase = Phase::Configuring { first, waiting };
        self.start_missing_workers();
        self.settled();
    }

    /// Collects every process that ended, also orphans that came to us.
    fn reap(&mut self) {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => self.process_ended(pid, End::Code(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => self.process_ended(pid, End::Signal(signal)),
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return,
                Err(Errno::EINTR) | Ok(_) => {}
                Err(errno) => {
                    tracing::error!("Unable to wait for child processes: {errno}");
                    return;
                }
            }
        }
    }

    fn process_ended(&mut self, pid: Pid, end: End) {
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.pid() == Some(pid)) else { return };
        let (role, lived) = (slot.role, slot.ended());
        match end {
            End::Code(0) => {}
            End::Code(code) => match Exit::permanent(code) {
                Some(exit) => {
                    tracing::info!("pid {pid} exited with permanent error {}. Terminating", exit.word());
                    self.stop_for(exit);
                    return;
                }
                None => tracing::info!("pid {pid} exited with status {code}"),
            },
            End::Signal(signal) => {
                tracing::info!("pid {pid} exited due to signal {} ({signal})", signal as i32);
            }
        }
        if let Phase::Stopping { kill_at, killed, cleaned, .. } = &mut self.phase {
            // Whoever had to be killed could not give back what it had. This is tried once.
            if killed.contains(&role) && !self.options.leaves_behind(role) && cleaned.insert(role) {
                *kill_at = Some(Instant::now() + CLEAN_UP);
                self.start(role, Errand::CleanUp);
            }
            return;
        }
        if self.options.dont_respawn {
            tracing::error!(alert = true, "{} child process({pid}) died: Exiting", role.title());
            self.stop(Exit::Ok);
            return;
        }
        tracing::error!(alert = true, "{} child process({pid}) died: Respawning", role.title());
        if let Some(slot) = self.slot(role) {
            slot.restart_after(lived);
        }
    }

    /// Stops because of an error that a restart cannot mend, which systemd is told.
    fn stop_for(&mut self, exit: Exit) {
        let errno = if exit == Exit::NoPermission { Errno::EPERM } else { Errno::EINVAL };
        notify_manager(&[sd_notify::NotifyState::Errno(errno as u32)]);
        self.stop(exit);
    }

    fn stop(&mut self, exit: Exit) {
        if self.is_stopping() {
            return;
        }
        tracing::info!("Stopping");
        notify_manager(&[sd_notify::NotifyState::Stopping]);
        for slot in &mut self.slots {
            slot.restart_at = None;
            slot.signal(Signal::SIGTERM);
        }
        let patience = self.loaded.plan.child_wait_time;
        self.phase = Phase::Stopping {
            kill_at: Some(Instant::now() + patience),
            killed: BTreeSet::new(),
            cleaned: BTreeSet::new(),
            exit,
        };
    }

    fn close(&mut self) {
        for slot in self.slots.drain(..) {
            slot.close();
        }
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
enum End {
    Code(i32),
    Signal(Signal),
}

/// Tells the service manager, if there is one.
fn notify_manager(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("Unable to notify the service manager: {error}");
    }
}

/// The log settings of a process of ours.
pub(super) fn settings(options: &Options, ident: &str) -> log::Settings {
    log::Settings {
        ident: ident.to_owned(),
        console: options.console && options.foreground,
        syslog: !options.no_syslog,
        detail: options.detail,
        facility: options.facility,
    }
}
