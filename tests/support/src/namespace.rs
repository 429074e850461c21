//! A network namespace without a name: it lives as long as somebody holds it, so nothing can be left behind.

use crate::failure::{Outcome, While as _};
use nix::sched::{CloneFlags, setns, unshare};
use std::{
    fs::File,
    os::fd::AsRawFd as _,
    panic::resume_unwind,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::Arc,
    thread,
};

/// A network namespace, held by an open file; a clone is the same namespace.
#[derive(Debug, Clone)]
pub struct Namespace {
    net: Arc<File>,
}

impl Namespace {
    /// A fresh namespace with its loopback up.
    ///
    /// # Errors
    /// The right to make one is missing, or `ip` is.
    pub fn new() -> Outcome<Self> {
        let net = on_own_thread(|| -> Outcome<File> {
            unshare(CloneFlags::CLONE_NEWNET).doing("cannot make a network namespace")?;
            File::open("/proc/thread-self/ns/net").doing("cannot open the new network namespace")
        })?;
        let namespace = Self { net: Arc::new(net) };
        namespace.ip("link set dev lo up")?;
        Ok(namespace)
    }

    /// Runs `job` on a thread of its own inside this namespace. Sockets opened, threads
    /// and processes started there stay in it.
    ///
    /// # Errors
    /// The kernel refuses the entry.
    pub fn enter<T: Send>(&self, job: impl FnOnce() -> T + Send) -> Outcome<T> {
        self.enter_seeing(&[], job)
    }

    /// As [`enter`](Self::enter), with each `(place, stand-in)` folder replaced in the file system seen by `job` and by
    /// the processes it starts.
    ///
    /// # Errors
    /// The kernel refuses the entry or a mount.
    pub fn enter_seeing<T: Send>(
        &self,
        folders: &[(&Path, &Path)],
        job: impl FnOnce() -> T + Send,
    ) -> Outcome<T> {
        on_own_thread(|| {
            setns(&self.net, CloneFlags::CLONE_NEWNET).doing("cannot enter a network namespace")?;
            if !folders.is_empty() {
                replace_folders(folders)?;
            }
            Ok(job())
        })
    }

    /// Runs `ip` with these words inside.
    ///
    /// # Errors
    /// `ip` could not be run or refused; its message is included.
    pub fn ip(&self, words: &str) -> Outcome<String> {
        let output = self
            .enter(|| Command::new("ip").args(words.split_whitespace()).output())?
            .doing("cannot run ip (package iproute2)")?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(crate::Failure::new(format!("ip {words}: {complaint}")))
        }
    }

    /// A path by which another process of this world can name the namespace while this one lives.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/fd/{}", process::id(), self.net.as_raw_fd()))
    }
}

fn replace_folders(folders: &[(&Path, &Path)]) -> Outcome {
    use nix::mount::{MsFlags, mount};
    const NOTHING: Option<&str> = None;
    unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS).doing("cannot make a mount namespace")?;
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)
        .doing("cannot keep mounts private")?;
    for (place, stand_in) in folders {
        mount(Some(*stand_in), *place, NOTHING, MsFlags::MS_BIND, NOTHING).doing(format_args!(
            "cannot put {} on {}",
            stand_in.display(),
            place.display()
        ))?;
    }
    Ok(())
}

/// Namespaces belong to threads; one that has changed its own must not be reused for anything else.
fn on_own_thread<T: Send>(job: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(job).join().unwrap_or_else(|panic| resume_unwind(panic)))
}
