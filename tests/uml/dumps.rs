//! What a director writes about its servers, and that killing who writes it takes no row out of the table.

use crate::stage::{START, Stage};
use lab::{Binary, Failure, Keepalived, Outcome, Scene, eventually, is_alive, seed, throughout};
use nix::sys::signal::{Signal, kill};
use std::{fs, time::Duration};

pub(crate) fn the_checkers_dump_tells_of_every_server_of_the_seed(binary: &Binary) -> Outcome {
    let mut stage = Stage::start(binary)?;
    let node = &stage.director().node;
    let path = node.outside("/tmp/keepalived_check.data");
    let (parent, worker) = (stage.daemon.process().pid(), stage.daemon.checkers_worker().expect("it runs"));
    for pid in [parent, worker] {
        // An earlier one may be read away.
        let _ = fs::remove_file(&path);
        kill(pid, Signal::SIGUSR1)?;
        let text = eventually("the dump", START, || fs::read_to_string(&path).ok())?;
        let count = |line: &str| text.lines().filter(|one| one.starts_with(line)).count();
        assert!(text.starts_with("------< Global definitions >------\n"), "{text}");
        assert_eq!(count(" VS VIP = "), seed::SERVICES.len());
        assert_eq!(count("   RIP = "), seed::DESTINATIONS);
        assert_eq!(count("   Keepalive method = TCP_CHECK"), seed::DESTINATIONS);
        assert_eq!(count("   RS set = 1"), seed::DESTINATIONS);
        assert_eq!(count("   quorum_state_up = 1"), seed::SERVICES.len());
    }
    Ok(())
}

/// Every kind of service, server and checker. Nobody holds the address of the first service, so that its checks rest; the
/// others have nothing that a moment could change.
const EVERYTHING: &str = "
global_defs {
    router_id lb1
    enable_script_security
    script_user root
    smtp_server 192.168.200.1
    notification_email {
        a@example.org
    }
}
track_file tf {
    file /run/number
}
bfd_instance b1 {
    neighbor_ip 10.1.0.99
    source_ip 10.1.0.100
}
virtual_server_group G {
    10.1.7.1-2 80
    10.1.8.1 81
}
virtual_server_group M {
    fwmark 3
}
virtual_server 10.9.0.1 80 {
    delay_loop 2
    lb_algo sh
    sh-port
    lb_kind NAT
    persistence_timeout 20
    persistence_granularity 255.255.255.0
    protocol TCP
    alpha
    omega
    retry 2
    delay_before_retry 2
    warmup 1
    connect_timeout 4
    quorum 2
    hysteresis 1
    quorum_up \"/usr/bin/true up a\"
    quorum_down \"/usr/bin/true down\"
    ha_suspend
    smtp_alert
    virtualhost x.example
    sorry_server 10.1.0.9 80
    sorry_server_inhibit
    real_server 10.1.0.2 80 {
        weight 10
        uthreshold 20
        lthreshold 5
        inhibit_on_failure
        notify_up \"/usr/bin/true rsup\"
        notify_down \"/usr/bin/true rsdown\"
        virtualhost rs.vh
        HTTP_GET {
            url {
                path /a
                digest 0123456789abcdef0123456789abcdef
                status_code 200-299 404
                virtualhost u.vh
            }
            url {
                path /b
                regex abc.*
                regex_no_match
                regex_min_offset 1
                regex_max_offset 100
            }
            connect_timeout 3
            connect_ip 10.1.0.3
            connect_port 8080
            bindto 10.1.0.100
            bind_port 1234
            fwmark 4
            retry 3
            delay_before_retry 3
            fast_recovery
            http_protocol 1.1
            virtualhost chk.vh
        }
        SSL_GET {
            url {
                path /s
            }
            enable_sni
            virtualhost chk.vh
            http_protocol 1.0C
        }
        TCP_CHECK {
            bind_if lo
        }
    }
    real_server 10.1.0.3 80 {
        virtualhost other.vh
        delay_loop 3
        alpha false
        DNS_CHECK {
            type MX
            name example.org
        }
        UDP_CHECK {
            payload 010203
            require_reply 0a0b
            min_reply_length 2
            max_reply_length 9
        }
        UDP_CHECK {
        }
        PING_CHECK {
        }
        MISC_CHECK {
            misc_path \"/usr/bin/true a b\"
            misc_timeout 3
            misc_dynamic
            user nobody
        }
    }
}
virtual_server fwmark 55 {
    delay_loop 1
    lb_algo rr
    lb_kind TUN
    real_server 10.1.0.2 0 {
        lvs_method TUN type gue port 99 remcsum
    }
    real_server 10.1.0.3 0 {
        lvs_method DR
        inhibit_on_failure
    }
    real_server 10.1.0.4 0 {
        weight 7
        lvs_method TUN type gre csum
    }
}
virtual_server fwmark 56 {
    lvs_sched wlc
    lvs_method DR
    ip_family inet6
    real_server 2001:db8::7 0 {
    }
}
virtual_server group G {
    lvs_sched mh
    mh-fallback
    lvs_method DR
    protocol UDP
    real_server 10.1.0.2 80 {
    }
}
virtual_server group M {
    lvs_sched rr
    flag-1
    lvs_method NAT
    real_server 10.1.0.2 80 {
        FILE_CHECK {
            track_file tf
            weight 2 reverse
        }
    }
}
";

/// Lines that one of the two has alone: what 2.2.7 tells of its inner workings or shows as the largest number while nobody has
/// set it, what 2.4.3 tells besides, and what ours knows of each check.
const ALONE: [&str; 14] = [
    " Gratuitous ARP lower priority",
    " iproute ",
    "   tls_compliant ",
    " libnftnl version",
    "   previous effective_weight",
    "     Regex ref count",
    "   Status = ",
    "     set = ",
    "     alive = ",
    "   Last check = ",
    "     Result = ",
    "     Took = ",
    "     Started late by = ",
    // A file is read at one moment or another.
    "   RIP = 10.1.0.2, RPORT = 80, WEIGHT = 0",
];

/// What a director of either kind writes of [`EVERYTHING`], without what differs from moment to moment.
fn checkers_dump(node: &str, binary: &Binary) -> Outcome<Vec<String>> {
    let scene = Scene::new()?;
    let link = scene.link("lan")?;
    let node = scene.node(node)?.on(&link, "eth1", &["10.1.0.100/24"])?;
    fs::write(node.outside("/run/number"), "3\n")?;
    let path = node.outside("/tmp/keepalived_check.data");
    let mut daemon = Keepalived::start(&node, binary, EVERYTHING)?;
    eventually("a full table", START, || {
        (node.run("ipvsadm", &["-Sn"]).ok()?.lines().filter(|line| line.starts_with("-a")).count() >= 9)
            .then_some(())
    })?;
    let pid = daemon.process().pid();
    let text = eventually("a dump of servers that know the file", START, || {
        kill(pid, Signal::SIGUSR1).ok()?;
        let read = || fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n'));
        let text = eventually("a file", START, read).ok()?;
        text.contains("Current weight = -6").then_some(text)
    })?;
    let plain = |line: &str| {
        // So 2.4.3 calls it.
        let line = line.replace("   VS alive = ", "   alive = ");
        match line.split_once(" = ") {
            Some((key @ ("   Last ran" | " Smtp HELO name" | " Email notification from"), _)) => {
                key.to_owned()
            }
            _ => line,
        }
    };
    let kept = text.lines().filter(|line| !ALONE.iter().any(|start| line.starts_with(start)));
    Ok(kept.map(plain).collect())
}

pub(crate) fn every_kind_of_server_is_dumped_as_the_original_does(binary: &Binary) -> Outcome {
    let (ours, theirs) = (checkers_dump("lb1", binary)?, checkers_dump("lb2", &Binary::original())?);
    if let Some(at) = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs) {
        let around = |lines: &[String]| lines[at.saturating_sub(3)..(at + 3).min(lines.len())].join("\n");
        return Err(Failure::new(format!("ours:\n{}\ntheirs:\n{}", around(&ours), around(&theirs))));
    }
    assert_eq!(ours.len(), theirs.len());
    Ok(())
}

pub(crate) fn checkers_that_die_again_and_again_take_no_row_out_of_the_table(binary: &Binary) -> Outcome {
    let stage = Stage::start(binary)?;
    let table = stage.saved_table()?;
    for pause in [0, 700, 150] {
        let worker = eventually("a living worker", START, || {
            stage.daemon.checkers_worker().filter(|pid| is_alive(*pid))
        })?;
        throughout("the table as it was", Duration::from_millis(pause), || {
            stage.saved_table().is_ok_and(|now| now == table)
        })?;
        kill(worker, Signal::SIGSEGV)?;
        throughout("the table as it was", Duration::from_secs(1), || {
            stage.saved_table().is_ok_and(|now| now == table)
        })?;
    }
    eventually("another worker", START, || stage.daemon.checkers_worker().filter(|pid| is_alive(*pid)))?;
    assert!(stage.is_complete());
    Ok(())
}
