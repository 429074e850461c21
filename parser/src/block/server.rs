//! `virtual_server`, `real_server`, `virtual_server_group`, `SSL`.

use std::net::IpAddr;
use std::time::Duration;

use crate::block::check::{
    BfdCheckBlock, DnsCheckBlock, FileCheckBlock, MiscCheckBlock, PingCheckBlock, SmtpCheckBlock,
    TcpCheckBlock, UdpCheckBlock,
};
use crate::block::http::{HttpGetBlock, SslGetBlock};
use crate::config::{Family, Forwarding, Members, Protocol, Scheduler, Script, Span};
use crate::keyword::{Args, Block, Bounds, Lines, Nested, Rare, Refused, keywords};
use crate::read::{Reader, ServerSoFar};
use crate::value::address::server;
use crate::value::flag::Flag;
use crate::value::number::Integer;
use crate::value::server::{
    GranularityValue, Hashed, PersistenceTimeout, ProtocolValue, ScheduledFlag, SorryForwarding,
    SorryInhibit, SorryServerValue,
};
use crate::value::time::{NO_LIMIT, us};
use crate::value::word::{OneWord, Replaceable};

/// The largest timeout of a connection.
pub(crate) const MAX_TIMEOUT: Duration = us(u32::MAX as u64);

/// The head of a virtual server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Head {
    Address(IpAddr, u16),
    Fwmark(u32),
    Group(String),
    #[default]
    Unknown,
}

keywords! {
    /// A virtual service.
    VirtualServerBlock {
        delay_loop: Duration [us(1)..=NO_LIMIT] = Duration::from_secs(60) => "From the end of one check to the start of the next.", else "virtual server delay loop '{}' invalid - ignoring";
        lvs_sched | "lb_algo": Scheduler => "How connections are spread.", else "Invalid lvs_scheduler '{}' - ignoring";
        lvs_method | "lb_kind": Forwarding => "How packets reach servers that do not say.";
        protocol: ProtocolValue => "TCP, UDP or SCTP.", else "Unknown protocol {} - ignoring";
        real_server: Nested<RealServerBlock> => "A server.";
        + checking: Rare<CheckingRows>;
        + flags: Rare<FlagRows>;
        + persistence: Rare<PersistenceRows>;
        + service: Rare<ServiceRows>;
        + sorry: Rare<SorryRows>;
        * target: Head;
        * end: Option<Span>;
    }
}

keywords! {
    /// How its servers are checked, where they do not say.
    CheckingRows {
        retry: u32 [1..=u32::MAX, strict] => "Failures allowed before one counts.", else "retry value invalid - {}";
        delay_before_retry: Duration [Duration::ZERO..=NO_LIMIT] => "Pause after a failure that does not count yet.", else "virtual server delay before retry '{}' invalid - ignoring";
        warmup: Duration [Duration::ZERO..=NO_LIMIT] => "The first check comes at random within it.", else "virtual server warmup '{}' invalid - ignoring";
        connect_timeout: Duration [us(1)..=MAX_TIMEOUT] = Duration::from_secs(5) => "How long to wait for a connection.", else "virtual server connect_timeout {} invalid - ignoring";
        inhibit_on_failure: Flag => "Weight 0 instead of removal.";
        virtualhost: Replaceable => "Host of HTTP checks that do not say.", missing "virtual server virtualhost missing";
        alpha: Flag => "Servers are down until checked.";
        weight: u32 [1..=i32::MAX.unsigned_abs()] = 1 => "Weight of servers that do not say.", else "Virtual server weight {} is outside range 1-2147483647";
    }
}

keywords! {
    /// Flags of the scheduler.
    FlagRows {
        hashed: Hashed => "Has no effect.", is NoEffect;
        ops: Flag => "Schedule every packet of its own.";
        flag_1 ("flag-1"): Flag => "First flag of the scheduler.";
        flag_2 ("flag-2"): Flag => "Second flag of the scheduler.";
        flag_3 ("flag-3"): Flag => "Third flag of the scheduler.";
        sh_port ("sh-port"): ScheduledFlag => "sh: look at the port too.";
        sh_fallback ("sh-fallback"): ScheduledFlag => "sh: go on to another server.";
        mh_port ("mh-port"): ScheduledFlag => "mh: look at the port too.";
        mh_fallback ("mh-fallback"): ScheduledFlag => "mh: go on to another server.";
    }
}

keywords! {
    /// How a client stays with its server.
    PersistenceRows {
        persistence_engine: String => "Persistence engine.";
        persistence_timeout: PersistenceTimeout => "How long a client stays with its server.", else "persistence_timeout invalid";
        persistence_granularity: GranularityValue => "Which part of a client's address counts.";
    }
}

keywords! {
    /// What is said of the service as a whole.
    ServiceRows {
        ip_family: Family => "Family of a firewall mark.", else "unknown address family {}";
        ha_suspend: Flag => "Do not check while the address is elsewhere.";
        smtp_alert: bool => "Mail when the quorum changes.", else "Invalid virtual_server smtp_alert parameter {}";
        snmp_name: OneWord => "Name in SNMP.", else "virtual server snmp_name missing or extra parameters", missing "virtual server snmp_name missing or extra parameters", is ParsedOnly;
        omega: Flag => "Run the down scripts at stop.";
        quorum_up: Script => "Run when the quorum is gained.";
        quorum_down: Script => "Run when the quorum is lost.";
        quorum: u32 [1..=u32::MAX] = 1 => "Weight that must be up.", else "Quorum {} must be in [1, 4294967295]. Setting to 1.";
        hysteresis: u32 [0..=u32::MAX] = 0 => "Added to the quorum when gaining, taken when losing.", else "Hysteresis {} must be in [0, 4294967295] - ignoring";
    }
}

keywords! {
    /// The server of last resort.
    SorryRows {
        sorry_server: SorryServerValue => "Server used while the quorum is lost.";
        sorry_server_inhibit: SorryInhibit => "Weight 0 instead of removal.";
        sorry_server_lvs_method: SorryForwarding => "How packets reach it.";
    }
}

impl Block for VirtualServerBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        args.reader.server = ServerSoFar::default();
        let target = match args.peek() {
            Some("fwmark") => {
                args.optional();
                let word = args.word()?;
                let mark = u32::parse(args, &word, &Bounds { range: 0..=u32::MAX, strict: false });
                Head::Fwmark(mark.ok_or_else(|| {
                    args.general(format!("Invalid virtual server fwmark '{word}' - skipping"));
                    Refused::Said
                })?)
            }
            Some("group") => {
                args.optional();
                Head::Group(args.word()?)
            }
            _ => {
                let (addr, port) = server(args, "virtual server IP")?;
                args.reader.server.family = Some(Family::of(addr));
                Head::Address(addr, port)
            }
        };
        Ok(Self { target, ..Self::default() })
    }

    fn close(mut self, reader: &mut Reader<'_>) -> Option<Self> {
        self.end = Some(reader.position());
        if self.real_server.is_none() {
            reader.say(format!("Virtual server {} has no real servers - ignoring", self.label()));
            return None;
        }
        Some(self)
    }
}

impl VirtualServerBlock {
    /// The name in messages before groups are counted.
    pub(crate) fn label(&self) -> String {
        let protocol = self.protocol.as_ref().map_or(Protocol::None, |said| said.value.0);
        match &self.target {
            Head::Address(addr, port) => crate::config::server_label(*addr, protocol, *port),
            Head::Fwmark(mark) => format!("FWM {mark}"),
            Head::Group(name) => format!("[{name}]:0"),
            Head::Unknown => String::new(),
        }
    }
}

keywords! {
    /// A server.
    RealServerBlock {
        weight: u32 [0..=i32::MAX.unsigned_abs()] => "Its share of connections.", else "Real server weight {} is outside range 0-2147483647";
        lvs_method: Forwarding => "How packets reach it.";
        misc_check ("MISC_CHECK"): Nested<MiscCheckBlock> => "Run a script.";
        tcp_check ("TCP_CHECK"): Nested<TcpCheckBlock> => "Open a TCP connection.";
        http_get ("HTTP_GET"): Nested<HttpGetBlock> => "Fetch by HTTP.";
        ssl_get ("SSL_GET"): Nested<SslGetBlock> => "Fetch by HTTPS.";
        + own: Rare<ServerRows>;
        + special: Rare<SpecialChecks>;
        * address: Option<(IpAddr, u16)>;
        * end: Option<Span>;
    }
}

keywords! {
    /// What is usually that of the virtual server, or nothing.
    ServerRows {
        uthreshold: u32 [0..=u32::MAX] = 0 => "No more connections from here on.", else "Invalid real_server uthreshold '{}' - ignoring";
        lthreshold: u32 [0..=u32::MAX] = 0 => "Connections again from here on.", else "Invalid real_server lthreshold '{}' - ignoring";
        inhibit_on_failure: bool => "Weight 0 instead of removal.", else "Invalid inhibit_on_failure parameter {}";
        notify_up: Script => "Run when it comes up.";
        notify_down: Script => "Run when it goes down.";
        alpha: bool => "It is down until checked.", else "Invalid alpha parameter {}";
        retry: u32 [1..=u32::MAX, strict] => "Failures allowed before one counts.", else "retry value invalid - {}";
        delay_before_retry: Duration [Duration::ZERO..=NO_LIMIT] => "Pause after a failure that does not count yet.", else "real server delay_before_retry '{}' invalid - ignoring";
        warmup: Duration [Duration::ZERO..=NO_LIMIT] => "The first check comes at random within it.", else "real server warmup '{}' invalid - ignoring";
        connect_timeout: Duration [us(1)..=MAX_TIMEOUT] => "How long to wait for a connection.", else "real server connect_timeout {} invalid - ignoring";
        delay_loop: Duration [us(1)..=NO_LIMIT] => "From the end of one check to the start of the next.", else "real server delay_loop '{}' invalid - ignoring";
        smtp_alert: bool => "Mail when it comes or goes.", else "Invalid real_server smtp_alert parameter {}";
        virtualhost: Replaceable => "Host of HTTP checks that do not say.", missing "real server virtualhost missing";
        snmp_name: OneWord => "Name in SNMP.", else "real server snmp_name missing or extra parameters", missing "real server snmp_name missing or extra parameters", is ParsedOnly;
    }
}

keywords! {
    /// Checks for special purposes.
    SpecialChecks {
        smtp_check ("SMTP_CHECK"): Nested<SmtpCheckBlock> => "Talk SMTP.";
        ping_check ("PING_CHECK"): Nested<PingCheckBlock> => "Send an ICMP echo request.";
        udp_check ("UDP_CHECK"): Nested<UdpCheckBlock> => "Send a UDP packet.";
        dns_check ("DNS_CHECK"): Nested<DnsCheckBlock> => "Ask a DNS question.";
        file_check ("FILE_CHECK"): Nested<FileCheckBlock> => "Read a tracked file.";
        bfd_check ("BFD_CHECK"): Nested<BfdCheckBlock> => "Watch a BFD session.";
    }
}

impl Block for RealServerBlock {
    fn open(args: &mut Args<'_, '_>) -> Result<Self, Refused> {
        let address = server(args, "real server ip")?;
        Ok(Self { address: Some(address), ..Self::default() })
    }

    fn close(mut self, reader: &mut Reader<'_>) -> Option<Self> {
        self.end = Some(reader.position());
        Some(self)
    }
}

keywords! {
    /// Certificates for every SSL_GET.
    SslBlock {
        password: Replaceable => "Pass phrase of the key.", missing "SSL password missing";
        ca: Replaceable => "File of authorities.", missing "SSL cafile missing";
        certificate: Replaceable => "Client certificate.", missing "SSL certfile missing";
        key: Replaceable => "Client key.", missing "SSL keyfile missing";
    }
}

impl Block for SslBlock {
    fn open(_: &mut Args<'_, '_>) -> Result<Self, Refused> {
        Ok(Self::default())
    }

    fn name(&self) -> String {
        "SSL".to_owned()
    }
}

/// Members of a group, read as lines.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ServerGroupBlock {
    pub(crate) head: String,
    pub(crate) members: Vec<Members>,
}

impl crate::keyword::Value for Nested<ServerGroupBlock> {
    const SYNTAX: &'static str = <Lines<Members> as crate::keyword::Value>::SYNTAX;
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let span = args.span();
        let Ok(head) = args.word() else {
            args.reader.skip_body();
            return Err(Refused::Said);
        };
        let keyword = args.keyword().to_owned();
        args.expect_no_more();
        let mut members = Vec::new();
        args.reader.enter(head.clone());
        let row = args.row();
        args.reader.lines(&keyword, row, |args| {
            let member = <Members as crate::keyword::Entry>::read(args);
            let kept = member.is_some();
            members.extend(member);
            kept
        });
        args.reader.leave();
        if members.is_empty() {
            args.reader.say(format!("virtual server group {head} has no entries - removing"));
            return Err(Refused::Said);
        }
        if mixes_families(&members) {
            args.reader.say(format!(
                "virtual server group {head} cannot have IPv4, IPv6 and fwmark without family - removing"
            ));
            return Err(Refused::Said);
        }
        let value = ServerGroupBlock { head, members };
        Ok(Self::of(crate::config::Located { value, span }))
    }

    fn store(self, slot: &mut crate::keyword::Slot<Self>, args: &mut Args<'_, '_>) {
        self.add_to(slot, args);
    }
}

/// Both families and a firewall mark that tells none cannot be one service.
fn mixes_families(members: &[Members]) -> bool {
    let has = |wanted: Family| {
        members.iter().any(|member| match member {
            Members::Range { first, .. } => Family::of(*first) == wanted,
            Members::Fwmark { family, .. } => *family == Some(wanted),
        })
    };
    let bare_mark = members.iter().any(|member| matches!(member, Members::Fwmark { family: None, .. }));
    has(Family::V4) && has(Family::V6) && bare_mark
}
