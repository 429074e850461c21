//! A TCP listener on a node that serves until it is dropped.

use crate::{
    failure::{Outcome, While as _},
    scene::Node,
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    os::fd::AsFd as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// Serves connections; once dropped, its port refuses them.
#[derive(Debug)]
pub(crate) struct Listening {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listening {
    /// Listens on `port` of every address of `node`, of both families where the kernel has both, and gives each connection to `serve`.
    pub(crate) fn start(node: &Node, port: u16, serve: impl Fn(TcpStream) + Send + 'static) -> Outcome<Self> {
        let listener = node
            .namespace()
            .enter(|| {
                let any: [IpAddr; 2] = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
                TcpListener::bind(&any.map(|address| SocketAddr::new(address, port))[..])
            })?
            .doing(format_args!("{}: port {port}", node.name()))?;
        listener.set_nonblocking(true)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let mut ready = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
                // An interruption is a reason to look again, as a time-out is.
                let _ = poll(&mut ready, PollTimeout::from(20_u8));
                while let Ok((stream, _)) = listener.accept() {
                    serve(stream);
                }
            }
        });
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed; the port is closed either way.
            let _ = thread.join();
        }
    }
}
