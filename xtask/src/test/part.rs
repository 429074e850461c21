//! The parts of the test run: what each needs and how it is started.

use super::tally::Tally;
use crate::{
    install::{self, Program},
    toolchain,
};
use lab::{Outcome, While as _};
use nix::unistd::geteuid;
use std::{ffi::OsString, process::Stdio};

/// Tests that need the same things.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// What must be installed.
    pub(crate) programs: &'static [Program],
    /// The words for `cargo test`.
    targets: &'static [&'static str],
    privileges: Privileges,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Privileges {
    /// Those of the caller.
    Kept,
    /// None, also where root is the caller. A test may be ignored if it says why.
    Dropped,
}

/// All parts, the quickest first.
pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "unprivileged",
        what: "everything that needs neither privileges nor a network of its own",
        programs: &[],
        targets: &["--workspace"],
        privileges: Privileges::Dropped,
    },
    Part {
        name: "netns",
        what: "scenes in network namespaces",
        programs: &[
            install::IP,
            install::NFT,
            install::IPTABLES,
            install::IPSET,
            install::BIRD,
            install::FRR,
            install::TSHARK,
        ],
        targets: &["--package", "keepalived-rs", "--test", "netns"],
        privileges: Privileges::Kept,
    },
    Part {
        name: "compat",
        what: "scenes with Debian's keepalived as peer and oracle",
        programs: &[install::IP, install::NFT, install::KEEPALIVED],
        targets: &["--package", "keepalived-rs", "--test", "compat"],
        privileges: Privileges::Kept,
    },
    Part {
        name: "uml",
        what: "scenes with IPVS and on a kernel without it, under user-mode Linux where needed",
        programs: &[
            install::IP,
            install::MODPROBE,
            install::UML,
            install::IPVSADM,
            install::IPTABLES,
            install::NFT,
            install::KEEPALIVED,
            install::NGINX,
            install::DNSMASQ,
            install::EXIM,
        ],
        targets: &["--package", "keepalived-rs", "--test", "uml", "--test", "bare", "--test", "ipvsadm"],
        privileges: Privileges::Kept,
    },
    Part {
        name: "package",
        what: "the Debian package in a Debian of its own, the static binary in an empty root",
        programs: &[install::IP, install::DEBOOTSTRAP],
        targets: &["--package", "keepalived-rs", "--test", "package"],
        privileges: Privileges::Kept,
    },
];

impl Part {
    /// Runs it with these words and variables for its programs; what they print is passed on.
    pub(crate) fn run(&self, words: &[String], variables: &[(&str, String)]) -> Outcome<Tally> {
        let mut command = toolchain::cargo();
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.arg("test").arg("--no-fail-fast").args(self.targets).arg("--").args(words);
        if self.privileges == Privileges::Dropped && geteuid().is_root() {
            // Root without any capability may still do what belongs to it, so the build's files stay reachable.
            command.env(runner_variable()?, "setpriv --bounding-set -all --inh-caps -all --no-new-privs");
        }
        let mut child = command.stdout(Stdio::piped()).spawn().doing("cargo test")?;
        let mut tally = Tally::default();
        if let Some(output) = child.stdout.take() {
            tally.read(output);
        }
        tally.succeeded = child.wait()?.success();
        Ok(tally)
    }

    /// Why this part makes the whole run fail, if it does.
    pub(crate) fn complaint(&self, tally: &Tally) -> Option<String> {
        let name = self.name;
        if tally.failed > 0 {
            Some(format!("{name}: {} tests failed", tally.failed))
        } else if !tally.succeeded {
            Some(format!("{name}: cargo test failed"))
        } else if self.privileges == Privileges::Kept && !tally.skipped.is_empty() {
            Some(format!("{name}: {} tests that should run were skipped", tally.skipped.len()))
        } else if tally.passed == 0 {
            Some(format!("{name}: no test has run"))
        } else {
            None
        }
    }
}

/// The variable that names the program under which cargo runs tests for this machine.
fn runner_variable() -> Outcome<OsString> {
    Ok(format!("CARGO_TARGET_{}_RUNNER", toolchain::host()?.to_uppercase().replace('-', "_")).into())
}
