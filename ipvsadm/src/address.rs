//! `host[:port]` as it stands on a command line.

use std::net::{IpAddr, Ipv6Addr};

use ipvs::Protocol;

use crate::Names;
use crate::aton::ipv4;
use crate::number::number;

/// Reads an address and a port; without one the port is `None`. An IPv6 address stands alone or, with a port, in
/// brackets. Without a protocol, names of ports are unknown.
pub(crate) fn endpoint(
    text: &str,
    protocol: Option<Protocol>,
    names: &impl Names,
) -> Option<(IpAddr, Option<u16>)> {
    let text = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, behind) = rest.split_once(']')?;
            let after = behind.strip_prefix(':')?;
            if let Ok(addr) = inner.parse::<Ipv6Addr>() {
                return Some((addr.into(), Some(port(after, protocol, names)?)));
            }
            // Anything else in brackets is read as if it stood there alone; the port behind them is not looked at.
            inner
        }
        // A number alone is a port without an address, not one of the forms of `inet_aton`.
        None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        None => match text.parse::<Ipv6Addr>() {
            Ok(addr) => return Some((addr.into(), None)),
            Err(_) => text,
        },
    };
    let (host, port_text) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let addr = ipv4(host).or_else(|| names.host(host))?;
    let port = match port_text {
        Some(text) => Some(port(text, protocol, names)?),
        None => None,
    };
    Some((addr.into(), port))
}

fn port(text: &str, protocol: Option<Protocol>, names: &impl Names) -> Option<u16> {
    match number(text, 0..=65_535) {
        Some(port) => u16::try_from(port).ok(),
        None => names.port(text, protocol?),
    }
}

/// An address as `inet_ntop` writes it: unlike Rust it knows the obsolete form `::10.0.0.1`.
pub(crate) fn numeric(addr: IpAddr) -> String {
    match addr {
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
                format!("::{}", std::net::Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
            }
            _ => v6.to_string(),
        },
        IpAddr::V4(v4) => v4.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Numeric;

    fn reads(text: &str, addr: &str, port: Option<u16>) {
        let addr = addr.parse().expect("an address");
        assert_eq!(endpoint(text, Some(Protocol::Tcp), &Numeric), Some((addr, port)), "{text}");
    }

    #[test]
    fn an_ipv6_address_with_a_port_stands_in_brackets() {
        reads("10.0.0.1:80", "10.0.0.1", Some(80));
        reads("10.0.0.1", "10.0.0.1", None);
        reads("[fd00::1]:80", "fd00::1", Some(80));
        reads("fd00::1:80", "fd00::1:80", None);
        for text in [
            "[fd00::1]",
            "[fd00::1]:",
            "[fd00::1]x:80",
            "[fd00::1",
            "[]:80",
            "[[fd00::1]]:80",
            ":80",
            "10.0.0.1:",
            "3",
            "167772420",
        ] {
            assert_eq!(endpoint(text, Some(Protocol::Tcp), &Numeric), None, "{text}");
        }
    }

    #[test]
    fn an_ipv4_address_in_brackets_loses_the_port_behind_them() {
        reads("[10.0.0.1]:80", "10.0.0.1", None);
        reads("[10.0.0.1:90]:80", "10.0.0.1", Some(90));
        reads("[10.0.0.1]:x", "10.0.0.1", None);
    }

    #[test]
    fn addresses_are_written_as_c_writes_them() {
        for text in
            ["::", "::1", "::ffff:10.0.0.1", "::10.0.0.1", "fd00::1", "1:0:0:2::", "::1:0:0:0", "10.0.0.1"]
        {
            assert_eq!(numeric(text.parse().expect("an address")), text);
        }
    }
}
