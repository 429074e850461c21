//! Virtual services and the servers behind them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Checker, Family, Inherited, Script, Secret, Span};

/// `protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// None: the service is a firewall mark.
    None,
}

impl fmt::Display for Protocol {
    /// As messages write it: `tcp`, `udp`, `sctp`, `none`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
            Self::None => "none",
        })
    }
}

/// What a virtual server answers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Service {
    /// An address and port; port 0 is any.
    Address {
        /// The address.
        addr: IpAddr,
        /// The port.
        port: u16,
    },
    /// A firewall mark.
    Fwmark(u32),
    /// The members of a group.
    Group {
        /// Its name.
        name: String,
        /// Index into `Config::virtual_server_groups`.
        group: usize,
        /// How many virtual servers before this one use the group.
        nth: usize,
    },
}

/// `lb_algo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are the kernel's names of its schedulers")]
pub enum Scheduler {
    Rr,
    Wrr,
    Lc,
    Wlc,
    Lblc,
    Sh,
    Mh,
    Dh,
    Fo,
    Ovf,
    Lblcr,
    Sed,
    Nq,
    Twos,
}

impl Scheduler {
    /// All of them, in the order of the manual.
    pub const ALL: [Self; 14] = [
        Self::Rr,
        Self::Wrr,
        Self::Lc,
        Self::Wlc,
        Self::Lblc,
        Self::Sh,
        Self::Mh,
        Self::Dh,
        Self::Fo,
        Self::Ovf,
        Self::Lblcr,
        Self::Sed,
        Self::Nq,
        Self::Twos,
    ];

    /// The kernel's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rr => "rr",
            Self::Wrr => "wrr",
            Self::Lc => "lc",
            Self::Wlc => "wlc",
            Self::Lblc => "lblc",
            Self::Sh => "sh",
            Self::Mh => "mh",
            Self::Dh => "dh",
            Self::Fo => "fo",
            Self::Ovf => "ovf",
            Self::Lblcr => "lblcr",
            Self::Sed => "sed",
            Self::Nq => "nq",
            Self::Twos => "twos",
        }
    }
}

/// Flags of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SchedulerFlags {
    /// `ops`: one packet scheduling (0x04).
    pub one_packet: bool,
    /// `flag-1`, `sh-fallback`, `mh-fallback` (0x08).
    pub flag_1: bool,
    /// `flag-2`, `sh-port`, `mh-port` (0x10).
    pub flag_2: bool,
    /// `flag-3` (0x20).
    pub flag_3: bool,
}

/// The part of a client's address that persistence looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Granularity {
    /// IPv4: a mask, not necessarily contiguous.
    Mask(Ipv4Addr),
    /// IPv6: a prefix length, 1 to 128.
    Prefix(u8),
}

/// Persistence of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persistence {
    /// `persistence_timeout`, in whole seconds.
    pub timeout: Duration,
    /// `persistence_granularity`.
    pub granularity: Granularity,
    /// `persistence_engine`, at most 15 bytes.
    pub engine: Option<String>,
}

/// How packets reach a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Forwarding {
    /// NAT.
    Nat,
    /// DR: direct routing.
    Direct,
    /// TUN.
    Tunnel(Tunnel),
}

/// Options of `TUN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tunnel {
    /// `type`.
    pub kind: TunnelKind,
    /// `nocsum`, `csum`, `remcsum`.
    pub checksum: TunnelChecksum,
}

/// Type of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TunnelKind {
    /// IP in IP.
    Ipip,
    /// Generic UDP encapsulation to this port.
    Gue {
        /// The port.
        port: u16,
    },
    /// GRE.
    Gre,
}

/// Checksum of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TunnelChecksum {
    /// None.
    #[default]
    None,
    /// With checksum.
    Sum,
    /// Remote checksum.
    Remote,
}

/// One `virtual_server`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VirtualServer {
    /// The line that opened it.
    pub span: Span,
    /// What it answers to.
    pub service: Service,
    /// `protocol`.
    pub protocol: Protocol,
    /// Its family; none when a group mixes both.
    pub family: Option<Family>,
    /// `lb_algo`.
    pub scheduler: Scheduler,
    /// `ops`, `flag-N` and their synonyms.
    pub flags: SchedulerFlags,
    /// `persistence_…`.
    pub persistence: Option<Persistence>,
    /// `lb_kind`: of servers that do not say.
    pub forwarding: Forwarding,
    /// `quorum`.
    pub quorum: u32,
    /// `hysteresis`.
    pub hysteresis: u32,
    /// `quorum_up`.
    pub quorum_up: Option<Box<Script>>,
    /// `quorum_down`.
    pub quorum_down: Option<Box<Script>>,
    /// `ha_suspend`.
    pub ha_suspend: bool,
    /// What checkers take from it.
    pub inherited: Inherited,
    /// `inhibit_on_failure`: of servers that do not say; already applied.
    pub inhibit_on_failure: bool,
    /// `omega`.
    pub omega: bool,
    /// `smtp_alert`.
    pub smtp_alert: bool,
    /// `virtualhost`: of servers that do not say; already applied.
    pub virtualhost: Option<String>,
    /// `snmp_name`.
    pub snmp_name: Option<String>,
    /// `sorry_server`.
    pub sorry_server: Option<SorryServer>,
    /// `real_server`; never empty.
    pub real_servers: Vec<RealServer>,
}

impl VirtualServer {
    /// The name in messages: `[10.1.0.1]:tcp:80`, `FWM 55` or `[GROUP]:N`.
    pub fn label(&self) -> String {
        self.service.label(self.protocol)
    }
}

impl Service {
    /// The name in messages: `[10.1.0.1]:tcp:80`, `FWM 55` or `[GROUP]:N`.
    pub fn label(&self, protocol: Protocol) -> String {
        match self {
            Self::Address { addr, port } => server_label(*addr, protocol, *port),
            Self::Fwmark(mark) => format!("FWM {mark}"),
            Self::Group { name, nth, .. } => format!("[{name}]:{nth}"),
        }
    }
}

/// The name of a server in messages: `[10.0.0.2]:tcp:80`.
pub(crate) fn server_label(addr: IpAddr, protocol: Protocol, port: u16) -> String {
    format!("[{addr}]:{protocol}:{port}")
}

/// `sorry_server`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SorryServer {
    /// The line.
    pub span: Span,
    /// Its address.
    pub addr: IpAddr,
    /// Its port; 0 is none.
    pub port: u16,
    /// `sorry_server_lvs_method`.
    pub forwarding: Forwarding,
    /// `sorry_server_inhibit`.
    pub inhibit_on_failure: bool,
}

/// One `real_server`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RealServer {
    /// The line that opened it.
    pub span: Span,
    /// Its address.
    pub addr: IpAddr,
    /// Its port as IPVS gets it; 0 is none.
    pub port: u16,
    /// `weight`, 0 to 2147483647.
    pub weight: u32,
    /// `lvs_method`.
    pub forwarding: Forwarding,
    /// `uthreshold` in connections; 0 is none.
    pub upper_threshold: u32,
    /// `lthreshold` in connections; 0 is none.
    pub lower_threshold: u32,
    /// `inhibit_on_failure`: weight 0 instead of removal.
    pub inhibit_on_failure: bool,
    /// `notify_up`.
    pub notify_up: Option<Box<Script>>,
    /// `notify_down`.
    pub notify_down: Option<Box<Script>>,
    /// `smtp_alert`.
    pub smtp_alert: bool,
    /// `virtualhost`.
    pub virtualhost: Option<String>,
    /// `snmp_name`.
    pub snmp_name: Option<String>,
    /// What its checkers take from it, if it says anything of that itself.
    pub inherited: Option<Box<Inherited>>,
    /// Its checkers; none means always up.
    pub checkers: Vec<Checker>,
}

impl RealServer {
    /// The name in messages: `[10.0.0.2]:tcp:80`.
    pub fn label(&self, protocol: Protocol) -> String {
        server_label(self.addr, protocol, self.port)
    }
}

/// One line of `virtual_server_group`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Members {
    /// All addresses from `first` to `last`, both included, of one family.
    Range {
        /// The line.
        span: Span,
        /// First address.
        first: IpAddr,
        /// Last address.
        last: IpAddr,
        /// The port; 0 is any.
        port: u16,
    },
    /// A firewall mark.
    Fwmark {
        /// The line.
        span: Span,
        /// The mark.
        mark: u32,
        /// Its family, when given.
        family: Option<Family>,
    },
}

/// One `virtual_server_group`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualServerGroup {
    /// Its name.
    pub name: String,
    /// The line that opened it.
    pub span: Span,
    /// Its members: all addresses in the order of the file, then all marks.
    pub members: Vec<Members>,
}

/// `SSL`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SslContext {
    /// The line that opened it.
    pub span: Span,
    /// `password` of the key.
    pub password: Option<Secret>,
    /// `ca`: file of authorities.
    pub ca: Option<String>,
    /// `certificate`: client certificate file.
    pub certificate: Option<String>,
    /// `key`: client key file.
    pub key: Option<String>,
}
