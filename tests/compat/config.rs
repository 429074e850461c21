//! Both readers on one file: the same messages at the same lines, and the same exit code of the configuration test.
//!
//! The original says a message up to four times, with and without the name of the file; each counts once. The rows are
//! texts on which Debian's release and the one we follow agree.

use std::fs;

use lab::{Failure, Outcome, pair::Cast};

use crate::verdict::compare;

/// The smallest complete instance; seven lines.
const VI: &str = "vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  virtual_ipaddress {
    10.0.0.1
  }
}
";

/// Files as they are found on routers and balancers: written by hand, by Kubernetes, OpenStack and VyOS, taken from handbooks;
/// with tabs, DOS line ends, and mistakes that people make.
pub(crate) fn files_from_the_wild_are_read_alike(readers: &Cast) -> Outcome {
    compare(readers, &from_the_wild()?)
}

/// The files of the folder `wild`.
pub(crate) fn from_the_wild() -> Outcome<Vec<String>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compat/wild");
    let failure = |error: std::io::Error| Failure::new(format!("{folder}: {error}"));
    let mut files: Vec<_> =
        fs::read_dir(folder).map_err(failure)?.collect::<Result<_, _>>().map_err(failure)?;
    files.sort_by_key(fs::DirEntry::path);
    if files.len() < 70 {
        return Err(Failure::new(format!("only {} files in {folder}", files.len())));
    }
    let text =
        |file: &fs::DirEntry| fs::read(file.path()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    files.iter().map(text).collect::<Result<_, _>>().map_err(failure)
}

fn in_instance(line: &str) -> String {
    format!("{}{line}\n}}\n", VI.strip_suffix("}\n").unwrap_or(VI))
}

fn in_globals(line: &str) -> String {
    format!("global_defs {{\n{line}\n}}\n")
}

fn in_virtual_server(line: &str) -> String {
    format!(
        "virtual_server 10.1.0.1 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n{line}\nreal_server 10.0.0.2 80 {{\n}}\n}}\n"
    )
}

fn in_real_server(line: &str) -> String {
    format!(
        "virtual_server 10.1.0.1 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 10.0.0.2 80 {{\n{line}\n}}\n}}\n"
    )
}

fn in_tcp_check(line: &str) -> String {
    in_real_server(&format!("TCP_CHECK {{\n{line}\n}}"))
}

/// Every keyword with values of every kind, good and bad.
fn every(keywords: &[&str], block: fn(&str) -> String) -> Vec<String> {
    let values = ["", " bad", " 99999999999", " -1", " 0", " 1 2 3", " \"\"", " 1.5", " on", " 10.0.0.1"];
    keywords
        .iter()
        .flat_map(|keyword| values.iter().map(move |value| block(&format!("{keyword}{value}"))))
        .collect()
}

pub(crate) fn the_seed_gives_the_same_two_complaints(readers: &Cast) -> Outcome {
    compare(readers, &[lab::seed::CONFIG.to_owned()])
}

pub(crate) fn the_language_is_read_alike(readers: &Cast) -> Outcome {
    let second = VI.replace("VI_1", "VI_2");
    let texts = [
        String::new(),
        VI.to_owned(),
        VI.replace('\n', "\r\n"),
        VI.replace(" {", "{").replace("51", "\"51\""),
        "a#b\nx!y z\n\"a # b\" c\na\\\\#b\nabcd\" efg\"\n'a b' c\n\"\" x\nfoo \\\n".to_owned(),
        "\"a\nnext\n".to_owned(),
        "foo{bar}baz\n".to_owned(),
        "{\nfoo\n}\n".to_owned(),
        format!("{VI}}}\n"),
        VI.strip_suffix("}\n").unwrap_or(VI).to_owned(),
        "vrrp_instance VI_1 {}\n".to_owned(),
        "vrrp_instance VI_1 { interface eth0 virtual_router_id 51 }\n".to_owned(),
        in_instance("virtual_ipaddress foo {\n10.0.0.2 10.0.0.3\n}"),
        in_instance("wdog-vrrp 1"),
        in_instance("unknown_sub {\npriority 50\n}"),
        in_instance("priority 10 {\n}"),
        in_instance("priority 100 200\nnopreempt foo"),
        in_instance("priority"),
        "global_defs {\nvrrp_instance Q {\ninterface eth0\n}\n}\n".to_owned(),
        "vrrp_instance {\n}\n".to_owned(),
        format!("{VI}{VI}"),
        format!("{VI}{second}"),
        "include missing\nincluder missing\n".to_owned(),
        "includem missing\n".to_owned(),
        "$A=foo\n$A.z\n\"$A\" x\n${A}bar\n$A q\n".to_owned(),
        "$M= \\\nx \\\ny\n$M\n".to_owned(),
        "$IN=\\\nin1 \\\nin2\n$OUT=\\\no1 \\\n$IN \\\no2\n$OUT\n".to_owned(),
        "~SEQ(i,3) f${i}\n~SEQ(i,6,-2,1) f${i}\n~SEQ(i,010,012) f${i}\n~SEQ(i,1,0,6) f\n".to_owned(),
        "~SEQ(i,1,2) ~SEQ(j,1,$i) f${i}-${j}\n".to_owned(),
        "${U} q\n".to_owned(),
        "@nobody x\n@^nobody y\n".to_owned(),
    ];
    compare(readers, &texts)
}

pub(crate) fn instances_are_read_alike(readers: &Cast) -> Outcome {
    let keywords = [
        "virtual_router_id",
        "priority",
        "version",
        "garp_master_delay",
        "garp_master_repeat",
        "garp_master_refresh",
        "garp_master_refresh_repeat",
        "garp_lower_prio_delay",
        "garp_lower_prio_repeat",
        "down_timer_adverts",
        "debug",
        "smtp_alert",
        "strict_mode",
        "lower_prio_no_advert",
        "higher_prio_send_advert",
        "mcast_src_ip",
        "dont_track_primary",
        "nopreempt",
        "preempt",
        "state",
        "notify_priority_changes",
        "vmac_xmit_base",
        "native_ipv6",
    ];
    let mut texts = every(&keywords, in_instance);
    texts.extend([
        in_instance("state MASTER\nnopreempt\npreempt_delay 5\npriority 100"),
        in_instance("state MASTER\npriority 255\nnopreempt"),
        in_instance("authentication {\nauth_type PASS\nauth_pass 1234567890\n}"),
        in_instance("version 3\nauthentication {\nauth_type PASS\nauth_pass 12345678\n}"),
        in_instance("advert_int 1.5"),
        in_instance("").replace("eth0", "lo"),
        in_instance("").replace("virtual_router_id 51", "").replace("eth0", "eth7"),
        in_instance("virtual_rules {\nfrom 10.0.0.0/8 6\nfrom 10.0.0.0/8 1 priority 5\nfrom 10.0.0.0/8 256\nto 10.0.0.0/8 type 0x7 priority 5\nto 10.0.0.0/8 type 07 nop\n}"),
        in_instance("advert_int 1.1234567"),
        in_instance("unicast_peer {\n1.2.3\n1.2.3.4\n1.2.3.4\n2001:db8::1\n1.2.3.5 min_ttl\n1.2.3.8 min_ttl 10 max_ttl 5\n}"),
        in_instance("track_interface {\neth1 weight 300\neth1\n}\ntrack_script {\ns1\n}\ntrack_bfd {\nb1\n}"),
        in_instance("virtual_ipaddress {\n10.0.0.2/33\n10.0.0.3 dev\n10.0.0.4 scope foo\n10.0.0.9/24 peer 10.0.0.8/24\n2001:db8::1\n}"),
        in_instance("virtual_ipaddress_excluded {\n2001:db8::1 scope link\n2001:db8::2 label foo\n2001:db8::3 brd +\n}"),
        format!("global_defs {{\nvrrp_strict\n}}\n{}", in_instance("accept\ngarp_lower_prio_repeat 5\ndown_timer_adverts 5\nhigher_prio_send_advert on")),
        format!("{VI}vrrp_sync_group G {{\ngroup {{ VI_1 VI_9 }}\n}}\nvrrp_sync_group H {{\ngroup {{ VI_1 }}\n}}\nvrrp_sync_group I {{\n}}\n"),
    ]);
    compare(readers, &texts)
}

pub(crate) fn servers_are_read_alike(readers: &Cast) -> Outcome {
    let service = [
        "lvs_sched",
        "lvs_method",
        "persistence_timeout",
        "persistence_granularity",
        "protocol",
        "quorum",
        "hysteresis",
        "weight",
        "delay_loop",
        "retry",
        "connect_timeout",
        "smtp_alert",
        "alpha",
        "omega",
        "ha_suspend",
        "ops",
        "sh-port",
        "mh-fallback",
        "hashed",
        "sorry_server_inhibit",
        "sorry_server_lvs_method",
        "virtualhost",
        "ip_family",
    ];
    let server = [
        "lvs_method",
        "uthreshold",
        "lthreshold",
        "retry",
        "delay_loop",
        "smtp_alert",
        "alpha",
        "inhibit_on_failure",
    ];
    let check = [
        "connect_ip",
        "connect_port",
        "bindto",
        "bind_port",
        "connect_timeout",
        "fwmark",
        "retry",
        "delay_loop",
        "alpha",
    ];
    let mut texts = every(&service, in_virtual_server);
    texts.extend(every(&server, in_real_server));
    texts.extend(every(&check, in_tcp_check));
    texts.extend([
        "virtual_server ::1 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 1.1.1.1 80 {\n}\nsorry_server 1.2.3.4 80\n}\n".to_owned(),
        "virtual_server 10.0.0.1 80 {\nreal_server 1.1.1.1 80 {\nweight 3\n}\nreal_server 1.1.1.1 80 {\n}\nreal_server 1.1.1.2 81 {\nlvs_method DR\n}\nquorum 100\nhysteresis 50\n}\n".to_owned(),
        "virtual_server fwmark 5 {\nprotocol TCP\nlb_algo rr\nreal_server 1.1.1.1 80 {\n}\nha_suspend\n}\n".to_owned(),
        "virtual_server 10.0.0.1 {\nprotocol TCP\nlb_algo rr\nlb_kind DR\nreal_server 1.1.1.1 80 {\n}\nsorry_server 1.1.1.9 99\n}\n".to_owned(),
        "virtual_server_group G {\n10.0.0.1 x\n10.0.0.x\nfwmark x\nfwmark 5 foo\n10.0.0.5-3\n10.0.0.5-300\n10.0.0.0/33\n}\n".to_owned(),
    ]);
    compare(readers, &texts)
}

pub(crate) fn global_settings_are_read_alike(readers: &Cast) -> Outcome {
    let keywords = [
        "router_id",
        "smtp_connect_timeout",
        "smtp_alert",
        "smtp_alert_vrrp",
        "smtp_alert_checker",
        "no_email_faults",
        "checker_log_all_failures",
        "dynamic_interfaces",
        "vrrp_mcast_group4",
        "vrrp_garp_master_delay",
        "vrrp_garp_master_repeat",
        "vrrp_garp_lower_prio_repeat",
        "vrrp_garp_interval",
        "vrrp_lower_prio_no_advert",
        "vrrp_version",
        "vrrp_priority",
        "checker_rt_priority",
        "lvs_flush_on_stop",
        "lvs_timeouts",
        "max_auto_priority",
        "startup_script_timeout",
        "vrrp_startup_delay",
        "vrrp_rx_bufs_policy",
        "rs_init_notifies",
        "vrrp_down_timer_adverts",
    ];
    compare(readers, &every(&keywords, in_globals))
}
