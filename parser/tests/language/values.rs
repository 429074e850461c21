//! What blocks come to mean.

use std::time::Duration;

use parser::config::{Check, Forwarding, Peering, Role, Service, Version};

use parser::Options;

use crate::memory::{Memory, read, shown};

#[test]
fn the_content_of_an_unknown_block_counts_for_the_block_around_it() {
    let text = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress { 10.0.0.1 }\nunknown {\npriority 50\n}\n";
    let (config, _) = read(text);
    assert_eq!(config.vrrp_instances[0].priority, 50);
}

#[test]
fn master_without_priority_is_the_address_owner() {
    let (config, _) = read(
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nstate MASTER\nvirtual_ipaddress { 10.0.0.1 }\n}\n",
    );
    let instance = &config.vrrp_instances[0];
    assert_eq!((instance.priority, instance.state), (255, Role::Master));
}

#[test]
fn an_instance_without_words_has_the_documented_defaults() {
    let (config, diagnostics) =
        read("vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress { 10.0.0.1 }\n}\n");
    assert_eq!(shown(&diagnostics), [""; 0]);
    let instance = &config.vrrp_instances[0];
    assert_eq!(instance.priority, 100);
    assert_eq!(instance.state, Role::Backup);
    assert_eq!(instance.advert_int, Duration::from_secs(1));
    assert_eq!(instance.version, Version::V2);
    assert!(instance.preempt && instance.accept && !instance.strict && !instance.smtp_alert);
    assert_eq!((instance.garp.master_delay, instance.garp.master_repeat), (Duration::from_secs(5), 5));
    let group = "224.0.0.18".parse().expect("an address");
    assert_eq!(instance.peering, Peering::Multicast { group });
    assert!(config.present.vrrp && !config.present.checkers);
}

#[test]
fn ipv6_decides_version_and_family() {
    let (config, _) = read(
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress { fe80::1\n2001:db8::1/64 }\n}\n",
    );
    let instance = &config.vrrp_instances[0];
    assert_eq!(instance.version, Version::V3);
    assert_eq!(instance.addresses[1].prefix.to_string(), "2001:db8::1/64");
}

#[test]
fn a_checker_inherits_from_real_server_before_virtual_server() {
    let text = "virtual_server 10.0.0.1 80 {
        delay_loop 6
        retry 4
        connect_timeout 9
        lb_algo wlc
        lb_kind DR
        protocol TCP
        real_server 10.0.0.2 80 {
            delay_before_retry 3
            retry 5
            TCP_CHECK {
                connect_port 8080
                connect_timeout 30
            }
        }
        real_server 10.0.0.3 80 {
            TCP_CHECK {
                retry 0
            }
            HTTP_GET {
                url {
                    path /
                }
            }
            DNS_CHECK {
            }
        }
    }\n";
    let (config, diagnostics) = read(text);
    assert_eq!(shown(&diagnostics), [""; 0]);
    let service = &config.virtual_servers[0];
    let first = &service.real_servers[0].checkers[0];
    assert_eq!((first.pace.retry, first.pace.delay_loop), (5, Duration::from_secs(6)));
    assert_eq!(
        (first.pace.delay_before_retry, first.pace.warmup),
        (Duration::from_secs(3), Duration::from_secs(6))
    );
    let Check::Tcp(endpoint) = &first.check else { panic!("a TCP check: {first:?}") };
    assert_eq!(endpoint.dest.to_string(), "10.0.0.2:8080");
    assert_eq!(endpoint.connect_timeout, Duration::from_secs(30));
    let [tcp, http, dns] = &service.real_servers[1].checkers[..] else { panic!("three checks") };
    assert_eq!((tcp.pace.retry, tcp.pace.delay_before_retry), (0, Duration::from_secs(1)));
    assert_eq!((http.pace.retry, http.pace.delay_before_retry), (4, Duration::from_secs(3)));
    assert_eq!(dns.pace.delay_before_retry, Duration::from_secs(6));
}

#[test]
fn direct_routing_keeps_the_port_of_the_service_and_nat_that_of_the_server() {
    let text = "virtual_server 10.0.0.1 80 {\nlb_algo rr\nprotocol TCP\nlb_kind DR\nreal_server 10.0.0.2 81 {\n}\nreal_server 10.0.0.3 82 {\nlvs_method NAT\n}\nreal_server 10.0.0.4 {\nlvs_method NAT\n}\n}\n";
    let (config, diagnostics) = read(text);
    let ports: Vec<u16> = config.virtual_servers[0].real_servers.iter().map(|rs| rs.port).collect();
    assert_eq!(ports, [80, 82, 80]);
    assert_eq!(config.virtual_servers[0].real_servers[0].forwarding, Forwarding::Direct);
    assert_eq!(
        shown(&diagnostics),
        [
            "WARNING - virtual server [10.0.0.1]:tcp:80 and real server [10.0.0.2]:tcp:81 ports don't match - resetting",
        ]
    );
}

#[test]
fn a_sorry_server_without_a_port_has_that_of_the_service_unless_its_addresses_are_translated() {
    let port = |method: &str| {
        let text = format!(
            "virtual_server 10.0.0.1 80 {{\nlb_algo rr\nprotocol TCP\nlb_kind {method}\nsorry_server 10.0.0.9\nreal_server 10.0.0.2 80 {{\n}}\n}}\n"
        );
        let (config, diagnostics) = read(text);
        assert_eq!(shown(&diagnostics), [""; 0]);
        config.virtual_servers[0].sorry_server.as_ref().map(|sorry| sorry.port)
    };
    assert_eq!(["DR", "TUN", "NAT"].map(port), [Some(80), Some(80), Some(0)]);
}

#[test]
fn ports_that_a_group_does_not_use_are_named() {
    let text = "virtual_server_group G {\nfwmark 8\n10.1.1.1 81\n10.1.1.2 82\n}\nvirtual_server group G {\nprotocol TCP\nlb_algo rr\nlb_kind DR\nsorry_server 10.0.0.9 81\nreal_server 10.0.0.2 81 {\n}\nreal_server 10.0.0.3 83 {\nlvs_method NAT\n}\nreal_server 10.0.0.4 {\n}\n}\n";
    let (_, diagnostics) = read(text);
    assert_eq!(
        shown(&diagnostics),
        [
            "WARNING - fwmark virtual server [G]:0, real server [10.0.0.2]:tcp:81 has port specified - port will be ignored",
            "WARNING - fwmark virtual server [G]:0, sorry server has port specified - port will be ignored",
            "virtual server [G]:0:[10.1.1.2,82] and real server [10.0.0.2]:tcp:81 ports don't match",
            "WARNING - virtual server [G]:0, sorry server has port specified - port will be ignored",
        ]
    );
}

#[test]
fn quorum_and_hysteresis_fit_the_weights() {
    let text = "virtual_server 10.0.0.1 80 {\nprotocol TCP\nlb_algo rr\nlb_kind NAT\nquorum 9\nhysteresis 5\nreal_server 10.0.0.2 80 {\nweight 3\n}\n}\n";
    let (config, diagnostics) = read(text);
    assert_eq!((config.virtual_servers[0].quorum, config.virtual_servers[0].hysteresis), (3, 2));
    assert_eq!(
        shown(&diagnostics),
        [
            "Warning - quorum 9 for [10.0.0.1]:tcp:80 exceeds total weight of real servers 3, reducing quorum to 3",
            "Virtual server [10.0.0.1]:tcp:80: hysteresis 5 >= quorum 3; setting hysteresis to 2",
        ]
    );
}

#[test]
fn mail_alerts_follow_the_most_specific_word() {
    let text = "global_defs {\nsmtp_alert\nsmtp_alert_checker off\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 10.0.0.1 }\n}\nvirtual_server fwmark 5 {\nlb_algo rr\nlb_kind NAT\nreal_server 10.0.0.2 80 {\n}\nreal_server 10.0.0.3 80 {\nsmtp_alert on\n}\n}\n";
    let (config, _) = read(text);
    let service = &config.virtual_servers[0];
    assert_eq!(service.service, Service::Fwmark(5));
    assert!(config.vrrp_instances[0].smtp_alert);
    assert_eq!(service.real_servers.iter().map(|rs| rs.smtp_alert).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn real_servers_are_mailed_about_unless_somebody_says_no() {
    let (config, _) =
        read("virtual_server fwmark 5 {\nlb_algo rr\nlb_kind NAT\nreal_server 10.0.0.2 80 {\n}\n}\n");
    assert!(config.virtual_servers[0].real_servers[0].smtp_alert && !config.virtual_servers[0].smtp_alert);
}

#[test]
fn secrets_are_not_printed() {
    let (config, _) = read(
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 10.0.0.1 }\nauthentication {\nauth_type PASS\nauth_pass s3cret\n}\n}\n",
    );
    let printed = format!("{config:?}");
    assert!(!printed.contains("s3cret") && printed.contains("Pass(***)"), "{printed}");
}

#[test]
fn an_instance_speaks_before_its_group_and_the_group_before_the_globals() {
    let instance = |name: &str, vrid: u8, line: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\nvirtual_ipaddress {{ 10.0.0.{vrid} }}\n{line}\n}}\n"
        )
    };
    let text = format!(
        "global_defs {{\nvrrp_notify_priority_changes on\n}}\n{}{}{}vrrp_sync_group G {{\ngroup {{ A B }}\nnotify_priority_changes off\n}}\n",
        instance("A", 1, "notify_priority_changes on"),
        instance("B", 2, ""),
        instance("C", 3, "")
    );
    let (config, _) = read(text);
    let told: Vec<bool> =
        config.vrrp_instances.iter().map(|instance| instance.notify_priority_changes).collect();
    assert_eq!(told, [true, false, true]);
    assert_eq!(config.sync_groups[0].members, [0, 1]);
}

/// A running daemon takes a number with a rest behind it, a test refuses it; some numbers are never taken so.
#[test]
fn a_running_daemon_is_lenient_with_numbers() {
    let text = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 10.0.0.1 }\ngarp_master_delay 7x\npriority 9x\n}\n";
    let read = |lenient| {
        let mut memory = Memory::default();
        memory.0.insert("F".to_owned(), text.as_bytes().to_vec());
        let (config, diagnostics) =
            parser::parse("F", &mut memory, Options { lenient, ..Options::default() });
        let instance = &config.vrrp_instances[0];
        (instance.garp.master_delay.as_secs(), instance.priority, shown(&diagnostics))
    };
    let (delay, priority, said) = read(true);
    assert_eq!((delay, priority, said.len()), (7, 100, 3));
    assert_eq!(said[0], "5 WARNING - invalid number '7x'");
    let (delay, priority, said) = read(false);
    assert_eq!((delay, priority), (5, 100));
    assert_eq!(said[..2], ["5 invalid number '7x'", "5 (V): garp_master_delay '7x' invalid - ignoring"]);
}

#[test]
fn a_keyword_that_does_nothing_yet_is_named_once_and_not_in_a_test() {
    let text = "global_defs {\n  snmp_socket a\n  snmp_socket b\n}\n";
    let found: Vec<_> =
        read(text).1.into_iter().filter(|diagnostic| diagnostic.text.contains("no effect")).collect();
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["(F: Line 2) snmp_socket has no effect in this version"]);
    assert_eq!(parser::diag::test_exit_code(&found), 0);
}

#[test]
fn a_check_connects_to_the_port_written_for_its_server_even_where_connections_go_to_another() {
    let (config, _) = read(
        "virtual_server 10.1.0.1 26 {\nlvs_method DR\nprotocol TCP\nreal_server 10.0.0.2 80 {\nTCP_CHECK {\n}\n}\n}\n",
    );
    let server = &config.virtual_servers[0].real_servers[0];
    let Check::Tcp(endpoint) = &server.checkers[0].check else { panic!("{server:?}") };
    assert_eq!((server.port, endpoint.dest.port()), (26, 80));
}

#[test]
fn the_first_old_sync_daemon_counts_unless_there_is_a_global_one() {
    let instance = |name: &str, vrid: u8, interface: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\nlvs_sync_daemon_interface {interface}\n}}\n"
        )
    };
    let both = instance("A", 51, "eth0") + &instance("B", 52, "eth1");
    let daemon = |text: &str| {
        let daemon = read(text).0.global.sync_daemon.expect("there is a daemon");
        (daemon.interface.value.to_string(), daemon.instance, daemon.id)
    };
    assert_eq!(daemon(&both), ("eth0".to_owned(), Some(0), 51));
    let global = format!("global_defs {{\nlvs_sync_daemon eth2 id 7\n}}\n{both}");
    assert_eq!(daemon(&global), ("eth2".to_owned(), None, 7));
    let unknown = format!("global_defs {{\nlvs_sync_daemon eth2 inst C\n}}\n{both}");
    assert_eq!(read(unknown).0.global.sync_daemon, None);
}

/// No interface has a name of more than 15 bytes, so none of these can come yet.
#[test]
fn an_interface_whose_name_is_too_long_is_complained_about_wherever_it_is_named() {
    let (config, diagnostics) = read(
        "vrrp_instance V {\ninterface <put-interface-here>\nvirtual_router_id 51\nvirtual_ipaddress { 10.0.0.1 }\n}
         vrrp_instance W {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress { 10.0.0.2 }
         track_interface {\n<put-interface-here>\n}\n}
         linkbeat_interfaces {\n<put-interface-here>\n}\ninterface_up_down_delays {\n<put-interface-here> 3\n}\n",
    );
    let said = shown(&diagnostics);
    for words in [
        "2 Interface name '<put-interface-here>' too long - ignoring",
        "(W) tracked interface <put-interface-here> doesn't exist",
        "unknown interface <put-interface-here> specified for linkbeat interface",
        "unknown interface <put-interface-here> specified for up/down delay",
    ] {
        assert!(said.iter().any(|line| line.contains(words)), "{words}: {said:#?}");
    }
    assert!(config.vrrp_instances.iter().all(|instance| instance.tracking.interfaces.is_empty()));
    assert!(config.linkbeat.is_empty() && config.interface_delays.is_empty());
}

/// checkers.md §25.1: no limit at all is more than the 64 hops of IPv6, too.
#[test]
fn more_hops_than_a_packet_can_make_are_cut_to_those() {
    let (config, diagnostics) = read(
        "bfd_instance a {\nneighbor_ip 10.0.0.2\nmax_hops -1\n}
         bfd_instance b {\nneighbor_ip fd00::2\nsource_ip fd00::1\nmax_hops -1\n}
         bfd_instance c {\nneighbor_ip 10.0.0.3\nttl 64\nmax_hops 255\n}\n",
    );
    let hops: Vec<_> = config.bfd_instances.iter().map(|one| one.max_hops).collect();
    assert_eq!(hops, [None, Some(64), Some(64)]);
    let said = shown(&diagnostics);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("BFD instance b: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit"),
        "{said:?}"
    );
}
