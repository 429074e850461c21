//! What the doctor reads of the firewall's marks, as the programs of this system list the rules.

use lab::{Binary, Failure, Node, Outcome, Scene};
use std::{fs, process::Command};

const MARKED: &str =
    "virtual_server fwmark 7 {\nlvs_sched rr\nlvs_method DR\nreal_server 10.1.0.11 {\n}\n}\n";

pub(crate) fn the_doctor_reads_marks_from_rules_of_nft_and_of_iptables(binary: &Binary) -> Outcome {
    let scene = Scene::new()?;
    let link = scene.link("front")?;
    let node = scene.node("director")?.on(&link, "eth0", &["10.1.0.1/24"])?;
    fs::write(node.outside("/run/marked.conf"), MARKED)?;
    assert_eq!(told(&node, binary)?, "finding");

    let chain =
        "add table ip t; add chain ip t c { type filter hook prerouting priority mangle; }; add rule ip t c ";
    for (program, words, wanted) in [
        ("nft", &[&format!("{chain} tcp dport 80 meta mark set 8") as &str][..], "finding"),
        ("nft", &[&format!("{chain} meta mark 7 accept")], "finding"),
        ("nft", &[&format!("{chain} tcp dport 80 meta mark set 7")], "rule"),
        ("nft", &[&format!("{chain} meta mark set ct mark")], "computed"),
        ("iptables-nft", &["-t", "mangle", "-A", "PREROUTING", "-j", "MARK", "--set-mark", "8"], "finding"),
        ("iptables-nft", &["-t", "mangle", "-A", "PREROUTING", "-j", "MARK", "--set-mark", "7"], "rule"),
        ("iptables-nft", &["-t", "mangle", "-A", "PREROUTING", "-j", "MARK", "--or-mark", "7"], "computed"),
        (
            "ip6tables-nft",
            &["-t", "mangle", "-A", "PREROUTING", "-j", "CONNMARK", "--restore-mark"],
            "computed",
        ),
    ] {
        node.run(program, words)?;
        assert_eq!(told(&node, binary)?, wanted, "{program} {words:?}");
        node.run("nft", &["flush", "ruleset"])?;
    }
    Ok(())
}

/// Whether the doctor has found that no rule gives the mark, or has noted one of two things about rules.
fn told(node: &Node, binary: &Binary) -> Outcome<&'static str> {
    let mut command = Command::new(binary.as_ref());
    command.args(["doctor", "--json", "-f", "/run/marked.conf"]);
    let output = node.enter(|| command.output())??;
    let text = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| Failure::new(format!("{error} in {text}")))?;
    let found = report["findings"].as_array().is_some_and(|all| all.iter().any(|one| one["id"] == "fwmark"));
    match (found, report["notes"][0].as_str()) {
        (true, None) => Ok("finding"),
        (false, Some(note)) if note.contains("a rule of netfilter gives the mark 7") => Ok("rule"),
        (false, Some(note)) if note.contains("rules of netfilter compute marks") => Ok("computed"),
        (true | false, Some(_) | None) => Err(Failure::new(text.into_owned())),
    }
}
