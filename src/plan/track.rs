//! What a virtual router watches: its own lines, those of its sync group, and what it cannot do without.

use std::fmt::Display;

use parser::config::{Config, SyncGroup, Tracked as Line, VrrpInstance};
use parser::diag::{Class, Diagnostic};
use vrrp::track::{Object, Tracked, Weight};

/// All that a virtual router watches, every thing once. `needed` are the interfaces of itself and its addresses.
pub(super) fn plan(
    instance: &VrrpInstance,
    config: &Config,
    needed: Vec<String>,
    complaints: &mut Vec<Diagnostic>,
) -> Vec<Tracked> {
    let group = instance.sync_group.and_then(|group| config.sync_groups.get(group));
    let mut merge = Merge { instance, complaints, all: Vec::new() };
    merge.all.extend(needed.into_iter().map(Object::Interface).map(Tracked::needed));
    merge.kind("interface", Object::Interface, |what| what.to_string(), &instance.tracking.interfaces, {
        group.map_or(&[], |group: &SyncGroup| &group.tracking.interfaces)
    });
    let bfd = |at: &usize| config.bfd_instances.get(*at).map_or_else(String::new, |bfd| bfd.name.clone());
    merge.kind("bfd", Object::Bfd, bfd, &instance.tracking.bfds, {
        group.map_or(&[], |group: &SyncGroup| &group.tracking.bfds)
    });
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
        name: impl Fn(&T) -> String,
        own: &[Line<T>],
        groups: &[Line<T>],
    ) {
        for line in own {
            let shared = groups.iter().find(|other| other.what == line.what);
            let weight = match shared {
                Some(shared) if line.weight.value != 0 => shared.weight,
                Some(_) | None => line.weight,
            };
            if shared.is_some() {
                self.complain_of_both(word, &name(&line.what));
            }
            self.add(object(name(&line.what)), weight);
        }
        for line in groups.iter().filter(|line| own.iter().all(|other| other.what != line.what)) {
            self.add(object(name(&line.what)), line.weight);
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
    fn complain_of_both(&mut self, word: &str, name: &dyn Display) {
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
