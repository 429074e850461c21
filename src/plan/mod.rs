//! From the configuration to what each worker does: the only place that sees a parsed block and a core's parameters.
//!
//! What only the running system can answer (is there an `eth0`? what is this host called?) is asked once, in
//! [`System::look`], so that the translation itself is a function of its arguments, and of the key files these name.

pub(crate) mod address;
pub(crate) mod alerts;
pub(crate) mod at_rest;
pub(crate) mod bfd;
pub(crate) mod buffer;
pub(crate) mod checkers;
pub(crate) mod delay;
pub(crate) mod diff;
pub(crate) mod firewall;
mod interfaces;
pub(crate) mod iproute;
pub(crate) mod ipvs;
pub(crate) mod linkbeat;
pub(crate) mod marking;
pub(crate) mod notify;
pub(crate) mod object;
pub(crate) mod packed;
pub(crate) mod process;
pub(crate) mod route;
pub(crate) mod rule;
pub(crate) mod script;
pub(crate) mod setting;
mod signing;
pub(crate) mod standing;
mod tls;
mod track;
pub(crate) mod vmac;
pub(crate) mod vrrp;
pub(crate) mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::LinkMessage;
use parser::config::{Config, Present};
use parser::diag::Diagnostic;

use crate::mirror::{Link, Report};
use crate::netlink;
use crate::notify::mail;

use self::bfd::BfdPlan;
use self::checkers::CheckersPlan;
use self::notify::Occasion;
use self::vrrp::VrrpPlan;

/// What the running system says.
#[derive(Clone, Debug, Default)]
pub(crate) struct System {
    /// The names of the network interfaces.
    pub(crate) interfaces: BTreeSet<String>,
    /// What is known of them, by name.
    pub(crate) links: BTreeMap<String, Link>,
    /// The largest packet each of them takes, in bytes.
    pub(crate) mtus: BTreeMap<String, u32>,
    /// The host's name as `uname -n` prints it.
    pub(crate) node: String,
    /// The login name of the effective user.
    pub(crate) user: String,
}

impl System {
    /// Asks.
    pub(crate) fn look() -> Self {
        let links = links();
        let node = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned());
        Self {
            interfaces: links.keys().cloned().collect(),
            mtus: links.values().map(|link| (link.name.clone(), link.mtu)).collect(),
            links,
            node: node.unwrap_or_default(),
            user: user(),
        }
    }
}

/// The login name of the effective user, or its number.
pub(crate) fn user() -> String {
    let uid = nix::unistd::geteuid();
    let user = nix::unistd::User::from_uid(uid).ok().flatten().map(|user| user.name);
    user.unwrap_or_else(|| uid.to_string())
}

fn links() -> BTreeMap<String, Link> {
    let all =
        netlink::dump_now(RouteNetlinkMessage::GetLink(LinkMessage::default())).unwrap_or_else(|error| {
            tracing::error!("Unable to read the network interfaces: {error}");
            Vec::new()
        });
    let link = |message| match Report::read(message)? {
        Report::Link(link) => Some((link.name.clone(), link)),
        Report::LinkGone { .. } | Report::Address(_) | Report::AddressGone(_) => None,
    };
    all.iter().filter_map(link).collect()
}

/// The host's name up to its first dot: the default of `--config-id`.
pub(crate) fn short_host_name() -> String {
    let name = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_default().split('.').next().unwrap_or_default().to_owned()
}

/// What every worker does, and what the supervisor itself needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The VRRP worker's part.
    pub(crate) vrrp: VrrpPlan,
    /// The checker worker's part.
    pub(crate) checkers: CheckersPlan,
    /// The BFD worker's part.
    pub(crate) bfd: BfdPlan,
    /// Which kinds of blocks the files named.
    present: Present,
    /// `startup_script`
    pub(crate) startup: Option<Occasion>,
    /// `shutdown_script`
    pub(crate) shutdown: Option<Occasion>,
    /// `child_wait_time`: how long workers may take to stop.
    pub(crate) child_wait_time: Duration,
}

impl Plan {
    /// Translates a configuration. What is wrong with it in the light of the running system goes to `complaints`.
    pub(crate) fn new(config: &Config, system: &System, complaints: &mut Vec<Diagnostic>) -> Self {
        let alerts: Option<mail::Settings> = alerts::plan(&config.global, system, complaints);
        let (startup, shutdown) = notify::occasions(config, complaints);
        Self {
            vrrp: vrrp::plan(config, system, alerts.clone(), complaints),
            checkers: checkers::plan(config, system, alerts, complaints),
            bfd: bfd::plan(config),
            present: config.present,
            startup,
            shutdown,
            child_wait_time: config.global.child_wait_time,
        }
    }

    /// Finds what [`Plan::new`] would complain about, without the memory for what is only needed to run.
    pub(crate) fn examine(config: &Config, system: &System, complaints: &mut Vec<Diagnostic>) {
        let (_startup, _shutdown) = notify::occasions(config, complaints);
        vrrp::examine(config, system, complaints);
        checkers::examine(config, system, complaints);
    }
}

/// What becomes of the part of a plan that one block makes, when it has been looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    /// It is run.
    Everything,
    /// It was made only to see whether it can be.
    Nothing,
}

impl Keep {
    /// A list for so many parts.
    fn room<T>(self, count: usize) -> Vec<T> {
        match self {
            Self::Everything => Vec::with_capacity(count),
            Self::Nothing => Vec::new(),
        }
    }

    fn push<T>(self, list: &mut Vec<T>, part: T) {
        match self {
            Self::Everything => list.push(part),
            Self::Nothing => {}
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
