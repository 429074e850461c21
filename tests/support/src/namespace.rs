//! A network namespace without a name: it lives as long as somebody holds it, so nothing can be left behind.

use crate::failure::{Failure, Outcome, While as _};
use nix::{
    sched::{CloneFlags, setns, unshare},
    unistd::sethostname,
};
use std::{
    fs::File,
    io::{self, Write as _},
    os::fd::AsRawFd as _,
    panic::resume_unwind,
    path::{Path, PathBuf},
    process::{self, Command, Output, Stdio},
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
        on_own_thread(|| {
            setns(&self.net, CloneFlags::CLONE_NEWNET).doing("cannot enter a network namespace")?;
            Ok(job())
        })
    }

    /// As [`enter`](Self::enter), on a machine that has this name and, for each `(place, stand-in)`, another folder or
    /// file in that place.
    ///
    /// # Errors
    /// The kernel refuses the entry, the name or a mount.
    pub fn enter_machine<T: Send>(
        &self,
        name: &str,
        files: &[(&Path, &Path)],
        job: impl FnOnce() -> T + Send,
    ) -> Outcome<T> {
        on_own_thread(|| {
            setns(&self.net, CloneFlags::CLONE_NEWNET).doing("cannot enter a network namespace")?;
            unshare(CloneFlags::CLONE_NEWUTS).doing("cannot make a host name of its own")?;
            sethostname(name).doing(name)?;
            replace_files(files)?;
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
        printed(&output, &format!("ip {words}"))
    }

    /// Runs `ip` once for many lines of words.
    ///
    /// # Errors
    /// As [`ip`](Self::ip), for the first line that is refused.
    pub fn ip_lines(&self, lines: &[String]) -> Outcome {
        let run = || -> io::Result<Output> {
            let mut ip = Command::new("ip");
            ip.args(["-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut ip = ip.spawn()?;
            if let Some(mut stdin) = ip.stdin.take() {
                stdin.write_all(lines.join("\n").as_bytes())?;
            }
            ip.wait_with_output()
        };
        let output = self.enter(run)?.doing("cannot run ip (package iproute2)")?;
        printed(&output, "ip -batch").map(drop)
    }

    /// A path by which another process of this world can name the namespace while this one lives.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/fd/{}", process::id(), self.net.as_raw_fd()))
    }
}

fn printed(output: &Output, command: &str) -> Outcome<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::new(format!("{command}: {} {complaint}", output.status)))
}

fn replace_files(files: &[(&Path, &Path)]) -> Outcome {
    use nix::mount::{MsFlags, mount};
    const NOTHING: Option<&str> = None;
    unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS).doing("cannot make a mount namespace")?;
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)
        .doing("cannot keep mounts private")?;
    for (place, stand_in) in files {
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
