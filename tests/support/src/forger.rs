//! A station that puts VRRP packets on a link as no router would.

use crate::{
    failure::{Outcome, While as _},
    scene::Node,
};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

/// Where routers are heard over IPv4.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// Sends whatever it is told as the payload of a VRRP packet over IPv4 multicast.
#[derive(Debug)]
pub struct Forger {
    socket: Socket,
    node: Node,
    address: Ipv4Addr,
}

impl Forger {
    /// A forger on `node`, which has this address on the link.
    ///
    /// # Errors
    /// The kernel refuses the socket.
    pub fn new(node: Node, address: Ipv4Addr) -> Outcome<Self> {
        const VRRP: i32 = 112;
        let open = || Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(VRRP)));
        let socket = node.namespace().enter(open)?.doing("cannot open a raw socket")?;
        socket.set_multicast_if_v4(&address)?;
        Ok(Self { socket, node, address })
    }

    /// Sends `payload` as a UDP datagram to somebody on the link.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn datagram(&self, to: Ipv4Addr, port: u16, time_to_live: u32, payload: &[u8]) -> Outcome {
        let here = self.address;
        let open = move || UdpSocket::bind((here, 0));
        let socket = self.node.namespace().enter(open)?.doing("cannot open a UDP socket")?;
        socket.set_ttl(time_to_live)?;
        socket.send_to(payload, (to, port)).doing("cannot send")?;
        Ok(())
    }

    /// Sends `payload` with this time to live.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn send(&self, payload: &[u8], time_to_live: u32) -> Outcome {
        self.socket.set_multicast_ttl_v4(time_to_live)?;
        self.socket.send_to(payload, &SocketAddrV4::new(GROUP, 0).into()).doing("cannot send")?;
        Ok(())
    }

    /// The next advert on the link, its IPv4 header included; `protocol` is 112, or 51 behind an authentication header.
    ///
    /// # Errors
    /// There is none for a few seconds, or the kernel refuses the socket.
    pub fn record(&self, protocol: i32) -> Outcome<Vec<u8>> {
        const PATIENCE: Duration = Duration::from_secs(5);
        let open = move || Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(protocol)));
        let mut socket = self.node.namespace().enter(open)?.doing("cannot open a raw socket")?;
        socket.join_multicast_v4(&GROUP, &self.address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut packet = vec![0; 2048];
        let length = socket.read(&mut packet).doing("no advert was heard")?;
        packet.truncate(length);
        Ok(packet)
    }

    /// Sends a packet with its IPv4 header, whosever it is.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn repeat(&self, packet: &[u8]) -> Outcome {
        let open = || Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(nix::libc::IPPROTO_RAW)));
        let socket = self.node.namespace().enter(open)?.doing("cannot open a raw socket")?;
        socket.set_multicast_if_v4(&self.address)?;
        let to: [u8; 4] = packet[16..20].try_into().expect("four bytes");
        socket.send_to(packet, &SocketAddrV4::new(to.into(), 0).into()).doing("cannot send")?;
        Ok(())
    }
}

/// A VRRP version 2 advert without authentication, correct in every respect (RFC 3768 §5.1).
pub fn advert(vrid: u8, priority: u8, interval_seconds: u8, addresses: &[Ipv4Addr]) -> Vec<u8> {
    const AUTHENTICATION: [u8; 8] = [0; 8];
    let count = u8::try_from(addresses.len()).unwrap_or(u8::MAX);
    let mut packet = vec![0x21, vrid, priority, count, 0, interval_seconds, 0, 0];
    packet.extend(addresses.iter().flat_map(Ipv4Addr::octets));
    packet.extend(AUTHENTICATION);
    let sum = checksum(&packet);
    packet[6..8].copy_from_slice(&sum.to_be_bytes());
    packet
}

/// An IPv4 packet of VRRP for [`Forger::repeat`]; the kernel fills in what it knows better.
pub fn packet(from: Ipv4Addr, to: Ipv4Addr, time_to_live: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0xc0, 0, 0, 0, 1, 0, 0, time_to_live, 112, 0, 0];
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(payload);
    packet
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for word in bytes.chunks(2) {
        let low = word.get(1).copied().unwrap_or_default();
        sum += u32::from(u16::from_be_bytes([word[0], low]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("the carries have been folded in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advert_is_byte_for_byte_what_the_original_sends() {
        let vips = [Ipv4Addr::new(10, 1, 1, 1), Ipv4Addr::new(10, 1, 1, 3), Ipv4Addr::new(10, 1, 1, 2)];
        let sent = [
            0x21, 0x01, 0xff, 0x03, 0x00, 0x02, 0xbe, 0xef, 10, 1, 1, 1, 10, 1, 1, 3, 10, 1, 1, 2, 0, 0, 0,
            0, 0, 0, 0, 0,
        ];
        assert_eq!(advert(1, 255, 2, &vips), sent);
    }
}
