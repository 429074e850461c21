//! What the `SSL` block names: certificates and a key, in PEM files (checkers.md §18.12).

use std::fmt;
use std::fs;
use std::path::Path;

use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::pem::PemLabel as _;
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::Error;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Certificates and a key, read but not yet understood. All are DER.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Credentials {
    authorities: Vec<Vec<u8>>,
    chain: Vec<Vec<u8>>,
    key: Option<Key>,
}

/// A private key by its form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Key {
    Pkcs1(Vec<u8>),
    Sec1(Vec<u8>),
    Pkcs8(Vec<u8>),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (authorities, chain) = (self.authorities.len(), self.chain.len());
        f.debug_struct("Credentials")
            .field("authorities", &authorities)
            .field("chain", &chain)
            .finish_non_exhaustive()
    }
}

/// Which of the files it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// `ca`
    Authorities,
    /// `certificate`
    Certificate,
    /// `key`
    Key,
}

/// A file is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Which one.
    pub file: File,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Unusable {}

impl Unusable {
    fn new(file: File, reason: impl fmt::Display) -> Self {
        Self { file, reason: reason.to_string() }
    }

    pub(super) fn authority(error: Error) -> Self {
        Self::new(File::Authorities, error)
    }

    pub(super) fn key(error: Error) -> Self {
        Self::new(File::Key, error)
    }
}

impl Credentials {
    /// Reads the files of the `SSL` block. A certificate without a key is of no use, nor a key without a certificate; OpenSSL
    /// takes them all the same, and so are they taken and left out here.
    ///
    /// # Errors
    ///
    /// A file cannot be read, has nothing of what it is for, or a key whose password is another one.
    pub fn read(
        ca: Option<&Path>,
        certificate: Option<&Path>,
        key: Option<&Path>,
        password: Option<&str>,
    ) -> Result<Self, Unusable> {
        let authorities = ca.map_or(Ok(Vec::new()), |path| certificates(File::Authorities, path))?;
        let chain = certificate.map_or(Ok(Vec::new()), |path| certificates(File::Certificate, path))?;
        let key = key.map(|path| private_key(path, password)).transpose()?;
        Ok(Self { authorities, chain, key })
    }

    /// Whether anybody could be vouched for.
    pub fn has_authorities(&self) -> bool {
        !self.authorities.is_empty()
    }

    pub(super) fn authorities(&self) -> impl Iterator<Item = CertificateDer<'_>> {
        self.authorities.iter().map(|authority| CertificateDer::from(authority.as_slice()))
    }

    pub(super) fn identity(&self) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let key = match self.key.clone()? {
            Key::Pkcs1(der) => PrivateKeyDer::Pkcs1(der.into()),
            Key::Sec1(der) => PrivateKeyDer::Sec1(der.into()),
            Key::Pkcs8(der) => PrivateKeyDer::Pkcs8(der.into()),
        };
        let chain: Vec<_> = self.chain.iter().cloned().map(CertificateDer::from).collect();
        (!chain.is_empty()).then_some((chain, key))
    }
}

fn certificates(file: File, path: &Path) -> Result<Vec<Vec<u8>>, Unusable> {
    let text = fs::read(path).map_err(|error| Unusable::new(file, error))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.map_err(|error| Unusable::new(file, error))?;
    if certificates.is_empty() {
        return Err(Unusable::new(file, "no certificate in PEM in it"));
    }
    Ok(certificates.into_iter().map(|certificate| certificate.to_vec()).collect())
}

fn private_key(path: &Path, password: Option<&str>) -> Result<Key, Unusable> {
    let unusable = |reason: &dyn fmt::Display| Unusable::new(File::Key, reason);
    let text = fs::read_to_string(path).map_err(|error| unusable(&error))?;
    if let Some(encrypted) = section(&text, EncryptedPrivateKeyInfoRef::PEM_LABEL) {
        return decrypted(encrypted, password.unwrap_or_default());
    }
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(unusable(
            &"encrypted in OpenSSL's old way; openssl pkcs8 -topk8 makes a newer form of it",
        ));
    }
    match PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| unusable(&error))? {
        PrivateKeyDer::Pkcs1(der) => Ok(Key::Pkcs1(der.secret_pkcs1_der().to_vec())),
        PrivateKeyDer::Sec1(der) => Ok(Key::Sec1(der.secret_sec1_der().to_vec())),
        PrivateKeyDer::Pkcs8(der) => Ok(pkcs8(&der)),
        _ => Err(unusable(&"a key of a kind that is not known")),
    }
}

fn pkcs8(der: &PrivatePkcs8KeyDer<'_>) -> Key {
    Key::Pkcs8(der.secret_pkcs8_der().to_vec())
}

/// One object of a PEM file, which may hold others and text around them.
fn section<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let from = text.find(&begin)?;
    let length = text[from..].find(&end)? + end.len();
    Some(&text[from..from + length])
}

fn decrypted(pem: &str, password: &str) -> Result<Key, Unusable> {
    let unusable = |error: &dyn fmt::Display| Unusable::new(File::Key, error);
    let (_, document) = pkcs8::SecretDocument::from_pem(pem).map_err(|error| unusable(&error))?;
    let encrypted =
        EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|error| unusable(&error))?;
    let key = encrypted
        .decrypt(password)
        .map_err(|error| unusable(&format_args!("not with this password: {error}")))?;
    Ok(Key::Pkcs8(key.as_bytes().to_vec()))
}
