//! What a worker that died has left in the kernel.
//!
//! Its successor does not take the addresses away: the machines around go on using them until it is known whether this
//! router becomes master again, in which case nothing has changed for them, or another one has taken over.

use std::collections::BTreeMap;

use vrrp::State;
use vrrp::log::Line;

use super::{Instance, Worker};
use crate::drive::kernel::{Command, Id};
use crate::plan::object::Object;

/// What it held, in the order of deletion, by the virtual router they were held for.
#[derive(Debug, Default)]
pub(super) struct Leftovers(BTreeMap<Id, Vec<Object>>);

impl Leftovers {
    /// All that a predecessor with the same plan may have held.
    pub(super) fn of(instances: &[Instance]) -> Self {
        Self(instances.iter().map(|one| (one.id, one.plan.objects().into_iter().rev().collect())).collect())
    }

    /// Whether what was held for this virtual router stays until its election is decided.
    pub(super) fn keep(&self, id: Id) -> bool {
        self.0.contains_key(&id)
    }
}

impl Worker {
    /// Takes away what belongs to a virtual router that has not become master, as soon as that is clear.
    pub(super) fn give_up_leftovers(&mut self) {
        if self.leftovers.0.is_empty() {
            return;
        }
        for (id, objects) in std::mem::take(&mut self.leftovers.0) {
            let instance = self.instances.iter().find(|one| one.id == id);
            let machine = instance.map(|one| one.router.machine());
            match machine.map(|machine| machine.state()) {
                // Held from now on as if it had added them itself.
                Some(State::Master) => {}
                Some(State::Init | State::Backup) if machine.is_some_and(|one| !one.is_claimed()) => {
                    self.leftovers.0.insert(id, objects);
                }
                Some(State::Init | State::Backup | State::Fault | State::Deleted | State::Stopped) | None => {
                    if let Some(instance) = instance {
                        instance.log_all(&Line::RemovingVips);
                    }
                    self.kernel.command(Command::Clean(objects));
                }
            }
        }
    }

    /// Takes everything away that is not held.
    pub(super) fn clean_leftovers(&mut self) {
        for objects in std::mem::take(&mut self.leftovers.0).into_values() {
            self.kernel.command(Command::Clean(objects));
        }
    }
}
