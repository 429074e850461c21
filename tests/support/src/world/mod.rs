//! Where scenes take place: a world of its own for one program, in which it is root and can leave nothing behind.
//!
//! A program calls [`enter`] first thing. The call starts the same program again, either in fresh namespaces of the
//! running kernel or, where IPVS is asked for and the running kernel has none, inside a user-mode Linux kernel that
//! stands on the host's files. When that world's first process ends, or this one dies, however suddenly, the kernel
//! ends everything in it.

mod namespaces;
mod script;
mod uml;
mod watch;

use crate::{ipvs, scratch::Scratch};
use namespaces::User;
use nix::unistd::geteuid;
use std::{
    env,
    process::{Command, Stdio},
    time::Duration,
};

/// Set inside; its value is the kind of world.
const MARK: &str = "LAB_WORLD";

/// What the scenes of a program ask of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Network namespaces, which also an ordinary user can have.
    Namespaces,
    /// Network namespaces and IPVS, which is only for the true root.
    Ipvs,
    /// A kernel into which IPVS cannot be loaded.
    NoIpvs,
}

/// What became of [`enter`].
#[derive(Debug)]
pub enum Entry {
    /// This process is inside; go on.
    Inside,
    /// The program has run inside and ended with this exit code.
    Ran(u8),
    /// There is no such world on this machine, for this reason.
    Impossible(String),
}

/// Whether this process is inside a world already.
pub fn is_inside() -> bool {
    env::var_os(MARK).is_some()
}

/// Enters a world that has what is needed. `limit` bounds the life of that world.
pub fn enter(needs: Needs, limit: Duration) -> Entry {
    if is_inside() {
        return Entry::Inside;
    }
    Scratch::remove_orphans();
    let ran = match choose(needs) {
        Err(reason) => return Entry::Impossible(reason),
        Ok(Kind::Namespaces(user)) => namespaces::run(user, limit),
        Ok(Kind::Uml) => uml::run(needs, limit),
    };
    ran.map_or_else(|failure| Entry::Impossible(failure.to_string()), Entry::Ran)
}

/// Says in which kind of world `needs` would be met, or why in none.
///
/// # Errors
/// The reason in words.
pub fn describe(needs: Needs) -> Result<String, String> {
    Ok(match choose(needs)? {
        Kind::Namespaces(User::Root) => "namespaces of this kernel".to_owned(),
        Kind::Namespaces(User::Mapped) => "namespaces of this kernel, as a mapped user".to_owned(),
        Kind::Uml => "user-mode Linux".to_owned(),
    })
}

enum Kind {
    Namespaces(User),
    Uml,
}

fn choose(needs: Needs) -> Result<Kind, String> {
    match needs {
        Needs::Namespaces => User::able_to_unshare().map(Kind::Namespaces).ok_or_else(|| {
            "neither root nor user namespaces (unshare --user --map-root-user --net fails)".to_owned()
        }),
        Needs::Ipvs if kernel_has_ipvs() && User::Root.can_unshare() => Ok(Kind::Namespaces(User::Root)),
        Needs::Ipvs | Needs::NoIpvs => uml::modules().map(|_| Kind::Uml).map_err(|_| {
            "needs user-mode Linux, which is not installed (package user-mode-linux)".to_owned()
        }),
    }
}

/// Whether the running kernel has IPVS for the caller, loading its module if need be.
pub fn kernel_has_ipvs() -> bool {
    if !geteuid().is_root() {
        return false;
    }
    if !ipvs::is_present() {
        // Refusal and absence alike show in the next line.
        let _ = Command::new("modprobe").arg("ip_vs").stderr(Stdio::null()).status();
    }
    ipvs::is_present()
}
