//! TLS as a health check wants it: version 1.2 or 1.3, whoever the server says it is (checkers.md §18.12), or whom
//! authorities vouch for.
//!
//! A check asks whether a server answers. Nothing secret is sent and the addresses are the administrator's own, so, as in
//! keepalived, no certificate is verified unless that is asked for: an expired, self-signed or ancient one does not take a
//! server out.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::client::{ResolvesClientCert, Resumption};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, PeerIncompatible, RootCertStore,
};

use super::credentials::{Credentials, Unusable};
use super::verify::{Anyone, ExpiresSoon, Vouched};
use crate::params::Trust;
use crate::{CertificateFault, TlsFault};

/// What all sessions have in common: our own certificate, and who vouches for others. Cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

struct Shared {
    provider: Arc<CryptoProvider>,
    authorities: Arc<RootCertStore>,
    identity: Option<Arc<dyn ResolvesClientCert>>,
    clients: Mutex<HashMap<Trust, Client>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Default for Tls {
    /// No certificate of our own; nobody vouches for anybody.
    fn default() -> Self {
        Self::with(RootCertStore::empty(), None)
    }
}

impl Tls {
    /// Takes what the `SSL` block names.
    ///
    /// # Errors
    ///
    /// A key that does not belong to its certificate, or one of a kind that is not known.
    pub fn new(credentials: &Credentials) -> Result<Self, Unusable> {
        let provider = ring::default_provider();
        let mut authorities = RootCertStore::empty();
        for authority in credentials.authorities() {
            authorities.add(authority).map_err(Unusable::authority)?;
        }
        let identity = match credentials.identity() {
            None => None,
            Some((chain, key)) => {
                let key = CertifiedKey::from_der(chain, key, &provider).map_err(Unusable::key)?;
                let identity: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(key));
                Some(identity)
            }
        };
        Ok(Self::with(authorities, identity))
    }

    fn with(authorities: RootCertStore, identity: Option<Arc<dyn ResolvesClientCert>>) -> Self {
        let provider = Arc::new(ring::default_provider());
        let (authorities, clients) = (Arc::new(authorities), Mutex::default());
        Self(Arc::new(Shared { provider, authorities, identity, clients }))
    }

    /// Who begins sessions with those who can be trusted so far.
    pub fn client(&self, trust: Trust) -> Client {
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(trust).or_insert_with(|| self.0.client(trust)).clone()
    }
}

impl Shared {
    fn client(&self, trust: Trust) -> Client {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder.expect("invariant: ring has cipher suites of both versions");
        let verifier: Arc<dyn ServerCertVerifier> = match trust {
            Trust::Anybody => Arc::new(Anyone),
            Trust::Authority { name, days } => {
                let algorithms = self.provider.signature_verification_algorithms;
                Arc::new(Vouched::by(Arc::clone(&self.authorities), algorithms, name, days))
            }
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            Some(identity) => builder.with_client_cert_resolver(Arc::clone(identity)),
            None => builder.with_no_client_auth(),
        };
        // A check that resumes would not notice that new sessions fail.
        config.resumption = Resumption::disabled();
        Client(TlsConnector::from(Arc::new(config)))
    }
}

/// Begins TLS sessions; cheap to clone.
#[derive(Clone)]
pub struct Client(TlsConnector);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Default for Client {
    /// Trusts anybody and shows nothing.
    fn default() -> Self {
        Tls::default().client(Trust::Anybody)
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
    /// The server's certificate is not what is asked for.
    Certificate(CertificateFault, Error),
    /// The server wants a certificate, or another one.
    ClientCertificate,
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
            Self::Certificate(fault, _) => TlsFault::Certificate(*fault),
            Self::ClientCertificate => TlsFault::ClientCertificate,
            Self::NotTls | Self::Connection(_) | Self::Refused(_) => TlsFault::Other,
        }
    }
}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> Self {
        let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
            return Self::Connection(error);
        };
        if let Some(fault) = certificate_fault(tls) {
            return Self::Certificate(fault, tls.clone());
        }
        if wants_certificate(tls) {
            return Self::ClientCertificate;
        }
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

fn certificate_fault(error: &Error) -> Option<CertificateFault> {
    let Error::InvalidCertificate(error) = error else { return None };
    if let CertificateError::Other(other) = error
        && other.0.is::<ExpiresSoon>()
    {
        return Some(CertificateFault::ExpiresSoon);
    }
    Some(if matches!(error, CertificateError::Expired | CertificateError::ExpiredContext { .. }) {
        CertificateFault::Expired
    } else if matches!(error, CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) {
        CertificateFault::NotYetValid
    } else if matches!(
        error,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
    ) {
        CertificateFault::OtherName
    } else if matches!(error, CertificateError::UnknownIssuer) {
        CertificateFault::Untrusted
    } else {
        CertificateFault::Invalid
    })
}

/// Without a certificate, TLS 1.3 has an alert of its own; 1.2 and those who do not like ours say one of these.
pub(super) fn wants_certificate(error: &Error) -> bool {
    matches!(
        error,
        Error::AlertReceived(
            AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
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
            Self::Certificate(_, error) => error.fmt(f),
            Self::ClientCertificate => f.write_str("the server wants a certificate, or another one"),
            Self::NotTls => f.write_str("what the server sent is not TLS"),
            Self::Connection(error) => write!(f, "the connection ended in the handshake: {error}"),
            Self::Refused(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::OldVersion | Self::NoCommonCipher | Self::ClientCertificate | Self::NotTls => None,
            Self::Certificate(_, error) => Some(error),
            Self::Connection(error) => Some(error),
            Self::Refused(error) => Some(error),
        }
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
