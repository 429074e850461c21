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

use crate::dumps_knobs::{KNOBS, OTHERWISE, SETTINGS};
use crate::dumps_scene::{AROUND, MANY};

const SOON: Duration = Duration::from_secs(5);

/// Lines of 2.4.3 alone.
const NEWER: [&str; 7] = [
    "   Flags of interface faults",
    "   Last advert sent",
    "   Address owner ignores",
    "   VRRPv3 uses VRRPv2 checksum",
    "   Group = ",
    " iproute usr directory ",
    " iproute etc directory ",
];

/// Global settings that 2.2.7 shows as the largest number while nobody has set them, or that tell of its libraries.
const UNSET: [&str; 2] = [" Gratuitous ARP lower priority", " libnftnl version"];

/// What 2.2.7 tells of its inner workings.
const INNER: [&str; 25] = [
    " GARP next time",
    " GNA next time",
    "   Next gratuitous ARP",
    " fd_in = ",
    " thread_",
    "   thread_",
    "   fd_out ",
    "   sands_",
    "   send error",
    "   local discriminator",
    "   last seen",
    "   Seen up",
    "   Delayed state change",
    "   Interface type/base can be changed",
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

const OTHERS: [&str; 2] = ["keepalived_parent.data", "keepalived_bfd.data"];

struct Dumps {
    /// The lines of each file.
    data: Vec<(&'static str, Vec<String>)>,
    json: Value,
}

/// A configuration, the routers that become master with it, how many addresses they hold then, how many are static, and the
/// files that are compared besides `keepalived.data`.
struct Play<'a> {
    config: &'a str,
    masters: &'a [&'a str],
    held: usize,
    standing: usize,
    others: &'static [&'static str],
}

/// Starts one daemon alone and has it dump as master.
fn dumps(cast: &Cast, binary: &Binary, play: &Play<'_>) -> Outcome<Dumps> {
    let pair = Pair::new(&Cast { one: binary.clone(), two: cast.two.clone() })?;
    let node = &pair.one.node;
    node.ip("link add eth2 type veth peer name peer2")?;
    ["eth2", "peer2"].iter().try_for_each(|name| node.ip(&format!("link set {name} up")).map(drop))?;
    fs::write(node.outside("/run/number"), "3\n")?;
    fs::write(node.outside("/run/time"), "2037-01-01 00:00:00\n")?;
    let mut daemon = pair.one.start_with(play.config)?;
    for name in play.masters {
        daemon.logs(&format!("({name}) Entering MASTER STATE"), ELECTION)?;
    }
    let pid = daemon.process().pid().to_string();
    let file = |name: &str| pair.one.node.outside(format!("/tmp/{name}"));
    let [data, json] = ["keepalived.data", "keepalived.json"].map(file);
    let dump = |signal: &str, path, held| {
        let complete = |text: &String| text.matches(" set").count() >= held;
        eventually("a dump of masters with their addresses", SOON, || {
            Command::new("kill").args([signal, &pid]).status().ok()?;
            eventually("a file", SOON, || fs::read_to_string(path).ok().filter(|text| text.ends_with('\n')))
                .ok()
                .filter(complete)
        })
    };
    let mut texts = vec![("keepalived.data", dump("-USR1", &data, play.held + play.standing)?)];
    for name in play.others {
        let read = || fs::read_to_string(file(name)).ok().filter(|text| text.ends_with('\n'));
        texts.push((*name, eventually("another file", SOON, read)?));
    }
    let json = dump("-36", &json, play.held)?;
    let json: Value = serde_json::from_str(&json).map_err(|error| Failure::new(error.to_string()))?;
    let data = texts.iter().map(|(name, text)| (*name, lines(text))).collect();
    Ok(Dumps { data, json: plain_json(json) })
}

/// What is compared of a file.
fn lines(text: &str) -> Vec<String> {
    let macs = |line: &str| line.starts_with("   MAC = ") || line.starts_with("   IPv6 address = ");
    // 2.4.3 alone lists what an interface has besides its first address.
    let mut is_addition = false;
    text.lines()
        .filter(|line| {
            is_addition = line.starts_with("   Additional ") || (is_addition && line.starts_with("     "));
            !is_addition
        })
        .filter(|line| !UNSET.iter().any(|start| line.starts_with(start)))
        .filter(|line| !NEWER.iter().chain(&INNER).any(|start| line.starts_with(start)))
        .filter(|line| !macs(line))
        .map(plain)
        .collect()
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
            // 2.2.7 leaves a process of weight 0 out.
            data.remove("track_process");
        }
        if let Some(stats) = one.get_mut("stats").and_then(Value::as_object_mut) {
            stats.remove("advert_sent");
            stats.retain(|name, _| !name.starts_with("auth_ext_"));
        }
    }
    whole
}

pub(crate) fn masters_are_dumped_alike(cast: &Cast) -> Outcome {
    are_alike(
        cast,
        &Play {
            config: MANY,
            masters: &["VI_1", "VI_2", "VI_6", "VI_U"],
            held: 11,
            standing: 0,
            others: &OTHERS[..1],
        },
    )
}

pub(crate) fn vmacs_routes_rules_and_what_stands_are_dumped_alike(cast: &Cast) -> Outcome {
    are_alike(
        cast,
        &Play {
            config: AROUND,
            masters: &["VI_V", "VI_P", "VI_W"],
            held: 6,
            standing: 1,
            others: &OTHERS[..1],
        },
    )
}

pub(crate) fn every_process_tells_of_every_global_setting_alike(cast: &Cast) -> Outcome {
    are_alike(cast, &Play { config: SETTINGS, masters: &["VI_1"], held: 2, standing: 0, others: &OTHERS })
}

pub(crate) fn settings_that_say_something_else_are_dumped_alike(cast: &Cast) -> Outcome {
    are_alike(cast, &Play { config: OTHERWISE, masters: &["VI_1"], held: 2, standing: 0, others: &OTHERS })
}

pub(crate) fn what_routers_are_told_besides_is_dumped_alike(cast: &Cast) -> Outcome {
    let masters = &["VI_1", "VI_2", "VI_4", "VI_8"];
    are_alike(cast, &Play { config: KNOBS, masters, held: 6, standing: 0, others: &OTHERS[..1] })
}

fn are_alike(cast: &Cast, play: &Play<'_>) -> Outcome {
    let (ours, theirs) = (dumps(cast, &cast.one, play)?, dumps(cast, &cast.two, play)?);
    for ((name, ours), (_, theirs)) in ours.data.iter().zip(&theirs.data) {
        let differs = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs);
        if let Some(at) = differs.or((ours.len() != theirs.len()).then(|| ours.len().min(theirs.len()))) {
            let around = |lines: &[String]| {
                let end = (at + 3).min(lines.len());
                lines[at.saturating_sub(3).min(end)..end].join("\n")
            };
            let (ours, theirs) = (around(ours), around(theirs));
            return Err(Failure::new(format!("{name}, ours:\n{ours}\ntheirs:\n{theirs}")));
        }
    }
    assert_eq!(ours.json, theirs.json);
    Ok(())
}
