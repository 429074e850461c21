//! The IPv4 header (RFC 791): what a raw socket hands over in front of each packet, and what we put there ourselves.

use std::net::Ipv4Addr;

use super::Truncated;

/// Length in bytes of a header without options, the only one we send.
pub const HEADER_LEN: usize = 20;

/// Precedence "internetwork control", on every packet of the protocol.
pub const TOS: u8 = 0xc0;

/// A header and its payload; holds at least as many bytes as the header says it has.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4View<'a>(&'a [u8]);

impl<'a> Ipv4View<'a> {
    /// Checks that `bytes` hold the whole header, options included.
    ///
    /// # Errors
    /// [`Truncated`] when they do not, or when the header length field is below its minimum of five words.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Truncated> {
        let view = Self(bytes);
        if bytes.len() < HEADER_LEN || view.header_len() < HEADER_LEN || bytes.len() < view.header_len() {
            return Err(Truncated);
        }
        Ok(view)
    }

    /// Header length in bytes, 20 to 60.
    #[must_use]
    pub fn header_len(&self) -> usize {
        usize::from(self.0[0] & 0x0f) * 4
    }

    /// Length in bytes of the whole packet as the header tells it.
    #[must_use]
    pub fn total_len(&self) -> usize {
        usize::from(u16::from_be_bytes([self.0[2], self.0[3]]))
    }

    /// Identification.
    #[must_use]
    pub fn identification(&self) -> u16 {
        u16::from_be_bytes([self.0[4], self.0[5]])
    }

    /// Time to live.
    #[must_use]
    pub fn ttl(&self) -> u8 {
        self.0[8]
    }

    /// Protocol of the payload.
    #[must_use]
    pub fn protocol(&self) -> u8 {
        self.0[9]
    }

    /// Sender.
    #[must_use]
    pub fn source(&self) -> Ipv4Addr {
        Ipv4Addr::new(self.0[12], self.0[13], self.0[14], self.0[15])
    }

    /// Receiver: a host or a group.
    #[must_use]
    pub fn destination(&self) -> Ipv4Addr {
        Ipv4Addr::new(self.0[16], self.0[17], self.0[18], self.0[19])
    }

    /// Everything received after the header, link padding included.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        &self.0[self.header_len()..]
    }

    /// Number of bytes received.
    #[must_use]
    pub fn received_len(&self) -> usize {
        self.0.len()
    }
}

/// The fields of a header that differ from packet to packet.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4Header {
    /// Counter of the sender.
    pub identification: u16,
    /// Time to live; 255 for multicast.
    pub ttl: u8,
    /// [`super::PROTOCOL_VRRP`] or [`super::PROTOCOL_AH`].
    pub protocol: u8,
    /// Sender.
    pub source: Ipv4Addr,
    /// Receiver.
    pub destination: Ipv4Addr,
}

impl Ipv4Header {
    /// Appends the header of a packet with `payload_len` bytes after it. The kernel fills in the checksum.
    pub fn emit(&self, payload_len: usize, out: &mut Vec<u8>) {
        let total = u16::try_from(HEADER_LEN + payload_len).unwrap_or(u16::MAX);
        out.extend([0x45, TOS]);
        out.extend(total.to_be_bytes());
        out.extend(self.identification.to_be_bytes());
        out.extend([0, 0, self.ttl, self.protocol, 0, 0]);
        out.extend(self.source.octets());
        out.extend(self.destination.octets());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emitted_header_reads_back() {
        let header = Ipv4Header {
            identification: 3,
            ttl: 255,
            protocol: 112,
            source: Ipv4Addr::new(10, 0, 0, 1),
            destination: Ipv4Addr::new(224, 0, 0, 18),
        };
        let mut bytes = Vec::new();
        header.emit(4, &mut bytes);
        bytes.extend([1, 2, 3, 4]);
        let view = Ipv4View::new(&bytes).expect("a whole header");
        assert_eq!((view.identification(), view.ttl(), view.protocol()), (3, 255, 112));
        assert_eq!((view.source(), view.destination()), (header.source, header.destination));
        assert_eq!((view.total_len(), view.payload()), (24, &[1, 2, 3, 4][..]));
    }

    #[test]
    fn a_header_length_beyond_the_bytes_is_truncated() {
        let mut bytes = vec![0; 24];
        bytes[0] = 0x4f;
        assert_eq!(Ipv4View::new(&bytes).err(), Some(Truncated));
        bytes[0] = 0x44;
        assert_eq!(Ipv4View::new(&bytes).err(), Some(Truncated));
    }
}
