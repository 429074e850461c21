//! Virtual servers and their real servers.

use std::net::IpAddr;
use std::time::Duration;

use parser::config::{
    self, Check, Forwarding, Granularity, Inherited, Members, Protocol, RealServer, Scheduler, Service,
    SorryServer, SslContext, TunnelChecksum, TunnelKind, VirtualServer, VirtualServerGroup,
};

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, member, object};
use crate::dump::words::{either, program, seconds, weight};
use crate::plan::checkers::ServiceScripts;
use crate::status::checkers as status;

mod method;
mod watched;

/// The release of IPVS whose interface is spoken.
const IPVS: &str = "1.2.1";

pub(super) fn write(scene: &Scene<'_>, status: Option<&status::CheckersStatus>, sheet: &mut Sheet) {
    let config = scene.config;
    if let Some(ssl) = &config.ssl {
        certificates(ssl, sheet);
    } else if config.virtual_servers.iter().any(speaks_tls) {
        sheet.section("SSL definitions");
        object!(sheet, "Using autogen SSL context");
    }
    if config.virtual_servers.is_empty() {
        return;
    }
    sheet.section("LVS Topology");
    object!(sheet, "System is compiled with LVS v{IPVS}");
    for (at, group) in config.virtual_server_groups.iter().enumerate() {
        group_of_services(group, |protocol| users(config, at, protocol), sheet);
    }
    let told = |at: usize| status.and_then(|status| status.services.get(at));
    for (at, service) in config.virtual_servers.iter().enumerate() {
        if let Some(plan) = scene.plan.checkers.services.get(at) {
            virtual_server(service, &plan.scripts, told(at), scene, sheet);
        }
    }
    sheet.section("Health checkers");
    method::write(scene, status, sheet);
    watched::write(scene, status, sheet);
}

/// Whether a server is asked with `SSL_GET`.
fn speaks_tls(service: &VirtualServer) -> bool {
    let mut checkers = service.real_servers.iter().flat_map(|server| &server.checkers);
    checkers.any(|checker| matches!(&checker.check, Check::Http(http) if http.tls))
}

/// How many virtual servers of a protocol use a group; those of any, if it says none.
fn users(config: &config::Config, group: usize, protocol: Option<Protocol>) -> usize {
    let uses = |one: &&VirtualServer| {
        let is_its = matches!(one.service, Service::Group { group: at, .. } if at == group);
        is_its && protocol.is_none_or(|protocol| one.protocol == protocol)
    };
    config.virtual_servers.iter().filter(uses).count()
}

fn certificates(ssl: &SslContext, sheet: &mut Sheet) {
    sheet.section("SSL definitions");
    if ssl.password.is_some() {
        // The original shows it.
        object!(sheet, "Password : ********");
    }
    let files = [("CA-file", &ssl.ca), ("Certificate file", &ssl.certificate), ("Key file", &ssl.key)];
    for (title, file) in files {
        if let Some(file) = file {
            object!(sheet, "{title} : {file}");
        }
    }
}

fn group_of_services(
    group: &VirtualServerGroup,
    users: impl Fn(Option<Protocol>) -> usize,
    sheet: &mut Sheet,
) {
    let has = |is_v6: bool| {
        group.members.iter().any(|one| match one {
            Members::Range { first, .. } => first.is_ipv6() == is_v6,
            Members::Fwmark { .. } => false,
        })
    };
    object!(sheet, "------< Virtual server group >------");
    object!(
        sheet,
        "Virtual Server Group = {}, IPv4 = {}, IPv6 = {}",
        group.name,
        either(has(false), "yes", "no"),
        either(has(true), "yes", "no")
    );
    let alive = |sheet: &mut Sheet| {
        let [tcp, udp, sctp] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp].map(|one| users(Some(one)));
        member!(sheet, "Alive: {tcp} tcp, {udp} udp, {sctp} sctp");
        member!(sheet, "reloaded = False");
    };
    for one in &group.members {
        match one {
            Members::Range { first, last, port, .. } if first == last => {
                attribute!(sheet, "VIP = {first}, VPORT = {port}");
                alive(sheet);
            }
            Members::Range { first, last, port, .. } => {
                attribute!(sheet, "VIP Range = {first}-{last}, VPORT = {port}");
                alive(sheet);
            }
            Members::Fwmark { mark, family, .. } => {
                let (all, none) = (users(None), 0);
                let (said, ipv4, ipv6) = match family {
                    Some(config::Family::V6) => (" IPv6", none, all),
                    Some(config::Family::V4) => (" IPv4", all, none),
                    None if has(true) && !has(false) => ("", none, all),
                    None => ("", all, none),
                };
                attribute!(sheet, "FWMARK = {mark}{said}");
                member!(sheet, "Alive: {ipv4} IPv4, {ipv6} IPv6");
                member!(sheet, "reloaded = False");
            }
        }
    }
}

fn virtual_server(
    one: &VirtualServer,
    scripts: &ServiceScripts,
    told: Option<&status::Service>,
    scene: &Scene<'_>,
    sheet: &mut Sheet,
) {
    object!(sheet, "------< Virtual server >------");
    match &one.service {
        Service::Address { addr, port } => object!(sheet, "VS VIP = {addr}, VPORT = {port}"),
        Service::Fwmark(mark) => object!(sheet, "VS FWMARK = {mark}"),
        Service::Group { name, nth, .. } => object!(sheet, "VS GROUP = [{name}]:{nth}"),
    }
    if let Some(host) = &one.virtualhost {
        attribute!(sheet, "VirtualHost = {host}");
    }
    if let Some(name) = &one.snmp_name {
        attribute!(sheet, "SNMP name = '{name}'");
    }
    let family = match one.family {
        Some(config::Family::V4) => "inet",
        Some(config::Family::V6) => "inet6",
        None => "IPv4 & IPv6",
    };
    let inherited = &one.inherited;
    attribute!(sheet, "Address family = {family}");
    attribute!(sheet, "connection timeout = {:.6}", seconds(inherited.connect_timeout));
    attribute!(sheet, "delay_loop = {:.6}", seconds(inherited.delay_loop));
    attribute!(sheet, "lvs_sched = {}", one.scheduler.name());
    // A word that never did anything.
    attribute!(sheet, "Hashed = disabled");
    flags(one, sheet);
    if let Some(persistence) = &one.persistence {
        attribute!(sheet, "persistence timeout = {}", persistence.timeout.as_secs());
        match persistence.granularity {
            Granularity::Mask(mask) => {
                if !mask.is_broadcast() {
                    attribute!(sheet, "persistence granularity = {mask}");
                }
            }
            Granularity::Prefix(length) => attribute!(sheet, "persistence granularity = {length}"),
        }
    }
    attribute!(sheet, "protocol = {}", protocol(one.protocol));
    attribute!(sheet, "alpha is {}", on(inherited.alpha));
    attribute!(sheet, "omega is {}", on(one.omega));
    retries(inherited, sheet);
    attribute!(sheet, "Inhibit on failure is {}", on(one.inhibit_on_failure));
    attribute!(sheet, "quorum = {}, hysteresis = {}", one.quorum, one.hysteresis);
    for (title, script) in [("up", &scripts.up), ("down", &scripts.down)] {
        if let Some(script) = script {
            attribute!(sheet, "Quorum {title} notify script = {}", program(script));
        }
    }
    if one.ha_suspend {
        attribute!(sheet, "Using HA suspend");
    }
    attribute!(sheet, "Using smtp notification = {}", either(one.smtp_alert, "yes", "no"));
    attribute!(sheet, "default forwarding method = {}", forwarding(one.forwarding));
    if let Some(sorry) = &one.sorry_server {
        sorry_server(sorry, one, told, sheet);
    }
    if let Some(told) = told {
        // It is in the table from the start to the end.
        attribute!(sheet, "VS alive = 1");
        attribute!(sheet, "quorum_state_up = {}", u8::from(told.has_quorum));
    }
    attribute!(sheet, "reloaded = 0");
    for (index, server) in one.real_servers.iter().enumerate() {
        let told = told.and_then(|service| service.servers.get(index));
        real_server(server, one, scripts, told, scene, sheet);
    }
}

fn sorry_server(
    sorry: &SorryServer,
    service: &VirtualServer,
    told: Option<&status::Service>,
    sheet: &mut Sheet,
) {
    let is_twin = |one: &RealServer| (one.addr, one.port) == (sorry.addr, sorry.port);
    let twin = either(service.real_servers.iter().any(is_twin), "(duplicates rs) ", "");
    attribute!(sheet, "sorry server {twin}= {}", endpoint(sorry.addr, service.protocol, sorry.port));
    member!(sheet, "forwarding method = {}", forwarding(sorry.forwarding));
    member!(sheet, "Inhibit on failure is {}", on(sorry.inhibit_on_failure));
    if let Some(told) = told {
        member!(sheet, "set = {}", u8::from(told.sorry_pooled));
        member!(sheet, "alive = {}", u8::from(told.sorry_serves));
    }
}

/// What checkers take that do not say, as far as it was said.
fn retries(inherited: &Inherited, sheet: &mut Sheet) {
    if let Some(count) = inherited.retry {
        attribute!(sheet, "Retry count = {count}");
    }
    let time = |title: &str, time: Option<Duration>, sheet: &mut Sheet| {
        if let Some(time) = time {
            attribute!(sheet, "{title} = {:.6}", seconds(time));
        }
    };
    time("Retry delay", inherited.delay_before_retry, sheet);
    time("Warmup", inherited.warmup, sheet);
}

/// What a flag is called depends on the scheduler.
fn flags(one: &VirtualServer, sheet: &mut Sheet) {
    let enabled = |is_set| either(is_set, "enabled", "disabled");
    let flags = &one.flags;
    let named = match one.scheduler {
        Scheduler::Sh => [("sh-port", flags.flag_2), ("sh-fallback", flags.flag_1)],
        Scheduler::Mh => [("mh-port", flags.flag_2), ("mh-fallback", flags.flag_1)],
        Scheduler::Rr
        | Scheduler::Wrr
        | Scheduler::Lc
        | Scheduler::Wlc
        | Scheduler::Lblc
        | Scheduler::Dh
        | Scheduler::Fo
        | Scheduler::Ovf
        | Scheduler::Lblcr
        | Scheduler::Sed
        | Scheduler::Nq
        | Scheduler::Twos => [("flag-1", flags.flag_1), ("flag-2", flags.flag_2)],
    };
    for (name, is_set) in named {
        attribute!(sheet, "{name} = {}", enabled(is_set));
    }
    if !matches!(one.scheduler, Scheduler::Sh | Scheduler::Mh) {
        attribute!(sheet, "flag-3 = {}", enabled(flags.flag_3));
    }
    let is_idle = flags.one_packet && one.protocol != Protocol::Udp;
    let remark = either(is_idle, " (inactive due to not UDP)", "");
    attribute!(sheet, "One packet scheduling = {}{remark}", enabled(flags.one_packet));
}

fn real_server(
    one: &RealServer,
    service: &VirtualServer,
    scripts: &ServiceScripts,
    told: Option<&status::Server>,
    scene: &Scene<'_>,
    sheet: &mut Sheet,
) {
    let added: i64 = told.iter().flat_map(|told| &told.checkers).map(|checker| checker.contribution).sum();
    let (weight, effective) = (told.map_or(one.weight, |told| told.weight), i64::from(one.weight) + added);
    let inherited = one.inherited.as_deref().unwrap_or(&service.inherited);
    attribute!(sheet, "------< Real server >------");
    attribute!(sheet, "RIP = {}, RPORT = {}, WEIGHT = {weight} EFF WEIGHT = {effective}", one.addr, one.port);
    attribute!(sheet, "forwarding method = {}", forwarding(one.forwarding));
    attribute!(sheet, "Alpha is {}", on(inherited.alpha));
    attribute!(sheet, "connection timeout = {:.6}", seconds(inherited.connect_timeout));
    attribute!(sheet, "connection limit range = {} -> {}", one.lower_threshold, one.upper_threshold);
    attribute!(sheet, "Delay loop = {:.6}", seconds(inherited.delay_loop));
    retries(inherited, sheet);
    attribute!(sheet, "Inhibit on failure is {}", on(one.inhibit_on_failure));
    let own = |(id, ..): &&(checkers::RealServerId, _, _)| (id.addr, id.port) == (one.addr, one.port);
    if let Some((_, up, down)) = scripts.servers.iter().find(own) {
        for (title, script) in [("up", up), ("down", down)] {
            if let Some(script) = script {
                member!(sheet, "RS {title} notify script = {}", program(script));
            }
        }
    }
    // One of its own.
    if let Some(host) = one.virtualhost.as_ref().filter(|_| one.virtualhost != service.virtualhost) {
        sheet.line(4, format_args!("VirtualHost = '{host}'"));
    }
    if let Some(name) = &one.snmp_name {
        attribute!(sheet, "SNMP name = {name}");
    }
    attribute!(sheet, "Using smtp notification = {}", either(one.smtp_alert, "yes", "no"));
    attribute!(sheet, "initial weight = {}", one.weight);
    attribute!(sheet, "effective weight = {effective}");
    if let Some(told) = told {
        let failed = told.checkers.iter().filter(|checker| !checker.up).count();
        attribute!(sheet, "alive = {}", u8::from(told.up));
        attribute!(sheet, "num failed checkers = {failed}");
        attribute!(sheet, "RS set = {}", u8::from(told.pooled));
    }
    attribute!(sheet, "reloaded = 0");
    tracked(one, scene, sheet);
}

/// The files and BFD sessions that a server watches.
fn tracked(one: &RealServer, scene: &Scene<'_>, sheet: &mut Sheet) {
    let (mut files, mut sessions) = (Vec::new(), Vec::new());
    for checker in &one.checkers {
        if let Check::File(check) = &checker.check {
            let file = scene.config.track_files.get(check.file);
            files.extend(file.map(|file| format!("{}, {}", file.name, weight(check.weight))));
        } else if let Check::Bfd(check) = &checker.check {
            sessions.extend(scene.config.bfd_instances.get(check.bfd).map(|bfd| bfd.name.clone()));
        }
    }
    for (title, names) in [("Tracked Files", files), ("Tracked BFDs", sessions)] {
        if !names.is_empty() {
            attribute!(sheet, "{title}");
        }
        for name in names {
            member!(sheet, "{name}");
        }
    }
}

fn on(is_on: bool) -> &'static str {
    either(is_on, "ON", "OFF")
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "SCTP",
        Protocol::None => "none",
    }
}

fn endpoint(addr: IpAddr, protocol: Protocol, port: u16) -> String {
    format!("[{addr}]:{protocol}:{port}")
}

fn forwarding(forwarding: Forwarding) -> String {
    let tunnel = match forwarding {
        Forwarding::Nat => return "NAT".to_owned(),
        Forwarding::Direct => return "DR".to_owned(),
        Forwarding::Tunnel(tunnel) => tunnel,
    };
    let kind = match tunnel.kind {
        TunnelKind::Ipip => "IPIP".to_owned(),
        TunnelKind::Gue { port } => format!("GUE, port = {port}"),
        TunnelKind::Gre => "GRE".to_owned(),
    };
    let checksum = match tunnel.checksum {
        TunnelChecksum::None => "",
        TunnelChecksum::Sum => ", checksum",
        TunnelChecksum::Remote => ", remote checksum",
    };
    format!("TUN, type = {kind}{checksum}")
}
