//! Makes this process run as it is planned to: name, priority, processors, memory.
//!
//! A wish that the system does not grant is logged and given up; a daemon with the wrong priority is better than none.

use std::ffi::CString;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use nix::libc;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::mman::{MlockAllFlags, mlockall, munlockall};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};

use crate::plan::process::{Haste, Tuning};

/// This process, and how it runs.
#[derive(Debug, Default)]
pub(crate) struct Tuner {
    /// The name it was started with.
    own_name: Vec<u8>,
    now: Tuning,
    /// What [`Haste`] has come to.
    hurried: u8,
}

impl Tuner {
    /// A process that runs as it was started.
    pub(crate) fn new() -> Self {
        let mut own_name = std::fs::read("/proc/self/comm").unwrap_or_default();
        own_name.pop_if(|last| *last == b'\n');
        Self { own_name, now: Tuning::default(), hurried: 0 }
    }

    /// The name it was started with.
    pub(crate) fn own_name(&self) -> String {
        String::from_utf8_lossy(&self.own_name).into_owned()
    }

    /// Makes it run like this. To be called on the main thread.
    pub(crate) fn apply(&mut self, new: &Tuning) {
        if new.name != self.now.name {
            let name = new.name.as_ref().map_or(self.own_name.as_slice(), String::as_bytes);
            if let Ok(name) = CString::new(name) {
                complain("its name", nix::sys::prctl::set_name(&name));
            }
        }
        if new.nice != self.now.nice && new.realtime.is_none() {
            for thread in threads() {
                complain("its priority", set_nice(thread, new.nice));
            }
        }
        if new.cpus != self.now.cpus {
            complain("its processors", set_processors(&new.cpus));
        }
        if new.locked != self.now.locked {
            // Pages are locked when they are first used: most of a stack never is.
            let all = MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE;
            let on_use = MlockAllFlags::from_bits_retain(libc::MCL_ONFAULT);
            complain(
                "its memory to be locked",
                if new.locked { mlockall(all | on_use) } else { munlockall() },
            );
        }
        if (new.realtime, new.realtime_limit) != (self.now.realtime, self.now.realtime_limit) {
            complain("its real-time priority", set_realtime(new.realtime, new.realtime_limit));
            self.hurried = 0;
        }
        self.now = new.clone();
    }

    /// A timer was served this late. May raise the real-time priority.
    pub(crate) fn timer_served(&mut self, late: Duration) {
        let Some(Haste { highest, from }) = self.now.haste else { return };
        let current = self.hurried.max(self.now.realtime.unwrap_or(0));
        if late < from || current >= highest {
            return;
        }
        tracing::info!("A thread timer expired {}.{:06} seconds ago", late.as_secs(), late.subsec_micros());
        let next = current + 1;
        match set_realtime(Some(next), self.now.realtime_limit) {
            Ok(()) => {
                self.hurried = next;
                tracing::info!("Set realtime priority {next}");
            }
            Err(error) => complain("its real-time priority", Err(error)),
        }
    }
}

fn complain(what: &str, result: nix::Result<()>) {
    if let Err(error) = result {
        tracing::info!("child process: cannot set {what}: {error}");
    }
}

/// The threads of this process.
fn threads() -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid::from_raw)).collect()
}

/// Linux has a nice value for each thread.
fn set_nice(thread: Pid, nice: i8) -> nix::Result<()> {
    let thread = rustix::process::Pid::from_raw(thread.as_raw());
    rustix::process::setpriority_process(thread, nice.into())
        .map_err(|errno| nix::errno::Errno::from_raw(errno.raw_os_error()))
}

/// None are all that there are.
fn set_processors(numbers: &[u32]) -> nix::Result<()> {
    let mut set = CpuSet::new();
    if numbers.is_empty() {
        for number in 0..CpuSet::count() {
            set.set(number)?;
        }
    }
    for number in numbers {
        set.set(usize::try_from(*number).unwrap_or(usize::MAX))?;
    }
    threads().into_iter().try_for_each(|thread| sched_setaffinity(thread, &set))
}

/// Gives the calling thread this priority of `SCHED_RR`, or takes it away. Threads and processes it starts do not inherit
/// it: a script must not keep the machine from others.
fn set_realtime(priority: Option<u8>, limit: Duration) -> nix::Result<()> {
    if priority.is_some() {
        let micros = u64::try_from(limit.as_micros()).unwrap_or(RLIM_INFINITY);
        setrlimit(Resource::RLIMIT_RTTIME, micros / 2, micros)?;
    }
    let policy =
        if priority.is_some() { libc::SCHED_RR | libc::SCHED_RESET_ON_FORK } else { libc::SCHED_OTHER };
    let parameters = libc::sched_param { sched_priority: priority.unwrap_or(0).into() };
    #[expect(unsafe_code, reason = "no crate at hand sets a scheduling policy")]
    // SAFETY: the second pointer is to a live value of the type that the call reads; 0 is the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
    nix::errno::Errno::result(result).map(drop)
}

/// Says so when the kernel finds that this process runs too long at a real-time priority. The kernel's next step is to end
/// it.
pub(crate) fn watch_processor_time(title: &'static str, keyword: &'static str) -> io::Result<()> {
    let mut exceeded = signal(SignalKind::from_raw(libc::SIGXCPU))?;
    tokio::spawn(async move {
        while exceeded.recv().await.is_some() {
            tracing::info!(
                "{title} process has used too much CPU time, {keyword}_rlimit_rttime may need to be increased"
            );
        }
    });
    Ok(())
}

/// Has the system allow so many open files, as far as it does.
pub(crate) fn allow_open_files(wanted: usize) {
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    if wanted <= soft {
        return;
    }
    let raised = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard.max(wanted))
        .or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard));
    match (raised, getrlimit(Resource::RLIMIT_NOFILE)) {
        (Ok(()), Ok((soft, hard))) => tracing::debug!("Set open file limit to {soft}:{hard}."),
        (Err(errno), _) | (_, Err(errno)) => {
            tracing::info!("Cannot raise the limit of open files to {wanted}: {errno}");
        }
    }
}

/// A limit of the system: soft and hard.
pub(crate) type Limit = (u64, u64);

/// What the size of core files was limited to before the daemon raised the limit.
static CORE_FILES_BEFORE: OnceLock<Limit> = OnceLock::new();

/// What the size of core files was limited to before the daemon raised the limit, if it did: scripts are to have it.
pub(crate) fn core_files_before() -> Option<Limit> {
    CORE_FILES_BEFORE.get().copied()
}

/// The supervisor has raised the limit, which was this before.
pub(crate) fn core_files_were(limit: Limit) {
    // Told once, when the process begins.
    let _ = CORE_FILES_BEFORE.set(limit);
}

/// Lets processes leave a core file of any size.
pub(crate) fn allow_core_files() {
    if let Ok(before) = getrlimit(Resource::RLIMIT_CORE) {
        core_files_were(before);
    }
    let raised = setrlimit(Resource::RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY).or_else(|errno| {
        let (_, hard) = getrlimit(Resource::RLIMIT_CORE)?;
        setrlimit(Resource::RLIMIT_CORE, hard, hard)?;
        Err(errno)
    });
    if let Err(errno) = raised {
        tracing::info!("Cannot allow core files of any size: {errno}");
    }
}

/// What the kernel calls core files, changed for the life of this value.
#[derive(Debug)]
pub(crate) struct CorePattern {
    before: String,
}

impl CorePattern {
    const FILE: &str = "/proc/sys/kernel/core_pattern";

    /// Changes it.
    pub(crate) fn set(pattern: &str) -> io::Result<Self> {
        let before = std::fs::read_to_string(Self::FILE)?;
        std::fs::write(Self::FILE, pattern)?;
        Ok(Self { before })
    }
}

impl Drop for CorePattern {
    fn drop(&mut self) {
        if let Err(error) = std::fs::write(Self::FILE, &self.before) {
            tracing::info!("Unable to restore {}: {error}", Self::FILE);
        }
    }
}
