//! What the service manager is told (sd_notify(3)): that all is well, what is going on, and in a few words how things are.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use nix::errno::Errno;
use sd_notify::NotifyState;

use crate::exit::Exit;

/// Where it listens: the path of a socket, or with an `@` a name without a file.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// How long a manager may take to make room for a message. Children that end must not wait for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The service manager, if there is one.
#[derive(Debug)]
pub(super) struct Manager {
    socket: Option<SocketAddr>,
    /// The last words it was told.
    told: String,
}

impl Manager {
    /// The one that the environment names.
    pub(super) fn of_environment() -> Self {
        let name = std::env::var_os(VARIABLE);
        let socket = name.as_deref().and_then(|name| {
            address(name)
                .inspect_err(|error| tracing::info!("{VARIABLE} {} cannot be used: {error}", name.display()))
                .ok()
        });
        Self { socket, told: String::new() }
    }

    /// Workers are as configured.
    pub(super) fn ready(&self) {
        self.tell(&[NotifyState::Ready, NotifyState::MainPid(std::process::id())]);
    }

    /// A reload was asked for and refused, which is the end of it.
    pub(super) fn still_ready(&self) {
        self.tell(&[NotifyState::Ready]);
    }

    /// Another configuration is being put in force.
    pub(super) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(_) => self.tell(&[NotifyState::Reloading]),
        }
    }

    /// Everything is about to end.
    pub(super) fn stopping(&self) {
        self.tell(&[NotifyState::Stopping]);
    }

    /// A worker met an error that a restart cannot mend.
    pub(super) fn failed(&self, exit: Exit) {
        let errno = if exit == Exit::NoPermission { Errno::EPERM } else { Errno::EINVAL };
        self.tell(&[NotifyState::Errno(errno as u32)]);
    }

    /// The supervisor is alive, and these words say how things are.
    pub(super) fn alive(&mut self, words: String) {
        let mut states = Vec::new();
        if sd_notify::watchdog_enabled().is_some() {
            states.push(NotifyState::Watchdog);
        }
        if words != self.told {
            states.push(NotifyState::Status(&words));
        }
        if !states.is_empty() {
            self.tell(&states);
        }
        self.told = words;
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        let Some(socket) = &self.socket else { return };
        let message: String = states.iter().map(|state| format!("{state}\n")).collect();
        if let Err(error) = send(socket, &message) {
            tracing::debug!("Unable to notify the service manager: {error}");
        }
    }
}

/// The time between two heartbeats: a second, or less where the service manager's watchdog bites sooner.
pub(super) fn beat() -> Duration {
    let second = Duration::from_secs(1);
    sd_notify::watchdog_enabled()
        .map_or(second, |limit| second.min(limit / 2))
        .max(Duration::from_millis(100))
}

fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "neither a path nor a name that begins with @")),
    }
}

fn send(to: &SocketAddr, message: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.send_to_addr(message.as_bytes(), to).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hears(name: &str) -> String {
        let address = address(OsStr::new(name)).expect("a name of a socket");
        let listening = UnixDatagram::bind_addr(&address).expect("a socket");
        let manager = Manager { socket: Some(address), told: String::new() };
        manager.still_ready();
        let mut heard = [0; 64];
        let length = listening.recv(&mut heard).expect("a message");
        String::from_utf8_lossy(&heard[..length]).into_owned()
    }

    #[test]
    fn a_manager_listens_at_a_path_or_by_a_name_without_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(hears(&folder.path().join("notify").display().to_string()), "READY=1\n");
        assert_eq!(hears(&format!("@keepalived-rs-{}", std::process::id())), "READY=1\n");
    }

    #[test]
    fn what_is_no_address_is_told_apart() {
        for name in ["relative", "", "vsock:2:1234"] {
            assert!(address(OsStr::new(name)).is_err(), "{name}");
        }
    }

    /// Systemd reads on, but nothing says when.
    #[test]
    fn a_manager_that_does_not_read_holds_nothing_up_for_long() {
        let name = format!("@keepalived-rs-full-{}", std::process::id());
        let address = address(OsStr::new(&name)).expect("a name of a socket");
        let _listening = UnixDatagram::bind_addr(&address).expect("a socket");
        let full =
            (0..10_000).find_map(|_| send(&address, "WATCHDOG=1\n").err()).expect("an end of the room");
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    }
}
