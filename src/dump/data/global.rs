//! `Global definitions`.

use std::time::Duration;

use parser::config::{DynamicInterfaces, FlushOnStop, Global, ProcessTuning, ReceiveBuffer, Version};

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, object};
use crate::dump::words::{command, either, seconds};

pub(super) fn write(scene: &Scene<'_>, sheet: &mut Sheet) {
    let global = &scene.config.global;
    sheet.section("Global definitions");
    names(scene, sheet);
    mail(global, sheet);
    behaviour(global, sheet);
    announcements(global, sheet);
    for (title, tuning) in
        [("VRRP", &global.vrrp_process), ("Checker", &global.checker_process), ("BFD", &global.bfd_process)]
    {
        process(title, tuning, sheet);
    }
    outside(global, sheet);
    buffers(global, sheet);
    object!(sheet, "rs_init_notifies = {}", u8::from(global.rs_init_notifies));
    object!(sheet, "no_checker_emails = {}", u8::from(global.no_checker_emails));
    object!(sheet, "umask = 0{:o}", scene.umask);
    dumps(global, sheet);
}

fn names(scene: &Scene<'_>, sheet: &mut Sheet) {
    let global = &scene.config.global;
    object!(sheet, "Network namespace = {}", scene.namespace.unwrap_or("(default)"));
    let ipvs = match &global.net_namespace_ipvs {
        Some(name) if !name.value.is_empty() => &name.value,
        Some(_) | None => "(main namespace)",
    };
    object!(sheet, "Network namespace ipvs = {ipvs}");
    if let Some(instance) = &global.instance {
        object!(sheet, "Instance name = {instance}");
    }
    object!(sheet, "Router ID = {}", global.router_id.as_deref().unwrap_or(scene.node));
}

fn mail(global: &Global, sheet: &mut Sheet) {
    let mail = &global.mail;
    if let Some(server) = &mail.server {
        object!(sheet, "Smtp server = {}", server.value.host);
        object!(sheet, "Smtp server port = {}", server.value.port);
        if let Some(name) = &mail.helo_name {
            object!(sheet, "Smtp HELO name = {name}");
        }
        object!(sheet, "Smtp server connection timeout = {}", mail.connect_timeout.as_secs());
    }
    if let Some(from) = &mail.from {
        object!(sheet, "Email notification from = {from}");
    }
    if !mail.to.is_empty() {
        object!(sheet, "Email notification to:");
        for to in &mail.to {
            attribute!(sheet, "{to}");
        }
    }
    for (name, alert) in [
        ("smtp_alert", mail.alert),
        ("smtp_alert_vrrp", mail.alert_vrrp),
        ("smtp_alert_checker", mail.alert_checker),
    ] {
        let alert = alert.map_or("unset", |on| either(on, "on", "off"));
        object!(sheet, "Default {name} = {alert}");
    }
}

fn behaviour(global: &Global, sheet: &mut Sheet) {
    object!(sheet, "Checkers log all failures = {}", global.checker_log_all_failures);
    match &global.reload_check_config {
        Some(file) => object!(sheet, "Test config before reload, log to {file}"),
        None => object!(sheet, "No test config before reload"),
    }
    if let Some(file) = &global.reload_time_file {
        object!(sheet, "Reload time file = {file}{}", either(global.reload_repeat, " (repeat)", ""));
    }
    let dynamic = match global.dynamic_interfaces {
        DynamicInterfaces::No => "false",
        DynamicInterfaces::Yes => "true",
        DynamicInterfaces::AllowIfChanges => "true, allow_if_changes",
    };
    object!(sheet, "Dynamic interfaces = {dynamic}");
    let interface = global.default_interface.as_ref().map_or("eth0", |name| name.value.as_str());
    object!(sheet, "Default interface = {interface}");
    object!(sheet, "Disable local IGMP = {}", either(global.disable_local_igmp, "yes", "no"));
    object!(sheet, "LVS flush = {}", global.lvs_flush);
    let on_stop = match global.lvs_flush_on_stop {
        FlushOnStop::No => "disabled",
        FlushOnStop::All => "full",
        FlushOnStop::Services => "VS",
    };
    object!(sheet, "LVS flush on stop = {on_stop}");
    for (name, script, timeout) in [
        ("Startup", &global.startup_script, global.startup_script_timeout),
        ("Shutdown", &global.shutdown_script, global.shutdown_script_timeout),
    ] {
        if let Some(script) = script {
            object!(sheet, "{name} script = {}", command(&script.command));
            object!(sheet, "{name} script timeout = {}", timeout.as_secs());
        }
    }
    for (name, fifo) in [
        ("Global", &global.notify_fifo),
        ("VRRP", &global.vrrp_notify_fifo),
        ("LVS", &global.lvs_notify_fifo),
    ] {
        let Some(fifo) = fifo else { continue };
        object!(sheet, "{name} notify fifo = {}", fifo.path);
        if let Some(script) = &fifo.script {
            object!(sheet, "{name} notify fifo script = {}", command(&script.command));
        }
    }
    object!(sheet, "FIFO write vrrp states on reload = {}", global.fifo_write_vrrp_states_on_reload);
    object!(sheet, "VRRP notify priority changes = {}", global.notify_priority_changes);
}

fn announcements(global: &Global, sheet: &mut Sheet) {
    let garp = &global.garp;
    object!(sheet, "VRRP IPv4 mcast group = {}", global.vrrp_mcast_group4);
    object!(sheet, "VRRP IPv6 mcast group = {}", global.vrrp_mcast_group6);
    object!(sheet, "Gratuitous ARP delay = {}", seconds(garp.master_delay));
    object!(sheet, "Gratuitous ARP repeat = {}", garp.master_repeat);
    object!(sheet, "Gratuitous ARP refresh timer = {}", seconds(garp.refresh));
    object!(sheet, "Gratuitous ARP refresh repeat = {}", garp.refresh_repeat);
    object!(sheet, "Gratuitous ARP lower priority delay = {}", seconds(garp.lower_prio_delay));
    object!(sheet, "Gratuitous ARP lower priority repeat = {}", garp.lower_prio_repeat);
    object!(sheet, "Gratuitous ARP for each secondary VMAC = {}s", seconds(garp.extra_if));
    object!(sheet, "Gratuitous ARP interval = {:.6}", seconds(global.garp_interval));
    object!(sheet, "Gratuitous NA interval = {:.6}", seconds(global.gna_interval));
    let version = match global.vrrp_version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    object!(sheet, "VRRP default protocol version = {version}");
    if let Some(tables) = &global.iptables {
        object!(sheet, "Iptables input chain = {}", tables.input);
        if let Some(output) = &tables.output {
            object!(sheet, "Iptables output chain = {output}");
        }
    }
    if let Some(tables) = &global.nftables {
        object!(sheet, "nftables table = {}", tables.table);
        object!(sheet, "nftables base chain priority = {}", tables.priority);
    }
    object!(sheet, "nftables with{} counters", either(global.nftables_counters, "", "out"));
    object!(sheet, "VRRP strict mode = {}", global.vrrp_strict);
    object!(sheet, "Max auto priority = {}", global.max_auto_priority);
    object!(sheet, "Min auto priority delay = {} usecs", global.min_auto_priority_delay.as_micros());
}

/// What the original takes unless it is told, in microseconds.
const REALTIME_LIMIT: Duration = Duration::from_micros(10_000);

fn process(title: &str, tuning: &ProcessTuning, sheet: &mut Sheet) {
    object!(sheet, "{title} process priority = {}", tuning.nice);
    object!(sheet, "{title} don't swap = {}", tuning.no_swap);
    object!(sheet, "{title} realtime priority = {}", tuning.realtime.unwrap_or(0));
    if let Some(cpus) = &tuning.cpus {
        let numbers: Vec<_> = cpus.value.0.iter().map(u32::to_string).collect();
        object!(sheet, "{title} CPU Affinity = {}", numbers.join(" "));
    }
    object!(
        sheet,
        "{title} realtime limit = {}",
        tuning.realtime_limit.unwrap_or(REALTIME_LIMIT).as_micros()
    );
}

fn outside(global: &Global, sheet: &mut Sheet) {
    let snmp = &global.snmp;
    for (name, on) in [
        ("vrrp", snmp.vrrp),
        ("checker", snmp.checker),
        ("RFCv2", snmp.rfc_v2),
        ("RFCv3", snmp.rfc_v3),
        ("traps", snmp.traps),
    ] {
        object!(sheet, "SNMP {name} {}", either(on, "enabled", "disabled"));
    }
    let socket = snmp.socket.as_deref().unwrap_or("default (unix:/var/agentx/master)");
    object!(sheet, "SNMP socket = {socket}");
    object!(sheet, "DBus {}", either(global.dbus, "enabled", "disabled"));
    object!(sheet, "DBus service name = {}", global.dbus_service_name.as_deref().unwrap_or_default());
    object!(sheet, "Script security {}", either(global.script_security, "enabled", "disabled"));
    if let Some(user) = &global.script_user {
        let group = user.value.group.as_deref().map(|group| format!(":{group}")).unwrap_or_default();
        object!(sheet, "Default script user = {}{group}", user.value.user);
    }
}

fn buffers(global: &Global, sheet: &mut Sheet) {
    let all: [(&str, ReceiveBuffer); 5] = [
        ("vrrp_netlink_cmd_rcv_bufs", global.vrrp_netlink_cmd_rcv_bufs),
        ("vrrp_netlink_monitor_rcv_bufs", global.vrrp_netlink_monitor_rcv_bufs),
        ("process_monitor_rcv_bufs", global.process_monitor_rcv_bufs),
        ("lvs_netlink_cmd_rcv_bufs", global.lvs_netlink_cmd_rcv_bufs),
        ("lvs_netlink_monitor_rcv_bufs", global.lvs_netlink_monitor_rcv_bufs),
    ];
    for (name, buffer) in all {
        object!(sheet, "{name} = {}", buffer.bytes.unwrap_or(0));
        object!(sheet, "{name}_force = {}", u8::from(buffer.force));
    }
}

fn dumps(global: &Global, sheet: &mut Sheet) {
    for (name, file) in [
        ("state_dump_file", &global.state_dump_file),
        ("stats_dump_file", &global.stats_dump_file),
        ("json_dump_file", &global.json_dump_file),
    ] {
        if let Some(file) = file {
            object!(sheet, "{name} = {file}");
        }
    }
    object!(sheet, "JSON version = {}", global.json_version);
}
