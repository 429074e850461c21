//! The sequence numbers of `auth_hmac`: the time, made strictly growing.
//!
//! A number is `seconds << 32 | fraction << 16 | counter`, compared in serial arithmetic (RFC 1982), so that it outlives the year
//! 2106.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::params::signing::{AntiReplay, Signing};

/// How many senders of multicast are remembered.
const SENDERS: usize = 4;

/// The number of a moment.
fn number_at(wall: SystemTime) -> u64 {
    // A clock before 1970 is as good as one that says 1970.
    let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = u64::from(since.subsec_nanos()) * 65_536 / 1_000_000_000;
    since.as_secs() << 32 | fraction << 16
}

/// By how much `a` is later than `b`, as a number.
fn ahead(a: u64, b: u64) -> i64 {
    a.wrapping_sub(b).cast_signed()
}

/// By how many seconds the number is ahead of the clock; negative when it is behind.
#[must_use]
pub fn skew(number: u64, wall: SystemTime) -> i64 {
    (ahead(number & !0xffff_ffff, number_at(wall) & !0xffff_ffff)) >> 32
}

/// The last number sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent(Option<u64>);

impl Sent {
    /// The number of the next advert. A clock that was set back is waited for by counting on, but not for longer than
    /// receivers would put up with.
    pub fn advance(&mut self, signing: &Signing, wall: SystemTime) -> u64 {
        let clock = number_at(wall);
        let window = i64::try_from(signing.window.as_secs()).unwrap_or(i64::MAX);
        let next = match self.0 {
            Some(last) if ahead(clock, last) > 0 => clock,
            Some(last) if signing.anti_replay == AntiReplay::Time && skew(last, wall) > window => clock,
            Some(last) => last.wrapping_add(1),
            None => clock,
        };
        self.0 = Some(next);
        next
    }
}

/// The last number heard of each sender: of all peers, or of the four senders of multicast that spoke last.
#[derive(Clone, Debug, Default)]
pub struct Heard(VecDeque<(IpAddr, u64)>);

impl Heard {
    /// Takes the number of an authentic advert. False when it is not newer than the last one of this sender.
    pub fn take(
        &mut self,
        from: IpAddr,
        number: u64,
        signing: &Signing,
        wall: SystemTime,
        senders: Senders,
    ) -> bool {
        if signing.anti_replay == AntiReplay::Time {
            // Whatever is as old is refused for its age.
            let window = i64::try_from(signing.window.as_secs()).unwrap_or(i64::MAX);
            self.0.retain(|(_, mark)| skew(*mark, wall) >= -window);
        }
        let known = self.0.iter().position(|(sender, _)| *sender == from);
        if known.is_some_and(|at| ahead(number, self.0[at].1) <= 0) {
            return false;
        }
        if let Some(at) = known {
            self.0.remove(at);
        }
        self.0.push_back((from, number));
        if senders == Senders::Anybody && self.0.len() > SENDERS {
            self.0.pop_front();
        }
        true
    }
}

/// Who can be a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Senders {
    /// The peers of the configuration.
    Peers,
    /// Anybody on the link.
    Anybody,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::signing::Mode;
    use std::time::Duration;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn signing(anti_replay: AntiReplay) -> Signing {
        let window = Duration::from_secs(5);
        Signing { keys: Vec::new(), active: 1, window, anti_replay, mode: Mode::Enforce }
    }

    fn wall(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn numbers_follow_the_clock_and_grow_when_it_stands() {
        let (mut sent, signing) = (Sent::default(), signing(AntiReplay::Time));
        let half = wall(7) + Duration::from_millis(500);
        assert_eq!(sent.advance(&signing, half), 7 << 32 | 0x8000 << 16);
        assert_eq!(sent.advance(&signing, half), 7 << 32 | 0x8000 << 16 | 1);
        assert_eq!(sent.advance(&signing, wall(8)), 8 << 32);
    }

    #[test]
    fn a_clock_set_back_is_waited_for_within_the_window_only() {
        let (mut sent, time) = (Sent::default(), signing(AntiReplay::Time));
        sent.advance(&time, wall(100));
        assert_eq!(sent.advance(&time, wall(95)), 100 << 32 | 1);
        assert_eq!(sent.advance(&time, wall(94)), 94 << 32);
        let (mut sent, monotonic) = (Sent::default(), signing(AntiReplay::Monotonic));
        sent.advance(&monotonic, wall(100));
        assert_eq!(sent.advance(&monotonic, wall(1)), 100 << 32 | 1);
    }

    #[test]
    fn a_number_counts_once() {
        let (mut heard, signing) = (Heard::default(), signing(AntiReplay::Time));
        let mut take = |number| heard.take(A, number, &signing, wall(10), Senders::Anybody);
        assert!(take(10 << 32));
        assert!(!take(10 << 32));
        assert!(!take(9 << 32));
        assert!(take(10 << 32 | 1));
    }

    #[test]
    fn four_senders_of_multicast_are_remembered_and_every_peer() {
        let signing = signing(AntiReplay::Monotonic);
        for (senders, forgotten) in [(Senders::Anybody, true), (Senders::Peers, false)] {
            let mut heard = Heard::default();
            for last in 1..=5 {
                assert!(heard.take([10, 0, 0, last].into(), 10 << 32, &signing, wall(10), senders));
            }
            assert_eq!(heard.take(A, 10 << 32, &signing, wall(10), senders), forgotten);
        }
    }
}
