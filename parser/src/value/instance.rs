//! Values that only `vrrp_instance` and its blocks know.

use std::net::IpAddr;

use crate::config::{
    AntiReplay, Family, HmacKey, HmacMode, IfName, Ipvlan, IpvlanMode, KeySource, MacAddress,
    UnicastChecksum, Version, Vmac,
};
use crate::keyword::{Args, Bounds, Refused, Slot, Value};
use crate::value::address::{address, prefix};
use crate::value::number::Integer;
use crate::value::word::lookup;

/// What the kernel calls the loopback interface.
const LOOPBACK: &str = "lo";

/// `interface`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InterfaceValue(pub(crate) IfName);

impl Value for InterfaceValue {
    const SYNTAX: &'static str = "IFNAME";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        if word == LOOPBACK {
            let name = args.name();
            args.general(format!("({name}) cannot use a loopback interface ({word}) for vrrp - ignoring"));
            return Err(Refused::Said);
        }
        IfName::new(&word).map(Self).ok_or_else(|| {
            args.general(format!("Interface name '{word}' too long - ignoring"));
            Refused::Said
        })
    }
}

/// `vrf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VrfValue(pub(crate) IfName);

impl Value for VrfValue {
    const SYNTAX: &'static str = "IFNAME";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        IfName::new(&word).map(Self).ok_or_else(|| {
            let name = args.name();
            args.general(format!("({name}) VRF interface name '{word}' too long - ignoring"));
            Refused::Said
        })
    }
}

/// `version`; a later one must not contradict an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VersionValue(pub(crate) Version);

impl Value for VersionValue {
    const SYNTAX: &'static str = Version::SYNTAX;
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, bounds: Option<&Bounds<()>>) -> Result<Self, Refused> {
        Version::read(args, bounds).map(Self)
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        let name = args.name();
        if slot.as_ref().is_some_and(|said| said.value != self) {
            args.general(format!(
                "({name}) vrrp_version conflicts with configured or deduced version; ignoring."
            ));
        } else if self.0 == Version::V2 && args.reader.family == Some(Family::V6) {
            args.general(format!("({name}) cannot set VRRP version 2 with IPv6. Ignoring"));
        } else {
            *slot = Some(Box::new(args.located(self)));
        }
    }
}

/// `native_ipv6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NativeV6;

impl Value for NativeV6 {
    const SYNTAX: &'static str = "";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        if args.reader.family == Some(Family::V4) {
            let name = args.name();
            args.general(format!("({name}) Cannot specify native_ipv6 with IPv4 addresses"));
            return Err(Refused::Said);
        }
        args.reader.family = Some(Family::V6);
        Ok(Self)
    }
}

/// A keyword without value that only unicast needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnicastMark;

impl Value for UnicastMark {
    const SYNTAX: &'static str = "";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        args.reader.unicast = true;
        Ok(Self)
    }
}

impl Value for UnicastChecksum {
    const SYNTAX: &'static str = "[never]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        args.reader.unicast = true;
        match args.optional().as_deref() {
            None => Ok(Self::Old),
            Some("never") => Ok(Self::New),
            Some(_) => Err(Refused::Bad),
        }
    }
}

/// `linkbeat_use_polling` of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PollingValue;

impl Value for PollingValue {
    const SYNTAX: &'static str = "";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let name = args.name();
        args.general(format!(
            "({name}) 'linkbeat_use_polling' in vrrp instance deprecated - use linkbeat_interfaces block"
        ));
        Ok(Self)
    }
}

/// `lvs_sync_daemon_interface`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyncInterface(pub(crate) IfName);

impl Value for SyncInterface {
    const SYNTAX: &'static str = "IFNAME";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let name = args.name();
        args.general(format!("({name}) Specifying lvs_sync_daemon_interface against a vrrp is deprecated."));
        args.general("        Please use global lvs_sync_daemon");
        let word = args.word()?;
        IfName::new(&word).map(Self).ok_or(Refused::Said)
    }
}

/// `mcast_dst_ip`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MulticastGroup(pub(crate) IpAddr);

impl Value for MulticastGroup {
    const SYNTAX: &'static str = "MULTICAST-ADDRESS";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        let name = args.name();
        let Some(addr) = address(&word) else {
            args.general(format!("({name}) malformed mcast dest address {word}. Skipping..."));
            return Err(Refused::Said);
        };
        let link_local = match addr {
            IpAddr::V4(_) => true,
            IpAddr::V6(v6) => v6.segments()[0] & 0xf == 2,
        };
        if !addr.is_multicast() || !link_local {
            args.general(format!("({name}) mcast_dst_ip {word} is not a multicast address. Skipping..."));
            return Err(Refused::Said);
        }
        if !args.reader.joins_family(addr) {
            args.general(format!("({name}) mcast_dst_ip {word} family does not match. Skipping..."));
            return Err(Refused::Said);
        }
        Ok(Self(addr))
    }
}

/// `timer_expired_backup [PRIORITY]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExpiredBackup(pub(crate) u8);

impl Value for ExpiredBackup {
    const SYNTAX: &'static str = "[INTEGER]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let name = args.name();
        if args.keyword() == "thread_timer_expired" {
            args.general(format!(
                "({name}) thread_timer_expired is deprecated - please use timer_expired_backup"
            ));
        }
        let Some(word) = args.optional() else { return Ok(Self(254)) };
        u8::parse(args, &word, &Bounds { range: 1..=254, strict: true }).map(Self).ok_or_else(|| {
            args.general(format!("({name}) invalid timer_expired_backup {word} - ignoring"));
            Refused::Said
        })
    }
}

/// `auth_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthType {
    Pass,
    Ah,
}

impl Value for AuthType {
    const SYNTAX: &'static str = "{PASS|AH}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        match args.word()?.as_str() {
            "PASS" => Ok(Self::Pass),
            "AH" => Ok(Self::Ah),
            _ => Err(Refused::Bad),
        }
    }
}

/// The keys of `auth_hmac`: number and source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HmacKeyValue(pub(crate) Vec<HmacKey>);

impl Value for HmacKeyValue {
    const SYNTAX: &'static str = "INTEGER {STRING|hex:DIGITS|file:PATH}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let name = args.name();
        let word = args.word()?;
        let Some(id) = u8::parse(args, &word, &Bounds { range: 1..=255, strict: true }) else {
            args.general(format!("({name}) auth_hmac key id '{word}' not valid - must be between 1 & 255"));
            return Err(Refused::Said);
        };
        let text = args.word()?;
        let key = match text.strip_prefix("file:") {
            Some(path) => KeySource::File(args.located(path.to_owned())),
            None => match HmacKey::read(&text) {
                Ok(key) => KeySource::Given(key),
                Err(fault) => {
                    args.general(format!("({name}) auth_hmac key {id} {fault} - ignoring"));
                    return Err(Refused::Said);
                }
            },
        };
        Ok(Self(vec![HmacKey { id, key }]))
    }

    fn store(self, slot: &mut Slot<Self>, args: &mut Args<'_, '_>) {
        let Some(all) = slot else {
            *slot = Some(Box::new(args.located(self)));
            return;
        };
        for key in self.0 {
            if all.value.0.iter().any(|known| known.id == key.id) {
                let text = format!("({}) auth_hmac key {} already specified - ignoring", args.name(), key.id);
                args.general(text);
            } else {
                all.value.0.push(key);
            }
        }
    }
}

/// Pairs of hexadecimal digits, blanks between them ignored.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| c.to_digit(16))
        .collect::<Option<Vec<_>>>()?;
    let byte = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

/// `anti_replay`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AntiReplayValue(pub(crate) AntiReplay);

impl Value for AntiReplayValue {
    const SYNTAX: &'static str = "{time|monotonic}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        match args.word()?.as_str() {
            "time" => Ok(Self(AntiReplay::Time)),
            "monotonic" => Ok(Self(AntiReplay::Monotonic)),
            _ => Err(Refused::Bad),
        }
    }
}

/// `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HmacModeValue(pub(crate) HmacMode);

impl Value for HmacModeValue {
    const SYNTAX: &'static str = "{enforce|permissive|receive-only}";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        match args.word()?.as_str() {
            "enforce" => Ok(Self(HmacMode::Enforce)),
            "permissive" => Ok(Self(HmacMode::Permissive)),
            "receive-only" => Ok(Self(HmacMode::ReceiveOnly)),
            _ => Err(Refused::Bad),
        }
    }
}

/// Whether a word can name a new interface.
fn new_name(word: &str) -> Option<IfName> {
    let odd = |c: char| matches!(c, '/' | ':') || c.is_ascii_whitespace();
    IfName::new(word).filter(|_| word != "." && word != ".." && !word.contains(odd))
}

/// `use_vmac`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VmacValue(pub(crate) Vmac, pub(crate) bool);

impl Value for VmacValue {
    const SYNTAX: &'static str = "[[name] IFNAME] [MAC] [netlink_notify_msg] [group GROUP]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let mut vmac = Vmac::default();
        let mut vrid_completes_mac = false;
        while let Some(word) = args.optional() {
            match word.as_str() {
                "netlink_notify_msg" => vmac.netlink_notify = true,
                "group" => {
                    let group = args.word()?;
                    vmac.group = lookup(args, &group, u32::MAX);
                }
                mac if mac.contains(':') => match mac_address(mac) {
                    Some(_) if vmac.mac.is_some() => {
                        let text = format!(
                            "({}) VMAC MAC address already specified - ignoring '{mac}'",
                            args.name()
                        );
                        args.general(text);
                    }
                    Some((mac, completes)) => {
                        vmac.mac = Some(mac);
                        vrid_completes_mac = completes;
                    }
                    None => {
                        let text = format!("({}) invalid VMAC MAC address '{mac}' - ignoring", args.name());
                        args.general(text);
                    }
                },
                name => {
                    let name = if name == "name" { args.word()? } else { name.to_owned() };
                    match new_name(&name) {
                        _ if vmac.name.is_some() => args.general("VMAC interface name already specified"),
                        Some(name) => vmac.name = Some(args.located(name)),
                        None => args.general(format!(
                            "VMAC interface name '{name}' too long or invalid characters - ignoring"
                        )),
                    }
                }
            }
        }
        Ok(Self(vmac, vrid_completes_mac))
    }
}

/// Six octets, or five that the VRID completes.
fn mac_address(word: &str) -> Option<(MacAddress, bool)> {
    let octets: Vec<u8> = word
        .trim_end_matches(':')
        .split(':')
        .map(|octet| u8::from_str_radix(octet, 16).ok().filter(|_| (1..=2).contains(&octet.len())))
        .collect::<Option<_>>()?;
    let (mac, completes) = match octets[..] {
        [a, b, c, d, e, f] if !word.ends_with(':') => ([a, b, c, d, e, f], false),
        [a, b, c, d, e] => ([a, b, c, d, e, 0], true),
        _ => return None,
    };
    let protocols = mac.starts_with(&[0, 0, 0x5e, 0, 1]) || mac.starts_with(&[0, 0, 0x5e, 0, 2]);
    (mac[0] & 1 == 0 && !protocols).then_some((MacAddress(mac), completes))
}

/// `use_ipvlan`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IpvlanValue(pub(crate) Ipvlan);

impl Value for IpvlanValue {
    const SYNTAX: &'static str = "[[name] IFNAME] [ADDRESS[/LENGTH]] [bridge|private|vepa] [group GROUP]";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let scope = args.name();
        let mut ipvlan = Ipvlan::default();
        let mut mode = None;
        while let Some(word) = args.optional() {
            match word.as_str() {
                "bridge" => mode = mode.or(Some(IpvlanMode::Bridge)),
                "private" => mode = mode.or(Some(IpvlanMode::Private)),
                "vepa" => mode = mode.or(Some(IpvlanMode::Vepa)),
                "group" => {
                    let group = args.word()?;
                    ipvlan.group = lookup(args, &group, u32::MAX);
                }
                addr if address(addr.split('/').next().unwrap_or_default()).is_some() => {
                    let Some((found, _)) = prefix(args, addr) else { continue };
                    match args.reader.joins_family(found.addr) {
                        true => ipvlan.addr = Some(found),
                        false => args
                            .general(format!("({scope}) ipvlan address {addr} family mismatch - ignoring")),
                    }
                }
                name => {
                    let name = if name == "name" { args.word()? } else { name.to_owned() };
                    match new_name(&name) {
                        _ if ipvlan.name.is_some() => args.general(format!(
                            "({scope}) IPVLAN interface already specified - ignoring '{name}'"
                        )),
                        Some(name) => ipvlan.name = Some(args.located(name)),
                        None => args.general(format!(
                            "({scope}) IPVLAN interface name '{name}' too long or invalid characters - ignoring"
                        )),
                    }
                }
            }
        }
        ipvlan.mode = mode.unwrap_or_default();
        Ok(Self(ipvlan))
    }
}
