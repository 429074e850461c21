//! The options of a command line as they are given: each value is checked as it comes, all else in the end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU16, NonZeroU32};

use ipvs::{Family, Granularity, Name, Protocol, ServiceId, Weight};

use crate::address::endpoint;
use crate::aton::ipv4;
use crate::command::Order;
use crate::number::{number, timeout};
use crate::options::{Id, Opt, OptSet};
use crate::{Names, Refusal};

/// The largest weight or threshold.
const MAX_NUMBER: u32 = 0x7fff_ffff;

/// The bare methods of forwarding, before anything about tunnels is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Direct,
    Tunnel,
    Masquerade,
}

/// The types of tunnels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TunnelType {
    Ipip,
    Gue,
    Gre,
}

/// What has been read of a command line.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) order: Order,
    pub(crate) given: OptSet,
    pub(crate) service: Option<ServiceId>,
    pub(crate) scheduler: Option<&'a str>,
    pub(crate) flags: Option<&'a str>,
    pub(crate) persistence: Option<u32>,
    pub(crate) mask: Option<Granularity>,
    pub(crate) engine: Option<Name>,
    pub(crate) server: Option<(IpAddr, Option<u16>)>,
    pub(crate) method: Method,
    pub(crate) weight: Weight,
    pub(crate) upper_threshold: u32,
    pub(crate) lower_threshold: u32,
    pub(crate) tunnel: TunnelType,
    pub(crate) tunnel_port: Option<NonZeroU16>,
    pub(crate) interface: Option<Name>,
    pub(crate) sync_id: u8,
    pub(crate) max_len: Option<u16>,
    pub(crate) group: Option<IpAddr>,
    pub(crate) port: Option<u16>,
    pub(crate) ttl: Option<u8>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(order: Order) -> Self {
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
    pub(crate) fn take(
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
                self.persistence = Some(timeout(text, 1)?);
            }
            Opt::Netmask => {
                let v6 = self.service.is_some_and(|id| id.family() == Family::V6);
                self.mask = Some(if v6 {
                    // As `atoi` reads it: what follows the digits is ignored.
                    let text = text.trim_start();
                    let text = text.strip_prefix('+').unwrap_or(text);
                    let digits = text.split(|letter: char| !letter.is_ascii_digit()).next();
                    let prefix = number(digits.unwrap_or_default(), 1..=128);
                    let prefix = prefix.and_then(|prefix| u8::try_from(prefix).ok());
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
}

/// A name, cut to what the kernel keeps; `None` where it is empty.
pub(crate) fn cut(name: &str) -> Option<Name> {
    let bytes = name.as_bytes();
    Name::new(&bytes[..bytes.len().min(Name::MAX)]).ok()
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
