//! The tables of nftables that mark packets for groups of virtual servers.

use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;

use ipvs::Protocol;

use super::ruleset::Ruleset;
use super::tool;
use crate::plan::marking::{Mark, Marking};

/// Sees to it that packets are marked as wanted.
#[derive(Debug, Default)]
pub(super) struct Marker {
    in_force: Option<Marking>,
    ruleset: Ruleset,
}

impl Marker {
    /// Has exactly these marks given, or none. The kernel is spoken to by another thread's program.
    pub(super) async fn want(&mut self, wanted: Option<Marking>) {
        if self.in_force != wanted {
            self.put(wanted).await;
        }
    }

    /// Waits until others have changed the tables, which [`Self::restore`] then puts back. Loses nothing when dropped while
    /// waiting.
    pub(super) async fn changed(&mut self) {
        self.ruleset.changed().await;
    }

    /// Gives the marks again.
    pub(super) async fn restore(&mut self) {
        if let Some(Marking { table, .. }) = &self.in_force {
            tracing::info!("nftables: table {table} was changed by others - restoring it");
        }
        self.put(self.in_force.clone()).await;
    }

    async fn put(&mut self, wanted: Option<Marking>) {
        let script = script(self.in_force.as_ref(), wanted.as_ref());
        let carry_out = move || tool::run("nft", &["-f", "-"], &script);
        let outcome = tokio::task::spawn_blocking(carry_out).await.map_err(io::Error::other);
        if let Err(error) = outcome.and_then(|outcome| outcome) {
            tracing::error!("nftables: packets of virtual server groups are not marked: {error}");
        }
        let table = |is_ipv4: bool| {
            let marking =
                wanted.as_ref().filter(|all| all.marks.iter().any(|one| one.first.is_ipv4() == is_ipv4))?;
            Some(marking.table.as_str())
        };
        self.ruleset.watch([table(true), table(false)]);
        self.in_force = wanted;
    }

    /// Takes what a predecessor left for its own.
    pub(super) fn of(marking: Option<Marking>) -> Self {
        Self { in_force: marking, ruleset: Ruleset::default() }
    }
}

/// One transaction from some tables to others.
fn script(old: Option<&Marking>, new: Option<&Marking>) -> String {
    let mut script = String::new();
    for known in old.into_iter().chain(new) {
        for family in ["ip", "ip6"] {
            // To delete a table that may not be there, it is added first.
            let name = &known.table;
            let _ = writeln!(script, "table {family} {name}\ndelete table {family} {name}");
        }
    }
    for (family, kind) in [("ip", "ipv4_addr"), ("ip6", "ipv6_addr")] {
        let Some(marking) = new else { continue };
        let of_family = |one: &&Mark| one.first.is_ipv4() == (family == "ip");
        let (mut maps, mut rules) = (String::new(), String::new());
        for (protocol, name) in [(Protocol::Tcp, "tcp"), (Protocol::Udp, "udp"), (Protocol::Sctp, "sctp")] {
            let marks = marking.marks.iter().filter(of_family).filter(|one| one.protocol == protocol);
            let elements: Vec<String> = marks.map(element).collect();
            if elements.is_empty() {
                continue;
            }
            let elements = elements.join(", ");
            let _ = writeln!(
                maps,
                "map {name}_map {{ type {kind} . inet_service : mark; flags interval; elements = {{ {elements} }}; }}"
            );
            let _ = writeln!(
                rules,
                "meta l4proto {name} meta mark set {family} daddr . {name} dport map @{name}_map counter return"
            );
        }
        if !rules.is_empty() {
            let Marking { table, priority, .. } = marking;
            let _ = writeln!(
                script,
                "table {family} {table} {{\n{maps}chain in {{ type filter hook input priority {priority}; policy accept;\n{rules}}}\n}}"
            );
        }
    }
    script
}

fn element(Mark { first, last, port, mark, .. }: &Mark) -> String {
    let range = |first: &IpAddr, last: &IpAddr| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let port = if *port == 0 { "0-65535".to_owned() } else { port.to_string() };
    format!("{} . {port} : {mark}", range(first, last))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::num::NonZeroU32;

    use super::*;

    /// A scene has `nft` read the same file.
    const GROUPS: &str = include_str!("marking/groups.nft");

    fn mark(protocol: Protocol, first: &str, last: &str, port: u16, mark: u32) -> Mark {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let mark = NonZeroU32::new(mark).expect("not 0");
        Mark { protocol, first: address(first), last: address(last), port, mark }
    }

    #[test]
    fn each_protocol_has_a_map_and_a_rule_in_the_table_of_its_family() {
        let marks = vec![
            mark(Protocol::Tcp, "10.0.0.1", "10.0.0.3", 80, 1000),
            mark(Protocol::Tcp, "fd00::1", "fd00::1", 80, 1000),
            mark(Protocol::Udp, "10.0.0.9", "10.0.0.9", 0, 1001),
        ];
        let marking = Marking { table: "keepalived_ipvs".into(), priority: -1, marks };
        assert_eq!(script(None, Some(&marking)), GROUPS);
        let end = script(Some(&marking), None);
        assert!(GROUPS.starts_with(&end) && end.ends_with("delete table ip6 keepalived_ipvs\n"), "{end}");
    }
}
