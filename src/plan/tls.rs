//! The `SSL` block: the files it names, read and tried.

use checkers::io::credentials::{Credentials, File, Unusable};
use checkers::io::tls::Tls;
use parser::config::{Check, Config, HttpCheck, TlsVerify};
use parser::diag::{Class, Diagnostic};

/// Reads what the `SSL` block names if there is an `SSL_GET`. A file that is no good is fatal, as in keepalived
/// (compat/checkers.md §18.12).
pub(super) fn plan(config: &Config, complaints: &mut Vec<Diagnostic>) -> Credentials {
    let mut checks = ssl_gets(config).peekable();
    if checks.peek().is_none() {
        return Credentials::default();
    }
    let verifies = checks.any(|check| check.verify != TlsVerify::No);
    let credentials = match read(config) {
        Ok(credentials) => credentials,
        Err(Unusable { file, reason }) => {
            let span = config.ssl.as_ref().map(|ssl| ssl.span.clone());
            let what = match file {
                File::Authorities => "CA file",
                File::Certificate => "certificate file",
                File::Key => "key file",
            };
            let lines = [
                (Class::Log, format!("SSL error : Cant load {what}...")),
                (Class::Log, format!("The {what} of the SSL block is of no use: {reason}")),
                (Class::Fatal, "Error Initialize SSL, ctx Instance".to_owned()),
            ];
            complaints.extend(lines.map(|(class, text)| Diagnostic::new(class, span.clone(), text)));
            return Credentials::default();
        }
    };
    if verifies && !credentials.has_authorities() {
        let text = "tls_verify needs to know authorities: the SSL block has no ca";
        complaints.push(Diagnostic::new(Class::Fatal, None, text));
    }
    credentials
}

fn read(config: &Config) -> Result<Credentials, Unusable> {
    let Some(ssl) = &config.ssl else { return Ok(Credentials::default()) };
    let credentials = Credentials::read(
        ssl.ca.as_deref().map(str::as_ref),
        ssl.certificate.as_deref().map(str::as_ref),
        ssl.key.as_deref().map(str::as_ref),
        ssl.password.as_ref().and_then(|password| std::str::from_utf8(password.expose()).ok()),
    )?;
    Tls::new(&credentials).map(|_| credentials)
}

fn ssl_gets(config: &Config) -> impl Iterator<Item = &HttpCheck> {
    let servers = config.virtual_servers.iter().flat_map(|service| &service.real_servers);
    servers.flat_map(|server| &server.checkers).filter_map(|checker| match &checker.check {
        Check::Http(check) => Some(check.as_ref()).filter(|check| check.tls),
        Check::Tcp(_)
        | Check::Ping(_)
        | Check::Udp(_)
        | Check::Smtp(_)
        | Check::Dns(_)
        | Check::Misc(_)
        | Check::File(_)
        | Check::Bfd(_) => None,
    })
}
