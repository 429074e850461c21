//! What servers are called: in log lines, and by a reload that asks which of them it has met before.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// `protocol`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Protocol {
    /// TCP
    Tcp,
    /// UDP
    Udp,
    /// SCTP
    Sctp,
    /// Not looked at: a firewall mark decides.
    None,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
            Self::None => "none",
        })
    }
}

/// A virtual server, as a reload recognises it (checkers.md §13.2) and as lines name it (§1.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VirtualServerId {
    /// By address.
    Address {
        /// Transport protocol.
        protocol: Protocol,
        /// Virtual address.
        addr: IpAddr,
        /// Virtual port, 0 for all.
        port: u16,
    },
    /// By firewall mark.
    FwMark {
        /// The mark.
        mark: u32,
        /// Whether IPv6 packets are meant.
        ipv6: bool,
    },
    /// All members of a group.
    Group {
        /// The group.
        name: String,
        /// How many virtual servers before this one use the group.
        nth: usize,
        /// Transport protocol. The same group under another protocol is another virtual server.
        protocol: Protocol,
    },
}

impl VirtualServerId {
    /// The same for all virtual servers of a group and protocol, which count from one another when others come and go.
    pub(crate) fn wherever(&self) -> Self {
        match self {
            Self::Group { name, protocol, .. } => {
                Self::Group { name: name.clone(), nth: 0, protocol: *protocol }
            }
            Self::Address { .. } | Self::FwMark { .. } => self.clone(),
        }
    }
}

impl fmt::Display for VirtualServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { protocol, addr, port } => write!(f, "[{addr}]:{protocol}:{port}"),
            Self::FwMark { mark, .. } => write!(f, "FWM {mark}"),
            Self::Group { name, nth, .. } => write!(f, "[{name}]:{nth}"),
        }
    }
}

/// A real server of a virtual server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RealServerId {
    /// Its address.
    pub addr: IpAddr,
    /// The virtual server's protocol.
    pub protocol: Protocol,
    /// Its port.
    pub port: u16,
}

impl fmt::Display for RealServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]:{}:{}", self.addr, self.protocol, self.port)
    }
}

/// One line of a group that a virtual server stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryId {
    /// An address, or all from the first to the last.
    Addresses {
        /// The first.
        first: IpAddr,
        /// The last, when there are several.
        last: Option<IpAddr>,
        /// The virtual server's protocol.
        protocol: Protocol,
        /// The port.
        port: u16,
    },
    /// A firewall mark.
    FwMark(u32),
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses { first, last, protocol, port } => {
                write!(f, "[{first}]:{protocol}:{port}")?;
                last.map_or(Ok(()), |last| write!(f, "-{last}"))
            }
            Self::FwMark(mark) => write!(f, "FWM {mark}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_in_every_log_line() {
        let addr = "10.1.0.1".parse().unwrap();
        let address = VirtualServerId::Address { protocol: Protocol::Tcp, addr, port: 80 };
        assert_eq!(address.to_string(), "[10.1.0.1]:tcp:80");
        assert_eq!(VirtualServerId::FwMark { mark: 55, ipv6: true }.to_string(), "FWM 55");
        let group = VirtualServerId::Group { name: "WEB".into(), nth: 1, protocol: Protocol::Udp };
        assert_eq!(group.to_string(), "[WEB]:1");
        let server = RealServerId { addr: "fd00::2".parse().unwrap(), protocol: Protocol::None, port: 80 };
        assert_eq!(server.to_string(), "[fd00::2]:none:80");
    }
}
