//! `HTTP_GET` and `SSL_GET`.

use checkers::http::{Digest, Options, Pattern, Presence, Source, Version, Wanted};
use checkers::io::tls::PeerName;
use checkers::params::{BetweenPages, CheckerKind, Endpoint, Page, Scheme, TlsFarewell, Trust, WebCheck};
use parser::config::{HttpCheck, HttpProtocol, HttpUrl, Regex, RegexOption, Sni, StatusCodes, TlsVerify};
use parser::diag::{Class, Diagnostic};

/// What it does.
pub(super) fn kind(check: &HttpCheck, endpoint: Endpoint, complaints: &mut Vec<Diagnostic>) -> CheckerKind {
    CheckerKind::Web(WebCheck {
        endpoint,
        scheme: if check.tls { Scheme::Https } else { Scheme::Http },
        version: match check.protocol {
            HttpProtocol::Http10 => Version::Http10,
            HttpProtocol::Http10Close => Version::Http10Close,
            HttpProtocol::Http11 => Version::Http11,
        },
        trust: match check.verify {
            TlsVerify::No => Trust::Anybody,
            TlsVerify::Authority => Trust::Authority { name: false, days: check.min_days },
            TlsVerify::AuthorityAndName => Trust::Authority { name: true, days: check.min_days },
        },
        between: if check.fast_recovery { BetweenPages::Hurry } else { BetweenPages::Pause },
        pages: check.urls.iter().map(|url| page(check, url, complaints)).collect(),
    })
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
            pattern: url.regex.as_ref().and_then(|regex| pattern(regex, complaints)),
        },
        farewell: if url.tls_compliant { TlsFarewell::CloseNotify } else { TlsFarewell::Close },
    }
}

/// A pattern that PCRE2 does not understand is told and left out, as keepalived does.
fn pattern(regex: &Regex, complaints: &mut Vec<Diagnostic>) -> Option<Pattern> {
    let mut say = |text| complaints.push(Diagnostic::new(Class::Log, Some(regex.span.clone()), text));
    let mut options = Options::default();
    for option in &regex.options {
        match option {
            RegexOption::Caseless => options.caseless = true,
            RegexOption::Dotall => options.dotall = true,
            RegexOption::Dupnames => options.dupnames = true,
            RegexOption::Extended => options.extended = true,
            RegexOption::Firstline => options.firstline = true,
            RegexOption::Multiline => options.multiline = true,
            RegexOption::NoAutoCapture => options.no_auto_capture = true,
            RegexOption::Ucp => options.ucp = true,
            RegexOption::Ungreedy => options.ungreedy = true,
            RegexOption::Utf => options.utf = true,
            // These forbid words in a pattern or change how it is compiled, not what it finds.
            RegexOption::AutoCallout
            | RegexOption::NeverBackslashC
            | RegexOption::NeverUcp
            | RegexOption::NeverUtf
            | RegexOption::NoAutoPossess
            | RegexOption::NoDotstarAnchor
            | RegexOption::NoStartOptimize
            | RegexOption::UseOffsetLimit => {}
            RegexOption::AllowEmptyClass => say(without("allow_empty_class")),
            RegexOption::AltBsux => say(without("alt_bsux")),
            RegexOption::AltCircumflex => say(without("alt_circumflex")),
            RegexOption::AltVerbnames => say(without("alt_verbnames")),
            RegexOption::DollarEndonly => say(without("dollar_endonly")),
            RegexOption::MatchUnsetBackref => say(without("match_unset_backref")),
        }
    }
    let begins =
        (regex.min_offset > 0 || regex.max_offset.is_some()).then_some((regex.min_offset, regex.max_offset));
    let wanted = if regex.invert { Presence::Forbidden } else { Presence::Required };
    let source = Source { pattern: regex.pattern.clone(), options, wanted, begins };
    match Pattern::new(source) {
        Ok(pattern) => Some(pattern),
        Err(bad) => {
            say(format!("Invalid regex: '{}' {bad}", regex.pattern));
            None
        }
    }
}

fn without(option: &str) -> String {
    format!("regex_options {option} is not known here - ignoring")
}

/// What the TLS handshake names; `sni_name` goes before every virtual host (compat/checkers.md §18.12).
fn server_name(check: &HttpCheck, url: &HttpUrl, complaints: &mut Vec<Diagnostic>) -> Option<String> {
    if !check.tls {
        return None;
    }
    let name = match &check.sni {
        Some(Sni::Name(name)) => name,
        Some(Sni::VirtualHost(host)) => url.virtualhost.as_ref().or(host.as_ref())?,
        // Whose certificate must be for a name is told the name.
        None if check.verify == TlsVerify::AuthorityAndName => {
            url.virtualhost.as_ref().or(check.virtualhost.as_ref())?
        }
        None => return None,
    };
    if let Err(reason) = PeerName::indicated(name) {
        let text =
            format!("SSL_GET to {}: cannot send the server name {name}: {reason}", check.endpoint.dest);
        complaints.push(Diagnostic::new(Class::Log, None, text));
        return None;
    }
    Some(name.clone())
}
