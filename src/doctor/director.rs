//! What keeps traffic away on a director.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipvs::{Family, Forwarding, Protocol, ServiceId, ServiceSpec, Tunnel, Weight};

use super::facts::{Daemon, Examination, Facts, Finding, Table};
use super::marks::{Given, Marks};
use crate::plan::checkers::Service;
use crate::plan::ipvs::Services;
use crate::realserver::step::{Change, LOOPBACK};

/// What a director lacks.
pub(super) fn director(facts: &Facts, examination: &mut Examination) {
    let findings = &mut examination.findings;
    match (facts.daemon, &facts.table) {
        (_, Table::NoModule) => findings.push(Finding {
            id: "ip_vs",
            what: "The kernel has no IPVS".into(),
            why: "Nothing spreads connections".into(),
            mend: facts.modules.mend("ip_vs"),
        }),
        (Some(daemon), Table::Read(table)) => compare(facts, daemon, table, findings),
        (None, Table::Read(_)) | (_, Table::Unreadable(_)) => {}
    }
    match facts.daemon {
        None => findings.push(Finding {
            id: "daemon",
            what: "keepalived does not run".into(),
            why: "Nobody holds the virtual addresses, checks servers and fills the table".into(),
            mend: "systemctl start keepalived".into(),
        }),
        Some(Daemon { pid, net_admin: false }) => findings.push(Finding {
            id: "capabilities",
            what: format!("keepalived (process {pid}) runs without CAP_NET_ADMIN"),
            why: "It can change neither addresses nor the table".into(),
            mend: "systemctl revert keepalived && systemctl restart keepalived".into(),
        }),
        Some(Daemon { net_admin: true, .. }) => {}
    }
    for name in &facts.missing_schedulers {
        findings.push(Finding {
            id: "scheduler",
            what: format!("The kernel has no scheduler {name}"),
            why: "Virtual servers that name it cannot be made".into(),
            mend: facts.modules.mend(&format!("ip_vs_{name}")),
        });
    }
    forwarding(facts, findings);
    tracking(facts, findings);
    marks(facts, examination);
    let findings = &mut examination.findings;
    for vip in vips(&facts.services) {
        if facts.host.holder(vip).is_none() && !facts.virtual_addresses.contains(&vip) {
            let prefix = if vip.is_ipv4() { 32 } else { 128 };
            findings.push(Finding {
                id: "vip_missing",
                what: format!("{vip} is on no interface, and no virtual router brings it"),
                why: "Packets to it are not for this host, so IPVS does not see them".into(),
                mend: format!(
                    "ip address add {vip}/{prefix} dev {}",
                    facts.host.link_to(vip).unwrap_or(LOOPBACK)
                ),
            });
        }
    }
}

/// Address translation routes between two networks.
fn forwarding(facts: &Facts, findings: &mut Vec<Finding>) {
    let translates = |v6: bool| {
        facts.services.iter().any(|service| {
            let servers = service.kernel.servers.iter();
            servers
                .clone()
                .any(|one| one.forwarding() == Forwarding::Masquerade && one.address().is_ipv6() == v6)
        })
    };
    for (v6, id, path) in [
        (false, "ip_forward", "net/ipv4/ip_forward"),
        (true, "ipv6_forwarding", "net/ipv6/conf/all/forwarding"),
    ] {
        if translates(v6) && facts.host.number(path) == 0 {
            let change = Change::Set { path: path.into(), value: 1 };
            findings.push(Finding {
                id,
                what: format!("{} is 0", path.replace('/', ".")),
                why: "Packets and answers of virtual servers with NAT are not passed on".into(),
                mend: change.to_string(),
            });
        }
    }
}

/// Rules that match connections of IPVS need these tracked. A kernel without the parameter cannot.
fn tracking(facts: &Facts, findings: &mut Vec<Finding>) {
    let path = "net/ipv4/vs/conntrack";
    let is_off = facts.host.parameters.get(path).is_some_and(|value| value == "0");
    if facts.ipvs_rules && is_off {
        findings.push(Finding {
            id: "conntrack",
            what: format!(
                "{} is 0, and rules of netfilter match connections of IPVS",
                path.replace('/', ".")
            ),
            why: "Those rules have no effect, so sources are not translated".into(),
            mend: Change::Set { path: path.into(), value: 1 }.to_string(),
        });
    }
}

/// Packets get a mark from a rule that does not stand in the configuration.
fn marks(facts: &Facts, examination: &mut Examination) {
    let services = facts.services.iter().flat_map(|service| &service.kernel.services);
    for service in services {
        let ServiceId::FwMark { mark, family } = service.id else { continue };
        let named = name(&service.id);
        let rule = match &facts.marks {
            Some(Marks::Read(given)) if given.numbers.contains(&mark.get()) => {
                format!("a rule of netfilter gives the mark {mark}")
            }
            Some(Marks::Read(Given { computed: true, .. })) => {
                format!("rules of netfilter compute marks, and whether {mark} is among them was not examined")
            }
            Some(Marks::Read(_)) => {
                let program = if family == Family::V6 { "ip6tables" } else { "iptables" };
                examination.findings.push(Finding {
                    id: "fwmark",
                    what: format!("No rule of netfilter gives packets the mark {mark}"),
                    why: format!("{named} gets no connections, unless tc or a program in the kernel marks packets"),
                    mend: format!(
                        "{program} -t mangle -A PREROUTING -d ADDRESS -p PROTOCOL --dport PORT -j MARK --set-mark {mark}"
                    ),
                });
                continue;
            }
            Some(Marks::Unreadable(why)) => {
                format!("whether a rule of netfilter gives the mark cannot be told ({why})")
            }
            None => "rules of netfilter were not looked at".to_owned(),
        };
        examination.notes.push(format!(
            "{named} names no address: {rule}; which packets get it, and whether they are for this host, was not examined"
        ));
    }
}

/// The table against the configuration. Weights and missing servers follow their checks and tell nothing.
fn compare(facts: &Facts, daemon: Daemon, table: &[ServiceSpec], findings: &mut Vec<Finding>) {
    let wanted = || facts.services.iter().flat_map(|service| &service.kernel.services);
    for service in wanted().filter(|service| !facts.missing_schedulers.contains(&scheduler(service))) {
        let found = table.iter().find(|spec| spec.service.id == service.id);
        let what = match found {
            None => format!("{} is not in the table", name(&service.id)),
            Some(spec) if scheduler(&spec.service) != scheduler(service) => {
                let (is, wanted) = (scheduler(&spec.service), scheduler(service));
                format!("{} is scheduled by {is} instead of {wanted}", name(&service.id))
            }
            Some(_) => continue,
        };
        findings.push(changed(what, daemon));
    }
    for service in &facts.services {
        for spec in
            table.iter().filter(|spec| service.kernel.services.iter().any(|one| one.id == spec.service.id))
        {
            findings.extend(detours(&service.kernel, spec).map(|what| changed(what, daemon)));
        }
    }
    for spec in table {
        let id = spec.service.id;
        let Some(option) = option(&id) else { continue };
        if !wanted().any(|service| service.id == id) {
            findings.push(Finding {
                id: "table_foreign",
                what: format!("{} is in the table, but not in the configuration", name(&id)),
                why: "It takes connections that nobody checks the servers of".into(),
                mend: format!("keepalived ipvsadm -D {option}"),
            });
        }
    }
}

fn changed(what: String, daemon: Daemon) -> Finding {
    Finding {
        id: "table",
        what,
        why: "Somebody else changed the table, or the configuration has not been reloaded".into(),
        mend: format!("kill -HUP {}", daemon.pid),
    }
}

/// Servers that are reached on another way than the configuration says.
fn detours<'a>(configured: &'a Services, spec: &'a ServiceSpec) -> impl Iterator<Item = String> + 'a {
    let backends = configured.servers.iter().chain(&configured.sorry);
    backends.filter_map(|backend| {
        let wanted = backend.destination(&spec.service.id, Weight::ONE);
        let found = spec.destinations.iter().find(|found| found.id == wanted.id)?;
        (found.forwarding != wanted.forwarding).then(|| {
            let (is, wanted) = (way(found.forwarding), way(wanted.forwarding));
            format!("{} reaches {} by {is} instead of {wanted}", name(&spec.service.id), backend.address())
        })
    })
}

/// A method of forwarding in the words of keepalived.conf, where it has one.
fn way(forwarding: Forwarding) -> String {
    match forwarding {
        Forwarding::Masquerade => "NAT".into(),
        Forwarding::Direct => "DR".into(),
        Forwarding::Tunnel(Tunnel::Ipip) => "TUN".into(),
        Forwarding::Tunnel(Tunnel::Gue { port, .. }) => format!("TUN type gue port {port}"),
        Forwarding::Tunnel(Tunnel::Gre { .. }) => "TUN type gre".into(),
        Forwarding::Tunnel(Tunnel::Other { .. }) | Forwarding::Other(_) => "a way unknown here".into(),
        Forwarding::Local => "local delivery".into(),
        Forwarding::Bypass => "the way of packets without a server".into(),
    }
}

fn scheduler(service: &ipvs::Service) -> String {
    service.scheduler.map(|name| name.to_string()).unwrap_or_default()
}

/// How ipvsadm calls a service; it has no word for other protocols.
fn option(id: &ServiceId) -> Option<String> {
    Some(match id {
        ServiceId::Address { protocol, addr, port } => {
            let letter = match protocol {
                Protocol::Tcp => "-t",
                Protocol::Udp => "-u",
                Protocol::Sctp => "--sctp-service",
                Protocol::Other(_) => return None,
            };
            format!("{letter} {}", std::net::SocketAddr::new(*addr, *port))
        }
        ServiceId::FwMark { mark, family: Family::V6 } => format!("-f {mark} -6"),
        ServiceId::FwMark { mark, .. } => format!("-f {mark}"),
    })
}

fn name(id: &ServiceId) -> String {
    match id {
        ServiceId::Address { protocol, addr, port } => {
            format!("{protocol} {}", std::net::SocketAddr::new(*addr, *port))
        }
        ServiceId::FwMark { mark, .. } => format!("FWM {mark}"),
    }
}

fn vips(services: &[Service]) -> BTreeSet<IpAddr> {
    let ids = services.iter().flat_map(|service| &service.kernel.services).map(|service| service.id);
    ids.filter_map(|id| match id {
        ServiceId::Address { addr, .. } => Some(addr),
        ServiceId::FwMark { .. } => None,
    })
    .collect()
}
