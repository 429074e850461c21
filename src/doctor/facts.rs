//! What an examination starts from, and what it comes to.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipvs::ServiceSpec;
use serde::Serialize;

use super::marks::Marks;
use super::modules::Modules;
use crate::plan::checkers::Service;
use crate::realserver::duty::duties;
use crate::realserver::host::Host;

/// Something that keeps traffic away, or will.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What kind of thing it is; programs may rely on it.
    pub(crate) id: &'static str,
    /// What was found.
    pub(crate) what: String,
    /// What it does to traffic.
    pub(crate) why: String,
    /// The command that mends it. A word in capitals is for the reader to fill in.
    pub(crate) mend: String,
}

/// What is known of the kernel's table.
#[derive(Clone, Debug)]
pub(crate) enum Table {
    /// What is in it.
    Read(Vec<ServiceSpec>),
    /// The kernel has no IPVS.
    NoModule,
    /// It cannot be told; this says what to do.
    Unreadable(String),
}

/// The daemon of this configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Daemon {
    /// The supervisor's process.
    pub(crate) pid: u32,
    /// Whether it may change addresses and the table.
    pub(crate) net_admin: bool,
}

/// What the examination came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Examination {
    /// What is wrong.
    pub(crate) findings: Vec<Finding>,
    /// What was not examined, though it may be wrong: sentences without their full stop.
    pub(crate) notes: Vec<String>,
}

/// Everything that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The file, as it was named.
    pub(crate) file: String,
    /// What of it is ignored or replaced on any host, and on this one.
    pub(crate) mistakes: Mistakes,
    /// The virtual servers of the configuration.
    pub(crate) services: Vec<Service>,
    /// What virtual routers hold while they are master.
    pub(crate) virtual_addresses: Vec<IpAddr>,
    /// Addresses of the directors themselves: where adverts come from and go to, and `static_ipaddress`.
    pub(crate) own_addresses: Vec<IpAddr>,
    /// The host.
    pub(crate) host: Host,
    /// The addresses by which the directors are known to this host, from the command line.
    pub(crate) directors: Vec<IpAddr>,
    /// The kernel's table, on a director.
    pub(crate) table: Table,
    /// Schedulers that the kernel cannot have.
    pub(crate) missing_schedulers: BTreeSet<String>,
    /// What the kernel has and could load.
    pub(super) modules: Modules,
    /// Whether rules of netfilter match connections of IPVS (`-m ipvs`).
    pub(crate) ipvs_rules: bool,
    /// What rules of netfilter make of packet marks; looked at only if a virtual server is known by one.
    pub(crate) marks: Option<Marks>,
    /// The running daemon.
    pub(crate) daemon: Option<Daemon>,
}

/// Messages about the configuration, as the daemon logs them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mistakes {
    /// In the text.
    pub(crate) anywhere: Vec<String>,
    /// In the light of this host's interfaces, users and programs.
    pub(crate) here: Vec<String>,
}

/// What a host is to a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Roles {
    /// It spreads connections.
    pub(crate) director: bool,
    /// It answers them.
    pub(crate) real_server: bool,
}

impl Roles {
    /// A host that no `real_server` names is a director; one that is named is one too if it runs the daemon.
    pub(crate) fn of(services: &[Service], host: &Host, daemon: Option<Daemon>) -> Self {
        let real_server = !duties(services, |address| host.holder(address).is_some()).is_empty();
        Self { director: daemon.is_some() || !real_server, real_server }
    }
}
