//! Interfaces that the configuration names and the system does not have.
//!
//! Without `dynamic_interfaces` the original does not run VRRP with such a configuration: config-language.md §14.4.

use std::collections::BTreeSet;

use parser::config::{self, Config, DynamicInterfaces, IfName, Located, Prefix, Span};
use parser::diag::{Class, Diagnostic, Outcome, Severity};

use super::System;

/// Says which interfaces are missing, and with `dynamic_interfaces` which are awaited.
pub(super) fn check(config: &Config, system: &System, complaints: &mut Vec<Diagnostic>) {
    let mut search = Search { system, own: own(config), found: Vec::new(), awaited: Vec::new() };
    for line in &config.interface_delays {
        search.idle(&line.interface);
    }
    let lost = search.found.len();
    search.garp_groups(config);
    search.addresses(&config.static_addresses);
    search.default_interface(config);
    search.routes(&config.static_routes);
    search.rules(&config.static_rules);
    for instance in &config.vrrp_instances {
        let name = &instance.name;
        for interface in instance.interface.iter().chain(&instance.vrf) {
            search.object(interface, &format!("for vrrp_instance {name}"));
        }
        search.addresses(&instance.addresses);
        search.addresses(&instance.excluded);
        search.routes(&instance.routes);
        search.rules(&instance.rules);
        search.tracked(name, &instance.tracking);
    }
    for group in &config.sync_groups {
        search.tracked(&group.name, &group.tracking);
    }
    if config.global.dynamic_interfaces != DynamicInterfaces::No {
        let mut told = BTreeSet::new();
        search.awaited.retain(|name| told.insert(name.clone()));
        complaints.extend(search.awaited.into_iter().map(|name| {
            let text = format!(
                "Configuration specifies interface {name} which doesn't currently exist - will use if created"
            );
            Diagnostic::new(Class::Log, None, text)
        }));
        return;
    }
    let is_fatal = search.found.len() > lost;
    complaints.append(&mut search.found);
    if is_fatal {
        let text = "Non-existent interface specified in configuration";
        complaints.push(Diagnostic::new(Class::BadInterface, None, text));
        let help =
            "Create the interface first, correct its name, or set dynamic_interfaces if it comes later";
        complaints.push(Diagnostic::new(Class::Log, None, help));
    }
}

/// The interfaces that the daemon will make itself.
fn own(config: &Config) -> BTreeSet<&str> {
    let vmacs = config.vrrp_instances.iter().filter_map(|one| one.vmac.as_ref()?.name.as_ref());
    let ipvlans = config.vrrp_instances.iter().filter_map(|one| one.ipvlan.as_ref()?.name.as_ref());
    vmacs.chain(ipvlans).map(|name| name.value.as_str()).collect()
}

struct Search<'a> {
    system: &'a System,
    own: BTreeSet<&'a str>,
    found: Vec<Diagnostic>,
    /// The missing ones, as often as they are named.
    awaited: Vec<IfName>,
}

impl Search<'_> {
    fn is_there(&self, interface: &IfName) -> bool {
        let name = interface.as_str();
        self.system.interfaces.contains(name) || self.own.contains(name)
    }

    fn missing(&mut self, interface: &IfName, at: &Span, text: impl FnOnce() -> String) {
        if !self.is_there(interface) {
            self.awaited.push(interface.clone());
            self.found.push(Diagnostic::new(Class::General, Some(at.clone()), text()));
        }
    }

    fn object(&mut self, interface: &Located<IfName>, what: &str) {
        let text = || format!("WARNING - interface {} {what} doesn't exist", interface.value);
        self.missing(&interface.value, &interface.span, text);
    }

    /// A line of `interface_up_down_delays` then has no effect; the daemon runs all the same.
    fn idle(&mut self, interface: &Located<IfName>) {
        if !self.is_there(&interface.value) {
            self.awaited.push(interface.value.clone());
            let text = format!("unknown interface {} specified for up/down delay", interface.value);
            let mut diagnostic = Diagnostic::new(Class::Fatal, Some(interface.span.clone()), text);
            diagnostic.severity = Severity::Error;
            diagnostic.outcome = Some(Outcome::Ignored);
            self.found.push(diagnostic);
        }
    }

    fn garp_groups(&mut self, config: &Config) {
        for interface in config.garp_groups.iter().flat_map(|group| &group.interfaces) {
            self.object(interface, "specified for garp_group");
        }
    }

    fn addresses(&mut self, addresses: &[config::Address]) {
        for address in addresses {
            if let Some(interface) = &address.dev {
                self.object(interface, &format!("for ip address {}", shown(&address.prefix)));
            }
        }
    }

    /// Static addresses that name no interface belong to the default one.
    fn default_interface(&mut self, config: &Config) {
        const USUAL: &str = "eth0";
        let default = config.global.default_interface.as_ref().map_or(USUAL, |name| name.value.as_str());
        if self.system.interfaces.contains(default) || self.own.contains(default) {
            return;
        }
        for address in config.static_addresses.iter().filter(|address| address.dev.is_none()) {
            let text = format!(
                "Static address {} requires either an interface or default interface must exist",
                shown(&address.prefix)
            );
            self.found.push(Diagnostic::new(Class::Fatal, Some(address.span.clone()), text));
        }
    }

    fn routes(&mut self, routes: &[config::Route]) {
        for route in routes {
            let hops = route.next_hops.iter().filter_map(|hop| hop.dev.as_ref());
            for interface in route.dev.iter().chain(hops) {
                self.object(interface, "for VROUTE nexthop");
            }
        }
    }

    fn rules(&mut self, rules: &[config::Rule]) {
        for rule in rules {
            for interface in rule.selector.input.iter().chain(&rule.selector.output) {
                self.object(interface, "for rule");
            }
        }
    }

    fn tracked(&mut self, name: &str, tracking: &config::Tracking) {
        for line in &tracking.interfaces {
            let text = || format!("({name}) tracked interface {} doesn't exist", line.what);
            self.missing(&line.what, &line.span, text);
        }
    }
}

/// An address as people write it: without the length that goes without saying.
fn shown(prefix: &Prefix) -> String {
    let whole = if prefix.addr.is_ipv4() { 32 } else { 128 };
    if prefix.len == whole { prefix.addr.to_string() } else { prefix.to_string() }
}

#[cfg(test)]
mod tests;
