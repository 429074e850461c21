//! Which marks the firewall gives to packets, as the programs that list its rules say.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

/// What is known of packet marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Marks {
    /// Every rule was read.
    Read(Given),
    /// Some rules cannot be; this says why.
    Unreadable(String),
}

/// The marks that rules give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// Those that stand in a rule as a number.
    pub(crate) numbers: BTreeSet<u32>,
    /// Whether there are rules whose marks are computed, looked up or restored.
    pub(crate) computed: bool,
}

/// A program that lists rules as command lines, and where the kernel names tables that only it can list.
const SAVERS: [(&str, Option<&str>); 4] = [
    ("iptables-save", None),
    ("ip6tables-save", None),
    ("iptables-legacy-save", Some("/proc/net/ip_tables_names")),
    ("ip6tables-legacy-save", Some("/proc/net/ip6_tables_names")),
];

/// Asks in the network namespace of the process. Listing may make the kernel load the module of its tables.
pub(super) fn look() -> Marks {
    read().map_or_else(Marks::Unreadable, Marks::Read)
}

fn read() -> Result<Given, String> {
    let mut given = Given::default();
    let foreign = given.of_nftables(&run("nft", &["--json", "list", "ruleset"])?)?;
    for (program, names) in SAVERS {
        let wanted = match names {
            // What nft lists without its meaning.
            None => foreign,
            Some(names) => fs::read_to_string(names).is_ok_and(|tables| !tables.trim().is_empty()),
        };
        if wanted {
            given.of_iptables(&run(program, &[])?);
        }
    }
    Ok(given)
}

fn run(program: &str, words: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(words).output();
    let output = output.map_err(|error| format!("{program} could not be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}", said.lines().next().unwrap_or("it failed")))
}

impl Given {
    /// From `nft --json`, libnftables-json(5). Tells whether there are targets of iptables, whose meaning is not shown.
    fn of_nftables(&mut self, text: &str) -> Result<bool, String> {
        let ruleset: Value = serde_json::from_str(text).map_err(|error| format!("nft: {error}"))?;
        let mut foreign = false;
        let mut waiting = vec![&ruleset];
        while let Some(value) = waiting.pop() {
            match value {
                Value::Array(items) => waiting.extend(items),
                Value::Object(members) => {
                    foreign |= members.contains_key("xt");
                    if let Some(mangle) = members.get("mangle")
                        && mangle["key"]["meta"]["key"] == "mark"
                    {
                        match mangle["value"].as_u64().and_then(|mark| u32::try_from(mark).ok()) {
                            Some(mark) => drop(self.numbers.insert(mark)),
                            None => self.computed = true,
                        }
                    }
                    waiting.extend(members.values());
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        Ok(foreign)
    }

    /// From a program like iptables-save(8).
    fn of_iptables(&mut self, text: &str) {
        for line in text.lines().filter(|line| line.starts_with("-A ")) {
            let mut words = line.split_whitespace();
            while let Some(word) = words.next() {
                match (word, words.clone().next()) {
                    ("--set-xmark" | "--set-mark", Some(value)) if line.contains("-j MARK ") => {
                        match whole_mark(value) {
                            Some(mark) => drop(self.numbers.insert(mark)),
                            None => self.computed = true,
                        }
                    }
                    ("--restore-mark", _) => self.computed = true,
                    _ => {}
                }
            }
        }
    }
}

/// The number in `0x7/0xffffffff`, unless other bits of the packet's mark stay.
fn whole_mark(text: &str) -> Option<u32> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let (mark, mask) = text.split_once('/').unwrap_or((text, "0xffffffff"));
    (number(mask)? == u32::MAX).then(|| number(mark)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ruleset_of_nft_names_its_marks() {
        let rule = |expressions: &str| {
            let text =
                format!(r#"{{"nftables": [{{"metainfo": {{}}}}, {{"rule": {{"expr": [{expressions}]}}}}]}}"#);
            let mut given = Given::default();
            let foreign = given.of_nftables(&text).expect("it is JSON");
            (given, foreign)
        };
        let set = |value: &str| {
            format!(r#"{{"mangle": {{"key": {{"meta": {{"key": "mark"}}}}, "value": {value}}}}}"#)
        };
        assert_eq!(rule(&set("7")), (Given { numbers: [7].into(), computed: false }, false));
        assert_eq!(
            rule(&set(r#"{"ct": {"key": "mark"}}"#)),
            (Given { computed: true, ..Given::default() }, false)
        );
        // A mark that is only matched, a mark of connections, another key.
        let matched = r#"{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": 7}}"#;
        let of_connections = r#"{"mangle": {"key": {"ct": {"key": "mark"}}, "value": 7}}"#;
        let priority = r#"{"mangle": {"key": {"meta": {"key": "priority"}}, "value": 7}}"#;
        assert_eq!(rule(&[matched, of_connections, priority].join(",")), (Given::default(), false));
        assert_eq!(rule(r#"{"xt": {"type": "target", "name": "MARK"}}"#), (Given::default(), true));
        assert!(Given::default().of_nftables("nonsense").is_err());
    }

    #[test]
    fn rules_of_iptables_name_their_marks() {
        let of = |line: &str| {
            let mut given = Given::default();
            given.of_iptables(&format!("*mangle\n:PREROUTING ACCEPT [0:0]\n{line}\nCOMMIT\n"));
            (given.numbers.into_iter().collect::<Vec<_>>(), given.computed)
        };
        let rule = "-A PREROUTING -d 10.1.0.100/32 -p tcp -m tcp --dport 80 -j";
        assert_eq!(of(&format!("{rule} MARK --set-xmark 0x7/0xffffffff")), (vec![7], false));
        assert_eq!(of(&format!("{rule} MARK --set-xmark 0x7/0xff")), (vec![], true));
        assert_eq!(of("-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff"), (vec![], true));
        assert_eq!(of("-A PREROUTING -j CONNMARK --set-xmark 0x7/0xffffffff"), (vec![], false));
        assert_eq!(of("-A PREROUTING -m mark --mark 0x7 -j ACCEPT"), (vec![], false));
    }
}
