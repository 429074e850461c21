//! A keepalived on a node: ours or another one, chosen by its path.

use crate::{
    failure::{Outcome, While as _},
    journal::{Journal, Line, Mark},
    process::Process,
    scene::Node,
};
use nix::{sys::signal::Signal, unistd::Pid};
use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

/// Where Debian installs the original.
pub const ORIGINAL: &str = "/usr/sbin/keepalived";

/// A keepalived program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary(PathBuf);

impl Binary {
    /// The one under test: `ours`, or the one at the path in `KEEPALIVED_UNDER_TEST`, with which a new scene first
    /// proves itself.
    pub fn under_test(ours: &str) -> Self {
        Self(env::var_os("KEEPALIVED_UNDER_TEST").map_or_else(|| ours.into(), PathBuf::from))
    }

    /// Debian's.
    pub fn original() -> Self {
        Self(ORIGINAL.into())
    }
}

impl AsRef<Path> for Binary {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl From<&Path> for Binary {
    fn from(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

/// The configuration as the daemon of a node names it; kept out of `/etc`, which nodes share.
pub const CONFIG: &str = "/run/keepalived.conf";

/// The pid files of [`Keepalived`] as its node names them: supervisor, VRRP and checkers.
pub const PID_FILES: [&str; 3] = ["/run/keepalived.pid", "/run/vrrp.pid", "/run/checkers.pid"];

/// A running keepalived in the foreground, logging to its journal in detail.
#[derive(Debug)]
pub struct Keepalived {
    process: Process,
    config: PathBuf,
    pid_files: [PathBuf; 3],
    bfd_pid_file: PathBuf,
}

impl Keepalived {
    /// Writes `config` on `node` and starts `binary` there.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(node: &Node, binary: &Binary, config: &str) -> Outcome<Self> {
        Self::run(node, Command::new(binary.as_ref()), config)
    }

    /// As [`start`](Self::start), with more options.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_telling(node: &Node, binary: &Binary, options: &[&str], config: &str) -> Outcome<Self> {
        Self::start_in(node, binary, options, &[], config)
    }

    /// The same with these variables in its environment.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_in(
        node: &Node,
        binary: &Binary,
        options: &[&str],
        environment: &[(&str, &str)],
        config: &str,
    ) -> Outcome<Self> {
        let mut command = Command::new(binary.as_ref());
        command.args(options).envs(environment.iter().copied());
        Self::run(node, command, config)
    }

    /// As [`start`](Self::start), as the first process of a container, that is of a namespace of process numbers. It is the
    /// only child of [`process`](Self::process), which only waits for it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_first(node: &Node, binary: &Binary, config: &str) -> Outcome<Self> {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]).arg(binary.as_ref());
        Self::run(node, command, config)
    }

    /// As [`start_in`](Self::start_in), as the child of a first process that is called `systemd`: keepalived speaks to no
    /// other service manager. It is the only child of the only child of [`process`](Self::process).
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_under_systemd(
        node: &Node,
        binary: &Binary,
        environment: &[(&str, &str)],
        config: &str,
    ) -> Outcome<Self> {
        const MANAGER: &str = "/run/systemd";
        let file = node.outside(MANAGER);
        // The name of the process is that of the script. The signal to stop is the daemon's.
        fs::write(
            &file,
            "#!/bin/sh\ntrap : TERM\n\"$@\" &\nwhile ! wait $!; do kill -0 $! 2>/dev/null || break; done\n",
        )
        .doing(MANAGER)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).doing(MANAGER)?;
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child", MANAGER]).arg(binary.as_ref());
        command.envs(environment.iter().copied());
        Self::run(node, command, config)
    }

    /// As [`start`](Self::start), as a root that lacks a capability (in the spelling of setpriv).
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_without(node: &Node, binary: &Binary, config: &str, capability: &str) -> Outcome<Self> {
        let mut command = Command::new("setpriv");
        command.arg(format!("--bounding-set=-{capability}")).arg(format!("--inh-caps=-{capability}"));
        command.arg(binary.as_ref());
        Self::run(node, command, config)
    }

    /// As [`start`](Self::start), as the user `nobody` with these capabilities and no others (in the spelling of setpriv).
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_as_nobody(
        node: &Node,
        binary: &Binary,
        config: &str,
        capabilities: &[&str],
    ) -> Outcome<Self> {
        for folder in ["/run", "/tmp"] {
            fs::set_permissions(node.outside(folder), fs::Permissions::from_mode(0o1777)).doing(folder)?;
        }
        let kept: String = capabilities.iter().map(|name| format!(",+{name}")).collect();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]);
        command.args(["inh", "ambient"].map(|set| format!("--{set}-caps=-all{kept}")));
        command.arg(binary.as_ref());
        Self::run(node, command, config)
    }

    fn run(node: &Node, mut command: Command, config: &str) -> Outcome<Self> {
        write_config(&node.outside(CONFIG), config)?;
        let [pid, vrrp, checkers] = PID_FILES;
        command.args(["-n", "-l", "-D", "-f", CONFIG, "-p", pid, "-r", vrrp, "-c", checkers]);
        Ok(Self {
            process: Process::start(node, command)?,
            config: node.outside(CONFIG),
            pid_files: PID_FILES.map(|file| node.outside(file)),
            bfd_pid_file: node.outside("/run/bfd.pid"),
        })
    }

    /// What it has logged.
    pub fn journal(&self) -> &Journal {
        self.process.journal()
    }

    /// The supervising process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The worker processes, oldest first.
    pub fn workers(&self) -> Vec<Pid> {
        self.process.children()
    }

    /// The process whose number is in the VRRP pid file.
    pub fn vrrp_worker(&self) -> Option<Pid> {
        let [_, vrrp, _] = &self.pid_files;
        pid_in(vrrp)
    }

    /// The process whose number is in the checkers' pid file.
    pub fn checkers_worker(&self) -> Option<Pid> {
        let [_, _, checkers] = &self.pid_files;
        pid_in(checkers)
    }

    /// The process whose number is in the BFD pid file.
    pub fn bfd_worker(&self) -> Option<Pid> {
        pid_in(&self.bfd_pid_file)
    }

    /// The pid files that exist.
    pub fn pid_files(&self) -> Vec<&Path> {
        self.pid_files.iter().map(PathBuf::as_path).filter(|file| file.exists()).collect()
    }

    /// Waits for a log line that contains `words`, from the start on.
    ///
    /// # Errors
    /// None came in time.
    pub fn logs(&self, words: &str, within: Duration) -> Outcome<Line> {
        self.journal().wait(Mark::default(), words, within)
    }

    /// Replaces its configuration without telling it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_config(&self, text: &str) -> Outcome {
        write_config(&self.config, text)
    }

    /// Removes its configuration without telling it.
    ///
    /// # Errors
    /// The file is gone already.
    pub fn remove_config(&self) -> Outcome {
        fs::remove_file(&self.config).doing(self.config.display())
    }

    /// Tells it to read its configuration again.
    ///
    /// # Errors
    /// It is gone.
    pub fn reload(&self) -> Outcome {
        self.process.signal(Signal::SIGHUP)
    }

    /// Tells it to stop, and waits for the end.
    ///
    /// # Errors
    /// It is gone already, or takes longer than ten seconds.
    pub fn stop(&mut self) -> Outcome<ExitStatus> {
        self.process.signal(Signal::SIGTERM)?;
        self.process.wait(Duration::from_secs(10))
    }

    /// Kills supervisor and workers in one go.
    pub fn cut(&mut self) {
        self.process.cut();
    }
}

fn write_config(path: &Path, text: &str) -> Outcome {
    fs::write(path, text).doing(path.display())
}

fn pid_in(file: &Path) -> Option<Pid> {
    fs::read_to_string(file).ok()?.trim().parse().ok().map(Pid::from_raw)
}
