//! One configuration, two machines: what both daemons add to the kernel.

use lab::{
    Binary, Keepalived, Mark, Node, Outcome, Scene, eventually,
    pair::{Cast, ELECTION},
};

/// Everything that Debian's version understands.
const CONFIG: &str = include_str!("system.conf");

/// What `ip` shows, without what differs between any two machines and without the mark that only newer versions set.
fn picture(node: &Node) -> Outcome<Vec<String>> {
    let mut lines = Vec::new();
    for words in [
        "-oneline address show dev eth1",
        "-4 route show table all",
        "-6 route show table all",
        "-4 rule show",
        "-6 rule show",
    ] {
        let text = node.ip(&format!("-details {words}"))?;
        let mut of_one: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.contains("fe80::") && !line.contains("link/ether")) {
            let line = line.replace("proto keepalived \\", "\\");
            match of_one.last_mut().filter(|_| line.starts_with(char::is_whitespace)) {
                Some(first) => first.push_str(&line),
                None => of_one.push(line),
            }
        }
        for line in &mut of_one {
            let words: Vec<&str> = line.split_whitespace().collect();
            let kept = words.iter().enumerate().filter(|(place, word)| {
                let is_time = word.ends_with("sec") && *place > 0 && words[place - 1] == "expires";
                let is_mark = line.contains("inet") && matches!(**word, "proto" | "keepalived");
                !is_time && !is_mark
            });
            let text: Vec<&str> = kept.map(|(_, word)| *word).collect();
            *line = text.join(" ");
        }
        lines.extend(of_one);
    }
    Ok(lines)
}

pub(crate) fn addresses_routes_and_rules_are_the_same(cast: &Cast) -> Outcome {
    let scene = Scene::new()?;
    let picture_by = |name: &str, binary| -> Outcome<_> {
        let link = scene.link(name)?;
        let node = scene.node(name)?.on(&link, "eth1", &["172.16.0.1/24"])?;
        let empty = picture(&node)?;
        let mut daemon = Keepalived::start(&node, binary, CONFIG)?;
        daemon.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
        // The rule is the last thing of all that is added.
        eventually("the last rule", ELECTION, || {
            node.ip("-6 rule show").ok()?.contains("911:").then_some(())
        })?;
        let master = picture(&node)?;
        daemon.stop()?;
        // The original leaves an address with a peer behind.
        if name == "ours" {
            assert_eq!(picture(&node)?, empty);
        }
        Ok(master)
    };
    assert_eq!(picture_by("ours", &cast.one)?, picture_by("theirs", &cast.two)?);
    Ok(())
}

/// Routers whose packets need care: on VMACs of both families, and with addresses that are not accepted.
const FILTERED: &str = "vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 50
    priority 200
    use_vmac
    no_accept
    virtual_ipaddress {
        172.16.0.205/24
        172.16.0.206/24
    }
}
vrrp_instance VI_6 {
    interface eth1
    virtual_router_id 51
    priority 200
    version 3
    use_vmac
    no_accept
    virtual_ipaddress {
        fe80::51/64
        2001:db8::51/64
    }
}\n";

/// What 2.4.3 has and Debian's version has not: all kinds of MLD reports, and what keeps neighbours from the address that a
/// VMAC shares with the interface below.
const NEWER: [&str; 3] = ["mld", "parent_link_local", "vips_link_local_name"];

/// What does not depend on numbers and on the order in which things were made.
fn nft(node: &Node) -> Outcome<String> {
    let text = node.run("nft", &["--json", "list", "ruleset"])?;
    let mut value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| lab::Failure::new(error.to_string()))?;
    let mut parts = Vec::new();
    for part in value["nftables"].as_array_mut().into_iter().flatten() {
        for (_, fields) in part.as_object_mut().into_iter().flatten() {
            if let Some(fields) = fields.as_object_mut() {
                fields.remove("handle");
            }
            if let Some(elements) = fields.get_mut("elem").and_then(|elements| elements.as_array_mut()) {
                elements.sort_by_key(ToString::to_string);
            }
        }
        let part = part.to_string();
        if !NEWER.iter().any(|word| part.contains(word)) {
            parts.push(part);
        }
    }
    // The rules of a table keep their order; tables, sets and maps may be made in any.
    let (mut others, mut rules): (Vec<String>, Vec<String>) =
        parts.into_iter().partition(|part| !part.starts_with("{\"rule\""));
    others.sort();
    rules.sort_by_key(|rule| rule.contains("\"family\":\"ip6\""));
    Ok([others, rules].concat().join("\n"))
}

/// Gives the interface a MAC address, and so an address, that is the same in every scene.
fn name_link(node: &Node) -> Outcome {
    node.ip("link set dev eth1 down")?;
    node.ip("link set dev eth1 address 02:00:00:00:00:01")?;
    node.ip("link set dev eth1 up")?;
    eventually("the address of the link", ELECTION, || {
        node.ip("-6 address show dev eth1 scope link -tentative").ok()?.contains("fe80::").then_some(())
    })
}

pub(crate) fn vmacs_and_filters_are_the_same(cast: &Cast) -> Outcome {
    let scene = Scene::new()?;
    let picture_by = |name: &str, binary| -> Outcome<_> {
        let link = scene.link(name)?;
        let node = scene.node(name)?.on(&link, "eth1", &["172.16.0.1/24"])?;
        name_link(&node)?;
        let mut daemon = Keepalived::start(&node, binary, FILTERED)?;
        daemon.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
        daemon.logs("(VI_6) Entering MASTER STATE", ELECTION)?;
        let held = || node.ip("-oneline address show").ok();
        eventually("the last address", ELECTION, || held()?.contains("2001:db8::51").then_some(()))?;
        let mut lines = Vec::new();
        for interface in ["vrrp.50", "vrrp.51"] {
            let links = node.ip(&format!("-details -oneline link show dev {interface}"))?;
            let kept = ["link/ether", "macvlan", "addrgenmode"].map(|word| {
                let mut words = links.split_whitespace().skip_while(|seen| *seen != word);
                [words.next(), words.next(), words.next()].map(Option::unwrap_or_default).join(" ")
            });
            lines.extend(kept);
            let all = node.ip(&format!("-oneline address show dev {interface}"))?;
            let mut all: Vec<String> = all
                .lines()
                .filter_map(|line| line.split("\\").next())
                .map(|line| {
                    let words = line
                        .split_whitespace()
                        .skip(1)
                        .filter(|word| !matches!(*word, "proto" | "keepalived"));
                    words.collect::<Vec<_>>().join(" ")
                })
                .collect();
            all.sort();
            lines.extend(all);
        }
        lines.extend(nft(&node)?.lines().map(str::to_owned));
        daemon.stop()?;
        Ok(lines)
    };
    assert_eq!(picture_by("ours", &cast.one)?, picture_by("theirs", &cast.two)?);
    Ok(())
}

pub(crate) fn filters_are_the_same_as_backup_as_master_as_backup_again_and_after_the_end(
    cast: &Cast,
) -> Outcome {
    const ROUTERS: [&str; 2] = ["VI_1", "VI_6"];
    let scene = Scene::new()?;
    let pictures_by = |name: &str, binary| -> Outcome<_> {
        let link = scene.link(name)?;
        let node = scene.node(name)?.on(&link, "eth1", &["172.16.0.1/24"])?;
        name_link(&node)?;
        let better = scene.node(&format!("{name}-master"))?.on(&link, "eth1", &["172.16.0.2/24"])?;
        let start_better = || -> Outcome<Keepalived> {
            let text = FILTERED.replace("priority 200", "priority 220").replace("use_vmac", "");
            let master = Keepalived::start(&better, &Binary::original(), &text)?;
            for router in ROUTERS {
                master.logs(&format!("({router}) Entering MASTER STATE"), ELECTION)?;
            }
            Ok(master)
        };
        let mut pictures = Vec::new();
        let mut master = start_better()?;
        let mut daemon = Keepalived::start(&node, binary, FILTERED)?;
        let mut mark = Mark::default();
        let mut picture = |daemon: &Keepalived, state: &str, is_done: &dyn Fn(&str) -> bool| -> Outcome {
            for router in ROUTERS {
                daemon.journal().wait(mark, &format!("({router}) Entering {state} STATE"), ELECTION)?;
            }
            mark = daemon.journal().mark();
            // The line comes before the deed.
            let last = eventually(state, ELECTION, || nft(&node).ok().filter(|text| is_done(text)))?;
            pictures.push(format!("{state}:\n{last}"));
            Ok(())
        };
        let is_closed = |text: &str| text.contains("172.16.0.206") && text.contains("2001:db8::51");
        let is_open = |text: &str| !text.contains("172.16.0.20") && !text.contains("2001:db8");
        let has_vmacs = |text: &str| text.contains("vrrp.50") && text.contains("vrrp.51");
        picture(&daemon, "BACKUP", &|text| is_open(text) && has_vmacs(text))?;
        master.stop()?;
        picture(&daemon, "MASTER", &is_closed)?;
        let mut master = start_better()?;
        picture(&daemon, "BACKUP", &is_open)?;
        daemon.stop()?;
        pictures.push(format!("end:\n{}", nft(&node)?));
        master.stop()?;
        Ok(pictures)
    };
    let (ours, theirs) = (pictures_by("ours", &cast.one)?, pictures_by("theirs", &cast.two)?);
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
    Ok(())
}
