//! What a virtual server keeps when its parameters change (checkers.md §13.4–13.12).

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::checker::Checker;
use crate::log::Event as Told;
use crate::params::{BeforeFirst, CheckerKind, RealServerParams, VirtualServerParams, WhenDown};
use crate::real_server::Server;
use crate::virtual_server::{Occasion, VirtualServer};
use crate::{Action, RealServerId, Tally, Welcome};

/// A virtual server that has become what its new parameters say; what follows from that is yet to be told.
pub(crate) struct Changed {
    next: VirtualServer,
    /// What each server weighed before; nothing, if it is new.
    weights: Vec<Option<u32>>,
}

impl VirtualServer {
    /// Becomes what `params` say and keeps what it knows of servers and checkers that are in both.
    pub(crate) fn change(self, params: VirtualServerParams, out: &mut Vec<Action>) -> Changed {
        self.tell_entries(&params, out);
        self.tell_gone(&params, out);
        let mut known: HashMap<(IpAddr, u16), (&Server, &RealServerParams)> = HashMap::new();
        for (server, params) in self.servers.iter().zip(&self.params.servers) {
            known.entry(place(params.id)).or_insert((server, params));
        }
        let mut servers = Vec::with_capacity(params.servers.len());
        let mut weights = Vec::with_capacity(params.servers.len());
        let mut turned = Vec::new();
        for (at, params) in params.servers.iter().enumerate() {
            let Some((old, old_params)) = known.get(&place(params.id)) else {
                servers.push(Server::fresh(params));
                weights.push(None);
                continue;
            };
            let server = old.carried(old_params, params);
            weights.push(Some(old.weight(old_params)));
            if server.up != old.up {
                turned.push(at);
            }
            servers.push(server);
        }
        let quorum = self.quorum.reconfigured(params.quorum, params.hysteresis);
        let mut next = Self::with_state(params, quorum, self.sorry_serves, servers);
        next.suspended = self.suspended;
        next.replace_sorry(&self, out);
        for at in turned {
            next.tell_transition(at, out);
            next.notify_server(at, out);
        }
        Changed { next, weights }
    }

    fn tell_entries(&self, params: &VirtualServerParams, out: &mut Vec<Action>) {
        let (old, new) = (&self.params.entries, &params.entries);
        for entry in old.iter().filter(|entry| !new.contains(entry)) {
            self.tell(Told::EntryGone(*entry), out);
        }
        for entry in new.iter().filter(|entry| !old.contains(entry)) {
            self.tell(Told::EntryAdded(*entry), out);
        }
    }

    fn tell_gone(&self, params: &VirtualServerParams, out: &mut Vec<Action>) {
        let pool = self.pool();
        let kept: HashSet<(IpAddr, u16)> = params.servers.iter().map(|server| place(server.id)).collect();
        for (at, old) in self.params.servers.iter().enumerate() {
            if !kept.contains(&place(old.id)) {
                self.tell(Told::ServerGone(old.id), out);
                self.remove_server(at, &pool, out);
            }
        }
    }

    /// The same sorry server goes on; another one begins anew (§13.11).
    fn replace_sorry(&mut self, before: &Self, out: &mut Vec<Action>) {
        let Some(old) = &before.params.sorry else { return };
        let same = self.params.sorry.as_ref().is_some_and(|new| new.id.addr == old.id.addr);
        let was_there = before.sorry_serves || old.when_unused == WhenDown::Inhibit;
        if same || !was_there {
            return;
        }
        self.sorry_serves = false;
        // It leaves for good, even where it was only to be without weight.
        self.tell(Told::SorryOut(old.id, WhenDown::Remove), out);
        if before.sorry_serves && self.params.sorry.is_none() {
            self.tell(Told::AliveIn, out);
        }
    }
}

impl Changed {
    /// Tells what follows, and weighs the quorum anew.
    pub(crate) fn settle(self, welcome: Welcome, out: &mut Vec<Action>) -> VirtualServer {
        let Self { mut next, weights } = self;
        for (at, weight) in weights.into_iter().enumerate() {
            match weight {
                Some(from) => next.weight_changed(at, from, out),
                None => next.welcome(at, welcome, out),
            }
        }
        next.weigh(Occasion::Init, out);
        next
    }
}

/// What identifies a real server within its virtual server (§13.5).
fn place(id: RealServerId) -> (IpAddr, u16) {
    (id.addr, id.port)
}

impl Server {
    fn carried(&self, old: &RealServerParams, new: &RealServerParams) -> Self {
        let mut left: Vec<Option<(&Checker, _)>> = self
            .checkers
            .iter()
            .zip(&old.checkers)
            .map(|(checker, params)| Some((checker, params)))
            .collect();
        let matched: Vec<Option<Checker>> = new
            .checkers
            .iter()
            .map(|params| {
                if let CheckerKind::File(check) = &*params.kind {
                    return Some(Checker::of_file(check.meaning(check.value)));
                }
                let same = left
                    .iter_mut()
                    .find(|old| old.is_some_and(|(_, old)| old.kind.is_same_check(&params.kind)))?;
                let (checker, _) = same.take()?;
                Some(Checker { tally: checker.tally.carried(params.retry), ..checker.clone() })
            })
            .collect();
        let failed = matched.iter().flatten().any(|checker| !checker.tally.is_up());
        let checkers: Vec<Checker> = matched
            .into_iter()
            .zip(&new.checkers)
            .map(|(checker, params)| {
                checker.unwrap_or_else(|| {
                    let tally = match (self.up, failed, params.before_first) {
                        (true, _, _) => Tally::presumed_up(),
                        (false, true, BeforeFirst::Up) => Tally::at_start(BeforeFirst::Up, params.retry),
                        // A server that failed does not come back untested.
                        (false, true, BeforeFirst::Down) | (false, false, _) => {
                            Tally::presumed_down(params.retry)
                        }
                    };
                    Checker::new(tally)
                })
            })
            .collect();
        Self { up: checkers.iter().all(|checker| checker.tally.is_up()), checkers }
    }
}
