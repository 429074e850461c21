//! Where this daemon lives: its network namespace, its instance name, and what follows from them for its pid files and
//! syslog idents. Decided once, at the start; a reload cannot change it.

use std::fmt;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount, umount};
use nix::sched::{CloneFlags, setns, unshare};
use parser::config::Global;

use crate::cli::Options;
use crate::namespace;
use crate::plan;
use crate::worker::Role;

/// Where pid files are kept.
const RUN: &str = "/run";

/// The folder of daemons with a name or a namespace, and of those with `use_pid_dir`.
const OWN_RUN: &str = "/run/keepalived";

/// What a daemon lives in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// `--namespace`, else `net_namespace`.
    namespace: Option<String>,
    /// `net_namespace_ipvs`.
    ipvs: Option<PathBuf>,
    /// `instance`.
    instance: Option<String>,
    /// `use_pid_dir`, which the two above imply.
    own_folder: bool,
}

/// Why a namespace could not be entered.
#[derive(Debug)]
pub(crate) struct NoEntry {
    namespace: String,
    step: Step,
    source: io::Error,
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Open,
    Enter,
}

impl NoEntry {
    /// What could not be opened, in keepalived's words, if that was it.
    pub(crate) fn not_opened(&self) -> Option<String> {
        let Self { namespace, step, source } = self;
        let file = namespace::file(namespace);
        (*step == Step::Open).then(|| format!("Failed to open {} - {source}", file.display()))
    }
}

impl fmt::Display for NoEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, step, source } = self;
        let step = match step {
            Step::Open => "open",
            Step::Enter => "setns",
        };
        write!(f, "Unable to set network namespace {namespace} - exiting ({step}: {source})")
    }
}

impl std::error::Error for NoEntry {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Place {
    /// What command line and configuration say. The command line wins.
    pub(crate) fn of(global: &Global, options: &Options) -> Self {
        let configured = global.net_namespace.as_ref().map(|name| name.value.clone());
        let namespace = options.namespace.clone().or(configured);
        Self {
            own_folder: global.use_pid_dir || namespace.is_some() || global.instance.is_some(),
            namespace,
            ipvs: plan::ipvs::namespace(global),
            instance: global.instance.clone(),
        }
    }

    /// Which change makes a reload impossible, in keepalived's words.
    pub(crate) fn change(&self, new: &Self) -> Option<&'static str> {
        if self.namespace != new.namespace {
            Some("Cannot change network namespace at a reload - please restart keepalived")
        } else if self.ipvs != new.ipvs {
            Some("Cannot change IPVS network namespace at a reload - please restart keepalived")
        } else if self.instance != new.instance {
            Some("Cannot change instance name at a reload - please restart keepalived")
        } else {
            None
        }
    }

    /// Moves the process into its network namespace. To be called before any thread exists.
    pub(crate) fn enter(&self) -> Result<(), NoEntry> {
        let Some(name) = &self.namespace else { return Ok(()) };
        let failed = |step| move |source| NoEntry { namespace: name.clone(), step, source };
        let file = File::open(namespace::file(name)).map_err(failed(Step::Open))?;
        setns(file, CloneFlags::CLONE_NEWNET).map_err(io::Error::from).map_err(failed(Step::Enter))
    }

    /// Makes the folder of the pid files. A daemon in a namespace sees its own folder in the common one's place, so that
    /// several daemons can use the same names.
    pub(crate) fn settle(&self) -> io::Result<()> {
        if !self.own_folder {
            return Ok(());
        }
        make_folder(Path::new(OWN_RUN))?;
        if let Some(folder) = self.folder_outside() {
            make_folder(&folder)?;
            unshare(CloneFlags::CLONE_NEWNS)?;
            let none = None::<&Path>;
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none)?;
            mount(Some(&folder), OWN_RUN, none, MsFlags::MS_BIND, none)?;
        }
        Ok(())
    }

    /// Undoes [`Place::settle`], as far as the folders are empty.
    pub(crate) fn leave(&self) {
        if !self.own_folder {
            return;
        }
        if let Some(folder) = self.folder_outside() {
            if let Err(errno) = umount(OWN_RUN) {
                tracing::info!("Unable to unmount {OWN_RUN}: {errno}");
            }
            let _ = std::fs::remove_dir(folder);
        }
        // Others may keep files there; then it stays.
        let _ = std::fs::remove_dir(OWN_RUN);
    }

    fn folder_outside(&self) -> Option<PathBuf> {
        Some(Path::new(OWN_RUN).join(self.namespace.as_ref()?))
    }

    /// The supervisor's pid file, unless the command line names one.
    pub(crate) fn pid_path(&self) -> PathBuf {
        self.path("keepalived")
    }

    /// A worker's pid file, unless the command line names one.
    pub(crate) fn worker_pid_path(&self, role: Role) -> PathBuf {
        self.path(match role {
            Role::Checkers => "checkers",
            Role::Vrrp => "vrrp",
            Role::Bfd => "bfd",
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        let folder = Path::new(if self.own_folder { OWN_RUN } else { RUN });
        match &self.instance {
            Some(instance) => folder.join(format!("{name}_{instance}.pid")),
            None => folder.join(format!("{name}.pid")),
        }
    }

    /// The network namespace, if it is another than the one the daemon was started in.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// What tells this daemon from others on the machine, if anything does.
    pub(crate) fn label(&self) -> Option<String> {
        let names: Vec<_> = self.namespace.iter().chain(&self.instance).map(String::as_str).collect();
        (!names.is_empty()).then(|| names.join("_"))
    }

    /// The syslog ident that a process called `name` has here.
    pub(crate) fn ident(&self, name: &str) -> String {
        let mut ident = name.to_owned();
        for part in self.namespace.iter().chain(&self.instance) {
            ident.push('_');
            ident.push_str(part);
        }
        ident
    }
}

/// Where `reload_file` is: as configured, or next to the supervisor's pid file.
pub(crate) fn reload_file(configured: &str, pid_file: &Path) -> PathBuf {
    if configured.is_empty() { pid_file.with_extension("reload") } else { configured.into() }
}

fn make_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o755).create(path) {
        // The umask is stricter than what other users' tools need.
        Ok(()) => std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(namespace: Option<&str>, instance: Option<&str>) -> Place {
        let global = Global { instance: instance.map(Into::into), ..Global::default() };
        let options = Options { namespace: namespace.map(Into::into), ..Options::default() };
        Place::of(&global, &options)
    }

    #[test]
    fn the_reload_file_is_next_to_the_pid_file_unless_it_is_named() {
        let pid_file = Path::new("/run/keepalived_a.pid");
        assert_eq!(reload_file("", pid_file), Path::new("/run/keepalived_a.reload"));
        assert_eq!(reload_file("/x/y", pid_file), Path::new("/x/y"));
    }

    #[test]
    fn pid_files_are_named_after_instance_and_namespace() {
        let plain = place(None, None);
        assert_eq!(plain.pid_path(), Path::new("/run/keepalived.pid"));
        assert_eq!(plain.worker_pid_path(Role::Checkers), Path::new("/run/checkers.pid"));
        let named = place(None, Some("X"));
        assert_eq!(named.pid_path(), Path::new("/run/keepalived/keepalived_X.pid"));
        assert_eq!(named.worker_pid_path(Role::Vrrp), Path::new("/run/keepalived/vrrp_X.pid"));
        let spaced = place(Some("ns1"), None);
        assert_eq!(spaced.pid_path(), Path::new("/run/keepalived/keepalived.pid"));
    }

    #[test]
    fn idents_carry_both_names() {
        assert_eq!(place(Some("ns1"), Some("i1")).ident("Keepalived"), "Keepalived_ns1_i1");
        assert_eq!(place(None, Some("i1")).ident("Keepalived_vrrp"), "Keepalived_vrrp_i1");
    }

    #[test]
    fn a_reload_that_moves_the_daemon_is_named() {
        let here = place(Some("a"), Some("x"));
        assert_eq!(here.change(&here), None);
        assert!(here.change(&place(Some("b"), Some("x"))).is_some_and(|text| text.contains("namespace")));
        assert!(here.change(&place(Some("a"), Some("y"))).is_some_and(|text| text.contains("instance")));
    }

    #[test]
    fn a_namespace_that_does_not_exist_is_named() {
        let error = place(Some("no such namespace"), None).enter().unwrap_err();
        let file = error.not_opened().expect("it is not there");
        assert!(file.starts_with("Failed to open /run/netns/no such namespace - "), "{file}");
        let error = error.to_string();
        assert!(error.starts_with("Unable to set network namespace no such namespace - exiting"), "{error}");
    }
}
