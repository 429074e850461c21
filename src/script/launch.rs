//! The moment between our process and the script: its standard input brings the order, then it becomes the user, then the
//! script. What fails on the way is answered with an error number; silence means that the script runs.

use std::ffi::CString;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid};
use serde::{Deserialize, Serialize};

use super::Identity;
use crate::exit::Exit;
use crate::tune::Limit;
use crate::{signals, worker};

/// The value of [`worker::ENV`] that makes a process a launch.
pub(crate) const ROLE: &str = "script";

/// What a script's environment does not have (the first three would change how it runs).
const HIDDEN: [&str; 4] = ["IFS", "LD_PRELOAD", "LD_LIBRARY_PATH", worker::ENV];

/// What to become.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) path: String,
    pub(super) argv: Vec<String>,
    pub(super) identity: Identity,
    pub(super) limits: Limits,
    /// Who starts it: when that process has died already, the script does not begin.
    pub(super) parent: u32,
}

/// What the system allowed before we raised our own limits.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Limits {
    /// How many open files.
    pub(super) open_files: Limit,
    /// How large a core file, if we raised that.
    pub(super) core_files: Option<Limit>,
}

/// Becomes the script; returns only when that fails.
pub(crate) fn main() -> Exit {
    let Ok(mut link) = take_link() else { return Exit::Fatal };
    let mut bytes = Vec::new();
    let order = link.read_to_end(&mut bytes).ok().and_then(|_| postcard::from_bytes::<Order>(&bytes).ok());
    let Some(order) = order else { return Exit::Fatal };
    let errno = become_script(&order);
    // Whoever is gone cannot be told.
    let _ = link.write_all(&(errno as i32).to_ne_bytes());
    Exit::Fatal
}

/// Standard input is the link, which the script must not inherit.
fn take_link() -> io::Result<UnixStream> {
    let link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    nix::unistd::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    Ok(link)
}

fn become_script(order: &Order) -> Errno {
    match prepare(order) {
        Ok((path, argv, environment)) => match nix::unistd::execve(&path, &argv, &environment) {
            Ok(never) => match never {},
            Err(errno) => errno,
        },
        Err(errno) => errno,
    }
}

type Call = (CString, Vec<CString>, Vec<CString>);

fn prepare(order: &Order) -> Result<Call, Errno> {
    let word = |text: &String| CString::new(text.as_bytes()).map_err(|_| Errno::EINVAL);
    let path = word(&order.path)?;
    let argv: Vec<CString> = order.argv.iter().map(word).collect::<Result<_, _>>()?;
    let environment = std::env::vars_os()
        .filter(|(name, _)| HIDDEN.iter().all(|hidden| name != hidden))
        .filter_map(|(name, value)| {
            let mut pair = name.into_encoded_bytes();
            pair.push(b'=');
            pair.extend(value.into_encoded_bytes());
            CString::new(pair).ok()
        })
        .collect();
    let Limits { open_files, core_files } = order.limits;
    let limits = [(Resource::RLIMIT_NOFILE, Some(open_files)), (Resource::RLIMIT_CORE, core_files)];
    for (resource, (soft, hard)) in
        limits.into_iter().filter_map(|(resource, limit)| Some((resource, limit?)))
    {
        // A script that may do more than it used to is no worse off.
        let _ = setrlimit(resource, soft, hard);
    }
    signals::restore_defaults();
    close_inherited();
    assume(&order.identity)?;
    // Only now: a change of user would cancel it.
    nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
    if u32::try_from(nix::unistd::getppid().as_raw()) != Ok(order.parent) {
        return Err(Errno::ESRCH);
    }
    Ok((path, argv, environment))
}

/// Marks everything but the three standard files to be closed when the script begins: what whoever started the daemon left
/// open is not the script's business. Kernels before 5.11 refuse this and leave it open.
fn close_inherited() {
    const FIRST: libc::c_uint = 3;
    #[expect(unsafe_code, reason = "no crate at hand makes this request")]
    // SAFETY: the call takes three numbers and touches no memory of ours; a mark that takes effect at the next program closes
    // nothing that this one uses. What cannot be marked stays as it is.
    unsafe {
        libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}

/// Becomes the user. Who is that user already and may not change groups keeps those it has.
fn assume(identity: &Identity) -> Result<(), Errno> {
    let (uid, gid) = (Uid::from_raw(identity.uid), Gid::from_raw(identity.gid));
    let groups: Vec<Gid> = identity.groups.iter().copied().map(Gid::from_raw).collect();
    let is_same = nix::unistd::geteuid() == uid && nix::unistd::getegid() == gid;
    match nix::unistd::setgroups(&groups) {
        Err(Errno::EPERM) if is_same => return Ok(()),
        result => result?,
    }
    nix::unistd::setgid(gid)?;
    nix::unistd::setuid(uid)
}
