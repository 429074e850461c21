//! Whole dumps of a made-up situation.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use vrrp::counters::Counters;
use vrrp::punctuality::Punctuality;
use vrrp::track::Object;
use vrrp::{Cause, Leader, Priority, State};

use super::{Scene, data, json, stats};
use crate::plan::tests::both;
use crate::status::checkers::{Checker, CheckersStatus, Probe, Server, Service};
use crate::status::vrrp::{Instance, Known, VrrpStatus, Watched};

const ROUTER: &str = "
vrrp_instance VI_1 {
    interface eth0
    version 3
    virtual_router_id 51
    priority 100
    advert_int 0.5
    notify_master \"/bin/echo it\\'s ready\" root
    virtual_ipaddress {
        10.0.0.1/24
    }
}
";

fn instance(state: State) -> Instance {
    Instance {
        name: "VI_1".into(),
        state,
        wanted: state,
        causes: BTreeSet::new(),
        since: UNIX_EPOCH + Duration::from_micros(1_795_359_088_785_074),
        due: None,
        master_down: Duration::from_micros(1_804_687),
        master_interval: Duration::from_millis(500),
        leader: None,
        effective_priority: 100,
        total_priority: 100,
        source: Some([10, 0, 0, 9].into()),
        sockets: Some((14, 15)),
        last_advert: None,
        holds: vec![state == State::Master],
        counters: Counters { sent: 7, became_master: 1, ..Counters::default() },
        punctuality: Punctuality::default(),
    }
}

fn status(one: Instance) -> VrrpStatus {
    VrrpStatus { instances: vec![one], ..VrrpStatus::default() }
}

fn vrrp(one: Instance) -> String {
    let (config, plan, _) = both(ROUTER);
    let scene = Scene::plain(&config, &plan);
    data::vrrp(&scene, Some(&status(one)))
}

#[test]
fn a_backup_tells_of_its_master_and_a_fault_of_its_causes() {
    let leader = Some(Leader { address: [10, 0, 0, 8].into(), priority: Priority::new(150) });
    let backup = vrrp(Instance { leader, ..instance(State::Backup) });
    let wanted = "   State = BACKUP\n   Master router = 10.0.0.8\n   Master priority = 150\n   \
                  Master advert interval = 500 milli-sec\n   Flags: none\n   Wantstate = BACKUP\n";
    assert!(backup.contains(wanted), "{backup}");
    let causes = [Cause::Tracked(Object::Interface("eth0".into()))].into();
    let fault = vrrp(Instance { causes, ..instance(State::Fault) });
    assert!(fault.contains("   Flags of interface faults:\n     i/f down\n"), "{fault}");
}

#[test]
fn a_tracked_script_is_told_with_what_its_runs_add_up_to() {
    let script =
        "vrrp_script chk {\n script \"/usr/bin/true all\"\n user root\n interval 2\n rise 3\n fall 2\n}\n";
    let text = format!(
        "{script}{}",
        ROUTER.replace("advert_int", "track_script {\n chk weight -10\n }\n advert_int")
    );
    let (config, plan, _) = both(Box::leak(text.into_boxed_str()));
    let scene = Scene::plain(&config, &plan);
    let object = Object::Script("chk".into());
    let watched = |known, is_tried| {
        let watched = Watched {
            object: object.clone(),
            known,
            is_running: false,
            is_tried,
            is_waiting: false,
            count: 4,
        };
        data::vrrp(&scene, Some(&VrrpStatus { watched: vec![watched], ..status(instance(State::Backup)) }))
    };
    let told = watched(Known::Good, true);
    let wanted = " VRRP Script = chk\n   Command = '/usr/bin/true' 'all'\n   Interval = 2 sec\n   Timeout = 0 sec\n   \
                  Weight = 0\n   Rise = 3\n   Fall = 2\n   Result = 4\n   Insecure = no\n   Init state = unknown\n   \
                  Status = GOOD\n   Script uid:gid = 0:0\n   VRRP instances :\n";
    assert!(told.contains(wanted), "{told}");
    let told = watched(Known::Nothing, false);
    assert!(told.contains("   Init state = INIT\n   Status = BAD\n"), "{told}");
}

#[test]
fn a_tracked_process_is_told_with_the_delay_that_runs() {
    let process =
        "vrrp_track_process nap {\n process sleep 20 \"a b\"\n param_match initial\n fork_delay 2\n}\n";
    let text = format!(
        "{process}{}",
        ROUTER.replace("advert_int", "track_process {\n nap weight 5\n }\n advert_int")
    );
    let (config, plan, _) = both(Box::leak(text.into_boxed_str()));
    let scene = Scene::plain(&config, &plan);
    let told = |known| {
        let object = Object::Process("nap".into());
        let watched =
            Watched { object, known, is_running: false, is_tried: false, is_waiting: true, count: 1 };
        data::vrrp(&scene, Some(&VrrpStatus { watched: vec![watched], ..status(instance(State::Backup)) }))
    };
    let down = told(Known::Bad);
    let wanted = " VRRP Track process = nap\n   Process = sleep\n   Parameters = 20 a b\n   Param match = initial\n   \
                  Min processes = 1\n   Current processes = 1\n   Have quorum = false\n   Weight = 0\n   \
                  Terminate delay = 0.000000s\n   Fork delay = 2.000000s\n   Fork delay timer running\n   \
                  Terminate delay timer not running\n   Full command = true\n   Tracking instances :\n     VI_1, weight 5\n";
    assert!(down.contains(wanted), "{down}");
    let up = told(Known::Good);
    assert!(up.contains("   Fork delay timer not running\n   Terminate delay timer running\n"), "{up}");
}

#[test]
fn signed_adverts_are_told_without_their_keys() {
    let key = "0123456789abcdef0123456789abcdef";
    let hmac = format!("auth_hmac {{\n key 1 \"{key}\"\n active_key 1\n mode permissive\n }}\n advert_int");
    let (config, plan, complaints) = both(Box::leak(ROUTER.replace("advert_int", &hmac).into_boxed_str()));
    assert!(config.vrrp_instances[0].hmac.is_some(), "{complaints:?}");
    let text = data::vrrp(&Scene::plain(&config, &plan), Some(&status(instance(State::Master))));
    let wanted = "   Promote_secondaries = disabled\n   Authentication extension = HMAC-SHA256-128\n     \
                  Keys = 1, active key id = 1\n     Mode = permissive\n     Anti replay = time, window = 5 sec\n   \
                  VRRPv3 uses VRRPv2 checksum = disabled\n";
    assert!(text.contains(wanted) && !text.contains(key), "{text}");
}

#[test]
fn without_a_status_nothing_of_the_moment_is_told() {
    let (config, plan, _) = both(ROUTER);
    let scene = Scene::plain(&config, &plan);
    let text = data::vrrp(&scene, None);
    for line in [" State = ", " Last transition", " Effective priority", "Sockpool", "Interfaces"] {
        assert!(!text.contains(line), "{line} in {text}");
    }
    assert!(
        text.contains("   Virtual Router ID = 51\n")
            && text.contains("     10.0.0.1/24 dev eth0 scope global\n")
    );
}

#[test]
fn json_has_the_original_s_bytes() {
    let (config, plan, _) = both(ROUTER);
    let text = json::json(&config, &plan.vrrp, &status(instance(State::Master))).unwrap();
    let expected = concat!(
        r#"[{"data":{"iname":"VI_1","dont_track_primary":0,"skip_check_adv_addr":0,"strict_mode":0,"vmac_ifname":"","#,
        r#""ifp_ifname":"eth0","master_priority":0,"last_transition":1795359088.785074,"garp_delay":5,"#,
        r#""garp_refresh":0,"garp_rep":5,"garp_refresh_rep":1,"garp_lower_prio_delay":5,"garp_lower_prio_rep":5,"#,
        r#""lower_prio_no_advert":0,"higher_prio_send_advert":0,"vrid":51,"base_priority":100,"#,
        r#""effective_priority":100,"vipset":true,"promote_secondaries":false,"adver_int":0.5,"#,
        r#""master_adver_int":0.5,"accept":1,"nopreempt":false,"preempt_delay":0,"state":2,"wantstate":2,"#,
        r#""version":3,"smtp_alert":false,"notify_deleted":false,"#,
        r#""script_master":"'\/bin\/echo' 'it's' 'ready'","#,
        r#""vips":["10.0.0.1\/24 dev eth0 scope global set"],"auth_type":0},"#,
        r#""stats":{"advert_rcvd":0,"advert_sent":7,"become_master":1,"release_master":0,"packet_len_err":0,"#,
        r#""advert_interval_err":0,"ip_ttl_err":0,"invalid_type_rcvd":0,"addr_list_err":0,"invalid_authtype":0,"#,
        r#""authtype_mismatch":0,"auth_failure":0,"auth_ext_missing":0,"auth_ext_malformed":0,"#,
        r#""auth_ext_unknown_key":0,"auth_ext_invalid_hmac":0,"auth_ext_stale":0,"auth_ext_replay":0,"#,
        r#""pri_zero_rcvd":0,"pri_zero_sent":0}}]"#,
        "\n"
    );
    // A quote in a word is written as a shell would read it.
    assert_eq!(text, expected.replace("'it's'", r"'it'\\''s'"));
}

#[test]
fn without_a_virtual_router_there_is_no_json() {
    let (config, plan, _) = both("");
    assert_eq!(json::json(&config, &plan.vrrp, &VrrpStatus::default()), None);
}

#[test]
fn statistics_have_the_original_s_lines() {
    let text = stats::stats(&status(instance(State::Master)));
    let begin = "VRRP Instance: VI_1\n  Advertisements:\n    Received: 0\n    Sent: 7\n  Became master: 1\n";
    assert!(text.starts_with(begin), "{text}");
    assert!(text.ends_with("    Replay: 0\n  Priority Zero:\n    Received: 0\n    Sent: 0\n"), "{text}");
}

/// Lines of Debian's keepalived.
#[test]
fn servers_and_their_checkers_are_told_as_the_original_does() {
    const SERVICE: &str = "
virtual_server 192.0.2.100 80 {
    delay_loop 2
    lb_algo rr
    lb_kind NAT
    protocol TCP
    quorum 2
    hysteresis 1
    alpha
    sorry_server 192.0.2.200 80
    real_server 192.0.2.11 8080 {
        weight 3
        inhibit_on_failure
        TCP_CHECK {
            connect_timeout 1
            retry 2
            delay_before_retry 1
        }
    }
}
";
    let (config, plan, _) = both(SERVICE);
    let scene = Scene::plain(&config, &plan);
    let last = Probe {
        at: UNIX_EPOCH + Duration::from_secs(1_795_359_088),
        took: Duration::from_micros(812),
        late: Duration::from_micros(40),
        passed: Some(false),
        exit_status: None,
    };
    let checker = Checker { up: false, has_run: true, failures: 1, contribution: 0, last: Some(last) };
    let server = Server { up: false, pooled: true, weight: 3, checkers: vec![checker] };
    let service = Service {
        has_quorum: false,
        sorry_serves: true,
        sorry_pooled: true,
        suspended: false,
        servers: vec![server],
    };
    let text = data::checkers(
        &scene,
        Some(&CheckersStatus { services: vec![service], ..CheckersStatus::default() }),
    );
    for part in [
        "------< LVS Topology >------\n System is compiled with LVS v1.2.1\n ------< Virtual server >------\n \
         VS VIP = 192.0.2.100, VPORT = 80\n",
        "   lvs_sched = rr\n",
        "   protocol = TCP\n   alpha is ON\n   omega is OFF\n   Inhibit on failure is OFF\n   \
         quorum = 2, hysteresis = 1\n",
        "   sorry server = [192.0.2.200]:tcp:80\n     forwarding method = NAT\n",
        "     set = 1\n     alive = 1\n   VS alive = 1\n   quorum_state_up = 0\n",
        "   ------< Real server >------\n   RIP = 192.0.2.11, RPORT = 8080, WEIGHT = 3 EFF WEIGHT = 3\n   \
         forwarding method = NAT\n",
        "   alive = 0\n   num failed checkers = 1\n   RS set = 1\n",
        "------< Health checkers >------\n [192.0.2.100]:tcp:80 -> [192.0.2.11]:tcp:8080\n   Enabled = yes\n   \
         Up = no\n   Has run = yes\n   Current weight = 0\n   Alpha = yes\n   Delay loop = 2000000 us\n   \
         Warmup = 2000000 us\n   Retries = 2\n   Delay before retry = 1000000 us\n",
        "   Connection\n     Dest = [192.0.2.11]:8080\n     Timeout = 1.000000\n   Keepalive method = TCP_CHECK\n",
        "     Result = failed\n     Took = 812 us\n     Started late by = 40 us\n",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}
