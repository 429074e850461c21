//! Raw sockets: one to listen and one to send for each [`Endpoint`], shared by all virtual routers that differ in VRID only.

use std::fmt;
use std::io;
use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::task::{Context, Poll};
use std::time::Instant;

use nix::cmsg_space;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn6, recvmsg, sendmsg, setsockopt, sockopt,
};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockAddr, SockRef, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::stamp;
use crate::accept::Packet;
use crate::compose::Datagram;
use crate::log::Line;
use crate::params::{Auth, Family, Params, Transport};
use crate::wire::ipv4::TOS;
use crate::wire::{PROTOCOL_AH, PROTOCOL_VRRP};

/// What the adverts of a socket arrive at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arrival {
    /// A multicast group.
    Group(IpAddr),
    /// A unicast address of ours.
    Source(IpAddr),
}

impl Arrival {
    /// The group or the address.
    #[must_use]
    pub fn address(self) -> IpAddr {
        match self {
            Self::Group(address) | Self::Source(address) => address,
        }
    }
}

/// What tells one pair of sockets from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Family of the packets.
    pub family: Family,
    /// IP protocol: [`PROTOCOL_VRRP`], or 51 with AH.
    pub protocol: u8,
    /// Interface the sockets are bound to, if any.
    pub interface: Option<String>,
    /// What is listened for.
    pub arrival: Arrival,
}

impl Endpoint {
    /// The endpoint of a virtual router; none for unicast without a source address.
    #[must_use]
    pub fn of(params: &Params, source: Option<IpAddr>) -> Option<Self> {
        let arrival = match &params.transport {
            Transport::Multicast { group } => Arrival::Group(*group),
            Transport::Unicast { .. } => Arrival::Source(params.source.or(source)?),
        };
        Some(Self {
            family: params.family,
            protocol: match params.auth {
                Auth::Ah(_) => PROTOCOL_AH,
                Auth::None | Auth::Pass(_) => PROTOCOL_VRRP,
            },
            interface: params.interface.clone(),
            arrival,
        })
    }
}

/// Which step of opening failed.
#[derive(Debug)]
pub enum OpenError {
    /// No socket, or an option was refused.
    Socket(io::Error),
    /// The group could not be joined.
    Join {
        /// The interface it was to be joined on.
        interface: String,
        /// The group.
        group: IpAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// The source address is not ours.
    Bind {
        /// The address.
        address: IpAddr,
        /// What the kernel said.
        source: io::Error,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) => write!(f, "cannot open a raw socket: {error}"),
            Self::Join { interface, group, source } => {
                let version = if group.is_ipv6() { "v6" } else { "" };
                let (text, number) = words(source);
                write!(f, "({interface}) cant do IP{version}_ADD_MEMBERSHIP {group} errno={text} ({number})")
            }
            Self::Bind { address, source } => {
                let (text, number) = words(source);
                write!(f, "bind unicast_src {address} failed {number} - {text}")
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Socket(source) | Self::Join { source, .. } | Self::Bind { source, .. } => Some(source),
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

/// The system's text for an error without Rust's "(os error 5)", and its number; 0 if it has none.
#[must_use]
pub fn words(error: &io::Error) -> (String, i32) {
    let number = error.raw_os_error().unwrap_or(0);
    let text = error.to_string();
    let text = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
    (text.to_owned(), number)
}

/// One datagram that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The buffer begins with a datagram.
    Whole {
        /// What is known of it.
        envelope: Envelope,
        /// When it arrived.
        at: Instant,
    },
    /// It did not fit.
    Cut {
        /// Length it had.
        length: usize,
        /// Length of the buffer.
        room: usize,
    },
    /// Nothing is waiting.
    Nothing,
}

/// What is known of a datagram besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// So many bytes, the IP header among them.
    Ipv4 {
        /// Length in bytes.
        length: usize,
    },
    /// So many bytes, without any header.
    Ipv6 {
        /// Length in bytes.
        length: usize,
        /// Sender.
        from: Ipv6Addr,
        /// Receiver: the group or an address of ours.
        to: Ipv6Addr,
        /// Hop limit it came with.
        hop_limit: Option<u8>,
    },
}

impl Envelope {
    /// The packet in a buffer that was read to.
    ///
    /// # Errors
    /// The line to log when it is shorter than its headers.
    pub fn open(self, buffer: &[u8]) -> Result<Packet<'_>, Line> {
        let cut = |length: usize| &buffer[..length.min(buffer.len())];
        match self {
            Self::Ipv4 { length } => Packet::ipv4(cut(length)),
            Self::Ipv6 { length, from, to, hop_limit } => Packet::ipv6(cut(length), from, to, hop_limit),
        }
    }
}

/// A socket to listen and one to send.
#[derive(Debug)]
pub struct Pair {
    input: AsyncFd<OwnedFd>,
    output: Socket,
    family: Family,
    ifindex: u32,
}

impl Pair {
    /// Opens both for the interface with this index. Must be called inside a tokio runtime with I/O; needs CAP_NET_RAW.
    ///
    /// # Errors
    /// The step that failed.
    pub fn open(endpoint: &Endpoint, ifindex: u32) -> Result<Self, OpenError> {
        let (input, output) = match endpoint.family {
            Family::Ipv4 => open_ipv4(endpoint, ifindex)?,
            Family::Ipv6 => open_ipv6(endpoint, ifindex)?,
        };
        Ok(Self { input: super::watch(input.into())?, output, family: endpoint.family, ifindex })
    }

    /// Ready when something may be there to read; it stays so until [`Read::Nothing`].
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        // An error of the runtime means that it is going down; reading will say what is wrong.
        self.input.poll_read_ready(context).map(|_| ())
    }

    /// Descriptors to listen and to send, as they are logged.
    #[must_use]
    pub fn descriptors(&self) -> (RawFd, RawFd) {
        (self.input.get_ref().as_raw_fd(), self.output.as_raw_fd())
    }

    /// Has the kernel keep so many bytes of what has arrived and was not read; it counts twice as many, and its own limit
    /// holds.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn set_receive_buffer(&self, bytes: usize) -> io::Result<()> {
        SockRef::from(self.input.get_ref()).set_recv_buffer_size(bytes)
    }

    /// Reads one datagram without waiting.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Read> {
        let room = buffer.len();
        let outcome = self.input.try_io(Interest::READABLE, |socket| match self.family {
            Family::Ipv4 => receive_ipv4(socket, buffer),
            // Both were asked for when the socket was opened.
            Family::Ipv6 => receive_ipv6(socket, buffer)?.ok_or_else(|| io::ErrorKind::InvalidData.into()),
        });
        match outcome {
            Ok((Envelope::Ipv4 { length } | Envelope::Ipv6 { length, .. }, _)) if length > room => {
                Ok(Read::Cut { length, room })
            }
            Ok((envelope, at)) => Ok(Read::Whole { envelope, at }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Read::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Sends one datagram now or not at all.
    ///
    /// # Errors
    /// What the kernel says: link down, no buffer, no route.
    pub fn send(&self, datagram: &Datagram) -> io::Result<()> {
        let IpAddr::V4(to) = datagram.to else { return send_ipv6(&self.output, self.ifindex, datagram) };
        let flags = if to.is_multicast() { libc::MSG_DONTROUTE } else { 0 };
        self.output.send_to_with_flags(&datagram.bytes, &bind_address(to), flags).map(|_| ())
    }
}

fn open_ipv4(endpoint: &Endpoint, ifindex: u32) -> Result<(Socket, Socket), OpenError> {
    let device = endpoint.interface.as_deref().map(str::as_bytes);
    let raw = || {
        let protocol = Protocol::from(i32::from(endpoint.protocol));
        Socket::new(Domain::IPV4, Type::RAW.nonblocking().cloexec(), Some(protocol))
    };

    let input = raw()?;
    input.set_multicast_all_v4(false)?;
    match endpoint.arrival {
        Arrival::Group(IpAddr::V4(group)) => {
            let on = InterfaceIndexOrAddress::Index(ifindex);
            input.join_multicast_v4_n(&group, &on).map_err(|source| OpenError::Join {
                interface: endpoint.interface.clone().unwrap_or_default(),
                group: group.into(),
                source,
            })?;
            input.bind(&bind_address(group)).map_err(OpenError::Socket)?;
        }
        Arrival::Source(IpAddr::V4(address)) => {
            input.set_freebind_v4(true)?;
            let refused = |source| OpenError::Bind { address: address.into(), source };
            input.bind(&bind_address(address)).map_err(refused)?;
        }
        Arrival::Group(IpAddr::V6(_)) | Arrival::Source(IpAddr::V6(_)) => {
            return Err(io::Error::from(io::ErrorKind::InvalidInput).into());
        }
    }
    input.bind_device(device)?;
    stamp::record(&input)?;

    let output = raw()?;
    output.set_recv_buffer_size(0)?;
    output.set_multicast_all_v4(false)?;
    output.set_header_included_v4(true)?;
    // Chooses the interface of multicast too, so that no route to the group is needed.
    output.bind_device(device)?;
    if matches!(endpoint.arrival, Arrival::Group(_)) {
        output.set_multicast_loop_v4(false)?;
    }
    output.set_tos_v4(TOS.into())?;
    output.attach_filter(&super::DROP_ALL)?;

    Ok((input, output))
}

fn open_ipv6(endpoint: &Endpoint, ifindex: u32) -> Result<(Socket, Socket), OpenError> {
    let device = endpoint.interface.as_deref().map(str::as_bytes);
    let raw = || {
        let protocol = Protocol::from(i32::from(endpoint.protocol));
        Socket::new(Domain::IPV6, Type::RAW.nonblocking().cloexec(), Some(protocol))
    };

    let input = raw()?;
    input.set_multicast_all_v6(false)?;
    match endpoint.arrival {
        Arrival::Group(IpAddr::V6(group)) => {
            input.join_multicast_v6(&group, ifindex).map_err(|source| OpenError::Join {
                interface: endpoint.interface.clone().unwrap_or_default(),
                group: group.into(),
                source,
            })?;
            input.bind(&scoped(group, ifindex).into()).map_err(OpenError::Socket)?;
        }
        Arrival::Source(IpAddr::V6(address)) => {
            input.set_freebind_v6(true)?;
            let refused = |source| OpenError::Bind { address: address.into(), source };
            input.bind(&scoped(address, ifindex).into()).map_err(refused)?;
        }
        Arrival::Group(IpAddr::V4(_)) | Arrival::Source(IpAddr::V4(_)) => {
            return Err(io::Error::from(io::ErrorKind::InvalidInput).into());
        }
    }
    input.set_recv_hoplimit_v6(true)?;
    setsockopt(&input, sockopt::Ipv6RecvPacketInfo, &true).map_err(io::Error::from)?;
    input.bind_device(device)?;
    let_kernel_sum(&input)?;
    stamp::record(&input)?;

    let output = raw()?;
    output.set_recv_buffer_size(0)?;
    output.set_multicast_all_v6(false)?;
    let_kernel_sum(&output)?;
    output.bind_device(device)?;
    if matches!(endpoint.arrival, Arrival::Group(_)) {
        output.set_multicast_hops_v6(255)?;
        output.set_multicast_if_v6(ifindex)?;
        output.set_multicast_loop_v6(false)?;
    }
    output.set_tclass_v6(TOS.into())?;
    output.attach_filter(&super::DROP_ALL)?;
    Ok((input, output))
}

/// Has the kernel fill in the checksum of what is sent and drop what has a wrong one (RFC 3542 §3.1).
#[expect(unsafe_code, reason = "no safe crate sets this option")]
fn let_kernel_sum(socket: &Socket) -> io::Result<()> {
    const OFFSET: libc::c_int = 6;
    let length = libc::socklen_t::try_from(size_of_val(&OFFSET)).map_err(io::Error::other)?;
    // SAFETY: the value is an int that lives until the call returns, and its length is given.
    let outcome = unsafe {
        let value = std::ptr::from_ref(&OFFSET).cast();
        libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_IPV6, libc::IPV6_CHECKSUM, value, length)
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn receive_ipv4(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<(Envelope, Instant)> {
    let mut control = cmsg_space!(libc::timespec);
    let mut slices = [IoSliceMut::new(buffer)];
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut control), MsgFlags::MSG_TRUNC)?;
    let stamp = message.cmsgs()?.find_map(|control| {
        if let ControlMessageOwned::ScmTimestampns(time) = control { Some(time) } else { None }
    });
    Ok((Envelope::Ipv4 { length: message.bytes }, stamp::instant(stamp)))
}

fn receive_ipv6(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<Option<(Envelope, Instant)>> {
    let mut control = cmsg_space!(libc::in6_pktinfo, libc::c_int, libc::timespec);
    let mut slices = [IoSliceMut::new(buffer)];
    let message =
        recvmsg::<SockaddrIn6>(socket.as_raw_fd(), &mut slices, Some(&mut control), MsgFlags::MSG_TRUNC)?;
    let (length, Some(from)) = (message.bytes, message.address) else { return Ok(None) };
    let (mut to, mut hop_limit, mut stamp) = (None, None, None);
    for control in message.cmsgs()? {
        if let ControlMessageOwned::Ipv6PacketInfo(info) = control {
            to = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr));
        } else if let ControlMessageOwned::Ipv6HopLimit(limit) = control {
            hop_limit = u8::try_from(limit).ok();
        } else if let ControlMessageOwned::ScmTimestampns(time) = control {
            stamp = Some(time);
        }
    }
    let at = stamp::instant(stamp);
    Ok(to.map(|to| (Envelope::Ipv6 { length, from: from.ip(), to, hop_limit }, at)))
}

fn send_ipv6(socket: &Socket, ifindex: u32, datagram: &Datagram) -> io::Result<()> {
    let (IpAddr::V6(from), IpAddr::V6(to)) = (datagram.from, datagram.to) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let address = libc::in6_addr { s6_addr: from.octets() };
    let source = libc::in6_pktinfo { ipi6_addr: address, ipi6_ifindex: ifindex };
    let hop_limit = datagram.hop_limit.map(libc::c_int::from);
    let mut control = vec![ControlMessage::Ipv6PacketInfo(&source)];
    control.extend(hop_limit.iter().map(ControlMessage::Ipv6HopLimit));
    let flags = MsgFlags::from_bits_retain(if to.is_multicast() { libc::MSG_DONTROUTE } else { 0 });
    let to = SockaddrIn6::from(scoped(to, ifindex));
    sendmsg(socket.as_raw_fd(), &[IoSlice::new(&datagram.bytes)], &control, flags, Some(&to))?;
    Ok(())
}

/// Addresses of a link mean nothing without the link.
fn scoped(address: Ipv6Addr, ifindex: u32) -> SocketAddrV6 {
    let is_of_link = address.is_unicast_link_local() || address.is_multicast();
    SocketAddrV6::new(address, 0, 0, if is_of_link { ifindex } else { 0 })
}

/// Raw sockets have no ports.
fn bind_address(address: Ipv4Addr) -> SockAddr {
    SockAddr::from(SocketAddrV4::new(address, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_the_original_writes_them() {
        let error = OpenError::Join {
            interface: "eth0".into(),
            group: "224.0.0.18".parse().expect("an address"),
            source: io::Error::from_raw_os_error(libc::ENODEV),
        };
        assert_eq!(
            error.to_string(),
            "(eth0) cant do IP_ADD_MEMBERSHIP 224.0.0.18 errno=No such device (19)"
        );
    }
}
