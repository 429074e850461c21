//! From a text to what the checker worker is told.

use std::time::Duration;

use checkers::dns::{Question, Record};
use checkers::http::{Presence, Source};
use checkers::params::{BetweenPages, CheckerKind, Endpoint, Scheme, TlsFarewell, UdpCheck, UdpReply};
use parser::config::Config;
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

/// What a text says.
pub(crate) fn read(text: &'static str) -> Config {
    both(text).0
}

/// The plan for checkers, and what was said on the way.
pub(crate) fn plan(text: &'static str) -> (CheckersPlan, Vec<String>) {
    let (plan, said) = whole(text);
    (plan.checkers, said)
}

/// The whole plan on a machine with `eth0` and `eth1`, and what was said on the way.
pub(crate) fn whole(text: &'static str) -> (Plan, Vec<String>) {
    let (_, plan, said) = both(text);
    (plan, said)
}

/// The configuration, its plan, and what was said on the way.
pub(crate) fn both(text: &'static str) -> (Config, Plan, Vec<String>) {
    planned(text, &system())
}

/// The plan on this machine, and what was said on the way.
pub(super) fn on(text: &'static str, system: &System) -> (Plan, Vec<String>) {
    let (_, plan, said) = planned(text, system);
    (plan, said)
}

fn planned(text: &'static str, system: &System) -> (Config, Plan, Vec<String>) {
    let (config, mut said) = parser::parse("keepalived.conf", &mut OneFile(text), parser::Options::default());
    let plan = Plan::new(&config, system, &mut said);
    (config, plan, said.iter().map(ToString::to_string).collect())
}

/// A machine with `eth0` and `eth1`.
fn system() -> System {
    let interfaces = ["lo", "eth0", "eth1"].map(str::to_owned).into();
    System { node: "lb1".into(), user: "root".into(), interfaces, ..System::default() }
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
            let Endpoint { dest, timeout, .. } = checker.kind.endpoint().expect("it uses a socket");
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

/// compat/checkers.md §18.2, §18.12
#[test]
fn a_page_has_the_host_and_the_server_name_that_are_nearest_to_it() {
    let (plan, said) = plan(
        "virtual_server 10.1.0.1 443 {\n protocol TCP\n virtualhost vs.example.org\n real_server 10.0.0.2 443 {\n \
         virtualhost rs.example.org\n SSL_GET {\n enable_sni\n fast_recovery\n http_protocol 1.1\n \
         url {\n path /a\n virtualhost url.example.org\n status_code 200 300-302\n tls_compliant\n }\n \
         url {\n path /b\n digest d41d8cd98f00b204e9800998ecf8427e\n }\n }\n }\n}\n",
    );
    assert!(!said.iter().any(|line| line.contains("SSL_GET")), "{said:?}");
    let CheckerKind::Web(check) = &*plan.services[0].params.servers[0].checkers[0].kind else {
        panic!("not a web check")
    };
    assert_eq!((check.scheme, check.between), (Scheme::Https, BetweenPages::Hurry));
    assert_eq!(check.version, checkers::http::Version::Http11);
    let [a, b] = &check.pages[..] else { panic!("not two pages") };
    assert_eq!((&*a.path, a.host.as_deref()), ("/a", Some("url.example.org")));
    assert_eq!(a.server_name.as_deref(), Some("url.example.org"));
    assert_eq!(a.wanted.status, [200..=200, 300..=302]);
    assert_eq!((a.farewell, b.farewell), (TlsFarewell::CloseNotify, TlsFarewell::Close));
    assert_eq!((&*b.path, b.host.as_deref()), ("/b", Some("rs.example.org")));
    assert_eq!(b.server_name.as_deref(), Some("vs.example.org"));
    assert_eq!(b.wanted.status, [200..=299]);
    assert_eq!(b.wanted.digest, Some(checkers::http::Digest::of(b"")));
}

#[test]
fn a_regex_is_part_of_its_page_and_one_that_is_none_is_named() {
    let (plan, said) = plan(
        "virtual_server 10.1.0.1 80 {\n protocol TCP\n real_server 10.0.0.2 80 {\n HTTP_GET {\n \
         url {\n path /a\n regex \"OK\"\n regex_options caseless dollar_endonly\n regex_no_match\n regex_max_offset 7\n }\n \
         url {\n path /b\n regex \"a(b\"\n }\n }\n }\n}\n",
    );
    let CheckerKind::Web(check) = &*plan.services[0].params.servers[0].checkers[0].kind else {
        panic!("not a web check")
    };
    let source = check.pages[0].wanted.pattern.clone().map(Source::from).expect("a pattern");
    assert_eq!(
        (&*source.pattern, source.wanted, source.begins),
        ("OK", Presence::Forbidden, Some((0, Some(7))))
    );
    assert!(source.options.caseless);
    assert_eq!(check.pages[1].wanted.pattern, None);
    for line in [
        "regex_options dollar_endonly is not known here - ignoring",
        "Invalid regex: 'a(b' at offset 3: missing closing parenthesis",
    ] {
        assert!(said.iter().any(|said| said.ends_with(line)), "{said:#?}");
    }
}

/// compat/checkers.md §24.1
#[test]
fn a_file_check_has_the_weight_of_its_file_unless_it_says_its_own() {
    let (plan, _) = plan(
        "track_file load {\n file /run/load\n weight 3 reverse\n}\n\
         virtual_server 10.1.0.1 80 {\n protocol TCP\n real_server 10.0.0.2 80 {\n FILE_CHECK {\n track_file load\n }\n \
         FILE_CHECK {\n track_file load\n weight -300\n }\n }\n}\n",
    );
    let checks = plan.services[0].params.servers[0].checkers.iter().map(|checker| {
        let CheckerKind::File(check) = &*checker.kind else { panic!("{:?}", checker.kind) };
        (check.name.clone(), check.path.clone(), check.weight, check.reverse)
    });
    let check = |weight, reverse| ("load".to_owned(), "/run/load".into(), weight, reverse);
    assert_eq!(checks.collect::<Vec<_>>(), [check(3, true), check(-300, false)]);
}

#[test]
fn each_host_of_an_smtp_check_is_a_check_of_its_own() {
    let (plan, _) = plan(
        "virtual_server 10.1.0.1 25 {\n protocol TCP\n real_server 10.0.0.2 25 {\n SMTP_CHECK {\n \
         helo_name lb1.example.org\n host {\n connect_ip 10.0.0.3\n }\n host {\n connect_port 26\n }\n \
         }\n }\n}\n",
    );
    let checks = plan.services[0].params.servers[0].checkers.iter().map(|checker| {
        let CheckerKind::Smtp(check) = &*checker.kind else { panic!("{checker:?}") };
        (check.endpoint.dest.to_string(), check.helo_name.clone())
    });
    let wanted = ["10.0.0.3:25", "10.0.0.2:26"].map(|dest| (dest.to_owned(), "lb1.example.org".to_owned()));
    assert_eq!(checks.collect::<Vec<_>>(), wanted);
}

#[test]
fn the_length_of_a_datagram_matters_only_with_a_pattern() {
    let (plan, _) = plan(
        "virtual_server 10.1.0.1 53 {\n protocol UDP\n real_server 10.0.0.2 53 {\n UDP_CHECK {\n }\n \
         UDP_CHECK {\n payload 01 ff\n require_reply\n min_reply_length 3\n }\n \
         UDP_CHECK {\n require_reply 0X ff\n min_reply_length 3\n max_reply_length 9\n }\n }\n}\n",
    );
    let checks = plan.services[0].params.servers[0].checkers.iter().map(|checker| {
        let CheckerKind::Udp(check) = &*checker.kind else { panic!("{:?}", checker.kind) };
        (check.payload.clone(), check.reply.clone())
    });
    let usual = UdpCheck::PAYLOAD.to_vec();
    let pattern = vec![(0x00, 0xf0), (0xff, 0xff)];
    assert_eq!(
        checks.collect::<Vec<_>>(),
        [
            (usual.clone(), UdpReply::Optional),
            (vec![0x01, 0xff], UdpReply::Any),
            (usual, UdpReply::Like { pattern, length: 3..=9 }),
        ]
    );
}

/// compat/checkers.md §20.1, D2, and the intervals of §2.1
#[test]
fn a_dns_check_asks_for_the_root_unless_told_and_has_paces_of_its_own() {
    let (plan, _) = plan(
        "virtual_server 10.1.0.1 53 {\n protocol UDP\n delay_loop 7\n real_server 10.0.0.2 53 {\n DNS_CHECK {\n }\n \
         DNS_CHECK {\n type aaaa\n name x.example.org\n }\n }\n}\n",
    );
    let checkers = &plan.services[0].params.servers[0].checkers;
    let asked = checkers.iter().map(|checker| {
        let CheckerKind::Dns(check) = &*checker.kind else { panic!("{:?}", checker.kind) };
        check.question.clone()
    });
    let question = |name: &str, record| Question { name: name.parse().expect("a name"), record };
    assert_eq!(
        asked.collect::<Vec<_>>(),
        [question(".", Record::Soa), question("x.example.org", Record::Aaaa)]
    );
    let [first, _] = &checkers[..] else { panic!("not two checkers") };
    assert_eq!((first.retry, first.cadence.delay_before_retry), (3, Duration::from_secs(7)));
}

/// compat/checkers.md §2.13, §23
#[test]
fn a_program_checks_as_its_user_and_one_that_is_not_there_leaves_its_server_unchecked() {
    let (plan, said) = plan(
        "global_defs {\n enable_script_security\n script_user root\n}\n\
         virtual_server 10.1.0.1 80 {\n protocol TCP\n delay_loop 7\n real_server 10.0.0.2 80 {\n MISC_CHECK {\n \
         misc_path \"/bin/sh -c 'exit 0'\"\n misc_dynamic\n }\n MISC_CHECK {\n misc_path /nonexistent/x\n }\n }\n}\n",
    );
    let [checker] = &plan.services[0].params.servers[0].checkers[..] else { panic!("one checker") };
    let CheckerKind::Misc(check) = &*checker.kind else { panic!("{:?}", checker.kind) };
    assert_eq!(check.argv, ["/bin/sh", "-c", "exit 0"]);
    assert_eq!((check.user, check.timeout, check.dynamic), ((0, 0), Duration::from_secs(7), true));
    assert_eq!(plan.programs.len(), 1);
    let missing = "Disabling misc script '/nonexistent/x' since not found/accessible";
    assert!(said.iter().any(|line| line == missing), "{said:?}");
}

#[test]
fn a_test_finds_what_a_plan_would_and_in_the_same_order() {
    const TEXT: &str = "\
global_defs {
 linkbeat_use_polling
 startup_script /nonexistent/startup
}
linkbeat_interfaces {
 eth0 MII
 nosuch MII
}
vrrp_sync_group G {
 group {
  A
 }
 notify_master /nonexistent/group
}
vrrp_instance A {
 interface eth0
 virtual_router_id 1
 no_accept
 virtual_ipaddress {
  10.0.0.1/24 dev eth7
 }
 virtual_routes {
  10.1.0.0/16 via 10.0.0.254 track_group
 }
 notify /nonexistent/instance
}
virtual_server 10.0.0.1 80 {
 lb_algo rr
 lb_kind NAT
 protocol TCP
 quorum_up /nonexistent/quorum
 real_server 10.0.0.2 80 {
  MISC_CHECK {
   misc_path /nonexistent/check
  }
  TCP_CHECK {
   bind_if eth9
  }
 }
}
";
    let (config, mut examined) =
        parser::parse("keepalived.conf", &mut OneFile(TEXT), parser::Options::default());
    let mut planned = examined.clone();
    let read = planned.len();
    Plan::examine(&config, &system(), &mut examined);
    Plan::new(&config, &system(), &mut planned);
    assert!(planned.len() > read + 6, "{planned:#?}");
    assert_eq!(examined, planned);
}
