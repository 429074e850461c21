//! `ha_suspend`: who checks only while the virtual address is on this machine (checkers.md §11).

use std::net::IpAddr;
use std::time::Instant;

use crate::log::Event as Told;
use crate::virtual_server::VirtualServer;
use crate::{Action, CheckerId, Director, Spread};

/// What follows from an address that came or went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moved {
    /// Checkers that check again, and when they do so first.
    pub resumed: Vec<(CheckerId, Instant)>,
    /// Checkers that no longer check: what is planned or under way of them is for nothing.
    pub suspended: Vec<CheckerId>,
}

impl Director {
    /// Tells which addresses are on this machine, before checkers are armed.
    pub fn place(&mut self, is_here: impl Fn(IpAddr, IpAddr) -> bool) {
        for service in &mut self.services {
            service.suspended = !service.has_address(&is_here);
        }
    }

    /// Tells which addresses are on this machine now.
    pub fn moved(
        &mut self,
        now: Instant,
        is_here: impl Fn(IpAddr, IpAddr) -> bool,
        mut chance: impl FnMut() -> Spread,
        out: &mut Vec<Action>,
    ) -> Moved {
        let mut moved = Moved::default();
        for (at, service) in self.services.iter_mut().enumerate() {
            let suspended = !service.has_address(&is_here);
            if suspended == service.suspended {
                continue;
            }
            service.suspended = suspended;
            let ids = service.checker_ids(at);
            for id in ids {
                let Some(server) = service.params.servers.get(id.server) else { continue };
                let Some(checker) = server.checkers.get(id.checker) else { continue };
                let (server, cadence) = (server.id, checker.cadence);
                if suspended {
                    service.tell(Told::Suspending(server), out);
                    moved.suspended.push(id);
                } else {
                    let at = cadence.first(now, chance());
                    service.tell(Told::Activating(server), out);
                    service.armed(id.server, id.checker, at);
                    moved.resumed.push((id, at));
                }
            }
        }
        moved
    }
}

impl VirtualServer {
    fn has_address(&self, is_here: impl Fn(IpAddr, IpAddr) -> bool) -> bool {
        match &self.params.only_with {
            None => true,
            Some(ranges) => ranges.iter().any(|(first, last)| is_here(*first, *last)),
        }
    }

    /// All checkers that ask by themselves.
    fn checker_ids(&self, service: usize) -> Vec<CheckerId> {
        let servers = self.params.servers.iter().enumerate();
        let ids = servers.flat_map(|(server, params)| {
            let checkers = params.checkers.iter().enumerate().filter(|(_, params)| params.kind.is_probed());
            checkers.map(move |(checker, _)| CheckerId { service, server, checker })
        });
        ids.collect()
    }
}
