//! Receive buffers of netlink sockets.

use parser::config::{Global, ReceiveBuffer};
use serde::{Deserialize, Serialize};

/// Room for what the kernel says before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Buffer {
    /// `…_rcv_bufs`, in bytes.
    pub(crate) bytes: u32,
    /// `…_rcv_bufs_force`: beyond the limit `net.core.rmem_max`, which needs `CAP_NET_ADMIN`.
    pub(crate) force: bool,
}

/// None leaves the system's default.
pub(super) fn plan(configured: ReceiveBuffer) -> Option<Buffer> {
    let ReceiveBuffer { bytes, force } = configured;
    bytes.map(|bytes| Buffer { bytes, force })
}

/// The netlink sockets of a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Buffers {
    /// `vrrp_netlink_cmd_rcv_bufs`, `lvs_netlink_cmd_rcv_bufs`: what the kernel answers.
    pub(crate) commands: Option<Buffer>,
    /// `vrrp_netlink_monitor_rcv_bufs`, `lvs_netlink_monitor_rcv_bufs`: what it tells of its own accord.
    pub(crate) notices: Option<Buffer>,
}

impl Buffers {
    pub(super) fn of_vrrp(global: &Global) -> Self {
        let (commands, notices) = (global.vrrp_netlink_cmd_rcv_bufs, global.vrrp_netlink_monitor_rcv_bufs);
        Self { commands: plan(commands), notices: plan(notices) }
    }

    pub(super) fn of_checkers(global: &Global) -> Self {
        let (commands, notices) = (global.lvs_netlink_cmd_rcv_bufs, global.lvs_netlink_monitor_rcv_bufs);
        Self { commands: plan(commands), notices: plan(notices) }
    }
}
