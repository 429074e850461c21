//! `track_…` blocks of instances and groups: names to indexes.

use std::collections::HashSet;

use crate::block::group::SyncGroupBlock;
use crate::block::vrrp::InstanceBlock;
use crate::config::{Config, IfName, Tracked, Tracking, Weight};
use crate::keyword::Lines;
use crate::resolve::{Complaints, track};
use crate::value::track::TrackLine;

/// What an instance or a group watches, names found.
pub(super) trait Watcher {
    /// The interface whose state counts anyway.
    fn own_interface(&self) -> Option<String>;

    fn lines(&mut self) -> [Vec<TrackLine>; 5];
}

macro_rules! watchers {
    ($($Block:ty, |$block:ident| $own:expr;)*) => {$(
        impl Watcher for $Block {
            fn own_interface(&self) -> Option<String> {
                let $block = self;
                $own
            }

            fn lines(&mut self) -> [Vec<TrackLine>; 5] {
                [
                    Lines::all(self.track_interface.take()).into_iter().map(|line| line.0).collect(),
                    Lines::all(self.track_script.take()).into_iter().map(|line| line.0).collect(),
                    Lines::all(self.track_file.take()).into_iter().map(|line| line.0).collect(),
                    Lines::all(self.track_process.take()).into_iter().map(|line| line.0).collect(),
                    Lines::all(self.track_bfd.take()).into_iter().map(|line| line.0).collect(),
                ]
            }
        }
    )*};
}

watchers! {
    InstanceBlock, |block| block.interface.as_ref().map(|said| said.value.0.to_string());
    SyncGroupBlock, |_block| None;
}

/// All that a block watches. A thing counts once, and an instance's own interface counts anyway.
pub(super) fn tracking(
    block: &mut impl Watcher,
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
    let own = block.own_interface();
    let [interfaces, scripts, files, processes, bfds] = block.lines();
    let mut interfaces = once("interface", interfaces);
    let scripts = once("script", scripts);
    let files = once("file", files);
    let processes = once("process", processes);
    let bfds = once("bfd", bfds);
    interfaces.retain(|line| {
        let other = own.as_deref() != Some(line.name.value.as_str());
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
                let what = IfName::new(&line.name.value)?;
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
