//! Lines of the smaller blocks of data: link polling, interface delays, members of a server group.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::config::{Family, IfName, InterfaceDelay, Linkbeat, LinkbeatKind, Located, Members};
use crate::diag::Class;
use crate::keyword::{Args, Bounds, Entry};
use crate::value::address::address;
use crate::value::number::Integer;
use crate::value::time;

/// The name of an interface with its place; what is too long for the kernel is none that it knows.
fn interface(args: &mut Args<'_, '_>, word: &str, what: &str) -> Option<Located<IfName>> {
    let name = IfName::new(word);
    if name.is_none() {
        args.general(format!("unknown interface {word} specified for {what}"));
    }
    name.map(|name| args.located(name))
}

impl Entry for Linkbeat {
    const SYNTAX: &'static str = "{ IFNAME [MII|ETHTOOL|IOCTL] … }";

    fn read(args: &mut Args<'_, '_>) -> Option<Self> {
        let word = args.optional()?;
        let interface = interface(args, &word, "linkbeat interface");
        let kind = match args.optional().as_deref() {
            None => None,
            Some("MII") => Some(LinkbeatKind::Mii),
            Some("ETHTOOL") => Some(LinkbeatKind::Ethtool),
            Some("IOCTL") => Some(LinkbeatKind::Ioctl),
            Some(other) => {
                args.general(format!("Invalid linkbeat type {other} for interface {word}"));
                None
            }
        };
        Some(Self { interface: interface?, kind })
    }
}

impl Entry for InterfaceDelay {
    const SYNTAX: &'static str = "{ IFNAME SECONDS [SECONDS] … }";

    fn read(args: &mut Args<'_, '_>) -> Option<Self> {
        let word = args.optional()?;
        let interface = interface(args, &word, "up/down delay");
        let range = Duration::ZERO..=time::secs(255);
        let Some(number) = args.optional() else {
            args.complain(Class::Log, format!("No delay specified for interface {word}"));
            return None;
        };
        let down = time::seconds(args, &number, &range)?;
        let up = match args.optional() {
            Some(number) => time::seconds(args, &number, &range)?,
            None => Duration::ZERO,
        };
        if args.left() > 0 {
            args.complain(Class::Log, format!("Too many parameters for interface {word} up/down delays"));
        }
        Some(Self { interface: interface?, down, up })
    }
}

impl Entry for Members {
    const SYNTAX: &'static str = "{ ADDRESS[-LAST|-ADDRESS|/LENGTH] [PORT] | fwmark INTEGER [inet|inet6] … }";

    fn read(args: &mut Args<'_, '_>) -> Option<Self> {
        let word = args.optional()?;
        if word == "fwmark" {
            return fwmark(args);
        }
        let (first, last) = range(args, &word)?;
        let port = match args.optional() {
            None => 0,
            Some(port) if !port.is_empty() && port.bytes().all(|byte| byte == b'0') => 0,
            Some(port) => {
                let bounds = Bounds { range: 1..=u16::MAX, strict: false };
                let number = u16::parse(args, &port, &bounds);
                if number.is_none() {
                    args.general(format!(
                        "Invalid virtual server group IP address {word} /port/{port} - skipping"
                    ));
                }
                number?
            }
        };
        Some(Self::Range { span: args.span(), first, last, port })
    }
}

fn fwmark(args: &mut Args<'_, '_>) -> Option<Members> {
    let number = args.word().ok()?;
    let Some(mark) = u32::parse(args, &number, &Bounds { range: 0..=u32::MAX, strict: false }) else {
        let name = args.name();
        args.general(format!("({name}): fwmark '{number}' must be in [0, 4294967295] - ignoring"));
        return None;
    };
    let family = match args.optional().as_deref() {
        None => None,
        Some("inet") => Some(Family::V4),
        Some("inet6") => Some(Family::V6),
        Some(other) => {
            let name = args.name();
            args.general(format!("({name}): fwmark '{number}' family {other} unknown - ignoring"));
            return None;
        }
    };
    Some(Members::Fwmark { span: args.span(), mark, family })
}

/// The first and last address of a word.
fn range(args: &mut Args<'_, '_>, word: &str) -> Option<(IpAddr, IpAddr)> {
    let skip = |args: &mut Args<'_, '_>, text: String| {
        args.general(text);
        None
    };
    if let Some((start, len)) = word.split_once('/') {
        let Some(addr) = address(start) else {
            return skip(args, format!("Invalid virtual server group IP address {word}  - skipping"));
        };
        let host = Family::of(addr).host_bits();
        return match len.parse().ok().filter(|len| (1..=host).contains(len)) {
            None => skip(args, format!("Invalid netmask - {word} - skipping")),
            Some(len) => match whole_prefix(addr, len) {
                Some(last) => Some((addr, last)),
                None => skip(args, format!("Address mask bits not empty - {word} - skipping")),
            },
        };
    }
    let (start, end) = match word.split_once('-') {
        Some((start, end)) => (start, Some(end)),
        None => (word, None),
    };
    let Some(first) = address(start) else {
        return skip(args, format!("Invalid virtual server group IP address {word}  - skipping"));
    };
    let Some(end) = end else { return Some((first, first)) };
    if end.contains(['.', ':']) {
        return match address(end) {
            Some(last) if Family::of(first) != Family::of(last) => {
                skip(args, format!("Range address families do not match {word} - skipping"))
            }
            Some(last) if last < first => {
                skip(args, format!("Address range end is less than address range start - {word} - skipping"))
            }
            Some(last) => Some((first, last)),
            None => skip(args, format!("Invalid virtual server group IP address {word}  - skipping")),
        };
    }
    last_part(args, word, first, end).map(|last| (first, last))
}

/// The last address of a range whose end is only its last part: decimal for IPv4, hexadecimal for IPv6.
fn last_part(args: &mut Args<'_, '_>, word: &str, first: IpAddr, end: &str) -> Option<IpAddr> {
    let (radix, max, start) = match first {
        IpAddr::V4(v4) => (10, 255, u32::from(v4.octets()[3])),
        IpAddr::V6(v6) => (16, 0xffff, u32::from(v6.segments()[7])),
    };
    let digits = end.find(|c: char| !c.is_digit(radix)).unwrap_or(end.len());
    let (number, extra) = end.split_at(digits);
    let value = match number {
        "" => 0,
        number => u32::from_str_radix(number, radix).unwrap_or(u32::MAX),
    };
    if !extra.is_empty() {
        let lenient = args.reader.statements().options().lenient;
        let warning = if lenient { "WARNING - " } else { "" };
        args.general(format!(
            "{warning}Virtual server group range '{word}' has extra characters at end '{extra}'"
        ));
        if !lenient {
            return None;
        }
    }
    if value > max {
        args.general(format!("Virtual server group range '{word}' end '{number}' too large"));
        return None;
    }
    if value <= start {
        args.general(format!(
            "Address range end is not greater than address range start - {word} - skipping"
        ));
        return None;
    }
    Some(match first {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() - start + value)),
        IpAddr::V6(v6) => {
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() - u128::from(start) + u128::from(value)))
        }
    })
}

/// The last address of a prefix; none when host bits are set.
fn whole_prefix(addr: IpAddr, len: u8) -> Option<IpAddr> {
    match addr {
        IpAddr::V4(v4) => {
            let hosts = u32::MAX.checked_shr(len.into()).unwrap_or(0);
            (v4.to_bits() & hosts == 0).then(|| IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() | hosts)))
        }
        IpAddr::V6(v6) => {
            let hosts = u128::MAX.checked_shr(len.into()).unwrap_or(0);
            (v6.to_bits() & hosts == 0).then(|| IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() | hosts)))
        }
    }
}
