//! Where scenes take place: a world of its own for one program, in which it is root and can leave nothing behind.
//!
//! A program calls [`enter`] first thing. The call starts the same program again, either in fresh namespaces of the
//! running kernel or, where IPVS is asked for and the running kernel has none, inside a user-mode Linux kernel that
//! stands on the host's files. When that world's first process ends, or this one dies, however suddenly, the kernel
//! ends everything in it.

use crate::{
    failure::{Failure, Outcome, While as _},
    ipvs,
    scratch::Scratch,
};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::{Pid, geteuid},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};
use std::{
    env,
    ffi::OsStr,
    fmt::Write as _,
    fs,
    io::{self, IsTerminal as _, Read, Write as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const MARK: &str = "LAB_WORLD";
const UML: &str = "linux.uml";
const UML_MODULES: &str = "/usr/lib/uml/modules";

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
        Ok(Kind::Namespaces(user)) => in_namespaces(user, limit),
        Ok(Kind::Uml) => in_uml(needs, limit),
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

#[derive(Clone, Copy)]
enum User {
    /// The true root.
    Root,
    /// Root of a user namespace only.
    Mapped,
}

fn choose(needs: Needs) -> Result<Kind, String> {
    match needs {
        Needs::Namespaces => {
            [User::Root, User::Mapped].into_iter().find(|user| can_unshare(*user)).map_or_else(
                || {
                    Err("neither root nor user namespaces (unshare --user --map-root-user --net fails)"
                        .to_owned())
                },
                |user| Ok(Kind::Namespaces(user)),
            )
        }
        Needs::Ipvs if kernel_has_ipvs() && can_unshare(User::Root) => Ok(Kind::Namespaces(User::Root)),
        Needs::Ipvs | Needs::NoIpvs => uml_modules().map(|_| Kind::Uml).map_err(|_| {
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

fn can_unshare(user: User) -> bool {
    let allowed = matches!(user, User::Mapped) || geteuid().is_root();
    let trial =
        || unshare(user).args(["--net", "ip", "link"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    allowed && trial().is_ok_and(|status| status.success())
}

/// The command that runs another so that it is killed when we die.
fn dying_with_us() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    command
}

/// The command that runs another in new namespaces, the network aside. It dies with us, and everything inside dies
/// with it.
fn unshare(user: User) -> Command {
    let mut command = dying_with_us();
    command.arg("unshare");
    match user {
        User::Root => {}
        User::Mapped => drop(command.args(["--user", "--map-root-user"])),
    }
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command
}

fn in_namespaces(user: User, limit: Duration) -> Outcome<u8> {
    let scratch = Scratch::new()?;
    let script = write_script(&scratch, "namespaces", Needs::Namespaces)?;
    let child = unshare(user)
        .args(["--net", "sh"])
        .arg(script)
        .args(this_program()?)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .doing("cannot run unshare (package util-linux)")?;
    let status = watch(child, limit)?;
    Ok(status)
}

fn in_uml(needs: Needs, limit: Duration) -> Outcome<u8> {
    let scratch = Scratch::new()?;
    let modules = uml_modules()?;
    let root = scratch.path().join("root");
    let kernel = modules.file_name().unwrap_or_default();
    fs::create_dir_all(root.join("lib/modules"))?;
    std::os::unix::fs::symlink(&modules, root.join("lib/modules").join(kernel))?;
    // The kernel asks for the module by its name or by that of its netlink family.
    let refusal = if needs == Needs::NoIpvs { "case $* in *ip_vs* | *IPVS*) exit 1 ;; esac\n" } else { "" };
    let modprobe = format!("#!/bin/sh\n{refusal}exec modprobe -d {} \"$@\"\n", quote(root.as_os_str())?);
    write_executable(&scratch.path().join("modprobe"), modprobe)?;
    // Seen through a user namespace the owner of the host's files is nobody, so set-user-id programs run as nobody,
    // and Debian's mount is one. A copy is not.
    write_executable(&scratch.path().join("mount"), fs::read("/usr/bin/mount").doing("/usr/bin/mount")?)?;
    let script = write_script(&scratch, "uml", needs)?;
    let console = fs::File::create(scratch.path().join("console"))?;
    // Its helper processes would outlive a kernel that is killed, were they not in a namespace with it.
    let mut child = match [User::Root, User::Mapped].into_iter().find(|user| can_unshare(*user)) {
        Some(user) => unshare(user),
        None => dying_with_us(),
    };
    let mut child = child
        .args([UML, "mem=1G", "rootfstype=hostfs", "rootflags=/", "rw", "quiet"])
        .arg(option("init", &script))
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

/// Exit codes from here on mean that the world was ended from outside.
const EARLY_END: u8 = 124;

/// Waits for the end of a world. Ends it early when the limit is reached or somebody interrupts us.
fn watch(mut child: Child, limit: Duration) -> Outcome<u8> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    let deadline = Instant::now() + limit;
    let group = Pid::from_raw(child.id().cast_signed());
    loop {
        if let Some(status) = child.try_wait()? {
            let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
            return Ok(u8::try_from(code).unwrap_or(1));
        }
        let (ended, code) = if interrupted.load(Ordering::Relaxed) {
            (true, 130)
        } else {
            (Instant::now() >= deadline, EARLY_END)
        };
        if ended {
            killpg(group, Signal::SIGKILL)?;
            child.wait()?;
            if code == EARLY_END {
                eprintln!("\nended after the limit of {} s", limit.as_secs());
            } else {
                eprintln!("\ninterrupted; everything that was started has ended");
            }
            return Ok(code);
        }
        thread::sleep(Duration::from_millis(10));
    }
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
fn uml_modules() -> Outcome<PathBuf> {
    let mut kernels: Vec<_> =
        fs::read_dir(UML_MODULES).doing(UML_MODULES)?.flatten().map(|entry| entry.path()).collect();
    kernels.sort();
    kernels.pop().ok_or_else(|| Failure::new(format!("{UML_MODULES} is empty")))
}

fn this_program() -> Outcome<Vec<std::ffi::OsString>> {
    let mut words = vec![env::current_exe()?.into_os_string()];
    words.extend(env::args_os().skip(1));
    Ok(words)
}

/// The first process of a world as a script: what the other side cannot inherit, then the fixed part.
fn write_script(scratch: &Scratch, world: &str, needs: Needs) -> Outcome<PathBuf> {
    let mut text = String::from("#!/bin/sh\n");
    if world == "uml" {
        for (name, value) in env::vars_os() {
            let Some(name) = name.to_str().filter(|name| is_variable(name)) else { continue };
            writeln!(text, "export {name}={}", quote(&value)?)?;
        }
        if !io::stdout().is_terminal() {
            // Inside, it looks like one.
            writeln!(text, "export NO_COLOR=1")?;
        }
        writeln!(text, "cd {}", quote(env::current_dir()?.as_os_str())?)?;
        let words: Vec<_> = this_program()?.iter().map(|word| quote(word)).collect::<Outcome<_>>()?;
        writeln!(text, "set -- {}", words.join(" "))?;
    }
    // Neither cron's nor an ordinary user's PATH has the folders of ip, modprobe and keepalived.
    writeln!(text, "export PATH=\"$PATH:/usr/local/sbin:/usr/sbin:/sbin\"")?;
    writeln!(text, "export {MARK}={world}")?;
    writeln!(text, "SCRATCH={}", quote(scratch.path().as_os_str())?)?;
    writeln!(text, "LAB_MODULES=\"{}\"", if needs == Needs::Ipvs { "ip_vs" } else { "" })?;
    text.push_str(include_str!("world.sh"));
    let path = scratch.path().join("world.sh");
    write_executable(&path, text)?;
    Ok(path)
}

fn write_executable(path: &Path, content: impl AsRef<[u8]>) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, content).doing(path.display())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).doing(path.display())
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn quote(word: &OsStr) -> Outcome<String> {
    let word = word.to_str().ok_or_else(|| Failure::new(format!("{} is not UTF-8", word.display())))?;
    Ok(format!("'{}'", word.replace('\'', r"'\''")))
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(format!("{name}="));
    option.push(path);
    option
}
