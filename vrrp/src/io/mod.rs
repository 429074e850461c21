//! The edge to the system: raw sockets, an alarm clock, ARP and neighbour discovery frames. Nothing here decides anything.

pub mod arp;
pub mod bfd;
pub mod clock;
pub mod link;
pub mod ndp;
pub mod socket;
mod stamp;

use std::io;
use std::os::fd::OwnedFd;

use socket2::SockFilter;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A classic BPF program that accepts no packet: what only sends shall not queue what it hears.
const DROP_ALL: [SockFilter; 1] = [SockFilter::new(BPF_RET_K, 0, 0, 0)];

/// `BPF_RET | BPF_K`: return the constant.
const BPF_RET_K: u16 = 0x06;

/// Registers a descriptor with the runtime, to wait until it can be read.
///
/// # Errors
/// What the runtime says; there has to be one with I/O.
#[expect(unsafe_code, reason = "tokio cannot tell an owned descriptor from a borrowed number")]
pub fn watch(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd is one open descriptor from here until the AsyncFd that now owns it is dropped.
    Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?)
}
