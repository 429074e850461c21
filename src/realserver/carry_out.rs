//! Makes the changes and takes them back.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::process::Command;

use futures_util::TryStreamExt as _;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use nix::errno::Errno;
use rtnetlink::{Handle, LinkUnspec};

use super::host::{ANY, OVER_IPV6, inside_ipv6, parameter};
use super::state::{State, Undo};
use super::step::Change;
use crate::unusable;

/// A conversation with the kernel.
#[derive(Debug)]
pub(super) struct Hands {
    handle: Handle,
    connection: tokio::task::JoinHandle<()>,
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Hands {
    /// Opens it in the network namespace of the calling thread.
    pub(super) fn new() -> io::Result<Self> {
        let (connection, handle, _) = rtnetlink::new_connection()?;
        Ok(Self { handle, connection: tokio::spawn(connection) })
    }

    /// Makes a change. How to take it back is written down before, so that a death in between forgets nothing.
    pub(super) async fn make(&self, change: &Change, state: &mut State) -> io::Result<()> {
        match change {
            Change::Set { path, value } => {
                let (before, given) = (parameter(path)?, value.to_string());
                if before == given {
                    return Ok(());
                }
                remember(state, Undo::Reset { path: path.clone(), before, given: given.clone() })?;
                fs::write(format!("/proc/sys/{path}"), given)
            }
            // It stays loaded: others may use it by the time of the undoing, and it does nothing of its own accord.
            Change::Load(module) => run(&unusable::modprobe_program(), &[module]),
            Change::Up(device) => {
                remember(state, Undo::Down((*device).to_owned()))?;
                self.switch(device, true).await
            }
            Change::TakeBoth => {
                remember(state, Undo::Mode(inside_ipv6()?))?;
                change_mode(ANY)
            }
            Change::Open { v6, port } => {
                remember(state, Undo::Close { v6: *v6, port: *port })?;
                fou(*v6, &["add", "port", &port.to_string(), "gue"])
            }
            Change::Add { address, device } => {
                remember(state, Undo::Remove { address: *address, device: (*device).to_owned() })?;
                self.add(*address, device).await
            }
        }
    }

    /// Takes a change back. Says why not, if somebody else has changed the same since.
    pub(super) async fn take_back(&self, undo: &Undo) -> io::Result<Option<String>> {
        match undo {
            Undo::Reset { path, before, given } => {
                let now = match parameter(path) {
                    // The interface is gone, and its parameters with it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    other => other?,
                };
                if now == *before {
                    return Ok(None);
                }
                if now != *given {
                    return Ok(Some(format!(
                        "{path} is {now} now, not {given}: somebody else set it, it stays"
                    )));
                }
                fs::write(format!("/proc/sys/{path}"), before)?;
            }
            Undo::Down(device) => match self.switch(device, false).await {
                Err(error) if is(&error, Errno::ENODEV) => {}
                other => other?,
            },
            Undo::Mode(before) => {
                // The device is gone, and its mode with it.
                let Ok(now) = inside_ipv6() else { return Ok(None) };
                if now == *before {
                    return Ok(None);
                }
                if now != ANY {
                    let text = format!("{OVER_IPV6} is {now} now, not {ANY}: somebody else set it, it stays");
                    return Ok(Some(text));
                }
                change_mode(before)?;
            }
            Undo::Close { v6, port } => {
                // Closed already, if it cannot be closed; the next line of the state must still be reached.
                return Ok(fou(*v6, &["del", "port", &port.to_string()])
                    .err()
                    .map(|error| format!("UDP port {port} could not be closed: {error}")));
            }
            Undo::Remove { address, device } => match self.remove(*address, device).await {
                Err(error) if is(&error, Errno::EADDRNOTAVAIL) || is(&error, Errno::ENODEV) => {}
                other => other?,
            },
        }
        Ok(None)
    }

    async fn index(&self, device: &str) -> io::Result<u32> {
        let found: Vec<_> = self
            .handle
            .link()
            .get()
            .match_name(device)
            .execute()
            .try_collect()
            .await
            .map_err(|error| named(error, device))?;
        found.first().map(|link| link.header.index).ok_or_else(|| Errno::ENODEV.into())
    }

    async fn switch(&self, device: &str, on: bool) -> io::Result<()> {
        let link = LinkUnspec::new_with_index(self.index(device).await?);
        let link = if on { link.up() } else { link.down() };
        self.handle.link().set(link.build()).execute().await.map_err(|error| named(error, device))
    }

    async fn add(&self, address: IpAddr, device: &str) -> io::Result<()> {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        let index = self.index(device).await?;
        let mut request = self.handle.address().add(index, address, prefix);
        if address.is_ipv6() {
            request.message_mut().attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
        match request.execute().await.map_err(|error| named(error, device)) {
            Err(error) if is(&error, Errno::EEXIST) => Ok(()),
            other => other,
        }
    }

    async fn remove(&self, address: IpAddr, device: &str) -> io::Result<()> {
        let mut message = AddressMessage::default();
        let (family, prefix) = match address {
            IpAddr::V4(_) => (netlink_packet_route::AddressFamily::Inet, 32),
            IpAddr::V6(_) => (netlink_packet_route::AddressFamily::Inet6, 128),
        };
        message.header.family = family;
        message.header.prefix_len = prefix;
        message.header.index = self.index(device).await?;
        message.attributes.push(AddressAttribute::Local(address));
        self.handle.address().del(message).execute().await.map_err(|error| named(error, device))
    }
}

fn remember(state: &mut State, undo: Undo) -> io::Result<()> {
    if state.undos.contains(&undo) {
        return Ok(());
    }
    state.undos.push(undo);
    state.store()
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno as i32)
}

/// The kernel's number where there is one, else what the library says.
fn named(error: rtnetlink::Error, device: &str) -> io::Error {
    if let rtnetlink::Error::NetlinkError(message) = &error {
        return message.to_io();
    }
    io::Error::other(format!("{device}: {error}"))
}

/// Only ip-tunnel(8) changes this one device on all kernels.
fn change_mode(mode: &str) -> io::Result<()> {
    run("ip", &["-6", "tunnel", "change", OVER_IPV6, "mode", mode])
}

/// Foo-over-UDP has a netlink family of its own, which iproute2 speaks.
fn fou(v6: bool, words: &[&str]) -> io::Result<()> {
    let before: &[&str] = if v6 { &["-6", "fou"] } else { &["fou"] };
    run("ip", &[before, words].concat())
}

fn run(program: &str, words: &[&str]) -> io::Result<()> {
    let output = Command::new(program).args(words).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{program} {}: {} {}", words.join(" "), output.status, said.trim())))
}
