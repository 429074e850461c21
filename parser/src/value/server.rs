//! Values that only `virtual_server` knows.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::config::{Family, Forwarding, Granularity, Protocol, Scheduler};
use crate::keyword::{Args, Bounds, Refused, Value};
use crate::value::address::server;
use crate::value::number::Integer;
use crate::value::time::secs;

/// `protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProtocolValue(pub(crate) Protocol);

impl Value for ProtocolValue {
    const SYNTAX: &'static str = Protocol::SYNTAX;
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<()>>) -> Result<Self, Refused> {
        Protocol::read(args, bounds).map(Self)
    }
}

/// A flag that only some schedulers know, and only below the line that names the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScheduledFlag;

impl Value for ScheduledFlag {
    const SYNTAX: &'static str = "";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let scheduler = args.reader.server.scheduler;
        if !matches!(scheduler, Some(Scheduler::Sh | Scheduler::Mh)) {
            let text = format!("{} only applies to sh scheduler - ignoring", args.keyword());
            args.general(text);
            return Err(Refused::Said);
        }
        let meant = scheduler.is_some_and(|scheduler| args.keyword().starts_with(scheduler.name()));
        meant.then_some(Self).ok_or(Refused::Said)
    }
}

/// `hashed`, which never did anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hashed;

impl Value for Hashed {
    const SYNTAX: &'static str = "";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        if !matches!(args.reader.server.scheduler, Some(Scheduler::Sh | Scheduler::Mh)) {
            args.general("hashed only applies to sh scheduler - ignoring");
        }
        Ok(Self)
    }
}

/// `persistence_timeout`; without a value six minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PersistenceTimeout(pub(crate) Duration);

/// The timeout of a persistent service that does not say.
pub(crate) const PERSISTENCE: Duration = secs(360);

impl Value for PersistenceTimeout {
    const SYNTAX: &'static str = "[INTEGER]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let Some(word) = args.optional() else { return Ok(Self(PERSISTENCE)) };
        let seconds = u32::parse(args, &word, &Bounds { range: 1..=2_678_400, strict: true });
        seconds.map(|seconds| Self(secs(seconds.into()))).ok_or(Refused::Bad)
    }
}

/// `persistence_granularity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GranularityValue(pub(crate) Granularity);

impl Value for GranularityValue {
    const SYNTAX: &'static str = "{NETMASK|INTEGER}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        let by_form = if word.contains('.') { Family::V4 } else { Family::V6 };
        let granularity = match args.reader.server.family.unwrap_or(by_form) {
            Family::V4 => netmask(&word).map(Granularity::Mask),
            Family::V6 => {
                u8::parse(args, &word, &Bounds { range: 1..=128, strict: true }).map(Granularity::Prefix)
            }
        };
        match granularity {
            Some(granularity) => {
                args.reader.server.family.get_or_insert(by_form);
                Ok(Self(granularity))
            }
            None => {
                let family = args.reader.server.family.unwrap_or(by_form);
                args.general(format!("Invalid {family} persistence_granularity specified - {word}"));
                Err(Refused::Said)
            }
        }
    }
}

/// A netmask in any form C's `inet_aton` takes: one to four numbers, the last of which fills what is left.
fn netmask(word: &str) -> Option<Ipv4Addr> {
    let number = |part: &str| match (part.strip_prefix("0x"), part.strip_prefix('0')) {
        (Some(hex), _) => u32::from_str_radix(hex, 16).ok(),
        (None, Some(octal)) if !octal.is_empty() => u32::from_str_radix(octal, 8).ok(),
        _ => part.parse().ok(),
    };
    let parts = word.split('.').map(number).collect::<Option<Vec<_>>>()?;
    let (last, first) = parts.split_last().filter(|(_, first)| first.len() < 4)?;
    let room = 32 - 8 * first.len();
    if first.iter().any(|part| *part > 0xff) || u64::from(*last) >> room != 0 {
        return None;
    }
    let high = first.iter().zip([24, 16, 8]).fold(0, |sum, (part, shift)| sum | part << shift);
    Some(Ipv4Addr::from_bits(high | last))
}

/// `sorry_server`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SorryServerValue {
    pub(crate) addr: IpAddr,
    pub(crate) port: u16,
}

impl Value for SorryServerValue {
    const SYNTAX: &'static str = "ADDRESS [PORT]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let (addr, port) = server(args, "sorry server IP")?;
        args.reader.server.has_sorry_server = true;
        Ok(Self { addr, port })
    }
}

/// `sorry_server_inhibit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SorryInhibit;

impl Value for SorryInhibit {
    const SYNTAX: &'static str = "";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        if !args.reader.server.has_sorry_server {
            args.general("Ignoring sorry_server inhibit used before or without sorry_server");
            return Err(Refused::Said);
        }
        Ok(Self)
    }
}

/// `sorry_server_lvs_method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SorryForwarding(pub(crate) Forwarding);

impl Value for SorryForwarding {
    const SYNTAX: &'static str = Forwarding::SYNTAX;
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<()>>) -> Result<Self, Refused> {
        if !args.reader.server.has_sorry_server {
            args.general("sorry_server forwarding used without sorry_server");
            return Err(Refused::Said);
        }
        Forwarding::read(args, bounds).map(Self)
    }
}
