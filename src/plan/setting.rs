//! Kernel parameters.

use serde::{Deserialize, Serialize};

/// A kernel parameter and the value it is to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setting {
    /// Its path below `/proc/sys`.
    pub(crate) key: String,
    /// The value.
    pub(crate) value: String,
}

impl Setting {
    /// A parameter of one interface: `ipv4/conf` or `ipv6/conf`, and its name.
    pub(crate) fn of(family: &str, interface: &str, name: &str, value: u8) -> Self {
        Self { key: format!("net/{family}/conf/{interface}/{name}"), value: value.to_string() }
    }

    /// Whether it is one of this interface.
    pub(crate) fn concerns(&self, interface: &str) -> bool {
        self.key.split('/').nth(3) == Some(interface)
    }
}
