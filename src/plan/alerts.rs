//! Who is told by mail.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::time::Duration;

use parser::config::{Global, Located, Mail, SmtpTls};
use parser::diag::{Class, Diagnostic};

use super::System;
use crate::notify::mail::{Login, Protection, Server, Settings, Tls};

/// How long a slow name service may hold up the start.
const PATIENCE: Duration = Duration::from_secs(2);

/// The permissions that nobody but the owner of a password should have.
const OTHERS: u32 = 0o077;

/// Alert settings, if the configuration names both a server and somebody to tell. What is asked for and cannot be had, be
/// it protection or a password, is complained about, and then nobody is told: a mail must not go out in another way than
/// it was meant to.
pub(super) fn plan(global: &Global, system: &System, complaints: &mut Vec<Diagnostic>) -> Option<Settings> {
    let mail = &global.mail;
    let server = &mail.server.as_ref()?.value;
    if mail.to.is_empty() {
        return None;
    }
    let (protection, login) = match (protection(mail), login(mail, complaints)) {
        (Ok(protection), Ok(login)) => (protection, login),
        (protection, login) => {
            complaints.extend(protection.err().into_iter().chain(login.err()));
            return None;
        }
    };
    let Speaker { helo, from } = speaker(mail, &system.node, &system.user);
    Some(Settings {
        server: Server { host: server.host.clone(), port: server.port },
        helo,
        from,
        to: mail.to.clone(),
        timeout: mail.connect_timeout,
        router_id: global.router_id.clone().unwrap_or_else(|| host(&system.node).to_owned()),
        protection,
        login,
        retry: mail.retry,
    })
}

/// Who speaks to the mail server.
#[derive(Debug)]
pub(crate) struct Speaker {
    /// How it greets.
    pub(crate) helo: String,
    /// Whom mails come from.
    pub(crate) from: String,
}

/// As configured, else this user on this host.
pub(crate) fn speaker(mail: &Mail, node: &str, user: &str) -> Speaker {
    let greeting = || canonical_name(node).unwrap_or(LOCALHOST).to_owned();
    Speaker {
        helo: mail.helo_name.clone().unwrap_or_else(greeting),
        from: mail.from.clone().unwrap_or_else(|| format!("{user}@{}", host(node))),
    }
}

/// The host's full name, else the one it has.
fn host(node: &str) -> &str {
    let plain = Some(node).filter(|node| !node.is_empty()).unwrap_or(LOCALHOST);
    canonical_name(node).unwrap_or(plain)
}

fn protection(mail: &Mail) -> Result<Option<Protection>, Diagnostic> {
    let (Some(tls), Some(server)) = (mail.tls, &mail.server) else {
        return match &mail.tls_ca {
            Some(file) => Err(complaint("smtp_tls_ca", file, "needs smtp_tls - no mail is sent")),
            None => Ok(None),
        };
    };
    let tls = match tls {
        SmtpTls::Starttls => Tls::Starttls,
        SmtpTls::Implicit => Tls::Implicit,
    };
    let Some(file) = &mail.tls_ca else { return Ok(Some(Protection { tls, authorities: None })) };
    let unusable = |fault: &str| complaint("smtp_tls_ca", file, &format!("{fault} - no mail is sent"));
    let pem = fs::read(&file.value).map_err(|error| unusable(&format!("cannot be read: {error}")))?;
    const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";
    if !pem.windows(CERTIFICATE.len()).any(|window| window == CERTIFICATE) {
        return Err(unusable("holds no certificate in PEM"));
    }
    let protection = Protection { tls, authorities: Some(pem) };
    match protection.try_out(&server.value.host) {
        Ok(()) => Ok(Some(protection)),
        Err(fault) => Err(unusable(&format!("is of no use: {fault}"))),
    }
}

/// What `smtp_auth_file` holds: a user name and, on the next line, a password.
fn login(mail: &Mail, complaints: &mut Vec<Diagnostic>) -> Result<Option<Login>, Diagnostic> {
    let Some(file) = &mail.auth_file else { return Ok(None) };
    let unusable = |fault: &str| complaint("smtp_auth_file", file, &format!("{fault} - no mail is sent"));
    if mail.tls.is_none() {
        return Err(unusable("needs smtp_tls, or anybody on the way could read the password"));
    }
    let text =
        fs::read_to_string(&file.value).map_err(|error| unusable(&format!("cannot be read: {error}")))?;
    if fs::metadata(&file.value).is_ok_and(|metadata| metadata.mode() & OTHERS != 0) {
        let mut careless = complaint("smtp_auth_file", file, "is accessible by others than its owner");
        careless.class = Class::Security;
        complaints.push(careless);
    }
    let mut lines = text.lines();
    match (lines.next(), lines.next()) {
        (Some(user), Some(password)) if !user.is_empty() && !password.is_empty() => {
            Ok(Some(Login { user: user.to_owned(), password: password.to_owned() }))
        }
        (_, _) => Err(unusable("does not hold a user name in its first and a password in its second line")),
    }
}

fn complaint(keyword: &str, file: &Located<String>, fault: &str) -> Diagnostic {
    let text = format!("{keyword} {} {fault}", file.value);
    Diagnostic::new(Class::General, Some(file.span.clone()), text)
}

/// The name of a host that has none, and in a greeting of one that has no full one (checkers.md §16.2).
const LOCALHOST: &str = "localhost";

/// The host's full name as the resolver knows it. Asked once in the life of the process, and never waited for longer than
/// [`PATIENCE`].
fn canonical_name(node: &str) -> Option<&'static str> {
    static NAME: OnceLock<Option<String>> = OnceLock::new();
    NAME.get_or_init(|| {
        let (answer, answered) = channel();
        let asked = node.to_owned();
        std::thread::spawn(move || {
            let hints = dns_lookup::AddrInfoHints { flags: nix::libc::AI_CANONNAME, ..Default::default() };
            let found = dns_lookup::getaddrinfo(Some(&asked), None, Some(hints));
            let name = found.ok().and_then(|mut list| list.next()?.ok()?.canonname);
            // Nobody listens any more when the answer came too late.
            let _ = answer.send(name);
        });
        let name = answered.recv_timeout(PATIENCE).ok().flatten();
        name.filter(|name| !name.is_empty())
    })
    .as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use parser::config::{SmtpServer, Span};
    use std::os::unix::fs::PermissionsExt as _;

    const WANTED: &str = "does not hold a user name in its first and a password in its second line";

    fn located<T>(value: T) -> Located<T> {
        Located { value, span: Span::new("keepalived.conf", 3) }
    }

    /// What becomes of an auth file with this text and mode.
    fn with_login(text: &str, mode: u32, tls: Option<SmtpTls>) -> (Option<Settings>, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("auth");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permitted");
        let server = SmtpServer { host: "192.0.2.1".into(), addr: None, port: 25 };
        let mut global = Global::default();
        global.mail.server = Some(located(server));
        global.mail.to = vec!["ops@example.com".into()];
        global.mail.tls = tls;
        global.mail.auth_file = Some(located(path.to_string_lossy().into_owned()));
        let mut complaints = Vec::new();
        let settings = plan(&global, &System::default(), &mut complaints);
        let prefix = format!("smtp_auth_file {} ", path.display());
        let texts =
            complaints.iter().map(|one| one.text.strip_prefix(&prefix).unwrap_or(&one.text).to_owned());
        (settings, texts.collect())
    }

    #[test]
    fn a_user_name_and_a_password_come_from_two_lines_of_a_file() {
        let (settings, complaints) = with_login("ka\nwith blanks \n", 0o600, Some(SmtpTls::Starttls));
        let login = Login { user: "ka".into(), password: "with blanks ".into() };
        assert_eq!(settings.and_then(|settings| settings.login), Some(login));
        assert_eq!(complaints, [""; 0]);
    }

    #[test]
    fn a_password_that_would_go_unprotected_stops_the_mail() {
        let (settings, complaints) = with_login("ka\nsecret\n", 0o600, None);
        assert_eq!(settings, None);
        assert_eq!(
            complaints,
            ["needs smtp_tls, or anybody on the way could read the password - no mail is sent"]
        );
    }

    #[test]
    fn a_careless_file_is_told_of_and_one_without_password_is_of_no_use() {
        let (settings, complaints) = with_login("ka\nsecret\n", 0o644, Some(SmtpTls::Implicit));
        assert!(settings.is_some());
        assert_eq!(complaints, ["is accessible by others than its owner"]);
        let (settings, complaints) = with_login("ka\n", 0o600, Some(SmtpTls::Implicit));
        assert_eq!(settings, None);
        assert_eq!(complaints, [format!("{WANTED} - no mail is sent")]);
    }

    #[test]
    fn authorities_that_are_none_stop_the_mail() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("written");
        let mut mail = Mail {
            server: Some(located(SmtpServer { host: "192.0.2.1".into(), addr: None, port: 25 })),
            tls: Some(SmtpTls::Implicit),
            tls_ca: Some(located(path.to_string_lossy().into_owned())),
            ..Mail::default()
        };
        let fault = protection(&mail).unwrap_err().text;
        assert!(fault.contains("is of no use: "), "{fault}");
        fs::write(&path, "nothing").expect("written");
        let fault = protection(&mail).unwrap_err().text;
        assert!(fault.ends_with("holds no certificate in PEM - no mail is sent"), "{fault}");
        mail.tls = None;
        let fault = protection(&mail).unwrap_err().text;
        assert!(fault.ends_with("needs smtp_tls - no mail is sent"), "{fault}");
    }
}
