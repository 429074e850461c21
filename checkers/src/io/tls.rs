//! TLS as a health check wants it: version 1.2 or 1.3, whoever the server says it is (checkers.md §18.12).
//!
//! A check asks whether a server answers. Nothing secret is sent and the addresses are the administrator's own, so, as in
//! keepalived, no certificate is verified: an expired, self-signed or ancient one does not take a server out.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme,
};

use crate::TlsFault;

/// Begins TLS sessions; cheap to clone.
#[derive(Clone)]
pub struct Client(TlsConnector);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Default for Client {
    fn default() -> Self {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder.expect("invariant: ring has cipher suites of both versions");
        let verifier = Arc::new(Anyone);
        let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        // A check that resumes would not notice that new sessions fail.
        config.resumption = Resumption::disabled();
        Self(TlsConnector::from(Arc::new(config)))
    }
}

impl Client {
    pub(crate) async fn handshake(
        &self,
        name: &PeerName,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, HandshakeError> {
        self.0.connect(name.0.clone(), stream).await.map_err(HandshakeError::from)
    }
}

/// What to call the server in the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerName(ServerName<'static>);

impl PeerName {
    /// No server name indication.
    pub fn unnamed(peer: IpAddr) -> Self {
        // RFC 6066 §3 knows names only, so an address is not sent.
        Self(ServerName::IpAddress(peer.into()))
    }

    /// Server name indication, without the port that a virtual host may carry. An address is not sent.
    ///
    /// # Errors
    ///
    /// When it is not the name of a host.
    pub fn indicated(virtual_host: &str) -> Result<Self, NotAHostName> {
        let unbracketed = virtual_host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let address = unbracketed.unwrap_or(virtual_host).parse();
        if let Ok(address) = address.or_else(|_| virtual_host.parse().map(|at: SocketAddr| at.ip())) {
            return Ok(Self::unnamed(address));
        }
        let name = match virtual_host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            Some(_) | None => virtual_host,
        };
        ServerName::try_from(name.to_owned()).map(Self).map_err(|_| NotAHostName)
    }
}

/// TLS cannot indicate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAHostName;

impl fmt::Display for NotAHostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of a host")
    }
}

impl std::error::Error for NotAHostName {}

/// Why there is no TLS session.
#[derive(Debug)]
pub enum HandshakeError {
    /// The server speaks SSL, TLS 1.0 or TLS 1.1 only.
    OldVersion,
    /// The server does not know any cipher suite that this program has: all of TLS 1.3, and of TLS 1.2 those with forward
    /// secrecy and authenticated encryption; or none of its curves: X25519, P-256 and P-384.
    NoCommonCipher,
    /// What answered does not speak TLS.
    NotTls,
    /// The connection ended or broke.
    Connection(io::Error),
    /// Anything else that TLS objects to.
    Refused(Error),
}

impl HandshakeError {
    pub(crate) fn fault(&self) -> TlsFault {
        match self {
            Self::OldVersion => TlsFault::OldVersion,
            Self::NoCommonCipher => TlsFault::NoCommonCipher,
            Self::NotTls | Self::Connection(_) | Self::Refused(_) => TlsFault::Other,
        }
    }
}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> Self {
        let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
            return Self::Connection(error);
        };
        if is_old_version(tls) {
            Self::OldVersion
        } else if is_no_common_cipher(tls) {
            Self::NoCommonCipher
        } else if matches!(tls, Error::InvalidMessage(_)) {
            Self::NotTls
        } else {
            Self::Refused(tls.clone())
        }
    }
}

/// An honest old server sends an alert; many answer in their own version.
fn is_old_version(error: &Error) -> bool {
    matches!(
        error,
        Error::AlertReceived(AlertDescription::ProtocolVersion)
            | Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                    | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            )
    )
}

fn is_no_common_cipher(error: &Error) -> bool {
    matches!(
        error,
        Error::AlertReceived(AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity)
            | Error::PeerIncompatible(
                PeerIncompatible::NoCipherSuitesInCommon | PeerIncompatible::NoKxGroupsInCommon
            )
    )
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OldVersion => f.write_str("the server speaks no TLS newer than 1.1; 1.2 or 1.3 is needed"),
            Self::NoCommonCipher => f.write_str(
                "no cipher suite or curve in common: TLS 1.3, or 1.2 with ECDHE and AES-GCM or ChaCha20, over X25519, P-256 or P-384, is needed",
            ),
            Self::NotTls => f.write_str("what the server sent is not TLS"),
            Self::Connection(error) => write!(f, "the connection ended in the handshake: {error}"),
            Self::Refused(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::OldVersion | Self::NoCommonCipher | Self::NotTls => None,
            Self::Connection(error) => Some(error),
            Self::Refused(error) => Some(error),
        }
    }
}

/// Takes every certificate. Signatures of the handshake are not looked at either: they bind the session to the key in a
/// certificate that nobody vouches for, and checking them needs one that webpki can parse.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        // Whatever a server may want to sign with, best first.
        vec![
            SignatureScheme::ED25519,
            SignatureScheme::ED448,
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::ECDSA_SHA1_Legacy,
            SignatureScheme::RSA_PKCS1_SHA1,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_virtual_host_is_not_indicated() {
        let name = |text| PeerName::indicated(text).map(|PeerName(name)| name.to_str().into_owned());
        assert_eq!(name("www.example.org"), Ok("www.example.org".into()));
        assert_eq!(name("www.example.org:8443"), Ok("www.example.org".into()));
        assert_eq!(name("under_score"), Ok("under_score".into()));
        for address in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:8443"] {
            assert_eq!(name(address), Ok("2001:db8::1".into()));
        }
        assert_eq!(name("192.0.2.1:8443"), Ok("192.0.2.1".into()));
        for text in ["", "two words", "a:b", ".", "www..org"] {
            assert_eq!(name(text), Err(NotAHostName), "{text:?}");
        }
    }
}
