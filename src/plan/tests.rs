//! From a text to what the checker worker is told.

use std::time::Duration;

use checkers::params::{CheckerKind, Endpoint};
use parser::source::{Found, Sources, Text};

use super::checkers::CheckersPlan;
use super::{Plan, System};

/// One file and nothing else.
struct OneFile(&'static str);

impl Sources for OneFile {
    fn find(&mut self, _: &str, _: &str) -> Found {
        let name = "keepalived.conf".to_owned();
        let text = Text { identity: name.clone(), name, directory: "/".into(), bytes: self.0.into() };
        Found { texts: vec![text], problems: Vec::new() }
    }
    fn directory(&self) -> String {
        "/".into()
    }
    fn variable(&self, _: &str) -> Option<String> {
        None
    }
    fn random(&mut self) -> u32 {
        0
    }
}

/// The plan, and what was said on the way.
pub(crate) fn plan(text: &'static str) -> (CheckersPlan, Vec<String>) {
    let (config, mut said) = parser::parse("keepalived.conf", &mut OneFile(text), parser::Options::default());
    let system = System { node: "lb1".into(), user: "root".into(), ..System::default() };
    let plan = Plan::new(&config, &system, &mut said);
    (plan.checkers, said.iter().map(ToString::to_string).collect())
}

/// Every destination of every service as `service -> destination`.
fn table(plan: &CheckersPlan) -> Vec<String> {
    let mut rows = Vec::new();
    for service in &plan.services {
        for kernel in &service.kernel.services {
            let name = match kernel.id {
                ipvs::ServiceId::Address { addr, port, .. } => format!("{addr}:{port}"),
                ipvs::ServiceId::FwMark { mark, family } => format!("{mark} {family:?}"),
            };
            for backend in &service.kernel.servers {
                let to = backend.destination(&kernel.id, ipvs::Weight::ONE).id;
                rows.push(format!("{name} -> {}:{}", to.addr, to.port));
            }
        }
    }
    rows
}

#[test]
fn the_seed_means_five_persistent_services_with_eleven_checked_servers() {
    let (plan, _) = plan(include_str!("../../examples/seed/keepalived.conf"));
    assert_eq!(plan.services.len(), 5);
    assert_eq!(table(&plan).len(), 11);
    assert_eq!(table(&plan)[0], "172.16.0.205:80 -> 172.16.0.200:80");
    for service in &plan.services {
        let [kernel] = &service.kernel.services[..] else { panic!("more than one service") };
        assert_eq!(kernel.scheduler, Some(ipvs::Name::WLC));
        assert_eq!(kernel.persistence.map(|persistence| persistence.timeout), Some(3600));
        for server in &service.params.servers {
            let [checker] = &server.checkers[..] else { panic!("not one checker") };
            let CheckerKind::Tcp(Endpoint { dest, timeout, .. }) = &checker.kind;
            assert_eq!((dest.ip(), dest.port()), (server.id.addr, server.id.port));
            assert_eq!(*timeout, Duration::from_secs(30));
            assert_eq!(checker.cadence.delay_loop, Duration::from_secs(6));
            assert_eq!(checker.cadence.delay_before_retry, Duration::from_secs(3));
            assert_eq!((checker.retry, server.weight), (1, 1));
        }
    }
}

/// Where the original does not come to an end (compat/checkers.md D1).
#[test]
fn a_range_of_a_group_may_cross_octets() {
    let (plan, _) = plan(
        "virtual_server_group G {\n 10.1.7.254-10.1.8.1 80\n fwmark 3\n}\n\
         virtual_server group G {\n lvs_method DR\n protocol TCP\n real_server 10.0.0.2 80 {\n weight 1\n }\n}\n",
    );
    assert_eq!(
        table(&plan),
        [
            "10.1.7.254:80 -> 10.0.0.2:80",
            "10.1.7.255:80 -> 10.0.0.2:80",
            "10.1.8.0:80 -> 10.0.0.2:80",
            "10.1.8.1:80 -> 10.0.0.2:80",
            "3 V4 -> 10.0.0.2:0",
        ]
    );
}

#[test]
fn only_address_translation_has_a_port_of_its_own() {
    let (plan, _) = plan(
        "virtual_server 10.1.0.1 80 {\n lvs_method NAT\n protocol TCP\n real_server 10.0.0.2 8080 {\n }\n \
         real_server 10.0.0.3 80 {\n lvs_method TUN\n }\n}\n\
         virtual_server fwmark 5 {\n ip_family inet6\n lvs_method NAT\n real_server fd00::2 8080 {\n }\n}\n",
    );
    assert_eq!(
        table(&plan),
        ["10.1.0.1:80 -> 10.0.0.2:8080", "10.1.0.1:80 -> 10.0.0.3:80", "5 V6 -> fd00::2:8080"]
    );
}

#[test]
fn a_checker_that_does_not_exist_yet_is_named_and_its_server_serves_unchecked() {
    let (plan, said) = plan(
        "virtual_server 10.1.0.1 80 {\n protocol TCP\n real_server 10.0.0.2 80 {\n SMTP_CHECK {\n }\n \
         TCP_CHECK {\n }\n }\n}\n",
    );
    assert_eq!(plan.services[0].params.servers[0].checkers.len(), 1);
    let line = said.iter().find(|line| line.contains("SMTP_CHECK is not")).expect("a line about it");
    assert_eq!(
        line,
        "(keepalived.conf: Line 4) SMTP_CHECK is not part of this version - [10.0.0.2]:tcp:80 is in service unchecked \
         by it"
    );
}
