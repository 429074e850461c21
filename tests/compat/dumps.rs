//! Both daemons in the same scene dump the same, line by line.
//!
//! Left out of the comparison is what must differ (moments, descriptors), what Debian's 2.2.7 does not have yet, and what is
//! in `docs/differences.md`.

use lab::{
    Binary, Failure, Outcome, eventually,
    pair::{Cast, ELECTION, Pair},
};
use serde_json::Value;
use std::{fs, process::Command, time::Duration};

use crate::dumps_scene::{AROUND, MANY};

const SOON: Duration = Duration::from_secs(5);

/// Lines of 2.4.3 alone.
const NEWER: [&str; 3] = ["   Flags of interface faults", "   Last advert sent", "   Address owner ignores"];

/// Global settings that 2.2.7 shows as the largest number while nobody has set them, or that tell of its libraries.
const UNSET: [&str; 2] = [" Gratuitous ARP lower priority", " libnftnl version"];

/// What 2.2.7 tells of its inner workings in the section of interfaces.
const INNER: [&str; 13] = [
    "   Seen up",
    "   Delayed state change",
    "   Up debounce",
    "   Down debounce",
    "   NIC netlink",
    "   Reset ",
    "   Original ",
    "   Not IPv6 forwarding",
    "   IPv6 forwarding",
    "   rp_filter",
    "   Result = ",
    "   VRRP instances :",
    "   VRRP interface tracking",
];

struct Dumps {
    data: Vec<String>,
    json: Value,
}

/// A configuration, the routers that become master with it, how many addresses they hold then, and how many are static.
struct Play<'a> {
    config: &'a str,
    masters: &'a [&'a str],
    held: usize,
    standing: usize,
}

/// Starts one daemon alone and has it dump as master.
fn dumps(cast: &Cast, binary: &Binary, play: &Play<'_>) -> Outcome<Dumps> {
    let pair = Pair::new(&Cast { one: binary.clone(), two: cast.two.clone() })?;
    let node = &pair.one.node;
    node.ip("link add eth2 type veth peer name peer2")?;
    ["eth2", "peer2"].iter().try_for_each(|name| node.ip(&format!("link set {name} up")).map(drop))?;
    fs::write(node.outside("/run/number"), "3\n")?;
    let mut daemon = pair.one.start_with(play.config)?;
    for name in play.masters {
        daemon.logs(&format!("({name}) Entering MASTER STATE"), ELECTION)?;
    }
    let pid = daemon.process().pid().to_string();
    let [data, json] = ["data", "json"].map(|name| pair.one.node.outside(format!("/tmp/keepalived.{name}")));
    let dump = |signal: &str, path, held| {
        let complete = |text: &String| text.matches(" set").count() >= held;
        eventually("a dump of masters with their addresses", SOON, || {
            Command::new("kill").args([signal, &pid]).status().ok()?;
            eventually("a file", SOON, || fs::read_to_string(path).ok().filter(|text| text.ends_with('\n')))
                .ok()
                .filter(complete)
        })
    };
    let data = dump("-USR1", &data, play.held + play.standing)?;
    let json = dump("-36", &json, play.held)?;
    let macs = |line: &str| line.starts_with("   MAC = ") || line.starts_with("   IPv6 address = ");
    let data = data
        .lines()
        .filter(|line| !UNSET.iter().any(|start| line.starts_with(start)))
        .filter(|line| !NEWER.iter().chain(&INNER).any(|start| line.starts_with(start)))
        .filter(|line| !macs(line))
        .map(plain)
        .collect();
    let json: Value = serde_json::from_str(&json).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Dumps { data, json: plain_json(json) })
}

/// A line without what differs from run to run.
fn plain(line: &str) -> String {
    let (key, value) = line.split_once(" = ").unwrap_or((line, ""));
    match key.trim() {
        "Last transition" | "Read timeout" | "Password" => format!("{key} = …"),
        // 2.2.7 calls it by its old name.
        "Number of interface and track script faults" => format!("   Number of tracker faults = {value}"),
        // 2.2.7 forgets the word when a flag is set that it does not print.
        "Flags:" | "Flags: none" => "   Flags".to_owned(),
        _ if line.trim_start().starts_with("fd_in ") => {
            line.chars().filter(|c| !c.is_ascii_digit()).collect()
        }
        "index" => "   index".to_owned(),
        // From a random MAC address.
        _ if line.starts_with("   Using src_ip = fe80:") => "   Using src_ip = fe80:…".to_owned(),
        _ if line.starts_with("   Multicast address ") => {
            line.split(", ifindex").next().unwrap_or_default().to_owned()
        }
        _ => line.to_owned(),
    }
}

fn plain_json(mut whole: Value) -> Value {
    for one in whole.as_array_mut().into_iter().flatten() {
        if let Some(data) = one.get_mut("data").and_then(Value::as_object_mut) {
            data.remove("last_transition");
            data.remove("auth_data");
        }
        if let Some(stats) = one.get_mut("stats").and_then(Value::as_object_mut) {
            stats.remove("advert_sent");
            stats.retain(|name, _| !name.starts_with("auth_ext_"));
        }
    }
    whole
}

pub(crate) fn masters_are_dumped_alike(cast: &Cast) -> Outcome {
    are_alike(cast, &Play { config: MANY, masters: &["VI_1", "VI_2", "VI_6", "VI_U"], held: 11, standing: 0 })
}

pub(crate) fn vmacs_routes_rules_and_what_stands_are_dumped_alike(cast: &Cast) -> Outcome {
    are_alike(cast, &Play { config: AROUND, masters: &["VI_V", "VI_P", "VI_W"], held: 6, standing: 1 })
}

fn are_alike(cast: &Cast, play: &Play<'_>) -> Outcome {
    let (ours, theirs) = (dumps(cast, &cast.one, play)?, dumps(cast, &cast.two, play)?);
    let first = ours.data.iter().zip(&theirs.data).position(|(ours, theirs)| ours != theirs);
    if let Some(at) = first {
        let around = |lines: &[String]| lines[at.saturating_sub(3)..(at + 3).min(lines.len())].join("\n");
        return Err(Failure::new(format!(
            "ours:\n{}\ntheirs:\n{}",
            around(&ours.data),
            around(&theirs.data)
        )));
    }
    assert_eq!(ours.data.len(), theirs.data.len());
    assert_eq!(ours.json, theirs.json);
    Ok(())
}
