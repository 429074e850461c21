//! All virtual servers of one director: from the start over reloads to the stop.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use crate::log::{Alert, Cause, Event as Told, Line, Presence, QuorumEvent};
use crate::params::{AtStop, VirtualServerParams, WhenDown};
use crate::reload::Changed;
use crate::virtual_server::VirtualServer;
use crate::{Action, Event, Notice, Slot, Spread, VirtualServerId};

/// One checker of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckerId {
    /// Index of the virtual server.
    pub service: usize,
    /// Index of its real server.
    pub server: usize,
    /// Index of that one's checker.
    pub checker: usize,
}

/// Who is mentioned when everything stops, or when a reload takes a virtual server away (§12.5, §13.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Farewell {
    /// Every real server, then its virtual server.
    #[default]
    EachServer,
    /// Virtual servers alone: the kernel's services are removed as a whole.
    ServicesOnly,
}

/// Whether real servers are told of that are up because they are new, not because of a check (§3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Welcome {
    /// They are not.
    #[default]
    Silent,
    /// `rs_init_notifies`
    Told,
}

/// All virtual servers, in the order of the configuration.
#[derive(Debug, Default)]
pub struct Director {
    pub(crate) services: Vec<VirtualServer>,
}

impl Director {
    /// Begins. The caller brings the kernel to the pools of all virtual servers, then carries the actions out.
    pub fn start(params: Vec<VirtualServerParams>, welcome: Welcome, out: &mut Vec<Action>) -> Self {
        let services = params.into_iter().map(|params| VirtualServer::start(params, welcome, out));
        Self { services: services.collect() }
    }

    /// The virtual servers, by index.
    pub fn services(&self) -> &[VirtualServer] {
        &self.services
    }

    /// Hands an event to one virtual server; an index that does not exist has none.
    pub fn handle(&mut self, now: Instant, service: usize, event: Event, out: &mut Vec<Action>) {
        if let Some(service) = self.services.get_mut(service) {
            service.handle(now, event, out);
        }
    }

    /// When each checker runs first after the start or a reload (§3.8, §3.9), with a line for each that never ran.
    pub fn arm(
        &mut self,
        now: Instant,
        mut chance: impl FnMut() -> Spread,
        out: &mut Vec<Action>,
    ) -> Vec<(CheckerId, Instant)> {
        let mut first = Vec::new();
        for (service, virtual_server) in self.services.iter().enumerate() {
            for (server, params) in virtual_server.params.servers.iter().enumerate() {
                for (checker, check) in params.checkers.iter().enumerate() {
                    if !check.kind.is_probed() {
                        continue;
                    }
                    if virtual_server.suspended {
                        virtual_server.tell(Told::Deactivating(params.id), out);
                        continue;
                    }
                    if !virtual_server.has_run(server, checker) {
                        virtual_server.tell(Told::Activating(params.id), out);
                    }
                    let id = CheckerId { service, server, checker };
                    first.push((id, check.cadence.first(now, chance())));
                }
            }
        }
        for (id, at) in &first {
            if let Some(service) = self.services.get_mut(id.service) {
                service.armed(id.server, id.checker, *at);
            }
        }
        first
    }

    /// Takes a new configuration and keeps what it knows about servers that are in both (§13). The caller then brings
    /// the kernel to the new pools and arms all checkers anew.
    ///
    /// First, in the old order, it tells what is no more, then, in the new one, what has become of the rest.
    pub fn reconfigure(
        &mut self,
        params: Vec<VirtualServerParams>,
        (welcome, farewell): (Welcome, Farewell),
        out: &mut Vec<Action>,
    ) {
        let mut wanted: HashMap<VirtualServerId, VecDeque<usize>> = HashMap::with_capacity(params.len());
        for (at, params) in params.iter().enumerate() {
            wanted.entry(params.id.wherever()).or_default().push_back(at);
        }
        let mut params: Vec<Option<VirtualServerParams>> = params.into_iter().map(Some).collect();
        let mut kept: Vec<Option<Changed>> = params.iter().map(|_| None).collect();
        for service in self.services.drain(..) {
            let at = wanted.get_mut(&service.id().wherever()).and_then(VecDeque::pop_front);
            match at.and_then(|at| Some((at, params.get_mut(at)?.take()?))) {
                Some((at, params)) => kept[at] = Some(service.change(params, out)),
                None => service.remove(farewell, out),
            }
        }
        for (params, kept) in params.into_iter().zip(kept) {
            let service = match (kept, params) {
                (Some(kept), _) => kept.settle(welcome, out),
                (None, Some(params)) => VirtualServer::fresh(params, welcome, out),
                (None, None) => continue,
            };
            self.services.push(service);
        }
    }

    /// Ends. The caller then takes everything out of the kernel (§14).
    pub fn stop(self, farewell: Farewell, out: &mut Vec<Action>) {
        for service in self.services {
            service.stop(farewell, out);
        }
    }
}

impl VirtualServer {
    /// Which one it is.
    pub fn id(&self) -> &VirtualServerId {
        &self.params.id
    }

    fn has_run(&self, server: usize, checker: usize) -> bool {
        let checker = self.servers.get(server).and_then(|server| server.checkers.get(checker));
        checker.is_some_and(|checker| checker.tally.has_run())
    }

    fn stop(self, farewell: Farewell, out: &mut Vec<Action>) {
        let told = self.params.at_stop == AtStop::Tell;
        let pool = self.pool();
        let leaving = match farewell {
            Farewell::EachServer => self.params.servers.len(),
            Farewell::ServicesOnly => 0,
        };
        for at in 0..leaving {
            self.tell_leaving(at, &pool, Told::ShuttingDown, out);
            if told && self.is_up(at) {
                self.notify_leaving(at, &Cause::ShuttingDown, out);
            }
        }
        if told {
            let service = self.params.id.clone();
            out.push(Action::Notify(Notice { service: service.clone(), server: None, up: false }));
            if self.params.alert {
                let cause = Cause::ShuttingDown;
                out.push(Action::Mail(Alert { service, server: None, up: false, cause }));
            }
        }
    }

    /// A reload took it away (§13.3).
    fn remove(self, farewell: Farewell, out: &mut Vec<Action>) {
        self.tell(Told::ServiceGone, out);
        if farewell == Farewell::ServicesOnly {
            return;
        }
        let pool = self.pool();
        for at in 0..self.params.servers.len() {
            self.remove_server(at, &pool, out);
        }
        if self.has_quorum() {
            let service = self.params.id.clone();
            out.push(Action::Notify(Notice { service: service.clone(), server: None, up: false }));
            if self.params.alert {
                // Without the line in the log that such a mail usually comes with.
                let cause = Cause::Quorum(QuorumEvent::Lost, self.quorum, 0);
                out.push(Action::Mail(Alert { service, server: None, up: false, cause }));
            }
        }
    }

    /// A server leaves with everything that has to be said about it.
    pub(crate) fn remove_server(&self, at: usize, pool: &[crate::Member], out: &mut Vec<Action>) {
        if pool.iter().any(|member| member.slot == Slot::Server(at)) {
            self.tell_leaving(at, pool, Told::Removed, out);
        }
        if self.is_up(at) {
            self.notify_leaving(at, &Cause::Removing, out);
        }
    }

    fn tell_leaving(
        &self,
        at: usize,
        pool: &[crate::Member],
        event: impl Fn(crate::RealServerId, Presence) -> Told,
        out: &mut Vec<Action>,
    ) {
        let Some(params) = self.params.servers.get(at) else { return };
        let there = pool.iter().any(|member| member.slot == Slot::Server(at));
        let inhibited = there && params.when_down == WhenDown::Inhibit && !self.is_up(at);
        let presence = if inhibited { Presence::Inhibited } else { Presence::Plain };
        out.push(Action::Log(Line { event: event(params.id, presence), service: self.params.id.clone() }));
    }

    fn notify_leaving(&self, at: usize, cause: &Cause, out: &mut Vec<Action>) {
        let Some(params) = self.params.servers.get(at) else { return };
        let (service, server, up) = (self.params.id.clone(), Some(params.id), false);
        out.push(Action::Notify(Notice { service: service.clone(), server, up }));
        if params.alert {
            out.push(Action::Mail(Alert { service, server, up, cause: cause.clone() }));
        }
    }
}
