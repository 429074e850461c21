//! The way to the kernel, and the trait that lets tests stand in for it.

use std::fmt;
use std::future::Future;
use std::io;

use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};

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

impl Socket {
    /// Opens a socket in the network namespace of the calling thread.
    ///
    /// # Errors
    ///
    /// Those of socket(2) and bind(2).
    pub fn open() -> io::Result<Self> {
        let mut socket = TokioSocket::new(NETLINK_GENERIC)?;
        let raw = socket.socket_mut();
        raw.bind_auto()?;
        // Comfort only: without them answers are longer, and the kernel's limit on the buffer may be lower.
        let _ = raw.set_cap_ack(true);
        let _ = raw.set_ext_ack(true);
        let _ = raw.set_rx_buf_sz(RECEIVE_BUFFER);
        Ok(Self(socket))
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
