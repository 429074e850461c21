//! `global_defs`.

use std::time::Duration;

use crate::block::global::GlobalBlock;
use crate::block::vrrp::InstanceBlock;
use crate::config::{
    Adverts, Config, Fifo, Garp, Global, IfName, Ipsets, Located, Mail, Nftables, NftablesIpvs,
    ProcessTuning, ReceiveBuffer, RxBuffers, Script, Snmp, SyncDaemon,
};
use crate::diag::Class;
use crate::keyword::{Blocks, Slot, Table};
use crate::resolve::{Complaints, said, value};
use crate::value::global::{
    AffinityValue, FlushValue, ProcessName, RealtimePriority, TableName, derived_sets,
};
use crate::value::script::FifoPath;
use crate::value::time::Micros;
use crate::value::word::OneWord;

/// Several blocks count as one; a later value replaces an earlier one.
pub(super) fn merge(blocks: impl Iterator<Item = GlobalBlock>) -> GlobalBlock {
    blocks
        .reduce(|mut before, after| {
            before.overlay(after);
            before
        })
        .unwrap_or_default()
}

/// Global settings, and the defaults they give to others.
pub(super) fn resolve(defs: &GlobalBlock, complaints: &mut Complaints) -> Global {
    let defaults = Global::default();
    let names = defs.process_names.is_some();
    Global {
        process_name: name(&defs.process_name, None),
        vrrp_process: tuning(
            name(&defs.vrrp_process_name, names.then_some("keepalived_vrrp")),
            &defs.vrrp_priority,
            defs.vrrp_no_swap.is_some(),
            &defs.vrrp_rt_priority,
            &defs.vrrp_cpu_affinity,
            &defs.vrrp_rlimit_rttime,
        ),
        checker_process: tuning(
            name(&defs.checker_process_name, names.then_some("keepalived_lvs")),
            &defs.checker_priority,
            defs.checker_no_swap.is_some(),
            &defs.checker_rt_priority,
            &defs.checker_cpu_affinity,
            &defs.checker_rlimit_rttime,
        ),
        bfd_process: tuning(
            name(&defs.bfd_process_name, names.then_some("keepalived_bfd")),
            &defs.bfd_priority,
            defs.bfd_no_swap.is_some(),
            &defs.bfd_rt_priority,
            &defs.bfd_cpu_affinity,
            &defs.bfd_rlimit_rttime,
        ),
        max_auto_priority: value(&defs.max_auto_priority).map_or(0, |priority| priority.0),
        min_auto_priority_delay: value(&defs.min_auto_priority_delay)
            .map_or(defaults.min_auto_priority_delay, |delay| delay.0),
        router_id: value(&defs.router_id),
        mail: mail(defs),
        script_security: defs.enable_script_security.is_some(),
        script_user: defs.script_user.as_deref().cloned(),
        use_symlink_paths: defs.use_symlink_paths(),
        set_supplementary_groups: defs.set_supplementary_groups(),
        startup_script: value(&defs.startup_script),
        startup_script_timeout: defs.startup_script_timeout().0,
        shutdown_script: value(&defs.shutdown_script),
        shutdown_script_timeout: defs.shutdown_script_timeout().0,
        dynamic_interfaces: value(&defs.dynamic_interfaces)
            .map_or(defaults.dynamic_interfaces, |dynamic| dynamic.0),
        default_interface: defs.default_interface.as_deref().cloned(),
        disable_local_igmp: defs.disable_local_igmp.is_some(),
        vrrp_version: defs.vrrp_version(),
        vrrp_strict: defs.vrrp_strict(),
        vrrp_mcast_group4: defs.vrrp_mcast_group4(),
        vrrp_mcast_group6: defs.vrrp_mcast_group6(),
        garp: garp(defs),
        adverts: Adverts {
            down_timer: defs.vrrp_down_timer_adverts(),
            lower_prio_no_advert: value(&defs.vrrp_lower_prio_no_advert).unwrap_or(false),
            higher_prio_send_advert: value(&defs.vrrp_higher_prio_send_advert).unwrap_or(false),
            check_unicast_src: defs.vrrp_check_unicast_src.is_some(),
            skip_check_adv_addr: defs.vrrp_skip_check_adv_addr(),
        },
        garp_interval: defs.vrrp_garp_interval(),
        gna_interval: defs.vrrp_gna_interval(),
        vrrp_startup_delay: defs.vrrp_startup_delay(),
        vrrp_delay_after_boot: defs.vrrp_delay_after_boot(),
        log_unknown_vrids: defs.log_unknown_vrids.is_some(),
        vmac_prefix: value(&defs.vmac_prefix),
        vmac_addr_prefix: value(&defs.vmac_addr_prefix),
        rx_buffers: rx_buffers(defs),
        notify_priority_changes: defs.vrrp_notify_priority_changes(),
        iptables: value(&defs.vrrp_iptables).map(|chains| chains.0),
        ipsets: ipsets(defs),
        nftables: nftables(defs),
        nftables_ipvs: nftables_ipvs(defs),
        nftables_counters: defs.nftables_counters.is_some(),
        checker_log_all_failures: defs.checker_log_all_failures(),
        ipvs_timeouts: value(&defs.lvs_timeouts).map(|timeouts| timeouts.0).unwrap_or_default(),
        lvs_flush: defs.lvs_flush.is_some(),
        lvs_flush_on_stop: value(&defs.lvs_flush_on_stop)
            .map_or(defaults.lvs_flush_on_stop, |FlushValue(flush)| flush),
        rs_init_notifies: defs.rs_init_notifies(),
        no_checker_emails: defs.no_checker_emails(),
        vrrp_netlink_cmd_rcv_bufs: buffer(
            &defs.vrrp_netlink_cmd_rcv_bufs,
            defs.vrrp_netlink_cmd_rcv_bufs_force(),
        ),
        vrrp_netlink_monitor_rcv_bufs: buffer(
            &defs.vrrp_netlink_monitor_rcv_bufs,
            defs.vrrp_netlink_monitor_rcv_bufs_force(),
        ),
        lvs_netlink_cmd_rcv_bufs: buffer(
            &defs.lvs_netlink_cmd_rcv_bufs,
            defs.lvs_netlink_cmd_rcv_bufs_force(),
        ),
        lvs_netlink_monitor_rcv_bufs: buffer(
            &defs.lvs_netlink_monitor_rcv_bufs,
            defs.lvs_netlink_monitor_rcv_bufs_force(),
        ),
        process_monitor_rcv_bufs: buffer(
            &defs.process_monitor_rcv_bufs,
            defs.process_monitor_rcv_bufs_force(),
        ),
        snmp: snmp(defs),
        dbus: defs.enable_dbus.is_some(),
        dbus_service_name: value(&defs.dbus_service_name),
        dbus_no_interface_name: value(&defs.dbus_no_interface_name),
        umask: value(&defs.umask).map(|umask| umask.0),
        reload_check_config: value(&defs.reload_check_config).map(|log| match log.0.as_str() {
            "" => "/dev/null".to_owned(),
            _ => log.0,
        }),
        reload_time_file: value(&defs.reload_time_file).map(|path| path.0),
        reload_repeat: defs.reload_repeat.is_some(),
        reload_file: value(&defs.reload_file).map(|path| path.0),
        config_save_dir: value(&defs.config_save_dir),
        tmp_config_directory: value(&defs.tmp_config_directory),
        data_use_instance: defs.data_use_instance(),
        json_version: defs.json_version(),
        iproute_usr_dir: value(&defs.iproute_usr_dir).map(|path| path.0),
        iproute_etc_dir: value(&defs.iproute_etc_dir).map(|path| path.0),
        state_dump_file: value(&defs.state_dump_file),
        stats_dump_file: value(&defs.stats_dump_file),
        json_dump_file: value(&defs.json_dump_file),
        fifo_write_vrrp_states_on_reload: defs.fifo_write_vrrp_states_on_reload.is_some(),
        ..fifos(defs, complaints)
    }
}

fn name(slot: &Slot<ProcessName>, default: Option<&str>) -> Option<String> {
    value(slot).map(|name| name.0).or_else(|| default.map(str::to_owned))
}

fn tuning(
    name: Option<String>,
    nice: &Slot<i8>,
    no_swap: bool,
    realtime: &Slot<RealtimePriority>,
    cpus: &Slot<AffinityValue>,
    limit: &Slot<Micros>,
) -> ProcessTuning {
    ProcessTuning {
        name,
        nice: value(nice).unwrap_or(0),
        no_swap,
        realtime: value(realtime).map(|priority| priority.0),
        cpus: cpus.as_deref().cloned().map(|Located { value, span }| Located { value: value.0, span }),
        realtime_limit: value(limit).map(|limit| limit.0.max(Duration::from_micros(2))),
    }
}

fn mail(defs: &GlobalBlock) -> Mail {
    let server =
        defs.smtp_server.as_deref().cloned().map(|Located { value, span }| Located { value: value.0, span });
    let word = |slot: &Slot<OneWord>| {
        slot.as_deref().cloned().map(|Located { value, span }| Located { value: value.0, span })
    };
    Mail {
        server,
        helo_name: value(&defs.smtp_helo_name).map(|name| name.0),
        connect_timeout: defs.smtp_connect_timeout().0,
        tls: value(&defs.smtp_tls),
        tls_ca: word(&defs.smtp_tls_ca),
        auth_file: word(&defs.smtp_auth_file),
        retry: defs.smtp_retry().0,
        from: value(&defs.notification_email_from).map(|from| from.0),
        to: value(&defs.notification_email)
            .map_or_else(Vec::new, |list| list.0.into_iter().map(|said| said.value).collect()),
        no_faults: defs.no_email_faults.is_some(),
        alert: value(&defs.smtp_alert),
        alert_vrrp: value(&defs.smtp_alert_vrrp),
        alert_checker: value(&defs.smtp_alert_checker),
    }
}

/// The defaults of instances. `vrrp_min_garp` lowers only what nobody set.
fn garp(defs: &GlobalBlock) -> Garp {
    let few = value(&defs.vrrp_min_garp).is_some_and(|few| few.0);
    let master_delay = match &defs.vrrp_garp_master_delay {
        None if few => Duration::ZERO,
        _ => defs.vrrp_garp_master_delay().0,
    };
    let master_repeat = match &defs.vrrp_garp_master_repeat {
        None if few => 1,
        _ => defs.vrrp_garp_master_repeat().0,
    };
    let refresh_repeat = match &defs.vrrp_garp_master_refresh_repeat {
        None if few => 0,
        _ => defs.vrrp_garp_master_refresh_repeat().0,
    };
    let extra = value(&defs.vrrp_garp_extra_if);
    Garp {
        master_delay,
        master_repeat,
        refresh: defs.vrrp_garp_master_refresh().0,
        refresh_repeat,
        lower_prio_delay: value(&defs.vrrp_garp_lower_prio_delay).map_or(master_delay, |delay| delay.0),
        lower_prio_repeat: value(&defs.vrrp_garp_lower_prio_repeat).unwrap_or(master_repeat),
        extra_if: extra.map_or(Duration::ZERO, |extra| extra.every),
        extra_if_all: extra.is_some_and(|extra| extra.all),
    }
}

fn rx_buffers(defs: &GlobalBlock) -> RxBuffers {
    let times = defs.vrrp_rx_bufs_multiplier().0;
    match value(&defs.vrrp_rx_bufs_policy).map(|policy| policy.0) {
        None | Some(RxBuffers::System) => RxBuffers::System,
        Some(RxBuffers::Bytes(bytes)) => RxBuffers::Bytes(bytes),
        Some(RxBuffers::Mtu(_)) => RxBuffers::Mtu(times),
        Some(RxBuffers::Advert(_)) => RxBuffers::Advert(times),
    }
}

fn buffer(size: &Slot<u32>, force: bool) -> ReceiveBuffer {
    ReceiveBuffer { bytes: value(size).filter(|bytes| *bytes > 0), force }
}

/// Sets are used with iptables unless switched off.
fn ipsets(defs: &GlobalBlock) -> Option<Ipsets> {
    defs.vrrp_iptables.as_ref()?;
    match value(&defs.vrrp_ipsets) {
        Some(sets) => sets.0,
        None => Some(derived_sets("keepalived".to_owned(), &[])),
    }
}

fn table(slot: &Slot<TableName>, default: &str) -> Option<String> {
    value(slot).map(|TableName(name)| if name.is_empty() { default.to_owned() } else { name })
}

fn nftables(defs: &GlobalBlock) -> Option<Nftables> {
    let table = table(&defs.nftables, "keepalived")?;
    let priority = value(&defs.nftables_priority).unwrap_or(-1);
    Some(Nftables { table, priority, by_index: defs.nftables_ifindex.is_some() })
}

fn nftables_ipvs(defs: &GlobalBlock) -> Option<NftablesIpvs> {
    let table = table(&defs.nftables_ipvs, "keepalived_ipvs")?;
    let priority = value(&defs.nftables_ipvs_priority).unwrap_or(-1);
    Some(NftablesIpvs {
        table,
        priority,
        first_mark: value(&defs.nftables_ipvs_start_fwmark).unwrap_or(1000),
    })
}

fn snmp(defs: &GlobalBlock) -> Snmp {
    let both = defs.enable_snmp_rfc.is_some();
    let vs_interval = value(&defs.snmp_vs_stats_update_interval).unwrap_or(Duration::from_secs(5));
    Snmp {
        socket: value(&defs.snmp_socket).map(|socket| socket.0),
        traps: defs.enable_traps.is_some(),
        vrrp: defs.enable_snmp_vrrp.is_some(),
        checker: defs.enable_snmp_checker.is_some(),
        rfc_v2: both || defs.enable_snmp_rfcv2.is_some(),
        rfc_v3: both || defs.enable_snmp_rfcv3.is_some(),
        vs_interval,
        rs_interval: value(&defs.snmp_rs_stats_update_interval).unwrap_or(vs_interval),
    }
}

fn fifo(path: &Slot<FifoPath>, script: &Slot<Script>) -> Option<Fifo> {
    let Located { value: FifoPath { path, owner }, span } = path.as_deref().cloned()?;
    Some(Fifo { span, path, owner, script: said(script.clone()) })
}

/// The FIFOs, of which no two with a reader are the same.
fn fifos(defs: &GlobalBlock, complaints: &mut Complaints) -> Global {
    let all = fifo(&defs.notify_fifo, &defs.notify_fifo_script);
    let mut vrrp = fifo(&defs.vrrp_notify_fifo, &defs.vrrp_notify_fifo_script);
    let mut lvs = fifo(&defs.lvs_notify_fifo, &defs.lvs_notify_fifo_script);
    for (slot, what) in [(&mut vrrp, "vrrp"), (&mut lvs, "lvs")] {
        if slot.as_ref().zip(all.as_ref()).is_some_and(|(own, all)| own.path == all.path) {
            complaints.class(
                Class::General,
                format!("notify FIFO has been specified for global and {what} FIFO - ignoring {what} FIFO"),
            );
            *slot = None;
        }
    }
    if let (Some(vrrp), Some(lvs)) = (&vrrp, &mut lvs)
        && vrrp.path == lvs.path
        && vrrp.script.is_some()
        && lvs.script.is_some()
    {
        complaints.general("LVS notify FIFO script duplicates vrrp one - ignoring");
        lvs.script = None;
    }
    Global { notify_fifo: all, vrrp_notify_fifo: vrrp, lvs_notify_fifo: lvs, ..Global::default() }
}

/// What the first `lvs_sync_daemon_interface` says, and the name of its instance.
pub(super) fn sync_interface(instances: &Blocks<InstanceBlock>) -> Option<(String, Located<IfName>)> {
    instances.iter().find_map(|Located { value: block, .. }| {
        let Located { value, span } = block.seldom.lvs_sync_daemon_interface.as_deref()?.clone();
        Some((block.head.clone(), Located { value: value.0, span }))
    })
}

/// The sync daemon, its instance found. `old` is what an instance says of it; it counts when nothing is said globally.
pub(super) fn sync_daemon(
    defs: &GlobalBlock,
    old: Option<(String, Located<IfName>)>,
    config: &Config,
    complaints: &mut Complaints,
) -> Option<SyncDaemon> {
    let Some(daemon) = value(&defs.lvs_sync_daemon) else {
        let (name, interface) = old?;
        let instance = config.vrrp_instances.iter().position(|instance| instance.name == name)?;
        let id = config.vrrp_instances[instance].vrid;
        let (max_len, port, ttl, group) = (None, None, None, None);
        return Some(SyncDaemon { interface, instance: Some(instance), id, max_len, port, ttl, group });
    };
    let instance = match &daemon.instance {
        None => None,
        Some(name) => match config.vrrp_instances.iter().position(|instance| instance.name == *name) {
            Some(index) => Some(index),
            None => {
                complaints.general(format!(
                    "Unknown VRRP instance {name} specified for lvs_sync_daemon - ignoring"
                ));
                return None;
            }
        },
    };
    let vrid = instance.map_or(0, |index| config.vrrp_instances[index].vrid);
    Some(SyncDaemon {
        interface: daemon.interface,
        instance,
        id: daemon.id.unwrap_or(vrid),
        max_len: daemon.max_len,
        port: daemon.port,
        ttl: daemon.ttl,
        group: daemon.group,
    })
}
