//! `virtual_server` blocks to the checker worker's plan.

mod web;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use checkers::dns::{NoName, Question, Record};
use checkers::io::credentials::Credentials;
use checkers::params::{
    AtStop, BeforeFirst, BfdCheck, CheckerAlerts, CheckerKind, CheckerParams, DnsCheck, Endpoint, FileCheck,
    LoggedFailures, MiscCheck, RealServerParams, SmtpCheck, SorryParams, UdpCheck, UdpReply,
    VirtualServerParams, WhenDown,
};
use checkers::{Cadence, EntryId, Protocol, RealServerId, VirtualServerId};
use parser::config::{self, Check, Checker, Config, Family, Members, RealServer, VirtualServer};
use parser::diag::{Class, Diagnostic};
use serde::{Deserialize, Serialize};

use super::buffer::Buffers;
use super::marking::{Marking, Marks};
use super::notify::{self, Fifo, Scope};
use super::script::{MISC, Refusal, Vetting};
use super::watch::File;
use super::{Keep, System, ipvs};
use crate::notify::mail;
use crate::script::Program;

/// What the checker worker does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckersPlan {
    /// Who is told by mail.
    pub(crate) alerts: Option<mail::Settings>,
    /// Certificates for `SSL_GET`.
    pub(crate) credentials: Credentials,
    /// The files that `FILE_CHECK`s watch.
    pub(crate) files: Vec<File>,
    /// What concerns the whole table of the kernel.
    pub(crate) table: ipvs::Table,
    /// What its sockets hold before it is read.
    pub(crate) buffers: Buffers,
    /// The FIFOs it writes to.
    pub(crate) fifos: Vec<Fifo>,
    /// `rs_init_notifies`: servers that are up from the start are told of.
    pub(crate) tells_first: bool,
    /// What runs for `MISC_CHECK`.
    pub(crate) programs: Vec<Program>,
    /// `nftables_ipvs`
    pub(crate) marking: Option<Marking>,
    /// The virtual servers, in the order of the files.
    pub(crate) services: Vec<Service>,
}

impl CheckersPlan {
    /// Whether it has programs run.
    pub(crate) fn has_scripts(&self) -> bool {
        !self.programs.is_empty()
            || self.fifos.iter().any(|fifo| fifo.script.is_some())
            || self.services.iter().any(|service| service.scripts != ServiceScripts::default())
    }
}

/// Who is told of a virtual server's changes by scripts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServiceScripts {
    /// `quorum_up`
    pub(crate) up: Option<Program>,
    /// `quorum_down`
    pub(crate) down: Option<Program>,
    /// `notify_up` and `notify_down` of the real servers that have any.
    pub(crate) servers: Vec<(RealServerId, Option<Program>, Option<Program>)>,
}

/// One virtual server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Service {
    /// What decides about it.
    pub(crate) params: VirtualServerParams,
    /// What the kernel knows of it.
    pub(crate) kernel: ipvs::Services,
    /// Who is told of its changes.
    pub(crate) scripts: ServiceScripts,
}

/// Translates; what is wrong in the light of the running system goes to `complaints`.
pub(super) fn plan(
    config: &Config,
    system: &System,
    alerts: Option<mail::Settings>,
    complaints: &mut Vec<Diagnostic>,
) -> CheckersPlan {
    assemble(config, system, alerts, Keep::Everything, complaints)
}

/// Finds what is wrong, as [`plan`] does, and keeps nothing else.
pub(super) fn examine(config: &Config, system: &System, complaints: &mut Vec<Diagnostic>) {
    assemble(config, system, None, Keep::Nothing, complaints);
}

fn assemble(
    config: &Config,
    system: &System,
    alerts: Option<mail::Settings>,
    keep: Keep,
    complaints: &mut Vec<Diagnostic>,
) -> CheckersPlan {
    let mut services = keep.room(config.virtual_servers.len());
    let mut vetting = Vetting::new(&config.global);
    let mut programs = Vec::new();
    let marks = Marks::of(config);
    for vs in &config.virtual_servers {
        let kernel = ipvs::services(config, vs, &marks, complaints);
        let scripts = scripts(vs, &mut vetting);
        let mut misc = |script: &config::Script| {
            let program = misc_program(script, &mut vetting)?;
            keep.push(&mut programs, program.clone());
            Some(program)
        };
        let params = virtual_server(config, vs, system, &mut misc, complaints);
        keep.push(&mut services, Service { params, kernel, scripts });
    }
    let fifos = if config.present.checkers {
        let own = config.global.lvs_notify_fifo.as_ref();
        notify::fifos(config, own, Scope::Lvs, true, &mut vetting)
    } else {
        Vec::new()
    };
    vetting.finish("check scripts", complaints);
    let credentials = super::tls::plan(config, complaints);
    CheckersPlan {
        alerts,
        credentials,
        files: files(config),
        table: ipvs::table(&config.global),
        buffers: Buffers::of_checkers(&config.global),
        fifos,
        tells_first: config.global.rs_init_notifies,
        programs,
        marking: marks.plan(config, complaints),
        services,
    }
}

fn scripts(vs: &VirtualServer, vetting: &mut Vetting<'_>) -> ServiceScripts {
    let protocol = protocol(vs.protocol);
    let mut servers = Vec::new();
    for server in &vs.real_servers {
        let up = vetting.notify(server.notify_up.as_deref());
        let down = vetting.notify(server.notify_down.as_deref());
        if up.is_some() || down.is_some() {
            servers.push((RealServerId { addr: server.addr, protocol, port: server.port }, up, down));
        }
    }
    ServiceScripts {
        up: vetting.notify(vs.quorum_up.as_deref()),
        down: vetting.notify(vs.quorum_down.as_deref()),
        servers,
    }
}

/// The program of a check; without it the server has one checker fewer (compat/checkers.md §2.13).
fn misc_program(script: &config::Script, vetting: &mut Vetting<'_>) -> Option<Program> {
    let why = match vetting.check(MISC, script) {
        Ok(program) => return Some(program),
        Err(Refusal::NotFound) => "since not found/accessible",
        Err(Refusal::Insecure) => "due to insecure",
        Err(Refusal::NotExecutable | Refusal::NoUser) => return None,
    };
    let text = format!("Disabling misc script '{}' {why}", script.command.text);
    vetting.complain(Class::General, None, text);
    None
}

fn virtual_server(
    config: &Config,
    vs: &VirtualServer,
    system: &System,
    misc: &mut impl FnMut(&config::Script) -> Option<Program>,
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
    let servers = vs.real_servers.iter();
    VirtualServerParams {
        id,
        entries: entries(config, vs),
        quorum: vs.quorum,
        hysteresis: vs.hysteresis,
        at_stop: if vs.omega { AtStop::Tell } else { AtStop::Silent },
        only_with: vs.ha_suspend.then(|| addresses(config, vs)).flatten(),
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
        servers: servers.map(|server| real_server(config, vs, server, system, misc, complaints)).collect(),
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
    misc: &mut impl FnMut(&config::Script) -> Option<Program>,
    complaints: &mut Vec<Diagnostic>,
) -> RealServerParams {
    let protocol = protocol(vs.protocol);
    let mut checkers = Vec::with_capacity(server.checkers.len());
    for checker in &server.checkers {
        match kind(config, checker, system, misc, complaints) {
            Ok(Some(kind)) => checkers.push(params(config, checker, kind)),
            Ok(None) => {}
            Err(name) => {
                let label = server.label(vs.protocol);
                let text = format!("{name} cannot be made - {label} is in service unchecked by it");
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

/// What a checker does, or the keyword of one that cannot be run; nothing when what is wrong has been said.
fn kind(
    config: &Config,
    checker: &Checker,
    system: &System,
    misc: &mut impl FnMut(&config::Script) -> Option<Program>,
    complaints: &mut Vec<Diagnostic>,
) -> Result<Option<CheckerKind>, &'static str> {
    let kind = match &checker.check {
        Check::Tcp(point) => CheckerKind::Tcp(endpoint(point, system, complaints)),
        Check::Ping(point) => CheckerKind::Ping(endpoint(point, system, complaints)),
        Check::Udp(udp) => CheckerKind::Udp(UdpCheck {
            endpoint: endpoint(&udp.endpoint, system, complaints),
            payload: udp.payload.clone().unwrap_or_else(|| UdpCheck::PAYLOAD.to_vec()),
            reply: udp_reply(udp),
        }),
        Check::Http(http) => web::kind(http, endpoint(&http.endpoint, system, complaints), complaints),
        Check::Smtp(smtp) => CheckerKind::Smtp(SmtpCheck {
            endpoint: endpoint(&smtp.endpoint, system, complaints),
            helo_name: smtp.helo_name.clone(),
        }),
        Check::Dns(dns) => CheckerKind::Dns(DnsCheck {
            endpoint: endpoint(&dns.endpoint, system, complaints),
            question: Question {
                name: dns.name.parse().map_err(|NoName| "DNS_CHECK with such a name")?,
                record: record(dns.kind),
            },
        }),
        Check::Misc(check) => {
            let Some(program) = misc(&check.script) else { return Ok(None) };
            CheckerKind::Misc(MiscCheck {
                user: (program.identity.uid, program.identity.gid),
                argv: program.argv,
                timeout: check.timeout,
                dynamic: check.dynamic,
            })
        }
        Check::File(file) => file_check(config, file)?,
        Check::Bfd(check) => {
            let bfd = config.bfd_instances.get(check.bfd).ok_or("BFD_CHECK of no session")?;
            CheckerKind::Bfd(BfdCheck { session: bfd.name.clone() })
        }
    };
    Ok(Some(kind))
}

fn params(config: &Config, checker: &Checker, kind: CheckerKind) -> CheckerParams {
    let pace = checker.pace;
    let every = pace.log_all_failures || config.global.checker_log_all_failures;
    CheckerParams {
        kind: Arc::new(kind),
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

/// The files that checkers watch; one that nobody watches is not touched (compat/checkers.md §24.1).
fn files(config: &Config) -> Vec<File> {
    let servers = config.virtual_servers.iter().flat_map(|service| &service.real_servers);
    let checkers = servers.flat_map(|server| &server.checkers);
    let watched: BTreeSet<usize> = checkers
        .filter_map(|checker| match &checker.check {
            Check::File(check) => Some(check.file),
            Check::Tcp(_)
            | Check::Ping(_)
            | Check::Udp(_)
            | Check::Http(_)
            | Check::Smtp(_)
            | Check::Dns(_)
            | Check::Misc(_)
            | Check::Bfd(_) => None,
        })
        .collect();
    watched.into_iter().filter_map(|file| config.track_files.get(file)).map(file).collect()
}

fn file(file: &config::TrackFile) -> File {
    File { name: file.name.clone(), path: file.path.clone(), init: file.init, overwrite: file.overwrite }
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
