//! Static addresses, routes and rules, and whom they concern besides.

use std::collections::BTreeSet;
use std::sync::Arc;

use parser::config::{self, Config};
use parser::diag::{Class, Diagnostic};

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::buffer::Buffers;
use super::firewall::{self, Firewall};
use super::iproute::Names;
use super::linkbeat::Polled;
use super::object::Object;
use super::setting::Setting;
use super::vmac::{self, Vmac};
use super::{System, address, route, rule};

/// What the system has as long as the configuration says so, whoever is master.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// `static_ipaddress`, `static_routes` and `static_rules`, in this order.
    pub(crate) objects: Vec<Object>,
    /// `use_vmac`, `use_vmac_addr` and `use_ipvlan`.
    pub(crate) vmacs: Vec<Vmac>,
    /// Kernel parameters.
    pub(crate) settings: Vec<Setting>,
    /// Packet filter.
    pub(crate) firewall: Option<Firewall>,
    /// `linkbeat_interfaces`
    pub(crate) polled: Vec<Polled>,
    /// Receive buffers.
    pub(crate) buffers: Buffers,
}

impl Standing {
    /// The static addresses among its objects.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.objects.iter().filter_map(|object| match object {
            Object::Address(address) => Some(&**address),
            Object::Route(_) | Object::Rule(_) => None,
        })
    }
}

/// The interface of static addresses when nothing names one.
const DEFAULT_INTERFACE: &str = "eth0";

/// Translates.
pub(super) fn plan(
    config: &Config,
    system: &System,
    names: &Names,
    vmacs: Vec<Vmac>,
    polled: Vec<Polled>,
    any_closed: bool,
    complaints: &mut Vec<Diagnostic>,
) -> Standing {
    let mut settings = settings(config);
    settings.extend(vmac::base_settings(&vmacs, system));
    Standing {
        objects: objects(config, names, complaints),
        firewall: firewall::plan(config, &vmacs, any_closed, complaints),
        vmacs,
        settings,
        polled,
        buffers: Buffers::of_vrrp(&config.global),
    }
}

fn settings(config: &Config) -> Vec<Setting> {
    let promoting = config.vrrp_instances.iter().filter(|instance| instance.promote_secondaries);
    let interfaces: BTreeSet<&str> =
        promoting.flat_map(|one| &one.interface).map(|name| name.value.as_str()).collect();
    let mut settings: Vec<Setting> =
        interfaces.into_iter().map(|name| Setting::of("ipv4", name, "promote_secondaries", 1)).collect();
    if config.global.disable_local_igmp {
        let key = "net/ipv4/igmp_link_local_mcast_reports".to_owned();
        settings.push(Setting { key, value: "0".to_owned() });
    }
    settings
}

fn objects(config: &Config, names: &Names, complaints: &mut Vec<Diagnostic>) -> Vec<Object> {
    let default = config.global.default_interface.as_ref();
    let default = default.map_or(DEFAULT_INTERFACE, |name| name.value.as_str());
    let mut complain = |class, text: String| complaints.push(Diagnostic::new(class, None, text));
    let mut objects = Vec::new();
    for line in &config.static_addresses {
        match address::translate(line, Some(default), names) {
            Ok(address) => objects.push(Object::Address(Arc::new(address))),
            Err(reason) => complain(Class::General, format!("{} {reason} - ignoring it", line.prefix)),
        }
    }
    let routes = route::all(&config.static_routes, names, &mut complain);
    objects.extend(routes.into_iter().map(|route| Object::Route(Box::new(route))));
    let rules = rule::all(&config.static_rules, names, &mut complain);
    objects.extend(rules.into_iter().map(|rule| Object::Rule(Box::new(rule))));
    objects
}

/// The interfaces that the static objects which a virtual router watches by a `track_group` cannot be without.
pub(super) fn watched_by(instance: &config::VrrpInstance, config: &Config) -> Vec<String> {
    let name = |dev: &config::Located<config::IfName>| dev.value.to_string();
    let addresses =
        config.static_addresses.iter().map(|one| (one.track_group, one.dev.as_deref().into_iter().collect()));
    let routes = config.static_routes.iter().map(|one| (one.track_group, one.dev.iter().collect()));
    let rules = config.static_rules.iter().map(|one| {
        let devs = one.selector.input.iter().chain(&one.selector.output);
        (one.track_group, devs.collect())
    });
    let is_watched = |group: Option<usize>| {
        let group = group.and_then(|index| config.track_groups.get(index));
        let members = group.into_iter().flat_map(|group| &group.members);
        members.filter_map(|index| config.vrrp_instances.get(*index)).any(|one| one.name == instance.name)
    };
    let all: Vec<(Option<usize>, Vec<_>)> = addresses.chain(routes).chain(rules).collect();
    all.into_iter().filter(|(group, _)| is_watched(*group)).flat_map(|(_, devs)| devs).map(name).collect()
}
