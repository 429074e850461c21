//! Why an attempt failed, in keepalived's words (checkers.md §18.11). A checker adds ` server <rs>.`; `genhash` prints the
//! words alone.

use std::fmt;

/// What went wrong, from the connection to the judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The server refused.
    ConnectionFailed,
    /// Neither refused nor accepted in time; with TLS the handshake counts.
    TimeoutConnecting,
    /// This machine could not even try.
    ErrorConnecting,
    /// There is no way to the server.
    Unreachable,
    /// The connection stands, but not TLS.
    Handshake,
    /// The request could not be sent.
    CannotSend,
    /// The request could not be sent in time.
    TimeoutSending,
    /// Not one byte came in time.
    TimeoutFirst,
    /// The reply did not go on in time.
    TimeoutRead,
    /// The reply over TLS did not end in time.
    TimeoutTlsRead,
    /// The connection broke.
    ReadError,
    /// TLS broke.
    TlsReadError,
    /// The connection ended, or too much came, without a head.
    NoData,
    /// Another status is wanted.
    Status,
    /// Another body is wanted.
    Digest,
    /// The body does not match.
    Regex,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConnectionFailed => "Connection failed",
            Self::TimeoutConnecting => "Timeout connecting",
            Self::ErrorConnecting => "Error connecting",
            Self::Unreachable => "HTTP/SSL_CHECK - network unreachable",
            Self::Handshake => "SSL handshake/communication error connecting to",
            Self::CannotSend => "Cannot send get request to",
            Self::TimeoutSending => "Timeout WEB write",
            Self::TimeoutFirst => "Timeout WEB read",
            Self::TimeoutRead => "Timeout HTTP read",
            Self::TimeoutTlsRead => "Timeout SSL read",
            Self::ReadError => "Read error with",
            Self::TlsReadError => "SSL read error from",
            // The blank at the end is keepalived's.
            Self::NoData => "Read, no data received from ",
            Self::Status => "HTTP status code error to",
            Self::Digest => "MD5 digest error to",
            Self::Regex => "Regex match failed",
        })
    }
}
