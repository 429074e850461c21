//! Bytes captured on a veth between two of Debian's keepalived 2.2.7, whose sessions were
//!
//! ```text
//! bfd_instance b1 { neighbor_ip 10.0.0.2; min_rx 100; min_tx 80; multiplier 4 }
//! bfd_instance b2 { neighbor_ip 10.0.0.1; min_rx 150; min_tx 60; multiplier 5 }
//! ```

use std::num::NonZeroU32;

use vrrp::bfd::packet::{LEN, Sequence};
use vrrp::bfd::{Diagnostic, Micros, Packet, State};

/// The hexadecimal digits of a packet as bytes.
fn bytes(text: &str) -> [u8; LEN] {
    let digit = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal");
    std::array::from_fn(digit)
}

const B1: u32 = 0xae8c_388e;
const B2: u32 = 0x9d0a_4f84;

fn b1(state: State, sequence: Sequence, knows: bool, min_tx: u32) -> Packet {
    Packet {
        state,
        diagnostic: Diagnostic::None,
        sequence,
        independent: false,
        demand: false,
        multiplier: 4,
        mine: NonZeroU32::new(B1).expect("not 0"),
        yours: NonZeroU32::new(if knows { B2 } else { 0 }),
        min_tx: Micros(min_tx),
        min_rx: Micros(100_000),
        min_echo_rx: Micros(0),
    }
}

fn b2(state: State, sequence: Sequence, min_tx: u32) -> Packet {
    Packet {
        multiplier: 5,
        mine: NonZeroU32::new(B2).expect("not 0"),
        yours: NonZeroU32::new(B1),
        min_tx: Micros(min_tx),
        min_rx: Micros(150_000),
        ..b1(state, sequence, true, min_tx)
    }
}

#[test]
fn a_session_of_the_original_is_read_and_written_byte_for_byte() {
    let expired = Packet {
        diagnostic: Diagnostic::DetectionTimeExpired,
        mine: NonZeroU32::new(0xc745_4564).expect("not 0"),
        ..b1(State::Down, Sequence::None, false, 1_000_000)
    };
    let unknown = Packet { yours: None, ..b2(State::Down, Sequence::None, 1_000_000) };
    let captured = [
        (
            "20400418ae8c388e00000000000f4240000186a000000000",
            b1(State::Down, Sequence::None, false, 1_000_000),
        ),
        ("204005189d0a4f8400000000000f4240000249f000000000", unknown),
        (
            "20800418ae8c388e9d0a4f84000f4240000186a000000000",
            b1(State::Init, Sequence::None, true, 1_000_000),
        ),
        ("20e005189d0a4f84ae8c388e0000ea60000249f000000000", b2(State::Up, Sequence::Poll, 60_000)),
        ("20d00418ae8c388e9d0a4f8400013880000186a000000000", b1(State::Up, Sequence::Final, true, 80_000)),
        ("20c005189d0a4f84ae8c388e0000ea60000249f000000000", b2(State::Up, Sequence::None, 60_000)),
        ("20c00418ae8c388e9d0a4f8400013880000186a000000000", b1(State::Up, Sequence::None, true, 80_000)),
        ("21400418c745456400000000000f4240000186a000000000", expired),
    ];
    for (text, packet) in captured {
        let bytes = bytes(text);
        assert_eq!(Packet::parse(&bytes), Ok(packet), "{text}");
        assert_eq!(packet.emit(), bytes, "{text}");
    }
}
