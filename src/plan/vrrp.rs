//! The VRRP worker's plan, from the blocks that concern it.

mod instance;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parser::config::{self, Config};
use parser::diag::Diagnostic;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use vrrp::Params;
use vrrp::track::Object as Thing;

use self::instance::{Around, translate};
use super::address::Address;
use super::delay::{self, Delay};
use super::firewall::Closed;
use super::iproute::Names;
use super::ipvs;
use super::linkbeat;
use super::notify::{self, Fifo, Scope, Scripts};
use super::object::Object;
use super::route::Route;
use super::rule::Rule;
use super::script::Vetting;
use super::standing::{self, Standing};
use super::vmac::{Kind, Workshop};
use super::watch::{self, Watched};
use super::{Keep, System};
use crate::notify::mail;

/// What the VRRP worker does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VrrpPlan {
    /// Who is told by mail.
    pub(crate) alerts: Option<mail::Settings>,
    /// Without `no_email_faults`: they are told of faults, too.
    pub(crate) mails_faults: bool,
    /// What it watches for them.
    pub(crate) watched: Watched,
    /// The FIFOs it writes to.
    pub(crate) fifos: Vec<Fifo>,
    /// `fifo_write_vrrp_states_on_reload`
    pub(crate) repeat_states: bool,
    /// The virtual routers, in the order of the file.
    pub(crate) instances: Vec<Instance>,
    /// The sync groups, in the order of the file.
    pub(crate) groups: Vec<Group>,
    /// What stands while the configuration does.
    pub(crate) standing: Standing,
    /// `lvs_sync_daemon` of an instance: its name, and the daemon as the master's.
    pub(crate) sync_daemon: Option<(String, ::ipvs::Daemon)>,
    /// `net_namespace_ipvs`: the network namespace of that daemon, if it is another than this one's.
    pub(crate) ipvs_namespace: Option<PathBuf>,
    /// `interface_up_down_delays`, by name of the interface.
    pub(crate) delays: BTreeMap<String, Delay>,
    /// How long the first elections wait.
    pub(crate) head_start: HeadStart,
    /// `log_unknown_vrids`.
    pub(crate) log_unknown_vrids: bool,
    /// `vrrp_garp_interval`, `vrrp_gna_interval` and `garp_group`.
    pub(crate) spacing: Spacing,
}

/// For how long others may speak before this one listens; the longer of the two counts, zero is not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeadStart {
    /// `vrrp_startup_delay`: after the start of this program.
    pub(crate) of_program: Duration,
    /// `vrrp_delay_after_boot`: after the start of the machine.
    pub(crate) of_machine: Duration,
}

/// How far apart announcements are kept; zero is not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spacing {
    /// Of every interface that is in none of the groups, on its own.
    pub(crate) each: Space,
    /// Interfaces that share one space.
    pub(crate) groups: Vec<(Space, Vec<String>)>,
}

/// The space between two frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Space {
    /// Of gratuitous ARP.
    pub(crate) arp: Duration,
    /// Of neighbour advertisements.
    pub(crate) na: Duration,
}

impl VrrpPlan {
    /// Whether it has programs run.
    pub(crate) fn has_scripts(&self) -> bool {
        let scripts =
            self.instances.iter().map(|one| &one.scripts).chain(self.groups.iter().map(|one| &one.scripts));
        !self.watched.scripts.is_empty()
            || scripts.into_iter().any(|scripts| *scripts != Scripts::default())
            || self.fifos.iter().any(|fifo| fifo.script.is_some())
    }

    /// All that it may put into the kernel, in the order in which it is deleted.
    pub(crate) fn objects(&self) -> Vec<Object> {
        let instances = self.instances.iter().flat_map(|instance| instance.objects().into_iter().rev());
        instances.chain(self.standing.objects.iter().rev().cloned()).collect()
    }
}

/// One virtual router and what it does to the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// The election.
    pub(crate) params: Arc<Params>,
    /// `virtual_ipaddress`.
    pub(crate) addresses: Vec<Arc<Address>>,
    /// `virtual_ipaddress_excluded`: held like the others, but not in the adverts.
    pub(crate) excluded: Vec<Arc<Address>>,
    /// `virtual_routes`.
    pub(crate) routes: Vec<Route>,
    /// `virtual_rules`.
    pub(crate) rules: Vec<Rule>,
    /// Addresses that packets are neither sent to nor from while it is master (`no_accept`).
    pub(crate) closed: BTreeSet<Closed>,
    /// What it adds to the receive buffer of its socket, in bytes: `kernel_rx_buf_size`, or by `vrrp_rx_bufs_policy`.
    pub(crate) receive_buffer: Option<u32>,
    /// `track_src_ip`: it is in FAULT while its configured source address is not on this machine.
    pub(crate) needs_source: bool,
    /// The interface whose address adverts leave from, if none is configured: below a VMAC in IPv4.
    pub(crate) speaks_as: Option<String>,
    /// The other interfaces that `garp_extra_if` is about: VMACs, or with `all` any.
    pub(crate) elsewhere: BTreeSet<SmolStr>,
    /// Interfaces among those it watches that the daemon makes. What bears the name and is something else is not its interface.
    pub(crate) made: BTreeMap<String, Kind>,
    /// Who is told of its changes by scripts.
    pub(crate) scripts: Scripts,
    /// `notify_priority_changes`
    pub(crate) tells_priority: bool,
    /// `smtp_alert`.
    pub(crate) smtp_alert: bool,
    /// Report DELETED instead of FAULT when a reload removes it.
    pub(crate) report_deleted: bool,
}

impl Instance {
    /// All it holds as master, in the order in which it is added.
    pub(crate) fn objects(&self) -> Vec<Object> {
        let addresses = self.addresses.iter().chain(&self.excluded).cloned().map(Object::Address);
        let routes = self.routes.iter().cloned().map(|route| Object::Route(Box::new(route)));
        let rules = self.rules.iter().cloned().map(|rule| Object::Rule(Box::new(rule)));
        addresses.chain(routes).chain(rules).collect()
    }

    /// The interfaces that it speaks and listens on.
    pub(crate) fn places(&self) -> impl Iterator<Item = &String> {
        self.params.interface.iter().chain(&self.speaks_as)
    }

    /// The interfaces it watches.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = &String> {
        self.params.track.iter().filter_map(|tracked| match &tracked.object {
            Thing::Interface(name) => Some(name),
            Thing::Script(_) | Thing::File(_) | Thing::Process(_) | Thing::Bfd(_) => None,
        })
    }
}

/// A sync group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// Its members, as indexes into the instances of the plan; never empty.
    pub(crate) members: Vec<usize>,
    /// Who is told of its changes by scripts.
    pub(crate) scripts: Scripts,
    /// `smtp_alert`.
    pub(crate) smtp_alert: bool,
}

/// Translates; what is wrong in the light of the running system goes to `complaints`.
pub(super) fn plan(
    config: &Config,
    system: &System,
    alerts: Option<mail::Settings>,
    complaints: &mut Vec<Diagnostic>,
) -> VrrpPlan {
    assemble(config, system, alerts, Keep::Everything, complaints)
}

/// Finds what is wrong, as [`plan`] does, and keeps nothing else.
pub(super) fn examine(config: &Config, system: &System, complaints: &mut Vec<Diagnostic>) {
    assemble(config, system, None, Keep::Nothing, complaints);
}

fn assemble(
    config: &Config,
    system: &System,
    alerts: Option<mail::Settings>,
    keep: Keep,
    complaints: &mut Vec<Diagnostic>,
) -> VrrpPlan {
    super::interfaces::check(config, system, complaints);
    let names = Names::of(&config.global);
    let mut workshop = Workshop::new(config, system, &names);
    let mut vetting = Vetting::new(&config.global);
    let watched = watch::plan(config, &mut vetting);
    let mut around = Around { config, system, names: &names, workshop: &mut workshop, watched: &watched };
    let mut instances = keep.room(config.vrrp_instances.len());
    let mut any_closed = false;
    let mut watched_links = BTreeSet::new();
    for instance in &config.vrrp_instances {
        let Some(planned) = translate(instance, &mut around, &mut vetting, complaints) else { continue };
        any_closed |= !planned.closed.is_empty();
        watched_links.extend(planned.interfaces().cloned());
        keep.push(&mut instances, planned);
    }
    let vmacs = workshop.finish();
    let polled = linkbeat::plan(config, system, &watched_links, &vmacs, complaints);
    let standing = standing::plan(config, system, &names, vmacs, polled, any_closed, complaints);
    let groups = groups(config, &instances, &mut vetting);
    let fifos = if config.present.vrrp {
        let own = config.global.vrrp_notify_fifo.as_ref();
        notify::fifos(config, own, Scope::Vrrp, !config.present.checkers, &mut vetting)
    } else {
        Vec::new()
    };
    vetting.finish("scripts", complaints);
    VrrpPlan {
        alerts,
        mails_faults: !config.global.mail.no_faults,
        watched,
        fifos,
        repeat_states: config.global.fifo_write_vrrp_states_on_reload,
        groups,
        instances,
        delays: delay::plan(config, &standing.vmacs),
        standing,
        sync_daemon: ipvs::deciding(config),
        ipvs_namespace: ipvs::namespace(&config.global),
        head_start: HeadStart {
            of_program: config.global.vrrp_startup_delay,
            of_machine: config.global.vrrp_delay_after_boot,
        },
        log_unknown_vrids: config.global.log_unknown_vrids,
        spacing: Spacing {
            each: Space { arp: config.global.garp_interval, na: config.global.gna_interval },
            groups: config.garp_groups.iter().map(space_of_group).collect(),
        },
    }
}

fn space_of_group(group: &config::GarpGroup) -> (Space, Vec<String>) {
    let interfaces = group.interfaces.iter().map(|name| name.value.to_string()).collect();
    (Space { arp: group.garp_interval, na: group.gna_interval }, interfaces)
}

/// The groups without the instances that were left out.
fn groups(config: &Config, instances: &[Instance], vetting: &mut Vetting<'_>) -> Vec<Group> {
    let place = |member: &usize| {
        let name = &config.vrrp_instances.get(*member)?.name;
        instances.iter().position(|instance| instance.params.name == *name)
    };
    let group = |group: &config::SyncGroup| Group {
        name: group.name.clone(),
        members: group.members.iter().filter_map(place).collect(),
        scripts: Scripts::plan(&group.notify, vetting),
        smtp_alert: group.smtp_alert,
    };
    config.sync_groups.iter().map(group).filter(|group| !group.members.is_empty()).collect()
}

#[cfg(test)]
mod tests;
