//! The way to the kernel's IPVS: loading it where necessary, and saying what is missing where it cannot be used.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ipvs::{Cause, Error, Handle, Refusal};

/// Why the kernel's table cannot be used.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// The kernel has no IPVS, and loading it did not help.
    NoModule(String),
    /// The right to administer it is missing.
    NotPermitted,
    /// There is no such network namespace, or it is closed to us.
    NoNamespace(PathBuf, io::Error),
    /// Anything else.
    Failed(Error),
}

impl Unusable {
    /// What an error means once the module should be there.
    fn after_modprobe(error: Error, said: String) -> Self {
        if matches!(error, Error::NoModule) { Self::NoModule(said) } else { Self::from(error) }
    }

    /// Logs it in keepalived's words, and what to do about it.
    pub(crate) fn tell(&self) {
        tracing::error!("IPVS: Can't initialize ipvs: {self}");
        tracing::error!("{}", self.advice());
    }

    /// What to do about it.
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::NoModule(modprobe) => format!(
                "This kernel ({}) has no IPVS: `modprobe ip_vs` {modprobe}. Install the kernel's modules, \
                 or run a kernel with CONFIG_IP_VS; in a container, load ip_vs on the host",
                release()
            ),
            Self::NotPermitted => {
                "IPVS needs the capability CAP_NET_ADMIN in the initial user namespace: run as root, and not in a \
                 rootless container"
                    .to_owned()
            }
            Self::NoNamespace(path, _) => format!(
                "net_namespace_ipvs names a network namespace that {} does not lead to: `ip netns add` makes one",
                path.display()
            ),
            Self::Failed(error) => format!("The kernel's IPVS does not answer as it should: {error}"),
        }
    }
}

/// keepalived's words.
impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoModule(_) => f.write_str("No such file or directory"),
            Self::NotPermitted => f.write_str("Permission denied (you must be root)"),
            Self::NoNamespace(path, error) => write!(f, "network namespace {}: {error}", path.display()),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

fn release() -> String {
    nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned()).unwrap_or_default()
}

impl From<Error> for Unusable {
    fn from(error: Error) -> Self {
        if matches!(error, Error::Refused(Refusal { cause: Cause::NotPermitted, .. })) {
            Self::NotPermitted
        } else {
            Self::Failed(error)
        }
    }
}

/// Opens the conversation, loading the kernel's module where necessary. The table is that of the network namespace behind a
/// path, or else that of the caller's.
pub(crate) async fn open(namespace: Option<&Path>) -> Result<Handle, Unusable> {
    let enter = |path: &Path| File::open(path).map_err(|error| Unusable::NoNamespace(path.into(), error));
    let namespace = namespace.map(enter).transpose()?;
    let once = async || match &namespace {
        Some(file) => Handle::open_in(file.as_fd()).await,
        None => Handle::open().await,
    };
    let mut handle = match once().await {
        Err(Error::NoModule) => {
            let said = modprobe();
            once().await.map_err(|error| Unusable::after_modprobe(error, said))?
        }
        other => other.map_err(Unusable::from)?,
    };
    handle.info().await.map_err(Unusable::from)?;
    Ok(handle)
}

/// The program by which the kernel itself loads modules.
pub(crate) fn modprobe_program() -> String {
    let program = std::fs::read_to_string("/proc/sys/kernel/modprobe").unwrap_or_default();
    match program.trim() {
        "" => "/sbin/modprobe".to_owned(),
        configured => configured.to_owned(),
    }
}

/// Loads the kernel's module as the kernel itself would, and says how that went.
fn modprobe() -> String {
    let mut command = Command::new(modprobe_program());
    command.args(["-s", "--", "ip_vs"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => "succeeded, but to no avail".to_owned(),
        Ok(status) => format!("failed ({status})"),
        Err(error) => format!("could not be run ({error})"),
    }
}
