//! The raw sockets of all virtual routers, one pair for each endpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Instant;

use crate::drive::chatter::Chatter;
use vrrp::io::socket::{Arrival, Endpoint, OpenError, Pair, Read};
use vrrp::log::Line;
use vrrp::{Datagram, Packet};

/// How many packets one socket may deliver before the others, and the clock, have their turn.
const PATIENCE: usize = 256;

/// Room for a packet when no interface says how large its packets are.
const SMALLEST_BUFFER: usize = 2048;

/// All that is open.
#[derive(Debug)]
pub(super) struct Sockets {
    open: BTreeMap<Endpoint, Open>,
    buffer: Vec<u8>,
    chatter: Chatter,
}

#[derive(Debug)]
struct Open {
    pair: Pair,
    ifindex: u32,
    /// Bytes, where it is not the system's to say.
    receive_buffer: Option<usize>,
}

impl Sockets {
    pub(super) fn new() -> Self {
        Self {
            open: BTreeMap::new(),
            buffer: vec![0; SMALLEST_BUFFER],
            chatter: Chatter::new(Instant::now()),
        }
    }

    /// Makes room for packets of this many bytes.
    pub(super) fn make_room(&mut self, mtu: u32) {
        let room = usize::try_from(mtu).unwrap_or(SMALLEST_BUFFER);
        if room > self.buffer.len() {
            self.buffer.resize(room, 0);
        }
    }

    /// Opens the pair of this endpoint, unless it is open on the interface with this number already.
    pub(super) fn open(&mut self, endpoint: &Endpoint, ifindex: u32) -> Result<(), OpenError> {
        if self.open.get(endpoint).is_some_and(|open| open.ifindex == ifindex) {
            return Ok(());
        }
        self.open.remove(endpoint);
        let pair = Pair::open(endpoint, ifindex)?;
        let (input, output) = pair.descriptors();
        let (kind, address) = match endpoint.arrival {
            Arrival::Group(group) => ("multicast", group),
            Arrival::Source(source) => (", unicast", source),
        };
        tracing::debug!(
            "VRRP sockpool: [ifindex({ifindex:3}), family({}), proto({}), fd({input},{output}) {kind}, address({address})]",
            endpoint.family,
            endpoint.protocol
        );
        self.open.insert(endpoint.clone(), Open { pair, ifindex, receive_buffer: None });
        Ok(())
    }

    /// Gives the pair of this endpoint a receive buffer of so many bytes.
    pub(super) fn size(&mut self, endpoint: &Endpoint, bytes: usize) {
        let Some(open) = self.open.get_mut(endpoint) else { return };
        if open.receive_buffer.replace(bytes) == Some(bytes) {
            return;
        }
        if let Err(error) = open.pair.set_receive_buffer(bytes) {
            tracing::info!("Cannot set the receive buffer of a VRRP socket to {bytes} bytes: {error}");
        }
    }

    /// Closes every pair that is not among these.
    pub(super) fn keep(&mut self, endpoints: &BTreeSet<Endpoint>) {
        self.open.retain(|endpoint, _| endpoints.contains(endpoint));
    }

    /// The numbers of the pair of this endpoint, for what comes in and for what goes out.
    pub(super) fn descriptors(&self, endpoint: &Endpoint) -> Option<(i32, i32)> {
        self.open.get(endpoint).map(|open| open.pair.descriptors())
    }

    /// Waits until one of them may have something.
    pub(super) async fn readable(&self) {
        poll_fn(|context| {
            // Every one is polled, so that every one can wake us.
            let ready = self.open.values().filter(|open| open.pair.poll_readable(context).is_ready()).count();
            if ready > 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Hands over what has arrived, until nothing is left or one socket has had its share.
    pub(super) fn drain(&mut self, mut take: impl FnMut(&Endpoint, Instant, Result<Packet<'_>, Line>)) {
        for (endpoint, open) in &self.open {
            for _ in 0..PATIENCE {
                match open.pair.read(&mut self.buffer) {
                    Ok(Read::Whole { envelope, at }) => take(endpoint, at, envelope.open(&self.buffer)),
                    Ok(Read::Cut { length, room }) => {
                        let (input, _) = open.pair.descriptors();
                        if !self.chatter.permits(Instant::now()) {
                            continue;
                        }
                        tracing::info!("recvmsg({input}) message truncated from {length} to {room} bytes");
                    }
                    Ok(Read::Nothing) => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        tracing::debug!("recvmsg({}): {error}", open.pair.descriptors().0);
                        break;
                    }
                }
            }
        }
    }

    /// Sends by the pair of this endpoint.
    pub(super) fn send(&self, endpoint: &Endpoint, datagram: &Datagram) -> io::Result<()> {
        match self.open.get(endpoint) {
            Some(open) => open.pair.send(datagram),
            None => Err(io::Error::from_raw_os_error(nix::libc::ENODEV)),
        }
    }
}
