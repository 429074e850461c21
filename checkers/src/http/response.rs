//! The reply, read as keepalived reads it (checkers.md §18.3 to §18.7).
//!
//! The result depends on the bytes alone, never on how the network cut them. Memory is bounded by [`MAX_HEAD`] whatever the
//! server sends; how long to listen is the caller's decision.

use std::fmt;

use super::digest::{Digest, Running};

/// The head, its empty line included, must lie within so many bytes.
pub const MAX_HEAD: usize = 4095;

/// Reads one reply.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    head: Vec<u8>,
    body: Option<Body>,
    /// How much of the reply is kept as it is, and that.
    keep: usize,
    text: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Body {
    content_length: Option<u64>,
    received: u64,
    digest: Running,
}

/// Why what came is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoHead {
    /// Not one byte came.
    Nothing,
    /// The connection ended before an empty line; lines that end with LF alone make none.
    Unfinished,
    /// There is no empty line within [`MAX_HEAD`] bytes.
    TooLong,
}

impl fmt::Display for NoHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("the server sent nothing"),
            Self::Unfinished => f.write_str("the connection ended before the end of the header"),
            Self::TooLong => write!(f, "the header has more than {MAX_HEAD} bytes"),
        }
    }
}

impl std::error::Error for NoHead {}

impl Reader {
    /// A reader that keeps so many bytes of the reply, head and body, for [`Response::text`].
    pub fn keeping(bytes: usize) -> Self {
        Self { keep: bytes, ..Self::default() }
    }

    /// Takes the next bytes and gives back those of them that count as body, that is up to the announced length.
    ///
    /// # Errors
    ///
    /// [`NoHead::TooLong`], then and at every later call.
    pub fn feed<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], NoHead> {
        let room = self.keep.saturating_sub(self.text.len());
        self.text.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let rest = match &self.body {
            Some(_) => bytes,
            None => self.feed_head(bytes)?,
        };
        Ok(self.body.as_mut().map_or(&[], |body| body.feed(rest)))
    }

    /// Gives back what follows the head, if it ended.
    fn feed_head<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], NoHead> {
        let before = self.head.len();
        let taken = bytes.len().min(MAX_HEAD - before);
        self.head.extend_from_slice(&bytes[..taken]);
        // The empty line may have begun in earlier bytes.
        let from = before.saturating_sub(3);
        match find(&self.head[from..], b"\r\n\r\n") {
            Some(at) => {
                self.head.truncate(from + at + 4);
                let content_length = content_length(&self.head);
                self.body = Some(Body { content_length, received: 0, digest: Running::default() });
                Ok(&bytes[self.head.len() - before..])
            }
            None if self.head.len() == MAX_HEAD => Err(NoHead::TooLong),
            None => Ok(&[]),
        }
    }

    /// The head with its empty line, once it is complete.
    pub fn head(&self) -> Option<&[u8]> {
        self.body.as_ref().map(|_| self.head.as_slice())
    }

    /// The connection has ended, and so has the reply.
    ///
    /// # Errors
    ///
    /// When there was no head.
    pub fn end(self) -> Result<Response, NoHead> {
        match self.body {
            Some(body) => Ok(Response {
                status: status(&self.head),
                head: self.head.len(),
                text: self.text,
                content_length: body.content_length,
                received: body.received,
                digest: body.digest.finish(),
            }),
            None if self.head.is_empty() => Err(NoHead::Nothing),
            None if self.head.len() == MAX_HEAD => Err(NoHead::TooLong),
            None => Err(NoHead::Unfinished),
        }
    }
}

impl Body {
    fn feed<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let open = self.content_length.map_or(u64::MAX, |length| length.saturating_sub(self.received));
        let counted = &bytes[..usize::try_from(open).unwrap_or(usize::MAX).min(bytes.len())];
        self.digest.update(counted);
        self.received = self.received.saturating_add(bytes.len() as u64);
        counted
    }
}

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    status: Option<u16>,
    head: usize,
    text: Vec<u8>,
    content_length: Option<u64>,
    received: u64,
    digest: Digest,
}

impl Response {
    /// The status code, 0 to 999; `None` when the first blank is not followed by three digits and another blank.
    pub const fn status(&self) -> Option<u16> {
        self.status
    }

    /// The digest of the body as it came, chunk framing included, up to the announced length.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What was kept of the reply, and how many bytes of it are the head.
    pub fn text(&self) -> (&[u8], usize) {
        (&self.text, self.head)
    }

    /// The announced length of the body and the received one, in bytes, when they differ. It is no failure.
    pub fn length_mismatch(&self) -> Option<(u64, u64)> {
        self.content_length.filter(|length| *length != self.received).map(|length| (length, self.received))
    }
}

/// §18.4: three digits between the first blank and the next.
fn status(head: &[u8]) -> Option<u16> {
    let after = head.iter().position(|byte| *byte == b' ')? + 1;
    match head.get(after..after + 4)? {
        [digits @ .., b' '] if digits.iter().all(u8::is_ascii_digit) => {
            Some(digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
        }
        _ => None,
    }
}

/// §18.6: the number after the first `Content-Length:` in exactly this spelling, wherever it stands. The number is read as
/// C's strtoul does, blanks, line ends and a plus before it included, and counts if its line ends right after it.
fn content_length(head: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"Content-Length:";
    let value = &head[find(head, NAME)? + NAME.len()..];
    let blanks = value.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    let value = &value[blanks..];
    let value = value.strip_prefix(b"+").unwrap_or(value);
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || !matches!(value.get(digits), Some(b'\r' | b'\n')) {
        return None;
    }
    Some(
        value[..digits]
            .iter()
            .fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))),
    )
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Response, NoHead> {
        let mut reader = Reader::default();
        reader.feed(bytes)?;
        reader.end()
    }

    fn body_of(head: &str) -> Digest {
        read(format!("HTTP/1.0 200 OK\r\n{head}\r\n\r\nhello world").as_bytes()).unwrap().digest()
    }

    fn status_of(line: &str) -> Option<u16> {
        read(format!("{line}\r\n\r\n").as_bytes()).unwrap().status()
    }

    #[test]
    fn the_digest_covers_the_body_as_it_came() {
        assert_eq!(body_of("Server: s"), Digest::of(b"hello world"));
        let chunked =
            read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").unwrap();
        assert_eq!(chunked.digest(), Digest::of(b"5\r\nhello\r\n0\r\n\r\n"));
    }

    #[test]
    fn the_digest_ends_with_the_announced_length() {
        assert_eq!(body_of("Content-Length: 3"), Digest::of(b"hel"));
        assert_eq!(body_of("Content-Length: 0"), Digest::of(b""));
        assert_eq!(body_of("Content-Length: 11"), Digest::of(b"hello world"));
        assert_eq!(body_of("Content-Length: 99999999999999999999999999"), Digest::of(b"hello world"));
    }

    #[test]
    fn the_announced_length_is_found_wherever_it_stands_in_its_one_spelling() {
        for head in [
            "Content-Length:3",
            "Content-Length:\t 3",
            "Content-Length: 03",
            "Content-Length: +3",
            "Content-Length:\r\n 3",
            "X-Content-Length: 3",
            "Content-Length: 3\r\nContent-Length: 4",
        ] {
            assert_eq!(body_of(head), Digest::of(b"hel"), "{head:?}");
        }
        for head in [
            "content-length: 3",
            "Content-Length : 3",
            "Content-Length 3",
            "Content-Length: 3 ",
            "Content-Length: 3, 3",
            "Content-Length: 0x3",
            "Content-Length: -3",
            "Content-Length: x\r\nContent-Length: 3",
            "Content-Length:",
        ] {
            assert_eq!(body_of(head), Digest::of(b"hello world"), "{head:?}");
        }
    }

    #[test]
    fn a_length_that_the_body_mentions_does_not_count() {
        let response = read(b"HTTP/1.0 200 OK\r\n\r\nContent-Length: 3\r\n").unwrap();
        assert_eq!(response.digest(), Digest::of(b"Content-Length: 3\r\n"));
        assert_eq!(response.length_mismatch(), None);
    }

    #[test]
    fn a_body_of_another_length_than_announced_is_noticed() {
        let lengths = |length: u64| {
            let text = format!("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\nhello");
            read(text.as_bytes()).unwrap().length_mismatch()
        };
        assert_eq!([lengths(3), lengths(5), lengths(7)], [Some((3, 5)), None, Some((7, 5))]);
    }

    #[test]
    fn a_status_is_three_digits_between_two_blanks() {
        assert_eq!(status_of("HTTP/1.0 200 OK"), Some(200));
        assert_eq!(status_of("HTTP/1.0 204 "), Some(204));
        assert_eq!(status_of("x 999 "), Some(999));
        for line in ["HTTP/1.0 200", "HTTP/1.0 20 OK", "HTTP/1.0 2000 OK", "HTTP/1.0  200 OK", "garbage", ""]
        {
            assert_eq!(status_of(line), None, "{line:?}");
        }
    }

    #[test]
    fn an_interim_reply_is_the_reply() {
        let response = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello").unwrap();
        assert_eq!(response.status(), Some(100));
        assert_eq!(response.digest(), Digest::of(b"HTTP/1.1 200 OK\r\n\r\nhello"));
    }

    #[test]
    fn what_has_no_empty_line_is_no_reply() {
        assert_eq!(read(b""), Err(NoHead::Nothing));
        assert_eq!(read(b"HTTP/1.0 200 OK\r\n"), Err(NoHead::Unfinished));
        assert_eq!(read(b"HTTP/1.0 200 OK\n\nhello"), Err(NoHead::Unfinished));
    }

    #[test]
    fn a_head_may_have_4095_bytes_and_not_one_more() {
        let reply = |length: usize| [vec![b'x'; length - 4], b"\r\n\r\nhello".to_vec()].concat();
        assert_eq!(read(&reply(4095)).unwrap().digest(), Digest::of(b"hello"));
        assert_eq!(read(&reply(4096)), Err(NoHead::TooLong));
    }

    #[test]
    fn the_empty_line_may_come_in_pieces() {
        let mut reader = Reader::default();
        for byte in b"HTTP/1.0 200 OK\r\n\r\nhello" {
            reader.feed(&[*byte]).unwrap();
        }
        assert_eq!(reader.end().unwrap().digest(), Digest::of(b"hello"));
    }

    #[test]
    fn an_endless_head_costs_no_more_than_its_limit() {
        let mut reader = Reader::default();
        let refusals = (0..1000).filter(|_| reader.feed(&[b'x'; 1000]) == Err(NoHead::TooLong)).count();
        assert_eq!((refusals, reader.head.len()), (996, MAX_HEAD));
        assert_eq!(reader.end(), Err(NoHead::TooLong));
    }

    #[test]
    fn a_huge_body_is_not_kept() {
        let mut reader = Reader::default();
        reader.feed(b"HTTP/1.0 200 OK\r\nContent-Length: 70000000\r\n\r\n").unwrap();
        for _ in 0..1000 {
            assert_eq!(reader.feed(&[0; 65_536]), Ok(&[0; 65_536][..]));
        }
        assert!(reader.head.capacity() <= 2 * MAX_HEAD);
        assert_eq!(reader.end().unwrap().length_mismatch(), Some((70_000_000, 65_536_000)));
    }

    /// Bytes that reach every branch: line ends, the header that matters, long runs.
    fn noise() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\r\n".to_vec()),
            Just(b"\r\n\r\n".to_vec()),
            Just(b"HTTP/1.0 200 OK\r\n".to_vec()),
            Just(b"Content-Length: 7\r\n".to_vec()),
            vec(any::<u8>(), 0..20),
            Just(vec![b'x'; 1500]),
        ];
        vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    /// Small pieces, which fall into line ends, and large ones, which fall over the limit.
    fn cuts() -> impl Strategy<Value = Vec<usize>> {
        vec(prop_oneof![1_usize..4, 1_usize..700], 1..40)
    }

    proptest! {
        #[test]
        fn the_way_the_network_cuts_a_reply_changes_nothing(bytes in noise(), cuts in cuts()) {
            let mut reader = Reader::default();
            let mut refused = None;
            let mut body = Vec::new();
            let (mut rest, mut cuts) = (bytes.as_slice(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                match reader.feed(now) {
                    Ok(counted) => body.extend_from_slice(counted),
                    Err(no_head) => refused = Some(no_head),
                }
                rest = later;
            }
            prop_assert!(reader.head.len() <= MAX_HEAD);
            let response = reader.end();
            prop_assert_eq!(refused, response.as_ref().err().copied().filter(|no_head| *no_head == NoHead::TooLong));
            if let Ok(response) = &response {
                prop_assert_eq!(response.digest(), Digest::of(&body));
            }
            prop_assert_eq!(response, read(&bytes));
        }
    }
}
