//! `track_…` blocks of instances and groups: names to indexes.

use std::collections::HashSet;

use crate::block::track::TrackRows;
use crate::config::{Config, IfName, Tracked, Tracking, Weight};
use crate::keyword::{Lines, Slot};
use crate::resolve::{Complaints, track};
use crate::value::track::TrackLine;

/// All that an instance or a group watches, names found. A thing counts once, and an instance's own interface counts anyway.
pub(super) fn tracking(
    rows: TrackRows,
    own: Option<&str>,
    config: &Config,
    scope: &str,
    complaints: &mut Complaints,
) -> Tracking {
    let mut once = |what: &str, lines: Vec<TrackLine>| {
        let mut seen = HashSet::new();
        lines
            .into_iter()
            .filter(|line| {
                let new = seen.insert(line.name.value.clone());
                if !new {
                    let text = format!("({scope}) duplicate track_{what} {} - ignoring", line.name.value);
                    complaints.at(&line.name.span, text);
                }
                new
            })
            .collect::<Vec<_>>()
    };
    let mut interfaces = once("interface", lines(rows.track_interface, |line| line.0));
    let scripts = once("script", lines(rows.track_script, |line| line.0));
    let files = once("file", lines(rows.track_file, |line| line.0));
    let processes = once("process", lines(rows.track_process, |line| line.0));
    let bfds = once("bfd", lines(rows.track_bfd, |line| line.0));
    interfaces.retain(|line| {
        let other = own != Some(line.name.value.as_str());
        if !other {
            complaints.general(format!(
                "({scope}) Ignoring track_interface {} since own interface",
                line.name.value
            ));
        }
        other
    });
    let found = |lines: Vec<TrackLine>, find: &dyn Fn(&str) -> Option<(usize, Weight)>| {
        lines
            .into_iter()
            .filter_map(|line| {
                let (what, weight) = find(&line.name.value)?;
                Some(Tracked { span: line.name.span.clone(), what, weight: line.weight(weight) })
            })
            .collect::<Vec<_>>()
    };
    Tracking {
        interfaces: interfaces
            .into_iter()
            .filter_map(|line| {
                let Some(what) = IfName::new(&line.name.value) else {
                    let text = format!("({scope}) tracked interface {} doesn't exist", line.name.value);
                    complaints.at(&line.name.span, text);
                    return None;
                };
                Some(Tracked { span: line.name.span.clone(), what, weight: line.weight(Weight::default()) })
            })
            .collect(),
        scripts: found(scripts, &|name| {
            track::position(&config.scripts, name, |script| &script.name)
                .map(|at| (at, config.scripts[at].weight))
        }),
        files: found(files, &|name| {
            track::position(&config.track_files, name, |file| &file.name)
                .map(|at| (at, config.track_files[at].weight))
        }),
        processes: found(processes, &|name| {
            track::position(&config.track_processes, name, |process| &process.name)
                .map(|at| (at, config.track_processes[at].weight))
        }),
        bfds: found(bfds, &|name| {
            let known = track::position(&config.bfd_instances, name, |bfd| &bfd.name);
            known
                .filter(|at| config.bfd_instances[*at].for_vrrp)
                .map(|at| (at, config.bfd_instances[at].weight))
        }),
    }
}

/// The lines of a `track_…` block.
fn lines<L>(slot: Slot<Lines<L>>, plain: fn(L) -> TrackLine) -> Vec<TrackLine> {
    Lines::all(slot).into_iter().map(plain).collect()
}
