//! One configuration, two machines: what both daemons add to the kernel.

use lab::{
    Keepalived, Node, Outcome, Scene, eventually,
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
