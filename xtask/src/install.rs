//! Debian packages the commands need, installed when their programs are missing.

use crate::toolchain;
use lab::{Failure, Outcome, While as _};
use nix::unistd::geteuid;
use std::{env, path::Path, process::Command};

/// A program and the Debian package that has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    name: &'static str,
    package: &'static str,
}

/// Moves interfaces and addresses.
pub(crate) const IP: Program = Program { name: "ip", package: "iproute2" };
/// Loads kernel modules.
pub(crate) const MODPROBE: Program = Program { name: "modprobe", package: "kmod" };
/// A Linux kernel that is a program.
pub(crate) const UML: Program = Program { name: "linux.uml", package: "user-mode-linux" };
/// Shows the IPVS table.
pub(crate) const IPVSADM: Program = Program { name: "ipvsadm", package: "ipvsadm" };
/// Makes netfilter's rules.
pub(crate) const IPTABLES: Program = Program { name: "iptables-legacy", package: "iptables" };
/// Makes nftables' rules.
pub(crate) const NFT: Program = Program { name: "nft", package: "nftables" };
/// Makes sets for iptables.
pub(crate) const IPSET: Program = Program { name: "ipset", package: "ipset" };
/// Makes a small Debian in a folder.
pub(crate) const DEBOOTSTRAP: Program = Program { name: "debootstrap", package: "debootstrap" };
/// The original, as peer and oracle.
pub(crate) const KEEPALIVED: Program = Program { name: "keepalived", package: "keepalived" };

/// Says what is in a packet.
pub(crate) const TSHARK: Program = Program { name: "tshark", package: "tshark" };
/// A web server.
pub(crate) const NGINX: Program = Program { name: "nginx", package: "nginx-light" };
/// A name server.
pub(crate) const DNSMASQ: Program = Program { name: "dnsmasq", package: "dnsmasq-base" };
/// A mail server.
pub(crate) const EXIM: Program = Program { name: "exim4", package: "exim4-daemon-light" };
/// BIRD, whose BFD is a peer for ours.
pub(crate) const BIRD: Program = Program { name: "bird", package: "bird2" };
/// FRR, for the same.
pub(crate) const FRR: Program = Program { name: "vtysh", package: "frr" };

/// Installs the packages of those programs that are missing.
///
/// # Errors
/// One is missing and there is no way to install it.
pub(crate) fn ensure(programs: &[Program]) -> Outcome {
    let packages: Vec<_> =
        programs.iter().filter(|wanted| !is_there(wanted.name)).map(|wanted| wanted.package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    println!("installing {}", packages.join(", "));
    apt_get(&["update", "--quiet=2"])?;
    // Only programs are wanted; keepalived's service does not start as long as nobody has configured it.
    apt_get(&[&["install", "--quiet=2", "--yes", "--no-install-recommends"], &packages[..]].concat())
}

/// Installs cargo-deb with cargo when it is missing.
///
/// # Errors
/// It cannot be built.
pub(crate) fn ensure_cargo_deb() -> Outcome {
    let there = toolchain::cargo().args(["deb", "--version"]).output().doing("cargo deb")?;
    if there.status.success() {
        return Ok(());
    }
    println!("installing cargo-deb");
    // Unoptimised: it runs once, and its build is what takes time.
    let status = toolchain::cargo()
        .args(["install", "--locked", "--debug", "cargo-deb"])
        .status()
        .doing("cargo install")?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("cargo install cargo-deb failed: {status}")))
    }
}

fn apt_get(words: &[&str]) -> Outcome {
    let mut command = if geteuid().is_root() {
        Command::new("apt-get")
    } else if is_there("sudo") {
        let mut command = Command::new("sudo");
        command.arg("apt-get");
        command
    } else {
        return Err(Failure::new(format!("neither root nor sudo; please run: apt-get {}", words.join(" "))));
    };
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    let status = command.status().doing("cannot run apt-get")?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("apt-get {} failed: {status}", words.join(" "))))
    }
}

/// Whether a program is installed, also where an ordinary user's PATH does not look.
fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(Into::into);
    env::split_paths(&path).chain(system).any(|folder| Path::new(&folder).join(program).exists())
}
