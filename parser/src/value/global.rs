//! Values that only `global_defs` knows.

use std::net::IpAddr;
use std::time::Duration;

use crate::config::{
    Cpus, DynamicInterfaces, FlushOnStop, IfName, IncludeCheck, Ipsets, Iptables, IpvsTimeouts, Located,
    RxBuffers, SmtpServer,
};
use crate::diag::Class;
use crate::keyword::{Args, Bounds, Refused, Value};
use crate::value::address::address;
use crate::value::number::Integer;
use crate::value::time::{WholeSecs, secs};

/// Implements [`Value`] for a type without limits, as a function from words to value.
macro_rules! values {
    ($($type:ty, $syntax:literal, |$args:ident| $body:block)*) => {$(
        impl Value for $type {
            const SYNTAX: &'static str = $syntax;
            type Limit = ();

            fn read($args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> $body
        }
    )*};
}

/// A name in the process list, at most 15 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProcessName(pub(crate) String);

/// The sender of mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailFrom(pub(crate) String);

/// The name of this host in mail dialogues; nothing is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeloName(pub(crate) String);

/// `smtp_server`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SmtpServerValue(pub(crate) SmtpServer);

/// `max_auto_priority`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AutoPriority(pub(crate) i8);

/// `min_auto_priority_delay`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AutoDelay(pub(crate) Duration);

/// `dynamic_interfaces`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DynamicInterfacesValue(pub(crate) DynamicInterfaces);

/// `lvs_timeouts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IpvsTimeoutsValue(pub(crate) IpvsTimeouts);

/// `lvs_flush_on_stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlushValue(pub(crate) FlushOnStop);

/// `vrrp_min_garp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MinGarp(pub(crate) bool);

/// `…_rt_priority`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RealtimePriority(pub(crate) u8);

/// `…_cpu_affinity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AffinityValue(pub(crate) Cpus);

/// The name of an nftables table; empty is the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableName(pub(crate) String);

/// `vrrp_iptables`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IptablesValue(pub(crate) Iptables);

/// `vrrp_ipsets`; none switches them off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IpsetsValue(pub(crate) Option<Ipsets>);

/// `vrrp_rx_bufs_policy`; the multiplier comes from a row of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RxPolicy(pub(crate) RxBuffers);

/// `umask`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Umask(pub(crate) u16);

/// `include_check`; it takes effect as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IncludeCheckValue;

/// `lvs_sync_daemon`, the instance still a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SyncDaemonValue {
    pub(crate) interface: Located<IfName>,
    pub(crate) instance: Option<String>,
    pub(crate) id: Option<u8>,
    pub(crate) max_len: Option<u16>,
    pub(crate) port: Option<u16>,
    pub(crate) ttl: Option<u8>,
    pub(crate) group: Option<IpAddr>,
}

values! {
    ProcessName, "NAME", |args| {
        let mut name = args.word()?;
        if name.len() > IfName::MAX {
            args.general(format!("Process name '{name}' too long - truncating"));
            let mut end = IfName::MAX;
            while !name.is_char_boundary(end) {
                end -= 1;
            }
            name.truncate(end);
        }
        Ok(Self(name))
    }
    MailFrom, "EMAIL", |args| {
        let from = args.word()?;
        if args.left() > 0 {
            args.general("Extra parameters on notification_email_from - ignoring");
        }
        Ok(Self(from))
    }
    HeloName, "[STRING]", |args| { args.optional().map(Self).ok_or(Refused::Said) }
    SmtpServerValue, "HOST [PORT]", |args| {
        let host = args.word()?;
        let port_word = args.optional();
        let port = match &port_word {
            None => Some(25),
            Some(word) => u16::parse(args, word, &Bounds { range: 1..=u16::MAX, strict: false }),
        };
        match port.filter(|_| !host.is_empty()) {
            Some(port) => Ok(Self(SmtpServer { addr: address(&host), host, port })),
            None => {
                let port = port_word.as_deref().unwrap_or("25");
                args.general(format!("Invalid smtp server {host} {port}"));
                Err(Refused::Said)
            }
        }
    }
    AutoPriority, "[INTEGER]", |args| {
        let Some(word) = args.optional() else { return Ok(Self(99)) };
        i8::parse(args, &word, &Bounds { range: -1..=99, strict: false }).map(Self).ok_or(Refused::Bad)
    }
    AutoDelay, "MICROSECONDS", |args| {
        let word = args.word()?;
        let number = i32::parse(args, &word, &Bounds { range: 1..=10_000_000, strict: false }).ok_or(Refused::Bad)?;
        Ok(Self(Duration::from_micros(number.unsigned_abs().into())))
    }
    DynamicInterfacesValue, "[allow_if_changes]", |args| {
        Ok(Self(match args.optional().as_deref() {
            None => DynamicInterfaces::Yes,
            Some("allow_if_changes") => DynamicInterfaces::AllowIfChanges,
            Some(other) => {
                args.general(format!("Unknown dynamic_interfaces option '{other}'"));
                DynamicInterfaces::Yes
            }
        }))
    }
    IpvsTimeoutsValue, "{tcp|tcpfin|udp} INTEGER …", |args| {
        let mut timeouts = IpvsTimeouts::default();
        if args.left() < 2 {
            args.general("lvs_timeouts requires at least one option");
            return Err(Refused::Said);
        }
        while let Some(option) = args.optional() {
            let slot = match option.as_str() {
                "tcp" => &mut timeouts.tcp,
                "tcpfin" => &mut timeouts.tcp_fin,
                "udp" => &mut timeouts.udp,
                _ => {
                    args.general(format!("Unknown option {option} specified for lvs_timeouts"));
                    continue;
                }
            };
            let Some(word) = args.optional() else {
                args.general(format!("No value specified for lvs_timeouts {option} - ignoring"));
                break;
            };
            match u32::parse(args, &word, &Bounds { range: 0..=2_678_400, strict: true }) {
                Some(0) => *slot = None,
                Some(seconds) => *slot = Some(secs(seconds.into())),
                None => args.general(format!("Invalid lvs_timeouts {option} ({word}) - ignoring")),
            }
        }
        Ok(Self(timeouts))
    }
    FlushValue, "[VS]", |args| {
        match args.optional().as_deref() {
            None => Ok(Self(FlushOnStop::All)),
            Some("VS") => Ok(Self(FlushOnStop::Services)),
            Some(_) => Err(Refused::Bad),
        }
    }
    RealtimePriority, "INTEGER", |args| {
        let word = args.word()?;
        let process = args.keyword().split('_').next().unwrap_or_default().to_owned();
        let number = i32::parse(args, &word, &Bounds { range: i32::MIN..=i32::MAX, strict: false }).ok_or(Refused::Bad)?;
        let what = format!("{process} process real-time priority {number}");
        if number < 1 {
            args.general(format!("{what} less than minimum 1 - setting to minimum"));
        } else if number > 99 {
            args.general(format!("{what} greater than maximum 99 - setting to maximum"));
        }
        Ok(Self(u8::try_from(number.clamp(1, 99)).unwrap_or(1)))
    }
    AffinityValue, "INTEGER …", |args| {
        let mut cpus = Vec::new();
        while let Some(word) = args.optional() {
            match i32::parse(args, &word, &Bounds { range: 0..=i32::MAX, strict: false }) {
                Some(cpu) => cpus.push(cpu.unsigned_abs()),
                None => {
                    let process = args.keyword().split('_').next().unwrap_or_default().to_owned();
                    args.general(format!("Invalid cpu_id:{word} specified for {process} process"));
                    return Err(Refused::Said);
                }
            }
        }
        Ok(Self(Cpus(cpus)))
    }
    TableName, "[NAME]", |args| {
        let name = args.optional().unwrap_or_default();
        if name.len() >= 255 {
            args.general(format!("{} table name too long - ignoring", args.keyword()));
            return Err(Refused::Said);
        }
        Ok(Self(name))
    }
    IptablesValue, "[CHAIN [CHAIN]]", |args| {
        let (input, output) = match (args.optional(), args.optional()) {
            (None, _) => ("INPUT".to_owned(), Some("OUTPUT".to_owned())),
            (Some(input), output) => (input, output),
        };
        if [Some(&input), output.as_ref()].into_iter().flatten().any(|chain| chain.len() > 27) {
            args.general("VRRP Error : iptables chain name too long - ignored");
            return Err(Refused::Said);
        }
        if output.as_ref() == Some(&input) {
            args.general("VRRP Error : iptables chains in and out have the same name - ignored");
            return Err(Refused::Said);
        }
        Ok(Self(Iptables { input, output }))
    }
    RxPolicy, "{MTU|ADVERT|INTEGER}", |args| {
        let mut policy: Option<RxBuffers> = None;
        while let Some(word) = args.optional() {
            let said = match word.to_ascii_uppercase().as_str() {
                "MTU" => RxBuffers::Mtu(0),
                "ADVERT" => RxBuffers::Advert(0),
                _ => match u32::parse(args, &word, &Bounds { range: 0..=u32::MAX, strict: true }) {
                    Some(bytes) => RxBuffers::Bytes(bytes),
                    None => return Err(Refused::Bad),
                },
            };
            // A size goes before MTU, and MTU before ADVERT.
            policy = Some(match (policy, said) {
                (None, said) => said,
                (Some(before), said) if std::mem::discriminant(&before) == std::mem::discriminant(&said) => before,
                (Some(before), said) => {
                    args.general("vrrp_rx_bufs_policy specifies more than one policy");
                    match (before, said) {
                        (RxBuffers::Bytes(bytes), _) | (_, RxBuffers::Bytes(bytes)) => RxBuffers::Bytes(bytes),
                        (RxBuffers::Mtu(n), _) | (_, RxBuffers::Mtu(n)) => RxBuffers::Mtu(n),
                        (RxBuffers::Advert(n) , _) => RxBuffers::Advert(n),
                        (RxBuffers::System, said) => said,
                    }
                }
            });
        }
        policy.map(Self).ok_or(Refused::Bad)
    }
    Umask, "{INTEGER|BIT['|'BIT]…}", |args| {
        let words: Vec<String> = std::iter::from_fn(|| args.optional()).collect();
        let text = words.concat();
        if words.is_empty() {
            args.word()?;
        }
        if text.is_empty() {
            args.general("umask missing bit value");
            return Err(Refused::Said);
        }
        let number = text.starts_with(|c: char| c.is_ascii_digit());
        if number && words.len() > 1 {
            args.general("Extra parameter(s) to umask option");
            return Err(Refused::Said);
        }
        if number {
            let (radix, digits) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
                (Some(hex), _) => (16, hex),
                (None, Some(octal)) if !octal.is_empty() => (8, octal),
                _ => (10, text.as_str()),
            };
            return match u16::from_str_radix(digits, radix) {
                Ok(bits) if bits <= 0o777 => Ok(Self(bits)),
                _ => {
                    args.general(format!("invalid umask value {text}"));
                    Err(Refused::Said)
                }
            };
        }
        let mut bits = 0;
        for name in text.split('|') {
            bits |= match name {
                "IRUSR" => 0o400,
                "IWUSR" => 0o200,
                "IXUSR" => 0o100,
                "IRWXU" => 0o700,
                "IRGRP" => 0o040,
                "IWGRP" => 0o020,
                "IXGRP" => 0o010,
                "IRWXG" => 0o070,
                "IROTH" => 0o004,
                "IWOTH" => 0o002,
                "IXOTH" => 0o001,
                "IRWXO" => 0o007,
                _ => {
                    args.general(format!("Unknown umask bit {name}"));
                    return Err(Refused::Said);
                }
            };
        }
        Ok(Self(bits))
    }
    IncludeCheckValue, "[[+|-]{read|match|wildcard_match|brace_match}] …", |args| {
        let mut check = *args.reader.statements().include_check();
        if args.left() == 0 {
            check = IncludeCheck { read: true, matches: true, wildcard: true, brace: true };
        }
        let mut plain = false;
        while let Some(word) = args.optional() {
            let (on, name) = match (word.strip_prefix('+'), word.strip_prefix('-')) {
                (Some(name), _) => (true, name),
                (None, Some(name)) => (false, name),
                (None, None) => {
                    if plain {
                        args.general(format!("Duplicate include_check '{word}' specified - ignoring"));
                        continue;
                    }
                    (true, word.as_str())
                }
            };
            let replaces = !word.starts_with(['+', '-']);
            plain |= replaces;
            let mut next = match replaces {
                true => IncludeCheck { read: true, ..IncludeCheck::default() },
                false => check,
            };
            match name {
                "read" => next.read = on,
                "match" => next.matches = on,
                "wildcard_match" => next.wildcard = on,
                "brace_match" => next.brace = on,
                _ => {
                    args.general(format!("Unknown include_check type '{name}' - ignoring"));
                    continue;
                }
            }
            check = next;
        }
        *args.reader.statements().include_check() = check;
        Ok(Self)
    }
    SyncDaemonValue, "IFNAME [inst NAME] [id INTEGER] [maxlen INTEGER] [port INTEGER] [ttl INTEGER] [group ADDRESS]", |args| {
        let word = args.word()?;
        let Some(interface) = IfName::new(&word).map(|name| args.located(name)) else {
            args.general(format!("lvs_sync_daemon interface name '{word}' too long - ignoring"));
            return Err(Refused::Said);
        };
        let mut daemon = Self { interface, instance: None, id: None, max_len: None, port: None, ttl: None, group: None };
        let mut position = 0;
        while let Some(option) = args.optional() {
            position += 1;
            if !matches!(option.as_str(), "inst" | "id" | "maxlen" | "port" | "ttl" | "group") {
                daemon.positional(args, position, &option);
                continue;
            }
            let value = args.word()?;
            daemon.option(args, &option, &value);
        }
        Ok(daemon)
    }
}

impl SyncDaemonValue {
    /// The old form: `IFNAME INSTANCE ID`.
    fn positional(&mut self, args: &mut Args<'_, '_>, position: usize, word: &str) {
        match position {
            1 => self.instance = Some(word.to_owned()),
            2 => {
                args.general("Please use keyword \"id\" before lvs_sync_daemon SYNCID");
                self.option(args, "id", word);
            }
            _ => args.general(format!("Unknown option {word} specified for lvs_sync_daemon")),
        }
    }

    fn option(&mut self, args: &mut Args<'_, '_>, option: &str, value: &str) {
        let fine = match option {
            "inst" => {
                self.instance = Some(value.to_owned());
                true
            }
            "id" => {
                self.id = u8::parse(args, value, &Bounds { range: 0..=255, strict: true });
                self.id.is_some()
            }
            "maxlen" => {
                self.max_len = u16::parse(args, value, &Bounds { range: 1..=65507, strict: true });
                self.max_len.is_some()
            }
            "port" => {
                self.port = u16::parse(args, value, &Bounds { range: 1..=u16::MAX, strict: true });
                self.port.is_some()
            }
            "ttl" => {
                self.ttl = u8::parse(args, value, &Bounds { range: 1..=255, strict: true });
                self.ttl.is_some()
            }
            _ => {
                self.group = address(value).filter(IpAddr::is_multicast);
                self.group.is_some()
            }
        };
        if !fine {
            args.general(format!("Invalid lvs_sync_daemon {option} '{value}' - ignoring"));
        }
    }
}

/// The longest name of a set the kernel takes, in bytes.
const MAX_SET_NAME: usize = 31;

impl Value for IpsetsValue {
    const SYNTAX: &'static str = "[NAME [NAME [NAME [NAME [NAME [NAME]]]]]]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let Some(address) = args.optional() else { return Ok(Self(None)) };
        let given: Vec<String> = std::iter::from_fn(|| args.optional()).collect();
        let names = derived_sets(address, &given);
        let all = [&names.address, &names.address6, &names.address_if6, &names.igmp, &names.mld, &names.nd];
        if all.iter().any(|name| name.len() >= MAX_SET_NAME) {
            args.general("VRRP Error : ipset name too long - ignored");
            return Err(Refused::Said);
        }
        if (1..all.len()).any(|i| all[..i].contains(&all[i])) {
            args.general("VRRP Error : ipset names are not all different - ignored");
            return Err(Refused::Said);
        }
        Ok(Self(Some(names)))
    }
}

/// Names that were not given follow from the first: `A6`, `A_if6`, `A_igmp`, `A_mld`, `A_nd`.
pub(crate) fn derived_sets(address: String, given: &[String]) -> Ipsets {
    let derive = |nth: usize, base: &str, suffix: &str| {
        given.get(nth).cloned().unwrap_or_else(|| {
            let room = (MAX_SET_NAME - 1).saturating_sub(suffix.len()).min(base.len());
            let end = (0..=room).rev().find(|end| base.is_char_boundary(*end)).unwrap_or(0);
            format!("{}{suffix}", &base[..end])
        })
    };
    let address6 = derive(0, &address, "6");
    let base6 = address6.strip_suffix('6').unwrap_or(&address6).to_owned();
    Ipsets {
        address_if6: derive(1, &base6, "_if6"),
        igmp: derive(2, &address, "_igmp"),
        mld: derive(3, &address, "_mld"),
        nd: derive(4, &address, "_nd"),
        address6,
        address,
    }
}

/// `smtp_connect_timeout`: 0 counts as 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SmtpTimeout(pub(crate) Duration);

impl Value for SmtpTimeout {
    const SYNTAX: &'static str = "INTEGER";
    type Limit = Duration;

    fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<Duration>>) -> Result<Self, Refused> {
        let WholeSecs(timeout) = WholeSecs::read(args, bounds)?;
        if timeout.is_zero() {
            args.general("smtp_conect_timeout must be greater than 0, setting to 1");
        }
        Ok(Self(timeout.max(secs(1))))
    }

    fn limit(limit: &Duration) -> String {
        Duration::limit(limit)
    }
}

/// `[all] SECONDS` of `garp_extra_if`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExtraIf {
    pub(crate) every: Duration,
    pub(crate) all: bool,
}

impl Value for ExtraIf {
    const SYNTAX: &'static str = "[all] INTEGER";
    type Limit = Duration;

    fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<Duration>>) -> Result<Self, Refused> {
        let keyword = args.keyword().to_owned();
        let name = args.name();
        let prefix = if name.is_empty() { String::new() } else { format!("({name}): ") };
        if let Some(new) =
            keyword.contains("vmac_garp_intvl").then(|| keyword.replace("vmac_garp_intvl", "garp_extra_if"))
        {
            args.complain(
                Class::Deprecated,
                format!("Keyword \"{keyword}\" is deprecated - please use \"{new}\""),
            );
        }
        let (mut all, mut every) = (false, None);
        let seconds = |limit: &Duration| u32::try_from(limit.as_secs()).unwrap_or(u32::MAX);
        let range = bounds.map_or(0..=86400, |b| seconds(b.range.start())..=seconds(b.range.end()));
        while let Some(word) = args.optional() {
            if word == "all" {
                all = true;
                continue;
            }
            every = u32::parse(args, &word, &Bounds { range: range.clone(), strict: false });
            if every.is_none() {
                args.general(format!("{prefix}{keyword} '{word}' invalid - ignoring"));
                return Err(Refused::Said);
            }
            break;
        }
        let Some(every) = every else {
            args.general(format!("{prefix}{keyword} specified without time - ignoring"));
            return Err(Refused::Said);
        };
        Ok(Self { every: secs(every.into()), all })
    }

    fn limit(limit: &Duration) -> String {
        Duration::limit(limit)
    }
}

impl Value for MinGarp {
    const SYNTAX: &'static str = "[BOOL]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        bool::read(args, None).map(Self)
    }
}
