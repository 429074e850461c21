//! What a mail server has to answer (checkers.md §19): one line to each of three questions, RFC 5321 §4.2 in its narrowest
//! sense.

use std::fmt;

/// A line, its end included, must be shorter than this many bytes.
pub const MAX_LINE: usize = 511;

/// What went wrong after the connection was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The server does not begin with 220.
    Greeting,
    /// It does not answer `HELO` with 250.
    Helo,
    /// It did not answer in time.
    ReadTimeout,
    /// The connection ended before the answer.
    Read,
    /// It did not take what was said in time.
    WriteTimeout,
    /// The connection ended before everything was said.
    Write,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "Bad greeting banner from server",
            Self::Helo => "Bad HELO response from server",
            Self::ReadTimeout => "Read timeout from server",
            Self::Read => "Read failure from server",
            Self::WriteTimeout => "Write timeout to server",
            Self::Write => "Write failure to server",
        })
    }
}

/// Takes bytes until they are a line.
#[derive(Debug, Clone, Default)]
pub struct Line(Vec<u8>);

/// What the bytes of a line have become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There must be more.
    Open,
    /// The line is complete, with this reply code if it has one.
    Complete(Option<u16>),
}

impl Line {
    /// Takes the next bytes; what follows the end of the line is left for the next one. A line that is too long is complete
    /// and has no code.
    pub fn feed(&mut self, bytes: &[u8]) -> Progress {
        let room = MAX_LINE.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        match self.0.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let code = code(&self.0[..end]);
                self.0.drain(..=end);
                Progress::Complete(code)
            }
            None if self.0.len() >= MAX_LINE => Progress::Complete(None),
            None => Progress::Open,
        }
    }
}

/// §19.2: three digits before a blank or the end of the line, of which only the LF is taken off.
fn code(line: &[u8]) -> Option<u16> {
    match line {
        [a, b, c] | [a, b, c, b' ', ..] => number([*a, *b, *c]),
        _ => None,
    }
}

fn number(digits: [u8; 3]) -> Option<u16> {
    let all = digits.iter().all(u8::is_ascii_digit);
    all.then(|| digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_three_digits_before_a_blank_or_the_end() {
        let code = |line: &str| Line::default().feed(line.as_bytes());
        for line in ["220 mail ready\r\n", "220 \n", "220\n"] {
            assert_eq!(code(line), Progress::Complete(Some(220)), "{line:?}");
        }
        for line in
            ["220\r\n", "220-mail\r\n", "22 0\n", "2200 x\n", " 220 x\n", "+20 x\n", "\n", "\r\n", "22\n"]
        {
            assert_eq!(code(line), Progress::Complete(None), "{line:?}");
        }
    }

    #[test]
    fn lines_come_in_pieces_and_together() {
        let mut line = Line::default();
        assert_eq!(line.feed(b"25"), Progress::Open);
        assert_eq!(line.feed(b"0 ok\r"), Progress::Open);
        assert_eq!(line.feed(b"\n221 bye\n354"), Progress::Complete(Some(250)));
        assert_eq!(line.feed(b""), Progress::Complete(Some(221)));
        assert_eq!(line.feed(b""), Progress::Open);
    }

    #[test]
    fn a_line_without_end_is_none_and_is_not_kept() {
        let mut line = Line::default();
        assert_eq!(line.feed(&[b'2'; 100_000]), Progress::Complete(None));
        assert_eq!(line.0.len(), MAX_LINE);
    }
}
