//! What `genhash` prints: the digest, or with `--verbose` everything.

use std::io::{self, Write};
use std::time::Duration;

use checkers::http::{Digest, Reason};
use checkers::io::exchange::Part;

/// Bytes in one line of a dump.
const LINE: usize = 16;

/// Writes a report as it comes about.
pub(super) struct Report<W> {
    out: W,
    verbose: bool,
    body: Option<Dump>,
}

impl<W: Write> Report<W> {
    pub(super) fn new(out: W, verbose: bool) -> Self {
        Self { out, verbose, body: None }
    }

    /// Something came.
    pub(super) fn part(&mut self, part: Part<'_>) -> io::Result<()> {
        if !self.verbose {
            return Ok(());
        }
        if let Some(head) = part.head {
            self.title("    HTTP Header Buffer    ")?;
            self.dump(head)?;
            self.title(" HTTP Header Ascii Buffer ")?;
            self.out.write_all(head)?;
            writeln!(self.out)?;
        }
        if !part.body.is_empty() {
            if self.body.is_none() {
                self.title("        HTML Buffer        ")?;
            }
            self.body.get_or_insert_default().write(&mut self.out, part.body)?;
        }
        Ok(())
    }

    /// It worked.
    pub(super) fn digest(&mut self, digest: Digest) -> io::Result<()> {
        if self.verbose {
            self.end_body()?;
            writeln!(self.out)?;
            self.title("    HTML hash resulting    ")?;
            self.dump(digest.as_bytes())?;
            self.title(" HTML hash final resulting ")?;
        }
        writeln!(self.out, "{digest}")
    }

    /// It did not work.
    pub(super) fn failure(&mut self, reason: Reason) -> io::Result<()> {
        self.end_body()?;
        writeln!(self.out, "{reason}")?;
        self.out.flush()
    }

    /// There was no reply to report on.
    pub(super) fn nothing(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// How long it took.
    pub(super) fn time(&mut self, url: &[u8], time: Duration) -> io::Result<()> {
        if !self.verbose {
            return Ok(());
        }
        write!(self.out, "\nGlobal response time for [")?;
        self.out.write_all(url)?;
        writeln!(self.out, "] = {} usecs", time.as_micros())
    }

    fn end_body(&mut self) -> io::Result<()> {
        self.body.take().map_or(Ok(()), |dump| dump.end(&mut self.out))
    }

    fn dump(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut dump = Dump::default();
        dump.write(&mut self.out, bytes)?;
        dump.end(&mut self.out)
    }

    fn title(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out, "-----------------------[{title}]-----------------------")
    }
}

/// Bytes as hexadecimal digits and text, sixteen to a line wherever the network cut them.
#[derive(Debug, Default)]
struct Dump {
    line: Vec<u8>,
    offset: u64,
}

impl Dump {
    fn write(&mut self, out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(LINE - self.line.len()));
            self.line.extend_from_slice(now);
            bytes = later;
            if self.line.len() == LINE {
                self.flush(out)?;
            }
        }
        Ok(())
    }

    /// Writes what does not fill a line.
    fn end(mut self, out: &mut impl Write) -> io::Result<()> {
        if self.line.is_empty() { Ok(()) } else { self.flush(out) }
    }

    fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{:04} ", self.offset)?;
        for column in 0..LINE {
            if column == LINE / 2 {
                write!(out, " -")?;
            }
            match self.line.get(column) {
                Some(byte) => write!(out, " {byte:02x}")?,
                None => write!(out, "   ")?,
            }
        }
        let text: String = self.line.iter().map(|byte| printable(*byte)).collect();
        writeln!(out, "   {text:LINE$}")?;
        self.offset += self.line.len() as u64;
        self.line.clear();
        Ok(())
    }
}

fn printable(byte: u8) -> char {
    if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(pieces: &[&[u8]]) -> String {
        let (mut dump, mut out) = (Dump::default(), Vec::new());
        for piece in pieces {
            dump.write(&mut out, piece).unwrap();
        }
        dump.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Checked against Debian's genhash.
    #[test]
    fn a_line_has_sixteen_bytes_and_a_short_one_is_filled_up() {
        assert_eq!(
            dump(&[b"HTTP/1.0 200 OK\r\nA: b\x00c~\x7f\xff"]),
            "0000  48 54 54 50 2f 31 2e 30 - 20 32 30 30 20 4f 4b 0d   HTTP/1.0 200 OK.\n\
             0016  0a 41 3a 20 62 00 63 7e - 7f ff                     .A: b.c~..      \n"
        );
        assert_eq!(
            dump(&[b"hel"]),
            "0000  68 65 6c                -                           hel             \n"
        );
    }

    #[test]
    fn nothing_makes_no_line() {
        assert_eq!(dump(&[]), "");
        assert_eq!(dump(&[&[b'x'; 16]]).lines().count(), 1);
    }

    #[test]
    fn the_way_the_network_cuts_a_body_changes_nothing() {
        let bytes: Vec<u8> = (0..=255).collect();
        let pieces: Vec<&[u8]> = bytes.chunks(7).collect();
        assert_eq!(dump(&pieces), dump(&[&bytes]));
    }

    #[test]
    fn offsets_beyond_four_digits_are_written_whole() {
        let text = dump(&[&[b'a'; 10_017]]);
        assert!(text.lines().last().is_some_and(|line| line.starts_with("10016  61  ")), "{text}");
    }
}
