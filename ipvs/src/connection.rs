//! Connections. Generic netlink does not list them; the kernel's files do, which everybody may read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::Protocol;

/// One line of `/proc/net/ip_vs_conn` or of `/proc/net/ip_vs_conn_sync`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection<'a> {
    /// The kernel's name of the protocol. `IP` is a firewall mark's template of persistence, with the mark as
    /// [`Connection::service`]'s address.
    pub protocol: &'a str,
    /// Who asks. Port 0 makes it a template of persistence.
    pub client: SocketAddr,
    /// Whom it asks.
    pub service: SocketAddr,
    /// Who answers.
    pub server: SocketAddr,
    /// The protocol's state in the kernel's words.
    pub state: &'a str,
    /// Where the director has it from; only `ip_vs_conn_sync` says.
    pub origin: Option<Origin>,
    /// When the kernel forgets it if nothing happens, in whole seconds.
    pub expires: Duration,
    /// The persistence engine and what that knows of it.
    pub engine: Option<(&'a str, &'a str)>,
}

/// Where a director has a connection from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It gave the connection to its server itself.
    Local,
    /// From the other director, through the synchronisation daemons.
    Synchronised,
}

impl<'a> Connection<'a> {
    /// The file of connections, of the network namespace of the process that reads it.
    pub const FILE: &'static str = "/proc/net/ip_vs_conn";

    /// The file that tells their origin as well, but not what engines know.
    pub const FILE_WITH_ORIGIN: &'static str = "/proc/net/ip_vs_conn_sync";

    /// The connections in the text of such a file. Lines that are none are left out.
    pub fn read(text: &'a str) -> impl Iterator<Item = Self> {
        text.lines().filter_map(Self::of_line)
    }

    fn of_line(line: &'a str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let protocol = words.next()?;
        let mut end =
            || Some(SocketAddr::new(address(words.next()?)?, u16::from_str_radix(words.next()?, 16).ok()?));
        let (client, service, server) = (end()?, end()?, end()?);
        let state = words.next()?;
        let mut word = words.next()?;
        let origin = match word {
            "LOCAL" => Some(Origin::Local),
            "SYNC" => Some(Origin::Synchronised),
            _ => None,
        };
        if origin.is_some() {
            word = words.next()?;
        }
        let expires = Duration::from_secs(word.parse().ok()?);
        let engine = words.next().map(|name| (name, words.next().unwrap_or_default()));
        Some(Self { protocol, client, service, server, state, origin, expires, engine })
    }

    /// The protocol, if a service can have it.
    pub fn transport(&self) -> Option<Protocol> {
        match self.protocol {
            "TCP" => Some(Protocol::Tcp),
            "UDP" => Some(Protocol::Udp),
            "SCTP" => Some(Protocol::Sctp),
            _ => None,
        }
    }
}

/// IPv4 in eight hexadecimal digits, IPv6 in the usual form.
fn address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    u32::from_str_radix(text, 16).ok().map(|number| Ipv4Addr::from(number).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an endpoint")
    }

    #[test]
    fn a_line_names_both_ends_and_the_server() {
        let text = "\
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP fd01:0000:0000:0000:0000:0000:0000:0002 B588 fd01:0000:0000:0000:0000:0000:0000:0100 0050 0A02000C 0050 ESTABLISHED     896
UDP 0A010002 0000 0A010064 13C4 0A02000B 13C4 ASSURED          56 sip abc123@10.1.0.2
nonsense
";
        let [plain, template] = Connection::read(text).collect::<Vec<_>>().try_into().expect("two");
        assert_eq!((plain.client, plain.service), (at("[fd01::2]:46472"), at("[fd01::100]:80")));
        assert_eq!(plain.server, at("10.2.0.12:80"), "tunnels may cross families");
        assert_eq!((plain.transport(), plain.state), (Some(Protocol::Tcp), "ESTABLISHED"));
        assert_eq!((plain.origin, plain.engine), (None, None));
        assert_eq!(template.expires, Duration::from_secs(56));
        assert_eq!(template.engine, Some(("sip", "abc123@10.1.0.2")));
    }

    #[test]
    fn the_other_file_tells_who_knew_first() {
        let text = "\
TCP 0A010002 A5C8 0A010064 0050 0A02000C 0050 ESTABLISHED LOCAL      896
TCP 0A010002 A5C9 0A010064 0050 0A02000C 0050 ESTABLISHED SYNC       897
IP  0A010001 0000 00000007 0000 0A02000B 0000 ASSURED     SYNC   2678399
";
        let found: Vec<_> = Connection::read(text).collect();
        let origins: Vec<_> = found.iter().filter_map(|one| one.origin).collect();
        assert_eq!(origins, [Origin::Local, Origin::Synchronised, Origin::Synchronised]);
        assert_eq!((found[1].expires, found[1].engine), (Duration::from_secs(897), None));
        assert_eq!((found[2].transport(), found[2].service), (None, at("0.0.0.7:0")));
    }

    #[test]
    fn half_a_line_is_no_connection() {
        let line = "TCP 0A010002 A5C8 0A010064 0050 0A02000C 0050 ESTABLISHED SYNC 896";
        for end in 0..line.len() - 3 {
            assert_eq!(Connection::read(&line[..end]).count(), 0, "{}", &line[..end]);
        }
        assert_eq!(Connection::read(line).count(), 1);
    }
}
