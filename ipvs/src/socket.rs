//! The way to the kernel, and the trait that lets tests stand in for it.

use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;

use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::runtime::Handle as Runtime;

/// Something that carries netlink datagrams to a kernel and back.
pub trait Transport {
    /// Sends one datagram, whole.
    fn send(&mut self, datagram: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits for the next datagram and replaces the content of `into` by it. Dropping the future loses nothing.
    fn receive(&mut self, into: &mut Vec<u8>) -> impl Future<Output = io::Result<()>> + Send;
}

/// A generic netlink socket on tokio.
///
/// It belongs to the network namespace in which it was opened, for good. The kernel works within `send`: a request that
/// loads a scheduler's module keeps the calling thread for some 50 ms.
pub struct Socket(TokioSocket);

/// Room for the largest part of a dump (some 32,400 bytes). It must never shrink: the kernel remembers the largest
/// buffer it has seen and cuts what does not fit into a smaller one.
const BUFFER: usize = 64 * 1024;

/// Unread answers wait here. 200 refusals of the largest request fit several times.
const RECEIVE_BUFFER: u32 = 1 << 20;

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.socket_ref().as_fd()
    }
}

impl Socket {
    /// Opens a socket in the network namespace of the calling thread.
    ///
    /// # Errors
    ///
    /// Those of socket(2) and bind(2), and one outside of a tokio runtime.
    ///
    /// # Panics
    ///
    /// In a tokio runtime that was built without I/O.
    pub fn open() -> io::Result<Self> {
        Runtime::try_current().map_err(io::Error::other)?;
        let mut socket = TokioSocket::new(NETLINK_GENERIC)?;
        let raw = socket.socket_mut();
        raw.bind_auto()?;
        // Comfort only: without them answers are longer, and the kernel's limit on the buffer may be lower.
        let _ = raw.set_cap_ack(true);
        let _ = raw.set_ext_ack(true);
        let _ = raw.set_rx_buf_sz(RECEIVE_BUFFER);
        Ok(Self(socket))
    }

    /// Opens a socket in another network namespace. A thread of its own enters it, so the caller stays where it is.
    ///
    /// # Errors
    ///
    /// Those of setns(2), which needs `CAP_SYS_ADMIN`, and those of [`Socket::open`].
    ///
    /// # Panics
    ///
    /// As [`Socket::open`].
    pub fn open_in(namespace: BorrowedFd<'_>) -> io::Result<Self> {
        let runtime = Runtime::try_current().map_err(io::Error::other)?;
        let open = || {
            let _context = runtime.enter();
            move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))?;
            Self::open()
        };
        let opened = thread::scope(|scope| scope.spawn(open).join());
        opened.unwrap_or_else(|_panic| Err(io::Error::other("the thread in the namespace panicked")))
    }
}

impl Transport for Socket {
    async fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let sent = self.0.send_to(datagram, &SocketAddr::new(0, 0)).await?;
        if sent == datagram.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    async fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        loop {
            into.clear();
            into.reserve(BUFFER);
            let from = self.0.recv_from(into).await?;
            // Only the kernel has port 0; any process may write to our port.
            if from.port_number() == 0 {
                return Ok(());
            }
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Socket").finish_non_exhaustive()
    }
}
