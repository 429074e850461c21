//! `virtual_server` blocks to the checker worker's plan.

mod web;

use std::net::{IpAddr, SocketAddr};

use checkers::dns::{NoName, Question, Record};
use checkers::io::credentials::Credentials;
use checkers::params::{
    AtStop, BeforeFirst, CheckerAlerts, CheckerKind, CheckerParams, DnsCheck, Endpoint, FileCheck,
    FirstState, LoggedFailures, RealServerParams, SmtpCheck, SorryParams, UdpCheck, UdpReply,
    VirtualServerParams, WhenDown,
};
use checkers::{Cadence, EntryId, Protocol, RealServerId, VirtualServerId};
use parser::config::{self, Check, Checker, Config, Family, Members, RealServer, VirtualServer};
use parser::diag::{Class, Diagnostic};
use serde::{Deserialize, Serialize};

use super::{System, ipvs};
use crate::notify::mail;

/// What the checker worker does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckersPlan {
    /// Who is told by mail.
    pub(crate) alerts: Option<mail::Settings>,
    /// Certificates for `SSL_GET`.
    pub(crate) credentials: Credentials,
    /// What concerns the whole table of the kernel.
    pub(crate) table: ipvs::Table,
    /// The virtual servers, in the order of the files.
    pub(crate) services: Vec<Service>,
}

/// One virtual server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Service {
    /// What decides about it.
    pub(crate) params: VirtualServerParams,
    /// What the kernel knows of it.
    pub(crate) kernel: ipvs::Services,
}

/// Translates; what is wrong in the light of the running system goes to `complaints`.
pub(super) fn plan(
    config: &Config,
    system: &System,
    alerts: Option<mail::Settings>,
    complaints: &mut Vec<Diagnostic>,
) -> CheckersPlan {
    let mut services = Vec::with_capacity(config.virtual_servers.len());
    for vs in &config.virtual_servers {
        let kernel = ipvs::services(config, vs, complaints);
        services.push(Service { params: virtual_server(config, vs, system, complaints), kernel });
    }
    let credentials = super::tls::plan(config, complaints);
    if config.present.checkers {
        not_yet_global(&config.global, complaints);
    }
    CheckersPlan { alerts, credentials, table: ipvs::table(&config.global), services }
}

/// Says which words of `global_defs` about checkers have no effect.
fn not_yet_global(global: &config::Global, complaints: &mut Vec<Diagnostic>) {
    let words = [
        (global.sync_daemon.is_some(), "lvs_sync_daemon"),
        (global.lvs_notify_fifo.is_some(), "lvs_notify_fifo"),
        (global.nftables_ipvs.is_some(), "nftables_ipvs"),
    ];
    for (_, word) in words.into_iter().filter(|(said, _)| *said) {
        let text = format!("{word} is not part of this version - ignoring");
        complaints.push(Diagnostic::new(Class::Log, None, text));
    }
}

fn virtual_server(
    config: &Config,
    vs: &VirtualServer,
    system: &System,
    complaints: &mut Vec<Diagnostic>,
) -> VirtualServerParams {
    let protocol = protocol(vs.protocol);
    let id = match &vs.service {
        config::Service::Address { addr, port } => {
            VirtualServerId::Address { protocol, addr: *addr, port: *port }
        }
        config::Service::Fwmark(mark) => {
            VirtualServerId::FwMark { mark: *mark, ipv6: vs.family == Some(Family::V6) }
        }
        config::Service::Group { name, nth, .. } => {
            VirtualServerId::Group { name: name.clone(), nth: *nth, protocol }
        }
    };
    let scripts = [&vs.quorum_up, &vs.quorum_down];
    if scripts.into_iter().any(Option::is_some) {
        not_yet(vs.span.clone(), "quorum_up and quorum_down are", complaints);
    }
    let servers = vs.real_servers.iter();
    VirtualServerParams {
        id,
        entries: entries(config, vs),
        quorum: vs.quorum,
        hysteresis: vs.hysteresis,
        at_stop: if vs.omega { AtStop::Tell } else { AtStop::Silent },
        only_with: vs.ha_suspend.then(|| addresses(config, vs)).flatten(),
        first_state: if config.global.rs_init_notifies { FirstState::Tell } else { FirstState::Silent },
        alert: vs.smtp_alert,
        checker_alerts: if config.global.no_checker_emails {
            CheckerAlerts::ServerOnly
        } else {
            CheckerAlerts::Every
        },
        sorry: vs.sorry_server.as_ref().map(|sorry| SorryParams {
            id: RealServerId { addr: sorry.addr, protocol, port: sorry.port },
            when_unused: when_down(sorry.inhibit_on_failure),
        }),
        servers: servers.map(|server| real_server(config, vs, server, system, complaints)).collect(),
    }
}

/// The addresses of a virtual server, each range from its first to its last. A firewall mark has none.
fn addresses(config: &Config, vs: &VirtualServer) -> Option<Vec<(IpAddr, IpAddr)>> {
    match &vs.service {
        config::Service::Address { addr, .. } => Some(vec![(*addr, *addr)]),
        config::Service::Fwmark(_) => None,
        config::Service::Group { group, .. } => {
            let members = &config.virtual_server_groups.get(*group)?.members;
            let ranges = members.iter().filter_map(|member| match member {
                Members::Range { first, last, .. } => Some((*first, *last)),
                Members::Fwmark { .. } => None,
            });
            let ranges: Vec<_> = ranges.collect();
            (!ranges.is_empty()).then_some(ranges)
        }
    }
}

/// The lines of the group, as they are told apart in the log.
fn entries(config: &Config, vs: &VirtualServer) -> Vec<EntryId> {
    let config::Service::Group { group, .. } = &vs.service else { return Vec::new() };
    let members = config.virtual_server_groups.get(*group).map_or(&[][..], |group| &group.members);
    let entry = |member: &Members| match member {
        Members::Range { first, last, port, .. } => EntryId::Addresses {
            first: *first,
            last: (first != last).then_some(*last),
            protocol: protocol(vs.protocol),
            port: *port,
        },
        Members::Fwmark { mark, .. } => EntryId::FwMark(*mark),
    };
    members.iter().map(entry).collect()
}

fn real_server(
    config: &Config,
    vs: &VirtualServer,
    server: &RealServer,
    system: &System,
    complaints: &mut Vec<Diagnostic>,
) -> RealServerParams {
    if server.notify_up.is_some() || server.notify_down.is_some() {
        not_yet(server.span.clone(), "notify_up and notify_down are", complaints);
    }
    let protocol = protocol(vs.protocol);
    let mut checkers = Vec::with_capacity(server.checkers.len());
    for checker in &server.checkers {
        match kind(config, checker, system, complaints) {
            Ok(kind) => checkers.push(params(config, checker, kind)),
            Err(name) => {
                let label = server.label(vs.protocol);
                let text =
                    format!("{name} is not part of this version - {label} is in service unchecked by it");
                complaints.push(Diagnostic::new(Class::Log, Some(checker.span.clone()), text));
            }
        }
    }
    RealServerParams {
        id: RealServerId { addr: server.addr, protocol, port: server.port },
        weight: server.weight,
        when_down: when_down(server.inhibit_on_failure),
        alert: server.smtp_alert,
        checkers,
    }
}

/// What a checker does, or the keyword of one that cannot be run.
fn kind(
    config: &Config,
    checker: &Checker,
    system: &System,
    complaints: &mut Vec<Diagnostic>,
) -> Result<CheckerKind, &'static str> {
    match &checker.check {
        Check::Tcp(point) => Ok(CheckerKind::Tcp(endpoint(point, system, complaints))),
        Check::Ping(point) => Ok(CheckerKind::Ping(endpoint(point, system, complaints))),
        Check::Udp(udp) => Ok(CheckerKind::Udp(UdpCheck {
            endpoint: endpoint(&udp.endpoint, system, complaints),
            payload: udp.payload.clone().unwrap_or_else(|| UdpCheck::PAYLOAD.to_vec()),
            reply: udp_reply(udp),
        })),
        Check::Http(http) => Ok(web::kind(http, endpoint(&http.endpoint, system, complaints), complaints)),
        Check::Smtp(smtp) => Ok(CheckerKind::Smtp(SmtpCheck {
            endpoint: endpoint(&smtp.endpoint, system, complaints),
            helo_name: smtp.helo_name.clone(),
        })),
        Check::Dns(dns) => Ok(CheckerKind::Dns(DnsCheck {
            endpoint: endpoint(&dns.endpoint, system, complaints),
            question: Question {
                name: dns.name.parse().map_err(|NoName| "DNS_CHECK with such a name")?,
                record: record(dns.kind),
            },
        })),
        Check::Misc(_) => Err("MISC_CHECK"),
        Check::File(file) => file_check(config, file),
        Check::Bfd(_) => Err("BFD_CHECK"),
    }
}

fn params(config: &Config, checker: &Checker, kind: CheckerKind) -> CheckerParams {
    let pace = checker.pace;
    let every = pace.log_all_failures || config.global.checker_log_all_failures;
    CheckerParams {
        kind,
        cadence: Cadence {
            delay_loop: pace.delay_loop,
            delay_before_retry: pace.delay_before_retry,
            warmup: pace.warmup,
        },
        retry: pace.retry,
        before_first: if pace.alpha { BeforeFirst::Down } else { BeforeFirst::Up },
        failures: if every { LoggedFailures::Every } else { LoggedFailures::Final },
    }
}

fn endpoint(point: &config::Endpoint, system: &System, complaints: &mut Vec<Diagnostic>) -> Endpoint {
    let device = point.bind_if.as_ref();
    if let Some(device) = device.filter(|device| !system.interfaces.contains(device.value.as_str())) {
        let text = format!("bind_if {} does not exist; checks wait until it does", device.value);
        complaints.push(Diagnostic::new(Class::Log, Some(device.span.clone()), text));
    }
    Endpoint {
        dest: point.dest,
        // A port without an address is not used (compat/checkers.md §4.7).
        bind: point.bind.map(|addr| SocketAddr::new(addr, point.bind_port)),
        device: device.map(|device| device.value.to_string()),
        timeout: point.connect_timeout,
        mark: point.fwmark,
    }
}

/// What the file says is read by the worker.
fn file_check(config: &Config, check: &config::FileCheck) -> Result<CheckerKind, &'static str> {
    let file = config.track_files.get(check.file).ok_or("FILE_CHECK of an unknown file")?;
    Ok(CheckerKind::File(FileCheck {
        name: file.name.clone(),
        path: file.path.clone().into(),
        weight: check.weight.value,
        reverse: check.weight.reverse,
        value: 0,
    }))
}

/// Without a pattern neither the bytes nor their number matter (compat/checkers.md §21.3, D10).
fn udp_reply(udp: &config::UdpCheck) -> UdpReply {
    match &udp.reply {
        None => UdpReply::Optional,
        Some(reply) if reply.bytes.is_empty() => UdpReply::Any,
        Some(reply) => UdpReply::Like {
            pattern: reply.bytes.clone(),
            length: udp.min_reply_length..=udp.max_reply_length,
        },
    }
}

fn record(kind: config::DnsType) -> Record {
    match kind {
        config::DnsType::A => Record::A,
        config::DnsType::Ns => Record::Ns,
        config::DnsType::Cname => Record::Cname,
        config::DnsType::Soa => Record::Soa,
        config::DnsType::Mx => Record::Mx,
        config::DnsType::Txt => Record::Txt,
        config::DnsType::Aaaa => Record::Aaaa,
        config::DnsType::Rrsig => Record::Rrsig,
        config::DnsType::Dnskey => Record::Dnskey,
    }
}

fn not_yet(span: config::Span, what: &str, complaints: &mut Vec<Diagnostic>) {
    complaints.push(Diagnostic::new(
        Class::Log,
        Some(span),
        format!("{what} not part of this version - ignoring"),
    ));
}

fn protocol(protocol: config::Protocol) -> Protocol {
    match protocol {
        config::Protocol::Tcp => Protocol::Tcp,
        config::Protocol::Udp => Protocol::Udp,
        config::Protocol::Sctp => Protocol::Sctp,
        config::Protocol::None => Protocol::None,
    }
}

fn when_down(inhibit: bool) -> WhenDown {
    if inhibit { WhenDown::Inhibit } else { WhenDown::Remove }
}
