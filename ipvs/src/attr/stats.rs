//! The nests `STATS` and `STATS64`: the same numbers, the second with 64 bits throughout.

use super::{Counter, Empty, attributes};

attributes! {
    /// One counter or rate (`IPVS_STATS_ATTR_*`).
    StatsAttr {
        1   Conns(Counter),      "IPVS_STATS_ATTR_CONNS";
        2   InPackets(Counter),  "IPVS_STATS_ATTR_INPKTS";
        3   OutPackets(Counter), "IPVS_STATS_ATTR_OUTPKTS";
        4   InBytes(Counter),    "IPVS_STATS_ATTR_INBYTES";
        5   OutBytes(Counter),   "IPVS_STATS_ATTR_OUTBYTES";
        6   Cps(Counter),        "IPVS_STATS_ATTR_CPS";
        7   InPps(Counter),      "IPVS_STATS_ATTR_INPPS";
        8   OutPps(Counter),     "IPVS_STATS_ATTR_OUTPPS";
        9   InBps(Counter),      "IPVS_STATS_ATTR_INBPS";
        10  OutBps(Counter),     "IPVS_STATS_ATTR_OUTBPS";
        11  Pad(Empty),          "IPVS_STATS_ATTR_PAD";
    }
}
