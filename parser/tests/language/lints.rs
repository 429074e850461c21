//! Each lint: a text that provokes it, and the same text mended.

use parser::lint::{Lint, findings, findings_beside};

use crate::memory::read;

fn names(text: &str) -> Vec<&'static str> {
    findings(&read(text).0).into_iter().map(|finding| finding.lint.name()).collect()
}

/// The lint finds something in the text, and nothing once `bad` is replaced by `good`.
fn found_until(lint: Lint, text: &str, bad: &str, good: &str) {
    assert!(names(text).contains(&lint.name()), "{} is not found in\n{text}", lint.name());
    assert!(text.contains(bad), "{bad} is not in\n{text}");
    let mended = text.replace(bad, good);
    assert!(!names(&mended).contains(&lint.name()), "{} is still found in\n{mended}", lint.name());
}

/// An instance that no lint has anything to say about.
fn instance(name: &str, vrid: u8, more: &str) -> String {
    format!(
        "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\npriority 100\nvirtual_ipaddress {{\n10.0.0.{vrid}\n}}\n{more}\n}}\n"
    )
}

fn service(head: &str, server: &str) -> String {
    format!(
        "virtual_server 10.0.0.1 80 {{\ndelay_loop 6\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n{head}\nreal_server 10.0.0.2 80 {{\n{server}\n}}\n}}\n"
    )
}

const TCP: &str = "TCP_CHECK {\nconnect_timeout 3\n}";
const SCRIPT: &str = "vrrp_script s {\nscript \"/bin/true\"\ninterval 5\ntimeout 3\n}\n";

#[test]
fn usual_files_have_no_findings() {
    assert_eq!(names(&instance("A", 1, "")), [] as [&str; 0]);
    assert_eq!(names(&service("", TCP)), [] as [&str; 0]);
}

#[test]
fn every_lint_has_its_own_name_and_an_explanation() {
    let names: std::collections::BTreeSet<_> = Lint::ALL.iter().map(|lint| lint.name()).collect();
    assert_eq!(names.len(), Lint::ALL.len());
    assert!(Lint::ALL.iter().all(|lint| !lint.explanation().is_empty()));
}

#[test]
fn what_nobody_watches_is_found() {
    let tracked = instance("A", 1, "track_script {\ns weight -5\n}");
    let idle = instance("A", 1, "");
    found_until(Lint::NeverTracked, &format!("{SCRIPT}{idle}"), &idle, &tracked);
    let file = "track_file f {\nfile /tmp/f\n}\n";
    let tracked = instance("A", 1, "track_file {\nf weight 2\n}");
    found_until(Lint::NeverTracked, &format!("{file}{idle}"), &idle, &tracked);
    let checked = service("", "FILE_CHECK {\ntrack_file f\n}");
    found_until(Lint::NeverTracked, &format!("{file}{idle}"), &idle, &checked);
    let process = "vrrp_track_process p {\nprocess nginx\n}\n";
    let tracked = instance("A", 1, "track_process {\np weight 2\n}");
    found_until(Lint::NeverTracked, &format!("{process}{idle}"), &idle, &tracked);
}

#[test]
fn a_script_that_may_outlast_its_interval_is_found() {
    let text = SCRIPT.replace("timeout 3", "timeout 8");
    found_until(Lint::ScriptOutlastsInterval, &text, "timeout 8", "timeout 5");
}

#[test]
fn a_router_that_is_its_own_peer_is_found() {
    let text = instance("A", 1, "unicast_src_ip 10.9.0.1\nunicast_peer {\n10.9.0.1\n}");
    found_until(Lint::PeerIsSelf, &text, "unicast_peer {\n10.9.0.1", "unicast_peer {\n10.9.0.2");
}

#[test]
fn a_virtual_address_as_peer_is_found() {
    let text = instance("A", 1, "unicast_peer {\n10.0.0.1\n}");
    found_until(Lint::PeerIsVirtualAddress, &text, "unicast_peer {\n10.0.0.1", "unicast_peer {\n10.9.0.1");
}

#[test]
fn a_vrid_shared_by_different_groups_is_found() {
    let second =
        instance("B", 2, "mcast_dst_ip 224.0.0.99").replace("virtual_router_id 2", "virtual_router_id 1");
    let text = format!("{}{second}", instance("A", 1, ""));
    found_until(Lint::VridShared, &text, &second, &instance("B", 2, "mcast_dst_ip 224.0.0.99"));
}

#[test]
fn an_address_of_two_instances_is_found_unless_they_move_together() {
    let both = format!("{}{}", instance("A", 1, ""), instance("B", 2, "").replace("10.0.0.2", "10.0.0.1"));
    found_until(
        Lint::AddressInTwoInstances,
        &both,
        "vrrp_instance B",
        "vrrp_sync_group G {\ngroup {\nA\nB\n}\n}\nvrrp_instance B",
    );
    found_until(
        Lint::AddressInTwoInstances,
        &both,
        "virtual_router_id 2\npriority 100\nvirtual_ipaddress {\n10.0.0.1",
        "virtual_router_id 2\npriority 100\nvirtual_ipaddress {\n10.0.0.2",
    );
}

#[test]
fn a_weight_at_the_limit_of_priorities_is_found() {
    let tracking = |priority: &str, weight: &str| {
        let tracking = format!("track_script {{\ns weight {weight}\n}}");
        format!("{SCRIPT}{}", instance("A", 1, &tracking).replace("priority 100", priority))
    };
    found_until(Lint::WeightWithoutEffect, &tracking("priority 254", "10"), "priority 254", "priority 250");
    found_until(Lint::WeightWithoutEffect, &tracking("priority 1", "-10"), "priority 1\n", "priority 11\n");
    assert!(!names(&tracking("priority 254", "-10")).contains(&Lint::WeightWithoutEffect.name()));
}

#[test]
fn weights_together_with_nopreempt_are_found() {
    let text = format!("{SCRIPT}{}", instance("A", 1, "nopreempt\ntrack_script {\ns weight -10\n}"));
    found_until(Lint::WeightWithNopreempt, &text, "nopreempt\n", "");
    found_until(Lint::WeightWithNopreempt, &text, "weight -10", "weight 0");
}

#[test]
fn a_quorum_that_cannot_be_regained_is_found() {
    let text = service("quorum 3\nhysteresis 1", &format!("weight 3\n{TCP}"));
    found_until(Lint::QuorumUnreachable, &text, "quorum 3", "quorum 2");
}

#[test]
fn a_sorry_server_behind_unchecked_servers_is_found() {
    let text = service("sorry_server 10.0.0.9 80", "weight 1");
    found_until(Lint::SorryServerNeverUsed, &text, "weight 1", TCP);
}

#[test]
fn a_sorry_server_that_is_a_real_server_is_found() {
    let text = service("sorry_server 10.0.0.2 80", TCP);
    found_until(Lint::SorryServerIsRealServer, &text, "sorry_server 10.0.0.2", "sorry_server 10.0.0.9");
}

#[test]
fn a_check_that_may_outlast_its_interval_is_found() {
    let text = service("", &TCP.replace('3', "9"));
    found_until(Lint::CheckOutlastsInterval, &text, "connect_timeout 9", "connect_timeout 5");
}

#[test]
fn a_server_group_nobody_uses_is_found() {
    let text = format!("virtual_server_group G {{\n10.0.0.1 80\n}}\n{}", service("", TCP));
    found_until(Lint::UnusedServerGroup, &text, "virtual_server 10.0.0.1 80", "virtual_server group G");
}

#[test]
fn alerts_for_nobody_are_found() {
    let text = format!("global_defs {{\nsmtp_server 10.0.0.8\n}}\n{}", instance("A", 1, "smtp_alert"));
    found_until(Lint::MailToNobody, &text, "smtp_server", "notification_email { a@b }\nsmtp_server");
}

/// These are the original's own complaints, told without being asked; a lint would repeat them.
#[test]
fn what_the_reader_complains_about_is_left_to_it() {
    let texts = [
        (instance("A", 1, "unicast_peer {\n}"), "Defaulting to multicast"),
        (
            format!("{}{}", instance("A", 1, ""), instance("B", 1, "").replace("10.0.0.1", "10.0.0.2")),
            "both use VRID 1",
        ),
        (instance("A", 1, "state MASTER\nnopreempt"), "nopreempt will not work"),
        (service("quorum 5", TCP), "exceeds total weight"),
        (
            format!("{}vrrp_sync_group G {{\ngroup {{\nA\n}}\n}}\n", instance("A", 1, "")),
            "only 1 virtual router",
        ),
    ];
    for (text, told) in texts {
        let (config, diagnostics) = read(text);
        assert!(
            diagnostics.iter().any(|diagnostic| diagnostic.text.contains(told)),
            "{told}: {diagnostics:?}"
        );
        assert_eq!(findings(&config), [], "{told}");
    }
}

/// What the file of a router with this `unicast_peer` block shows beside that of another one.
fn beside(ours: &str, theirs: &str) -> Vec<String> {
    let config = |text: &str| read(instance("A", 1, text).as_str()).0;
    let found = findings_beside(&config(ours), &config(theirs), "F2");
    assert!(found.iter().all(|finding| finding.lint == Lint::PeerMissing));
    found.into_iter().map(|finding| finding.message).collect()
}

#[test]
fn two_routers_name_each_other_as_peers() {
    let left = "unicast_src_ip 10.0.9.1\nunicast_peer {\n10.0.9.2\n}";
    let right = "unicast_src_ip 10.0.9.2\nunicast_peer {\n10.0.9.1\n10.0.9.3\n}";
    assert_eq!(beside(left, right), [] as [&str; 0]);
    assert_eq!(beside("", ""), [] as [&str; 0]);
    let deaf = right.replace("10.0.9.1", "10.0.9.7");
    assert_eq!(beside(left, &deaf), ["(A) sends from 10.0.9.1, but A in F2 has no such unicast peer"]);
    assert_eq!(beside(&deaf, left), ["(A) 10.0.9.1 is no unicast peer, but A in F2 sends from it"]);
    assert_eq!(beside(left, ""), ["(A) speaks unicast, but A in F2 multicast"]);
    assert_eq!(beside("", left), ["(A) speaks multicast, but A in F2 unicast"]);
}

#[test]
fn of_routers_with_one_vrid_those_of_one_name_are_compared() {
    let on = |name, source: &str, peer: &str| {
        instance(name, 1, &format!("unicast_src_ip {source}\nunicast_peer {{\n{peer}\n}}"))
    };
    let text = on("A", "10.0.9.1", "10.0.9.2");
    let ours = read(text.as_str()).0;
    let theirs = |second| {
        let other = on(second, "10.0.9.2", "10.0.9.1").replace("eth0", "eth1");
        read(format!("{}{other}", on("B", "10.0.8.2", "10.0.8.1")).as_str()).0
    };
    assert_eq!(findings_beside(&ours, &theirs("A"), "F2"), []);
    assert_eq!(findings_beside(&ours, &theirs("C"), "F2"), []);
    let renamed = on("B", "10.0.9.2", "10.0.9.1");
    assert_eq!(findings_beside(&ours, &read(renamed.as_str()).0, "F2"), []);
}
