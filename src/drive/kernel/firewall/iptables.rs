//! Rules of iptables and ip6tables, and the sets of ipset that they compare with.
//!
//! Rules are appended to chains that others use too, so each of ours bears a comment by which it is found again. The rules of a
//! family change in one transaction; so does the content of a set.

use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;
use std::process::Command;

use super::Filter;
use crate::drive::tool::run;
use crate::plan::firewall::{Closed, Iptables as Plan};

/// The administrator's tools, by family.
const TOOLS: [&str; 2] = ["iptables", "ip6tables"];
const RESTORE: [&str; 2] = ["iptables-restore", "ip6tables-restore"];
const IPSET: &str = "ipset";

/// Multicast of each family, whoever is to hear it.
const GROUPS: [&str; 2] = ["224.0.0.0/4", "ff00::/8"];

/// ICMPv6 (RFC 4861 §4, RFC 2710 §3, RFC 3810 §5).
const ROUTER_SOLICITATION: u8 = 133;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const LISTENER_REPORTS: [u8; 2] = [131, 143];

/// What is in force, and whether the tools can be used.
#[derive(Debug, Default)]
pub(super) struct Iptables {
    /// Known once they were asked.
    usable: Option<bool>,
    in_force: Option<Tables>,
    /// Nothing is filtered in chains that do not exist.
    without_chain: bool,
}

/// Everything for both families, as the tools print it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tables {
    plan: Plan,
    /// `-A CHAIN …`, by family.
    rules: [Vec<String>; 2],
    sets: Vec<Set>,
}

/// A set, with its elements in order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Set {
    name: String,
    kind: &'static str,
    family: usize,
    elements: Vec<String>,
}

impl Iptables {
    /// Whether rules can be made. It says why not, once.
    pub(super) fn is_usable(&mut self) -> bool {
        *self.usable.get_or_insert_with(|| match Command::new(TOOLS[0]).arg("-V").output() {
            Ok(output) if String::from_utf8_lossy(&output.stdout).contains("nf_tables") => {
                tracing::info!(
                    "Not using iptables since iptables uses nf_tables - please update configuration"
                );
                false
            }
            Ok(output) => output.status.success(),
            Err(_) => {
                tracing::info!(
                    "Using nftables since no iptables command found - please update configuration"
                );
                false
            }
        })
    }

    /// Puts in force what differs; without a filter nothing stays.
    pub(super) fn apply(&mut self, filter: Option<&Filter<'_>>) {
        let tables = filter.and_then(tables);
        if self.in_force == tables {
            return;
        }
        if let Err(error) = self.change(tables.as_ref()) {
            tracing::info!("iptables: {error}");
        }
        // What is refused once will be again, as long as it is the same.
        self.in_force = tables;
    }

    fn change(&mut self, new: Option<&Tables>) -> io::Result<()> {
        let old = self.in_force.as_ref();
        if let Some(tables) = new.filter(|_| old.is_none()) {
            self.without_chain = !has_chains(&tables.plan);
        }
        if self.without_chain {
            return Ok(());
        }
        let sets = |tables: Option<&Tables>| tables.map_or_else(Vec::new, |tables| tables.sets.clone());
        let (before, after) = (sets(old), sets(new));
        let changed: String = after.iter().filter(|set| !before.contains(set)).map(Set::to_fill).collect();
        if !changed.is_empty() {
            run(IPSET, &["-exist", "restore"], &changed)?;
        }
        for (family, tool) in TOOLS.into_iter().enumerate() {
            let rules =
                |tables: Option<&Tables>| tables.map_or_else(Vec::new, |one| one.rules[family].clone());
            let wanted = rules(new);
            // Also those that a predecessor left.
            let held = match (old, new) {
                (None, Some(tables)) => ours(tool, &tables.plan),
                (Some(_) | None, _) => rules(old),
            };
            if held != wanted {
                run(RESTORE[family], &["--noflush", "--wait"], &replacement(&held, &wanted))?;
            }
        }
        let is_gone = |set: &&Set| after.iter().all(|other| other.name != set.name);
        let gone: String =
            before.iter().filter(is_gone).map(|set| format!("destroy {}\n", set.name)).collect();
        if !gone.is_empty() {
            run(IPSET, &["restore"], &gone)?;
        }
        Ok(())
    }
}

impl Set {
    /// The commands that make it what it is, the elements all at once.
    fn to_fill(&self) -> String {
        let Self { name, kind, family, .. } = self;
        let family = ["inet", "inet6"][*family];
        let mut script = String::new();
        for name in [name.clone(), format!("{name}~")] {
            let _ = writeln!(script, "create {name} {kind} family {family}");
        }
        let _ = writeln!(script, "flush {name}~");
        for element in &self.elements {
            let _ = writeln!(script, "add {name}~ {element}");
        }
        let _ = writeln!(script, "swap {name}~ {name}\ndestroy {name}~");
        script
    }
}

/// Whether the chains exist; it says which do not.
fn has_chains(plan: &Plan) -> bool {
    let chains = || std::iter::once(&plan.input).chain(&plan.output);
    let lacks = |tool: &&str| {
        let missing = chains().find(|chain| run(tool, &["-S", chain], "").is_err());
        if let Some(chain) = missing {
            tracing::info!("{tool} chain {chain} doesn't exist");
        }
        missing.is_some()
    };
    !TOOLS.iter().any(lacks)
}

/// The rules in these chains that bear our mark.
fn ours(tool: &str, plan: &Plan) -> Vec<String> {
    let mark = format!("--comment {} ", plan.comment);
    let chains = std::iter::once(&plan.input).chain(&plan.output);
    let listed = chains.filter_map(|chain| run(tool, &["-S", chain], "").ok());
    let rules = listed.flat_map(|text| {
        let lines = text.lines().filter(|line| line.starts_with("-A ") && line.contains(&mark));
        lines.map(str::to_owned).collect::<Vec<_>>()
    });
    rules.collect()
}

/// The transaction from some rules to others.
fn replacement(held: &[String], wanted: &[String]) -> String {
    let mut script = "*filter\n".to_owned();
    for rule in held {
        let _ = writeln!(script, "-D{}", rule.trim_start_matches("-A"));
    }
    for rule in wanted {
        let _ = writeln!(script, "{rule}");
    }
    script + "COMMIT\n"
}

/// A direction: the chain, and what the tools call our address and our interface there.
struct Side<'a> {
    chain: &'a str,
    /// `src` or `dst`
    address: &'static str,
    /// `src` is where a packet comes in.
    device: &'static str,
    /// `-s` or `-d`
    host: &'static str,
    /// `-i` or `-o`
    interface: &'static str,
}

/// What is to be in force; nothing if nothing is filtered.
fn tables(filter: &Filter<'_>) -> Option<Tables> {
    let plan = filter.plan.iptables.as_ref()?;
    let of_family = |ipv6: bool| filter.closed.iter().filter(move |one| one.address.is_ipv6() == ipv6);
    let mut made = Tables { plan: plan.clone(), rules: [Vec::new(), Vec::new()], sets: Vec::new() };
    let input = Side { chain: &plan.input, address: "dst", device: "src", host: "-d", interface: "-i" };
    let output = plan.output.as_ref().map(|chain| Side {
        chain,
        address: "src",
        device: "dst",
        host: "-s",
        interface: "-o",
    });
    made.reports(filter, output.as_ref());
    for side in std::iter::once(&input).chain(&output) {
        if filter.was_closed[0] {
            made.close_ipv4(side, of_family(false).copied());
        }
        if filter.was_closed[1] {
            made.close_ipv6(side, of_family(true).copied());
        }
    }
    if let Some(names) = &plan.sets {
        let text = |one: &&Closed| one.address.to_string();
        let local = |one: &&Closed| is_link_local(one.address);
        let with_device = |one: &&Closed| format!("{},{}", one.address, one.interface);
        if filter.was_closed[0] {
            made.set(&names.address, "hash:ip", 0, of_family(false).copied().map(|one| text(&one)));
        }
        if filter.was_closed[1] {
            let (near, far): (Vec<&Closed>, Vec<&Closed>) = of_family(true).copied().partition(local);
            made.set(&names.address6, "hash:ip", 1, far.iter().map(text));
            made.set(&names.address_if6, "hash:net,iface", 1, near.iter().map(with_device));
        }
    }
    (made.rules.iter().any(|rules| !rules.is_empty()) || !made.sets.is_empty()).then_some(made)
}

impl Tables {
    /// What VMACs must not send.
    fn reports(&mut self, filter: &Filter<'_>, output: Option<&Side<'_>>) {
        let Some(Side { chain, .. }) = output else { return };
        let names = self.plan.sets.clone();
        for (family, above) in [&filter.ipv4, &filter.ipv6].into_iter().enumerate() {
            if above.is_empty() {
                continue;
            }
            let shared: Vec<(String, &str)> =
                above.iter().filter_map(|one| Some((one.shared?.to_string(), one.name))).collect();
            match &names {
                Some(names) => {
                    let set = if family == 0 { &names.igmp } else { &names.mld };
                    self.set(
                        set,
                        "hash:net,iface",
                        family,
                        above.iter().map(|one| format!("{},{}", GROUPS[family], one.name)),
                    );
                    self.rule_of_reports(
                        family,
                        &format!("-A {chain}"),
                        &format!("-m set --match-set {set} dst,dst "),
                    );
                    if family == 1 {
                        let set = &names.nd;
                        let elements = shared.iter().map(|(address, name)| format!("{address},{name}"));
                        self.set(set, "hash:net,iface", 1, elements);
                        let matches = format!("-m set --match-set {set} src,dst ");
                        self.rule(
                            1,
                            &format!("-A {chain}"),
                            &(icmpv6(NEIGHBOUR_ADVERTISEMENT) + &matches),
                            "DROP",
                        );
                    }
                }
                None => {
                    for one in above {
                        self.rule_of_reports(family, &format!("-A {chain} -o {}", one.name), "");
                    }
                    for (address, name) in &shared {
                        let start = format!("-A {chain} -s {address}/128 -o {name}");
                        self.rule(1, &start, &icmpv6(NEIGHBOUR_ADVERTISEMENT), "DROP");
                    }
                }
            }
        }
    }

    fn rule_of_reports(&mut self, family: usize, start: &str, matches: &str) {
        if family == 0 {
            self.rule(0, start, &format!("-p igmp {matches}"), "DROP");
            return;
        }
        for kind in LISTENER_REPORTS.into_iter().chain([ROUTER_SOLICITATION]) {
            self.rule(1, start, &(icmpv6(kind) + matches), "DROP");
        }
    }

    fn close_ipv4<'a>(&mut self, side: &Side<'_>, closed: impl Iterator<Item = &'a Closed>) {
        let Side { chain, address, host, .. } = side;
        if let Some(names) = self.plan.sets.clone() {
            let matches = format!("-m set --match-set {} {address} ", names.address);
            self.rule(0, &format!("-A {chain}"), &matches, "DROP");
        } else {
            for one in closed {
                self.rule(0, &format!("-A {chain} {host} {}/32", one.address), "", "DROP");
            }
        }
    }

    fn close_ipv6<'a>(&mut self, side: &Side<'_>, closed: impl Iterator<Item = &'a Closed>) {
        let Side { chain, address, device, host, interface } = side;
        if let Some(names) = self.plan.sets.clone() {
            let start = format!("-A {chain}");
            self.rules_of_ipv6(
                &start,
                &format!("-m set --match-set {} {address},{device} ", names.address_if6),
            );
            self.rules_of_ipv6(&start, &format!("-m set --match-set {} {address} ", names.address6));
        } else {
            for one in closed {
                let mut start = format!("-A {chain} {host} {}/128", one.address);
                if is_link_local(one.address) {
                    let _ = write!(start, " {interface} {}", one.interface);
                }
                self.rules_of_ipv6(&start, "");
            }
        }
    }

    /// Neighbours have to find and to be found.
    fn rules_of_ipv6(&mut self, start: &str, matches: &str) {
        for kind in [NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT] {
            self.rule(1, start, &(icmpv6(kind) + matches), "ACCEPT");
        }
        self.rule(1, start, matches, "DROP");
    }

    fn rule(&mut self, family: usize, start: &str, matches: &str, target: &str) {
        let comment = &self.plan.comment;
        self.rules[family].push(format!("{start} {matches}-m comment --comment {comment} -j {target}"));
    }

    fn set(&mut self, name: &str, kind: &'static str, family: usize, elements: impl Iterator<Item = String>) {
        self.sets.push(Set { name: name.to_owned(), kind, family, elements: elements.collect() });
    }
}

fn icmpv6(kind: u8) -> String {
    format!("-p ipv6-icmp -m icmp6 --icmpv6-type {kind} ")
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}
