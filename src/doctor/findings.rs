//! From what a host looks like to what keeps traffic from flowing.

use super::director::director;
use super::facts::{Examination, Facts, Finding, Roles};
use super::real_server::real_server;
use crate::realserver::host::Host;
use crate::realserver::step::Change;

/// Everything that is wrong: what the configuration loses first, then the director's part.
pub(crate) fn examine(facts: &Facts, roles: Roles) -> Examination {
    let mut examination = Examination::default();
    examination.findings.extend(mistakes(facts, roles));
    if roles.director {
        director(facts, &mut examination);
    }
    if roles.real_server {
        real_server(facts, roles, &mut examination);
    }
    conntrack(&facts.host, &mut examination.findings);
    examination
}

/// The file is the directors': a real server need not have what it names.
fn mistakes(facts: &Facts, roles: Roles) -> impl Iterator<Item = Finding> {
    let here = facts.mistakes.here.iter().filter(move |_| roles.director);
    facts.mistakes.anywhere.iter().chain(here).map(|text| Finding {
        id: "configuration",
        what: text.clone(),
        why: "What the configuration says there has no effect, or another than it says".into(),
        mend: format!("keepalived config check {}", facts.file),
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
    use std::collections::BTreeSet;
    use std::net::IpAddr;

    use ipvs::{ServiceId, ServiceSpec};

    use super::super::facts::{Daemon, Mistakes, Table};
    use super::super::marks::{Given, Marks};
    use super::super::modules::Modules;
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
            file: "/k.conf".into(),
            mistakes: Mistakes::default(),
            own_addresses: Vec::new(),
            marks: None,
            virtual_addresses: routers.flat_map(|one| &one.addresses).map(|one| one.address).collect(),
            services,
            host,
            directors: Vec::new(),
            table: Table::Read(table),
            missing_schedulers: BTreeSet::new(),
            modules: Modules::default(),
            ipvs_rules: false,
            daemon: Some(Daemon { pid: 42, net_admin: true }),
        }
    }

    fn told(facts: &Facts) -> Vec<(&'static str, String)> {
        let roles = Roles::of(&facts.services, &facts.host, facts.daemon);
        examine(facts, roles).findings.into_iter().map(|finding| (finding.id, finding.mend)).collect()
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

    const MARKED: &str = "
virtual_server fwmark 7 {
    lvs_sched rr
    lvs_method DR
    real_server 10.1.0.11 {
    }
}
";

    #[test]
    fn a_firewall_mark_is_not_called_healthy_unexamined() {
        let mut facts = facts(MARKED, &[("eth0", &["10.1.0.1"])]);
        let roles = Roles { director: true, real_server: false };
        let mut with = |marks| {
            facts.marks = Some(marks);
            examine(&facts, roles)
        };
        let numbers = |numbers: &[u32], computed| {
            Marks::Read(Given { numbers: numbers.iter().copied().collect(), computed })
        };
        for (marks, wanted) in [
            (numbers(&[7], false), "a rule of netfilter gives the mark 7;"),
            (numbers(&[8], true), "rules of netfilter compute marks"),
            (Marks::Unreadable("nft is ill".into()), "cannot be told (nft is ill)"),
        ] {
            let Examination { findings, notes } = with(marks);
            assert_eq!(findings, []);
            assert_eq!(notes.len(), 1);
            assert!(notes[0].starts_with("FWM 7 names no address: "), "{notes:?}");
            assert!(notes[0].contains(wanted) && notes[0].ends_with("was not examined"), "{notes:?}");
        }
        let Examination { findings, notes } = with(numbers(&[8], false));
        assert_eq!((findings[0].id, findings.len(), notes.len()), ("fwmark", 1, 0));
        let mend =
            "iptables -t mangle -A PREROUTING -d ADDRESS -p PROTOCOL --dport PORT -j MARK --set-mark 7";
        assert_eq!(findings[0].mend, mend);
    }

    #[test]
    fn the_table_s_row_of_a_firewall_mark_is_compared_like_any() {
        let mut facts = facts(MARKED, &[("eth0", &["10.1.0.1"])]);
        facts.marks = Some(Marks::Read(Given { numbers: [7].into(), computed: false }));
        facts.table = Table::Read(Vec::new());
        assert_eq!(told(&facts), one("table", "kill -HUP 42"));
    }

    #[test]
    fn a_server_of_a_firewall_mark_is_not_called_healthy_unexamined() {
        let mut server = facts(MARKED, &[("eth0", &["10.1.0.11"])]);
        server.daemon = None;
        let roles = Roles::of(&server.services, &server.host, server.daemon);
        let Examination { findings, notes } = examine(&server, roles);
        assert_eq!(findings, []);
        assert!(notes[0].starts_with("10.1.0.11 serves a firewall mark"), "{notes:?}");
    }

    #[test]
    fn a_server_on_another_way_than_configured_is_told() {
        let mut facts = facts(NAT, &[("eth0", &["10.1.0.1"])]);
        let Table::Read(table) = &mut facts.table else { panic!("it was read") };
        let server = |forwarding| ipvs::Destination {
            id: ipvs::DestinationId { addr: ip("10.2.0.11"), port: 80 },
            forwarding,
            weight: ipvs::Weight::ONE,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        table[0].destinations = vec![server(ipvs::Forwarding::Direct)];
        let found = examine(&facts, Roles { director: true, real_server: false }).findings;
        assert_eq!((found.len(), found[0].id), (1, "table"));
        assert_eq!(found[0].what, "TCP 10.1.0.100:80 reaches 10.2.0.11 by DR instead of NAT");
        let Table::Read(table) = &mut facts.table else { panic!("it was read") };
        table[0].destinations = vec![server(ipvs::Forwarding::Masquerade)];
        assert_eq!(told(&facts), []);
    }

    #[test]
    fn what_the_configuration_loses_is_told_first_and_on_a_real_server_only_what_any_host_would_lose() {
        let mut facts = facts(NAT, &[("eth0", &["10.2.0.11"])]);
        facts.mistakes = Mistakes { anywhere: vec!["lost".into()], here: vec!["no eth7".into()] };
        let told = |facts: &Facts, roles| {
            let found = examine(facts, roles).findings.into_iter();
            found.filter(|one| one.id == "configuration").map(|one| one.what).collect::<Vec<_>>()
        };
        let director = Roles { director: true, real_server: false };
        assert_eq!(told(&facts, director), ["lost", "no eth7"]);
        assert_eq!(examine(&facts, director).findings[0].mend, "keepalived config check /k.conf");
        assert_eq!(told(&facts, Roles { director: false, real_server: true }), ["lost"]);
    }

    #[test]
    fn without_an_address_that_moves_the_way_back_leads_to_one_that_stays() {
        let mut server = facts(NAT, &[("eth0", &["10.2.0.11"])]);
        server.daemon = None;
        server.virtual_addresses = Vec::new();
        // The first is on another network, the last this host's own.
        server.own_addresses = ["10.1.0.1", "10.2.0.2", "10.2.0.11"].map(ip).into();
        assert_eq!(told(&server), one("way_back", "ip route replace default via 10.2.0.2"));
        server.virtual_addresses = vec![ip("10.2.0.1")];
        assert_eq!(told(&server), one("way_back", "ip route replace default via 10.2.0.1"));
    }
}
