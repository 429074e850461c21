//! Unsolicited neighbour advertisements (RFC 4861 §4.4, §7.2.6): the frame.

use std::net::Ipv6Addr;

use pnet::packet::MutablePacket;
use pnet::packet::ethernet::{EtherTypes, MutableEthernetPacket};
use pnet::packet::icmpv6::ndp::{MutableNeighborAdvertPacket, NdpOption, NdpOptionTypes};
use pnet::packet::icmpv6::{Icmpv6Packet, Icmpv6Types, checksum};
use pnet::packet::ip::IpNextHeaderProtocols;
use pnet::packet::ipv6::MutableIpv6Packet;
use pnet::util::MacAddr;

/// Length in bytes of the frame.
pub const FRAME_LEN: usize = 14 + 40 + ADVERT_LEN;

/// Length in bytes of the ICMPv6 message with its one option.
const ADVERT_LEN: usize = 24 + 8;

/// All nodes of the link.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// The address says something that replaces what a neighbour knows.
const OVERRIDE: u8 = 0x20;
/// The sender is a router.
const ROUTER: u8 = 0x80;

/// The frame that tells all nodes of the link `address` is at `mac`, and whether this machine forwards for them.
#[must_use]
pub fn unsolicited(mac: [u8; 6], address: Ipv6Addr, forwards: bool) -> [u8; FRAME_LEN] {
    let mut frame = [0; FRAME_LEN];
    let mac = MacAddr::from(mac);
    if let Some(mut ethernet) = MutableEthernetPacket::new(&mut frame) {
        ethernet.set_destination(MacAddr::new(0x33, 0x33, 0, 0, 0, 1));
        ethernet.set_source(mac);
        ethernet.set_ethertype(EtherTypes::Ipv6);
        if let Some(mut ip) = MutableIpv6Packet::new(ethernet.payload_mut()) {
            ip.set_version(6);
            ip.set_payload_length(u16::try_from(ADVERT_LEN).unwrap_or_default());
            ip.set_next_header(IpNextHeaderProtocols::Icmpv6);
            ip.set_hop_limit(255);
            ip.set_source(address);
            ip.set_destination(ALL_NODES);
            fill(ip.payload_mut(), mac, address, forwards);
        }
    }
    frame
}

fn fill(bytes: &mut [u8], mac: MacAddr, address: Ipv6Addr, forwards: bool) {
    let Some(mut advert) = MutableNeighborAdvertPacket::new(bytes) else { return };
    advert.set_icmpv6_type(Icmpv6Types::NeighborAdvert);
    advert.set_flags(if forwards { OVERRIDE | ROUTER } else { OVERRIDE });
    advert.set_target_addr(address);
    let data = mac.octets().to_vec();
    advert.set_options(&[NdpOption { option_type: NdpOptionTypes::TargetLLAddr, length: 1, data }]);
    let Some(sum) = Icmpv6Packet::new(bytes).map(|icmp| checksum(&icmp, &address, &ALL_NODES)) else {
        return;
    };
    if let Some(mut advert) = MutableNeighborAdvertPacket::new(bytes) {
        advert.set_checksum(sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the original's on a veth, 2001:db8::100 at 02:00:00:00:00:01, without forwarding; the sum verified by hand.
    #[test]
    fn the_frame_has_the_originals_fields() {
        let address: Ipv6Addr = "2001:db8::100".parse().expect("an address");
        let frame = unsolicited([2, 0, 0, 0, 0, 1], address, false);
        assert_eq!(frame[..14], [0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd]);
        assert_eq!(frame[14..22], [0x60, 0, 0, 0, 0, 32, 58, 255]);
        assert_eq!(frame[22..38], address.octets());
        assert_eq!(frame[38..54], ALL_NODES.octets());
        assert_eq!((frame[54], frame[55], &frame[58..62]), (136, 0, &[0x20, 0, 0, 0][..]));
        assert_eq!(frame[62..78], address.octets());
        assert_eq!(frame[78..], [2, 1, 2, 0, 0, 0, 0, 1]);
        let pseudo = [&frame[22..54], &[0, 0, 0, 32, 0, 0, 0, 58], &frame[54..]].concat();
        assert_eq!(crate::wire::checksum::Sum::new().bytes(&pseudo).finish(), 0);
    }

    #[test]
    fn a_machine_that_forwards_says_that_it_is_a_router() {
        assert_eq!(unsolicited([2, 0, 0, 0, 0, 1], Ipv6Addr::LOCALHOST, true)[58], 0xa0);
    }
}
