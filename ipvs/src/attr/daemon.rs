//! The nest `DAEMON`.

use super::{Host8, Host16, Host32, Quad, Text, attributes};
use crate::attr::wire::Addr;

attributes! {
    /// One attribute of a synchronisation daemon (`IPVS_DAEMON_ATTR_*`). Its port, unlike all others, is in the
    /// host's order.
    DaemonAttr {
        1  State(Host32),        "IPVS_DAEMON_ATTR_STATE";
        2  Interface(Text),      "IPVS_DAEMON_ATTR_MCAST_IFN";
        3  SyncId(Host32),       "IPVS_DAEMON_ATTR_SYNC_ID";
        4  MaxLen(Host16),       "IPVS_DAEMON_ATTR_SYNC_MAXLEN";
        5  Group(Quad),          "IPVS_DAEMON_ATTR_MCAST_GROUP";
        6  Group6(Addr),         "IPVS_DAEMON_ATTR_MCAST_GROUP6";
        7  Port(Host16),         "IPVS_DAEMON_ATTR_MCAST_PORT";
        8  Ttl(Host8),           "IPVS_DAEMON_ATTR_MCAST_TTL";
    }
}
