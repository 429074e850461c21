//! Gratuitous ARP: the frame, and the one packet socket all of them leave by.

use std::io;
use std::net::Ipv4Addr;

use pnet::packet::MutablePacket;
use pnet::packet::arp::{ArpHardwareTypes, ArpOperations, MutableArpPacket};
use pnet::packet::ethernet::{EtherTypes, MutableEthernetPacket};
use pnet::util::MacAddr;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Length in bytes of an Ethernet and an ARP header; the frame is not padded.
pub const FRAME_LEN: usize = 42;

/// The frame that tells the link `address` is at `mac`: an ARP request for itself (RFC 5227 §3).
#[must_use]
pub fn gratuitous(mac: [u8; 6], broadcast: [u8; 6], address: Ipv4Addr) -> [u8; FRAME_LEN] {
    let mut frame = [0; FRAME_LEN];
    let mac = MacAddr::from(mac);
    if let Some(mut ethernet) = MutableEthernetPacket::new(&mut frame) {
        ethernet.set_destination(MacAddr::from(broadcast));
        ethernet.set_source(mac);
        ethernet.set_ethertype(EtherTypes::Arp);
        if let Some(mut arp) = MutableArpPacket::new(ethernet.payload_mut()) {
            arp.set_hardware_type(ArpHardwareTypes::Ethernet);
            arp.set_protocol_type(EtherTypes::Ipv4);
            arp.set_hw_addr_len(6);
            arp.set_proto_addr_len(4);
            arp.set_operation(ArpOperations::Request);
            arp.set_sender_hw_addr(mac);
            arp.set_sender_proto_addr(address);
            arp.set_target_hw_addr(MacAddr::broadcast());
            arp.set_target_proto_addr(address);
        }
    }
    frame
}

/// A packet socket for every interface at once. It receives nothing.
#[derive(Debug)]
pub struct ArpSocket(Socket);

impl ArpSocket {
    /// Opens it; needs CAP_NET_RAW.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn open() -> io::Result<Self> {
        // Protocol 0 hears nothing; the filter states it once more, as the original does.
        let socket = Socket::new(Domain::PACKET, Type::RAW.nonblocking().cloexec(), Some(Protocol::from(0)))?;
        socket.attach_filter(&super::DROP_ALL)?;
        Ok(Self(socket))
    }

    /// Sends a gratuitous ARP for `address` by the interface with this index.
    ///
    /// # Errors
    /// What the kernel says: the interface is gone or down, its queue is full.
    pub fn send(&self, ifindex: u32, mac: [u8; 6], broadcast: [u8; 6], address: Ipv4Addr) -> io::Result<()> {
        let to = link_address(ifindex, broadcast)?;
        self.0.send_to(&gratuitous(mac, broadcast, address), &to).map(|_| ())
    }
}

#[expect(unsafe_code, reason = "no safe crate makes a sockaddr_ll")]
#[expect(clippy::cast_possible_truncation, reason = "constants of the kernel, small in a wide type")]
fn link_address(ifindex: u32, mac: [u8; 6]) -> io::Result<SockAddr> {
    let ifindex = i32::try_from(ifindex).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: sockaddr_storage is larger than sockaddr_ll and aligned for it, all of its bytes are initialised, and the length
    // written is that of the sockaddr_ll with which the storage begins.
    let ((), address) = unsafe {
        SockAddr::try_init(|storage, len| {
            let link = &mut *storage.cast::<libc::sockaddr_ll>();
            link.sll_family = libc::AF_PACKET as libc::sa_family_t;
            link.sll_protocol = (libc::ETH_P_ARP as u16).to_be();
            link.sll_ifindex = ifindex;
            link.sll_hatype = libc::ARPHRD_ETHER;
            link.sll_halen = 6;
            link.sll_addr[..6].copy_from_slice(&mac);
            *len = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
            Ok(())
        })?
    };
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Captured from the original on a veth: 10.0.0.100 at 02:00:00:00:00:01.
    #[test]
    fn the_frame_equals_the_originals_byte_for_byte() {
        let frame = gratuitous([2, 0, 0, 0, 0, 1], [0xff; 6], Ipv4Addr::new(10, 0, 0, 100));
        let expected = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x08, 0x06, // Ethernet
            0, 1, 0x08, 0, 6, 4, 0, 1, // request
            2, 0, 0, 0, 0, 1, 10, 0, 0, 100, // sender
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 10, 0, 0, 100, // target
        ];
        assert_eq!(frame, expected);
    }
}
