//! One worker as the supervisor sees it: its process, its pid file, its link, and what to do when it dies.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::bytes::Bytes;

use super::given::Given;
use super::pulse::Pulse;
use super::respawn::Respawn;
use crate::pidfile::PidFile;
use crate::plan::at_rest::AtRest;
use crate::worker::{self, FromWorker, Role};

/// What a worker told, or `None` when its link closed. The number is the process it came from.
pub(super) type Heard = (Role, Pid, FromWorker);

/// A running worker process.
#[derive(Debug)]
struct Process {
    pid: Pid,
    started: Instant,
    outbox: UnboundedSender<Bytes>,
    link: JoinHandle<()>,
    pulse: Pulse,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.link.abort();
    }
}

/// The place of one worker.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) role: Role,
    pid_file: PidFile,
    process: Option<Process>,
    respawn: Respawn,
    /// What its workers were given.
    pub(super) given: Given<AtRest>,
    /// Whether a worker of this role has died.
    pub(super) has_died: bool,
    /// What it last said of itself.
    pub(super) words: String,
    /// When to start it again.
    pub(super) restart_at: Option<Instant>,
}

impl Slot {
    pub(super) fn new(role: Role, pid_file: PidFile) -> Self {
        Self {
            role,
            pid_file,
            process: None,
            respawn: Respawn::default(),
            given: Given::default(),
            has_died: false,
            words: String::new(),
            restart_at: None,
        }
    }

    /// Where the worker's pid file is.
    pub(super) fn pid_path(&self) -> std::path::PathBuf {
        self.pid_file.path().to_owned()
    }

    /// Takes the pid file away until there is a process: monitoring takes its presence for one.
    pub(super) fn withdraw_pid_file(&self) {
        self.pid_file.withdraw();
    }

    /// The process, while there is one.
    pub(super) fn pid(&self) -> Option<Pid> {
        self.process.as_ref().map(|process| process.pid)
    }

    /// Starts the process and sends it its first message.
    pub(super) fn start(
        &mut self,
        arguments: &[OsString],
        first: Bytes,
        heard: &UnboundedSender<Heard>,
    ) -> io::Result<Pid> {
        self.restart_at = None;
        let (ours, theirs) = worker::pair()?;
        let mut command = Command::new("/proc/self/exe");
        let mut words = arguments.iter();
        if let Some(name) = words.next() {
            command.arg0(name);
        }
        command.args(words);
        command.env(worker::ENV, format!("{}:{}", self.role.key(), std::process::id()));
        // What is between the supervisor and the service manager is neither a worker's business nor its scripts'.
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::from(theirs));
        let child = command.spawn()?;
        let raw = i32::try_from(child.id()).map_err(io::Error::other)?;
        let pid = Pid::from_raw(raw);
        if let Err(error) = self.pid_file.write(child.id()) {
            tracing::info!("Unable to write pid file {}: {error}", self.pid_file.path().display());
        }

        // A worker that reads nothing is replaced, with its outbox, when it has missed a few of the questions that come once a
        // second; so this holds few letters.
        let (outbox, mut letters) = unbounded_channel::<Bytes>();
        // The receiving end lives in the task below, which has not started yet.
        let _ = outbox.send(first);
        let (mut sender, mut receiver) = worker::split::<(), FromWorker>(ours);
        let (role, heard) = (self.role, heard.clone());
        let link = tokio::spawn(async move {
            let write = async {
                while let Some(letter) = letters.recv().await {
                    if sender.send_frame(letter).await.is_err() {
                        // The worker is gone; its exit status tells the rest.
                        return;
                    }
                }
            };
            let read = async {
                while let Some(message) = receiver.next().await {
                    match message {
                        Ok(message) => drop(heard.send((role, pid, message))),
                        // The process ended with something of ours unread.
                        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return,
                        Err(error) => {
                            tracing::error!("{} process {pid} is not understood: {error}", role.title());
                            return;
                        }
                    }
                }
            };
            tokio::join!(write, read);
        });
        self.process = Some(Process { pid, started: Instant::now(), outbox, link, pulse: Pulse::default() });
        Ok(pid)
    }

    /// Whether the worker answers, while there is one.
    pub(super) fn pulse(&mut self) -> Option<&mut Pulse> {
        self.process.as_mut().map(|process| &mut process.pulse)
    }

    /// Sends the worker a message; without a process there is nobody to tell.
    pub(super) fn send(&self, message: Bytes) {
        if let Some(process) = &self.process {
            // A closed outbox means that the process is ending; reaping it follows.
            let _ = process.outbox.send(message);
        }
    }

    /// Sends the worker a signal.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process
            && let Err(errno) = kill(process.pid, signal)
        {
            tracing::info!("Unable to send {signal} to process {}: {errno}", process.pid);
        }
    }

    /// Forgets the process, which has ended, and tells how long it lived.
    pub(super) fn ended(&mut self) -> Duration {
        self.process.take().map_or(Duration::ZERO, |process| process.started.elapsed())
    }

    /// Plans the next start after a death, and logs the wait.
    pub(super) fn restart_after(&mut self, lived: Duration) {
        let delay = self.respawn.delay_after(lived);
        if let Some(delay) = delay {
            tracing::info!(
                "Restart of {} process delayed {} seconds to limit respawn rate",
                self.role.title(),
                delay.as_secs()
            );
        }
        self.restart_at = Some(Instant::now() + delay.unwrap_or_default());
    }

    /// Gives up the place.
    pub(super) fn close(self) {
        self.pid_file.remove();
    }
}
