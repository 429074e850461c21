//! The two threads that carry connections from a master director to a backup.

use std::net::{IpAddr, Ipv4Addr};

use crate::attr::{Addr, DaemonAttr, Host8, Host16, Host32, Quad};
use crate::{Malformed, Name};

/// The group that messages go to unless another is asked for.
const DEFAULT_GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 81));

/// The UDP port that messages go to unless another is asked for.
const DEFAULT_PORT: u16 = 8848;

/// Which of the two daemons; both may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Role {
    /// Sends.
    Master,
    /// Receives.
    Backup,
}

impl Role {
    fn number(self) -> u32 {
        match self {
            Self::Master => 1,
            Self::Backup => 2,
        }
    }
}

/// A synchronisation daemon. What is `None` takes the kernel's default; replies say everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Daemon {
    /// Which one.
    pub role: Role,
    /// The interface its multicast uses.
    pub interface: Name,
    /// Only messages with the same number are taken.
    pub sync_id: u8,
    /// Bytes of one message, 1 to 65,507.
    pub max_len: Option<u16>,
    /// Multicast group; default 224.0.0.81.
    pub group: Option<IpAddr>,
    /// UDP port; default 8848.
    pub port: Option<u16>,
    /// Time to live; default 1.
    pub ttl: Option<u8>,
}

impl Daemon {
    /// One whose length, group, port and time to live are the kernel's defaults.
    pub fn new(role: Role, interface: Name, sync_id: u8) -> Self {
        Self { role, interface, sync_id, max_len: None, group: None, port: None, ttl: None }
    }

    /// The attributes that stop it; the kernel looks at the role alone.
    pub(crate) fn encode_id(role: Role, interface: Option<Name>, sync_id: u8) -> Vec<DaemonAttr> {
        vec![
            DaemonAttr::State(Host32(role.number())),
            DaemonAttr::Interface(interface.map_or(crate::attr::Text(Vec::new()), Name::text)),
            DaemonAttr::SyncId(Host32(sync_id.into())),
        ]
    }

    pub(crate) fn encode(&self) -> Vec<DaemonAttr> {
        let mut attrs = Self::encode_id(self.role, Some(self.interface), self.sync_id);
        attrs.extend(self.max_len.map(|len| DaemonAttr::MaxLen(Host16(len))));
        attrs.extend(self.group.map(|group| match group {
            IpAddr::V4(v4) => DaemonAttr::Group(Quad(v4.octets())),
            IpAddr::V6(_) => DaemonAttr::Group6(Addr::from(group)),
        }));
        attrs.extend(self.port.map(|port| DaemonAttr::Port(Host16(port))));
        attrs.extend(self.ttl.map(|ttl| DaemonAttr::Ttl(Host8(ttl))));
        attrs
    }

    /// Whether a daemon that runs is what this asks for. What is `None` here is not looked at where the kernel's
    /// default depends on the interface (the length), and is the default otherwise.
    pub fn is_met_by(&self, running: &Self) -> bool {
        let group = self.group.unwrap_or(DEFAULT_GROUP);
        self.role == running.role
            && self.interface == running.interface
            && self.sync_id == running.sync_id
            // A backup is given room for at least 1,024 bytes, whatever is asked for.
            && self.max_len.is_none_or(|len| {
                let least = if self.role == Role::Backup { 1024 } else { 0 };
                running.max_len.is_none_or(|running| running == len.max(least))
            })
            && running.group.is_none_or(|running| running == group)
            && running.port.is_none_or(|running| running == self.port.unwrap_or(DEFAULT_PORT))
            && running.ttl.is_none_or(|running| running == self.ttl.unwrap_or(1))
    }

    /// Reads the attributes of one `DAEMON` nest.
    ///
    /// # Errors
    ///
    /// When role or interface are missing or senseless.
    pub fn decode(attrs: &[DaemonAttr]) -> Result<Self, Malformed> {
        let (mut role, mut interface, mut sync_id) = (None, None, 0);
        let (mut max_len, mut group, mut port, mut ttl) = (None, None, None, None);
        for attr in attrs {
            match attr {
                DaemonAttr::State(Host32(1)) => role = Some(Role::Master),
                DaemonAttr::State(Host32(2)) => role = Some(Role::Backup),
                DaemonAttr::State(_) => return Err(Malformed::Daemon("state")),
                DaemonAttr::Interface(text) => interface = Name::optional(text),
                DaemonAttr::SyncId(value) => {
                    sync_id = u8::try_from(value.0).map_err(|_| Malformed::Daemon("sync id"))?;
                }
                DaemonAttr::MaxLen(value) => max_len = Some(value.0),
                DaemonAttr::Group(quad) => group = Some(IpAddr::V4(Ipv4Addr::from(quad.0))),
                DaemonAttr::Group6(addr) => group = Some(addr.in_family(crate::Family::V6)),
                DaemonAttr::Port(value) => port = Some(value.0),
                DaemonAttr::Ttl(value) => ttl = Some(value.0),
                DaemonAttr::Other(_) => {}
            }
        }
        Ok(Self {
            role: role.ok_or(Malformed::Daemon("state"))?,
            interface: interface.ok_or(Malformed::Daemon("interface"))?,
            sync_id,
            max_len,
            group,
            port,
            ttl,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_open_is_met_by_the_kernels_defaults() {
        let interface = Name::new("eth0").expect("short");
        let wanted = Daemon::new(Role::Backup, interface, 7);
        let running = Daemon {
            max_len: Some(1472),
            group: Some(DEFAULT_GROUP),
            port: Some(DEFAULT_PORT),
            ttl: Some(1),
            ..wanted
        };
        assert!(wanted.is_met_by(&running));
        assert!(
            Daemon { max_len: Some(500), ..wanted }.is_met_by(&Daemon { max_len: Some(1024), ..running })
        );
        let others = [
            Daemon { role: Role::Master, ..running },
            Daemon { sync_id: 8, ..running },
            Daemon { group: Some(Ipv4Addr::new(224, 0, 0, 90).into()), ..running },
            Daemon { port: Some(9000), ..running },
            Daemon { ttl: Some(2), ..running },
        ];
        assert!(!others.iter().any(|other| wanted.is_met_by(other)));
        assert!(!Daemon { max_len: Some(1400), ..wanted }.is_met_by(&running));
    }
}
