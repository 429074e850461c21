//! `auth_hmac` to the core's parameters, with the keys that lie in files.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use parser::config::{self, Hmac, HmacKey, KeySource, Secret};
use parser::diag::{Class, Diagnostic};
use vrrp::params::signing::{AntiReplay, Key, Mode, Signing};

/// The permissions that nobody but the owner of a key file should have.
const OTHERS: u32 = 0o077;

/// Translates; keys that cannot be had are complained about and left out. An error when the active one is among them: the
/// router must not run without the authentication it was given.
pub(super) fn plan(name: &str, hmac: &Hmac, complaints: &mut Vec<Diagnostic>) -> Result<Signing, ()> {
    let mut keys = Vec::new();
    for key in &hmac.keys {
        match secret(name, key, complaints) {
            Ok(secret) => keys.push(Key { id: key.id, bytes: secret.expose().to_vec() }),
            Err(complaint) => complaints.push(complaint),
        }
    }
    let signing = Signing {
        keys,
        active: hmac.active,
        window: hmac.window,
        anti_replay: match hmac.anti_replay {
            config::AntiReplay::Time => AntiReplay::Time,
            config::AntiReplay::Monotonic => AntiReplay::Monotonic,
        },
        mode: match hmac.mode {
            config::HmacMode::Enforce => Mode::Enforce,
            config::HmacMode::Permissive => Mode::Permissive,
            config::HmacMode::ReceiveOnly => Mode::ReceiveOnly,
        },
    };
    if signing.key(signing.active).is_some() { Ok(signing) } else { Err(()) }
}

fn secret(name: &str, key: &HmacKey, complaints: &mut Vec<Diagnostic>) -> Result<Secret, Diagnostic> {
    let file = match &key.key {
        KeySource::Given(secret) => return Ok(secret.clone()),
        KeySource::File(file) => file,
    };
    let complaint = |class, fault: &str| {
        let text = format!("({name}) auth_hmac key {} file {} {fault}", key.id, file.value);
        Diagnostic::new(class, Some(file.span.clone()), text)
    };
    let fault = |fault: &str| complaint(Class::General, &format!("{fault} - ignoring"));
    let text = fs::read_to_string(&file.value).map_err(|error| fault(&format!("cannot be read: {error}")))?;
    if fs::metadata(&file.value).is_ok_and(|metadata| metadata.mode() & OTHERS != 0) {
        complaints.push(complaint(Class::Security, "is accessible by others than its owner"));
    }
    HmacKey::read(&text).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use parser::config::{Located, Span};
    use std::os::unix::fs::PermissionsExt as _;

    fn from_file(text: &str, mode: u32) -> (Result<Signing, ()>, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permitted");
        let span = Span::new("keepalived.conf", 7);
        let file = Located { value: path.to_string_lossy().into_owned(), span };
        let hmac = Hmac {
            keys: vec![HmacKey { id: 5, key: KeySource::File(file) }],
            active: 5,
            window: std::time::Duration::from_secs(5),
            anti_replay: config::AntiReplay::Time,
            mode: config::HmacMode::Enforce,
        };
        let mut complaints = Vec::new();
        let signing = plan("VI_1", &hmac, &mut complaints);
        let prefix = format!("(VI_1) auth_hmac key 5 file {} ", path.display());
        let texts =
            complaints.iter().map(|one| one.text.strip_prefix(&prefix).unwrap_or(&one.text).to_owned());
        (signing, texts.collect())
    }

    #[test]
    fn a_key_file_holds_the_key_as_text_or_in_hexadecimal() {
        let text = "0123456789abcdef0123456789abcdef";
        let (signing, complaints) = from_file(&format!("{text}\n"), 0o600);
        assert_eq!(signing.expect("a key").keys[0].bytes, text.as_bytes());
        assert_eq!(complaints, [""; 0]);
        let (signing, _) = from_file(&format!("hex:{}\n", "5a".repeat(32)), 0o600);
        assert_eq!(signing.expect("a key").keys[0].bytes, [0x5a; 32]);
    }

    #[test]
    fn a_key_that_others_can_read_is_used_and_complained_about() {
        let (signing, complaints) = from_file(&"x".repeat(40), 0o640);
        assert!(signing.is_ok());
        assert_eq!(complaints, ["is accessible by others than its owner"]);
    }

    #[test]
    fn without_its_active_key_a_router_cannot_be_planned() {
        let (signing, complaints) = from_file("too short", 0o600);
        assert_eq!(signing, Err(()));
        assert_eq!(complaints, ["must be between 32 and 64 bytes long - ignoring"]);
    }
}
