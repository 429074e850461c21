//! What holds for the whole table.

use std::fmt;

use netlink_packet_core::DefaultNla;

use crate::Malformed;
use crate::attr::{ConfigAttr, Host32, InfoAttr};

/// Seconds after which a silent connection is forgotten. When written, `None` (and 0) leaves a value as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timeouts {
    /// Established TCP connections.
    pub tcp: Option<u32>,
    /// TCP connections after a FIN.
    pub tcp_fin: Option<u32>,
    /// UDP.
    pub udp: Option<u32>,
}

impl Timeouts {
    pub(crate) fn encode(&self) -> Vec<ConfigAttr> {
        let attrs = [
            self.tcp.map(|seconds| ConfigAttr::TimeoutTcp(Host32(seconds))),
            self.tcp_fin.map(|seconds| ConfigAttr::TimeoutTcpFin(Host32(seconds))),
            self.udp.map(|seconds| ConfigAttr::TimeoutUdp(Host32(seconds))),
        ];
        attrs.into_iter().flatten().collect()
    }

    /// Reads the attributes of a reply to `GET_CONFIG`.
    pub fn decode(attrs: &[ConfigAttr]) -> Self {
        let mut timeouts = Self::default();
        for attr in attrs {
            match attr {
                ConfigAttr::TimeoutTcp(seconds) => timeouts.tcp = Some(seconds.0),
                ConfigAttr::TimeoutTcpFin(seconds) => timeouts.tcp_fin = Some(seconds.0),
                ConfigAttr::TimeoutUdp(seconds) => timeouts.udp = Some(seconds.0),
                ConfigAttr::Service(_)
                | ConfigAttr::Destination(_)
                | ConfigAttr::Daemon(_)
                | ConfigAttr::Other(_) => {}
            }
        }
        timeouts
    }
}

/// What the kernel says about its IPVS.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Major, minor and patch number, one byte each.
    pub version: u32,
    /// Rows of the connection table.
    pub conn_tab_size: u32,
    /// Attributes of the reply that this crate does not know.
    pub unknown: Vec<DefaultNla>,
}

impl Info {
    /// Reads the attributes of a reply to `GET_INFO`.
    ///
    /// # Errors
    ///
    /// When the version is missing.
    pub fn decode(attrs: &[InfoAttr]) -> Result<Self, Malformed> {
        let (mut version, mut conn_tab_size, mut unknown) = (None, 0, Vec::new());
        for attr in attrs {
            match attr {
                InfoAttr::Version(value) => version = Some(value.0),
                InfoAttr::ConnTabSize(value) => conn_tab_size = value.0,
                InfoAttr::Other(nla) => unknown.push(nla.clone()),
            }
        }
        Ok(Self { version: version.ok_or(Malformed::Info("version"))?, conn_tab_size, unknown })
    }
}

/// The version, as in `1.2.1`.
impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, major, minor, patch] = self.version.to_be_bytes();
        write!(f, "{major}.{minor}.{patch}")
    }
}
