//! What a virtual router watches: its own lines, those of its sync group, and what it cannot do without.

use parser::config::{Config, IfName, Tracked as Line, Tracking, VrrpInstance};
use parser::diag::{Class, Diagnostic};
use vrrp::track::{Object, Tracked, Weight};

use super::watch::Watched;

/// All that a virtual router watches, every thing once. `needed` are the interfaces of itself and its addresses.
pub(super) fn plan(
    instance: &VrrpInstance,
    config: &Config,
    watched: &Watched,
    needed: Vec<String>,
    complaints: &mut Vec<Diagnostic>,
) -> Vec<Tracked> {
    let group = instance.sync_group.and_then(|group| config.sync_groups.get(group));
    let mut merge = Merge { instance, complaints, all: Vec::new() };
    merge.all.extend(needed.into_iter().map(Object::Interface).map(Tracked::needed));
    let none = Tracking::default();
    let (own, groups) = (&instance.tracking, group.map_or(&none, |group| &group.tracking));
    let name = |what: &IfName| Some(what.to_string());
    merge.kind("interface", Object::Interface, name, &own.interfaces, &groups.interfaces);
    // What could not be run or found is not watched.
    let name = |what: &usize| {
        let name = &config.scripts.get(*what)?.name;
        watched.scripts.iter().any(|script| script.name == *name).then(|| name.clone())
    };
    merge.kind("script", Object::Script, name, &own.scripts, &groups.scripts);
    let name = |what: &usize| {
        let name = &config.track_files.get(*what)?.name;
        watched.files.iter().any(|file| file.name == *name).then(|| name.clone())
    };
    merge.kind("file", Object::File, name, &own.files, &groups.files);
    let name = |what: &usize| Some(config.track_processes.get(*what)?.name.clone());
    merge.kind("process", Object::Process, name, &own.processes, &groups.processes);
    let name = |what: &usize| Some(config.bfd_instances.get(*what)?.name.clone());
    merge.kind("bfd", Object::Bfd, name, &own.bfds, &groups.bfds);
    merge.all
}

/// Puts the lines of an instance and of its group together.
struct Merge<'a> {
    instance: &'a VrrpInstance,
    complaints: &'a mut Vec<Diagnostic>,
    all: Vec<Tracked>,
}

impl Merge<'_> {
    /// All lines of one kind. The group's weight wins, unless the instance's is a matter of FAULT.
    fn kind<T: PartialEq>(
        &mut self,
        word: &str,
        object: impl Fn(String) -> Object,
        name: impl Fn(&T) -> Option<String>,
        own: &[Line<T>],
        groups: &[Line<T>],
    ) {
        for line in own {
            let Some(called) = name(&line.what) else { continue };
            let shared = groups.iter().find(|other| other.what == line.what);
            let weight = match shared {
                Some(shared) if line.weight.value != 0 => shared.weight,
                Some(_) | None => line.weight,
            };
            if shared.is_some() {
                self.complain_of_both(word, &called);
            }
            self.add(object(called), weight);
        }
        for line in groups.iter().filter(|line| own.iter().all(|other| other.what != line.what)) {
            if let Some(called) = name(&line.what) {
                self.add(object(called), line.weight);
            }
        }
    }

    /// What is needed already stays needed, whatever weight a line gives it.
    fn add(&mut self, object: Object, weight: parser::config::Weight) {
        if self.all.iter().any(|known| known.object == object) {
            return;
        }
        let value = i16::try_from(weight.value).unwrap_or(if weight.value < 0 { -254 } else { 254 });
        self.all.push(Tracked { object, weight: Weight { value, reverse: weight.reverse } });
    }

    /// Of an interface the original says it as a mistake, of the others in the log only.
    fn complain_of_both(&mut self, word: &str, name: &str) {
        let (class, which) =
            if word == "interface" { (Class::General, " or sync group") } else { (Class::Log, "") };
        let text = format!(
            "({}) track_{word} {name} is configured on VRRP instance and sync group. Remove vrrp instance{which} config",
            self.instance.name
        );
        self.complaints.push(Diagnostic::new(class, None, text));
    }
}

#[cfg(test)]
mod tests;
