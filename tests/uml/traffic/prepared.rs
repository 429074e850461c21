//! `keepalived realserver` prepares the servers from the directors' configuration, and takes everything back.

use super::farm::{Family, Farm, Plan, Way, client_address, load_tunnels};
use lab::{Binary, Failure, Node, Outcome};
use std::{collections::BTreeMap, fs};

pub(crate) fn a_real_server_is_prepared_for_direct_routing_and_left_as_it_was(binary: &Binary) -> Outcome {
    prepares(binary, &Plan::new(Way::Dr, "rr"), &["ip address add 10.1.0.100/32 dev lo"])
}

pub(crate) fn a_strict_filter_is_loosened_where_answers_leave_elsewhere(binary: &Binary) -> Outcome {
    let plan = Plan { aside: true, ..Plan::new(Way::Dr, "rr") };
    prepares(
        binary,
        &plan,
        &["sysctl -w net.ipv4.conf.eth0.rp_filter=2", "ip address add 10.1.0.100/32 dev lo"],
    )
}

pub(crate) fn a_real_server_is_prepared_for_tunnels_and_left_as_it_was(binary: &Binary) -> Outcome {
    tunnelled(binary, "", false, ["tunl0", "ip6tnl0"], &[])
}

pub(crate) fn a_real_server_is_prepared_for_gue_and_left_as_it_was(binary: &Binary) -> Outcome {
    let ports = ["ip fou add port 6080 gue", "ip -6 fou add port 6080 gue"];
    tunnelled(binary, "type gue port 6080", false, ["tunl0", "ip6tnl0"], &ports)
}

pub(crate) fn a_real_server_is_prepared_for_gre_and_left_as_it_was(binary: &Binary) -> Outcome {
    tunnelled(binary, "type gre", false, ["gre0", "ip6gre0"], &[])
}

pub(crate) fn a_real_server_is_prepared_for_tunnels_through_the_other_family(binary: &Binary) -> Outcome {
    tunnelled(binary, "", true, ["ip6tnl0", "sit0"], &["ip -6 tunnel change ip6tnl0 mode any"])
}

/// With the devices that unwrap packets to the IPv4 and the IPv6 address, and more commands.
fn tunnelled(
    binary: &Binary,
    wrapping: &'static str,
    across: bool,
    devices: [&str; 2],
    more: &[&str],
) -> Outcome {
    let plan = Plan { wrapping, across, ..Plan::new(Way::Tun, "rr") };
    let [v4, v6] = devices;
    let mut wanted = [v4, v6].map(|device| format!("ip link set dev {device} up")).to_vec();
    wanted.push(format!("sysctl -w net.ipv4.conf.{v4}.rp_filter=2"));
    wanted.push(format!("ip address add 10.1.0.100/32 dev {v4}"));
    wanted.extend(more.iter().map(|command| (*command).to_owned()));
    prepares(binary, &plan, &wanted.iter().map(String::as_str).collect::<Vec<_>>())
}

/// As the directors' file is called on the servers.
const FILE: &str = "/run/directors.conf";
/// What `apply` leaves to `undo`.
const STATE: &str = "/run/keepalived/realserver.json";

/// Each of the servers is prepared with these commands among others, carries traffic, and is as it was afterwards.
fn prepares(binary: &Binary, plan: &Plan, wanted: &[&str]) -> Outcome {
    let plan = Plan { by_tool: true, ..plan.clone() };
    let farm = Farm::start(binary, &plan, 1)?;
    let nodes = || farm.servers.iter().map(|server| &server.node);
    for node in nodes() {
        fs::write(node.outside(FILE), plan.config(100)).map_err(failure)?;
    }
    // Modules stay loaded, so their devices are to be there before.
    load_tunnels()?;
    let before = nodes().map(snapshot).collect::<Outcome<Vec<_>>>()?;
    for node in nodes() {
        let ask = |verb| node.run("/bin/sh", &["-c", &tool(binary, verb)]);
        assert!(ask("status").is_err(), "nothing is prepared yet");
        let shown = ask("show")?;
        let applied = ask("apply")?;
        for command in applied.lines() {
            assert!(shown.lines().any(|line| line == command), "{command} is not in\n{shown}");
        }
        for command in wanted {
            assert!(applied.lines().any(|line| line == *command), "{command} is not in\n{applied}");
        }
        ask("status")?;
        let kept = fs::read_to_string(node.outside(STATE)).map_err(failure)?;
        assert_eq!(ask("apply")?, "", "it is all there");
        assert_eq!(fs::read_to_string(node.outside(STATE)).map_err(failure)?, kept);
    }
    for family in [Family::V4, Family::V6] {
        farm.warm_up(family)?;
        let mut answers = BTreeMap::new();
        for _ in 0..9 {
            let answer = farm.ask(family)?;
            assert_eq!(answer.asker, client_address(family), "{plan:?} {family:?}");
            *answers.entry(answer.name).or_insert(0) += 1;
        }
        let even: BTreeMap<_, _> = ["web1", "web2", "web3"].map(|name| (name.to_owned(), 3)).into();
        assert_eq!(answers, even, "{plan:?} {family:?}");
    }
    for (node, before) in nodes().zip(before) {
        node.run("/bin/sh", &["-c", &tool(binary, "undo")])?;
        let after = snapshot(node)?;
        for (before, after) in before.lines().zip(after.lines()) {
            assert_eq!(before, after, "{}", node.name());
        }
        assert_eq!(before.lines().count(), after.lines().count());
        assert!(!node.outside(STATE).exists());
    }
    Ok(())
}

fn tool(binary: &Binary, verb: &str) -> String {
    format!("{} realserver {verb} -f {FILE}", binary.as_ref().display())
}

fn failure(error: std::io::Error) -> Failure {
    Failure::new(error.to_string())
}

/// Everything of the network that could be changed by preparing a server.
fn snapshot(node: &Node) -> Outcome<String> {
    let mut text = String::new();
    for words in [
        "-p -j address",
        "-d -p -j link",
        "-j route show table all",
        "-j -6 route show table all",
        "-j fou show",
        "-j -6 fou show",
    ] {
        text.push_str(&node.ip(words)?);
    }
    text.push_str(&node.run("/bin/sh", &["-c", "sysctl -a 2>/dev/null | grep '^net[.]ipv[46][.]'"])?);
    // A device that was up once has a queueing discipline and what belongs to IPv6 ever after.
    let lasting = |line: &&str| {
        let of_devices = ["tunl0", "gre0"].into_iter().any(|device| {
            ["conf", "neigh"].iter().any(|of| line.contains(&format!("net.ipv6.{of}.{device}.")))
        });
        !of_devices
            && !["netfilter", "stable_secret", "qdisc", "inet6_addr_gen_mode"]
                .iter()
                .any(|word| line.contains(word))
    };
    Ok(text.lines().filter(lasting).map(|line| format!("{line}\n")).collect())
}
