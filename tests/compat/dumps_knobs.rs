//! Configurations that set whatever dumps show.

/// Every global setting that 2.2.7 knows, but those that need IPVS, SNMP or D-Bus, and a router that moves with them.
pub(crate) const SETTINGS: &str = "\
global_defs {
    process_names
    process_name kp
    router_id \"lb one\"
    notification_email_from \"The LB <lb@example.org>\"
    smtp_server 127.0.0.1 2525
    smtp_helo_name helo.example
    smtp_connect_timeout 7
    notification_email {
        a@example.org
        \"B <b@example.org>\" c@x
    }
    script_user nobody
    enable_script_security
    startup_script \"/usr/bin/true 'a b' c\" root
    startup_script_timeout 4
    shutdown_script /usr/bin/true root
    max_auto_priority -1
    min_auto_priority_delay 5000
    smtp_alert_vrrp off
    smtp_alert_checker on
    checker_log_all_failures
    dynamic_interfaces allow_if_changes
    no_email_faults
    lvs_timeouts tcp 7200 tcpfin 30
    lvs_flush
    lvs_flush_on_stop VS
    vrrp_mcast_group4 224.0.0.19
    vrrp_mcast_group6 ff02::13
    vrrp_garp_master_delay 3
    vrrp_garp_master_repeat 2
    vrrp_garp_master_refresh 60
    vrrp_garp_master_refresh_repeat 4
    vrrp_garp_lower_prio_delay 9
    vrrp_garp_lower_prio_repeat 8
    vrrp_down_timer_adverts 5
    vrrp_garp_interval 0.025
    vrrp_gna_interval 0.001
    vrrp_garp_extra_if all 30
    vrrp_lower_prio_no_advert
    vrrp_higher_prio_send_advert
    vrrp_version 3
    nftables kt
    nftables_priority -5
    nftables_ifindex
    nftables_counters
    nftables_ipvs kti
    nftables_ipvs_priority 3
    nftables_ipvs_start_fwmark 2000
    vrrp_check_unicast_src
    vrrp_skip_check_adv_addr
    vrrp_priority -1
    vrrp_no_swap
    vrrp_rt_priority 2
    vrrp_cpu_affinity 1
    vrrp_rlimit_rttime 200000
    checker_priority -2
    checker_no_swap
    checker_rt_priority 3
    checker_cpu_affinity 1
    checker_rlimit_rttime 30000
    bfd_priority -3
    bfd_rt_priority 4
    bfd_rlimit_rttime 400000
    notify_fifo /run/f1 nobody
    notify_fifo_script \"/usr/bin/cat -u\" nobody
    vrrp_notify_fifo /run/f2 root mail
    vrrp_notify_fifo_script /usr/bin/cat
    lvs_notify_fifo /run/f3
    lvs_notify_fifo_script \"/usr/bin/cat -u\" root
    vrrp_notify_priority_changes
    fifo_write_vrrp_states_on_reload
    vrrp_netlink_cmd_rcv_bufs 100000
    vrrp_netlink_cmd_rcv_bufs_force
    vrrp_netlink_monitor_rcv_bufs 100001
    process_monitor_rcv_bufs 100002
    process_monitor_rcv_bufs_force
    lvs_netlink_cmd_rcv_bufs 100003
    lvs_netlink_monitor_rcv_bufs 100004
    lvs_netlink_monitor_rcv_bufs_force
    rs_init_notifies
    no_checker_emails
    vrrp_rx_bufs_policy MTU
    vrrp_rx_bufs_multiplier 5
    vrrp_startup_delay 0.5
    log_unknown_vrids
    vmac_prefix vm
    vmac_addr_prefix va
    umask 022
    reload_time_file /run/time
    reload_repeat
    reload_file /run/mark
    data_use_instance
    snmp_socket tcp:localhost:705
    dbus_service_name org.x.y
}
garp_group {
    garp_interval 0.05
    gna_interval 0.02
    interface eth2
}
bfd_instance b1 {
    neighbor_ip 172.16.0.9
    source_ip 172.16.0.1
    min_rx 110
    min_tx 120
    idle_tx 1300
    multiplier 4
}
bfd_instance b2 {
    neighbor_ip fd00::99
    passive
    max_hops 3
    ttl 200
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    virtual_ipaddress {
        172.16.0.100/24
        172.16.0.101/24 dev eth2
    }
}
";

/// Other values of settings that [`SETTINGS`] has already, and what follows from those that are left out.
pub(crate) const OTHERWISE: &str = "\
global_defs {
    vrrp_process_name kpv
    checker_process_name kpl
    bfd_process_name kpb
    smtp_server 127.0.0.1
    smtp_alert off
    max_auto_priority
    dynamic_interfaces
    lvs_flush_on_stop
    vrrp_min_garp
    vrrp_garp_interval 0.02
    vrrp_garp_extra_if 30
    nftables
    nftables_ipvs
    vrrp_rx_bufs_policy 65536
    notify_fifo /run/f1
    reload_time_file /run/never
    umask 0
}
bfd_instance b1 {
    neighbor_ip 172.16.0.9
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    use_vmac
    virtual_ipaddress {
        172.16.0.100/24
        10.78.0.1/24 dev eth2 use_vmac
    }
}
";

/// What routers can be told besides what other scenes show. `VI_3` is in FAULT.
pub(crate) const KNOBS: &str = "\
global_defs {
    router_id lb1
    script_user root
    enable_script_security
    vrrp_rx_bufs_policy ADVERT
    smtp_connect_timeout 3
    smtp_helo_name x.y
}
garp_group {
    garp_interval 0.1
    interfaces {
        lo
        eth2
    }
}
garp_group {
    gna_interval 0.2
    interface eth1
}
vrrp_script late {
    script \"/usr/bin/sleep 60\"
    interval 90
    timeout 80
}
vrrp_track_process absent {
    process nosuch \"20 x\" y
    param_match initial
    weight 10
    quorum 1
    quorum_max 4
    delay 1
}
vrrp_track_process other {
    process nosuch 77
    weight 3 reverse
    terminate_delay 0.5
    fork_delay 2
    full_command
}
track_file number {
    file /run/number
    weight 2 reverse
}
vrrp_sync_group G1 {
    group {
        VI_1
        VI_2
    }
    track_file {
        number weight 1
    }
    notify_master \"/usr/bin/true gm\"
    smtp_alert
}
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    priority 110
    state MASTER
    advert_int 1
    garp_master_refresh 10
    native_ipv6
    notify \"/usr/bin/true any\"
    virtual_ipaddress {
        fe80::100
        2001:db8::100/64
    }
}
vrrp_instance VI_2 {
    interface eth1
    virtual_router_id 52
    advert_int 1
    priority 120
    accept
    dont_track_primary
    skip_check_adv_addr
    kernel_rx_buf_size 5000
    promote_secondaries
    mcast_src_ip 172.16.0.1
    virtual_ipaddress {
        172.16.0.120/24 dev eth1 label eth1:x
    }
    notify_backup \"/usr/bin/true b\"
    notify_fault \"/usr/bin/true f\"
    notify_stop \"/usr/bin/true s\"
    notify_deleted \"/usr/bin/true d\"
    notify_master_rx_lower_pri \"/usr/bin/true rl\"
    notify_priority_changes
    track_process {
        absent
        other weight 4
    }
}
vrrp_instance VI_3 {
    interface eth1
    virtual_router_id 53
    track_interface {
        eth2 weight 3
    }
    track_process {
        absent weight 0
    }
    track_script {
        late
    }
    virtual_ipaddress {
        172.16.0.130/24
    }
}
vrrp_instance VI_4 {
    interface eth1
    virtual_router_id 54
    old_unicast_checksum
    unicast_src_ip 172.16.0.1
    unicast_ttl 32
    check_unicast_src
    unicast_peer {
        172.16.0.9
    }
    authentication {
        auth_type AH
        auth_pass abc
    }
    virtual_ipaddress {
        172.16.0.140/24
    }
}
vrrp_instance VI_8 {
    interface eth1
    virtual_router_id 58
    use_vmac
    use_vmac_addr
    version 3
    strict_mode on
    virtual_ipaddress {
        172.16.0.158/24
        10.79.0.1/24 dev eth2
    }
}
";
