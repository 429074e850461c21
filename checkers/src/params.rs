//! What the machines need to know. Equal parameters are the same configuration: a reload compares whole values.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Cadence, EntryId, RealServerId, VirtualServerId};
use crate::{dns, http};

/// One virtual server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualServerParams {
    /// Which one.
    pub id: VirtualServerId,
    /// The lines of its group; a reload says which came and went.
    pub entries: Vec<EntryId>,
    /// Weight of the servers that must be up.
    pub quorum: u32,
    /// Distance between the thresholds of gain and loss.
    pub hysteresis: u32,
    /// What happens to notifications when everything stops.
    pub at_stop: AtStop,
    /// `ha_suspend`: checks are made only while one of these addresses, each range from its first to its last, is on this
    /// machine.
    pub only_with: Option<Vec<(IpAddr, IpAddr)>>,
    /// Whether changes of the quorum are mailed.
    pub alert: bool,
    /// Which mails a checker causes.
    pub checker_alerts: CheckerAlerts,
    /// Who serves while the quorum is lost.
    pub sorry: Option<SorryParams>,
    /// Who serves; each address and port once.
    pub servers: Vec<RealServerParams>,
}

/// `omega`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AtStop {
    /// Nobody is told.
    Silent,
    /// `omega`: servers that were up, and the quorum, are reported down.
    Tell,
}

/// `no_checker_emails`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckerAlerts {
    /// Every change of a checker is mailed.
    Every,
    /// `no_checker_emails`: only those that change the server.
    ServerOnly,
}

/// What happens to a server that is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhenDown {
    /// It leaves the pool.
    Remove,
    /// `inhibit_on_failure`: it stays with weight 0.
    Inhibit,
}

/// The sorry server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SorryParams {
    /// Which one.
    pub id: RealServerId,
    /// `sorry_server_inhibit`
    pub when_unused: WhenDown,
}

/// One real server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealServerParams {
    /// Which one.
    pub id: RealServerId,
    /// Its share, 0 to 2,147,483,647.
    pub weight: u32,
    /// What happens to it when it is down.
    pub when_down: WhenDown,
    /// Whether its changes are mailed.
    pub alert: bool,
    /// What decides whether it is up; without any it always is.
    pub checkers: Vec<CheckerParams>,
}

/// One checker of a real server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckerParams {
    /// What it does. Two checkers that do the same are the same to a reload (checkers.md §13.7). Shared with its runner.
    pub kind: Arc<CheckerKind>,
    /// When it does it.
    pub cadence: Cadence,
    /// Failures in a row that are forgiven.
    pub retry: u32,
    /// What counts before the first success.
    pub before_first: BeforeFirst,
    /// Which failures are logged.
    pub failures: LoggedFailures,
}

/// `alpha`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BeforeFirst {
    /// The checker counts as passed.
    Up,
    /// `alpha`: the checker counts as failed.
    Down,
}

/// `log_all_failures`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoggedFailures {
    /// Those that take the checker down.
    Final,
    /// Every one while the checker is up.
    Every,
}

/// What a checker does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckerKind {
    /// `TCP_CHECK`: connects and closes.
    Tcp(Endpoint),
    /// `HTTP_GET` and `SSL_GET`: fetches pages and looks at them.
    Web(WebCheck),
    /// `SMTP_CHECK`: is greeted, greets and takes leave.
    Smtp(SmtpCheck),
    /// `UDP_CHECK`: sends a datagram and looks at what comes back.
    Udp(UdpCheck),
    /// `DNS_CHECK`: asks a question.
    Dns(DnsCheck),
    /// `MISC_CHECK`: has a program check.
    Misc(MiscCheck),
    /// `PING_CHECK`: sends an echo request.
    Ping(Endpoint),
    /// `FILE_CHECK`: hears what a file says. It is never probed.
    File(FileCheck),
    /// `BFD_CHECK`: hears what a BFD session says. It is never probed.
    Bfd(BfdCheck),
}

impl CheckerKind {
    /// Where it connects to and from, if it does.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::Tcp(endpoint) | Self::Ping(endpoint) => Some(endpoint),
            Self::Web(check) => Some(&check.endpoint),
            Self::Smtp(check) => Some(&check.endpoint),
            Self::Udp(check) => Some(&check.endpoint),
            Self::Dns(check) => Some(&check.endpoint),
            Self::Misc(_) | Self::File(_) | Self::Bfd(_) => None,
        }
    }

    /// Whether it asks by itself; the others are told.
    pub fn is_probed(&self) -> bool {
        match self {
            Self::Tcp(_)
            | Self::Web(_)
            | Self::Smtp(_)
            | Self::Udp(_)
            | Self::Dns(_)
            | Self::Misc(_)
            | Self::Ping(_) => true,
            Self::File(_) | Self::Bfd(_) => false,
        }
    }

    /// How many questions it asks in turn, one with each probe; at least one.
    pub fn questions(&self) -> usize {
        match self {
            Self::Tcp(_)
            | Self::Misc(_)
            | Self::Smtp(_)
            | Self::Udp(_)
            | Self::Dns(_)
            | Self::Ping(_)
            | Self::File(_)
            | Self::Bfd(_) => 1,
            Self::Web(check) => check.pages.len().max(1),
        }
    }

    /// Whether `retry` counts for itself each time, at the start and while the checker is down as well (§4.1, §4.3).
    pub(crate) fn always_retries(&self) -> bool {
        match self {
            Self::Smtp(_) => true,
            Self::Tcp(_)
            | Self::Misc(_)
            | Self::Web(_)
            | Self::Udp(_)
            | Self::Dns(_)
            | Self::Ping(_)
            | Self::File(_)
            | Self::Bfd(_) => false,
        }
    }

    /// Whether a reload may carry the state of one over to the other (checkers.md §13.7).
    pub fn is_same_check(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(one), Self::Tcp(other)) | (Self::Ping(one), Self::Ping(other)) => one == other,
            (Self::Web(one), Self::Web(other)) => {
                (&one.endpoint, one.trust) == (&other.endpoint, other.trust)
                    && one.pages.len() == other.pages.len()
                    && one.pages.iter().zip(&other.pages).all(|(one, other)| one.is_same_page(other))
            }
            (Self::Smtp(one), Self::Smtp(other)) => one == other,
            (Self::Udp(one), Self::Udp(other)) => one.endpoint == other.endpoint,
            (Self::Dns(one), Self::Dns(other)) => one == other,
            (Self::Misc(one), Self::Misc(other)) => {
                (&one.argv, one.user, one.dynamic) == (&other.argv, other.user, other.dynamic)
            }
            (Self::File(one), Self::File(other)) => one.path == other.path,
            (Self::Bfd(one), Self::Bfd(other)) => one == other,
            (
                Self::Tcp(_)
                | Self::Web(_)
                | Self::Smtp(_)
                | Self::Udp(_)
                | Self::Dns(_)
                | Self::Misc(_)
                | Self::Ping(_)
                | Self::File(_)
                | Self::Bfd(_),
                _,
            ) => false,
        }
    }
}

/// `SMTP_CHECK`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmtpCheck {
    /// Where to.
    pub endpoint: Endpoint,
    /// `helo_name`: who greets.
    pub helo_name: String,
}

/// `MISC_CHECK`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiscCheck {
    /// The program and its words.
    pub argv: Vec<String>,
    /// User and group it runs as.
    pub user: (u32, u32),
    /// `misc_timeout`: how long it may run.
    pub timeout: Duration,
    /// `misc_dynamic`: whether its exit status is a weight.
    pub dynamic: bool,
}

/// `DNS_CHECK`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsCheck {
    /// Where to.
    pub endpoint: Endpoint,
    /// What is asked.
    pub question: dns::Question,
}

/// `UDP_CHECK`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UdpCheck {
    /// Where to.
    pub endpoint: Endpoint,
    /// `payload`; [`UdpCheck::PAYLOAD`] unless another one is wanted.
    pub payload: Vec<u8>,
    /// `require_reply`
    pub reply: UdpReply,
}

impl UdpCheck {
    /// What is sent when nothing else is wanted (checkers.md §21.1).
    pub const PAYLOAD: &[u8; 32] = b"keepalived check - keepalived ch";
}

/// What has to come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UdpReply {
    /// Anything or nothing, as long as the network does not say that nobody is there.
    Optional,
    /// Any datagram.
    Any,
    /// A datagram that looks like this.
    Like {
        /// Value and mask of the first bytes; one that is shorter is compared as far as it goes.
        pattern: Vec<(u8, u8)>,
        /// Bytes it may have.
        length: RangeInclusive<u16>,
    },
}

impl UdpReply {
    /// Whether a datagram is what is wanted.
    pub fn is_met_by(&self, datagram: &[u8]) -> bool {
        match self {
            Self::Optional | Self::Any => true,
            Self::Like { pattern, length } => {
                let fits = u16::try_from(datagram.len()).is_ok_and(|bytes| length.contains(&bytes));
                fits && datagram.iter().zip(pattern).all(|(byte, (value, mask))| byte & mask == value & mask)
            }
        }
    }
}

/// `BFD_CHECK`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BfdCheck {
    /// Name of the `bfd_instance`.
    pub session: String,
}

/// `FILE_CHECK`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCheck {
    /// Name of the `track_file`.
    pub name: String,
    /// What is watched.
    pub path: PathBuf,
    /// What one is worth: −2,147,483,647 to 2,147,483,647. With 0 any other number than 0 is a fault.
    pub weight: i32,
    /// `reverse`: the opposite.
    pub reverse: bool,
    /// What the file says as the checker begins.
    pub value: i32,
}

impl FileCheck {
    /// What a number in the file means (checkers.md §24.2).
    pub fn meaning(&self, value: i32) -> FileMeaning {
        if self.weight == 0 {
            return if (value != 0) == self.reverse { FileMeaning::Weight(0) } else { FileMeaning::Fault };
        }
        let weight = i64::from(value) * i64::from(self.weight) * if self.reverse { -1 } else { 1 };
        match weight.clamp(i32::MIN.into(), i32::MAX.into()) {
            least if least == i64::from(i32::MIN) => FileMeaning::Fault,
            weight => FileMeaning::Weight(weight),
        }
    }
}

/// What a tracked file says of its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMeaning {
    /// The server is down.
    Fault,
    /// The server is up, and weighs so much more or less.
    Weight(i64),
}

/// `HTTP_GET` or `SSL_GET`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebCheck {
    /// Where to.
    pub endpoint: Endpoint,
    /// HTTP or HTTPS.
    pub scheme: Scheme,
    /// `http_protocol`
    pub version: http::Version,
    /// Who may answer over TLS.
    pub trust: Trust,
    /// `fast_recovery`
    pub between: BetweenPages,
    /// `url`, one for each probe in turn; never empty.
    pub pages: Vec<Page>,
}

/// What HTTP is spoken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scheme {
    /// `HTTP_GET`
    Http,
    /// `SSL_GET`
    Https,
}

/// Who may answer over TLS: `tls_verify` and `tls_min_days`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Trust {
    /// Whoever does, as in keepalived.
    #[default]
    Anybody,
    /// Whom the authorities of the `SSL` block vouch for.
    Authority {
        /// Whether the certificate has to be for the name, or the address, that is connected to.
        name: bool,
        /// Days for which every certificate has to be valid yet.
        days: u16,
    },
}

/// How the pages follow one another until all have been good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BetweenPages {
    /// `delay_loop` lies between them, as always.
    Pause,
    /// `fast_recovery`: at once.
    Hurry,
}

/// `url`: a page and what it has to be like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// `path`
    pub path: String,
    /// The virtual host that counts for this page, if there is any.
    pub host: Option<String>,
    /// The name for the TLS handshake, if one is sent.
    pub server_name: Option<String>,
    /// What is good.
    pub wanted: http::Wanted,
    /// How a TLS session ends.
    pub farewell: TlsFarewell,
}

impl Page {
    fn is_same_page(&self, other: &Self) -> bool {
        let Self { path, host, server_name, wanted, farewell: _ } = self;
        (path, host, server_name, wanted) == (&other.path, &other.host, &other.server_name, &other.wanted)
    }
}

/// How a TLS session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TlsFarewell {
    /// With the connection.
    Close,
    /// `tls_compliant`: with `close_notify` before.
    CloseNotify,
}

/// Where a checker connects to and from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `connect_ip` and `connect_port`
    pub dest: SocketAddr,
    /// `bindto` and `bind_port`
    pub bind: Option<SocketAddr>,
    /// `bind_if`
    pub device: Option<String>,
    /// `connect_timeout`
    pub timeout: Duration,
    /// `fwmark` of the packets, 0 for none.
    pub mark: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(weight: i32, reverse: bool, value: i32) -> FileMeaning {
        let (name, path) = ("f".to_owned(), PathBuf::from("/f"));
        FileCheck { name, path, weight, reverse, value: 0 }.meaning(value)
    }

    #[test]
    fn a_number_in_a_file_is_multiplied_by_the_weight() {
        use FileMeaning::Weight;
        assert_eq!(
            [meaning(2, false, 3), meaning(2, true, 3), meaning(-2, false, -3)],
            [Weight(6), Weight(-6), Weight(6)]
        );
    }

    #[test]
    fn a_product_too_large_is_the_largest_and_one_too_small_is_a_fault() {
        assert_eq!(meaning(2, false, i32::MAX), FileMeaning::Weight(i32::MAX.into()));
        assert_eq!(meaning(2, true, i32::MAX), FileMeaning::Fault);
        assert_eq!(meaning(1, false, i32::MIN), FileMeaning::Fault);
        assert_eq!(meaning(1, false, -i32::MAX), FileMeaning::Weight((-i32::MAX).into()));
    }

    #[test]
    fn without_a_weight_any_number_but_zero_is_a_fault_and_reversed_zero_is() {
        let fault = |reverse, value| meaning(0, reverse, value) == FileMeaning::Fault;
        assert_eq!(
            [fault(false, 0), fault(false, 1), fault(true, 0), fault(true, 1)],
            [false, true, true, false]
        );
    }
}
