//! The nest `DEST`.

use super::{Addr, Be16, Host8, Host16, Host32, Nest, StatsAttr, attributes};

attributes! {
    /// One attribute of a destination (`IPVS_DEST_ATTR_*`).
    DestinationAttr {
        1   Addr(Addr),                "IPVS_DEST_ATTR_ADDR";
        2   Port(Be16),                "IPVS_DEST_ATTR_PORT";
        3   Forwarding(Host32),        "IPVS_DEST_ATTR_FWD_METHOD";
        4   Weight(Host32),            "IPVS_DEST_ATTR_WEIGHT";
        5   UpperThreshold(Host32),    "IPVS_DEST_ATTR_U_THRESH";
        6   LowerThreshold(Host32),    "IPVS_DEST_ATTR_L_THRESH";
        7   Active(Host32),            "IPVS_DEST_ATTR_ACTIVE_CONNS";
        8   Inactive(Host32),          "IPVS_DEST_ATTR_INACT_CONNS";
        9   Persistent(Host32),        "IPVS_DEST_ATTR_PERSIST_CONNS";
        10  Stats(Nest<StatsAttr>),    "IPVS_DEST_ATTR_STATS";
        11  Family(Host16),            "IPVS_DEST_ATTR_ADDR_FAMILY";
        12  Stats64(Nest<StatsAttr>),  "IPVS_DEST_ATTR_STATS64";
        13  TunnelType(Host8),         "IPVS_DEST_ATTR_TUN_TYPE";
        14  TunnelPort(Be16),          "IPVS_DEST_ATTR_TUN_PORT";
        15  TunnelFlags(Host16),       "IPVS_DEST_ATTR_TUN_FLAGS";
    }
}
