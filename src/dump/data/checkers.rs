//! Virtual servers and the checkers of their real servers.

use std::net::IpAddr;

use checkers::params::{
    BeforeFirst, BetweenPages, CheckerKind, CheckerParams, Endpoint, LoggedFailures, Scheme, UdpReply,
};
use parser::config::{
    self, Forwarding, Granularity, Members, Protocol, RealServer, Scheduler, Script, Service, SslContext,
    TunnelChecksum, TunnelKind, VirtualServer, VirtualServerGroup,
};

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, member, object};
use crate::dump::words::{command, either, moment, quoted, seconds};
use crate::status::checkers as status;

/// The release of IPVS whose interface is spoken.
const IPVS: &str = "1.2.1";

pub(super) fn write(scene: &Scene<'_>, status: Option<&status::CheckersStatus>, sheet: &mut Sheet) {
    let config = scene.config;
    if let Some(ssl) = &config.ssl {
        certificates(ssl, sheet);
    }
    if config.virtual_servers.is_empty() {
        return;
    }
    sheet.section("LVS Topology");
    object!(sheet, "System is compiled with LVS v{IPVS}");
    for group in &config.virtual_server_groups {
        group_of_services(group, sheet);
    }
    let told = |at: usize| status.and_then(|status| status.services.get(at));
    for (at, service) in config.virtual_servers.iter().enumerate() {
        virtual_server(service, told(at), sheet);
    }
    sheet.section("Health checkers");
    for (at, service) in scene.plan.checkers.services.iter().enumerate() {
        for (index, server) in service.params.servers.iter().enumerate() {
            let told = told(at).and_then(|service| service.servers.get(index));
            for (nth, checker) in server.checkers.iter().enumerate() {
                object!(sheet, "{} -> {}", service.params.id, server.id);
                self::checker(checker, told.and_then(|server| server.checkers.get(nth)), sheet);
            }
        }
    }
}

fn certificates(ssl: &SslContext, sheet: &mut Sheet) {
    sheet.section("SSL definitions");
    let files = [("Certificate", &ssl.certificate), ("Private key", &ssl.key), ("CA file", &ssl.ca)];
    for (title, file) in files {
        object!(sheet, "{title} = {}", file.as_deref().unwrap_or("(none)"));
    }
}

fn group_of_services(group: &VirtualServerGroup, sheet: &mut Sheet) {
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
    for one in &group.members {
        match one {
            Members::Range { first, last, port, .. } if first == last => {
                attribute!(sheet, "VIP = {first}, VPORT = {port}");
            }
            Members::Range { first, last, port, .. } => {
                attribute!(sheet, "VIP Range = {first}-{last}, VPORT = {port}");
            }
            Members::Fwmark { mark, .. } => attribute!(sheet, "FWMARK = {mark}"),
        }
    }
}

fn virtual_server(one: &VirtualServer, told: Option<&status::Service>, sheet: &mut Sheet) {
    object!(sheet, "------< Virtual server >------");
    match &one.service {
        Service::Address { addr, port } => object!(sheet, "VS VIP = {addr}, VPORT = {port}"),
        Service::Fwmark(mark) => object!(sheet, "VS FWMARK = {mark}"),
        Service::Group { name, nth, .. } => object!(sheet, "VS GROUP = [{name}]:{nth}"),
    }
    if let Some(host) = &one.virtualhost {
        attribute!(sheet, "VirtualHost = {host}");
    }
    let family = match one.family {
        Some(config::Family::V4) => "inet",
        Some(config::Family::V6) => "inet6",
        None => "(mixed)",
    };
    attribute!(sheet, "Address family = {family}");
    attribute!(sheet, "delay_loop = {:.6}", seconds(one.delay_loop));
    attribute!(sheet, "lvs_sched = {}", one.scheduler.name());
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
        if let Some(engine) = &persistence.engine {
            attribute!(sheet, "persistence engine = {engine}");
        }
    }
    attribute!(sheet, "protocol = {}", protocol(one.protocol));
    attribute!(sheet, "alpha is {}", on(one.alpha));
    attribute!(sheet, "omega is {}", on(one.omega));
    attribute!(sheet, "quorum = {}, hysteresis = {}", one.quorum, one.hysteresis);
    script("Quorum up notify script", one.quorum_up.as_deref(), sheet);
    script("Quorum down notify script", one.quorum_down.as_deref(), sheet);
    attribute!(sheet, "Using smtp notification = {}", either(one.smtp_alert, "yes", "no"));
    attribute!(sheet, "default forwarding method = {}", forwarding(one.forwarding));
    if let Some(sorry) = &one.sorry_server {
        attribute!(sheet, "sorry server = {}", endpoint(sorry.addr, one.protocol, sorry.port));
        member!(sheet, "forwarding method = {}", forwarding(sorry.forwarding));
        member!(sheet, "Inhibit on failure is {}", on(sorry.inhibit_on_failure));
    }
    if let Some(told) = told {
        let alive = told.servers.iter().any(|server| server.up);
        attribute!(sheet, "alive = {}", u8::from(alive));
        attribute!(sheet, "quorum_state_up = {}", u8::from(told.has_quorum));
        if one.sorry_server.is_some() {
            attribute!(sheet, "sorry server in use = {}", u8::from(told.sorry_serves));
        }
    }
    for (index, server) in one.real_servers.iter().enumerate() {
        real_server(server, told.and_then(|service| service.servers.get(index)), sheet);
    }
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
    attribute!(sheet, "One packet scheduling = {}", enabled(flags.one_packet));
}

fn real_server(one: &RealServer, told: Option<&status::Server>, sheet: &mut Sheet) {
    let weight = told.map_or(one.weight, |told| told.weight);
    attribute!(sheet, "------< Real server >------");
    attribute!(
        sheet,
        "RIP = {}, RPORT = {}, WEIGHT = {} EFF WEIGHT = {weight}",
        one.addr,
        one.port,
        one.weight
    );
    attribute!(sheet, "forwarding method = {}", forwarding(one.forwarding));
    attribute!(sheet, "connection limit range = {} -> {}", one.lower_threshold, one.upper_threshold);
    attribute!(sheet, "Inhibit on failure is {}", on(one.inhibit_on_failure));
    for (title, script) in
        [("RS up notify script", &one.notify_up), ("RS down notify script", &one.notify_down)]
    {
        if let Some(script) = script {
            member!(sheet, "{title} = {}", command(&script.command));
        }
    }
    attribute!(sheet, "Using smtp notification = {}", either(one.smtp_alert, "yes", "no"));
    if let Some(host) = &one.virtualhost {
        attribute!(sheet, "VirtualHost = {host}");
    }
    attribute!(sheet, "initial weight = {}", one.weight);
    attribute!(sheet, "effective weight = {weight}");
    if let Some(told) = told {
        let failed = told.checkers.iter().filter(|checker| !checker.up).count();
        attribute!(sheet, "alive = {}", u8::from(told.up));
        attribute!(sheet, "num failed checkers = {failed}");
        attribute!(sheet, "RS set = {}", u8::from(told.pooled));
    }
}

fn checker(params: &CheckerParams, told: Option<&status::Checker>, sheet: &mut Sheet) {
    attribute!(sheet, "Enabled = yes");
    let yes = |is_so| either(is_so, "yes", "no");
    if let Some(told) = told {
        attribute!(sheet, "Up = {}", yes(told.up));
        attribute!(sheet, "Has run = {}", yes(told.has_run));
        attribute!(sheet, "Current weight = {}", told.contribution);
    }
    attribute!(sheet, "Alpha = {}", yes(params.before_first == BeforeFirst::Down));
    attribute!(sheet, "Delay loop = {} us", params.cadence.delay_loop.as_micros());
    attribute!(sheet, "Warmup = {} us", params.cadence.warmup.as_micros());
    attribute!(sheet, "Retries = {}", params.retry);
    attribute!(sheet, "Delay before retry = {} us", params.cadence.delay_before_retry.as_micros());
    if let Some(told) = told {
        attribute!(sheet, "Retries iterations = {}", told.failures);
    }
    attribute!(sheet, "Log all failures = {}", yes(params.failures == LoggedFailures::Every));
    if let Some(endpoint) = params.kind.endpoint() {
        connection(endpoint, sheet);
    }
    kind(&params.kind, sheet);
    if let Some(probe) = told.and_then(|told| told.last.as_ref()) {
        let result = probe.passed.map_or("not made", |passed| either(passed, "passed", "failed"));
        attribute!(sheet, "Last check = {}", moment(probe.at));
        member!(sheet, "Result = {result}");
        member!(sheet, "Took = {} us", probe.took.as_micros());
        member!(sheet, "Started late by = {} us", probe.late.as_micros());
    }
}

fn connection(endpoint: &Endpoint, sheet: &mut Sheet) {
    attribute!(sheet, "Connection");
    member!(sheet, "Dest = [{}]:{}", endpoint.dest.ip(), endpoint.dest.port());
    if let Some(bind) = endpoint.bind {
        member!(sheet, "Bind to = [{}]:{}", bind.ip(), bind.port());
    }
    if let Some(device) = &endpoint.device {
        member!(sheet, "Bind i/f = {device}");
    }
    if endpoint.mark != 0 {
        member!(sheet, "Mark = {}", endpoint.mark);
    }
    member!(sheet, "Timeout = {:.6}", seconds(endpoint.timeout));
}

fn kind(kind: &CheckerKind, sheet: &mut Sheet) {
    match kind {
        CheckerKind::Tcp(_) => attribute!(sheet, "Keepalive method = TCP_CHECK"),
        CheckerKind::Web(web) => {
            let scheme = match web.scheme {
                Scheme::Http => "HTTP_GET",
                Scheme::Https => "SSL_GET",
            };
            let version = match web.version {
                checkers::http::Version::Http10 => "1.0",
                checkers::http::Version::Http10Close => "1.0C",
                checkers::http::Version::Http11 => "1.1",
            };
            attribute!(sheet, "Keepalive method = {scheme}, http protocol {version}");
            attribute!(sheet, "Fast recovery {}", either(web.between == BetweenPages::Hurry, "set", "unset"));
            for page in &web.pages {
                attribute!(sheet, "Checked url = {}", page.path);
                if let Some(host) = &page.host {
                    member!(sheet, "VirtualHost = {host}");
                }
                if let Some(digest) = &page.wanted.digest {
                    member!(sheet, "digest = {digest}");
                }
                member!(sheet, "HTTP Status Code(s)");
                for codes in &page.wanted.status {
                    let (first, last) = (codes.start(), codes.end());
                    if first == last {
                        sheet.line(7, format_args!("{first}"));
                    } else {
                        sheet.line(7, format_args!("{first}-{last}"));
                    }
                }
            }
        }
        CheckerKind::Smtp(smtp) => {
            attribute!(sheet, "Keepalive method = SMTP_CHECK");
            attribute!(sheet, "helo = {}", smtp.helo_name);
        }
        CheckerKind::Udp(udp) => {
            attribute!(sheet, "Keepalive method = UDP_CHECK");
            attribute!(sheet, "Payload len = {}", udp.payload.len());
            attribute!(sheet, "Require reply = {}", either(udp.reply == UdpReply::Optional, "no", "yes"));
            if let UdpReply::Like { pattern, length } = &udp.reply {
                member!(sheet, "Min reply length = {}", length.start());
                member!(sheet, "Max reply length = {}", length.end());
                member!(sheet, "Reply data len = {}", pattern.len());
                let has_mask = pattern.iter().any(|(_, mask)| *mask != 0xff);
                member!(sheet, "Reply data mask = {}", either(has_mask, "yes", "no"));
            }
        }
        CheckerKind::Ping(_) => attribute!(sheet, "Keepalive method = PING_CHECK"),
        CheckerKind::File(file) => {
            attribute!(sheet, "Keepalive method = FILE_CHECK");
            attribute!(sheet, "File = {} ({})", file.name, file.path.display());
            attribute!(sheet, "Weight = {}{}", file.weight, either(file.reverse, " reverse", ""));
        }
        CheckerKind::Bfd(bfd) => {
            attribute!(sheet, "Keepalive method = BFD_CHECK");
            attribute!(sheet, "Name = {}", bfd.session);
        }
        CheckerKind::Misc(misc) => {
            attribute!(sheet, "Keepalive method = MISC_CHECK");
            attribute!(sheet, "script = {}", quoted(&misc.argv));
            attribute!(sheet, "timeout = {}", misc.timeout.as_secs());
            attribute!(sheet, "dynamic = {}", either(misc.dynamic, "YES", "NO"));
            attribute!(sheet, "uid:gid = {}:{}", misc.user.0, misc.user.1);
        }
        CheckerKind::Dns(dns) => {
            attribute!(sheet, "Keepalive method = DNS_CHECK");
            attribute!(sheet, "Type = {}", format!("{:?}", dns.question.record).to_uppercase());
            attribute!(sheet, "Name = {}", dns.question.name);
        }
    }
}

fn on(is_on: bool) -> &'static str {
    either(is_on, "ON", "OFF")
}

fn script(title: &str, script: Option<&Script>, sheet: &mut Sheet) {
    if let Some(script) = script {
        attribute!(sheet, "{title} = {}", command(&script.command));
    }
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
        TunnelChecksum::Sum => ", csum",
        TunnelChecksum::Remote => ", remcsum",
    };
    format!("TUN, type = {kind}{checksum}")
}
