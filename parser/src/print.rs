//! A configuration written back in its own language: canonical, with what is inherited written out where it counts.
//!
//! Reading the text gives the same [`Config`], the places of its lines apart. Every struct is taken apart completely, so
//! that a field that is not written does not compile. What a keyword of `global_defs` only hands down to instances or
//! servers is written there, and what has its built-in value in `global_defs` is left out.

mod check;
mod global;
mod net;
mod server;
mod text;
mod track;
mod vrrp;

use crate::config::{Config, Present};
use text::{Printer, word};

/// What becomes of passwords and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// Stars stand for them; the text is for people and cannot be used in their place.
    Masked,
    /// They are written.
    Shown,
}

/// Writes a configuration.
pub fn print(config: &Config, secrets: Secrets) -> String {
    let Config {
        global,
        static_addresses,
        static_routes,
        static_rules,
        track_groups,
        linkbeat,
        interface_delays,
        garp_groups,
        scripts,
        track_files,
        track_processes,
        sync_groups,
        vrrp_instances,
        bfd_instances,
        ssl,
        virtual_server_groups,
        virtual_servers,
        present,
    } = config;
    let p = &mut Printer::new(secrets);
    global::root(p, global);
    track::linkbeat(p, linkbeat);
    track::interface_delays(p, interface_delays);
    global::definitions(p, global, config);
    for group in garp_groups {
        track::garp_group(p, group);
    }
    for script in scripts {
        track::script(p, script);
    }
    for file in track_files {
        track::file(p, file);
    }
    for process in track_processes {
        track::process(p, process);
    }
    for bfd in bfd_instances {
        track::bfd(p, bfd);
    }
    for group in track_groups {
        let members = group.members.iter().map(|at| vrrp_instances[*at].name.as_str());
        track::group(p, group, members);
    }
    p.lines("static_ipaddress", static_addresses, |address| net::address(address, config));
    p.lines("static_routes", static_routes, |route| net::route(route, config));
    p.lines("static_rules", static_rules, |rule| net::rule(rule, config));
    for group in sync_groups {
        vrrp::sync_group(p, group, config);
    }
    for instance in vrrp_instances {
        vrrp::instance(p, instance, config);
    }
    if let Some(ssl) = ssl {
        server::ssl(p, ssl);
    }
    for group in virtual_server_groups {
        server::group(p, group);
    }
    for server in virtual_servers {
        server::virtual_server(p, server, config);
    }
    let Present { vrrp, checkers, bfd } = *present;
    let named = |wanted: bool, there: bool| wanted && !there;
    let statics = [static_addresses.is_empty(), static_routes.is_empty(), static_rules.is_empty()];
    if named(vrrp, !vrrp_instances.is_empty() || statics.contains(&false)) {
        p.unusable("static_ipaddress");
    }
    if named(checkers, !virtual_servers.is_empty()) {
        p.unusable("virtual_server fwmark 0");
    }
    if named(bfd, !bfd_instances.is_empty()) {
        p.unusable("bfd_instance none");
    }
    p.take()
}

/// The name of the thing that an index stands for.
fn name_at<T>(list: &[T], at: usize, name: impl Fn(&T) -> &String) -> String {
    list.get(at).map_or_else(String::new, |found| word(name(found)))
}
