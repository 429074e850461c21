//! Gratuitous ARP: the frame.

use std::net::Ipv4Addr;

use pnet::packet::MutablePacket;
use pnet::packet::arp::{ArpHardwareTypes, ArpOperations, MutableArpPacket};
use pnet::packet::ethernet::{EtherTypes, MutableEthernetPacket};
use pnet::util::MacAddr;

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
