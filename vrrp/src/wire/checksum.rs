//! The Internet checksum (RFC 1071).

use std::net::Ipv4Addr;

use super::PROTOCOL_VRRP;

/// A running one's complement sum over any number of pieces, each of which starts on an even offset.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum(u64);

impl Sum {
    /// Starts with nothing added.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `bytes`; an odd last byte counts as the high half of a word.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        let mut words = bytes.chunks_exact(2);
        for word in &mut words {
            self.0 += u64::from(u16::from_be_bytes([word[0], word[1]]));
        }
        if let [last] = words.remainder() {
            self.0 += u64::from(u16::from_be_bytes([*last, 0]));
        }
        self
    }

    /// Adds the pseudo-header that VRRP version 3 puts in front of a PDU of `len` bytes (RFC 9568 §5.2.8).
    #[must_use]
    pub fn pseudo_header(self, source: Ipv4Addr, destination: Ipv4Addr, len: u16) -> Self {
        self.bytes(&source.octets())
            .bytes(&destination.octets())
            .bytes(&[0, PROTOCOL_VRRP])
            .bytes(&len.to_be_bytes())
    }

    /// The checksum to store. Over a whole packet with its checksum in place it is 0.
    #[must_use]
    pub fn finish(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        #[expect(clippy::cast_possible_truncation, reason = "folded to 16 bits above")]
        let sum = sum as u16;
        !sum
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    /// The worked example of RFC 1071 §3.
    #[test]
    fn sum_equals_the_worked_example_of_the_rfc() {
        assert_eq!(Sum::new().bytes(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]).finish(), !0xddf2);
    }

    #[test]
    fn an_odd_last_byte_is_padded_on_the_right() {
        assert_eq!(Sum::new().bytes(&[0x01]).finish(), !0x0100);
    }
}
