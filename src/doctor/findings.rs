//! From what a host looks like to what keeps traffic from flowing.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;

use ipvs::{Family, Forwarding, Protocol, ServiceId, ServiceSpec};
use serde::Serialize;

use crate::plan::checkers::Service;
use crate::realserver::duty::{Duty, duties};
use crate::realserver::host::Host;
use crate::realserver::step::{Change, LOOPBACK, Remark, steps};

/// Something that keeps traffic away, or will.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What kind of thing it is; programs may rely on it.
    pub(crate) id: &'static str,
    /// What was found.
    pub(crate) what: String,
    /// What it does to traffic.
    pub(crate) why: String,
    /// The command that mends it. A word in capitals is for the reader to fill in.
    pub(crate) mend: String,
}

/// What is known of the kernel's table.
#[derive(Clone, Debug)]
pub(crate) enum Table {
    /// What is in it.
    Read(Vec<ServiceSpec>),
    /// The kernel has no IPVS.
    NoModule,
    /// It cannot be told; this says what to do.
    Unreadable(String),
}

/// The daemon of this configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Daemon {
    /// The supervisor's process.
    pub(crate) pid: u32,
    /// Whether it may change addresses and the table.
    pub(crate) net_admin: bool,
}

/// Everything that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The virtual servers of the configuration.
    pub(crate) services: Vec<Service>,
    /// What virtual routers hold while they are master.
    pub(crate) virtual_addresses: Vec<IpAddr>,
    /// The host.
    pub(crate) host: Host,
    /// The addresses by which the directors are known to this host, from the command line.
    pub(crate) directors: Vec<IpAddr>,
    /// The kernel's table, on a director.
    pub(crate) table: Table,
    /// Schedulers that the kernel cannot have.
    pub(crate) missing_schedulers: BTreeSet<String>,
    /// Whether rules of netfilter match connections of IPVS (`-m ipvs`).
    pub(crate) ipvs_rules: bool,
    /// The running daemon.
    pub(crate) daemon: Option<Daemon>,
}

/// What a host is to a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Roles {
    /// It spreads connections.
    pub(crate) director: bool,
    /// It answers them.
    pub(crate) real_server: bool,
}

impl Roles {
    /// A host that no `real_server` names is a director; one that is named is one too if it runs the daemon.
    pub(crate) fn of(services: &[Service], host: &Host, daemon: Option<Daemon>) -> Self {
        let real_server = !duties(services, |address| host.holder(address).is_some()).is_empty();
        Self { director: daemon.is_some() || !real_server, real_server }
    }
}

/// Everything that is wrong, the director's part first.
pub(crate) fn examine(facts: &Facts, roles: Roles) -> Vec<Finding> {
    let mut findings = Vec::new();
    if roles.director {
        director(facts, &mut findings);
    }
    if roles.real_server {
        real_server(facts, roles, &mut findings);
    }
    conntrack(&facts.host, &mut findings);
    findings
}

fn director(facts: &Facts, findings: &mut Vec<Finding>) {
    match (facts.daemon, &facts.table) {
        (_, Table::NoModule) => findings.push(Finding {
            id: "ip_vs",
            what: "The kernel has no IPVS".into(),
            why: "Nothing spreads connections".into(),
            mend: "modprobe ip_vs".into(),
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
            mend: format!("modprobe ip_vs_{name}"),
        });
    }
    forwarding(facts, findings);
    tracking(facts, findings);
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

/// The table against the configuration. Weights and single servers follow their checks and tell nothing.
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
        findings.push(Finding {
            id: "table",
            what,
            why: "Somebody else changed the table, or the configuration has not been reloaded".into(),
            mend: format!("kill -HUP {}", daemon.pid),
        });
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

fn real_server(facts: &Facts, roles: Roles, findings: &mut Vec<Finding>) {
    let host = &facts.host;
    let duties = duties(&facts.services, |address| host.holder(address).is_some());
    let (steps, remarks) = steps(&duties, host);
    for step in steps {
        let (id, what) = match &step.change {
            Change::Set { path, .. } => {
                let id = if path.ends_with("rp_filter") { "rp_filter" } else { "arp" };
                (id, format!("{} is {}", path.replace('/', "."), host.number(path)))
            }
            Change::Load(module) => ("tunnel", format!("The module {module} is not loaded")),
            Change::Up(device) => ("tunnel", format!("{device} is down")),
            Change::Open { port, .. } => ("tunnel", format!("Nobody takes GUE on port {port}")),
            Change::Add { address, device } => {
                ("vip_missing", format!("{address} is not on {device} of this real server"))
            }
        };
        findings.push(Finding { id, what, why: step.why, mend: step.change.to_string() });
    }
    for remark in remarks {
        match remark {
            // The master among the directors is to have it there.
            Remark::Exposed { vip, interface } if !roles.director => {
                findings.push(exposed(vip, &interface, host))
            }
            Remark::Exposed { .. } | Remark::Marked(_) => {}
            Remark::Translated(server) => findings.extend(way_back(server, facts, &duties)),
        }
    }
}

fn exposed(vip: IpAddr, interface: &str, host: &Host) -> Finding {
    let addresses =
        host.interfaces.get(interface).map(|found| found.addresses.as_slice()).unwrap_or_default();
    let prefix = addresses.iter().find(|(one, _)| *one == vip).map_or(32, |(_, prefix)| *prefix);
    Finding {
        id: "vip_exposed",
        what: format!("{vip} is on {interface}, where this real server answers for it"),
        why: "Clients that hear this host first pass the director by".into(),
        mend: format!(
            "ip address del {vip}/{prefix} dev {interface} && {}",
            Change::Add { address: vip, device: LOOPBACK }
        ),
    }
}

/// With address translation, answers must go back through the director.
fn way_back(server: IpAddr, facts: &Facts, duties: &[Duty]) -> Option<Finding> {
    let host = &facts.host;
    let interface = host.holder(server)?;
    let is_service = |address: &IpAddr| duties.iter().any(|duty| duty.vip == Some(*address));
    let on_link = |address: &IpAddr| {
        address.is_ipv6() == server.is_ipv6() && host.is_on_link(interface, *address) && !is_service(address)
    };
    let virtual_ = facts.virtual_addresses.iter().copied();
    let directors: Vec<IpAddr> = facts.directors.iter().copied().chain(virtual_).filter(on_link).collect();
    let mut gateways =
        host.defaults.iter().filter(|route| route.v6 == server.is_ipv6()).filter_map(|route| route.gateway);
    let leads_back = match directors.as_slice() {
        // Who the director is, nobody says: any way out may be the right one.
        [] => gateways.next().is_some(),
        directors => gateways.any(|gateway| directors.contains(&gateway)),
    };
    if leads_back {
        return None;
    }
    let mut mend = format!("ip {}route replace default via ", if server.is_ipv6() { "-6 " } else { "" });
    let _ = match directors.first() {
        Some(director) => write!(mend, "{director}"),
        None => write!(mend, "DIRECTOR"),
    };
    Some(Finding {
        id: "way_back",
        what: format!("{server} is reached by NAT, but its default route does not lead to the director"),
        why: "Clients get answers from an address they did not ask, and drop them".into(),
        mend,
    })
}

fn conntrack(host: &Host, findings: &mut Vec<Finding>) {
    let (count, max) =
        (host.number("net/netfilter/nf_conntrack_count"), host.number("net/netfilter/nf_conntrack_max"));
    if max == 0 || u64::from(count) * 10 < u64::from(max) * 9 {
        return;
    }
    let path = "net/netfilter/nf_conntrack_max".to_owned();
    let change = Change::Set { path, value: count.max(max).saturating_mul(2) };
    findings.push(Finding {
        id: "conntrack",
        what: format!("Connection tracking has {count} entries of at most {max}"),
        why: "Packets of new connections are dropped when it is full".into(),
        mend: change.to_string(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::whole;
    use crate::realserver::host::{DefaultRoute, Interface};

    const NAT: &str = "
vrrp_instance front {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {
        10.1.0.100
        10.2.0.1
    }
}
virtual_server 10.1.0.100 80 {
    lvs_sched wlc
    lvs_method NAT
    protocol TCP
    real_server 10.2.0.11 80 {
    }
}
";
    const DR: &str = "
virtual_server 10.1.0.100 80 {
    lvs_sched rr
    lvs_method DR
    protocol TCP
    real_server 10.1.0.11 80 {
    }
}
";

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn facts(text: &'static str, interfaces: &[(&str, &[&str])]) -> Facts {
        let plan = whole(text).0;
        let interface = |(name, addresses): &(&str, &[&str])| {
            let addresses = addresses.iter().map(|one| (ip(one), 24)).collect();
            ((*name).to_owned(), Interface { up: true, addresses })
        };
        let services = plan.checkers.services;
        let specs = services.iter().flat_map(|service| &service.kernel.services);
        let table =
            specs.map(|service| ServiceSpec { service: *service, destinations: Vec::new() }).collect();
        let routers = plan.vrrp.instances.iter();
        let mut host = Host { interfaces: interfaces.iter().map(interface).collect(), ..Host::default() };
        host.parameters.insert("net/ipv4/ip_forward".into(), "1".into());
        Facts {
            virtual_addresses: routers.flat_map(|one| &one.addresses).map(|one| one.address).collect(),
            services,
            host,
            directors: Vec::new(),
            table: Table::Read(table),
            missing_schedulers: BTreeSet::new(),
            ipvs_rules: false,
            daemon: Some(Daemon { pid: 42, net_admin: true }),
        }
    }

    fn told(facts: &Facts) -> Vec<(&'static str, String)> {
        let roles = Roles::of(&facts.services, &facts.host, facts.daemon);
        examine(facts, roles).into_iter().map(|finding| (finding.id, finding.mend)).collect()
    }

    fn one(id: &'static str, mend: &str) -> Vec<(&'static str, String)> {
        vec![(id, mend.to_owned())]
    }

    #[test]
    fn a_healthy_director_has_no_findings() {
        assert_eq!(told(&facts(NAT, &[("eth0", &["10.1.0.1"])])), []);
    }

    #[test]
    fn a_host_is_what_the_file_and_its_processes_say() {
        let roles = |facts: &Facts| Roles::of(&facts.services, &facts.host, facts.daemon);
        let mut server = facts(NAT, &[("eth0", &["10.2.0.11"])]);
        assert_eq!(roles(&server), Roles { director: true, real_server: true });
        server.daemon = None;
        assert_eq!(roles(&server), Roles { director: false, real_server: true });
        assert_eq!(roles(&facts(NAT, &[])), Roles { director: true, real_server: false });
    }

    #[test]
    fn a_director_without_what_it_needs_is_told() {
        let healthy = facts(NAT, &[("eth0", &["10.1.0.1"])]);
        let mut no_forwarding = healthy.clone();
        no_forwarding.host.parameters.clear();
        assert_eq!(told(&no_forwarding), one("ip_forward", "sysctl -w net.ipv4.ip_forward=1"));
        let no_module = Facts { table: Table::NoModule, ..healthy.clone() };
        assert_eq!(told(&no_module), one("ip_vs", "modprobe ip_vs"));
        let no_scheduler = Facts { missing_schedulers: ["wlc".to_owned()].into(), ..healthy.clone() };
        assert_eq!(told(&no_scheduler), one("scheduler", "modprobe ip_vs_wlc"));
        let no_daemon = Facts { daemon: None, ..healthy.clone() };
        assert_eq!(told(&no_daemon), one("daemon", "systemctl start keepalived"));
        let weak = Facts { daemon: Some(Daemon { pid: 42, net_admin: false }), ..healthy };
        assert_eq!(told(&weak)[0].0, "capabilities");
    }

    #[test]
    fn a_table_that_somebody_changed_is_told_line_by_line() {
        let mut facts = facts(NAT, &[("eth0", &["10.1.0.1"])]);
        let Table::Read(table) = &mut facts.table else { panic!("it was read") };
        table[0].service.scheduler = ipvs::Name::new("rr").ok();
        assert_eq!(told(&facts), one("table", "kill -HUP 42"));
        let foreign = ServiceId::tcp("10.1.0.100:81".parse().expect("an endpoint"));
        let spec = ServiceSpec { service: ipvs::Service::new(foreign), destinations: Vec::new() };
        facts.table = Table::Read(vec![spec]);
        let wanted = [
            ("table", "kill -HUP 42".to_owned()),
            ("table_foreign", "keepalived ipvsadm -D -t 10.1.0.100:81".to_owned()),
        ];
        assert_eq!(told(&facts), wanted);
    }

    #[test]
    fn a_virtual_address_that_nobody_brings_is_missing() {
        let mut director = facts(DR, &[("eth0", &["10.1.0.1"])]);
        assert_eq!(told(&director), one("vip_missing", "ip address add 10.1.0.100/32 dev eth0"));
        director
            .host
            .interfaces
            .insert("eth1".into(), Interface { up: true, addresses: vec![(ip("10.1.0.100"), 24)] });
        assert_eq!(told(&director), []);
    }

    #[test]
    fn a_real_server_behind_nat_needs_the_way_back() {
        let mut server = facts(NAT, &[("eth0", &["10.2.0.11"])]);
        server.daemon = None;
        assert_eq!(told(&server), one("way_back", "ip route replace default via 10.2.0.1"));
        let by = |gateway| DefaultRoute { v6: false, gateway: Some(ip(gateway)), interface: "eth0".into() };
        server.host.defaults = vec![by("10.2.0.254")];
        assert_eq!(told(&server).len(), 1);
        server.directors = vec![ip("10.2.0.254")];
        assert_eq!(told(&server), []);
        server.host.defaults = Vec::new();
        server.directors = Vec::new();
        server.virtual_addresses = Vec::new();
        assert_eq!(told(&server), one("way_back", "ip route replace default via DIRECTOR"));
    }

    #[test]
    fn an_unprepared_real_server_is_told_each_step() {
        let mut server = facts(DR, &[("lo", &[]), ("eth0", &["10.1.0.11"])]);
        server.daemon = None;
        let ids: Vec<_> = told(&server).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["arp", "arp", "vip_missing"]);
    }

    #[test]
    fn a_real_server_that_shows_the_virtual_address_is_told() {
        let mut server = facts(DR, &[("eth0", &["10.1.0.11", "10.1.0.100"])]);
        server.daemon = None;
        let last = told(&server).pop();
        let mend = "ip address del 10.1.0.100/24 dev eth0 && ip address add 10.1.0.100/32 dev lo".to_owned();
        assert_eq!(last, Some(("vip_exposed", mend)));
    }

    #[test]
    fn connection_tracking_that_is_nearly_full_is_told() {
        let mut facts = facts(NAT, &[("eth0", &["10.1.0.1"])]);
        let mut set = |count: &str| {
            facts.host.parameters.insert("net/netfilter/nf_conntrack_max".into(), "1000".into());
            facts.host.parameters.insert("net/netfilter/nf_conntrack_count".into(), count.into());
            told(&facts)
        };
        assert_eq!(set("899"), []);
        assert_eq!(set("900"), one("conntrack", "sysctl -w net.netfilter.nf_conntrack_max=2000"));
    }
    #[test]
    fn rules_for_connections_that_nobody_tracks_are_told() {
        let mut facts = facts(NAT, &[("eth0", &["10.1.0.1"])]);
        facts.ipvs_rules = true;
        assert_eq!(told(&facts), []);
        let mut set = |value: &str| {
            facts.host.parameters.insert("net/ipv4/vs/conntrack".into(), value.into());
            told(&facts)
        };
        assert_eq!(set("1"), []);
        assert_eq!(set("0"), one("conntrack", "sysctl -w net.ipv4.vs.conntrack=1"));
        facts.ipvs_rules = false;
        assert_eq!(told(&facts), []);
    }
}
