//! The resolved, typed result: what the files mean together.
//!
//! Every default is filled in and every inheritance (global over built-in, virtual server over real server over checker)
//! is already decided, so a consumer copies and never asks "was it set?". What only the running system can answer (does the
//! interface exist, who is this user, which number has this routing table) stays a name, with the [`Span`] that said it.

mod bfd;
mod check;
mod global;
mod net;
mod script;
mod server;
mod track;
mod vrrp;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use bfd::BfdInstance;
pub use check::{
    BfdCheck, Check, Checker, DnsCheck, DnsType, Endpoint, FileCheck, HttpCheck, HttpProtocol, HttpUrl,
    Inherited, MiscCheck, Pace, Regex, RegexOption, ReplyPattern, SmtpCheck, Sni, StatusCodes, TlsVerify,
    UdpCheck,
};
pub use global::{
    Adverts, Cpus, DynamicInterfaces, FlushOnStop, Global, IncludeCheck, Ipsets, Iptables, IpvsTimeouts,
    Mail, Nftables, NftablesIpvs, ProcessTuning, ReceiveBuffer, RxBuffers, SmtpServer, SmtpTls, Snmp,
    SyncDaemon,
};
pub use net::{
    Address, AddressOf, AddressScope, Broadcast, Encap, Family, IfName, Lookup, NextHop, Position,
    PreferredLifetime, Prefix, Realms, Route, RouteKind, RouteMetrics, RouterPreference, Rule, RuleAction,
    Selector,
};
pub use script::{Command, Fifo, Identity, Program, Script};
pub(crate) use server::server_label;
pub use server::{
    Forwarding, Granularity, Members, Persistence, Protocol, RealServer, Scheduler, SchedulerFlags, Service,
    SorryServer, SslContext, Tunnel, TunnelChecksum, TunnelKind, VirtualServer, VirtualServerGroup,
};
pub use track::{
    GarpGroup, InterfaceDelay, Linkbeat, LinkbeatKind, ParamMatch, TrackFile, TrackGroup, TrackProcess,
    TrackScript, Tracked, Tracking, Weight,
};
pub use vrrp::{
    AntiReplay, Auth, Garp, Hmac, HmacKey, HmacMode, Ipvlan, IpvlanMode, KeySource, MacAddress, Notify, Peer,
    Peering, Role, SyncGroup, UnicastChecksum, Version, Vmac, VrrpInstance,
};

/// The name of a file, shared by everything the file said.
///
/// Nearly every value of a configuration has one, so it is one pointer wide.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileName(Arc<String>);

impl FileName {
    /// Whether both come from the same opening of the file.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for FileName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for FileName {
    fn from(name: String) -> Self {
        Self(Arc::new(name))
    }
}

impl From<&str> for FileName {
    fn from(name: &str) -> Self {
        Self::from(name.to_owned())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// The line of a file that said something.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// The file as its pattern matched it, relative to the file that included it.
    pub file: FileName,
    /// The line, counted from 1.
    pub line: u32,
    /// The statement in a [`Trace`](crate::trace::Trace), counted from 1; 0 when none was kept.
    pub(crate) statement: u32,
}

impl Span {
    /// A line of a file.
    pub fn new(file: impl Into<FileName>, line: u32) -> Self {
        Self { file: file.into(), line, statement: 0 }
    }
}

impl fmt::Display for Span {
    /// The prefix of a log line, `(FILE: Line N)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}: Line {})", self.file, self.line)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A value and the line that said it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Located<T> {
    /// What was said.
    pub value: T,
    /// Where it was said.
    pub span: Span,
}

/// A password or key; its [`Debug`] prints stars.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps the bytes of a password or key.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes themselves, for the one who has to use them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// All that the files said, valid together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Config {
    /// Daemon-wide settings: the root keywords and `global_defs`.
    pub global: Global,
    /// `static_ipaddress`.
    pub static_addresses: Vec<Address>,
    /// `static_routes`.
    pub static_routes: Vec<Route>,
    /// `static_rules`.
    pub static_rules: Vec<Rule>,
    /// `track_group`: instances that fault with a static item.
    pub track_groups: Vec<TrackGroup>,
    /// `linkbeat_interfaces`.
    pub linkbeat: Vec<Linkbeat>,
    /// `interface_up_down_delays`.
    pub interface_delays: Vec<InterfaceDelay>,
    /// `garp_group`.
    pub garp_groups: Vec<GarpGroup>,
    /// `vrrp_script`.
    pub scripts: Vec<TrackScript>,
    /// `track_file`.
    pub track_files: Vec<TrackFile>,
    /// `vrrp_track_process`.
    pub track_processes: Vec<TrackProcess>,
    /// `vrrp_sync_group`.
    pub sync_groups: Vec<SyncGroup>,
    /// `vrrp_instance`, in the order of the file.
    pub vrrp_instances: Vec<VrrpInstance>,
    /// `bfd_instance`.
    pub bfd_instances: Vec<BfdInstance>,
    /// `SSL`: the client certificate context of every `SSL_GET`.
    pub ssl: Option<SslContext>,
    /// `virtual_server_group`.
    pub virtual_server_groups: Vec<VirtualServerGroup>,
    /// `virtual_server`, in the order of the file.
    pub virtual_servers: Vec<VirtualServer>,
    /// Which kinds of blocks the files named, valid or not: decides which worker is started.
    pub present: Present,
}

/// Blocks that the files named; a worker is started when its flag is set, even if the block turned out to be invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Present {
    /// A `vrrp_instance` or any static block.
    pub vrrp: bool,
    /// A `virtual_server`.
    pub checkers: bool,
    /// A `bfd_instance`.
    pub bfd: bool,
}
