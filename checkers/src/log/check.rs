//! What checkers say (checkers.md §4.6, §17 to §22).

use std::fmt;
use std::io;

use super::{Checked, Strerror};
use crate::http::Reason;
use crate::misc::Fault;
use crate::params::{CheckerKind, Endpoint, MiscCheck, Scheme, WebCheck};
use crate::{
    CertificateFault, Failure, LengthMismatch, RealServerId, Step, TlsFault, Trouble, VirtualServerId,
};

pub(super) fn line(
    f: &mut fmt::Formatter<'_>,
    rs: &RealServerId,
    vs: &VirtualServerId,
    kind: &CheckerKind,
    checked: Checked,
) -> fmt::Result {
    match checked {
        Checked::Length(page, mismatch) => length(f, rs, vs, kind, page, mismatch),
        Checked::NotSent => f.write_str("send ICMP packet fail"),
        Checked::Unable(Trouble { step: Step::Bind, errno }) if matches!(kind, CheckerKind::Ping(_)) => {
            write!(f, "bind failed. errno: {errno}, error: {}", Strerror(errno))
        }
        Checked::Errno(errno) if matches!(kind, CheckerKind::Udp(_)) => {
            write!(f, "UDP connect error {errno} - {}", Strerror(errno))
        }
        Checked::Errno(errno) => write!(f, "socket connect error {errno} - {}", Strerror(errno)),
        Checked::Unable(trouble) => unable(f, kind.endpoint(), trouble),
        Checked::Tls(fault) => write!(f, "Web server {rs} {}", tls(fault)),
        Checked::Passed
        | Checked::StatusGood(_)
        | Checked::DigestGood(_)
        | Checked::RegexGood(_)
        | Checked::Attempt(_)
        | Checked::Retrying { .. }
        | Checked::Failed(..)
        | Checked::Rescheduled(_) => match kind {
            CheckerKind::Tcp(_) => tcp(f, rs, checked),
            CheckerKind::Web(check) => web(f, rs, check, checked),
            CheckerKind::Dns(check) => dns(f, rs, &check.endpoint, checked),
            CheckerKind::Udp(_) => udp(f, rs, checked),
            CheckerKind::Smtp(check) => smtp(f, rs, &check.endpoint, checked),
            CheckerKind::Misc(check) => misc(f, rs, vs, check, checked),
            CheckerKind::Ping(endpoint) => ping(f, rs, vs, endpoint, checked),
            // Neither is asked.
            CheckerKind::File(check) => f.write_str(&check.name),
            CheckerKind::Bfd(check) => f.write_str(&check.session),
        },
    }
}

/// What this machine could not do is said in the same words by all.
fn unable(f: &mut fmt::Formatter<'_>, endpoint: Option<&Endpoint>, trouble: Trouble) -> fmt::Result {
    let text = Strerror(trouble.errno);
    match trouble.step {
        Step::Device => {
            let device = endpoint.and_then(|endpoint| endpoint.device.as_deref()).unwrap_or_default();
            write!(f, "Checker can't bind to device {device}: {text}")
        }
        Step::Mark => {
            let mark = endpoint.map_or(0, |endpoint| endpoint.mark);
            write!(f, "Error setting fwmark {mark} to socket: {text}")
        }
        Step::Bind => write!(f, "Checker bind failed: {text}"),
        Step::Socket | Step::Connect => write!(f, "Checker connect failed: {text}"),
    }
}

/// §18.7
fn length(
    f: &mut fmt::Formatter<'_>,
    rs: &RealServerId,
    vs: &VirtualServerId,
    kind: &CheckerKind,
    page: usize,
    LengthMismatch { announced, received }: LengthMismatch,
) -> fmt::Result {
    write!(f, "http_check for RS {rs} VS {vs} url ")?;
    if let CheckerKind::Web(check) = kind
        && let Some(page) = check.pages.get(page)
    {
        write!(f, "{}{}", page.host.as_deref().unwrap_or_default(), page.path)?;
    }
    write!(f, ": content_length ({announced}) does not match received bytes ({received})")
}

/// What is wrong, as far as it is known.
fn tls(fault: TlsFault) -> &'static str {
    match fault {
        TlsFault::OldVersion => "speaks only TLS 1.1 or older; checks need TLS 1.2 or 1.3",
        TlsFault::NoCommonCipher => "has no cipher suite or curve of TLS that checks know",
        TlsFault::ClientCertificate => "wants a client certificate that the SSL block does not give",
        TlsFault::Certificate(fault) => match fault {
            CertificateFault::Untrusted => "has a certificate that no authority of the SSL block vouches for",
            CertificateFault::Expired => "has a certificate that has expired",
            CertificateFault::ExpiresSoon => "has a certificate that expires within tls_min_days",
            CertificateFault::NotYetValid => "has a certificate that is not valid yet",
            CertificateFault::OtherName => "has a certificate for another name",
            CertificateFault::Invalid => "has a certificate, or shows a proof of its key, that is broken",
        },
        TlsFault::Other => "does not come to a TLS session",
    }
}

/// ` after N retries`
struct After(Option<u32>);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |retries| write!(f, " after {retries} retries"))
    }
}

/// `TCP_CHECK` (§17.2)
fn tcp(f: &mut fmt::Formatter<'_>, rs: &RealServerId, checked: Checked) -> fmt::Result {
    match checked {
        Checked::Attempt(Failure::ConnectTimeout) => write!(f, "TCP connection to {rs} timeout."),
        Checked::Attempt(_) => write!(f, "TCP connection to {rs} failed."),
        Checked::Failed(_, retries) => write!(f, "TCP_CHECK on service {rs} failed{}.", After(retries)),
        Checked::Rescheduled(Trouble { step: Step::Socket, .. }) => {
            f.write_str("TCP connect fail to create socket. Rescheduling.")
        }
        Checked::Rescheduled(_) => f.write_str("TCP socket bind failed. Rescheduling."),
        Checked::Passed
        | Checked::StatusGood(_)
        | Checked::DigestGood(_)
        | Checked::RegexGood(_)
        | Checked::Errno(_)
        | Checked::Length(..)
        | Checked::NotSent
        | Checked::Retrying { .. }
        | Checked::Unable(_)
        | Checked::Tls(_) => write!(f, "TCP connection to {rs} success."),
    }
}

/// `HTTP_GET` and `SSL_GET` (§18.11)
fn web(f: &mut fmt::Formatter<'_>, rs: &RealServerId, check: &WebCheck, checked: Checked) -> fmt::Result {
    let path = |page: usize| check.pages.get(page).map_or("", |page| &page.path);
    match checked {
        Checked::StatusGood(page) => {
            write!(f, "HTTP status code success to {rs} url({})", path(page))
        }
        Checked::DigestGood(page) => write!(f, "MD5 digest success to {rs} url({})", path(page)),
        Checked::RegexGood(page) => write!(f, "Regex match success to {rs} url({})", path(page)),
        Checked::Attempt(failure) => write!(f, "{} server {rs}.", reason(failure)),
        Checked::Failed(_, retries) => {
            let name = match check.scheme {
                Scheme::Http => "HTTP_CHECK",
                Scheme::Https => "SSL_CHECK",
            };
            write!(f, "{name} on service {rs} failed{}.", After(retries))
        }
        Checked::Rescheduled(Trouble { step: Step::Socket, .. }) => {
            f.write_str("WEB connection fail to create socket. Rescheduling.")
        }
        // keepalived's line has no dot.
        Checked::Rescheduled(_) => f.write_str("WEB socket bind failed. Rescheduling"),
        Checked::Passed
        | Checked::Errno(_)
        | Checked::Length(..)
        | Checked::NotSent
        | Checked::Retrying { .. }
        | Checked::Unable(_)
        | Checked::Tls(_) => {
            write!(f, "Remote Web server {rs} succeed on service.")
        }
    }
}

fn reason(failure: Failure) -> Reason {
    match failure {
        Failure::ConnectTimeout => Reason::TimeoutConnecting,
        Failure::Connect(errno) if is_unreachable(errno) => Reason::Unreachable,
        Failure::Connect(_) => Reason::ConnectionFailed,
        Failure::Handshake(_) => Reason::Handshake,
        Failure::Http(reason) => reason,
        // No page fails like this.
        Failure::Send(_) | Failure::Smtp(_) | Failure::Reply | Failure::Dns(_) | Failure::Script(_) => {
            Reason::NoData
        }
    }
}

/// `SMTP_CHECK` (§19.4)
fn smtp(f: &mut fmt::Formatter<'_>, rs: &RealServerId, endpoint: &Endpoint, checked: Checked) -> fmt::Result {
    match checked {
        Checked::Attempt(failure) | Checked::Failed(failure, _) => {
            write!(f, "SMTP_CHECK {}", SmtpFailure { endpoint, server: Some(rs), failure: Some(failure) })
        }
        Checked::Rescheduled(Trouble { step: Step::Socket, .. }) => {
            f.write_str("SMTP_CHECK connection failed to create socket. Rescheduling.")
        }
        Checked::Rescheduled(_) => f.write_str("SMTP_CHECK socket bind failed. Rescheduling."),
        Checked::Passed
        | Checked::StatusGood(_)
        | Checked::DigestGood(_)
        | Checked::RegexGood(_)
        | Checked::Errno(_)
        | Checked::Length(..)
        | Checked::NotSent
        | Checked::Retrying { .. }
        | Checked::Unable(_)
        | Checked::Tls(_) => write!(f, "Remote SMTP server {rs} succeed on service."),
    }
}

/// `UDP_CHECK` (§21.4)
fn udp(f: &mut fmt::Formatter<'_>, rs: &RealServerId, checked: Checked) -> fmt::Result {
    match checked {
        Checked::Attempt(Failure::Reply) => write!(f, "UDP check to {rs} reply data mismatch."),
        Checked::Attempt(_) => write!(f, "UDP connection to {rs} failed."),
        Checked::Failed(_, retries) => write!(f, "UDP_CHECK on service {rs} failed{}.", After(retries)),
        Checked::Rescheduled(_) => f.write_str("UDP connect fail to create socket. Rescheduling."),
        Checked::Passed
        | Checked::StatusGood(_)
        | Checked::DigestGood(_)
        | Checked::RegexGood(_)
        | Checked::Errno(_)
        | Checked::Length(..)
        | Checked::NotSent
        | Checked::Retrying { .. }
        | Checked::Unable(_)
        | Checked::Tls(_) => write!(f, "UDP connection to {rs} success."),
    }
}

/// `PING_CHECK` (§22.4)
fn ping(
    f: &mut fmt::Formatter<'_>,
    rs: &RealServerId,
    vs: &VirtualServerId,
    endpoint: &Endpoint,
    checked: Checked,
) -> fmt::Result {
    match checked {
        Checked::Attempt(Failure::ConnectTimeout) => write!(f, "ICMP connection to address {rs} timeout."),
        Checked::Attempt(_) => write!(f, "ICMP connection to {rs} of {vs} failed."),
        Checked::Failed(_, Some(retries)) => {
            write!(f, "ICMP CHECK on service {rs} of {vs} failed{}.", After(Some(retries)))
        }
        Checked::Failed(_, None) => write!(f, "ICMP CHECK on service {rs} failed."),
        Checked::Rescheduled(_) => {
            let protocol = if endpoint.dest.is_ipv4() { "ICMP" } else { "ICMPv6" };
            write!(f, "{protocol} connect fail to create socket. Rescheduling.")
        }
        Checked::Passed
        | Checked::StatusGood(_)
        | Checked::DigestGood(_)
        | Checked::RegexGood(_)
        | Checked::Errno(_)
        | Checked::Length(..)
        | Checked::Retrying { .. }
        | Checked::NotSent
        | Checked::Unable(_)
        | Checked::Tls(_) => write!(f, "ICMP connection to {rs} success."),
    }
}

/// `DNS_CHECK` (§20.3)
fn dns(f: &mut fmt::Formatter<'_>, rs: &RealServerId, endpoint: &Endpoint, checked: Checked) -> fmt::Result {
    write!(f, "DNS_CHECK ({rs}) ")?;
    let (failure, retries) = match checked {
        Checked::Attempt(failure) => (failure, None),
        Checked::Failed(failure, retries) => (failure, retries),
        Checked::Rescheduled(Trouble { step: Step::Socket, .. }) => {
            return f.write_str("failed to create socket. Rescheduling.");
        }
        Checked::Rescheduled(_) => return f.write_str("UDP socket bind failed. Rescheduling."),
        Checked::Passed
        | Checked::StatusGood(_)
        | Checked::DigestGood(_)
        | Checked::RegexGood(_)
        | Checked::Errno(_)
        | Checked::Length(..)
        | Checked::NotSent
        | Checked::Retrying { .. }
        | Checked::Unable(_)
        | Checked::Tls(_) => return f.write_str("success."),
    };
    match failure {
        Failure::Dns(code) => write!(f, "read error occurred. (rcode = {code})")?,
        Failure::ConnectTimeout => f.write_str("read timeout from socket")?,
        Failure::Connect(errno) if is_unreachable(errno) => {
            write!(f, "network unreachable for [{}]:{}", endpoint.dest.ip(), endpoint.dest.port())?;
        }
        Failure::Connect(errno) => {
            write!(f, "failed to read socket; errno {errno} ({})", Strerror(errno))?;
        }
        Failure::Send(_)
        | Failure::Handshake(_)
        | Failure::Http(_)
        | Failure::Smtp(_)
        | Failure::Reply
        | Failure::Script(_) => {
            f.write_str("connection failure.")?;
        }
    }
    write!(f, "{}", After(retries))
}

/// `MISC_CHECK` (§23.5)
fn misc(
    f: &mut fmt::Formatter<'_>,
    rs: &RealServerId,
    vs: &VirtualServerId,
    check: &MiscCheck,
    checked: Checked,
) -> fmt::Result {
    let program = check.argv.first().map_or("", String::as_str);
    write!(f, "Misc check for [{rs} VS {vs}] by [{program}] ")?;
    let (failure, when) = match checked {
        Checked::Retrying { failure, nth: 1, of } => (failure, format!(", will do {}", retries(of))),
        Checked::Retrying { failure, nth, of } => (failure, format!(" on retry {}/{of}", nth - 1)),
        Checked::Failed(failure, None) => (failure, " with retry disabled".to_owned()),
        Checked::Failed(failure, Some(of)) => (failure, format!(" after {}", retries(of))),
        Checked::Attempt(failure) => (failure, String::new()),
        Checked::Passed
        | Checked::StatusGood(_)
        | Checked::DigestGood(_)
        | Checked::RegexGood(_)
        | Checked::Errno(_)
        | Checked::Length(..)
        | Checked::NotSent
        | Checked::Unable(_)
        | Checked::Rescheduled(_)
        | Checked::Tls(_) => return f.write_str("succeeded."),
    };
    match failure {
        Failure::Script(fault @ Fault::TimedOut) => write!(f, "timed out{when}{fault}."),
        Failure::Script(fault) => write!(f, "failed{when}{fault}."),
        Failure::ConnectTimeout
        | Failure::Connect(_)
        | Failure::Send(_)
        | Failure::Handshake(_)
        | Failure::Http(_)
        | Failure::Smtp(_)
        | Failure::Reply
        | Failure::Dns(_) => write!(f, "failed{when}."),
    }
}

fn retries(count: u32) -> String {
    if count == 1 { "1 retry".to_owned() } else { format!("{count} retries") }
}

/// What a mail server did wrong, with the address that was asked.
pub(super) struct SmtpFailure<'a> {
    pub(super) endpoint: &'a Endpoint,
    /// The real server it stands for, which one of the texts names.
    pub(super) server: Option<&'a RealServerId>,
    pub(super) failure: Option<Failure>,
}

impl fmt::Display for SmtpFailure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dest = self.endpoint.dest;
        let pair = format_args!("[{}]:{}", dest.ip(), dest.port());
        match self.failure {
            Some(Failure::Smtp(fault)) => write!(f, "{fault} {pair}"),
            Some(Failure::ConnectTimeout) => write!(f, "Connection timeout to server {pair}"),
            Some(Failure::Connect(errno)) if is_unreachable(errno) => {
                let (addr, port) = self.server.map_or((dest.ip(), dest.port()), |rs| (rs.addr, rs.port));
                write!(f, "Network unreachable for server {} - real server [{addr}]:{port}", dest.ip())
            }
            Some(Failure::Connect(_)) => write!(f, "Could not connect to server {pair}"),
            Some(
                Failure::Send(_)
                | Failure::Handshake(_)
                | Failure::Http(_)
                | Failure::Reply
                | Failure::Dns(_)
                | Failure::Script(_),
            )
            | None => write!(f, "Error connecting to server {pair}"),
        }
    }
}

fn is_unreachable(errno: i32) -> bool {
    matches!(
        io::Error::from_raw_os_error(errno).kind(),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkDown
    )
}
