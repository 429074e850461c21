//! `Global definitions`.

use std::time::Duration;

use parser::config::{
    DynamicInterfaces, FlushOnStop, Global, Identity, NftablesIpvs, ProcessTuning, ReceiveBuffer, RxBuffers,
    Script, SyncDaemon, Version,
};

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, object};
use crate::dump::words::{either, program, quoted, seconds};
use crate::place;
use crate::plan::alerts;
use crate::plan::notify::Occasion;
use crate::plan::{iproute, script};
use crate::worker::Role;

/// The interface of static addresses that name none.
const USUAL_INTERFACE: &str = "eth0";

/// How long a mail server may take, if nobody says.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Writes what the daemon says as a whole; the original's processes do not know the same of it. `writer` is the worker that
/// speaks, none is the supervisor.
pub(super) fn write(scene: &Scene<'_>, writer: Option<Role>, sheet: &mut Sheet) {
    let global = &scene.config.global;
    sheet.section("Global definitions");
    names(scene, sheet);
    mail(scene, sheet);
    behaviour(scene, writer, sheet);
    announcements(scene, writer, sheet);
    for (title, role) in [("VRRP", Role::Vrrp), ("Checker", Role::Checkers), ("BFD", Role::Bfd)] {
        process(title, tuning(global, role), sheet);
    }
    outside(global, sheet);
    buffers(global, sheet);
    object!(sheet, "rs_init_notifies = {}", u8::from(global.rs_init_notifies));
    object!(sheet, "no_checker_emails = {}", u8::from(global.no_checker_emails));
    receiving(global, sheet);
    object!(sheet, "umask = 0{:o}", scene.umask);
    if !global.vrrp_startup_delay.is_zero() {
        object!(sheet, "vrrp_startup_delay = {}", seconds(global.vrrp_startup_delay));
    }
    if global.log_unknown_vrids {
        object!(sheet, "log_unknown_vrids");
    }
    for (title, prefix) in
        [("VMAC prefix", &global.vmac_prefix), ("VMAC address prefix", &global.vmac_addr_prefix)]
    {
        if let Some(prefix) = prefix {
            object!(sheet, "{title} = {prefix}");
        }
    }
    dumps(global, sheet);
    if let Some(tuning) = writer.map(|role| tuning(global, role))
        && let Some(priority) = tuning.realtime
    {
        object!(sheet, "current realtime priority = {priority}");
        object!(sheet, "current realtime time limit = {}", realtime_limit(tuning).as_micros());
    }
    let [shipped, written] = iproute::folders(global);
    object!(sheet, "iproute usr directory {shipped}");
    object!(sheet, "iproute etc directory {written}");
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
    for (title, name) in [
        ("Parent", &global.process_name),
        ("VRRP", &global.vrrp_process.name),
        ("LVS", &global.checker_process.name),
        ("BFD", &global.bfd_process.name),
    ] {
        if let Some(name) = name {
            object!(sheet, "{title} process name = {name}");
        }
    }
    object!(sheet, "Router ID = {}", global.router_id.as_deref().unwrap_or(scene.node));
}

fn mail(scene: &Scene<'_>, sheet: &mut Sheet) {
    let mail = &scene.config.global.mail;
    // What nobody says follows from the host and the user, once there is a server.
    let usual = mail.server.as_ref().map(|_| alerts::speaker(mail, scene.node, scene.user));
    if let Some(server) = &mail.server {
        object!(sheet, "Smtp server = {}", server.value.host);
        object!(sheet, "Smtp server port = {}", server.value.port);
    }
    if let Some(name) = usual.as_ref().map(|usual| &usual.helo).or(mail.helo_name.as_ref()) {
        object!(sheet, "Smtp HELO name = {name}");
    }
    if mail.server.is_some() || mail.connect_timeout != CONNECT_TIMEOUT {
        object!(sheet, "Smtp server connection timeout = {}", mail.connect_timeout.as_secs());
    }
    if let Some(from) = usual.as_ref().map(|usual| &usual.from).or(mail.from.as_ref()) {
        object!(sheet, "Email notification from = {from}");
        object!(sheet, "Email notification to:");
        mail.to.iter().for_each(|to| attribute!(sheet, "{to}"));
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

fn behaviour(scene: &Scene<'_>, writer: Option<Role>, sheet: &mut Sheet) {
    let global = &scene.config.global;
    object!(sheet, "Checkers log all failures = {}", global.checker_log_all_failures);
    reload(scene, writer, sheet);
    if writer.is_none() {
        occasions(scene, sheet);
    }
    let dynamic = global.dynamic_interfaces;
    object!(sheet, "Dynamic interfaces = {}", dynamic != DynamicInterfaces::No);
    if dynamic != DynamicInterfaces::No {
        object!(sheet, "Allow interface changes = {}", dynamic == DynamicInterfaces::AllowIfChanges);
    }
    if global.mail.no_faults {
        object!(sheet, "Send emails for fault transitions = off");
    }
    let timeouts = &global.ipvs_timeouts;
    for (name, timeout) in
        [("TCP timeout", timeouts.tcp), ("TCP FIN timeout", timeouts.tcp_fin), ("UDP timeout", timeouts.udp)]
    {
        if let Some(timeout) = timeout {
            object!(sheet, "LVS {name} = {}", timeout.as_secs());
        }
    }
    if writer == Some(Role::Vrrp) {
        let said = global.default_interface.as_ref().map(|name| name.value.as_str());
        object!(sheet, "Default interface = {}", said.unwrap_or(USUAL_INTERFACE));
    }
    object!(sheet, "Disable local IGMP = {}", either(global.disable_local_igmp, "yes", "no"));
    if let Some(daemon) = &global.sync_daemon {
        synchronisation(scene, writer, daemon, sheet);
    }
    object!(sheet, "LVS flush = {}", global.lvs_flush);
    let on_stop = match global.lvs_flush_on_stop {
        FlushOnStop::No => "disabled",
        FlushOnStop::All => "full",
        FlushOnStop::Services => "VS",
    };
    object!(sheet, "LVS flush on stop = {on_stop}");
    let of_all = if scene.config.present.checkers { Role::Checkers } else { Role::Vrrp };
    for (name, fifo, reader) in [
        ("Global", &global.notify_fifo, of_all),
        ("VRRP", &global.vrrp_notify_fifo, Role::Vrrp),
        ("LVS", &global.lvs_notify_fifo, Role::Checkers),
    ] {
        let Some(fifo) = fifo else { continue };
        object!(sheet, "{name} notify fifo = {}, {}", fifo.path, user(global, fifo.owner.as_ref()));
        // The reader of all events is known where it is started, and to those that start none.
        let is_elsewhere = name == "Global" && writer == Some(Role::Vrrp) && reader != Role::Vrrp;
        if let Some(script) = fifo.script.as_ref().filter(|_| !is_elsewhere) {
            // Who runs it has told it what to read.
            let path = if writer == Some(reader) { std::slice::from_ref(&fifo.path) } else { &[] };
            object!(sheet, "{name} notify fifo script = {}", whole(global, script, path));
        }
    }
    object!(sheet, "FIFO write vrrp states on reload = {}", global.fifo_write_vrrp_states_on_reload);
    object!(sheet, "VRRP notify priority changes = {}", global.notify_priority_changes);
}

fn reload(scene: &Scene<'_>, writer: Option<Role>, sheet: &mut Sheet) {
    let global = &scene.config.global;
    match &global.reload_check_config {
        Some(file) => object!(sheet, "Test config before reload, log to {file}"),
        None => object!(sheet, "No test config before reload"),
    }
    if let Some(file) = &global.reload_time_file {
        object!(sheet, "Reload time file = {file}{}", either(global.reload_repeat, " (repeat)", ""));
        // Workers know nothing of it.
        match scene.next_reload.filter(|_| writer.is_none()) {
            Some(at) => object!(sheet, "Reload scheduled for {at}"),
            None => object!(sheet, "No reload scheduled"),
        }
    }
    if let Some(file) = &global.reload_file {
        object!(sheet, "Reload_file = {}", place::reload_file(file, scene.pid_file).display());
    }
    if global.data_use_instance {
        object!(sheet, "Use instance name in data dumps");
    }
}

fn occasions(scene: &Scene<'_>, sheet: &mut Sheet) {
    // The comma is missing in the original, too.
    for (name, occasion, comma) in
        [("Startup", &scene.plan.startup, ","), ("Shutdown", &scene.plan.shutdown, "")]
    {
        if let Some(Occasion { program: script, limit }) = occasion {
            object!(sheet, "{name} script = {}{comma} timeout {}", program(script), limit.as_secs());
        }
    }
}

fn synchronisation(scene: &Scene<'_>, writer: Option<Role>, daemon: &SyncDaemon, sheet: &mut Sheet) {
    let SyncDaemon { interface, instance, id, max_len, port, ttl, group } = daemon;
    if let Some(instance) = instance.and_then(|at| scene.config.vrrp_instances.get(at)) {
        // The worker that has it knows more than its name.
        let title = either(writer == Some(Role::Vrrp), "instance", "name");
        object!(sheet, "LVS syncd vrrp {title} = {}", instance.name);
    }
    object!(sheet, "LVS syncd interface = {}", interface.value.as_str());
    object!(sheet, "LVS syncd syncid = {id}");
    if let Some(max_len) = max_len {
        object!(sheet, "LVS syncd maxlen = {max_len}");
    }
    if let Some(group) = group {
        object!(sheet, "LVS mcast group {group}");
    }
    if let Some(port) = port {
        object!(sheet, "LVS syncd mcast port = {port}");
    }
    if let Some(ttl) = ttl {
        object!(sheet, "LVS syncd mcast ttl = {ttl}");
    }
}

fn announcements(scene: &Scene<'_>, writer: Option<Role>, sheet: &mut Sheet) {
    let global = &scene.config.global;
    let (garp, adverts) = (&global.garp, &global.adverts);
    object!(sheet, "VRRP IPv4 mcast group = {}", global.vrrp_mcast_group4);
    object!(sheet, "VRRP IPv6 mcast group = {}", global.vrrp_mcast_group6);
    object!(sheet, "Gratuitous ARP delay = {}", seconds(garp.master_delay));
    object!(sheet, "Gratuitous ARP repeat = {}", garp.master_repeat);
    object!(sheet, "Gratuitous ARP refresh timer = {}", seconds(garp.refresh));
    object!(sheet, "Gratuitous ARP refresh repeat = {}", garp.refresh_repeat);
    object!(sheet, "Gratuitous ARP lower priority delay = {}", seconds(garp.lower_prio_delay));
    object!(sheet, "Gratuitous ARP lower priority repeat = {}", garp.lower_prio_repeat);
    object!(sheet, "Num adverts before down = {}", adverts.down_timer);
    let others = either(garp.extra_if_all, "i/f", "VMAC");
    object!(sheet, "Gratuitous ARP for each secondary {others} = {}s", seconds(garp.extra_if));
    object!(sheet, "Send advert after receive lower priority advert = {}", !adverts.lower_prio_no_advert);
    object!(sheet, "Send advert after receive higher priority advert = {}", adverts.higher_prio_send_advert);
    object!(sheet, "Gratuitous ARP interval = {:.6}", seconds(global.garp_interval));
    object!(sheet, "Gratuitous NA interval = {:.6}", seconds(global.gna_interval));
    let version = match global.vrrp_version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    object!(sheet, "VRRP default protocol version = {version}");
    filters(scene, writer, sheet);
    object!(sheet, "VRRP check unicast_src = {}", adverts.check_unicast_src);
    object!(sheet, "VRRP skip check advert addresses = {}", adverts.skip_check_adv_addr);
    object!(sheet, "VRRP strict mode = {}", global.vrrp_strict);
    match global.max_auto_priority {
        ..0 => object!(sheet, "Max auto priority = Disabled"),
        highest => object!(sheet, "Max auto priority = {highest}"),
    }
    object!(sheet, "Min auto priority delay = {} usecs", global.min_auto_priority_delay.as_micros());
}

fn filters(scene: &Scene<'_>, writer: Option<Role>, sheet: &mut Sheet) {
    let global = &scene.config.global;
    if let (Some(tables), None) = (&global.iptables, &global.nftables) {
        object!(sheet, "Iptables input chain = {}", tables.input);
        if let Some(output) = &tables.output {
            object!(sheet, "Iptables output chain = {output}");
        }
    }
    let tables = |name: &str, priority: i32, by_index: bool, sheet: &mut Sheet| {
        object!(sheet, "nftables table name = {name}");
        object!(sheet, "nftables base chain priority = {priority}");
        let force = either(by_index, "", "don't ");
        object!(sheet, "nftables {force}force use ifindex for link local IPv6");
    };
    match (&global.nftables, &scene.plan.vrrp.standing.firewall) {
        (Some(said), _) => tables(&said.table, said.priority, said.by_index, sheet),
        // Nobody named it, and something has to be filtered all the same.
        (None, Some(made)) if writer == Some(Role::Vrrp) && made.iptables.is_none() => {
            tables(&made.table, made.priority, false, sheet);
        }
        (None, _) => {}
    }
    if let Some(NftablesIpvs { table, priority, first_mark }) = &global.nftables_ipvs {
        object!(sheet, "ipvs nftables table name = {table}");
        object!(sheet, "ipvs nftables base chain priority = {priority}");
        object!(sheet, "ipvs nftables start fwmark = {first_mark}");
    }
    object!(sheet, "nftables with{} counters", either(global.nftables_counters, "", "out"));
}

fn tuning(global: &Global, role: Role) -> &ProcessTuning {
    match role {
        Role::Vrrp => &global.vrrp_process,
        Role::Checkers => &global.checker_process,
        Role::Bfd => &global.bfd_process,
    }
}

/// What the original takes unless it is told, in microseconds.
const REALTIME_LIMIT: Duration = Duration::from_micros(10_000);

fn process(title: &str, tuning: &ProcessTuning, sheet: &mut Sheet) {
    object!(sheet, "{title} process priority = {}", tuning.nice);
    object!(sheet, "{title} don't swap = {}", tuning.no_swap);
    object!(sheet, "{title} realtime priority = {}", tuning.realtime.unwrap_or(0));
    if let Some(cpus) = &tuning.cpus {
        // A blank behind each.
        let numbers: String = cpus.value.0.iter().map(|cpu| format!("{cpu} ")).collect();
        object!(sheet, "{title} CPU Affinity = {numbers}");
    }
    object!(sheet, "{title} realtime limit = {}", realtime_limit(tuning).as_micros());
}

fn realtime_limit(tuning: &ProcessTuning) -> Duration {
    tuning.realtime_limit.unwrap_or(REALTIME_LIMIT)
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
    object!(sheet, "Default script {}", user(global, None));
}

/// `uid:gid 0:0`: who a script or FIFO belongs to for which this is said.
fn user(global: &Global, said: Option<&Identity>) -> String {
    match script::who(global, said) {
        Some((uid, gid)) => format!("uid:gid {uid}:{gid}"),
        // Nobody runs it; the original shows what it began with.
        None => "uid:gid 0:0".to_owned(),
    }
}

/// A script with the words that it gets besides, and its user.
fn whole(global: &Global, script: &Script, more: &[String]) -> String {
    let said = script.identity.as_ref().map(|said| &said.value);
    let words: Vec<_> = script.command.argv.iter().chain(more).cloned().collect();
    format!("{}, {}", quoted(&words), user(global, said))
}

/// How many times its size is made room for.
const TIMES: u32 = 3;

fn receiving(global: &Global, sheet: &mut Sheet) {
    let times = match global.rx_buffers {
        RxBuffers::System | RxBuffers::Bytes(_) => TIMES,
        RxBuffers::Mtu(times) | RxBuffers::Advert(times) => times,
    };
    match global.rx_buffers {
        RxBuffers::System => {}
        RxBuffers::Bytes(bytes) => object!(sheet, "rx_bufs_size = {bytes}"),
        RxBuffers::Mtu(_) => object!(sheet, "rx_bufs_policy = MTU"),
        RxBuffers::Advert(_) => object!(sheet, "rx_bufs_policy = ADVERT"),
    }
    object!(sheet, "rx_bufs_multiples = {times}");
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
    if global.json_version != 1 {
        object!(sheet, "JSON version = {}", global.json_version);
    }
}
