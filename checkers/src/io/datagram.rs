//! Connected datagram sockets: the kernel lets only the peer's datagrams in, and tells what the network says about ours.

use std::os::fd::OwnedFd;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Protocol, SockAddr, Type};
use tokio::net::UdpSocket;

use super::connect::{judge, open};
use crate::params::Endpoint;
use crate::{Outcome, Step, Trouble};

/// Opens a socket to the endpoint for UDP, or for ICMP echo, where the kernel writes headers and identifiers (icmp(7)) and
/// the call is the same.
///
/// # Errors
///
/// The outcome of the probe, as for TCP.
pub(crate) fn connect(endpoint: &Endpoint, protocol: Protocol) -> Result<UdpSocket, Outcome> {
    let trouble =
        |step, errno: Option<i32>| Outcome::Unable(Trouble { step, errno: errno.unwrap_or_default() });
    let socket = open(endpoint, Type::DGRAM, protocol).map_err(Outcome::Unable)?;
    // Without it the kernel keeps to itself that a host or network is unreachable.
    let told = if endpoint.dest.is_ipv4() {
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)
    } else {
        setsockopt(&socket, sockopt::Ipv6RecvErr, &true)
    };
    told.map_err(|errno| trouble(Step::Socket, Some(errno as i32)))?;
    socket.connect(&SockAddr::from(endpoint.dest)).map_err(|error| judge(&error))?;
    let socket = std::net::UdpSocket::from(OwnedFd::from(socket));
    UdpSocket::from_std(socket).map_err(|error| trouble(Step::Socket, error.raw_os_error()))
}
