//! A question to a name server, and whether it was answered (checkers.md §20; RFC 1035 §4). What the answer says does not
//! matter, so only its header is read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Bytes of a header.
const HEADER: usize = 12;

/// The longest name on the wire, the root's empty label included (RFC 1035 §2.3.4).
const MAX_NAME: usize = 255;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// `name`
    pub name: Name,
    /// `type`
    pub record: Record,
}

/// A name as it is sent: labels, each behind its length, and the empty one of the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name(Vec<u8>);

/// No name of the DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoName;

impl fmt::Display for NoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name has labels of 1 to 63 bytes and at most 255 bytes")
    }
}

impl std::error::Error for NoName {}

impl fmt::Display for Name {
    /// As it is configured: labels with dots between them, `.` for the root.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_slice();
        let mut is_first = true;
        while let Some((length, tail)) = rest.split_first() {
            let Some((label, behind)) = tail.split_at_checked(usize::from(*length)) else { break };
            if !label.is_empty() || is_first {
                let dot = if label.is_empty() || !is_first { "." } else { "" };
                write!(f, "{dot}{}", String::from_utf8_lossy(label))?;
            }
            (rest, is_first) = (behind, false);
        }
        Ok(())
    }
}

impl FromStr for Name {
    type Err = NoName;

    /// `.` is the root; a dot at the end of another name adds nothing.
    fn from_str(text: &str) -> Result<Self, NoName> {
        let mut wire = Vec::new();
        if text != "." {
            for label in text.strip_suffix('.').unwrap_or(text).split('.') {
                match u8::try_from(label.len()) {
                    Ok(length @ 1..=63) => wire.push(length),
                    Ok(_) | Err(_) => return Err(NoName),
                }
                wire.extend_from_slice(label.as_bytes());
            }
        }
        wire.push(0);
        if wire.len() > MAX_NAME { Err(NoName) } else { Ok(Self(wire)) }
    }
}

/// The type of the record asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are the names of DNS record types")]
pub enum Record {
    A,
    Ns,
    Cname,
    Soa,
    Mx,
    Txt,
    Aaaa,
    Rrsig,
    Dnskey,
}

impl Record {
    /// The number that IANA gave it.
    const fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Ns => 2,
            Self::Cname => 5,
            Self::Soa => 6,
            Self::Mx => 15,
            Self::Txt => 16,
            Self::Aaaa => 28,
            Self::Rrsig => 46,
            Self::Dnskey => 48,
        }
    }
}

/// How a server says that it has no answer, 1 to 15 (RFC 1035 §4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rcode(u8);

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a datagram is to somebody who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing: it is no answer, or one to another question.
    NotOurs,
    /// An answer, though it may be empty or cut.
    Good,
    /// The server does not answer this.
    Refused(Rcode),
}

impl Question {
    /// The question with this identifier, and the wish for recursion.
    pub fn bytes(&self, id: u16) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.name.0.len() + 4);
        bytes.extend_from_slice(&id.to_be_bytes());
        bytes.extend_from_slice(&[0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(&self.name.0);
        bytes.extend_from_slice(&self.record.number().to_be_bytes());
        bytes.extend_from_slice(&[0, 1]);
        bytes
    }
}

impl Answer {
    /// Looks at the header of a datagram that came after the question with this identifier.
    pub fn read(id: u16, datagram: &[u8]) -> Self {
        let Some([id_high, id_low, flags, code, ..]) = datagram.first_chunk::<HEADER>() else {
            return Self::NotOurs;
        };
        if u16::from_be_bytes([*id_high, *id_low]) != id || flags & 0x80 == 0 {
            return Self::NotOurs;
        }
        match code & 0x0f {
            0 => Self::Good,
            code => Self::Refused(Rcode(code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, record: Record) -> Question {
        Question { name: name.parse().unwrap(), record }
    }

    /// §20.1, as it was seen on the wire.
    #[test]
    fn a_question_is_keepalived_s_byte_for_byte() {
        assert_eq!(
            question("www.example.com", Record::A).bytes(0xd7d7),
            b"\xd7\xd7\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01"
        );
        assert_eq!(question(".", Record::Soa).bytes(1), b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\0\0\x06\0\x01");
    }

    #[test]
    fn names_are_shown_as_they_are_configured() {
        for text in ["a.b", "www.example.com", "."] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn names_have_labels_and_an_end() {
        let wire = |text: &str| text.parse().map(|Name(wire)| wire);
        assert_eq!(wire("a.b"), Ok(b"\x01a\x01b\0".to_vec()));
        assert_eq!(wire("a.b."), wire("a.b"));
        assert_eq!(wire("."), Ok(vec![0]));
        let longest = ["x".repeat(63), "x".repeat(63), "x".repeat(63), "x".repeat(61)].join(".");
        assert_eq!(wire(&longest).unwrap().len(), MAX_NAME);
        for text in ["", "..", ".a", "a..b", &"x".repeat(64), &format!("{longest}x"), &"x".repeat(300)] {
            assert_eq!(wire(text), Err(NoName), "{text}");
        }
    }

    #[test]
    fn only_an_answer_to_this_question_counts() {
        let answer = |id: u16, flags: u8, code: u8| {
            let mut datagram = [0; HEADER];
            datagram[..2].copy_from_slice(&id.to_be_bytes());
            (datagram[2], datagram[3]) = (flags, code);
            Answer::read(7, &datagram)
        };
        assert_eq!(answer(7, 0x80, 0), Answer::Good);
        assert_eq!(answer(7, 0xff, 0xf0), Answer::Good);
        assert_eq!(answer(7, 0x80, 5), Answer::Refused(Rcode(5)));
        assert_eq!(answer(7, 0x7f, 0), Answer::NotOurs);
        assert_eq!(answer(8, 0x80, 0), Answer::NotOurs);
        assert_eq!(Answer::read(0, &[0; HEADER - 1]), Answer::NotOurs);
        assert_eq!(Answer::read(0, b""), Answer::NotOurs);
    }
}
