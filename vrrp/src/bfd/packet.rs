//! The control packet (RFC 5880 §4.1), and what is wrong with one before anybody asks whose it is (§6.8.6).

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::params::Micros;

/// Protocol version, the only one there is.
const VERSION: u8 = 1;

/// Length in bytes without an authentication section.
pub const LEN: usize = 24;

const POLL: u8 = 0x20;
const FINAL: u8 = 0x10;
const INDEPENDENT: u8 = 0x08;
const AUTHENTICATED: u8 = 0x04;
const DEMAND: u8 = 0x02;
const MULTIPOINT: u8 = 0x01;

/// Where a session is (RFC 5880 §6.2); the numbers are those in the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum State {
    /// Switched off on purpose; says nothing about the path.
    AdminDown = 0,
    /// The neighbour is not heard, or does not hear us.
    Down = 1,
    /// The neighbour is heard; whether it hears us is not known yet.
    Init = 2,
    /// Both hear one another.
    Up = 3,
}

impl State {
    fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::AdminDown,
            1 => Self::Down,
            2 => Self::Init,
            _ => Self::Up,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AdminDown => "AdminDown",
            Self::Down => "Down",
            Self::Init => "Init",
            Self::Up => "Up",
        })
    }
}

/// Why a session left Up last; the numbers are those in the packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names of RFC 5880 §4.1, which Display spells out")]
pub enum Diagnostic {
    #[default]
    None = 0,
    DetectionTimeExpired = 1,
    EchoFailed = 2,
    NeighborSignaledDown = 3,
    ForwardingPlaneReset = 4,
    PathDown = 5,
    ConcatenatedPathDown = 6,
    AdministrativelyDown = 7,
    ReverseConcatenatedPathDown = 8,
}

impl Diagnostic {
    const ALL: [Self; 9] = [
        Self::None,
        Self::DetectionTimeExpired,
        Self::EchoFailed,
        Self::NeighborSignaledDown,
        Self::ForwardingPlaneReset,
        Self::PathDown,
        Self::ConcatenatedPathDown,
        Self::AdministrativelyDown,
        Self::ReverseConcatenatedPathDown,
    ];
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "No Diagnostic",
            Self::DetectionTimeExpired => "Control Detection Time Expired",
            Self::EchoFailed => "Echo Function Failed",
            Self::NeighborSignaledDown => "Neighbor Signaled Session Down",
            Self::ForwardingPlaneReset => "Forwarding Plane Reset",
            Self::PathDown => "Path Down",
            Self::ConcatenatedPathDown => "Concatenated Path Down",
            Self::AdministrativelyDown => "Administratively Down",
            Self::ReverseConcatenatedPathDown => "Reverse Concatenated Path Down",
        })
    }
}

/// Part of a poll sequence (§6.5); a packet is never both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sequence {
    /// Neither.
    #[default]
    None,
    /// P: asks for an answer at once.
    Poll,
    /// F: is that answer.
    Final,
}

/// A control packet as it is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The sender's state.
    pub state: State,
    /// Why the sender left Up last.
    pub diagnostic: Diagnostic,
    /// Whether it is part of a poll sequence.
    pub sequence: Sequence,
    /// C: the sender's forwarding does not share its fate.
    pub independent: bool,
    /// D: the sender asks for no more periodic packets.
    pub demand: bool,
    /// Lost packets after which the receiver gives up; never 0.
    pub multiplier: u8,
    /// The sender's number of the session.
    pub mine: NonZeroU32,
    /// The receiver's, if the sender knows it.
    pub yours: Option<NonZeroU32>,
    /// Shortest time between packets the sender would like.
    pub min_tx: Micros,
    /// Shortest time between packets the sender takes; none at all with 0.
    pub min_rx: Micros,
    /// The same for echo packets; none at all with 0.
    pub min_echo_rx: Micros,
}

/// Why bytes are no control packet that may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Fewer bytes than [`LEN`].
    TooShort {
        /// How many.
        length: usize,
    },
    /// Another version than 1.
    Version(u8),
    /// The length field is less than a packet needs, or more than there is.
    Length {
        /// What it says.
        field: u8,
        /// Bytes there are.
        length: usize,
    },
    /// A diagnostic that does not exist.
    Diagnostic(u8),
    /// A multiplier of 0.
    NoMultiplier,
    /// M, which is reserved.
    Multipoint,
    /// No number of the sender's.
    NoDiscriminator,
    /// No number of ours, although the sender claims to have heard us.
    NotForAnybody,
    /// P and F.
    PollAndFinal,
    /// A: authentication, which nobody configured.
    Authenticated,
}

impl fmt::Display for Malformed {
    /// In the original's words, its double spaces among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { length } => write!(f, "Packet is too small: {length} bytes"),
            Self::Version(version) => write!(f, "Packet is of unsupported version: {version}"),
            Self::Length { field, length } => {
                write!(f, "Packet size mismatch: length field: {field} bytes, buffer size: {length} bytes")
            }
            Self::Diagnostic(number) => write!(f, "Packet has invalid 'diag' field: {number}"),
            Self::NoMultiplier => f.write_str("Packet 'detection multiplier' field is zero"),
            Self::Multipoint => f.write_str("Packet has 'multipoint' flag"),
            Self::NoDiscriminator => f.write_str("Packet 'my discriminator' field is zero"),
            Self::NotForAnybody => f.write_str(
                "Packet 'your discriminator' field is zero and 'state' field is not Down or AdminDown",
            ),
            Self::PollAndFinal => f.write_str("Packet has both poll and final  flags set"),
            Self::Authenticated => f.write_str("auth bit is set, but no authentication  is in use"),
        }
    }
}

impl std::error::Error for Malformed {}

impl Packet {
    /// Reads a packet.
    ///
    /// # Errors
    /// What the first check of RFC 5880 §6.8.6 says that it does not pass.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let length = bytes.len();
        let Some(fixed) = bytes.first_chunk::<LEN>() else { return Err(Malformed::TooShort { length }) };
        let word = |at: usize| u32::from_be_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        let [first, flags, multiplier, field, ..] = *fixed;
        if first >> 5 != VERSION {
            return Err(Malformed::Version(first >> 5));
        }
        // An authentication section has at least its type and length.
        let shortest = if flags & AUTHENTICATED == 0 { LEN } else { LEN + 2 };
        if usize::from(field) < shortest || usize::from(field) > length {
            return Err(Malformed::Length { field, length });
        }
        let number = first & 0x1f;
        let diagnostic = *Diagnostic::ALL.get(usize::from(number)).ok_or(Malformed::Diagnostic(number))?;
        if multiplier == 0 {
            return Err(Malformed::NoMultiplier);
        }
        if flags & MULTIPOINT != 0 {
            return Err(Malformed::Multipoint);
        }
        let mine = NonZeroU32::new(word(4)).ok_or(Malformed::NoDiscriminator)?;
        let yours = NonZeroU32::new(word(8));
        let state = State::from_bits(flags >> 6);
        if yours.is_none() && matches!(state, State::Init | State::Up) {
            return Err(Malformed::NotForAnybody);
        }
        let sequence = match (flags & POLL != 0, flags & FINAL != 0) {
            (true, true) => return Err(Malformed::PollAndFinal),
            (true, false) => Sequence::Poll,
            (false, true) => Sequence::Final,
            (false, false) => Sequence::None,
        };
        if flags & AUTHENTICATED != 0 {
            return Err(Malformed::Authenticated);
        }
        Ok(Self {
            state,
            diagnostic,
            sequence,
            independent: flags & INDEPENDENT != 0,
            demand: flags & DEMAND != 0,
            multiplier,
            mine,
            yours,
            min_tx: Micros(word(12)),
            min_rx: Micros(word(16)),
            min_echo_rx: Micros(word(20)),
        })
    }

    /// The bytes to send.
    #[must_use]
    pub fn emit(&self) -> [u8; LEN] {
        let bit = |on: bool, bit: u8| if on { bit } else { 0 };
        let sequence = match self.sequence {
            Sequence::None => 0,
            Sequence::Poll => POLL,
            Sequence::Final => FINAL,
        };
        let mut bytes = [0; LEN];
        bytes[0] = VERSION << 5 | self.diagnostic as u8;
        bytes[1] = (self.state as u8) << 6
            | sequence
            | bit(self.independent, INDEPENDENT)
            | bit(self.demand, DEMAND);
        bytes[2] = self.multiplier;
        bytes[3] = 24;
        bytes[4..8].copy_from_slice(&self.mine.get().to_be_bytes());
        bytes[8..12].copy_from_slice(&self.yours.map_or(0, NonZeroU32::get).to_be_bytes());
        bytes[12..16].copy_from_slice(&self.min_tx.0.to_be_bytes());
        bytes[16..20].copy_from_slice(&self.min_rx.0.to_be_bytes());
        bytes[20..].copy_from_slice(&self.min_echo_rx.0.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: [u8; LEN] =
        [0x20, 0x40, 5, 24, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0, 1, 0x86, 0xa0, 0, 0, 0, 0];

    fn with(at: usize, byte: u8) -> Result<Packet, Malformed> {
        let mut bytes = DOWN;
        bytes[at] = byte;
        Packet::parse(&bytes)
    }

    #[test]
    fn each_check_of_the_rfc_refuses_its_packet() {
        assert!(Packet::parse(&DOWN).is_ok());
        assert_eq!(Packet::parse(&DOWN[..23]), Err(Malformed::TooShort { length: 23 }));
        assert_eq!(with(0, 0x40), Err(Malformed::Version(2)));
        assert_eq!(with(0, 0x29), Err(Malformed::Diagnostic(9)));
        assert_eq!(with(2, 0), Err(Malformed::NoMultiplier));
        assert_eq!(with(3, 23), Err(Malformed::Length { field: 23, length: 24 }));
        assert_eq!(with(3, 25), Err(Malformed::Length { field: 25, length: 24 }));
        assert_eq!(with(7, 0), Err(Malformed::NoDiscriminator));
        assert_eq!(with(1, 0xc0), Err(Malformed::NotForAnybody));
        assert_eq!(with(1, 0x80), Err(Malformed::NotForAnybody));
        assert_eq!(with(1, 0x70), Err(Malformed::PollAndFinal));
        assert_eq!(with(1, 0x41), Err(Malformed::Multipoint));
        assert_eq!(with(1, 0x44), Err(Malformed::Length { field: 24, length: 24 }));
        let mut signed = DOWN.to_vec();
        signed.extend([1, 2]);
        signed[1] = 0x44;
        signed[3] = 26;
        assert_eq!(Packet::parse(&signed), Err(Malformed::Authenticated));
    }

    #[test]
    fn bytes_behind_the_length_do_not_matter() {
        let mut padded = DOWN.to_vec();
        padded.extend([0; 4]);
        assert_eq!(Packet::parse(&padded), Packet::parse(&DOWN));
    }

    #[test]
    fn whatever_is_read_is_written_again() {
        for flags in (0..=255_u8).filter(|flags| flags & (AUTHENTICATED | MULTIPOINT) == 0) {
            let mut bytes = DOWN;
            bytes[1] = flags;
            bytes[11] = 9;
            bytes[23] = 3;
            if let Ok(packet) = Packet::parse(&bytes) {
                assert_eq!(packet.emit(), bytes);
            }
        }
    }
}
