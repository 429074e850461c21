//! What a command line asks for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU16, NonZeroU32};

use ipvs::{
    Checksum, Daemon, Destination, DestinationId, Family, Forwarding, Granularity, Name, Persistence,
    Protocol, Request, Role, SchedulerFlags, Service, ServiceId, Timeouts, Tunnel, Weight,
};

use crate::address::endpoint;
use crate::aton::ipv4;
use crate::legal::{self, Rules};
use crate::listing::{Layout, Listing};
use crate::number::number;
use crate::options::{Id, Opt, OptSet};
use crate::words::{Item, Words};
use crate::{Names, Refusal};

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// One request to the kernel that changes something.
    Change(Request),
    /// Show something.
    List(List),
    /// Write the table as command lines.
    Save {
        /// Addresses and ports as numbers.
        numeric: bool,
    },
    /// Read command lines from standard input.
    Restore,
    /// Print [`crate::usage()`].
    Help,
    /// Print [`crate::VERSION`].
    Version,
}

/// What to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// The table, or one service of it.
    Table {
        /// Only this one.
        service: Option<ServiceId>,
        /// How.
        listing: Listing,
        /// Otherwise in the order of the kernel.
        sorted: bool,
    },
    /// The connections.
    Connections {
        /// Addresses and ports as numbers.
        numeric: bool,
        /// With what the persistence engines know.
        engines: bool,
    },
    /// The timeouts.
    Timeouts,
    /// The synchronisation daemons.
    Daemons,
}

/// Seconds of persistence where `-p` says none.
const DEFAULT_PERSISTENCE: u32 = 360;

/// The longest timeout in seconds: 31 days.
const MAX_TIMEOUT: u32 = 31 * 24 * 60 * 60;

/// The largest weight or threshold.
const MAX_NUMBER: u32 = 0x7fff_ffff;

/// Reads the words of a command line that follow the program's name. `program` is what to call it.
///
/// # Errors
///
/// What to print, and the exit code.
pub fn read(words: &[&str], program: &str, names: &impl Names) -> Result<Command, Refusal> {
    if words.is_empty() {
        return Line::new(Order::List).finish(Vec::new());
    }
    let mut words = Words::new(words);
    let Some(Item::Option { row, value, written: _ }) = words.next() else {
        return Err(Refusal::advice(program));
    };
    let order = match row.id {
        Id::AddService => Order::AddService,
        Id::EditService => Order::EditService,
        Id::DeleteService => Order::DeleteService,
        Id::Clear => Order::Clear,
        Id::AddServer => Order::AddServer,
        Id::EditServer => Order::EditServer,
        Id::DeleteServer => Order::DeleteServer,
        Id::List => Order::List,
        Id::Zero => Order::Zero,
        Id::Save => Order::Save,
        Id::Restore => Order::Restore,
        Id::Set => Order::Set,
        Id::StartDaemon => Order::StartDaemon(role(value, "illegal start-daemon parameter specified")?),
        Id::StopDaemon => Order::StopDaemon(role(value, "illegal start_daemon specified")?),
        Id::Help => return Ok(Command::Help),
        Id::Version => return Ok(Command::Version),
        Id::Tcp
        | Id::Udp
        | Id::Sctp
        | Id::FwMark
        | Id::Ipv6
        | Id::Sort
        | Id::Plain(_)
        | Id::Gatewaying
        | Id::Ipip
        | Id::Masquerading => return Err(Refusal::advice(program)),
    };
    let mut line = Line::new(order);
    for item in words.by_ref() {
        match item {
            Item::Unknown(written) => return Err(Refusal::unreadable(format!("{written}: unknown option"))),
            Item::Missing(written) => {
                return Err(Refusal::unreadable(format!("{written}: missing argument")));
            }
            Item::Unwanted(written) => {
                return Err(Refusal::unreadable(format!("{written}: option does not take an argument")));
            }
            Item::Option { row, written, value } => line.take(row.id, written, value, names)?,
        }
    }
    line.finish(words.leftover())
}

fn role(value: Option<&str>, complaint: &str) -> Result<Role, Refusal> {
    match value {
        Some("master") => Ok(Role::Master),
        Some("backup") => Ok(Role::Backup),
        Some(_) | None => Err(Refusal::senseless(complaint)),
    }
}

/// The command of a command line.
#[derive(Debug, Clone, Copy)]
enum Order {
    AddService,
    EditService,
    DeleteService,
    Clear,
    AddServer,
    EditServer,
    DeleteServer,
    List,
    Zero,
    Save,
    Restore,
    Set,
    StartDaemon(Role),
    StopDaemon(Role),
}

impl Order {
    fn rules(self) -> &'static Rules {
        match self {
            Self::AddService => &legal::ADD_SERVICE,
            Self::EditService => &legal::EDIT_SERVICE,
            Self::DeleteService => &legal::DELETE_SERVICE,
            Self::Clear => &legal::CLEAR,
            Self::AddServer => &legal::ADD_SERVER,
            Self::EditServer => &legal::EDIT_SERVER,
            Self::DeleteServer => &legal::DELETE_SERVER,
            Self::List => &legal::LIST,
            Self::Zero => &legal::ZERO,
            Self::Save => &legal::SAVE,
            Self::Restore => &legal::RESTORE,
            Self::Set => &legal::SET,
            Self::StartDaemon(_) => &legal::START_DAEMON,
            Self::StopDaemon(_) => &legal::STOP_DAEMON,
        }
    }
}

/// The bare methods of forwarding, before anything about tunnels is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Direct,
    Tunnel,
    Masquerade,
}

/// The types of tunnels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TunnelType {
    Ipip,
    Gue,
    Gre,
}

/// What has been read of a command line. Values are checked as they come, all else at the end.
#[derive(Debug)]
struct Line<'a> {
    order: Order,
    given: OptSet,
    service: Option<ServiceId>,
    scheduler: Option<&'a str>,
    flags: Option<&'a str>,
    persistence: Option<u32>,
    mask: Option<Granularity>,
    engine: Option<Name>,
    server: Option<(IpAddr, Option<u16>)>,
    method: Method,
    weight: Weight,
    upper_threshold: u32,
    lower_threshold: u32,
    tunnel: TunnelType,
    tunnel_port: Option<NonZeroU16>,
    interface: Option<Name>,
    sync_id: u8,
    max_len: Option<u16>,
    group: Option<IpAddr>,
    port: Option<u16>,
    ttl: Option<u8>,
}

impl<'a> Line<'a> {
    fn new(order: Order) -> Self {
        Self {
            order,
            given: OptSet::default(),
            service: None,
            scheduler: None,
            flags: None,
            persistence: None,
            mask: None,
            engine: None,
            server: None,
            method: Method::Direct,
            weight: Weight::ONE,
            upper_threshold: 0,
            lower_threshold: 0,
            tunnel: TunnelType::Ipip,
            tunnel_port: None,
            interface: None,
            sync_id: 0,
            max_len: None,
            group: None,
            port: None,
            ttl: None,
        }
    }

    /// Takes one option.
    fn take(
        &mut self,
        id: Id,
        written: &str,
        value: Option<&'a str>,
        names: &impl Names,
    ) -> Result<(), Refusal> {
        match id {
            Id::AddService
            | Id::EditService
            | Id::DeleteService
            | Id::Clear
            | Id::AddServer
            | Id::EditServer
            | Id::DeleteServer
            | Id::List
            | Id::Zero
            | Id::Save
            | Id::Restore
            | Id::Set
            | Id::StartDaemon
            | Id::StopDaemon
            | Id::Help
            | Id::Version => Err(Refusal::senseless(format!("invalid option `{written}'"))),
            Id::Tcp => self.take_service(Protocol::Tcp, value, names),
            Id::Udp => self.take_service(Protocol::Udp, value, names),
            Id::Sctp => self.take_service(Protocol::Sctp, value, names),
            Id::FwMark => self.take_mark(value.unwrap_or_default()),
            Id::Ipv6 => self.take_family(),
            Id::Sort => Ok(()),
            Id::Gatewaying => self.take_method(Method::Direct),
            Id::Ipip => self.take_method(Method::Tunnel),
            Id::Masquerading => self.take_method(Method::Masquerade),
            Id::Plain(opt) => {
                self.note(opt)?;
                self.take_plain(opt, value, names)
            }
        }
    }

    fn note(&mut self, opt: Opt) -> Result<(), Refusal> {
        if self.given.insert(opt) {
            return Ok(());
        }
        Err(Refusal::senseless(format!("multiple '{}' options specified", opt.name())))
    }

    fn take_service(
        &mut self,
        protocol: Protocol,
        value: Option<&str>,
        names: &impl Names,
    ) -> Result<(), Refusal> {
        self.note(Opt::Service)?;
        let found = endpoint(value.unwrap_or_default(), Some(protocol), names);
        let (addr, port) =
            found.ok_or_else(|| Refusal::senseless("illegal virtual server address[:port] specified"))?;
        self.identify(ServiceId::Address { protocol, addr, port: port.unwrap_or_default() });
        Ok(())
    }

    fn take_mark(&mut self, text: &str) -> Result<(), Refusal> {
        self.note(Opt::Service)?;
        let mark = number(text, 1..=u32::MAX).and_then(NonZeroU32::new);
        let mark =
            mark.ok_or_else(|| Refusal::senseless(format!("invalid fwmark value `{text}' specified")))?;
        self.identify(ServiceId::FwMark { mark, family: Family::V4 });
        Ok(())
    }

    fn take_family(&mut self) -> Result<(), Refusal> {
        let Some(ServiceId::FwMark { mark, .. }) = self.service else {
            return Err(Refusal::senseless("-6 used before -f\n"));
        };
        self.identify(ServiceId::FwMark { mark, family: Family::V6 });
        Ok(())
    }

    /// A mask that was given before the service proved to be one of IPv6 does not count.
    fn identify(&mut self, id: ServiceId) {
        self.mask = self.mask.filter(|_| id.family() == Family::V4);
        self.service = Some(id);
    }

    fn take_method(&mut self, method: Method) -> Result<(), Refusal> {
        self.note(Opt::Forwarding)?;
        self.method = method;
        Ok(())
    }

    fn take_plain(&mut self, opt: Opt, value: Option<&'a str>, names: &impl Names) -> Result<(), Refusal> {
        let text = value.unwrap_or_default();
        let illegal = |what: &str| Refusal::senseless(format!("illegal {what} specified"));
        match opt {
            // The scheduler's flags can only be understood when the scheduler is known.
            Opt::Scheduler => self.scheduler = Some(text),
            Opt::Flags => self.flags = Some(text),
            Opt::Persistent => {
                let Some(text) = value else { return Ok(()) };
                let seconds = number(text, 1..=MAX_TIMEOUT);
                self.persistence = Some(seconds.ok_or_else(|| invalid_timeout(text))?);
            }
            Opt::Netmask => {
                let v6 = self.service.is_some_and(|id| id.family() == Family::V6);
                self.mask = Some(if v6 {
                    let prefix = number(text, 1..=128).and_then(|prefix| u8::try_from(prefix).ok());
                    Granularity::Prefix(prefix.ok_or_else(|| illegal("ipv6 netmask"))?)
                } else {
                    let mask = ipv4(text).or_else(|| names.host(text));
                    Granularity::Mask(mask.ok_or_else(|| illegal("virtual server persistent mask"))?)
                });
            }
            Opt::Engine => self.engine = cut(text),
            Opt::Server => {
                let protocol = match self.service {
                    Some(ServiceId::Address { protocol, .. }) => Some(protocol),
                    Some(ServiceId::FwMark { .. }) => Some(Protocol::Tcp),
                    None => None,
                };
                let found = endpoint(text, protocol, names);
                self.server = Some(found.ok_or_else(|| illegal("real server address[:port]"))?);
            }
            Opt::Weight => {
                let weight = number(text, 0..=MAX_NUMBER).and_then(Weight::new);
                self.weight = weight.ok_or_else(|| illegal("weight"))?;
            }
            Opt::UpperThreshold => {
                self.upper_threshold = number(text, 0..=MAX_NUMBER).ok_or_else(|| illegal("u_threshold"))?;
            }
            Opt::LowerThreshold => {
                self.lower_threshold = number(text, 0..=MAX_NUMBER).ok_or_else(|| illegal("l_threshold"))?;
            }
            Opt::TunType => {
                self.tunnel = match text {
                    "ipip" => TunnelType::Ipip,
                    "gue" => TunnelType::Gue,
                    "gre" => TunnelType::Gre,
                    _ => return Err(illegal("tunnel type")),
                };
            }
            Opt::TunPort => {
                let port = number(text, 1..=65_535).and_then(|port| u16::try_from(port).ok());
                let port = port.and_then(NonZeroU16::new);
                self.tunnel_port = Some(port.ok_or_else(|| illegal("tunnel port"))?);
            }
            Opt::Interface => self.interface = cut(text),
            Opt::SyncId => {
                let id = number(text, 0..=255).and_then(|id| u8::try_from(id).ok());
                self.sync_id = id.ok_or_else(|| illegal("syncid"))?;
            }
            Opt::MaxLen => {
                let len = number(text, 1..=65_507).and_then(|len| u16::try_from(len).ok());
                self.max_len = Some(len.ok_or_else(|| illegal("sync-maxlen"))?);
            }
            Opt::Group => self.group = Some(group(text)?),
            Opt::Port => {
                let port = number(text, 1..=65_535).and_then(|port| u16::try_from(port).ok());
                self.port = Some(port.ok_or_else(|| illegal("mcast-port"))?);
            }
            Opt::Ttl => {
                let ttl = number(text, 1..=255).and_then(|ttl| u8::try_from(ttl).ok());
                self.ttl = Some(ttl.ok_or_else(|| illegal("mcast-ttl"))?);
            }
            Opt::Service
            | Opt::Forwarding
            | Opt::Numeric
            | Opt::Connection
            | Opt::Timeout
            | Opt::Daemon
            | Opt::Stats
            | Opt::Rate
            | Opt::Thresholds
            | Opt::PersistentConn
            | Opt::NoSort
            | Opt::Exact
            | Opt::OnePacket
            | Opt::TunInfo
            | Opt::TunNoCsum
            | Opt::TunCsum
            | Opt::TunRemCsum => {}
        }
        Ok(())
    }

    /// Checks the whole and says what it means.
    fn finish(self, leftover: Vec<&str>) -> Result<Command, Refusal> {
        let mut leftover = leftover.into_iter();
        let sets = matches!(self.order, Order::Set);
        let timeouts = if sets { Some(three_timeouts(&mut leftover)?) } else { None };
        if let Some(word) = leftover.next() {
            return Err(Refusal::senseless(format!("unexpected argument {word}")));
        }
        let flags = self.scheduler_flags()?;
        self.order.rules().check(self.given)?;
        let change = |request| Ok(Command::Change(request));
        match self.order {
            Order::AddService => change(Request::NewService(self.service(flags)?)),
            Order::EditService => change(Request::SetService(self.service(flags)?)),
            Order::DeleteService => change(Request::DelService(self.id()?)),
            Order::Clear => change(Request::Flush),
            Order::AddServer => change(Request::NewDestination(self.id()?, self.destination()?)),
            Order::EditServer => change(Request::SetDestination(self.id()?, self.destination()?)),
            Order::DeleteServer => change(Request::DelDestination(self.id()?, self.destination()?.id)),
            Order::Zero => change(Request::Zero(self.service)),
            Order::Set => change(Request::SetTimeouts(timeouts.unwrap_or_default())),
            Order::StartDaemon(role) => change(Request::NewDaemon(self.daemon(role)?)),
            Order::StopDaemon(role) => {
                change(Request::DelDaemon { role, interface: None, sync_id: self.sync_id })
            }
            Order::Save => Ok(Command::Save { numeric: self.given.has(Opt::Numeric) }),
            Order::Restore => Ok(Command::Restore),
            Order::List => self.list().map(Command::List),
        }
    }

    fn id(&self) -> Result<ServiceId, Refusal> {
        self.service.ok_or_else(|| Refusal::senseless("illegal virtual server address[:port] specified"))
    }

    fn service(&self, flags: SchedulerFlags) -> Result<Service, Refusal> {
        let id = self.id()?;
        let persistence = self.given.has(Opt::Persistent).then(|| Persistence {
            timeout: self.persistence.unwrap_or(DEFAULT_PERSISTENCE),
            granularity: self.mask.unwrap_or(Granularity::single(id.family())),
        });
        if matches!(id, ServiceId::Address { port: 0, .. }) && persistence.is_none() {
            return Err(Refusal::senseless("Zero port specified for non-persistent service"));
        }
        let one_packet = self.given.has(Opt::OnePacket);
        let suits =
            matches!(id, ServiceId::FwMark { .. } | ServiceId::Address { protocol: Protocol::Udp, .. });
        if one_packet && !suits {
            return Err(Refusal::senseless("One-Packet Scheduling is only for UDP virtual services"));
        }
        let scheduler = self.scheduler.and_then(cut).unwrap_or(Name::WLC);
        Ok(Service {
            scheduler: (scheduler.as_bytes() != b"none").then_some(scheduler),
            flags,
            one_packet,
            persistence,
            engine: self.engine,
            ..Service::new(id)
        })
    }

    fn scheduler_flags(&self) -> Result<SchedulerFlags, Refusal> {
        let mut flags = SchedulerFlags::default();
        for flag in self.flags.unwrap_or_default().split(',').filter(|flag| !flag.is_empty()) {
            let (of, bit) = match flag {
                "flag-1" => (None, &mut flags.flag_1),
                "flag-2" => (None, &mut flags.flag_2),
                "flag-3" => (None, &mut flags.flag_3),
                "sh-fallback" => (Some("sh"), &mut flags.flag_1),
                "sh-port" => (Some("sh"), &mut flags.flag_2),
                "mh-fallback" => (Some("mh"), &mut flags.flag_1),
                "mh-port" => (Some("mh"), &mut flags.flag_2),
                _ => return Err(Refusal::senseless(format!("invalid scheduler flag `{flag}'"))),
            };
            if of.is_some() && of != self.scheduler {
                return Err(Refusal::senseless(format!("incompatible scheduler flag `{flag}'")));
            }
            *bit = true;
        }
        Ok(flags)
    }

    fn destination(&self) -> Result<Destination, Refusal> {
        let id = self.id()?;
        let (addr, port) =
            self.server.ok_or_else(|| Refusal::senseless("illegal real server address[:port] specified"))?;
        let deletes = matches!(self.order, Order::DeleteServer);
        // Only address translation changes a packet's port, but when a server is to go, its method is not known.
        let keeps_port = self.method == Method::Masquerade || deletes;
        let port = match id {
            ServiceId::Address { port: of_service, .. } => port.filter(|_| keeps_port).unwrap_or(of_service),
            ServiceId::FwMark { .. } => port.unwrap_or_default(),
        };
        if !deletes && Family::of(addr) != id.family() && self.method != Method::Tunnel {
            return Err(Refusal::senseless("Different address family is allowed only for tunneling servers"));
        }
        Ok(Destination {
            id: DestinationId { addr, port },
            forwarding: self.forwarding()?,
            weight: self.weight,
            upper_threshold: self.upper_threshold,
            lower_threshold: self.lower_threshold,
        })
    }

    fn forwarding(&self) -> Result<Forwarding, Refusal> {
        const OF_TUNNELS: OptSet =
            OptSet::of(&[Opt::TunType, Opt::TunPort, Opt::TunNoCsum, Opt::TunCsum, Opt::TunRemCsum]);
        let other = match self.method {
            Method::Direct => Forwarding::Direct,
            Method::Masquerade => Forwarding::Masquerade,
            Method::Tunnel => return self.tunnel().map(Forwarding::Tunnel),
        };
        if self.given.intersects(OF_TUNNELS) {
            return Err(Refusal::senseless("Tunnel options conflict with forward method"));
        }
        Ok(other)
    }

    fn tunnel(&self) -> Result<Tunnel, Refusal> {
        let rules = match self.tunnel {
            TunnelType::Ipip => &legal::IPIP,
            TunnelType::Gue => &legal::GUE,
            TunnelType::Gre => &legal::GRE,
        };
        rules.check_tunnel(self.given)?;
        let checksum = if self.given.has(Opt::TunCsum) {
            Checksum::Full
        } else if self.given.has(Opt::TunRemCsum) {
            Checksum::Remote
        } else {
            Checksum::None
        };
        Ok(match (self.tunnel, self.tunnel_port) {
            (TunnelType::Gue, Some(port)) => Tunnel::Gue { port, checksum },
            (TunnelType::Gre, _) => Tunnel::Gre { checksum },
            (TunnelType::Ipip | TunnelType::Gue, _) => Tunnel::Ipip,
        })
    }

    fn daemon(&self, role: Role) -> Result<Daemon, Refusal> {
        Ok(Daemon {
            role,
            // What the kernel would say of an empty name.
            interface: self.interface.ok_or_else(|| Refusal::kernel("No such device"))?,
            sync_id: self.sync_id,
            max_len: self.max_len,
            group: self.group,
            port: self.port,
            ttl: self.ttl,
        })
    }

    fn list(&self) -> Result<List, Refusal> {
        const NUMBERS: OptSet = OptSet::of(&[Opt::Stats, Opt::Rate, Opt::Thresholds]);
        const NO_TABLE: OptSet = OptSet::of(&[Opt::Connection, Opt::Timeout, Opt::Daemon]);
        const NO_CONNECTIONS: OptSet = OptSet::of(&[Opt::Timeout, Opt::Daemon]);
        let given = self.given;
        let engines = given.has(Opt::PersistentConn);
        if given.intersects(NO_TABLE) && given.intersects(NUMBERS)
            || given.intersects(NO_CONNECTIONS) && engines
        {
            return Err(Refusal::senseless("options conflicts in the list command"));
        }
        let numeric = given.has(Opt::Numeric);
        if given.has(Opt::Connection) {
            return Ok(List::Connections { numeric, engines });
        }
        if given.has(Opt::Timeout) {
            return Ok(List::Timeouts);
        }
        if given.has(Opt::Daemon) {
            return Ok(List::Daemons);
        }
        let layouts = [
            (Opt::Stats, Layout::Stats),
            (Opt::Rate, Layout::Rate),
            (Opt::Thresholds, Layout::Thresholds),
            (Opt::PersistentConn, Layout::PersistentConn),
            (Opt::TunInfo, Layout::TunInfo),
        ];
        let layout =
            layouts.iter().find(|(opt, _)| given.has(*opt)).map_or(Layout::Plain, |(_, layout)| *layout);
        let listing = Listing { layout, numeric, exact: given.has(Opt::Exact) };
        Ok(List::Table { service: self.service, listing, sorted: !given.has(Opt::NoSort) })
    }
}

/// A name, cut to what the kernel keeps; `None` where it is empty.
fn cut(name: &str) -> Option<Name> {
    let bytes = name.as_bytes();
    Name::new(&bytes[..bytes.len().min(Name::MAX)]).ok()
}

fn invalid_timeout(text: &str) -> Refusal {
    Refusal::senseless(format!("invalid timeout value `{text}' specified"))
}

fn three_timeouts<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Timeouts, Refusal> {
    let (Some(tcp), Some(tcp_fin), Some(udp)) = (words.next(), words.next(), words.next()) else {
        return Err(Refusal::senseless("--set option requires 3 timeout values"));
    };
    let seconds = |text: &str| number(text, 0..=MAX_TIMEOUT).ok_or_else(|| invalid_timeout(text));
    Ok(Timeouts { tcp: Some(seconds(tcp)?), tcp_fin: Some(seconds(tcp_fin)?), udp: Some(seconds(udp)?) })
}

/// A multicast address.
fn group(text: &str) -> Result<IpAddr, Refusal> {
    if text.contains(':') {
        let found = text.parse::<Ipv6Addr>().ok().filter(Ipv6Addr::is_multicast);
        found.map(IpAddr::V6).ok_or_else(|| Refusal::senseless(format!("invalid IPv6 mcast-group `{text}'")))
    } else {
        let found = text.parse::<Ipv4Addr>().ok().filter(Ipv4Addr::is_multicast);
        found.map(IpAddr::V4).ok_or_else(|| Refusal::senseless(format!("invalid IPv4 mcast-group `{text}'")))
    }
}
