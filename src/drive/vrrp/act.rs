//! What virtual routers and sync groups ask for is carried out.

use std::time::{Instant, SystemTime};

use ipvs::{Daemon, Role};
use vrrp::io::socket::words;
use vrrp::log::Line;
use vrrp::params::Transport;
use vrrp::sync::Step;
use vrrp::{Action, Mention, Priority, State};

use super::Worker;
use super::group::Group;
use super::instance::Instance;
use super::tell::Who;
use crate::drive::kernel::Command;
use crate::drive::syncd::SyncDaemon;

impl Worker {
    /// Does what a sync group and its members asked for, in its order.
    pub(super) fn carry_out_group(&mut self, at: usize, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Member { member, action } => {
                    let index = self.groups[at].plan.members[member];
                    self.carry_out(index, vec![action]);
                }
                Step::Log(line) => {
                    let name = self.groups[at].plan.name.as_str();
                    tracing::info!(group = name, "{}", line.of(name));
                }
                Step::Report { to } => self.report_group(at, to),
            }
        }
    }

    /// Does what a virtual router asked for, in its order.
    pub(super) fn carry_out(&mut self, index: usize, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Advertise(priority) => self.advertise(index, priority),
                Action::HoldAddresses => {
                    let instance = &self.instances[index];
                    self.kernel.command(instance.hold());
                }
                Action::DropAddresses => {
                    let id = self.instances[index].id;
                    self.herald.cancel(id);
                    self.kernel.command(Command::Drop { id });
                }
                Action::Announce { rounds } => {
                    self.herald.announce(&self.instances[index], &self.mirror, rounds);
                }
                Action::AnnounceElsewhere => {
                    self.herald.announce_elsewhere(&self.instances[index], &self.mirror);
                }
                Action::AnnounceSource(source) => {
                    self.herald.announce_source(&self.instances[index], &self.mirror, source);
                }
                Action::Report { to, priority, .. } => {
                    self.report(index, to, priority);
                    self.synchronise();
                }
                Action::Mention(what, priority) => self.mention(index, what, priority),
                Action::Log(line) if line.is_provoked() && !self.chatter.permits(Instant::now()) => {}
                // It is said when it is done.
                Action::Log(Line::RemovingVips) if self.leftovers.keep(self.instances[index].id) => {}
                Action::Log(line) => self.instances[index].log_all(&line),
            }
        }
    }

    fn advertise(&mut self, index: usize, priority: Priority) {
        let instance = &mut self.instances[index];
        let Some(endpoint) = instance.endpoint() else { return };
        let now = SystemTime::now();
        instance.last_advert = Some(now);
        for datagram in instance.router.datagrams(priority, now) {
            let Err(error) = self.sockets.send(&endpoint, &datagram) else { continue };
            let (text, errno) = words(&error);
            let is_expected = priority == Priority::RELEASE
                && errno == nix::libc::ENETUNREACH
                && endpoint.interface.as_ref().is_some_and(|name| !self.mirror.usable(name));
            if is_expected {
                continue;
            }
            instance.log(&match instance.plan.params.transport {
                Transport::Multicast { .. } => Line::SendFailed { errno, text },
                Transport::Unicast { .. } => Line::SendToPeerFailed { peer: datagram.to, text },
            });
        }
    }

    fn report(&mut self, index: usize, to: State, priority: Priority) {
        let instance = &mut self.instances[index];
        instance.since = SystemTime::now();
        let told = match to {
            State::Deleted if !instance.plan.report_deleted => State::Fault,
            State::Init | State::Backup | State::Master | State::Fault | State::Deleted | State::Stopped => {
                to
            }
        };
        let Instance { plan, voice, .. } = instance;
        let who = Who::Instance(&plan.params.name, priority);
        self.listeners.state(voice, who, &plan.scripts, plan.smtp_alert, told);
    }

    fn mention(&mut self, index: usize, what: Mention, priority: Priority) {
        let Instance { plan, voice, router, .. } = &mut self.instances[index];
        if what == Mention::PriorityChanged && !plan.tells_priority {
            return;
        }
        // Whoever sends lower adverts without end must not have us start scripts without end.
        if what == Mention::LowerHeard && !self.chatter.permits(Instant::now()) {
            return;
        }
        let who = Who::Instance(&plan.params.name, priority);
        self.listeners.mention(voice, who, &plan.scripts, router.machine().state(), what);
    }

    pub(super) fn report_group(&mut self, at: usize, to: State) {
        let Group { plan, voice, .. } = &mut self.groups[at];
        self.listeners.state(voice, Who::Group(&plan.name), &plan.scripts, plan.smtp_alert, to);
    }

    /// Has the synchronisation daemon run in the role of the virtual router that decides.
    pub(super) fn synchronise(&mut self) {
        let daemon = self.deciding.as_ref().and_then(|(name, daemon)| {
            let instance = self.instances.iter().find(|instance| instance.name() == *name)?;
            let role = match instance.router.machine().state() {
                State::Master => Role::Master,
                State::Backup | State::Fault => Role::Backup,
                State::Init | State::Deleted | State::Stopped => return None,
            };
            Some(Daemon { role, ..*daemon })
        });
        if self.sync_daemon.is_none() && daemon.is_some() {
            match SyncDaemon::start(self.ipvs_namespace.clone()) {
                Ok(thread) => self.sync_daemon = Some(thread),
                Err(error) => tracing::error!("IPVS: no synchronisation daemon: {error}"),
            }
        }
        if let Some(thread) = &self.sync_daemon {
            thread.want(daemon);
        }
    }
}
