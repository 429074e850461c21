//! A new plan in a running worker: what is equal is not touched, what changed is told so, what is gone ends, what is new starts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use vrrp::log::Line;
use vrrp::track::Status;
use vrrp::{Cause, Ending, Event, State, Verdict};

use super::own::Own;
use super::{Instance, Plan, Who, Worker, prepare, start_runner};
use crate::drive::kernel::Command;
use crate::plan::vrrp::VrrpPlan;

impl Worker {
    /// Has the interfaces made that `plan` needs; then it can be the one in force. Meanwhile the old one is.
    pub(super) fn prepare(&mut self, plan: VrrpPlan) {
        self.kernel.command(prepare(&plan));
        self.prepared = Some(plan);
        self.preparations += 1;
    }

    /// Interfaces have been made: the plan that can be put in force now. One that another has overtaken never is.
    pub(super) fn prepared_plan(&mut self) -> Option<VrrpPlan> {
        self.preparations = self.preparations.saturating_sub(1);
        if self.preparations == 0 { self.prepared.take() } else { None }
    }

    /// Makes `plan` the one in force.
    pub(super) fn reload(&mut self, plan: VrrpPlan) {
        tracing::info!("Reloading");
        self.log_unknown_vrids = plan.log_unknown_vrids;
        if self.listeners.runner.is_none() {
            self.listeners.runner = start_runner(&plan);
        }
        self.listeners.mailer.reconfigure(plan.alerts);
        self.listeners.mails_faults = plan.mails_faults;
        self.listeners.fifos.reconfigure(plan.fifos, self.listeners.runner.as_ref());
        self.watch.reconfigure(plan.watched, Instant::now());
        self.herald.reconfigure(plan.spacing);
        self.ours = Own::of(&plan.instances);
        // Until all are at their place, each is on its own.
        for instance in &mut self.instances {
            instance.group = None;
        }
        if self.delayed_start.reconfigure(plan.head_start, Instant::now()) {
            let quiet = self.delayed_start.left(Instant::now());
            for index in 0..self.instances.len() {
                self.tell(index, Event::Delay { quiet });
            }
        }
        self.end_missing(&plan.instances);
        self.standing = plan.standing.addresses().cloned().collect();
        self.kernel.command(Command::Keep(plan.standing));

        let mut old = std::mem::take(&mut self.instances);
        let mut new_ones = Vec::new();
        for new in plan.instances {
            match old.iter().position(|instance| instance.plan.params.same_router(&new.params)) {
                Some(position) => {
                    self.instances.push(old.remove(position));
                    self.change(self.instances.len() - 1, new);
                }
                None => {
                    self.adopt(new);
                    let index = self.instances.len() - 1;
                    // Logged where it fails; without sockets the router hears nothing, as after a failed start.
                    let _ = self.open_sockets(index);
                    new_ones.push(index);
                }
            }
        }
        self.form_groups(plan.groups);
        // A group that runs does not wait for what a new member waits for.
        for index in &new_ones {
            let instance = &mut self.instances[*index];
            if instance.group.is_some() {
                instance.assume_what_is_unknown();
            }
        }
        for at in 0..self.groups.len() {
            self.with_group(at, |core, members, out| core.regroup(Instant::now(), members, out));
        }
        for index in 0..self.instances.len() {
            if self.instances[index].group.is_none() {
                self.tell(index, Event::Recover(Cause::PartnerUntested));
                self.tell(index, Event::Recover(Cause::Partner));
            }
        }
        // A script that has changed neither faults nor holds up a router that runs.
        for index in (0..self.instances.len()).filter(|index| !new_ones.contains(index)) {
            self.tell_what_is_known(index, Status::Assumed);
        }
        for index in new_ones {
            let quiet = self.delayed_start.left(Instant::now());
            self.tell(index, Event::Start { quiet });
        }
        self.delays.reconfigure(plan.delays);
        self.deciding = plan.sync_daemon;
        self.synchronise();
        if plan.repeat_states {
            self.repeat_states();
        }
        let endpoints: BTreeSet<_> = self.instances.iter().filter_map(Instance::endpoint).collect();
        self.sockets.keep(&endpoints);
    }

    /// Ends the virtual routers that the new plan does not have.
    fn end_missing(&mut self, plans: &[Plan]) {
        let is_kept =
            |instance: &Instance| plans.iter().any(|plan| instance.plan.params.same_router(&plan.params));
        for index in 0..self.instances.len() {
            if !is_kept(&self.instances[index]) {
                self.tell(index, Event::Stop(Ending::Removal));
            }
        }
        self.instances.retain(is_kept);
    }

    fn change(&mut self, index: usize, new: Plan) {
        let instance = &mut self.instances[index];
        if instance.plan == new {
            return;
        }
        let old = std::mem::replace(&mut instance.plan, new);
        let mut out = Vec::new();
        let verdict =
            instance.router.reconfigure(Instant::now(), Arc::clone(&instance.plan.params), &mut out);
        if instance.router.machine().state() == State::Master {
            for gone in old.addresses.iter().chain(&old.excluded) {
                if !instance.addresses().any(|kept| kept == gone) {
                    instance.log(&Line::AddressNoLongerConfigured {
                        address: gone.address,
                        prefix: gone.prefix,
                        interface: gone.interface.to_string(),
                    });
                }
            }
            // The adverts are as before, but not what the addresses look like.
            if verdict == Verdict::Unchanged {
                self.kernel.command(instance.hold());
            }
        }
        self.herald.keep(&self.instances[index]);
        // Logged where it fails. The adverts of the change leave by the new sockets.
        let _ = self.open_sockets(index);
        self.carry_out(index, out);
        self.bring_up_to_date(index);
    }

    /// `fifo_write_vrrp_states_on_reload`: groups first, as at the start.
    fn repeat_states(&mut self) {
        for group in &self.groups {
            self.listeners.repeat(Who::Group(&group.plan.name), group.core.state());
        }
        for instance in &self.instances {
            let machine = instance.router.machine();
            self.listeners.repeat(Who::Instance(instance.name(), machine.priority()), machine.state());
        }
    }
}
