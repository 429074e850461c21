//! Gathers what the examination is about. Nothing is changed; only asking for IPVS and for the firewall's rules may make
//! the kernel load them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use ipvs::{Error, Handle, ServiceId};
use vrrp::params::Transport;

use super::facts::{Daemon, Facts, Mistakes, Table};
use super::marks;
use super::modules::Modules;
use crate::capability;
use crate::plan::Plan;
use crate::plan::object::Object;
use crate::plan::vrrp::VrrpPlan;
use crate::realserver::host;
use crate::unusable::Unusable;

/// What the examination begins with.
pub(super) struct Question {
    /// The configuration's file.
    pub(super) file: String,
    /// What is wrong with it.
    pub(super) mistakes: Mistakes,
    /// What it means.
    pub(super) plan: Plan,
    /// Where the daemon keeps its number.
    pub(super) pid_file: PathBuf,
    /// Addresses of directors from the command line.
    pub(super) directors: Vec<IpAddr>,
}

/// Looks. The error says what could not be seen.
pub(super) async fn look(question: Question) -> Result<Facts, String> {
    let Question { file, mistakes, plan, pid_file, directors } = question;
    let host =
        host::look().await.map_err(|error| format!("The network of this host cannot be read: {error}"))?;
    let virtual_addresses =
        plan.vrrp.instances.iter().flat_map(|router| router.addresses.iter().chain(&router.excluded));
    let virtual_addresses = virtual_addresses.map(|one| one.address).collect();
    let own_addresses = own_addresses(&plan.vrrp);
    let services = plan.checkers.services;
    let table = table(plan.checkers.table.namespace.as_deref()).await;
    let modules = Modules::look();
    let schedulers =
        services.iter().flat_map(|service| &service.kernel.services).filter_map(|service| service.scheduler);
    let mut missing_schedulers: BTreeSet<String> = schedulers.map(|name| name.to_string()).collect();
    missing_schedulers.retain(|name| modules.lacks(&format!("ip_vs_{name}")));
    let mut ids = services.iter().flat_map(|service| &service.kernel.services).map(|service| service.id);
    let is_marked = ids.any(|id| matches!(id, ServiceId::FwMark { .. }));
    Ok(Facts {
        file,
        mistakes,
        services,
        virtual_addresses,
        own_addresses,
        host,
        directors,
        table,
        missing_schedulers,
        modules,
        ipvs_rules: has_ipvs_rules(),
        marks: is_marked.then(marks::look),
        daemon: daemon(&pid_file),
    })
}

/// What directors are called by themselves, one after the other.
fn own_addresses(plan: &VrrpPlan) -> Vec<IpAddr> {
    let params = || plan.instances.iter().map(|router| &router.params);
    let peers = params().flat_map(|params| match &params.transport {
        Transport::Unicast { peers, .. } => peers.as_slice(),
        Transport::Multicast { .. } => &[],
    });
    let standing = plan.standing.objects.iter().filter_map(|object| match object {
        Object::Address(address) => Some(address.address),
        Object::Route(_) | Object::Rule(_) => None,
    });
    let sources = params().filter_map(|params| params.source);
    sources.chain(peers.map(|peer| peer.address)).chain(standing).collect()
}

async fn table(namespace: Option<&Path>) -> Table {
    let read = async {
        let mut handle = match namespace {
            Some(path) => Handle::open_in(File::open(path).map_err(Error::Socket)?.as_fd()).await?,
            None => Handle::open().await?,
        };
        handle.settled_table().await
    };
    match read.await {
        Ok(table) => Table::Read(table),
        Err(Error::NoModule) => Table::NoModule,
        Err(error) => Table::Unreadable(Unusable::from(error).advice()),
    }
}

fn daemon(pid_file: &Path) -> Option<Daemon> {
    let pid: u32 = fs::read_to_string(pid_file).ok()?.trim().parse().ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(Daemon { pid, net_admin: !capability::status_lacks_net_admin(&status) })
}

/// Each rule with `-m ipvs` holds the module of that match, whichever network namespace it is in. A kernel that has the
/// match built in does not tell.
fn has_ipvs_rules() -> bool {
    let holders = fs::read_to_string("/sys/module/xt_ipvs/refcnt");
    holders.is_ok_and(|text| text.trim().parse().is_ok_and(|count: u32| count > 0))
}
