//! UDP sockets of BFD: one to listen on each port, for both families, and one to send for each session (RFC 5881 §4).

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::task::{Context, Poll};
use std::time::Instant;

use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::stamp;
use crate::bfd::packet::LEN;
use crate::bfd::{Datagram, Hops, Params};

/// Ports that packets may come from; a neighbour refuses others.
const SOURCE_PORTS: std::ops::RangeInclusive<u16> = 49_152..=65_535;

/// How many of them are tried before it is said that none is free.
const TRIES: usize = 64;

/// Listens on one port. Must be used inside a tokio runtime with I/O.
#[derive(Debug)]
pub struct Listener {
    socket: AsyncFd<OwnedFd>,
    hops: Hops,
}

/// One datagram that was read.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    length: usize,
    from: SocketAddr,
    to: Option<IpAddr>,
    ttl: Option<u8>,
    hops: Hops,
    arrived: Instant,
}

impl Received {
    /// When it arrived.
    #[must_use]
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// The datagram in the buffer that was read to.
    #[must_use]
    pub fn open(self, buffer: &[u8]) -> Datagram<'_> {
        let Self { length, from, to, ttl, hops, arrived: _ } = self;
        Datagram { bytes: &buffer[..length.min(buffer.len())], from, to, ttl, hops }
    }
}

impl Listener {
    /// Opens it for packets over so many hops.
    ///
    /// # Errors
    /// What the kernel says, for example that another BFD daemon has the port.
    pub fn open(hops: Hops) -> io::Result<Self> {
        Self::on(hops.port(), hops)
    }

    fn on(port: u16, hops: Hops) -> io::Result<Self> {
        let socket = match dual_stack(port) {
            // A kernel without IPv6 has the other family all the same.
            Err(error) if error.raw_os_error() == Some(libc::EAFNOSUPPORT) => ipv4_alone(port)?,
            outcome => outcome?,
        };
        stamp::record(&socket)?;
        Ok(Self { socket: super::watch(socket.into())?, hops })
    }

    /// Which packets it hears.
    #[must_use]
    pub fn hops(&self) -> Hops {
        self.hops
    }

    /// Ready when something may be there to read; it stays so until [`Listener::read`] finds nothing.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        // An error of the runtime means that it is going down; reading will say what is wrong.
        self.socket.poll_read_ready(context).map(|_| ())
    }

    /// Reads one datagram without waiting; none when nothing waits.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Option<Received>> {
        match self.socket.try_io(Interest::READABLE, |socket| receive(socket, buffer, self.hops)) {
            Ok(received) => Ok(Some(received)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn dual_stack(port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV6, Type::DGRAM.nonblocking().cloexec(), Some(Protocol::UDP))?;
    socket.set_only_v6(false)?;
    socket.set_recv_hoplimit_v6(true)?;
    setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    setsockopt(&socket, sockopt::Ipv4RecvTtl, &true)?;
    socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())?;
    Ok(socket)
}

fn ipv4_alone(port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM.nonblocking().cloexec(), Some(Protocol::UDP))?;
    setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
    setsockopt(&socket, sockopt::Ipv4RecvTtl, &true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    Ok(socket)
}

fn receive(socket: &OwnedFd, buffer: &mut [u8], hops: Hops) -> io::Result<Received> {
    let mut control =
        cmsg_space!(libc::in6_pktinfo, libc::in_pktinfo, libc::c_int, libc::c_int, libc::timespec);
    let mut slices = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::empty();
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags)?;
    let from = message.address.as_ref().and_then(address).ok_or(io::ErrorKind::InvalidData)?;
    let (mut to, mut ttl, mut stamp) = (None, None, None);
    for control in message.cmsgs()? {
        if let ControlMessageOwned::Ipv6PacketInfo(info) = control {
            to = Some(IpAddr::V6(Ipv6Addr::from(info.ipi6_addr.s6_addr)).to_canonical());
        } else if let ControlMessageOwned::Ipv4PacketInfo(info) = control {
            to = Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into());
        } else if let ControlMessageOwned::Ipv6HopLimit(limit) | ControlMessageOwned::Ipv4Ttl(limit) = control
        {
            ttl = u8::try_from(limit).ok();
        } else if let ControlMessageOwned::ScmTimestampns(time) = control {
            stamp = Some(time);
        }
    }
    Ok(Received { length: message.bytes, from, to, ttl, hops, arrived: stamp::instant(stamp) })
}

/// An IPv4 sender looks like one, whichever socket heard it.
fn address(from: &SockaddrStorage) -> Option<SocketAddr> {
    let v6 = from.as_sockaddr_in6().map(|from| (IpAddr::V6(from.ip()).to_canonical(), from.port()));
    let v4 = from.as_sockaddr_in().map(|from| (IpAddr::V4(from.ip()), from.port()));
    v6.or(v4).map(SocketAddr::from)
}

/// Sends the packets of one session. It receives nothing.
#[derive(Debug)]
pub struct Outlet {
    socket: Socket,
    to: SockAddr,
}

impl Outlet {
    /// Opens it with a source port that stays for its life. `draw` gives random numbers.
    ///
    /// # Errors
    /// What the kernel says, for example that the source address is not here.
    pub fn open(params: &Params, mut draw: impl FnMut() -> u16) -> io::Result<Self> {
        let domain = if params.neighbor.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
        let socket = Socket::new(domain, Type::DGRAM.nonblocking().cloexec(), Some(Protocol::UDP))?;
        socket.attach_filter(&super::DROP_ALL)?;
        let unspecified = match params.neighbor {
            IpAddr::V4(_) => {
                socket.set_ttl_v4(params.ttl.into())?;
                IpAddr::V4(Ipv4Addr::UNSPECIFIED)
            }
            IpAddr::V6(_) => {
                socket.set_unicast_hops_v6(params.ttl.into())?;
                IpAddr::V6(Ipv6Addr::UNSPECIFIED)
            }
        };
        let source = params.source.unwrap_or(unspecified);
        let mut outcome = Err(io::ErrorKind::AddrInUse.into());
        for _ in 0..TRIES {
            // The range is a quarter of all ports.
            let port = draw() | SOURCE_PORTS.start();
            outcome = socket.bind(&SocketAddr::from((source, port)).into());
            if !outcome.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
                break;
            }
        }
        outcome?;
        Ok(Self { socket, to: SocketAddr::from((params.neighbor, params.hops.port())).into() })
    }

    /// Sends one packet now or not at all.
    ///
    /// # Errors
    /// What the kernel says: no route, no buffer, an address that is gone.
    pub fn send(&self, packet: &[u8; LEN]) -> io::Result<()> {
        self.socket.send_to(packet, &self.to).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bfd::Micros;
    use crate::bfd::params::Role;

    fn params(neighbor: IpAddr) -> Params {
        Params {
            name: "b1".into(),
            neighbor,
            source: Some(neighbor),
            hops: Hops::Many,
            role: Role::Active,
            min_rx: Micros(10_000),
            min_tx: Micros(10_000),
            idle_tx: Micros(1_000_000),
            multiplier: 5,
            ttl: 77,
            max_hops: None,
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_packet_arrives_with_its_ttl_and_both_addresses_in_either_family() {
        let listener = Listener::on(0, Hops::Many).expect("a free port");
        let bound = socket2::SockRef::from(listener.socket.get_ref()).local_addr().expect("an address");
        let port = bound.as_socket().expect("an IP address").port();
        for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            let mut outlet = Outlet::open(&params(address), || fastrand::u16(..)).expect("an outlet");
            outlet.to = SocketAddr::new(address, port).into();
            outlet.send(&[7; LEN]).expect("sent");
            std::future::poll_fn(|context| listener.poll_readable(context)).await;
            let mut buffer = [0; 64];
            let received = listener.read(&mut buffer).expect("readable").expect("a datagram");
            let datagram = received.open(&buffer);
            assert_eq!(datagram.bytes, [7; LEN]);
            assert_eq!((datagram.from.ip(), datagram.to), (address, Some(address)));
            assert_eq!((datagram.ttl, datagram.hops), (Some(77), Hops::Many));
            assert!(SOURCE_PORTS.contains(&datagram.from.port()), "{}", datagram.from);
        }
    }

    #[test]
    fn a_port_in_use_is_passed_over_and_an_address_that_is_not_here_is_an_error() {
        let here = params(Ipv4Addr::LOCALHOST.into());
        let port =
            |outlet: &Outlet| outlet.socket.local_addr().ok()?.as_socket().map(|address| address.port());
        let taken = Outlet::open(&here, || fastrand::u16(..)).expect("a free port");
        let taken = (port(&taken).expect("a port"), taken);
        let mut first = true;
        let draw = || if std::mem::take(&mut first) { taken.0 } else { fastrand::u16(..) };
        let other = Outlet::open(&here, draw).expect("another port");
        assert_ne!(port(&other), Some(taken.0));
        let elsewhere = Params { source: Some([192, 0, 2, 1].into()), ..here };
        let error = Outlet::open(&elsewhere, || fastrand::u16(..)).expect_err("not ours");
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }
}
