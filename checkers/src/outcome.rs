//! What a probe found out, by the layer that broke.

use crate::{dns, http, misc, smtp};

/// The result of one probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server does what it should.
    Passed,
    /// The server does what it should, and a program has said with which weight (`misc_dynamic`).
    PassedWith(misc::Weight),
    /// The server does not.
    Failed(Failure),
    /// This machine could not ask; says nothing about the server (checkers.md §4.6).
    Unable(Trouble),
}

/// All that a probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What counts.
    pub outcome: Outcome,
    /// What is worth a line.
    pub mismatch: Option<LengthMismatch>,
}

impl From<Outcome> for Found {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, mismatch: None }
    }
}

/// A body of another length than announced, in bytes. It is no failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LengthMismatch {
    /// What `Content-Length` said.
    pub announced: u64,
    /// What came.
    pub received: u64,
}

/// What the server did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No connection within the time allowed.
    ConnectTimeout,
    /// The network or the server refused the connection, with this error number.
    Connect(i32),
    /// The network did not take the packet, with this error number.
    Send(i32),
    /// The connection stands, but not TLS.
    Handshake(TlsFault),
    /// What came over the connection is not the page that is wanted.
    Http(http::Reason),
    /// What came over the connection is not what a mail server says.
    Smtp(smtp::Fault),
    /// A datagram came that is not like the one that is wanted.
    Reply,
    /// The program that checks it says so, or does not end.
    Script(misc::Fault),
    /// The name server answered with this code instead of an answer.
    Dns(dns::Rcode),
}

/// Why a server and this program do not come to a TLS session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFault {
    /// The server speaks TLS 1.1 or something older.
    OldVersion,
    /// They have no cipher suite or no curve in common.
    NoCommonCipher,
    /// The server wants a certificate, or another one.
    ClientCertificate,
    /// The server's certificate is not what is asked for.
    Certificate(CertificateFault),
    /// What answered does not speak TLS, breaks off, or refuses.
    Other,
}

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// None of the authorities vouches for it.
    Untrusted,
    /// It, or one that vouches for it, is valid no longer.
    Expired,
    /// It will be, sooner than is wanted.
    ExpiresSoon,
    /// It is not valid yet.
    NotYetValid,
    /// It is somebody else's.
    OtherName,
    /// It, or the proof that the server has its key, is broken.
    Invalid,
}

/// What this machine could not do, with the error number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// At which step.
    pub step: Step,
    /// `errno`
    pub errno: i32,
}

/// Steps before anything reaches the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// socket(2)
    Socket,
    /// `SO_BINDTODEVICE`
    Device,
    /// `SO_MARK`
    Mark,
    /// bind(2)
    Bind,
    /// connect(2) failed for a reason that is not the network's
    Connect,
}
