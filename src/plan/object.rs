//! What can be wanted in the kernel: addresses, routes and rules under one name, and how they read in the log.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::route::{Network, Position, Route, RouteTable, Way};
use super::rule::{Action, Rule};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Object {
    /// An address on an interface.
    Address(Address),
    /// A route.
    Route(Box<Route>),
    /// A routing policy rule.
    Rule(Box<Rule>),
}

impl Object {
    /// Whether its deletion by somebody else matters.
    pub(crate) fn tracked(&self) -> bool {
        match self {
            Self::Address(address) => address.tracked,
            Self::Route(route) => route.tracked,
            Self::Rule(rule) => rule.tracked,
        }
    }

    /// The same, but its deletion by somebody else matters.
    pub(crate) fn into_tracked(mut self) -> Self {
        match &mut self {
            Self::Address(address) => address.tracked = true,
            Self::Route(route) => route.tracked = true,
            Self::Rule(rule) => rule.tracked = true,
        }
        self
    }

    /// Its kind, as in `static route`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Route(_) => "route",
            Self::Rule(_) => "rule",
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(one) => address(one, f),
            Self::Route(one) => route(one, f),
            Self::Rule(one) => rule(one, f),
        }
    }
}

fn address(one: &Address, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}/{}", one.address, one.prefix)?;
    if let Some(broadcast) = one.broadcast {
        write!(f, " brd {broadcast}")?;
    }
    write!(f, " dev {}", one.interface)?;
    match one.scope {
        0 => f.write_str(" scope global")?,
        200 => f.write_str(" scope site")?,
        253 => f.write_str(" scope link")?,
        254 => f.write_str(" scope host")?,
        255 => f.write_str(" scope nowhere")?,
        number => write!(f, " scope {number}")?,
    }
    if let Some(label) = &one.label {
        write!(f, " label {label}")?;
    }
    if let Some(peer) = one.peer {
        write!(f, " peer {peer}")?;
    }
    match (one.address, one.preferred) {
        (IpAddr::V4(_), _) => Ok(()),
        (IpAddr::V6(_), None) => f.write_str(" preferred_lft forever"),
        (IpAddr::V6(_), Some(seconds)) => write!(f, " preferred_lft {seconds}"),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, bits } = self;
        let is_host = *bits == if address.is_ipv4() { 32 } else { 128 };
        if is_host { write!(f, "{address}") } else { write!(f, "{address}/{bits}") }
    }
}

fn route(one: &Route, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match one.position {
        Position::Prepend => "prepend",
        Position::Add => "add",
        Position::Append => "append",
    })?;
    match one.kind {
        1 => {}
        6 => f.write_str(" blackhole")?,
        7 => f.write_str(" unreachable")?,
        8 => f.write_str(" prohibit")?,
        9 => f.write_str(" throw")?,
        number => write!(f, " type {number}")?,
    }
    match one.to {
        Some(network) => write!(f, " {network}")?,
        None => f.write_str(" default")?,
    }
    if let Some(network) = one.from {
        write!(f, " from {network}")?;
    }
    way(&one.way, f)?;
    match &one.table {
        RouteTable::Number(254) => {}
        RouteTable::Number(number) => write!(f, " table {number}")?,
        RouteTable::Vrf(name) => write!(f, " vrf {name}")?,
    }
    if one.tos != 0 {
        write!(f, " tos {:#x}", one.tos)?;
    }
    write!(f, " proto {}", one.protocol)?;
    if let Some(scope) = one.scope {
        write!(f, " scope {scope}")?;
    }
    if let Some(source) = one.source {
        write!(f, " src {source}")?;
    }
    if let Some(metric) = one.metric {
        write!(f, " metric {metric}")?;
    }
    for hop in &one.hops {
        f.write_str(" nexthop")?;
        way(&hop.way, f)?;
        write!(f, " weight {}", u16::from(hop.more_weight) + 1)?;
    }
    Ok(())
}

fn way(way: &Way, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match way.via {
        Some(IpAddr::V4(via)) => write!(f, " via inet {via}")?,
        Some(IpAddr::V6(via)) => write!(f, " via inet6 {via}")?,
        None => {}
    }
    if let Some(dev) = &way.dev {
        write!(f, " dev {dev}")?;
    }
    if way.onlink { f.write_str(" onlink") } else { Ok(()) }
}

fn rule(one: &Rule, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if one.invert {
        f.write_str("not ")?;
    }
    match one.from {
        Some(network) => write!(f, "from {network}")?,
        None => f.write_str("from all")?,
    }
    if let Some(network) = one.to {
        write!(f, " to {network}")?;
    }
    write!(f, " priority {} tos {:#x}", one.preference, one.tos)?;
    if let Some((mark, mask)) = one.mark {
        write!(f, " fwmark {mark:#x}/{mask:#x}")?;
    }
    if let Some(input) = &one.input {
        write!(f, " iif {input}")?;
    }
    if let Some(output) = &one.output {
        write!(f, " oif {output}")?;
    }
    write!(f, " protocol {}", one.protocol)?;
    match one.action {
        Action::Table { table, .. } => write!(f, " lookup {table}"),
        Action::L3mdev => f.write_str(" l3mdev"),
        Action::Goto(target) => write!(f, " goto {target}"),
        Action::Nop => f.write_str(" nop"),
        Action::Blackhole => f.write_str(" blackhole"),
        Action::Unreachable => f.write_str(" unreachable"),
        Action::Prohibit => f.write_str(" prohibit"),
    }
}
