//! Every line a session can log, in the original's words, since people and their tools search for them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use super::packet::{Diagnostic, Malformed, State};
use super::params::Micros;

/// Who a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody; the path to a neighbour is lost.
    Alarm,
    /// Everybody.
    Operator,
    /// Whoever asked for details (`-D`).
    Detail,
    /// Whoever asked for them twice.
    Debug,
}

/// The times that a session and its neighbour keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Ours.
    pub local: Side,
    /// The neighbour's.
    pub remote: Side,
}

/// The times of one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// Time between packets it would like.
    pub min_tx: Micros,
    /// Time between packets it takes.
    pub min_rx: Micros,
    /// Time between packets that follows from both sides.
    pub interval: Micros,
    /// Packets after whose loss the other side gives up.
    pub multiplier: u8,
    /// Silence of the other side that it bears.
    pub detection: Duration,
}

/// One line of a session, still without its name; see [`Line::of`].
#[expect(missing_docs, reason = "the fields are the values in the text, which Display spells out")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Entering { to: State, from: State, local: Diagnostic, remote: Diagnostic },
    Expired { detection: Duration, overdue: Duration },
    DetectionTime { to: Duration, from: Duration },
    Parameters(Timing),
    PollStarted,
}

impl Line {
    /// Who it is for.
    #[must_use]
    pub fn audience(&self) -> Audience {
        match self {
            Self::Entering { to: State::Up | State::AdminDown, .. } | Self::DetectionTime { .. } => {
                Audience::Operator
            }
            Self::Entering { from: State::Up, .. } | Self::Expired { .. } => Audience::Alarm,
            Self::Entering { .. } => Audience::Debug,
            Self::Parameters(_) | Self::PollStarted => Audience::Detail,
        }
    }

    /// The lines of text, with the session's name.
    #[must_use]
    pub fn of(&self, name: &str) -> Vec<String> {
        let pad = name.len() + 2;
        match self {
            Self::Entering { to: to @ State::Down, local, remote, .. } => vec![format!(
                "({name}) Entering {to} state (Local diagnostic - {local}, Remote diagnostic - {remote})"
            )],
            Self::Entering { to, .. } => vec![format!("({name}) Entering {to} state")],
            Self::Expired { detection, overdue } => vec![format!(
                "({name}) Expired after {} ms ({} usec overdue)",
                (*detection + *overdue).as_millis(),
                overdue.as_micros()
            )],
            Self::DetectionTime { to, from } => vec![format!(
                "{:pad$} Detection time is {} us (was {} us)",
                "",
                to.as_micros(),
                from.as_micros()
            )],
            Self::Parameters(Timing { local, remote }) => vec![
                format!("({name}) ---------------< Session parameters >--------------"),
                format!("{:pad$}          min_tx  min_rx  tx_intv  mult  detect_time", ""),
                local.row(pad, "local"),
                remote.row(pad, "remote"),
            ],
            Self::PollStarted => vec![format!("({name}) Starting poll sequence")],
        }
    }
}

impl Side {
    fn row(&self, pad: usize, title: &str) -> String {
        let Self { min_tx, min_rx, interval, multiplier, detection } = self;
        format!(
            "{:pad$} {title:<6} {:>8}{:>8}{:>9}{multiplier:>6}{:>13}",
            "",
            min_tx.0,
            min_rx.0,
            interval.0,
            detection.as_micros()
        )
    }
}

/// Why a datagram was dropped without any session hearing of it.
#[expect(missing_docs, reason = "the fields are the values in the text, which Display spells out")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    Malformed { from: SocketAddr, fault: Malformed },
    Unknown { from: SocketAddr, yours: Option<NonZeroU32> },
    TooFar { from: IpAddr, ttl: Option<u8>, least: u8 },
}

impl Dropped {
    /// The lines of text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Malformed { from, fault: fault @ Malformed::Authenticated } => {
                vec![format!("Discarding packet from {} ({fault})", Pair(*from))]
            }
            Self::Malformed { from, fault } => {
                vec![fault.to_string(), format!("Discarding bogus packet from {}", Pair(*from))]
            }
            Self::Unknown { from, yours } => vec![format!(
                "Discarding packet from {} (session is not found - your discriminator field is {:#010x})",
                Pair(*from),
                yours.map_or(0, NonZeroU32::get)
            )],
            Self::TooFar { from, ttl, least } => {
                let field = if from.is_ipv6() { "hop_limit" } else { "ttl" };
                let ttl = ttl.map_or_else(|| "none".to_owned(), |ttl| ttl.to_string());
                vec![format!("Packet {field}({ttl}) < {least} - discarding")]
            }
        }
    }
}

/// An address and a port as the original writes them, in brackets whatever the family.
struct Pair(SocketAddr);

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]:{}", self.0.ip(), self.0.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = Micros(1_000_000);

    /// As Debian's keepalived 2.2.7 with `-D` logged it.
    #[test]
    fn the_table_equals_the_originals() {
        let local = Side {
            min_tx: SECOND,
            min_rx: Micros(100_000),
            interval: SECOND,
            multiplier: 4,
            detection: Duration::from_secs(5),
        };
        let remote = Side {
            min_tx: Micros(60_000),
            min_rx: Micros(150_000),
            interval: Micros(100_000),
            multiplier: 5,
            detection: Duration::from_millis(600),
        };
        assert_eq!(
            Line::Parameters(Timing { local, remote }).of("b1"),
            [
                "(b1) ---------------< Session parameters >--------------",
                "              min_tx  min_rx  tx_intv  mult  detect_time",
                "     local   1000000  100000  1000000     4      5000000",
                "     remote    60000  150000   100000     5       600000",
            ]
        );
    }

    #[test]
    fn transitions_read_as_the_original_writes_them() {
        let (from, local, remote) = (State::Up, Diagnostic::DetectionTimeExpired, Diagnostic::None);
        assert_eq!(
            Line::Entering { to: State::Down, from, local, remote }.of("b1"),
            [
                "(b1) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic)"
            ]
        );
        let (detection, overdue) = (Duration::from_millis(500), Duration::from_micros(76));
        assert_eq!(
            Line::Expired { detection, overdue }.of("b1"),
            ["(b1) Expired after 500 ms (76 usec overdue)"]
        );
        let (to, from) = (Duration::from_millis(500), Duration::from_secs(5));
        assert_eq!(
            Line::DetectionTime { to, from }.of("b1"),
            ["     Detection time is 500000 us (was 5000000 us)"]
        );
    }

    #[test]
    fn dropped_packets_read_as_the_original_writes_them() {
        let from = "10.0.0.2:55749".parse().expect("an address");
        let fault = Malformed::TooShort { length: 3 };
        assert_eq!(
            Dropped::Malformed { from, fault }.lines(),
            ["Packet is too small: 3 bytes", "Discarding bogus packet from [10.0.0.2]:55749"]
        );
        let fault = Malformed::Authenticated;
        assert_eq!(
            Dropped::Malformed { from, fault }.lines(),
            ["Discarding packet from [10.0.0.2]:55749 (auth bit is set, but no authentication  is in use)"]
        );
        assert_eq!(
            Dropped::Unknown { from, yours: NonZeroU32::new(0x1234) }.lines(),
            [
                "Discarding packet from [10.0.0.2]:55749 (session is not found - your discriminator field is 0x00001234)"
            ]
        );
        let far = |from: &str| Dropped::TooFar {
            from: from.parse().expect("an address"),
            ttl: Some(64),
            least: 255,
        };
        assert_eq!(far("10.0.0.2").lines(), ["Packet ttl(64) < 255 - discarding"]);
        assert_eq!(far("fd00::1").lines(), ["Packet hop_limit(64) < 255 - discarding"]);
    }
}
