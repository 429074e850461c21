//! What can be wanted in the kernel: addresses, routes and rules under one name, and how they read in the log.

mod words;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::route::{Network, Route};
use super::rule::Rule;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Object {
    /// An address on an interface.
    Address(Arc<Address>),
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
            Self::Address(address) if address.tracked => {}
            Self::Address(address) => Arc::make_mut(address).tracked = true,
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
            Self::Route(one) => one.fmt(f),
            Self::Rule(one) => one.fmt(f),
        }
    }
}

fn address(one: &Address, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}/{}", one.address, one.prefix)?;
    if let Some(broadcast) = one.broadcast() {
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
    if let Some(label) = one.label() {
        write!(f, " label {label}")?;
    }
    if let Some(peer) = one.peer() {
        write!(f, " peer {peer}")?;
    }
    match (one.address, one.preferred()) {
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
