//! The tables of nftables, one for each family, put in force as a whole and in one transaction whenever they differ.

use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;

use super::{Above, Filter, Reports};
use crate::drive::ruleset::Ruleset;
use crate::drive::tool::run;
use crate::plan::firewall as plan;
use crate::plan::firewall::Closed;

/// The administrator's tool, which speaks to the kernel.
const NFT: &str = "nft";

/// What was put in force last.
#[derive(Debug, Default)]
pub(super) struct Nft {
    in_force: [Option<Tables>; 2],
    /// What could not be put in force last; what was in force still is.
    refused: [Option<Option<Tables>>; 2],
    /// What this kernel can do with reports, as far as it has been tried.
    reports: Reports,
    ruleset: Ruleset,
    /// Tables that are not as they were put in force.
    changed: [bool; 2],
}

/// A family's table as text, and the numbers that the names of interfaces in it stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tables {
    table: String,
    text: String,
    numbers: Vec<u32>,
}

impl Nft {
    /// Waits until others have changed tables of ours. Loses nothing when dropped while waiting.
    pub(super) async fn changed(&mut self) {
        self.changed = self.ruleset.changed().await;
    }

    /// Puts in force what differs; nothing is no table. Returns what becomes of reports of group membership.
    pub(super) fn apply(&mut self, filter: Option<&Filter<'_>>) -> Reports {
        for (place, family) in ["ip", "ip6"].into_iter().enumerate() {
            let mut table = filter.and_then(|filter| table(filter, place, self.reports));
            let was_changed = std::mem::take(&mut self.changed[place]);
            if !was_changed && (self.in_force[place] == table || self.refused[place].as_ref() == Some(&table))
            {
                continue;
            }
            if let (true, Some(Tables { table, .. })) = (was_changed, &table) {
                tracing::info!("nftables: table {family} {table} was changed by others - restoring it");
            }
            let mut outcome = self.put(place, family, table.as_ref());
            let is_moving = table.as_ref().is_some_and(|table| table.text.contains(DUPLICATE));
            if let (Err(refusal), true) = (&outcome, is_moving) {
                // Duplicating is a module of its own, which a kernel may not have.
                let other = filter.and_then(|filter| self::table(filter, place, Reports::Dropped));
                if self.put(place, family, other.as_ref()).is_ok() {
                    tracing::info!(
                        "nftables: packets cannot be duplicated ({refusal}) - reports of VMACs are dropped, and the interfaces below join the groups"
                    );
                    self.reports = Reports::Dropped;
                    (table, outcome) = (other, Ok(()));
                }
            }
            match outcome {
                Ok(()) => {
                    self.in_force[place] = table;
                    self.refused[place] = None;
                }
                Err(error) => {
                    tracing::info!("nftables: {error}");
                    // It will be again, as long as it is the same.
                    self.refused[place] = Some(table);
                }
            }
        }
        self.ruleset
            .watch(self.in_force.each_ref().map(|table| table.as_ref().map(|one| one.table.as_str())));
        self.reports
    }

    fn put(&self, place: usize, family: &str, table: Option<&Tables>) -> io::Result<()> {
        let mut script = String::new();
        for known in self.in_force[place].iter().chain(table) {
            // To delete a table that may not be there, it is added first.
            let name = &known.table;
            let _ = writeln!(script, "table {family} {name}\ndelete table {family} {name}");
        }
        if let Some(Tables { table, text, .. }) = table {
            let _ = writeln!(script, "table {family} {table} {{\n{text}}}");
        }
        run(NFT, &["-f", "-"], &script).map(drop)
    }
}

/// The table of IPv4 (0) or IPv6 (1).
fn table(filter: &Filter<'_>, family: usize, reports: Reports) -> Option<Tables> {
    if family == 0 { ipv4(filter, reports) } else { ipv6(filter, reports) }
}

/// What begins the statement that duplicates a packet.
const DUPLICATE: &str = "dup to ";

/// What becomes of a report.
fn fate(reports: Reports, family: &str) -> String {
    match reports {
        Reports::Moved => format!("{DUPLICATE}{family} daddr device oif map @vmac_map drop"),
        Reports::Dropped => "oif @vmac_set drop".to_owned(),
    }
}

fn ipv4(filter: &Filter<'_>, reports: Reports) -> Option<Tables> {
    let Filter { plan: wanted, ipv4: above, closed, was_closed: [was_closed, _], .. } = filter;
    let was_closed = *was_closed;
    if above.is_empty() && !was_closed {
        return None;
    }
    let counter = counter(wanted);
    let mut sets = String::new();
    let (mut out, mut input) = (Vec::new(), Vec::new());
    if !above.is_empty() {
        sets += &match reports {
            Reports::Moved => vmac_map(above),
            Reports::Dropped => vmac_set(above),
        };
        let fate = fate(reports, "ip");
        out.push(format!("ip protocol igmp meta oifkind \"macvlan\" {counter}{fate}"));
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

fn ipv6(filter: &Filter<'_>, reports: Reports) -> Option<Tables> {
    let Filter { plan: wanted, ipv6: above, closed, was_closed: [_, was_closed], .. } = filter;
    let was_closed = *was_closed;
    if above.is_empty() && !was_closed {
        return None;
    }
    let counter = counter(wanted);
    let mut sets = String::new();
    let (mut out, mut input, mut more) = (Vec::new(), Vec::new(), String::new());
    if !above.is_empty() {
        let shared = above.iter().filter_map(|one| Some(format!("{} . \"{}\"", one.shared?, one.name)));
        sets += &set("parent_link_local", "ipv6_addr . ifname", "", shared);
        if reports == Reports::Moved {
            sets += &vmac_map(above);
        }
        sets += &vmac_set(above);
        let fate = fate(reports, "ip6");
        let reports = ["mld-listener-report", "mld2-listener-report"].map(str::to_owned);
        sets += &set("mld-report", "icmpv6_type", "flags constant; ", reports.into_iter());
        out.extend([
            format!(
                "icmpv6 type nd-neighbor-advert meta oifkind \"macvlan\" ip6 saddr . oifname @parent_link_local {counter}drop"
            ),
            format!("icmpv6 type @mld-report meta oifkind \"macvlan\" {counter}{fate}"),
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
        numbers: above.iter().flat_map(|one| one.numbers).chain(filter.numbers.iter().copied()).collect(),
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

fn vmac_set(above: &[Above<'_>]) -> String {
    set("vmac_set", "iface_index", "", above.iter().map(|one| format!("\"{}\"", one.name)))
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
