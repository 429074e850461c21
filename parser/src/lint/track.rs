//! What is watched, and whether anybody cares.

use std::collections::BTreeSet;

use super::{Findings, Lint};
use crate::config::{Check, Config, Span, Tracked, Tracking};

pub(super) fn lint(config: &Config, found: &mut Findings) {
    let trackings = || {
        let instances = config.vrrp_instances.iter().map(|instance| &instance.tracking);
        instances.chain(config.sync_groups.iter().map(|group| &group.tracking))
    };
    let used = |select: fn(&Tracking) -> &Vec<Tracked<usize>>| -> BTreeSet<usize> {
        trackings().flat_map(|tracking| select(tracking).iter().map(|tracked| tracked.what)).collect()
    };
    let checks = || {
        let servers = config.virtual_servers.iter().flat_map(|service| &service.real_servers);
        servers.flat_map(|server| &server.checkers).map(|checker| &checker.check)
    };
    let mut files = used(|tracking| &tracking.files);
    let mut bfds = used(|tracking| &tracking.bfds);
    for check in checks() {
        match check {
            Check::File(file) => files.insert(file.file),
            Check::Bfd(bfd) => bfds.insert(bfd.bfd),
            Check::Tcp(_)
            | Check::Ping(_)
            | Check::Udp(_)
            | Check::Http(_)
            | Check::Smtp(_)
            | Check::Dns(_)
            | Check::Misc(_) => false,
        };
    }
    let scripts = config.scripts.iter().map(|script| (&script.name, &script.span));
    unused("vrrp_script", scripts, &used(|tracking| &tracking.scripts), found);
    unused("track_file", config.track_files.iter().map(|file| (&file.name, &file.span)), &files, found);
    let processes = config.track_processes.iter().map(|process| (&process.name, &process.span));
    unused("vrrp_track_process", processes, &used(|tracking| &tracking.processes), found);
    unused("bfd_instance", config.bfd_instances.iter().map(|bfd| (&bfd.name, &bfd.span)), &bfds, found);

    for script in &config.scripts {
        let Some(timeout) = script.timeout.filter(|timeout| *timeout > script.interval) else { continue };
        let message = format!(
            "vrrp_script {} may run for {} s, but is run every {} s",
            script.name,
            timeout.as_secs_f64(),
            script.interval.as_secs_f64()
        );
        found.at(Lint::ScriptOutlastsInterval, &script.span, message);
    }
}

fn unused<'a>(
    kind: &str,
    all: impl Iterator<Item = (&'a String, &'a Span)>,
    used: &BTreeSet<usize>,
    found: &mut Findings,
) {
    for (_, (name, span)) in all.enumerate().filter(|(at, _)| !used.contains(at)) {
        found.at(Lint::NeverTracked, span, format!("{kind} {name} is never used"));
    }
}
