//! A configuration with all that a dump of virtual routers shows.

/// What dumps tell besides routers: what stands, VMACs, routes, rules and what is tracked. `eth2` is needed; `VI_F` is in FAULT.
pub(crate) const AROUND: &str = "\
global_defs {
    router_id lb1
    script_user root
    enable_script_security
}
static_ipaddress {
    10.50.0.1/24 dev eth1 track_group TG
}
static_routes {
    10.60.0.0/16 via 172.16.0.254 dev eth1 track_group TG
    blackhole 10.61.0.0/16
}
static_rules {
    from 10.60.0.0/16 table 77 priority 5000
}
track_group TG {
    group {
        VI_V
    }
}
vrrp_script good {
    script \"/usr/bin/true 'a b'\"
    interval 1
    timeout 1
    weight 5
}
vrrp_script bad {
    script /usr/bin/false
    interval 1
    timeout 1
}
track_file number {
    file /run/number
    weight 2
}
vrrp_instance VI_V {
    interface eth1
    virtual_router_id 61
    priority 100
    use_vmac
    vmac_xmit_base
    virtual_ipaddress {
        172.16.0.150/24
        10.77.0.1/24 dev eth2
        10.78.0.1/24 dev eth2 use_vmac
    }
    virtual_routes {
        10.80.0.0/16 via 172.16.0.254 dev eth1
        10.81.0.0/16 via 172.16.0.253 dev eth1 src 172.16.0.1 metric 10 table 77 no_track
        unreachable 10.82.0.0/16
        10.83.0.0/16 nexthop via 172.16.0.250 dev eth1 weight 2 nexthop via 172.16.0.251 dev eth1 weight 3
        10.84.0.0/16 via 172.16.0.254 dev eth1 mtu lock 1400 advmss 1300 rtt 300ms
    }
    virtual_rules {
        from 10.90.0.0/16 table 77 priority 4000
        to 10.91.0.0/16 table 78 priority 4001 iif eth1
        from 10.92.0.0/16 fwmark 5 blackhole priority 4002
    }
    track_interface {
        eth2 weight 5
    }
    track_script {
        good
    }
    track_file {
        number
    }
    notify_master \"/usr/bin/true m\"
}
vrrp_instance VI_P {
    interface eth1
    virtual_router_id 62
    use_vmac 02:01:02:03:04:05 vp.62
    virtual_ipaddress {
        172.16.0.151/24
    }
}
vrrp_instance VI_W {
    interface eth1
    virtual_router_id 63
    use_vmac
    virtual_ipaddress {
        fe80::9:9
        fd00::19/64
    }
}
vrrp_instance VI_F {
    interface eth1
    virtual_router_id 64
    virtual_ipaddress {
        172.16.0.152
    }
    track_script {
        bad
    }
}
";

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
