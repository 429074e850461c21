//! The tables of nftables, one for each family, put in force as a whole and in one transaction whenever they differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv6Addr};
use std::process::{Command, Stdio};

use super::Id;
use super::vmac::Vmacs;
use crate::mirror::Mirror;
use crate::plan::firewall as plan;
use crate::plan::firewall::Closed;
use crate::plan::vmac::{Kind, LinkLocal};

/// The administrator's tool, which speaks to the kernel.
const NFT: &str = "nft";

/// What is filtered, and what was put in force last.
#[derive(Debug, Default)]
pub(super) struct Firewall {
    wanted: Option<plan::Firewall>,
    closed: BTreeMap<Id, BTreeSet<Closed>>,
    /// Sets stay once they were needed.
    was_closed: [bool; 2],
    in_force: [Option<Tables>; 2],
}

/// A family's table as text, and the numbers that the names of interfaces in it stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tables {
    table: String,
    text: String,
    numbers: Vec<u32>,
}

/// A VMAC, with its number and that of the interface below.
#[derive(Clone, Debug)]
struct Above<'a> {
    name: &'a str,
    base: &'a str,
    numbers: [u32; 2],
    /// The address of the interface below that it shares.
    shared: Option<Ipv6Addr>,
}

impl Firewall {
    /// Takes note of what the configuration says.
    pub(super) fn want(&mut self, wanted: Option<plan::Firewall>) {
        self.wanted = wanted;
    }

    /// Closes exactly these addresses for a router.
    pub(super) fn close(&mut self, id: Id, closed: BTreeSet<Closed>) {
        for one in &closed {
            self.was_closed[usize::from(one.address.is_ipv6())] = true;
        }
        if closed.is_empty() {
            self.closed.remove(&id);
        } else {
            self.closed.insert(id, closed);
        }
    }

    /// Puts in force what differs.
    pub(super) fn apply(&mut self, vmacs: &Vmacs, mirror: &Mirror) {
        let tables = self.wanted.as_ref().map(|wanted| {
            let is_there = |one: &&Closed| one.by_name || mirror.link(&one.interface).is_some();
            let closed: BTreeSet<&Closed> = self.closed.values().flatten().filter(is_there).collect();
            let above = |of: u8| above(vmacs, mirror, of);
            let of_igmp = if wanted.no_igmp { Vec::new() } else { above(1) };
            let mut tables = [
                ipv4(wanted, &of_igmp, &closed, self.was_closed[0]),
                ipv6(wanted, &above(2), &closed, self.was_closed[1]),
            ];
            let numbers = closed.iter().filter_map(|one| Some(mirror.link(&one.interface)?.index));
            if let Some(ipv6) = &mut tables[1] {
                ipv6.numbers.extend(numbers);
            }
            tables
        });
        for (place, (family, table)) in ["ip", "ip6"].into_iter().zip(tables.unwrap_or_default()).enumerate()
        {
            if self.in_force[place] == table {
                continue;
            }
            let mut script = String::new();
            for known in self.in_force[place].iter().chain(&table) {
                // To delete a table that may not be there, it is added first.
                let name = &known.table;
                let _ = writeln!(script, "table {family} {name}\ndelete table {family} {name}");
            }
            if let Some(Tables { table, text, .. }) = &table {
                let _ = writeln!(script, "table {family} {table} {{\n{text}}}");
            }
            if let Err(error) = run(&script) {
                tracing::info!("nftables: {error}");
            }
            // What is refused once will be again, as long as it is the same.
            self.in_force[place] = table;
        }
    }
}

/// VMACs with the MAC address of this family.
fn above<'a>(vmacs: &'a Vmacs, mirror: &'a Mirror, of: u8) -> Vec<Above<'a>> {
    let is_of = |kind: Kind| matches!(kind, Kind::Macvlan { mac: [.., family, _] } if family == of);
    vmacs
        .present(mirror)
        .filter(|(vmac, ..)| is_of(vmac.kind))
        .map(|(vmac, index, below)| Above {
            name: &vmac.name,
            base: &vmac.base,
            numbers: [index, below],
            shared: match vmac.link_local {
                Some(LinkLocal::OfBase) => vmacs.speaks_from(&vmac.name),
                Some(LinkLocal::Given(_)) | None => None,
            },
        })
        .collect()
}

fn ipv4(
    wanted: &plan::Firewall,
    above: &[Above<'_>],
    closed: &BTreeSet<&Closed>,
    was_closed: bool,
) -> Option<Tables> {
    if above.is_empty() && !was_closed {
        return None;
    }
    let counter = counter(wanted);
    let mut sets = String::new();
    let (mut out, mut input) = (Vec::new(), Vec::new());
    if !above.is_empty() {
        sets += &vmac_map(above);
        out.push(format!(
            "ip protocol igmp meta oifkind \"macvlan\" {counter}dup to ip daddr device oif map @vmac_map drop"
        ));
    }
    if was_closed {
        let all = closed.iter().filter(|one| one.address.is_ipv4()).map(|one| one.address.to_string());
        sets += &set("vips", "ipv4_addr", "", all);
        out.push(format!("ip saddr @vips {counter}drop"));
        input.push(format!("ip daddr @vips {counter}drop"));
    }
    let text = sets + &chain("out", "output", wanted, &out) + &chain("in", "input", wanted, &input);
    Some(Tables {
        table: wanted.table.clone(),
        text,
        numbers: above.iter().flat_map(|one| one.numbers).collect(),
    })
}

fn ipv6(
    wanted: &plan::Firewall,
    above: &[Above<'_>],
    closed: &BTreeSet<&Closed>,
    was_closed: bool,
) -> Option<Tables> {
    if above.is_empty() && !was_closed {
        return None;
    }
    let counter = counter(wanted);
    let mut sets = String::new();
    let (mut out, mut input, mut more) = (Vec::new(), Vec::new(), String::new());
    if !above.is_empty() {
        let shared = above.iter().filter_map(|one| Some(format!("{} . \"{}\"", one.shared?, one.name)));
        sets += &set("parent_link_local", "ipv6_addr . ifname", "", shared);
        sets += &vmac_map(above);
        let names = above.iter().map(|one| format!("\"{}\"", one.name));
        sets += &set("vmac_set", "iface_index", "", names);
        let reports = ["mld-listener-report", "mld2-listener-report"].map(str::to_owned);
        sets += &set("mld-report", "icmpv6_type", "flags constant; ", reports.into_iter());
        out.extend([
            format!(
                "icmpv6 type nd-neighbor-advert meta oifkind \"macvlan\" ip6 saddr . oifname @parent_link_local {counter}drop"
            ),
            format!(
                "icmpv6 type @mld-report meta oifkind \"macvlan\" {counter}dup to ip6 daddr device oif map @vmac_map drop"
            ),
            format!("icmpv6 type nd-router-solicit meta oifkind \"macvlan\" oif @vmac_set {counter}drop"),
        ]);
    }
    if was_closed {
        let is_link_local =
            |one: &&&Closed| matches!(one.address, IpAddr::V6(address) if address.is_unicast_link_local());
        let all = || closed.iter().filter(|one| one.address.is_ipv6());
        let global = all().filter(|one| !is_link_local(one)).map(|one| one.address.to_string());
        sets += &set("vips", "ipv6_addr", "", global);
        let discovery = ["nd-neighbor-solicit", "nd-neighbor-advert"].map(str::to_owned);
        sets += &set("neighbor-discovery", "icmpv6_type", "flags constant; ", discovery.into_iter());
        let local = |by_name: bool| {
            let these = all().filter(is_link_local).filter(move |one| one.by_name == by_name);
            these.map(|one| format!("{} . \"{}\"", one.address, one.interface))
        };
        sets += &set("vips_link_local", "ipv6_addr . iface_index", "", local(false));
        sets += &set("vips_link_local_name", "ipv6_addr . ifname", "", local(true));
        for (rules, side, chain) in [(&mut out, "saddr", "out"), (&mut input, "daddr", "in")] {
            rules.extend([
                format!("icmpv6 type @neighbor-discovery {counter}accept"),
                format!("ip6 {side} fe80::/10 {counter}goto {chain}_link_local"),
                format!("ip6 {side} @vips {counter}drop"),
            ]);
        }
        for (name, side, device) in [("in", "daddr", "iif"), ("out", "saddr", "oif")] {
            let _ = writeln!(
                more,
                "chain {name}_link_local {{\nip6 {side} . {device} @vips_link_local {counter}drop\nip6 {side} . {device}name @vips_link_local_name {counter}drop\n}}"
            );
        }
    }
    let text = sets + &chain("out", "output", wanted, &out) + &chain("in", "input", wanted, &input) + &more;
    Some(Tables {
        table: wanted.table.clone(),
        text,
        numbers: above.iter().flat_map(|one| one.numbers).collect(),
    })
}

fn counter(wanted: &plan::Firewall) -> &'static str {
    if wanted.counters { "counter " } else { "" }
}

fn vmac_map(above: &[Above<'_>]) -> String {
    let elements: Vec<String> =
        above.iter().map(|one| format!("\"{}\" : \"{}\"", one.name, one.base)).collect();
    format!("map vmac_map {{ type iface_index : iface_index; elements = {{ {} }}; }}\n", elements.join(", "))
}

fn set(name: &str, kind: &str, flags: &str, elements: impl Iterator<Item = String>) -> String {
    let elements: Vec<String> = elements.collect();
    let elements = if elements.is_empty() {
        String::new()
    } else {
        format!("elements = {{ {} }}; ", elements.join(", "))
    };
    format!("set {name} {{ type {kind}; {flags}{elements}}}\n")
}

fn chain(name: &str, hook: &str, wanted: &plan::Firewall, rules: &[String]) -> String {
    if rules.is_empty() {
        return String::new();
    }
    let priority = wanted.priority;
    format!(
        "chain {name} {{ type filter hook {hook} priority {priority}; policy accept;\n{}\n}}\n",
        rules.join("\n")
    )
}

/// Has the tool carry out a script, all of it or nothing.
fn run(script: &str) -> io::Result<()> {
    let mut child = Command::new(NFT)
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| io::Error::other(format!("cannot run the command {NFT}: {error}")))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(script.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(said.lines().next().unwrap_or("refused").to_owned()))
}
