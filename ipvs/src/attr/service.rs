//! The nest `SERVICE`.

use super::{Addr, Be16, FlagWord, Host16, Host32, Nest, Quad, StatsAttr, Text, attributes};

attributes! {
    /// One attribute of a service (`IPVS_SVC_ATTR_*`).
    ServiceAttr {
        1   Family(Host16),            "IPVS_SVC_ATTR_AF";
        2   Protocol(Host16),          "IPVS_SVC_ATTR_PROTOCOL";
        3   Addr(Addr),                "IPVS_SVC_ATTR_ADDR";
        4   Port(Be16),                "IPVS_SVC_ATTR_PORT";
        5   FwMark(Host32),            "IPVS_SVC_ATTR_FWMARK";
        6   Scheduler(Text),           "IPVS_SVC_ATTR_SCHED_NAME";
        7   Flags(FlagWord),           "IPVS_SVC_ATTR_FLAGS";
        8   Timeout(Host32),           "IPVS_SVC_ATTR_TIMEOUT";
        9   Netmask(Quad),             "IPVS_SVC_ATTR_NETMASK";
        10  Stats(Nest<StatsAttr>),    "IPVS_SVC_ATTR_STATS";
        11  Engine(Text),              "IPVS_SVC_ATTR_PE_NAME";
        12  Stats64(Nest<StatsAttr>),  "IPVS_SVC_ATTR_STATS64";
    }
}
