//! Rule lines to routing policy rules, with every name made a number.

use parser::config::{self, RuleAction};
use parser::diag::Class;
use serde::{Deserialize, Serialize};
use vrrp::Family;

use super::iproute::{Names, Table};
use super::route::{Network, family, field, network, realms};

/// A routing policy rule. The numbers are the kernel's (rtnetlink(7)). Equal in every field, it is the same rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// IPv4 or IPv6.
    pub(crate) family: Family,
    /// Rules are tried in this order.
    pub(crate) preference: u32,
    /// It matches when the rest does not.
    pub(crate) invert: bool,
    /// Source.
    pub(crate) from: Option<Network>,
    /// Destination.
    pub(crate) to: Option<Network>,
    /// Type of service.
    pub(crate) tos: u8,
    /// Firewall mark and its mask.
    pub(crate) mark: Option<(u32, u32)>,
    /// The interface a packet came by.
    pub(crate) input: Option<String>,
    /// The interface a socket is bound to.
    pub(crate) output: Option<String>,
    /// Tunnel key.
    pub(crate) tunnel: Option<u64>,
    /// User numbers, both ends included.
    pub(crate) uids: Option<(u32, u32)>,
    /// Protocol over IP.
    pub(crate) ip_protocol: Option<u8>,
    /// Source ports, both ends included.
    pub(crate) source_ports: Option<(u16, u16)>,
    /// Destination ports, both ends included.
    pub(crate) destination_ports: Option<(u16, u16)>,
    /// What it does.
    pub(crate) action: Action,
    /// RTPROT_….
    pub(crate) protocol: u8,
    /// Whether its deletion by somebody else matters.
    pub(crate) tracked: bool,
}

/// What a rule does with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Action {
    /// Look in this table.
    Table {
        /// Its number.
        table: u32,
        /// Ignore routes with so many bits or fewer.
        suppress_bits: Option<u32>,
        /// Ignore routes by interfaces of this group.
        suppress_group: Option<u32>,
        /// Both realms in one number.
        realms: Option<u32>,
    },
    /// Look in the table of the layer-3 master device.
    L3mdev,
    /// Go on at this preference.
    Goto(u32),
    /// Nothing.
    Nop,
    /// Drop silently.
    Blackhole,
    /// Drop with "unreachable".
    Unreachable,
    /// Drop with "prohibited".
    Prohibit,
}

impl Rule {
    /// Interfaces it names.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = &String> {
        self.input.iter().chain(&self.output)
    }
}

/// Those that can be made; the others are told.
pub(super) fn all(
    lines: &[config::Rule],
    names: &Names,
    complain: &mut impl FnMut(Class, String),
) -> Vec<Rule> {
    let one = |line: &config::Rule| match translate(line, names) {
        Ok(rule) => Some(rule),
        Err(reason) => {
            complain(Class::General, format!("rule {} {reason} - ignoring it", line.preference));
            None
        }
    };
    lines.iter().filter_map(one).collect()
}

/// Translates a line.
///
/// # Errors
/// What is wrong with it, to follow the preference in a message.
pub(super) fn translate(line: &config::Rule, names: &Names) -> Result<Rule, String> {
    let selector = &line.selector;
    let name = |interface: &config::Located<config::IfName>| interface.value.to_string();
    Ok(Rule {
        family: family(line.family),
        preference: line.preference,
        invert: selector.invert,
        from: selector.from.map(network),
        to: selector.to.map(network),
        tos: field(names, Table::Tos, selector.tos.as_ref(), "type of service")?.unwrap_or(0),
        mark: selector.fwmark,
        input: selector.input.as_ref().map(name),
        output: selector.output.as_ref().map(name),
        tunnel: selector.tunnel_id,
        uids: selector.uids,
        ip_protocol: field(names, Table::IpProtocols, selector.ip_protocol.as_ref(), "IP protocol")?,
        source_ports: selector.source_ports,
        destination_ports: selector.destination_ports,
        action: match &line.action {
            RuleAction::Table { table, suppress_prefix_length, suppress_group, realms: realm } => {
                Action::Table {
                    table: names.number(Table::Routes, table).ok_or("has an unknown routing table")?,
                    suppress_bits: *suppress_prefix_length,
                    suppress_group: field(names, Table::Groups, suppress_group.as_ref(), "interface group")?,
                    realms: realm.as_ref().map(|realm| realms(realm, names)).transpose()?,
                }
            }
            RuleAction::L3mdev => Action::L3mdev,
            RuleAction::Goto(target) => Action::Goto(*target),
            RuleAction::Nop => Action::Nop,
            RuleAction::Blackhole => Action::Blackhole,
            RuleAction::Unreachable => Action::Unreachable,
            RuleAction::Prohibit => Action::Prohibit,
        },
        protocol: line.protocol,
        tracked: line.track,
    })
}
