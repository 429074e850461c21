//! The outermost attributes.

use super::{DaemonAttr, DestinationAttr, Host32, Nest, ServiceAttr, attributes};

attributes! {
    /// What a message carries directly (`IPVS_CMD_ATTR_*`), except replies to `GET_INFO`.
    ConfigAttr {
        1  Service(Nest<ServiceAttr>),          "IPVS_CMD_ATTR_SERVICE";
        2  Destination(Nest<DestinationAttr>),  "IPVS_CMD_ATTR_DEST";
        3  Daemon(Nest<DaemonAttr>),            "IPVS_CMD_ATTR_DAEMON";
        4  TimeoutTcp(Host32),                  "IPVS_CMD_ATTR_TIMEOUT_TCP";
        5  TimeoutTcpFin(Host32),               "IPVS_CMD_ATTR_TIMEOUT_TCP_FIN";
        6  TimeoutUdp(Host32),                  "IPVS_CMD_ATTR_TIMEOUT_UDP";
    }
}

attributes! {
    /// What the reply to `GET_INFO` carries directly: the same numbers mean something else there.
    InfoAttr {
        1  Version(Host32),        "IPVS_INFO_ATTR_VERSION";
        2  ConnTabSize(Host32),    "IPVS_INFO_ATTR_CONN_TAB_SIZE";
    }
}
