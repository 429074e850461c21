//! What a URL block demands of a reply (checkers.md §18.4 to §18.6).

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{Digest, MAX_TEXT, Pattern, Response};

/// What a reply must be like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// `status_code`: the codes that are good.
    pub status: Vec<RangeInclusive<u16>>,
    /// `digest` of the body, where one is wanted.
    pub digest: Option<Digest>,
    /// `regex`: what the reply must contain, or not.
    pub pattern: Option<Pattern>,
}

impl Default for Wanted {
    /// Any success, any body.
    fn default() -> Self {
        Self { status: vec![200..=299], digest: None, pattern: None }
    }
}

/// What is wrong with a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The status is another one, or there is none.
    Status(Option<u16>),
    /// The body is another one; this is its digest.
    Digest(Digest),
    /// The pattern is not found, or found where it must not be.
    Pattern,
}

impl Wanted {
    /// How many bytes of the reply have to be kept to judge it.
    pub fn keep(&self) -> usize {
        if self.pattern.is_some() { MAX_TEXT } else { 0 }
    }

    /// Compares; the status comes first, also where a digest is wanted.
    ///
    /// # Errors
    ///
    /// The first thing that differs.
    pub fn judge(&self, response: &Response) -> Result<(), Flaw> {
        let status = response.status();
        if !status.is_some_and(|status| self.status.iter().any(|good| good.contains(&status))) {
            return Err(Flaw::Status(status));
        }
        if self.digest.is_some_and(|digest| digest != response.digest()) {
            return Err(Flaw::Digest(response.digest()));
        }
        let (text, head) = response.text();
        match &self.pattern {
            Some(pattern) if !pattern.is_met_by(text, head) => Err(Flaw::Pattern),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Reader;

    fn reply(line: &str) -> Response {
        let mut reader = Reader::default();
        reader.feed(format!("HTTP/1.0 {line}\r\n\r\nhello").as_bytes()).unwrap();
        reader.end().unwrap()
    }

    #[test]
    fn any_success_is_good_unless_codes_are_listed() {
        let judge = |line: &str| Wanted::default().judge(&reply(line));
        assert_eq!(judge("200 OK"), Ok(()));
        assert_eq!(judge("299 OK"), Ok(()));
        assert_eq!(judge("302 Found"), Err(Flaw::Status(Some(302))));
        assert_eq!(judge("nonsense"), Err(Flaw::Status(None)));
    }

    #[test]
    fn listed_codes_replace_the_default() {
        let wanted = Wanted { status: vec![100..=100, 301..=302], ..Wanted::default() };
        assert_eq!(wanted.judge(&reply("302 Found")), Ok(()));
        assert_eq!(wanted.judge(&reply("200 OK")), Err(Flaw::Status(Some(200))));
    }

    #[test]
    fn a_good_digest_does_not_excuse_a_bad_status() {
        let wanted = Wanted { digest: Some(Digest::of(b"hello")), ..Wanted::default() };
        assert_eq!(wanted.judge(&reply("200 OK")), Ok(()));
        assert_eq!(wanted.judge(&reply("404 No")), Err(Flaw::Status(Some(404))));
        let other = Wanted { digest: Some(Digest::of(b"other")), ..Wanted::default() };
        assert_eq!(other.judge(&reply("200 OK")), Err(Flaw::Digest(Digest::of(b"hello"))));
    }
}
