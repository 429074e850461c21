//! The root keywords and `global_defs`.

use std::time::Duration;

use super::text::{Printer, identity, seconds, word};
use crate::config::{
    Adverts, Config, DynamicInterfaces, Fifo, FlushOnStop, Garp, Global, Ipsets, Iptables, IpvsTimeouts,
    Mail, Nftables, NftablesIpvs, ProcessTuning, ReceiveBuffer, RxBuffers, SmtpServer, SmtpTls, Snmp,
    SyncDaemon, Version,
};

/// Keywords outside of every block.
pub(super) fn root(p: &mut Printer, global: &Global) {
    let default = Global::default();
    p.word("net_namespace", global.net_namespace.as_ref().map(|name| &name.value));
    if let Some(name) = &global.net_namespace_ipvs {
        match name.value.as_str() {
            "" => p.line("net_namespace_ipvs"),
            name => p.value("net_namespace_ipvs", word(name)),
        }
    }
    p.flag("namespace_with_ipsets", global.namespace_with_ipsets);
    p.flag("use_pid_dir", global.use_pid_dir);
    p.word("instance", global.instance.as_ref());
    if global.child_wait_time != default.child_wait_time {
        p.value("child_wait_time", seconds(global.child_wait_time));
    }
    p.flag("linkbeat_use_polling", global.linkbeat_use_polling);
}

/// `global_defs`: what differs from the built-in values.
pub(super) fn definitions(p: &mut Printer, global: &Global, config: &Config) {
    let default = Global::default();
    let Global {
        // Root keywords.
        net_namespace: _,
        net_namespace_ipvs: _,
        namespace_with_ipsets: _,
        use_pid_dir: _,
        instance: _,
        child_wait_time: _,
        linkbeat_use_polling: _,
        process_name,
        vrrp_process,
        checker_process,
        bfd_process,
        max_auto_priority,
        min_auto_priority_delay,
        router_id,
        mail,
        script_security,
        script_user,
        use_symlink_paths,
        set_supplementary_groups,
        startup_script,
        startup_script_timeout,
        shutdown_script,
        shutdown_script_timeout,
        notify_fifo,
        vrrp_notify_fifo,
        lvs_notify_fifo,
        fifo_write_vrrp_states_on_reload,
        dynamic_interfaces,
        default_interface,
        disable_local_igmp,
        vrrp_version,
        vrrp_strict,
        vrrp_mcast_group4,
        vrrp_mcast_group6,
        garp,
        adverts,
        garp_interval,
        gna_interval,
        vrrp_startup_delay,
        vrrp_delay_after_boot,
        log_unknown_vrids,
        vmac_prefix,
        vmac_addr_prefix,
        rx_buffers,
        notify_priority_changes,
        iptables,
        ipsets,
        nftables,
        nftables_ipvs,
        nftables_counters,
        checker_log_all_failures,
        ipvs_timeouts,
        lvs_flush,
        lvs_flush_on_stop,
        sync_daemon,
        rs_init_notifies,
        no_checker_emails,
        vrrp_netlink_cmd_rcv_bufs,
        vrrp_netlink_monitor_rcv_bufs,
        lvs_netlink_cmd_rcv_bufs,
        lvs_netlink_monitor_rcv_bufs,
        process_monitor_rcv_bufs,
        snmp,
        dbus,
        dbus_service_name,
        dbus_no_interface_name,
        umask,
        reload_check_config,
        reload_time_file,
        reload_repeat,
        reload_file,
        config_save_dir,
        tmp_config_directory,
        data_use_instance,
        json_version,
        iproute_usr_dir,
        iproute_etc_dir,
        state_dump_file,
        stats_dump_file,
        json_dump_file,
    } = global;
    p.block_if_any("global_defs", |p| {
        p.word("process_name", process_name.as_ref());
        tuning(p, "vrrp", vrrp_process);
        tuning(p, "checker", checker_process);
        tuning(p, "bfd", bfd_process);
        if *max_auto_priority != default.max_auto_priority {
            p.value("max_auto_priority", max_auto_priority);
        }
        if *min_auto_priority_delay != default.min_auto_priority_delay {
            p.value("min_auto_priority_delay", min_auto_priority_delay.as_micros());
        }
        p.word("router_id", router_id.as_ref());
        self::mail(p, mail);
        p.flag("enable_script_security", *script_security);
        p.optional("script_user", script_user.as_ref().map(|said| identity(&said.value)));
        p.flag("use_symlink_paths", *use_symlink_paths);
        p.flag("set_supplementary_groups", *set_supplementary_groups);
        p.script("startup_script", startup_script.as_ref());
        time(p, "startup_script_timeout", *startup_script_timeout, default.startup_script_timeout);
        p.script("shutdown_script", shutdown_script.as_ref());
        time(p, "shutdown_script_timeout", *shutdown_script_timeout, default.shutdown_script_timeout);
        fifo(p, "notify_fifo", notify_fifo.as_ref());
        fifo(p, "vrrp_notify_fifo", vrrp_notify_fifo.as_ref());
        fifo(p, "lvs_notify_fifo", lvs_notify_fifo.as_ref());
        p.flag("fifo_write_vrrp_states_on_reload", *fifo_write_vrrp_states_on_reload);
        match dynamic_interfaces {
            DynamicInterfaces::No => {}
            DynamicInterfaces::Yes => p.line("dynamic_interfaces"),
            DynamicInterfaces::AllowIfChanges => p.line("dynamic_interfaces allow_if_changes"),
        }
        p.optional("default_interface", default_interface.as_ref().map(|said| word(said.value.as_str())));
        p.flag("disable_local_igmp", *disable_local_igmp);
        p.flag("vrrp_version 3", *vrrp_version == Version::V3);
        p.flag("vrrp_strict", *vrrp_strict);
        if *vrrp_mcast_group4 != default.vrrp_mcast_group4 {
            p.value("vrrp_mcast_group4", vrrp_mcast_group4);
        }
        if *vrrp_mcast_group6 != default.vrrp_mcast_group6 {
            p.value("vrrp_mcast_group6", vrrp_mcast_group6);
        }
        self::garp(p, garp, &default.garp);
        let Adverts {
            down_timer,
            lower_prio_no_advert,
            higher_prio_send_advert,
            check_unicast_src,
            skip_check_adv_addr,
        } = adverts;
        if *down_timer != default.adverts.down_timer {
            p.value("vrrp_down_timer_adverts", down_timer);
        }
        p.flag("vrrp_lower_prio_no_advert", *lower_prio_no_advert);
        p.flag("vrrp_higher_prio_send_advert", *higher_prio_send_advert);
        p.flag("vrrp_check_unicast_src", *check_unicast_src);
        p.flag("vrrp_skip_check_adv_addr", *skip_check_adv_addr);
        time(p, "vrrp_garp_interval", *garp_interval, default.garp_interval);
        time(p, "vrrp_gna_interval", *gna_interval, default.gna_interval);
        time(p, "vrrp_startup_delay", *vrrp_startup_delay, default.vrrp_startup_delay);
        time(p, "vrrp_delay_after_boot", *vrrp_delay_after_boot, default.vrrp_delay_after_boot);
        p.flag("log_unknown_vrids", *log_unknown_vrids);
        p.word("vmac_prefix", vmac_prefix.as_ref());
        p.word("vmac_addr_prefix", vmac_addr_prefix.as_ref());
        match rx_buffers {
            RxBuffers::System => {}
            RxBuffers::Bytes(bytes) => p.value("vrrp_rx_bufs_policy", bytes),
            RxBuffers::Mtu(times) => {
                p.line("vrrp_rx_bufs_policy MTU");
                p.value("vrrp_rx_bufs_multiplier", times);
            }
            RxBuffers::Advert(times) => {
                p.line("vrrp_rx_bufs_policy ADVERT");
                p.value("vrrp_rx_bufs_multiplier", times);
            }
        }
        p.flag("vrrp_notify_priority_changes", *notify_priority_changes);
        filters(p, iptables.as_ref(), ipsets.as_ref(), nftables.as_ref());
        if let Some(NftablesIpvs { table, priority, first_mark }) = nftables_ipvs {
            p.value("nftables_ipvs", word(table));
            p.value("nftables_ipvs_priority", priority);
            p.value("nftables_ipvs_start_fwmark", first_mark);
        }
        p.flag("nftables_counters", *nftables_counters);
        p.flag("checker_log_all_failures", *checker_log_all_failures);
        timeouts(p, *ipvs_timeouts);
        p.flag("lvs_flush", *lvs_flush);
        match lvs_flush_on_stop {
            FlushOnStop::No => {}
            FlushOnStop::All => p.line("lvs_flush_on_stop"),
            FlushOnStop::Services => p.line("lvs_flush_on_stop VS"),
        }
        if let Some(daemon) = sync_daemon {
            self::sync_daemon(p, daemon, config);
        }
        p.flag("rs_init_notifies", *rs_init_notifies);
        p.flag("no_checker_emails", *no_checker_emails);
        buffer(p, "vrrp_netlink_cmd", *vrrp_netlink_cmd_rcv_bufs);
        buffer(p, "vrrp_netlink_monitor", *vrrp_netlink_monitor_rcv_bufs);
        buffer(p, "lvs_netlink_cmd", *lvs_netlink_cmd_rcv_bufs);
        buffer(p, "lvs_netlink_monitor", *lvs_netlink_monitor_rcv_bufs);
        buffer(p, "process_monitor", *process_monitor_rcv_bufs);
        self::snmp(p, snmp, &default.snmp);
        p.flag("enable_dbus", *dbus);
        p.word("dbus_service_name", dbus_service_name.as_ref());
        p.word("dbus_no_interface_name", dbus_no_interface_name.as_ref());
        p.optional("umask", umask.map(|bits| format!("0{bits:o}")));
        p.word("reload_check_config", reload_check_config.as_ref());
        p.word("reload_time_file", reload_time_file.as_ref());
        p.flag("reload_repeat", *reload_repeat);
        match reload_file.as_deref() {
            None => {}
            Some("") => p.line("reload_file"),
            Some(path) => p.value("reload_file", word(path)),
        }
        p.word("config_save_dir", config_save_dir.as_ref());
        p.word("tmp_config_directory", tmp_config_directory.as_ref());
        p.flag("data_use_instance", *data_use_instance);
        if *json_version != default.json_version {
            p.value("json_version", json_version);
        }
        p.word("iproute_usr_dir", iproute_usr_dir.as_ref());
        p.word("iproute_etc_dir", iproute_etc_dir.as_ref());
        p.word("state_dump_file", state_dump_file.as_ref());
        p.word("stats_dump_file", stats_dump_file.as_ref());
        p.word("json_dump_file", json_dump_file.as_ref());
    });
}

fn time(p: &mut Printer, keyword: &str, time: Duration, default: Duration) {
    if time != default {
        p.value(keyword, seconds(time));
    }
}

fn tuning(p: &mut Printer, process: &str, tuning: &ProcessTuning) {
    let ProcessTuning { name, nice, no_swap, realtime, cpus, realtime_limit } = tuning;
    p.word(&format!("{process}_process_name"), name.as_ref());
    if *nice != 0 {
        p.value(&format!("{process}_priority"), nice);
    }
    p.flag(&format!("{process}_no_swap"), *no_swap);
    p.optional(&format!("{process}_rt_priority"), *realtime);
    p.optional(
        &format!("{process}_cpu_affinity"),
        cpus.as_ref().map(|said| {
            let numbers: Vec<String> = said.value.0.iter().map(u32::to_string).collect();
            numbers.join(" ")
        }),
    );
    p.optional(&format!("{process}_rlimit_rttime"), realtime_limit.map(|limit| limit.as_micros()));
}

fn mail(p: &mut Printer, mail: &Mail) {
    let Mail {
        server,
        helo_name,
        connect_timeout,
        tls,
        tls_ca,
        auth_file,
        retry,
        from,
        to,
        no_faults,
        alert,
        alert_vrrp,
        alert_checker,
    } = mail;
    p.lines("notification_email", to, |recipient| word(recipient));
    p.word("notification_email_from", from.as_ref());
    if let Some(said) = server {
        let SmtpServer { host, addr: _, port } = &said.value;
        p.line(format!("smtp_server {} {port}", word(host)));
    }
    p.word("smtp_helo_name", helo_name.as_ref());
    time(p, "smtp_connect_timeout", *connect_timeout, Mail::default().connect_timeout);
    p.optional(
        "smtp_tls",
        tls.map(|tls| match tls {
            SmtpTls::Starttls => "starttls",
            SmtpTls::Implicit => "tls",
        }),
    );
    p.word("smtp_tls_ca", tls_ca.as_ref().map(|said| &said.value));
    p.word("smtp_auth_file", auth_file.as_ref().map(|said| &said.value));
    time(p, "smtp_retry", *retry, Mail::default().retry);
    for (keyword, said) in
        [("smtp_alert", alert), ("smtp_alert_vrrp", alert_vrrp), ("smtp_alert_checker", alert_checker)]
    {
        if let Some(on) = said {
            p.switch(keyword, *on);
        }
    }
    p.flag("no_email_faults", *no_faults);
}

fn fifo(p: &mut Printer, keyword: &str, fifo: Option<&Fifo>) {
    let Some(Fifo { span: _, path, owner, script }) = fifo else { return };
    let owner = owner.as_ref().map_or_else(String::new, |owner| format!(" {}", identity(owner)));
    p.line(format!("{keyword} {}{owner}", word(path)));
    p.script(&format!("{keyword}_script"), script.as_ref());
}

/// Only `vrrp_min_garp` says that a refresh has no repetition; what it lowers besides is written out then.
fn garp(p: &mut Printer, garp: &Garp, default: &Garp) {
    let Garp {
        master_delay,
        master_repeat,
        refresh,
        refresh_repeat,
        lower_prio_delay,
        lower_prio_repeat,
        extra_if,
        extra_if_all,
    } = *garp;
    let few = refresh_repeat == 0;
    p.flag("vrrp_min_garp", few);
    if few || master_delay != default.master_delay {
        p.value("vrrp_garp_master_delay", seconds(master_delay));
    }
    if few || master_repeat != default.master_repeat {
        p.value("vrrp_garp_master_repeat", master_repeat);
    }
    time(p, "vrrp_garp_master_refresh", refresh, default.refresh);
    if !few && refresh_repeat != default.refresh_repeat {
        p.value("vrrp_garp_master_refresh_repeat", refresh_repeat);
    }
    time(p, "vrrp_garp_lower_prio_delay", lower_prio_delay, master_delay);
    if lower_prio_repeat != master_repeat {
        p.value("vrrp_garp_lower_prio_repeat", lower_prio_repeat);
    }
    if !extra_if.is_zero() {
        let all = if extra_if_all { "all " } else { "" };
        p.value("vrrp_garp_extra_if", format!("{all}{}", seconds(extra_if)));
    }
}

fn filters(
    p: &mut Printer,
    iptables: Option<&Iptables>,
    ipsets: Option<&Ipsets>,
    nftables: Option<&Nftables>,
) {
    if let Some(Iptables { input, output }) = iptables {
        let output = output.as_ref().map_or_else(String::new, |output| format!(" {}", word(output)));
        p.line(format!("vrrp_iptables {}{output}", word(input)));
        match ipsets {
            None => p.line("vrrp_ipsets"),
            Some(Ipsets { address, address6, address_if6, igmp, mld, nd }) => {
                let names = [address, address6, address_if6, igmp, mld, nd].map(|name| word(name));
                p.value("vrrp_ipsets", names.join(" "));
            }
        }
    }
    if let Some(Nftables { table, priority, by_index }) = nftables {
        p.value("nftables", word(table));
        p.value("nftables_priority", priority);
        p.flag("nftables_ifindex", *by_index);
    }
}

fn timeouts(p: &mut Printer, timeouts: IpvsTimeouts) {
    let IpvsTimeouts { tcp, tcp_fin, udp } = timeouts;
    let given: Vec<String> = [("tcp", tcp), ("tcpfin", tcp_fin), ("udp", udp)]
        .into_iter()
        .filter_map(|(what, time)| time.map(|time| format!("{what} {}", seconds(time))))
        .collect();
    p.optional("lvs_timeouts", (!given.is_empty()).then(|| given.join(" ")));
}

fn sync_daemon(p: &mut Printer, daemon: &SyncDaemon, config: &Config) {
    let SyncDaemon { interface, instance, id, max_len, port, ttl, group } = daemon;
    let mut line = format!("lvs_sync_daemon {}", word(interface.value.as_str()));
    if let Some(at) = instance {
        line += &format!(" inst {}", super::name_at(&config.vrrp_instances, *at, |instance| &instance.name));
    }
    line += &format!(" id {id}");
    let options = [
        ("maxlen", max_len.map(|n| n.to_string())),
        ("port", port.map(|n| n.to_string())),
        ("ttl", ttl.map(|n| n.to_string())),
        ("group", group.map(|addr| addr.to_string())),
    ];
    for (option, value) in options.into_iter().filter_map(|(option, value)| Some((option, value?))) {
        line += &format!(" {option} {value}");
    }
    p.line(line);
}

fn buffer(p: &mut Printer, socket: &str, buffer: ReceiveBuffer) {
    let ReceiveBuffer { bytes, force } = buffer;
    p.optional(&format!("{socket}_rcv_bufs"), bytes);
    p.flag(&format!("{socket}_rcv_bufs_force"), force);
}

fn snmp(p: &mut Printer, snmp: &Snmp, default: &Snmp) {
    let Snmp { socket, traps, vrrp, checker, rfc_v2, rfc_v3, vs_interval, rs_interval } = snmp;
    p.word("snmp_socket", socket.as_ref());
    p.flag("enable_traps", *traps);
    p.flag("enable_snmp_vrrp", *vrrp);
    p.flag("enable_snmp_checker", *checker);
    p.flag("enable_snmp_rfcv2", *rfc_v2);
    p.flag("enable_snmp_rfcv3", *rfc_v3);
    time(p, "snmp_vs_stats_update_interval", *vs_interval, default.vs_interval);
    time(p, "snmp_rs_stats_update_interval", *rs_interval, *vs_interval);
}
