//! The packet sockets that gratuitous ARP and neighbour advertisements leave by.

use std::io;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::params::Family;

/// A packet socket for every interface at once. It receives nothing.
#[derive(Debug)]
pub struct LinkSocket(Socket);

impl LinkSocket {
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

    /// Sends an Ethernet frame about an address of this family by the interface with this index.
    ///
    /// # Errors
    /// What the kernel says: the interface is gone or down, its queue is full.
    pub fn send(&self, ifindex: u32, family: Family, frame: &[u8]) -> io::Result<()> {
        let destination = frame.first_chunk().ok_or(io::ErrorKind::InvalidInput)?;
        let to = link_address(ifindex, family, *destination)?;
        self.0.send_to(frame, &to).map(|_| ())
    }
}

#[expect(unsafe_code, reason = "no safe crate makes a sockaddr_ll")]
#[expect(clippy::cast_possible_truncation, reason = "constants of the kernel, small in a wide type")]
fn link_address(ifindex: u32, family: Family, mac: [u8; 6]) -> io::Result<SockAddr> {
    let ifindex = i32::try_from(ifindex).map_err(|_| io::ErrorKind::InvalidInput)?;
    let protocol = match family {
        Family::Ipv4 => libc::ETH_P_ARP as u16,
        Family::Ipv6 => libc::ETH_P_IPV6 as u16,
    };
    // SAFETY: sockaddr_storage is larger than sockaddr_ll and aligned for it, all of its bytes are initialised, and the length
    // written is that of the sockaddr_ll with which the storage begins.
    let ((), address) = unsafe {
        SockAddr::try_init(|storage, len| {
            let link = &mut *storage.cast::<libc::sockaddr_ll>();
            link.sll_family = libc::AF_PACKET as libc::sa_family_t;
            link.sll_protocol = protocol.to_be();
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
