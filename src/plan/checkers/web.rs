//! `HTTP_GET` and `SSL_GET`.

use checkers::http::{Digest, Version, Wanted};
use checkers::io::tls::PeerName;
use checkers::params::{BetweenPages, CheckerKind, Endpoint, Page, Scheme, TlsFarewell, WebCheck};
use parser::config::{HttpCheck, HttpProtocol, HttpUrl, Sni, StatusCodes};
use parser::diag::{Class, Diagnostic};

/// What it does, or why it cannot be run.
pub(super) fn kind(
    check: &HttpCheck,
    endpoint: Endpoint,
    complaints: &mut Vec<Diagnostic>,
) -> Result<CheckerKind, &'static str> {
    // A page whose body is not looked at would be good too easily.
    if check.urls.iter().any(|url| url.regex.is_some()) {
        return Err(if check.tls { "SSL_GET with a regex" } else { "HTTP_GET with a regex" });
    }
    Ok(CheckerKind::Web(WebCheck {
        endpoint,
        scheme: if check.tls { Scheme::Https } else { Scheme::Http },
        version: match check.protocol {
            HttpProtocol::Http10 => Version::Http10,
            HttpProtocol::Http10Close => Version::Http10Close,
            HttpProtocol::Http11 => Version::Http11,
        },
        between: if check.fast_recovery { BetweenPages::Hurry } else { BetweenPages::Pause },
        pages: check.urls.iter().map(|url| page(check, url, complaints)).collect(),
    }))
}

fn page(check: &HttpCheck, url: &HttpUrl, complaints: &mut Vec<Diagnostic>) -> Page {
    let StatusCodes(codes) = &url.status;
    Page {
        path: url.path.clone(),
        host: url.virtualhost.as_ref().or(check.virtualhost.as_ref()).cloned(),
        server_name: server_name(check, url, complaints),
        wanted: Wanted {
            status: codes.iter().map(|(first, last)| *first..=*last).collect(),
            digest: url.digest.map(Digest::from_bytes),
        },
        farewell: if url.tls_compliant { TlsFarewell::CloseNotify } else { TlsFarewell::Close },
    }
}

/// What the TLS handshake names; `sni_name` goes before every virtual host (compat/checkers.md §18.12).
fn server_name(check: &HttpCheck, url: &HttpUrl, complaints: &mut Vec<Diagnostic>) -> Option<String> {
    if !check.tls {
        return None;
    }
    let name = match check.sni.as_ref()? {
        Sni::Name(name) => name,
        Sni::VirtualHost(host) => url.virtualhost.as_ref().or(host.as_ref())?,
    };
    if let Err(reason) = PeerName::indicated(name) {
        let text =
            format!("SSL_GET to {}: cannot send the server name {name}: {reason}", check.endpoint.dest);
        complaints.push(Diagnostic::new(Class::Log, None, text));
        return None;
    }
    Some(name.clone())
}
