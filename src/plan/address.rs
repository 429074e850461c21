//! Address lines to addresses on interfaces.

use std::net::{IpAddr, Ipv4Addr};

use parser::config;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::iproute::{Names, Table};

/// The number that marks addresses, routes and rules as ours, so that `ip` prints `proto keepalived`.
pub(super) const PROTOCOL: u8 = 18;

/// An address to add to an interface while master. Equal in every field, it is the same address. There may be tens of
/// thousands, so that names are kept where they are and the whole is shared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Address {
    /// The interface it goes on.
    pub(crate) interface: SmolStr,
    /// The address.
    pub(crate) address: IpAddr,
    /// Length in bits of its network part; that of the peer's, if there is one.
    pub(crate) prefix: u8,
    /// 0 (global) to 255 (nowhere).
    pub(crate) scope: u8,
    /// IPv6: it is never preferred, as if [`Seldom::preferred`] were 0.
    pub(crate) deprecated: bool,
    /// IPv6: no duplicate address detection.
    pub(crate) no_duplicate_detection: bool,
    /// Number that tells whose it is.
    pub(crate) protocol: u8,
    /// Whether its deletion by somebody else matters.
    pub(crate) tracked: bool,
    /// What few addresses have; none if this one has nothing of it.
    pub(crate) seldom: Option<Box<Seldom>>,
}

/// What few addresses have.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Seldom {
    /// Broadcast address, IPv4 only.
    pub(crate) broadcast: Option<Ipv4Addr>,
    /// Label, IPv4 only, at most 15 bytes.
    pub(crate) label: Option<SmolStr>,
    /// Other end of a point-to-point link.
    pub(crate) peer: Option<IpAddr>,
    /// IPv6: seconds it stays preferred; none is for ever.
    pub(crate) preferred: Option<u32>,
    /// `home`.
    pub(crate) home: bool,
    /// `mngtmpaddr`.
    pub(crate) manage_temporary: bool,
    /// `noprefixroute`.
    pub(crate) no_prefix_route: bool,
    /// `autojoin`.
    pub(crate) autojoin: bool,
}

impl Seldom {
    const NOTHING: Self = Self {
        broadcast: None,
        label: None,
        peer: None,
        preferred: None,
        home: false,
        manage_temporary: false,
        no_prefix_route: false,
        autojoin: false,
    };

    /// In the least room.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

impl Address {
    /// One of which nothing else is said.
    pub(crate) fn plain(interface: impl Into<SmolStr>, address: IpAddr, prefix: u8) -> Self {
        Self {
            interface: interface.into(),
            address,
            prefix,
            scope: 0,
            deprecated: false,
            no_duplicate_detection: false,
            protocol: PROTOCOL,
            tracked: true,
            seldom: None,
        }
    }

    /// What it has of that.
    pub(crate) fn seldom(&self) -> &Seldom {
        self.seldom.as_deref().unwrap_or(&Seldom::NOTHING)
    }

    /// [`Seldom::broadcast`]
    pub(crate) fn broadcast(&self) -> Option<Ipv4Addr> {
        self.seldom().broadcast
    }

    /// [`Seldom::label`]
    pub(crate) fn label(&self) -> Option<&str> {
        self.seldom().label.as_deref()
    }

    /// [`Seldom::peer`]
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.seldom().peer
    }

    /// IPv6: seconds it stays preferred; none is for ever.
    pub(crate) fn preferred(&self) -> Option<u32> {
        if self.deprecated { Some(0) } else { self.seldom().preferred }
    }
}

/// Translates a line, whose `dev` may be left out if there is an `interface` that is meant then.
///
/// # Errors
/// What is wrong with it, to follow the address in a message.
pub(super) fn translate(
    one: &config::Address,
    interface: Option<&str>,
    names: &Names,
) -> Result<Address, &'static str> {
    let interface = match (&one.dev, interface) {
        (Some(dev), _) => SmolStr::new(dev.value.as_str()),
        (None, Some(own)) => SmolStr::new(own),
        (None, None) => return Err("has no interface"),
    };
    let (prefix, preferred) = (one.prefix.len, preferred(one));
    Ok(Address {
        interface,
        address: one.prefix.addr,
        prefix,
        scope: match &one.scope {
            None => 0,
            Some(scope) => names.number(Table::Scopes, scope).ok_or("has an unknown scope")?,
        },
        deprecated: preferred == Some(0),
        no_duplicate_detection: one.prefix.addr.is_ipv6() && !one.detect_duplicates,
        protocol: PROTOCOL,
        tracked: one.track,
        seldom: Seldom {
            broadcast: match one.prefix.addr {
                IpAddr::V4(v4) => one.broadcast.map(|kind| broadcast(kind, v4, prefix)),
                IpAddr::V6(_) => None,
            },
            label: one.label.as_deref().map(SmolStr::new),
            peer: one.peer,
            preferred: preferred.filter(|seconds| *seconds > 0),
            home: one.home,
            manage_temporary: one.manage_temporary,
            no_prefix_route: one.no_prefix_route,
            autojoin: one.autojoin,
        }
        .boxed(),
    })
}

fn broadcast(kind: config::Broadcast, address: Ipv4Addr, prefix: u8) -> Ipv4Addr {
    let host_bits = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
    match kind {
        config::Broadcast::Ones => Ipv4Addr::from(u32::from(address) | host_bits),
        config::Broadcast::Zeros => Ipv4Addr::from(u32::from(address) & !host_bits),
        config::Broadcast::Given(given) => given,
    }
}

/// An IPv6 host address is deprecated at once, so that it is not chosen as source of other traffic.
fn preferred(one: &config::Address) -> Option<u32> {
    match (one.preferred_lifetime.as_deref(), one.prefix.addr) {
        (Some(config::PreferredLifetime::Forever), _) => None,
        (Some(config::PreferredLifetime::For(time)), _) => {
            Some(u32::try_from(time.as_secs()).unwrap_or(u32::MAX))
        }
        (None, IpAddr::V6(_)) if one.prefix.len == 128 => Some(0),
        (None, IpAddr::V4(_) | IpAddr::V6(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_takes_little_room() {
        assert_eq!(size_of::<Address>(), 56);
    }

    #[test]
    fn broadcast_addresses_follow_from_the_prefix() {
        let address = Ipv4Addr::new(10, 0, 0, 100);
        assert_eq!(broadcast(config::Broadcast::Ones, address, 24), Ipv4Addr::new(10, 0, 0, 255));
        assert_eq!(broadcast(config::Broadcast::Zeros, address, 24), Ipv4Addr::new(10, 0, 0, 0));
        assert_eq!(broadcast(config::Broadcast::Ones, address, 32), address);
    }
}
