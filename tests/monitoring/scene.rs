//! A configuration with all that a dump of virtual routers shows.

/// Four routers on `eth1`: a group of two, IPv6, and unicast.
pub(crate) const MANY: &str = "\
global_defs {
    router_id lb1
}
vrrp_sync_group G1 {
    group {
        VI_1
        VI_2
    }
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    priority 100
    garp_master_delay 2
    authentication {
        auth_type PASS
        auth_pass secret
    }
    virtual_ipaddress {
        172.16.0.100/24 brd + dev eth1 label eth1:1
        172.16.0.101 scope link
        172.16.0.102 peer 10.9.9.9
        172.16.0.103 noprefixroute no_track
    }
    virtual_ipaddress_excluded {
        fd00::5/64
        fd00::6 -nodad
        fd00::7/64 preferred_lft 100 mngtmpaddr home
        172.16.0.110
    }
}
vrrp_instance VI_2 {
    interface eth1
    version 3
    virtual_router_id 52
    priority 90
    advert_int 0.5
    virtual_ipaddress {
        172.16.0.120/24
    }
}
vrrp_instance VI_6 {
    interface eth1
    virtual_router_id 53
    virtual_ipaddress {
        fe80::1:2
        fd00::9/64
    }
}
vrrp_instance VI_U {
    interface eth1
    version 3
    virtual_router_id 54
    unicast_src_ip 172.16.0.1
    unicast_peer {
        172.16.0.2
        172.16.0.3 min_ttl 250
    }
    virtual_ipaddress {
        172.16.0.130/24
    }
}
";
