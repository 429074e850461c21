//! Addresses: alone, with port, and the lines of address blocks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::config::{
    Address, AddressOf, Broadcast, Family, IfName, Located, Lookup, Peer, PreferredLifetime, Prefix,
};
use crate::keyword::{Args, Bounds, Entry, Refused, Value};
use crate::value::number::Integer;
use crate::value::word::lookup;

/// An address in its strict textual form.
pub(crate) fn address(word: &str) -> Option<IpAddr> {
    match word.contains(':') {
        true => word.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        false => word.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// An address by itself; a prefix length or the end of a range behind it says nothing.
pub(crate) fn without_suffix(word: &str) -> Option<IpAddr> {
    address(word.split(['-', '/']).next().unwrap_or_default())
}

impl Value for IpAddr {
    const SYNTAX: &'static str = "ADDRESS";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        without_suffix(&args.word()?).ok_or(Refused::Bad)
    }
}

/// `vrrp_mcast_group4`.
impl Value for Ipv4Addr {
    const SYNTAX: &'static str = "MULTICAST-ADDRESS";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        group(args)
    }
}

/// `vrrp_mcast_group6`.
impl Value for Ipv6Addr {
    const SYNTAX: &'static str = "MULTICAST-ADDRESS";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        group(args)
    }
}

/// A multicast group; what is an address but no group gets words of its own.
fn group<A: std::str::FromStr + Into<IpAddr> + Copy>(args: &mut Args<'_, '_>) -> Result<A, Refused> {
    let word = args.word()?;
    let addr: A = word.parse().map_err(|_| Refused::Bad)?;
    if addr.into().is_multicast() {
        return Ok(addr);
    }
    let text = format!("{} [{word}] is not multicast. Skipping", args.keyword());
    args.general(text);
    Err(Refused::Said)
}

/// The source address of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SourceAddress {
    pub(crate) addr: IpAddr,
    pub(crate) unicast: bool,
}

impl Value for SourceAddress {
    const SYNTAX: &'static str = "ADDRESS";
    type Limit = ();

    fn read(args: &mut Args<'_, '_>, _: Option<&Bounds<()>>) -> Result<Self, Refused> {
        let word = args.word()?;
        let name = args.name();
        let unicast = args.keyword().starts_with("unicast");
        args.reader.unicast |= unicast;
        let Some(addr) = without_suffix(&word) else {
            args.general(format!(
                "Configuration error: VRRP instance[{name}] malformed src address[{word}]. Skipping..."
            ));
            return Err(Refused::Said);
        };
        if !args.reader.joins_family(addr) {
            args.general(format!(
                "Configuration error: VRRP instance[{name}] and src address[{word}] MUST be of the same family !!! Skipping..."
            ));
            return Err(Refused::Said);
        }
        Ok(Self { addr, unicast })
    }
}

/// One line of `unicast_peer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PeerLine {
    pub(crate) peer: Peer,
    /// A limit was given, which switches the check of sources on.
    pub(crate) limited: bool,
}

impl Entry for PeerLine {
    const SYNTAX: &'static str = "{ ADDRESS [min_ttl INTEGER] [max_ttl INTEGER] … }";

    fn read(args: &mut Args<'_, '_>) -> Option<Self> {
        let name = args.name();
        let word = args.optional()?;
        let Some(addr) = without_suffix(&word) else {
            args.general(format!(
                "Configuration error: VRRP instance[{name}] malformed unicast peer address[{word}]. Skipping..."
            ));
            return None;
        };
        if !args.reader.joins_family(addr) {
            args.general(format!(
                "Configuration error: VRRP instance[{name}] and unicast peer address[{word}] MUST be of the same family !!! Skipping..."
            ));
            return None;
        }
        let mut line = Self { peer: Peer { addr, min_ttl: 0, max_ttl: 255 }, limited: false };
        while let Some(option) = args.optional() {
            let Some(value) = args.optional() else {
                args.general(format!("({name}) {option} is missing a value"));
                break;
            };
            let slot = match option.as_str() {
                "min_ttl" => &mut line.peer.min_ttl,
                "max_ttl" => &mut line.peer.max_ttl,
                _ => {
                    args.general(format!("({name}) unknown unicast_peer option {option}"));
                    break;
                }
            };
            if let Some(ttl) = u8::parse_any(args, &value) {
                *slot = ttl;
                line.limited = true;
            }
        }
        let Peer { min_ttl, max_ttl, .. } = line.peer;
        if min_ttl > max_ttl {
            args.general(format!(
                "({name}) min_ttl {min_ttl} > max_ttl {max_ttl} - all packets will be discarded"
            ));
        }
        Some(line)
    }
}

/// An address whose `-…` or `/…` is cut off, and a port; 0 is none.
pub(crate) fn server(args: &mut Args<'_, '_>, what: &str) -> Result<(IpAddr, u16), Refused> {
    let word = args.word()?;
    let port_word = args.optional();
    let plain = word.split(['-', '/']).next().unwrap_or_default();
    let port_number = match &port_word {
        None => Some(0),
        Some(word) if !word.is_empty() && word.bytes().all(|byte| byte == b'0') => Some(0),
        Some(word) => u16::parse(args, word, &Bounds { range: 1..=u16::MAX, strict: false }),
    };
    match (address(plain), port_number) {
        (Some(addr), Some(port)) => Ok((addr, port)),
        _ => {
            let text = match port_word {
                Some(port) if !what.starts_with("sorry") || port_number.is_none() => {
                    format!("Invalid {what} address/port {word}/{port} - skipping")
                }
                _ => format!("Invalid {what} address {word} - skipping"),
            };
            args.general(text);
            Err(Refused::Said)
        }
    }
}

/// Lines of the three blocks of addresses.
macro_rules! address_lines {
    ($($name:ident $of:ident;)*) => {$(
        #[doc = concat!("A line of a block of ", stringify!($of), " addresses.")]
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct $name(pub(crate) AddressLine);

        impl Entry for $name {
            const SYNTAX: &'static str = "{ ADDRESS[/LENGTH] [dev IFNAME] [scope SCOPE] [label LABEL] … }";

            fn read(args: &mut Args<'_, '_>) -> Option<Self> {
                AddressLine::read(args, AddressOf::$of).map(Self)
            }
        }
    )*};
}

address_lines! {
    StaticAddress Static;
    VirtualAddress Virtual;
    ExcludedAddress Excluded;
}

/// An address line whose references are still names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AddressLine {
    pub(crate) address: Address,
    pub(crate) track_group: Option<String>,
}

impl AddressLine {
    fn read(args: &mut Args<'_, '_>, of: AddressOf) -> Option<Self> {
        let word = args.optional()?;
        let (prefix, explicit) = prefix(args, &word)?;
        if of == AddressOf::Virtual && !args.reader.joins_family(prefix.addr) {
            let name = args.name();
            args.general(format!("({name}): address family must match VRRP instance [{word}] - ignoring"));
            return None;
        }
        let mut line = Self {
            address: Address {
                span: args.span(),
                of,
                prefix,
                dev: None,
                scope: None,
                broadcast: None,
                label: None,
                peer: None,
                home: false,
                detect_duplicates: false,
                manage_temporary: false,
                no_prefix_route: false,
                autojoin: false,
                track: true,
                preferred_lifetime: None,
                track_group: None,
                use_vmac: false,
            },
            track_group: None,
        };
        while let Some(option) = args.optional() {
            line.option(args, &option, explicit)?;
        }
        if line.address.peer.is_some() {
            line.address.broadcast = None;
        }
        Some(line)
    }

    /// Reads one option of the line; none drops the line.
    fn option(&mut self, args: &mut Args<'_, '_>, option: &str, explicit_len: bool) -> Option<()> {
        let address = &mut self.address;
        let Prefix { addr, len } = address.prefix;
        let v6 = addr.is_ipv6();
        let shown = match len == Family::of(addr).host_bits() {
            true => addr.to_string(),
            false => address.prefix.to_string(),
        };
        let value = |args: &mut Args<'_, '_>| {
            let value = args.optional();
            if value.is_none() {
                args.general(format!("No {option} parameter specified for {shown}"));
            }
            value
        };
        match option {
            "dev" => {
                let name = value(args)?;
                if address.dev.is_some() {
                    args.general(format!("Cannot specify ipaddress device more than once for {shown}"));
                    return None;
                }
                address.dev = Some(Box::new(interface(args, &name, &format!("ip address {shown}"))?));
            }
            "scope" => {
                let word = value(args)?;
                match lookup(args, &word, 255).filter(known_scope) {
                    _ if v6 => {
                        args.general(format!(
                            "Cannot specify scope for IPv6 addresses ({shown}) - ignoring scope"
                        ));
                    }
                    None => args.general(format!("Invalid scope '{word}' specified for {shown} - ignoring")),
                    scope => address.scope = scope.map(Box::new),
                }
            }
            "broadcast" | "brd" => {
                let word = value(args)?;
                if v6 {
                    args.general(format!(
                        "VRRP is trying to assign a broadcast {option} to the IPv6 address {shown} !!?? WTF... skipping VIP..."
                    ));
                    return None;
                }
                let len = address.prefix.len;
                match word.as_str() {
                    "+" | "-" if len > 30 => {
                        args.general(format!("Address prefix length {len} too long for broadcast"));
                    }
                    "+" => address.broadcast = Some(Broadcast::Ones),
                    "-" => address.broadcast = Some(Broadcast::Zeros),
                    word => match word.parse() {
                        Ok(given) => address.broadcast = Some(Broadcast::Given(given)),
                        Err(_) => {
                            args.general(format!(
                                "VRRP is trying to assign invalid broadcast {word}. skipping VIP..."
                            ));
                            return None;
                        }
                    },
                }
            }
            "label" => {
                let word = value(args)?;
                if v6 {
                    args.general(format!(
                        "Cannot specify label for IPv6 addresses ({shown}) - ignoring label"
                    ));
                } else if word.len() > IfName::MAX {
                    args.general(format!(
                        "Address label {word} is longer than maximum length {} - removing address",
                        IfName::MAX
                    ));
                    return None;
                } else {
                    address.label = Some(word.into());
                }
            }
            "peer" => {
                let word = value(args)?;
                self.peer(args, &word, explicit_len);
            }
            "home" => address.home = true,
            "-nodad" => address.detect_duplicates = true,
            "mngtmpaddr" => address.manage_temporary = true,
            "noprefixroute" => address.no_prefix_route = true,
            "autojoin" => address.autojoin = true,
            "no_track" => address.track = false,
            "preferred_lft" => {
                let word = value(args)?;
                let lifetime = match word.as_str() {
                    "forever" => Some(PreferredLifetime::Forever),
                    word => u32::parse(args, word, &Bounds { range: 0..=u32::MAX, strict: false })
                        .map(|n| PreferredLifetime::For(Duration::from_secs(n.into()))),
                };
                match lifetime {
                    Some(_) => address.preferred_lifetime = lifetime.map(Box::new),
                    None => args.general(format!("preferred_lft {word} is invalid")),
                }
            }
            "track_group" if address.of == AddressOf::Static => {
                let name = value(args)?;
                self.track_group = args.reader.known_track_group(&name).then_some(name);
            }
            "use_vmac" if address.of != AddressOf::Static => address.use_vmac = true,
            word => args.general(format!("Unknown configuration entry '{word}' for ip address - ignoring")),
        }
        Some(())
    }

    fn peer(&mut self, args: &mut Args<'_, '_>, word: &str, explicit_len: bool) {
        let own = &mut self.address;
        let Some(peer) = address(word) else {
            args.general(format!("VRRP parsed invalid IP {word}. skipping IP..."));
            args.general(format!("Invalid peer address {word}"));
            return;
        };
        if Family::of(peer) != Family::of(own.prefix.addr) {
            args.general(format!(
                "Peer address {word} family does not match that of {} - ignoring",
                own.prefix.addr
            ));
        } else if own.peer.is_some() {
            args.general(format!("Peer address already specified for {} - ignoring", own.prefix.addr));
        } else {
            let host = Family::of(own.prefix.addr).host_bits();
            if explicit_len && own.prefix.len != host {
                args.general(
                    "Cannot specify address prefix when specifying peer address - ignoring".to_string(),
                );
            }
            own.prefix.len = host;
            own.peer = Some(peer);
        }
    }
}

/// A name of an address scope that every system knows, or one that the plan looks up.
fn known_scope(scope: &Lookup) -> bool {
    match scope {
        Lookup::Number(_) => true,
        Lookup::Name(name) => {
            matches!(name.value.as_str(), "global" | "nowhere" | "host" | "link" | "site")
        }
    }
}

/// `ADDRESS[/LENGTH]`, and whether there was a length.
pub(crate) fn prefix(args: &mut Args<'_, '_>, word: &str) -> Option<(Prefix, bool)> {
    let (text, len) = match word.split_once('/') {
        Some((text, len)) => (text, Some(len)),
        None => (word, None),
    };
    let Some(addr) = address(text) else {
        args.general(format!("VRRP parsed invalid IP {text}. skipping IP..."));
        return None;
    };
    let host = Family::of(addr).host_bits();
    let Some(len_word) = len else { return Some((Prefix { addr, len: host }, false)) };
    let len = u8::parse(args, len_word, &Bounds { range: 0..=host, strict: false }).unwrap_or_else(|| {
        args.general(format!("Invalid address prefix len {len_word} for address {word} - using {host}"));
        host
    });
    Some((Prefix { addr, len }, true))
}

/// The name of an interface with its place, for the plan to ask about.
pub(crate) fn interface(args: &mut Args<'_, '_>, word: &str, what: &str) -> Option<Located<IfName>> {
    let name = IfName::new(word);
    if name.is_none() {
        args.general(format!("WARNING - interface {word} for {what} doesn't exist"));
    }
    name.map(|name| args.located(name))
}
