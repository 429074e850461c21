//! mehdy/keepalived-exporter (and categraf, which took its rules over) reading `keepalived.data` and `keepalived.stats`.

use std::collections::BTreeMap;

use lab::{Failure, Outcome};

/// A virtual router as the exporter knows it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Router {
    pub(crate) state: u8,
    pub(crate) wanted: u8,
    pub(crate) interface: String,
    pub(crate) garp_delay: u64,
    pub(crate) vrid: u64,
    /// Address and interface.
    pub(crate) vips: Vec<(String, String)>,
    pub(crate) excluded: Vec<(String, String)>,
}

const STATES: [&str; 4] = ["INIT", "BACKUP", "MASTER", "FAULT"];

fn number(text: &str) -> Outcome<u64> {
    text.parse().map_err(|_| Failure::new(format!("{text:?} is no number")))
}

fn state(text: &str) -> Outcome<u8> {
    let at = STATES.iter().position(|state| *state == text);
    at.and_then(|at| u8::try_from(at).ok()).ok_or_else(|| Failure::new(format!("state {text:?}")))
}

/// The instances of `keepalived.data`.
pub(crate) fn routers(data: &str) -> Outcome<BTreeMap<String, Router>> {
    let mut routers = BTreeMap::new();
    let mut current: Option<(String, Router)> = None;
    let mut list = "";
    for line in data.lines() {
        if line.starts_with(" VRRP Instance") && line.contains('=') {
            routers.extend(current.take());
            let name = line.split('=').nth(1).unwrap_or_default().trim();
            current = Some((name.to_owned(), Router::default()));
            continue;
        }
        let Some((_, router)) = &mut current else { continue };
        if !line.starts_with("   ") {
            routers.extend(current.take());
            continue;
        }
        if line.starts_with("     ") {
            let words: Vec<_> = line.split_whitespace().collect();
            let vip = |words: &[&str]| match words {
                // A broadcast address stands where it looks for the interface.
                [address, "dev", interface, ..] => Ok(((*address).to_owned(), (*interface).to_owned())),
                [address, "brd", broadcast, ..] => Ok(((*address).to_owned(), (*broadcast).to_owned())),
                other => Err(Failure::new(format!("address {other:?}"))),
            };
            match list {
                "Virtual IP" => router.vips.push(vip(&words)?),
                "Virtual IP Excluded" => router.excluded.push(vip(&words)?),
                _ => {}
            }
            continue;
        }
        let (key, value) = line.trim().split_once(" =").unwrap_or((line.trim(), ""));
        let value = value.trim();
        list = match key {
            _ if key.starts_with("Virtual IP (") => "Virtual IP",
            "Virtual IP Excluded :" => "Virtual IP Excluded",
            _ => "",
        };
        match key {
            "State" => router.state = state(value)?,
            "Wantstate" => router.wanted = state(value)?,
            "Interface" => value.clone_into(&mut router.interface),
            "Gratuitous ARP delay" => router.garp_delay = number(value)?,
            "Virtual Router ID" => router.vrid = number(value)?,
            _ => {}
        }
    }
    routers.extend(current);
    Ok(routers)
}

/// The scripts of `keepalived.data`: whether each is good, by name.
pub(crate) fn scripts(data: &str) -> Outcome<BTreeMap<String, bool>> {
    const STATES: [&str; 4] = ["idle", "running", "requested termination", "forcing termination"];
    let (mut scripts, mut current) = (BTreeMap::new(), None);
    for line in data.lines() {
        if let Some(name) = line.strip_prefix(" VRRP Script = ") {
            current = Some(name.to_owned());
        } else if !line.starts_with("   ") {
            current = None;
        }
        let (Some(name), Some((key, value))) = (&current, line.trim().split_once(" = ")) else { continue };
        match (key, value) {
            ("Status", "GOOD" | "BAD") => drop(scripts.insert(name.clone(), value == "GOOD")),
            ("State", state) if STATES.contains(&state) => {}
            ("Status" | "State", other) => return Err(Failure::new(format!("{name} is {other:?}"))),
            _ => {}
        }
    }
    Ok(scripts)
}

/// The counters of `keepalived.stats`: by instance, then by section and name.
pub(crate) fn counters(stats: &str) -> Outcome<BTreeMap<String, BTreeMap<String, u64>>> {
    let mut all: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let (mut instance, mut section) = (String::new(), String::new());
    for line in stats.lines() {
        let (key, value) = line.split_once(':').ok_or_else(|| Failure::new(format!("line {line:?}")))?;
        let (key, value) = (key.trim(), value.trim());
        if !line.starts_with(' ') {
            if key != "VRRP Instance" {
                return Err(Failure::new(format!("title {line:?}")));
            }
            value.clone_into(&mut instance);
            all.entry(instance.clone()).or_default();
            continue;
        }
        if value.is_empty() {
            key.clone_into(&mut section);
            continue;
        }
        let path = if line.starts_with("    ") { format!("{section}/{key}") } else { key.to_owned() };
        all.entry(instance.clone()).or_default().insert(path, number(value)?);
    }
    Ok(all)
}

/// The counters without which the exporter gives up.
pub(crate) const REQUIRED: [&str; 14] = [
    "Advertisements/Received",
    "Advertisements/Sent",
    "Became master",
    "Released master",
    "Packet Errors/Length",
    "Packet Errors/TTL",
    "Packet Errors/Invalid Type",
    "Packet Errors/Advertisement Interval",
    "Packet Errors/Address List",
    "Authentication Errors/Invalid Type",
    "Authentication Errors/Type Mismatch",
    "Authentication Errors/Failure",
    "Priority Zero/Received",
    "Priority Zero/Sent",
];
