//! A world of fresh namespaces of the running kernel.

use super::{Needs, script, watch::watch};
use crate::{
    failure::{Outcome, While as _},
    scratch::Scratch,
};
use nix::unistd::geteuid;
use std::{
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
    time::Duration,
};

/// As whom namespaces are made.
#[derive(Clone, Copy)]
pub(super) enum User {
    /// The true root.
    Root,
    /// Root of a user namespace only.
    Mapped,
}

impl User {
    /// The mightiest that can make namespaces on this machine.
    pub(super) fn able_to_unshare() -> Option<Self> {
        [Self::Root, Self::Mapped].into_iter().find(|user| user.can_unshare())
    }

    /// Whether this caller can, on this machine.
    pub(super) fn can_unshare(self) -> bool {
        let allowed = matches!(self, Self::Mapped) || geteuid().is_root();
        let mut trial = self.unshare();
        trial.args(["--net", "ip", "link"]).stdout(Stdio::null()).stderr(Stdio::null());
        allowed && trial.status().is_ok_and(|status| status.success())
    }

    /// The command that runs another in new namespaces, the network aside. It dies with us, and everything inside dies
    /// with it.
    pub(super) fn unshare(self) -> Command {
        let mut command = dying_with_us();
        command.arg("unshare");
        match self {
            Self::Root => {}
            Self::Mapped => drop(command.args(["--user", "--map-root-user"])),
        }
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command
    }
}

/// The command that runs another so that it is killed when we die.
pub(super) fn dying_with_us() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    command
}

/// Runs this program inside and gives its exit code.
pub(super) fn run(user: User, limit: Duration) -> Outcome<u8> {
    let scratch = Scratch::new()?;
    let script = script::write(&scratch, "namespaces", Needs::Namespaces)?;
    let child = user
        .unshare()
        .args(["--net", "sh"])
        .arg(script)
        .args(script::this_program()?)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .doing("cannot run unshare (package util-linux)")?;
    watch(child, limit)
}
