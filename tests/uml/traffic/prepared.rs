//! `keepalived realserver` prepares the servers from the directors' configuration, and takes everything back.

use super::farm::{Family, Farm, Plan, Way, client_address, load_tunnels};
use lab::{Binary, Failure, Node, Outcome};
use std::{collections::BTreeMap, fs};

pub(crate) fn a_real_server_is_prepared_for_direct_routing_and_left_as_it_was(binary: &Binary) -> Outcome {
    prepares(binary, Way::Dr)
}

pub(crate) fn a_real_server_is_prepared_for_tunnels_and_left_as_it_was(binary: &Binary) -> Outcome {
    prepares(binary, Way::Tun)
}

/// As the directors' file is called on the servers.
const FILE: &str = "/run/directors.conf";
/// What `apply` leaves to `undo`.
const STATE: &str = "/run/keepalived/realserver.json";

fn prepares(binary: &Binary, way: Way) -> Outcome {
    let plan = Plan { by_tool: true, ..Plan::new(way, "rr") };
    let farm = Farm::start(binary, &plan, 1)?;
    let nodes = || farm.servers.iter().map(|server| &server.node);
    for node in nodes() {
        fs::write(node.outside(FILE), plan.config(100)).map_err(failure)?;
    }
    // Modules stay loaded, so their devices are to be there before.
    load_tunnels()?;
    let before = nodes().map(snapshot).collect::<Outcome<Vec<_>>>()?;
    let device = if way == Way::Tun { "tunl0" } else { "lo" };
    for node in nodes() {
        let ask = |verb| node.run("/bin/sh", &["-c", &tool(binary, verb)]);
        assert!(ask("status").is_err(), "nothing is prepared yet");
        let shown = ask("show")?;
        let applied = ask("apply")?;
        for command in applied.lines() {
            assert!(shown.lines().any(|line| line == command), "{command} is not in\n{shown}");
        }
        assert!(applied.contains(&format!("ip address add 10.1.0.100/32 dev {device}")), "{applied}");
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
            assert_eq!(answer.asker, client_address(family), "{way:?} {family:?}");
            *answers.entry(answer.name).or_insert(0) += 1;
        }
        let even: BTreeMap<_, _> = ["web1", "web2", "web3"].map(|name| (name.to_owned(), 3)).into();
        assert_eq!(answers, even, "{way:?} {family:?}");
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
    for words in ["-p -j address", "-p -j link", "-j route show table all", "-j -6 route show table all"] {
        text.push_str(&node.ip(words)?);
    }
    text.push_str(&node.run("/bin/sh", &["-c", "sysctl -a 2>/dev/null | grep '^net[.]ipv[46][.]'"])?);
    // A device that was up once has a queueing discipline and parameters of IPv6 ever after.
    let lasting = |line: &&str| {
        !["netfilter", "stable_secret", "qdisc", "net.ipv6.conf.tunl0.", "net.ipv6.neigh.tunl0."]
            .iter()
            .any(|word| line.contains(word))
    };
    Ok(text.lines().filter(lasting).map(|line| format!("{line}\n")).collect())
}
