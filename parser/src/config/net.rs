//! Addresses, routes and rules that the daemon adds to the kernel.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Located, Span};

/// An interface name of 1 to 15 bytes. Whether it exists is the plan's question.
///
/// Every address and every instance has one, so it needs no memory of its own.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IfName {
    /// The name, then zeros.
    bytes: [u8; Self::MAX],
    len: u8,
}

impl IfName {
    /// The longest name the kernel takes, in bytes.
    pub const MAX: usize = 15;

    /// Takes a name of 1 to [`IfName::MAX`] bytes.
    pub fn new(name: &str) -> Option<Self> {
        let len = u8::try_from(name.len()).ok().filter(|len| *len > 0)?;
        let mut bytes = [0; Self::MAX];
        bytes.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        Some(Self { bytes, len })
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        let name = &self.bytes[..usize::from(self.len)];
        std::str::from_utf8(name).expect("invariant: copied from a str")
    }
}

impl fmt::Display for IfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for IfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The prefix length of a single host: 32 or 128 bits.
    pub fn host_bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// An address with the length of its network part in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Prefix {
    /// The address, host bits kept as written.
    pub addr: IpAddr,
    /// Bits of the network part, at most 32 or 128.
    pub len: u8,
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.addr, self.len)
    }
}

/// A number of one of iproute2's tables, or the name that stands for it there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lookup {
    /// The number itself.
    Number(u32),
    /// A name to be looked up in iproute2's files.
    Name(Located<String>),
}

/// What an address belongs to, which decides what an absent `dev` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddressOf {
    /// `static_ipaddress`: kept while the daemon runs.
    Static,
    /// `virtual_ipaddress`: announced in adverts.
    Virtual,
    /// `virtual_ipaddress_excluded`: moved with the instance but not announced.
    Excluded,
}

/// The scope of an IPv4 address, 0 (global) to 255 (nowhere), or its iproute2 name.
pub type AddressScope = Lookup;

/// The broadcast address of an IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Broadcast {
    /// `+`: all host bits set.
    Ones,
    /// `-`: all host bits clear.
    Zeros,
    /// As given.
    Given(Ipv4Addr),
}

/// How long an IPv6 address stays preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PreferredLifetime {
    /// Without end.
    Forever,
    /// For so long; zero makes it deprecated at once.
    For(Duration),
}

/// One address line of `static_ipaddress`, `virtual_ipaddress` or `virtual_ipaddress_excluded`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// The line.
    pub span: Span,
    /// Which kind of block held it.
    pub of: AddressOf,
    /// Address and prefix length.
    pub prefix: Prefix,
    /// `dev`; none is the interface of the instance, or for a static address the default interface. Like all that is seldom
    /// said, it takes room only where it is: there may be many thousand addresses.
    pub dev: Option<Box<Located<IfName>>>,
    /// `scope`; none is global.
    pub scope: Option<Box<AddressScope>>,
    /// `broadcast`.
    pub broadcast: Option<Broadcast>,
    /// `label`, at most 15 bytes.
    pub label: Option<Box<str>>,
    /// `peer`.
    pub peer: Option<IpAddr>,
    /// `home`: IFA_F_HOMEADDRESS.
    pub home: bool,
    /// IPv6 only: run duplicate address detection (`-nodad`).
    pub detect_duplicates: bool,
    /// `mngtmpaddr`: IFA_F_MANAGETEMPADDR.
    pub manage_temporary: bool,
    /// `noprefixroute`: IFA_F_NOPREFIXROUTE.
    pub no_prefix_route: bool,
    /// `autojoin`: IFA_F_MCAUTOJOIN.
    pub autojoin: bool,
    /// False with `no_track`: neither restore nor fault when somebody deletes it.
    pub track: bool,
    /// `preferred_lft`; none is the family's rule: an IPv6 /128 is deprecated at once, all else stays preferred.
    pub preferred_lifetime: Option<Box<PreferredLifetime>>,
    /// `track_group` of a static address: index into `Config::track_groups`.
    pub track_group: Option<usize>,
    /// `use_vmac` on a virtual address.
    pub use_vmac: bool,
}

/// The type of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RouteKind {
    /// A gateway or direct route.
    Unicast,
    /// Delivered here.
    Local,
    /// Delivered here as broadcast.
    Broadcast,
    /// Delivered here, sent unicast.
    Anycast,
    /// A multicast destination.
    Multicast,
    /// Dropped silently.
    Blackhole,
    /// Dropped with "host unreachable".
    Unreachable,
    /// Dropped with "administratively prohibited".
    Prohibit,
    /// Continue in another table.
    Throw,
    /// Translate.
    Nat,
    /// Ask an external resolver.
    Xresolve,
    /// A type by its kernel number.
    Number(u8),
}

/// Where among equal routes a new one is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Position {
    /// Before the others.
    #[default]
    Prepend,
    /// Only if there is no other.
    Add,
    /// After the others.
    Append,
}

/// `realms [FROM/]TO`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Realms {
    /// The source realm.
    pub from: Option<Lookup>,
    /// The destination realm.
    pub to: Lookup,
}

/// `pref` of an IPv6 route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RouterPreference {
    /// `low`.
    Low,
    /// `medium`.
    Medium,
    /// `high`.
    High,
    /// The kernel's number.
    Number(u8),
}

/// A lightweight tunnel put around packets of a route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Encap {
    /// `encap ip`.
    Ip {
        /// Tunnel key.
        id: Option<u64>,
        /// Outer destination.
        dst: Option<Ipv4Addr>,
        /// Outer source.
        src: Option<Ipv4Addr>,
        /// Outer TOS.
        tos: Option<Lookup>,
        /// Outer TTL.
        ttl: Option<u8>,
        /// Tunnel flags.
        flags: Option<u16>,
    },
    /// `encap ip6`.
    Ip6 {
        /// Tunnel key.
        id: Option<u64>,
        /// Outer destination.
        dst: Option<Ipv6Addr>,
        /// Outer source.
        src: Option<Ipv6Addr>,
        /// Outer traffic class.
        tc: Option<Lookup>,
        /// Outer hop limit.
        hop_limit: Option<u8>,
        /// Tunnel flags.
        flags: Option<u16>,
    },
    /// `encap mpls`: one or two labels of 20 bits.
    Mpls(Vec<u32>),
    /// `encap ila`: the locator.
    Ila(u64),
}

/// One `nexthop` of a multipath route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextHop {
    /// `via`.
    pub via: Option<IpAddr>,
    /// `dev`.
    pub dev: Option<Located<IfName>>,
    /// `weight`, 1 to 256.
    pub weight: u16,
    /// `onlink`.
    pub onlink: bool,
    /// `encap`.
    pub encap: Option<Encap>,
    /// `realms`.
    pub realms: Option<Realms>,
}

/// Metrics of a route; each `locked` flag forbids path MTU discovery and the like to change the value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RouteMetrics {
    /// `mtu` in bytes and whether it is locked.
    pub mtu: Option<(u32, bool)>,
    /// `advmss` in bytes and whether it is locked.
    pub advmss: Option<(u32, bool)>,
    /// `rtt` in the kernel's unit of 1/8 ms and whether it is locked.
    pub rtt: Option<(u32, bool)>,
    /// `rttvar` in the kernel's unit of 1/4 ms and whether it is locked.
    pub rttvar: Option<(u32, bool)>,
    /// `rto_min` in milliseconds and whether it is locked.
    pub rto_min: Option<(u32, bool)>,
    /// `reordering` in segments and whether it is locked.
    pub reordering: Option<(u32, bool)>,
    /// `cwnd` in segments and whether it is locked.
    pub cwnd: Option<(u32, bool)>,
    /// `ssthresh` in segments and whether it is locked.
    pub ssthresh: Option<(u32, bool)>,
    /// `congctl`, the congestion control algorithm, and whether it is locked.
    pub congctl: Option<(String, bool)>,
    /// `window` in bytes.
    pub window: Option<u32>,
    /// `hoplimit`.
    pub hop_limit: Option<u8>,
    /// `initcwnd` in segments.
    pub init_cwnd: Option<u32>,
    /// `initrwnd` in segments.
    pub init_rwnd: Option<u32>,
    /// `features ecn`.
    pub ecn: bool,
    /// `quickack`.
    pub quick_ack: Option<bool>,
    /// `fastopen_no_cookie`.
    pub fastopen_no_cookie: Option<bool>,
}

/// One line of `static_routes` or `virtual_routes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// The line.
    pub span: Span,
    /// Its family, from the addresses in it.
    pub family: Family,
    /// Its type.
    pub kind: RouteKind,
    /// Destination; none is the default route.
    pub to: Option<Prefix>,
    /// `from`, IPv6 only.
    pub from: Option<Prefix>,
    /// `src`: the preferred source address.
    pub source: Option<IpAddr>,
    /// `via`.
    pub via: Option<IpAddr>,
    /// `dev`.
    pub dev: Option<Located<IfName>>,
    /// `onlink`.
    pub onlink: bool,
    /// `tos`.
    pub tos: Option<Lookup>,
    /// `table`; none is main.
    pub table: Option<Lookup>,
    /// `vrf`: a VRF device whose table is used.
    pub vrf: Option<Located<IfName>>,
    /// `protocol`; none is 18 (keepalived).
    pub protocol: Option<Lookup>,
    /// `scope`; none is global.
    pub scope: Option<Lookup>,
    /// `metric`.
    pub metric: Option<u32>,
    /// `expires`, IPv6 only.
    pub expires: Option<Duration>,
    /// `encap`.
    pub encap: Option<Encap>,
    /// `realms`, IPv4 only.
    pub realms: Option<Realms>,
    /// `pref`, IPv6 only.
    pub preference: Option<RouterPreference>,
    /// `ttl-propagate`.
    pub ttl_propagate: Option<bool>,
    /// Metrics.
    pub metrics: RouteMetrics,
    /// `nexthop`, when there are several ways.
    pub next_hops: Vec<NextHop>,
    /// `prepend`, `add`, `append`.
    pub position: Position,
    /// False with `no_track`.
    pub track: bool,
    /// `track_group` of a static route: index into `Config::track_groups`.
    pub track_group: Option<usize>,
}

/// What a rule does with a matching packet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RuleAction {
    /// Look in this table.
    Table {
        /// The table.
        table: Lookup,
        /// `suppress_prefixlength`.
        suppress_prefix_length: Option<u32>,
        /// `suppress_ifgroup`.
        suppress_group: Option<Lookup>,
        /// `realms`.
        realms: Option<Realms>,
    },
    /// Look in the table of the packet's layer-3 master device.
    L3mdev,
    /// Continue at the rule of this preference.
    Goto(u32),
    /// Do nothing.
    Nop,
    /// Drop silently.
    Blackhole,
    /// Drop with "unreachable".
    Unreachable,
    /// Drop with "prohibited".
    Prohibit,
}

/// What a rule compares a packet with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Selector {
    /// `not`: the rule matches when the rest does not.
    pub invert: bool,
    /// `from`.
    pub from: Option<Prefix>,
    /// `to`.
    pub to: Option<Prefix>,
    /// `tos`.
    pub tos: Option<Lookup>,
    /// `fwmark` and its mask.
    pub fwmark: Option<(u32, u32)>,
    /// `iif`.
    pub input: Option<Located<IfName>>,
    /// `oif`.
    pub output: Option<Located<IfName>>,
    /// `tunnel-id`.
    pub tunnel_id: Option<u64>,
    /// `uidrange`, both ends included.
    pub uids: Option<(u32, u32)>,
    /// `ipproto`, a number or a name of /etc/protocols.
    pub ip_protocol: Option<Lookup>,
    /// `sport`, both ends included.
    pub source_ports: Option<(u16, u16)>,
    /// `dport`, both ends included.
    pub destination_ports: Option<(u16, u16)>,
}

/// One line of `static_rules` or `virtual_rules`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The line.
    pub span: Span,
    /// Its family.
    pub family: Family,
    /// `preference`, given or assigned.
    pub preference: u32,
    /// What it matches.
    pub selector: Selector,
    /// What it does.
    pub action: RuleAction,
    /// `protocol`; 18 (keepalived) unless `no_track`.
    pub protocol: u8,
    /// False with `no_track`.
    pub track: bool,
    /// `track_group` of a static rule: index into `Config::track_groups`.
    pub track_group: Option<usize>,
}
