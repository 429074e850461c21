//! Starts programs on a thread of its own, ends those that take too long, and says how each ended.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use super::Program;
use super::launch::{Limits, Order, ROLE};
use crate::{tune, worker};

/// How long a process may take to end after `SIGTERM`, and again after `SIGKILL`, before it is complained about.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a process that survives `SIGKILL` gets another one.
const AGAIN: Duration = Duration::from_secs(10);

/// The exit status of what could not be started, as shells have it.
pub(crate) const NOT_STARTED: i32 = 127;

/// One program to run.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// What.
    pub(crate) program: Program,
    /// More words for it.
    pub(crate) extra: Vec<String>,
    /// How long it may run; for ever if not said.
    pub(crate) limit: Option<Duration>,
    /// The `vrrp_script` it is, if it is one.
    pub(crate) script: Option<String>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this exit status; what could not be started with 127.
    Status(i32),
    /// By this signal.
    Signal(i32),
    /// It took too long and was ended.
    TimedOut,
}

/// The thread that starts programs. They get `SIGTERM` from the kernel when it ends, which is with the process.
#[derive(Debug)]
pub(crate) struct Runner {
    handle: Handle,
    limits: Limits,
    /// Ends what is under way with [`Runner::end_all`].
    stop: watch::Sender<()>,
    under_way: watch::Sender<UnderWay>,
}

/// What has been asked for and has not ended.
#[derive(Debug, Default)]
struct UnderWay {
    /// How many programs.
    count: usize,
    /// The process groups of those that run.
    groups: BTreeSet<i32>,
}

/// Ends one program, as if it had taken too long.
pub(crate) type Stopper = oneshot::Sender<()>;

impl Runner {
    /// Starts the thread. The limit of open files is still what scripts are to have.
    pub(crate) fn start() -> io::Result<Self> {
        let limits =
            Limits { open_files: getrlimit(Resource::RLIMIT_NOFILE)?, core_files: tune::core_files_before() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        std::thread::Builder::new()
            .name("scripts".to_owned())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
        Ok(Self { handle, limits, stop: watch::Sender::new(()), under_way: watch::Sender::default() })
    }

    /// Runs something on the thread.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }

    /// What starts programs for the tasks on the thread.
    pub(super) fn starter(&self) -> Starter {
        let (stop, under_way) = (self.stop.subscribe(), self.under_way.clone());
        Starter { limits: self.limits, stop, under_way }
    }

    /// Runs a program; `tell` is called on the thread when it has ended.
    pub(crate) fn run(&self, job: Job, tell: impl FnOnce(Ended) + Send + 'static) -> Stopper {
        let (stopper, stopped) = oneshot::channel();
        let ticket = self.starter().ticket();
        self.spawn(async move { tell(ticket.run(job, stopped).await) });
        stopper
    }

    /// Sends `SIGTERM` to what runs. What does not end gets `SIGKILL` later.
    pub(crate) fn end_all(&self) {
        self.stop.send_replace(());
    }

    /// Waits until nothing runs, at most so long; then sends `SIGKILL` to what still does.
    pub(crate) async fn finish(&self, limit: Duration) {
        let mut under_way = self.under_way.subscribe();
        if timeout(limit, under_way.wait_for(|all| all.count == 0)).await.is_err() {
            for group in &under_way.borrow().groups {
                let _ = killpg(Pid::from_raw(*group), Signal::SIGKILL);
            }
        }
    }
}

/// Starts programs, on the thread that is for it.
#[derive(Clone, Debug)]
pub(super) struct Starter {
    limits: Limits,
    stop: watch::Receiver<()>,
    under_way: watch::Sender<UnderWay>,
}

impl Starter {
    /// The leave to start one program, which counts as under way from now on. An end of all that was asked for before does
    /// not concern it.
    pub(super) fn ticket(&self) -> Ticket {
        let mut starter = self.clone();
        starter.stop.mark_unchanged();
        starter.under_way.send_modify(|all| all.count += 1);
        Ticket { starter }
    }
}

/// One program that is under way.
#[derive(Debug)]
pub(super) struct Ticket {
    starter: Starter,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.starter.under_way.send_modify(|all| all.count -= 1);
    }
}

impl Ticket {
    /// Runs a program to its end.
    pub(super) async fn run(mut self, job: Job, stopped: oneshot::Receiver<()>) -> Ended {
        let mut child = match self.start(&job).await {
            Ok(child) => child,
            Err(error) => {
                let number = error.raw_os_error().unwrap_or_default();
                let text = nix::errno::Errno::from_raw(number).desc();
                tracing::error!(
                    alert = true,
                    "Error exec-ing command '{}', error {number}: {text}",
                    job.program.name()
                );
                return Ended::Status(NOT_STARTED);
            }
        };
        let over = async {
            match job.limit {
                Some(limit) => sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let asked = async {
            // A dropped sender wants nothing any more, least of all an end.
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let group = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or_default();
        self.starter.under_way.send_modify(|all| {
            all.groups.insert(group);
        });
        let ended = tokio::select! {
            biased;
            ended = child.wait() => Some(how(ended)),
            () = over => None,
            () = asked => None,
            _ = self.starter.stop.changed() => None,
        };
        if ended.is_none() {
            put_down(&mut child, Pid::from_raw(group), job.script.as_deref()).await;
        }
        self.starter.under_way.send_modify(|all| {
            all.groups.remove(&group);
        });
        ended.unwrap_or(Ended::TimedOut)
    }

    /// Starts ourselves again, hands over the order, and waits until the script has taken over.
    async fn start(&self, job: &Job) -> io::Result<Child> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new("/proc/self/exe");
        command.env(worker::ENV, ROLE).process_group(0);
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn()?;
        drop(command);
        let (path, argv) = job.program.call(&job.extra);
        let order = Order {
            path,
            argv,
            identity: job.program.identity.clone(),
            limits: self.starter.limits,
            parent: std::process::id(),
        };
        let bytes = postcard::to_stdvec(&order).map_err(io::Error::other)?;
        let mut link = UnixStream::from_std(ours)?;
        link.write_all(&bytes).await?;
        link.shutdown().await?;
        let mut answer = Vec::new();
        link.read_to_end(&mut answer).await?;
        match answer.first_chunk() {
            Some(number) => Err(io::Error::from_raw_os_error(i32::from_ne_bytes(*number))),
            None => Ok(child),
        }
    }
}

/// Ends a process and all of its group.
async fn put_down(child: &mut Child, group: Pid, script: Option<&str>) {
    let mut signal = Signal::SIGTERM;
    let mut patience = PATIENCE;
    loop {
        // A group that is gone already has ended, which is what was wanted.
        let _ = killpg(group, signal);
        if timeout(patience, child.wait()).await.is_ok() {
            return;
        }
        if signal == Signal::SIGKILL {
            let whose = script.map_or("Child".to_owned(), |name| format!("Script {name} child"));
            tracing::info!("{whose} (PID {group}) failed to terminate after kill");
            patience = AGAIN;
        }
        signal = Signal::SIGKILL;
    }
}

fn how(ended: io::Result<std::process::ExitStatus>) -> Ended {
    use std::os::unix::process::ExitStatusExt as _;
    match ended {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => Ended::Status(code),
            (None, signal) => Ended::Signal(signal.unwrap_or_default()),
        },
        Err(error) => {
            tracing::error!("Unable to wait for a script: {error}");
            Ended::Status(NOT_STARTED)
        }
    }
}
