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
    let loaded = Modules::look();
    let schedulers =
        services.iter().flat_map(|service| &service.kernel.services).filter_map(|service| service.scheduler);
    let mut missing_schedulers: BTreeSet<String> = schedulers.map(|name| name.to_string()).collect();
    missing_schedulers.retain(|name| loaded.lacks(&format!("ip_vs_{name}")));
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

/// The kernel's modules: those it has, and those it could load.
#[derive(Debug, Default)]
struct Modules {
    /// The names of those that are loaded or built in, as far as they show.
    present: BTreeSet<String>,
    /// Whether the modules that could be loaded were found where they usually are.
    complete: bool,
    /// `/proc/kallsyms`, which has the functions of those that are built in and do not show otherwise.
    symbols: String,
}

impl Modules {
    fn look() -> Self {
        let release = nix::sys::utsname::uname().map(|name| name.release().to_owned()).unwrap_or_default();
        let release = Path::new("/lib/modules").join(release);
        let mut present = BTreeSet::new();
        let loaded = fs::read_to_string("/proc/modules").unwrap_or_default();
        present.extend(loaded.lines().filter_map(|line| line.split_whitespace().next()).map(String::from));
        let complete = release.join("modules.dep").exists();
        for file in ["modules.builtin", "modules.dep"] {
            let text = fs::read_to_string(release.join(file)).unwrap_or_default();
            present.extend(text.lines().filter_map(module_name));
        }
        let symbols = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
        Self { present, complete, symbols }
    }

    /// Whether a module is certainly missing. A system that does not show what it has is given the benefit of the doubt.
    fn lacks(&self, module: &str) -> bool {
        self.complete && !self.present.contains(module) && !self.symbols.contains(&format!(" {module}_"))
    }
}

/// The name of the module that a line of `modules.dep` or `modules.builtin` is about.
fn module_name(line: &str) -> Option<String> {
    let path = line.split(':').next()?;
    let name = path.rsplit('/').next()?.split(".ko").next()?;
    (!name.is_empty()).then(|| name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_missing_only_where_modules_are_known() {
        let mut modules = Modules::default();
        assert!(!modules.lacks("ip_vs_mh"));
        modules.present.insert("ip_vs_rr".into());
        assert!(!modules.lacks("ip_vs_mh"));
        modules.complete = true;
        assert!(modules.lacks("ip_vs_mh") && !modules.lacks("ip_vs_rr"));
        modules.symbols = "0000000000000000 t ip_vs_mh_schedule\n".into();
        assert!(!modules.lacks("ip_vs_mh"));
    }

    #[test]
    fn modules_are_named_by_their_files() {
        let line = "kernel/net/netfilter/ipvs/ip_vs_wlc.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz";
        assert_eq!(module_name(line).as_deref(), Some("ip_vs_wlc"));
        assert_eq!(module_name("kernel/net/ip-tunnel.ko").as_deref(), Some("ip_tunnel"));
    }
}
