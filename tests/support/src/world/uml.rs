//! A world in a user-mode Linux kernel: a Linux that is a process and stands on the host's files.

use super::{
    Needs,
    namespaces::{User, dying_with_us},
    script,
    watch::{EARLY_END, watch},
};
use crate::{
    failure::{Failure, Outcome, While as _},
    scratch::Scratch,
};
use nix::sys::statvfs::statvfs;
use std::{
    ffi::OsString,
    fs,
    io::{self, Read, Write as _},
    os::unix::{fs::symlink, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

const UML: &str = "linux.uml";
/// Makes linux.uml run on newer processors, too; see its source.
const PRELOAD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/preload.so"));

const MODULES: &str = "/usr/lib/uml/modules";

/// Runs this program inside and gives its exit code.
pub(super) fn run(needs: Needs, limit: Duration) -> Outcome<u8> {
    let scratch = Scratch::new()?;
    let modules = modules()?;
    let root = scratch.path().join("root");
    let kernel = modules.file_name().unwrap_or_default();
    fs::create_dir_all(root.join("lib/modules"))?;
    symlink(&modules, root.join("lib/modules").join(kernel))?;
    // The kernel asks for the module by its name or by that of its netlink family.
    let refusal = if needs == Needs::NoIpvs { "case $* in *ip_vs* | *IPVS*) exit 1 ;; esac\n" } else { "" };
    let modprobe =
        format!("#!/bin/sh\n{refusal}exec modprobe -d {} \"$@\"\n", script::quote(root.as_os_str())?);
    script::write_executable(&scratch.path().join("modprobe"), modprobe)?;
    // Seen through a user namespace the owner of the host's files is nobody, so set-user-id programs run as nobody,
    // and Debian's mount is one. A copy is not.
    script::write_executable(
        &scratch.path().join("mount"),
        fs::read("/usr/bin/mount").doing("/usr/bin/mount")?,
    )?;
    let preload = scratch.path().join("preload.so");
    fs::write(&preload, PRELOAD)?;
    let script = script::write(&scratch, "uml", needs)?;
    let console = fs::File::create(scratch.path().join("console"))?;
    // Its helper processes would outlive a kernel that is killed, were they not in a namespace with it.
    let mut child = User::able_to_unshare()
        .map_or_else(dying_with_us, User::unshare)
        .args([UML, "mem=1G", "rootfstype=hostfs", "rootflags=/", "rw", "quiet"])
        .arg(option("init", &script))
        .env("TMPDIR", memory_folder(&scratch))
        .env("LD_PRELOAD", preload)
        .arg(option("uml_dir", scratch.path()))
        .args(["con=null", "con0=null,fd:2", "ssl0=null,fd:1", "console=tty0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(console)
        .process_group(0)
        .spawn()
        .doing("cannot run linux.uml (package user-mode-linux)")?;
    let output = child.stdout.take().map(|output| thread::spawn(move || pass_on(output)));
    let powered_off = watch(child, limit);
    if let Some(output) = output {
        // A panic in there has been printed.
        let _ = output.join();
    }
    let powered_off = powered_off?;
    if powered_off >= EARLY_END {
        return Ok(powered_off);
    }
    let status = fs::read_to_string(scratch.path().join("status"));
    status.ok().and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
        let console = fs::read_to_string(scratch.path().join("console")).unwrap_or_default();
        Failure::new(format!("user-mode Linux ended without a result; its console said:\n{console}"))
    })
}

/// Where the kernel keeps its memory: in memory, or where that is scarce (it is in containers) in a file.
fn memory_folder(scratch: &Scratch) -> PathBuf {
    const ENOUGH: u64 = 1 << 30;
    let shared = Path::new("/dev/shm");
    let free = statvfs(shared).map(|volume| volume.blocks_available() * volume.fragment_size());
    if free.is_ok_and(|free| free >= ENOUGH) { shared.to_owned() } else { scratch.path().to_owned() }
}

fn pass_on(mut output: impl Read) {
    let mut buffer = [0; 4096];
    let mut stdout = io::stdout();
    while let Ok(length @ 1..) = output.read(&mut buffer) {
        // A reader of ours that has gone is no reason to end the world early.
        let _ = stdout.write_all(&buffer[..length]).and_then(|()| stdout.flush());
    }
}

/// The folder with the modules of the installed user-mode Linux.
pub(super) fn modules() -> Outcome<PathBuf> {
    let mut kernels: Vec<_> =
        fs::read_dir(MODULES).doing(MODULES)?.flatten().map(|entry| entry.path()).collect();
    kernels.sort();
    kernels.pop().ok_or_else(|| Failure::new(format!("{MODULES} is empty")))
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(format!("{name}="));
    option.push(path);
    option
}
