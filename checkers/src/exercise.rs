//! One input through one reader of what servers send, what must always hold asserted on the way.
//!
//! The fuzz targets in `checkers/fuzz` and the test that replays their corpus call the same functions, so a finding of the one
//! is a test of the other.

use crate::dns::{Answer, Question, Record};
use crate::http::{Digest, MAX_HEAD, MAX_TEXT, NoHead, Options, Pattern, Presence, Reader, Source, Wanted};
use crate::smtp::{self, Line, Progress};

/// A reply, cut as its first byte says: the cuts change nothing, and nothing is kept beyond its limit.
///
/// # Panics
///
/// When one of these does not hold; so do the others.
pub fn http(bytes: &[u8]) {
    let Some((cut, reply)) = bytes.split_first() else { return };
    let mut cut_up = Reader::keeping(MAX_TEXT);
    let mut refused = None;
    for piece in reply.chunks(usize::from(*cut) + 1) {
        if let Err(no_head) = cut_up.feed(piece) {
            assert_eq!(no_head, NoHead::TooLong, "the only thing that is known early");
            refused = Some(no_head);
        }
    }
    let mut whole = Reader::keeping(MAX_TEXT);
    let _same = whole.feed(reply);
    assert!(cut_up.head().is_none_or(|head| head.len() <= MAX_HEAD), "a head has a limit");
    let (cut_up, whole) = (cut_up.end(), whole.end());
    assert_eq!(cut_up, whole, "the network's cuts must not matter");
    assert_eq!(refused.is_some(), cut_up == Err(NoHead::TooLong));
    if let Ok(response) = whole {
        let (text, head) = response.text();
        assert!(text.len() <= MAX_TEXT && head <= MAX_HEAD);
        let good = Wanted::default().judge(&response).is_ok();
        assert_eq!(good, response.status().is_some_and(|status| (200..300).contains(&status)));
    }
}

/// The same reply as `genhash` reads it: the parts that count are what the digest is of.
///
/// # Panics
///
/// As [`http`].
pub fn genhash(bytes: &[u8]) {
    let Some((cut, reply)) = bytes.split_first() else { return };
    let mut reader = Reader::default();
    let mut body = Vec::new();
    for piece in reply.chunks(usize::from(*cut) + 1) {
        match reader.feed(piece) {
            Ok(part) => body.extend_from_slice(part),
            Err(_) => return,
        }
    }
    if let Ok(response) = reader.end() {
        assert_eq!(response.digest(), Digest::of(&body));
        assert!(body.len() <= reply.len());
    }
}

/// A pattern before the first NUL and a reply behind it: the search comes to an end.
pub fn regex(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (pattern, text) = bytes.split_at(end);
    let Ok(pattern) = std::str::from_utf8(pattern) else { return };
    let options = Options { utf: text.len().is_multiple_of(2), ..Options::default() };
    let source = Source { pattern: pattern.to_owned(), options, wanted: Presence::Required, begins: None };
    match Pattern::new(source) {
        Ok(compiled) => drop(compiled.is_met_by(text, 0)),
        Err(bad) => drop(bad.to_string()),
    }
}

/// A datagram, and a name to ask for.
///
/// # Panics
///
/// When something else than an answer to the question counts as one.
pub fn dns(bytes: &[u8]) {
    let id = 0x1234;
    let answer = Answer::read(id, bytes);
    let ours = bytes.len() >= 12 && bytes.starts_with(&id.to_be_bytes()) && bytes[2] & 0x80 != 0;
    assert_eq!(answer != Answer::NotOurs, ours);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(name) = text.parse()
    {
        let question = Question { name, record: Record::A }.bytes(id);
        assert!(question.len() <= 12 + 255 + 4, "RFC 1035 §2.3.4");
        assert_eq!(Answer::read(id, &question), Answer::NotOurs, "a question is no answer");
    }
}

/// Lines, cut as the first byte says.
///
/// # Panics
///
/// When the cuts matter.
pub fn smtp(bytes: &[u8]) {
    let Some((cut, lines)) = bytes.split_first() else { return };
    let first = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut line = Line::default();
        pieces.map(|piece| line.feed(piece)).find(|progress| *progress != Progress::Open)
    };
    let cut_up = first(&mut lines.chunks(usize::from(*cut) + 1));
    assert_eq!(cut_up, first(&mut std::iter::once(lines)).filter(|_| !lines.is_empty()));
    if let Some(Progress::Complete(Some(code))) = cut_up {
        assert!(code < 1000);
        assert!(lines[..lines.len().min(smtp::MAX_LINE)].contains(&b'\n'));
    }
}
