//! Certificates that are asked for: the server's, by authority, name and date, and ours (checkers.md §18.12).

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use checkers::http::{Version, Wanted};
use checkers::io::credentials::{Credentials, File};
use checkers::io::tls::Tls;
use checkers::params::{BetweenPages, CheckerKind, Page, Scheme, TlsFarewell, Trust, WebCheck};
use checkers::probe::probe;
use checkers::{CertificateFault, Failure, Outcome, TlsFault};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};

use crate::peer::endpoint;
use crate::scripted::{Scripted, Step, send};

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate and its key, in PEM.
    fn signs(&self, names: &[&str], adjust: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        adjust(&mut params);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    /// What a client that trusts it, and shows this certificate, reads from files.
    fn credentials(&self, own: Option<(&str, &str, Option<&str>)>) -> Result<Credentials, File> {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let ca = write("ca.pem", &self.0.pem());
        let own = own.map(|(certificate, key, password)| {
            (write("certificate.pem", certificate), write("key.pem", key), password)
        });
        let (certificate, key, password) = match &own {
            Some((certificate, key, password)) => (Some(&**certificate), Some(&**key), *password),
            None => (None, None, None),
        };
        Credentials::read(Some(&ca), certificate, key, password).map_err(|unusable| unusable.file)
    }

    fn trusted(&self) -> Tls {
        Tls::new(&self.credentials(None).unwrap()).unwrap()
    }
}

fn server(
    (certificate, key): (String, String),
    clients: Option<&Authority>,
    versions: &[&'static SupportedProtocolVersion],
) -> Scripted {
    use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions).unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = builder.with_single_cert(chain, key).unwrap();
    Scripted::tls_with(&[Step::Await("\r\n\r\n"), send("HTTP/1.0 200 OK\r\n\r\nhello")], config)
}

async fn get(server: &Scripted, tls: &Tls, trust: Trust, name: Option<&str>) -> Outcome {
    let page = Page {
        path: "/".into(),
        host: None,
        server_name: name.map(str::to_owned),
        wanted: Wanted::default(),
        farewell: TlsFarewell::Close,
    };
    let check = CheckerKind::Web(WebCheck {
        endpoint: endpoint(server.addr, Duration::from_secs(5)),
        scheme: Scheme::Https,
        version: Version::Http10,
        trust,
        between: BetweenPages::Pause,
        pages: vec![page],
    });
    probe(&check, 0, tls).await.outcome
}

const AUTHORITY: Trust = Trust::Authority { name: false, days: 0 };
const NAME: Trust = Trust::Authority { name: true, days: 0 };

fn bad(fault: CertificateFault) -> Outcome {
    Outcome::Failed(Failure::Handshake(TlsFault::Certificate(fault)))
}

#[tokio::test]
async fn only_whom_an_authority_vouches_for_is_trusted_if_that_is_asked_for() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    for versions in [&BOTH[..1], &BOTH[1..]] {
        let server = server(ours.signs(&["www.example.org"], |_| {}), None, versions);
        assert_eq!(get(&server, &ours.trusted(), AUTHORITY, None).await, Outcome::Passed);
        assert_eq!(get(&server, &other.trusted(), AUTHORITY, None).await, bad(CertificateFault::Untrusted));
        assert_eq!(get(&server, &other.trusted(), Trust::Anybody, None).await, Outcome::Passed);
    }
}

#[tokio::test]
async fn a_certificate_must_be_for_the_name_or_the_address_if_that_is_asked_for() {
    let authority = Authority::new("ours");
    let tls = authority.trusted();
    let named = server(authority.signs(&["www.example.org"], |_| {}), None, BOTH);
    assert_eq!(get(&named, &tls, NAME, Some("www.example.org")).await, Outcome::Passed);
    assert_eq!(get(&named, &tls, NAME, Some("mail.example.org")).await, bad(CertificateFault::OtherName));
    assert_eq!(get(&named, &tls, AUTHORITY, Some("mail.example.org")).await, Outcome::Passed);
    assert_eq!(get(&named, &tls, NAME, None).await, bad(CertificateFault::OtherName));
    let addressed = server(authority.signs(&["127.0.0.1"], |_| {}), None, BOTH);
    assert_eq!(get(&addressed, &tls, NAME, None).await, Outcome::Passed);
}

#[tokio::test]
async fn a_certificate_counts_within_its_dates_and_for_some_days_more_if_that_is_asked_for() {
    let authority = Authority::new("ours");
    let tls = authority.trusted();
    let expired =
        server(authority.signs(&["a"], |params| params.not_after = date_time_ymd(2001, 1, 1)), None, BOTH);
    assert_eq!(get(&expired, &tls, AUTHORITY, None).await, bad(CertificateFault::Expired));
    assert_eq!(get(&expired, &tls, Trust::Anybody, None).await, Outcome::Passed);
    let early =
        server(authority.signs(&["a"], |params| params.not_before = date_time_ymd(4000, 1, 1)), None, BOTH);
    assert_eq!(get(&early, &tls, AUTHORITY, None).await, bad(CertificateFault::NotYetValid));
    let soon = time_in_days(20);
    let soon = server(authority.signs(&["a"], |params| params.not_after = soon), None, BOTH);
    let days = |days| Trust::Authority { name: false, days };
    assert_eq!(get(&soon, &tls, days(19), None).await, Outcome::Passed);
    assert_eq!(get(&soon, &tls, days(21), None).await, bad(CertificateFault::ExpiresSoon));
}

/// So many days from now, in the type that rcgen wants.
fn time_in_days(days: u64) -> time::OffsetDateTime {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seconds = now.as_secs() + days * 24 * 60 * 60;
    time::OffsetDateTime::from_unix_timestamp(seconds.try_into().unwrap()).unwrap()
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_ours_and_it_is_said_when_there_is_none() {
    let authority = Authority::new("ours");
    let (certificate, key) = authority.signs(&["lb1"], |_| {});
    let own = Tls::new(&authority.credentials(Some((&certificate, &key, None))).unwrap()).unwrap();
    for versions in [&BOTH[..1], &BOTH[1..]] {
        let server = server(authority.signs(&["a"], |_| {}), Some(&authority), versions);
        assert_eq!(get(&server, &own, AUTHORITY, None).await, Outcome::Passed);
        let without = get(&server, &authority.trusted(), AUTHORITY, None).await;
        assert_eq!(without, Outcome::Failed(Failure::Handshake(TlsFault::ClientCertificate)));
    }
}

#[tokio::test]
async fn a_key_may_be_behind_a_password() {
    let authority = Authority::new("ours");
    let (certificate, key) = authority.signs(&["lb1"], |_| {});
    let plain = pem_der(&key);
    let parameters =
        pkcs8::pkcs5::pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(2048, &[7; 16], [9; 16]).unwrap();
    let info = pkcs8::PrivateKeyInfoRef::try_from(plain.as_slice()).unwrap();
    let encrypted = info.encrypt_with_params(parameters, "secret").unwrap();
    let pem = encrypted.to_pem("ENCRYPTED PRIVATE KEY", pkcs8::LineEnding::LF).unwrap();
    let with = |password| authority.credentials(Some((&certificate, &format!("# ours\n{}", *pem), password)));
    assert!(Tls::new(&with(Some("secret")).unwrap()).is_ok());
    assert_eq!(with(Some("other")), Err(File::Key));
    assert_eq!(with(None), Err(File::Key));
}

/// What `openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:secret` made.
const OF_OPENSSL: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhUDHbaNCh8RQICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEa2odFR+ZzcHt2CiOeG1qcEgZDB
yS91SeIS1rtHdU/m/eqgSaWEOfOc4xXh6wAWCnd1pSM0aB8CXauGJWC7ZzDhtOT9
mtIP5yZO9Ef6M4grlCcb0dJgpVa6syQ271wD4qjiRqfG0zXvCqPjJpAVLmwQF3dl
5m+m7t0b6petMLEoQ90a/DAxGa+GEYYO35UeaXuHzAtN+XQiZKSN5EyFyVoRixg=
-----END ENCRYPTED PRIVATE KEY-----
";

#[test]
fn a_key_that_openssl_encrypted_is_read() {
    let authority = Authority::new("ours");
    let (certificate, _) = authority.signs(&["lb1"], |_| {});
    let with = |password| authority.credentials(Some((&certificate, OF_OPENSSL, Some(password)))).map(drop);
    assert_eq!(with("secret"), Ok(()));
    assert_eq!(with("other"), Err(File::Key));
}

fn pem_der(pem: &str) -> Vec<u8> {
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap().secret_der().to_vec()
}

#[test]
fn files_that_are_of_no_use_are_named() {
    let authority = Authority::new("ours");
    let (certificate, key) = authority.signs(&["lb1"], |_| {});
    let (_, other_key) = authority.signs(&["lb2"], |_| {});
    let read = |certificate: &str, key: &str| authority.credentials(Some((certificate, key, None)));
    assert_eq!(read("nothing", &key), Err(File::Certificate));
    assert_eq!(read(&certificate, "nothing"), Err(File::Key));
    assert_eq!(read(&certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n"), Err(File::Key));
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    assert_eq!(read(&certificate, old), Err(File::Key));
    let mismatched = Tls::new(&read(&certificate, &other_key).unwrap()).unwrap_err();
    assert_eq!(mismatched.file, File::Key);
    let missing = Credentials::read(Some("/nonexistent".as_ref()), None, None, None).unwrap_err();
    assert_eq!(missing.file, File::Authorities);
}
