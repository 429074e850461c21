//! `keepalived doctor` finds what is broken on purpose, and what it prints mends it.

use crate::traffic::farm::{Family, Farm, Plan, Way, load_tunnels, vip};
use lab::{Binary, Failure, Node, Outcome, eventually};
use std::{fs, time::Duration};

/// As the directors' file is called on every machine.
const FILE: &str = "/run/keepalived.conf";
const SOON: Duration = Duration::from_secs(20);

pub(crate) fn the_doctor_mends_a_director(binary: &Binary) -> Outcome {
    let mut farm = Farm::start(binary, &Plan::new(Way::Nat, "rr"), 1)?;
    let doctor = Doctor { binary, options: "" };
    let node = &farm.director().node;
    assert_eq!(doctor.visit(node)?, []);

    node.sysctl("net.ipv4.ip_forward", "0")?;
    node.sysctl("net.ipv6.conf.all.forwarding", "0")?;
    doctor.mends(node, &["ip_forward", "ipv6_forwarding"])?;

    let service = format!("{}:80", vip(Family::V4));
    tool(node, binary, &format!("ipvsadm -D -t {service}"))?;
    doctor.mends(node, &["table"])?;
    tool(node, binary, &format!("ipvsadm -E -t {service} -s wrr"))?;
    doctor.mends(node, &["table"])?;
    tool(node, binary, "ipvsadm -A -t 10.1.0.100:81 -s rr")?;
    doctor.mends(node, &["table_foreign"])?;

    // The same virtual servers in a file that has no virtual router: nobody brings another address.
    let text =
        "virtual_server 10.1.0.77 80 {\nlvs_sched rr\nprotocol TCP\nreal_server 10.2.0.11 80 {\n}\n}\n";
    fs::write(node.outside("/run/other.conf"), text).map_err(|error| Failure::new(error.to_string()))?;
    let other = Doctor { binary, options: "-f /run/other.conf" };
    let found = other.visit(node)?;
    let mend = ("vip_missing".to_owned(), "ip address add 10.1.0.77/32 dev eth0".to_owned());
    assert!(found.contains(&mend), "{found:?}");
    node.run("/bin/sh", &["-c", &mend.1])?;
    assert!(!other.visit(node)?.contains(&mend));

    farm.directors[0].daemon.stop()?;
    fs::write(farm.director().node.outside(FILE), Plan::new(Way::Nat, "rr").config(100))
        .map_err(|error| Failure::new(error.to_string()))?;
    let ids: Vec<String> = doctor.visit(&farm.director().node)?.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["daemon"]);
    Ok(())
}

pub(crate) fn the_doctor_mends_a_real_server_behind_nat(binary: &Binary) -> Outcome {
    let (farm, doctor) = real_servers(binary, Way::Nat, "-d 10.2.0.1 -d 2001:db8:2::1")?;
    let node = &farm.servers[0].node;
    assert_eq!(doctor.visit(node)?, []);
    node.ip("route delete default")?;
    node.ip("-6 route delete default")?;
    doctor.mends(node, &["way_back", "way_back"])?;
    farm.warm_up(Family::V4)
}

pub(crate) fn the_doctor_mends_a_real_server_of_direct_routing(binary: &Binary) -> Outcome {
    let (farm, doctor) = real_servers(binary, Way::Dr, "")?;
    for server in &farm.servers {
        doctor.mends(&server.node, &["arp", "arp", "vip_missing", "vip_missing"])?;
    }
    farm.warm_up(Family::V4)?;
    farm.warm_up(Family::V6)?;
    let node = &farm.servers[0].node;
    node.ip("address delete 10.1.0.100/32 dev lo")?;
    node.ip("address add 10.1.0.100/24 dev eth0")?;
    doctor.mends(node, &["vip_exposed"])
}

pub(crate) fn the_doctor_mends_a_real_server_of_tunnels(binary: &Binary) -> Outcome {
    let (farm, doctor) = real_servers(binary, Way::Tun, "")?;
    // Without their modules there are findings more.
    load_tunnels()?;
    for server in &farm.servers {
        let wanted = ["arp", "arp", "rp_filter", "tunnel", "tunnel", "vip_missing", "vip_missing"];
        doctor.mends(&server.node, &wanted)?;
    }
    farm.warm_up(Family::V4)?;
    farm.warm_up(Family::V6)
}

/// Servers that nobody has prepared, with the directors' file.
fn real_servers<'a>(binary: &'a Binary, way: Way, options: &'static str) -> Outcome<(Farm, Doctor<'a>)> {
    let plan = Plan { by_tool: true, ..Plan::new(way, "rr") };
    let farm = Farm::start(binary, &plan, 1)?;
    for server in &farm.servers {
        fs::write(server.node.outside(FILE), plan.config(100))
            .map_err(|error| Failure::new(error.to_string()))?;
    }
    Ok((farm, Doctor { binary, options }))
}

struct Doctor<'a> {
    binary: &'a Binary,
    options: &'static str,
}

impl Doctor<'_> {
    /// The findings' names and commands, by name; the exit code agrees with them.
    fn visit(&self, node: &Node) -> Outcome<Vec<(String, String)>> {
        let program = self.binary.as_ref().display();
        let line = format!("{program} doctor --json -f {FILE} {}; echo $? >/run/code", self.options);
        let text = node.run("/bin/sh", &["-c", &line])?;
        let code = fs::read_to_string(node.outside("/run/code")).unwrap_or_default();
        let report: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("{error} in {text}, {code}")))?;
        let found = report["findings"].as_array().cloned().unwrap_or_default();
        let word =
            |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let mut found: Vec<_> = found.iter().map(|one| (word(one, "id"), word(one, "mend"))).collect();
        found.sort();
        assert_eq!(code.trim(), if found.is_empty() { "0" } else { "1" });
        Ok(found)
    }

    /// Exactly these are found, and gone after their commands.
    fn mends(&self, node: &Node, wanted: &[&str]) -> Outcome {
        let found = self.visit(node)?;
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, wanted, "{found:?}");
        for (_, mend) in &found {
            let mend =
                mend.replace("keepalived ipvsadm", &format!("{} ipvsadm", self.binary.as_ref().display()));
            node.run("/bin/sh", &["-c", &mend])?;
        }
        let mut left = Vec::new();
        eventually("a host without findings", SOON, || {
            left = self.visit(node).ok()?;
            left.is_empty().then_some(())
        })
        .map_err(|late| Failure::new(format!("{late}; left: {left:?}")))
    }
}

fn tool(node: &Node, binary: &Binary, words: &str) -> Outcome {
    node.run("/bin/sh", &["-c", &format!("{} {words}", binary.as_ref().display())]).map(drop)
}
