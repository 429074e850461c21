//! Health checkers of a real server.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{IfName, Located, Script, Span, Weight};

/// One checker block of a real server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checker {
    /// The line that opened it.
    pub span: Span,
    /// When it runs.
    pub pace: Pace,
    /// What it does.
    pub check: Check,
}

/// When a checker runs and how it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// `delay_loop`: from the end of one check to the start of the next.
    pub delay_loop: Duration,
    /// `delay_before_retry`: the same after a failure that does not count yet.
    pub delay_before_retry: Duration,
    /// `retry`: failures allowed before one counts.
    pub retry: u32,
    /// `warmup`: the first check comes at random within it.
    pub warmup: Duration,
    /// `alpha`: down until the first success.
    pub alpha: bool,
    /// `log_all_failures`.
    pub log_all_failures: bool,
}

/// What checkers that do not say take from the virtual or real server around them; already applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inherited {
    /// `delay_loop`
    pub delay_loop: Duration,
    /// `connect_timeout`
    pub connect_timeout: Duration,
    /// `retry`; none is that of each kind of checker.
    pub retry: Option<u32>,
    /// `delay_before_retry`; none is that of each kind of checker.
    pub delay_before_retry: Option<Duration>,
    /// `warmup`; none is `delay_loop`.
    pub warmup: Option<Duration>,
    /// `alpha`
    pub alpha: bool,
}

/// What a checker does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Check {
    /// `TCP_CHECK`.
    Tcp(Endpoint),
    /// `PING_CHECK`.
    Ping(Endpoint),
    /// `UDP_CHECK`.
    Udp(Box<UdpCheck>),
    /// `HTTP_GET` and `SSL_GET`.
    Http(Box<HttpCheck>),
    /// `SMTP_CHECK`.
    Smtp(SmtpCheck),
    /// `DNS_CHECK`.
    Dns(DnsCheck),
    /// `MISC_CHECK`.
    Misc(Box<MiscCheck>),
    /// `FILE_CHECK`.
    File(FileCheck),
    /// `BFD_CHECK`.
    Bfd(BfdCheck),
}

/// Where a checker connects to and from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `connect_ip` and `connect_port`, or the real server's own.
    pub dest: SocketAddr,
    /// `bindto`.
    pub bind: Option<IpAddr>,
    /// `bind_port`; 0 is any.
    pub bind_port: u16,
    /// `bind_if`.
    pub bind_if: Option<Box<Located<IfName>>>,
    /// `connect_timeout`.
    pub connect_timeout: Duration,
    /// `fwmark` of the packets; 0 is none.
    pub fwmark: u32,
}

/// `UDP_CHECK`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UdpCheck {
    /// Where to.
    pub endpoint: Endpoint,
    /// `payload`; none is random bytes.
    pub payload: Option<Vec<u8>>,
    /// `require_reply`: none takes silence for success.
    pub reply: Option<ReplyPattern>,
    /// `min_reply_length` in bytes.
    pub min_reply_length: u16,
    /// `max_reply_length` in bytes.
    pub max_reply_length: u16,
}

/// Bytes a reply is compared with; a bit that is 0 in the mask may have any value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReplyPattern {
    /// Value and mask of each byte; empty accepts any reply.
    pub bytes: Vec<(u8, u8)>,
}

/// `HTTP_GET` or `SSL_GET`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpCheck {
    /// Where to.
    pub endpoint: Endpoint,
    /// `SSL_GET`.
    pub tls: bool,
    /// `tls_verify`: whose certificate is good.
    pub verify: TlsVerify,
    /// `tls_min_days`: for so many days every certificate must be valid yet; counts with `tls_verify` only.
    pub min_days: u16,
    /// `http_protocol`.
    pub protocol: HttpProtocol,
    /// `virtualhost` of the checker, the real server or the virtual server, in this order.
    pub virtualhost: Option<String>,
    /// The name sent as SNI: `sni_name`, or with `enable_sni` the virtual host of checker or virtual server; a URL's own goes before the latter.
    pub sni: Option<Sni>,
    /// `fast_recovery`: no pause between URLs at start and recovery.
    pub fast_recovery: bool,
    /// `url`; never empty.
    pub urls: Vec<HttpUrl>,
}

/// `enable_sni` and `sni_name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sni {
    /// `sni_name`.
    Name(String),
    /// `enable_sni`: the URL's virtual host, else this one.
    VirtualHost(Option<String>),
}

/// `tls_verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TlsVerify {
    /// Anybody's.
    #[default]
    No,
    /// `ca`: one that the authorities of `SSL` vouch for.
    Authority,
    /// `full`: one that they vouch for, made for the name or address that is connected to.
    AuthorityAndName,
}

/// `http_protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum HttpProtocol {
    /// `1.0`.
    #[default]
    Http10,
    /// `1.0C`: with `Connection: close`.
    Http10Close,
    /// `1.1`.
    Http11,
}

/// One `url` of an HTTP check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpUrl {
    /// `path`.
    pub path: String,
    /// `virtualhost`.
    pub virtualhost: Option<String>,
    /// `digest`: MD5 of the body.
    pub digest: Option<[u8; 16]>,
    /// `status_code`.
    pub status: StatusCodes,
    /// `regex`.
    pub regex: Option<Regex>,
    /// `tls_compliant`, here or on the checker: send close_notify.
    pub tls_compliant: bool,
}

/// Acceptable status codes: ranges within 100 to 599, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCodes(pub Vec<(u16, u16)>);

impl StatusCodes {
    /// Whether a reply with this code is a success.
    pub fn contains(&self, code: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&code))
    }
}

impl Default for StatusCodes {
    fn default() -> Self {
        Self(vec![(200, 299)])
    }
}

/// `regex` and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regex {
    /// The line that said it.
    pub span: Span,
    /// The PCRE2 pattern, escapes already decoded.
    pub pattern: String,
    /// `regex_no_match`: a match is a failure.
    pub invert: bool,
    /// `regex_options`.
    pub options: Vec<RegexOption>,
    /// `regex_min_offset`: a match may not begin before.
    pub min_offset: u64,
    /// `regex_max_offset`: a match may not begin behind.
    pub max_offset: Option<u64>,
}

/// `regex_options`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are PCRE2's names of its options")]
pub enum RegexOption {
    AllowEmptyClass,
    AltBsux,
    AutoCallout,
    Caseless,
    DollarEndonly,
    Dotall,
    Dupnames,
    Extended,
    Firstline,
    MatchUnsetBackref,
    Multiline,
    NeverUcp,
    NeverUtf,
    NoAutoCapture,
    NoAutoPossess,
    NoDotstarAnchor,
    NoStartOptimize,
    Ucp,
    Ungreedy,
    Utf,
    NeverBackslashC,
    AltCircumflex,
    AltVerbnames,
    UseOffsetLimit,
}

/// `SMTP_CHECK`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SmtpCheck {
    /// Where to.
    pub endpoint: Endpoint,
    /// `helo_name`.
    pub helo_name: String,
}

/// `DNS_CHECK`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsCheck {
    /// Where to.
    pub endpoint: Endpoint,
    /// `type`.
    pub kind: DnsType,
    /// `name`; `.` is the root.
    pub name: String,
}

/// `type` of a DNS question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are the names of DNS record types")]
pub enum DnsType {
    A,
    Ns,
    Cname,
    #[default]
    Soa,
    Mx,
    Txt,
    Aaaa,
    Rrsig,
    Dnskey,
}

/// `MISC_CHECK`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiscCheck {
    /// `misc_path` and `user`.
    pub script: Script,
    /// `misc_timeout`, or the virtual server's `delay_loop`.
    pub timeout: Duration,
    /// `misc_dynamic`: the exit status sets the weight.
    pub dynamic: bool,
}

/// `FILE_CHECK`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCheck {
    /// `track_file`: index into `Config::track_files`.
    pub file: usize,
    /// `weight`.
    pub weight: Weight,
}

/// `BFD_CHECK`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BfdCheck {
    /// `name`: index into `Config::bfd_instances`.
    pub bfd: usize,
}
