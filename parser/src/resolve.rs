//! Blocks to configuration: what each may still assume from others, and what they must not say together.
//!
//! A block is valid alone when it comes here. Now defaults are filled in, from global settings first and built-in ones
//! second, names become indexes, and contradictions are settled as the original settles them.

mod check;
mod global;
mod group;
mod server;
mod track;
mod tracking;
mod vrrp;

use crate::block::root::Root;
use crate::config::{Config, Located, Present, Span};
use crate::diag::{Class, Diagnostic};
use crate::keyword::{Lines, Nested, Slot};

/// Collects messages while blocks become configuration.
#[derive(Debug, Default)]
pub(crate) struct Complaints(pub(crate) Vec<Diagnostic>);

impl Complaints {
    /// A mistake of the whole configuration or of a block that is read to its end: no place.
    pub(crate) fn general(&mut self, text: impl Into<String>) {
        self.0.push(Diagnostic::new(Class::General, None, text));
    }

    pub(crate) fn at(&mut self, span: &Span, text: impl Into<String>) {
        self.0.push(Diagnostic::new(Class::General, Some(span.clone()), text));
    }

    pub(crate) fn class(&mut self, class: Class, text: impl Into<String>) {
        self.0.push(Diagnostic::new(class, None, text));
    }

    /// A mistake with which the daemon does not run.
    pub(crate) fn fatal(&mut self, text: impl Into<String>) {
        self.0.push(Diagnostic::new(Class::General, None, text).fatal());
    }
}

/// What was said, its place forgotten.
pub(crate) fn said<T>(slot: Slot<T>) -> Option<T> {
    slot.map(|said| said.value)
}

/// What was said, and it stays.
pub(crate) fn value<T: Clone>(slot: &Slot<T>) -> Option<T> {
    slot.as_ref().map(|said| said.value.clone())
}

/// Resolves everything the files said.
pub(crate) fn resolve(root: Root, present: Present, complaints: &mut Complaints) -> Config {
    let mut config = Config { present, ..Config::default() };
    let child_wait_time = root.child_wait_time().0;
    let mut globals = Nested::all(root.global_defs);
    let defs = match globals.len() {
        0 | 1 => globals.pop_front().map(|said| said.value).unwrap_or_default(),
        _ => global::merge(globals.into_iter().map(|said| said.value)),
    };
    config.global = global::resolve(&defs, complaints);
    let global = &mut config.global;
    global.child_wait_time = child_wait_time;
    global.net_namespace = root.net_namespace.map(|said| *said);
    global.net_namespace_ipvs =
        root.net_namespace_ipvs.map(|said| Located { value: said.value.0, span: said.span });
    global.namespace_with_ipsets = root.namespace_with_ipsets.is_some();
    global.use_pid_dir =
        root.use_pid_dir.is_some() || global.net_namespace.is_some() || root.instance.is_some();
    global.instance = said(root.instance);
    global.linkbeat_use_polling = root.linkbeat_use_polling.is_some();

    config.linkbeat = Lines::all(root.linkbeat_interfaces);
    config.interface_delays = Lines::all(root.interface_up_down_delays);
    config.bfd_instances = track::bfds(Nested::all(root.bfd_instance), complaints);
    config.track_files = track::files(Nested::all(root.track_file));
    config.track_processes = track::processes(Nested::all(root.vrrp_track_process));
    config.scripts = track::scripts(Nested::all(root.vrrp_script));
    config.garp_groups = track::garp_groups(Nested::all(root.garp_group));

    let sync_groups = Nested::all(root.vrrp_sync_group);
    let from_groups = group::priority_changes(&sync_groups);
    let instances = Nested::all(root.vrrp_instance);
    let sync_interface = global::sync_interface(&instances);
    config.vrrp_instances = vrrp::instances(instances, &defs, &from_groups, &config, complaints);
    config.sync_groups = group::sync_groups(sync_groups, &mut config, complaints);
    group::settle(&mut config, complaints);
    config.track_groups = track::groups(Nested::all(root.track_group), &config, complaints);
    config.static_routes = track::static_routes(Lines::all(root.static_routes), &config);
    config.static_rules = track::static_rules(Lines::all(root.static_rules), &config);
    config.static_addresses = track::static_addresses(Lines::all(root.static_ipaddress), &config);
    config.global.sync_daemon = global::sync_daemon(&defs, sync_interface, &config, complaints);

    config.ssl = server::ssl(Nested::all(root.ssl), complaints);
    config.virtual_server_groups = server::groups(Nested::all(root.virtual_server_group));
    config.virtual_servers = server::virtual_servers(Nested::all(root.virtual_server), &config, complaints);
    config
}
