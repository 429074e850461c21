//! What the worker is like at this moment.

use std::time::{Instant, SystemTime};

use checkers::misc::{FIRST_WEIGHT, Fault};
use checkers::{CheckerId, Failure, Outcome, Slot, VirtualServer};

use super::Worker;
use crate::status::checkers as status;

impl Worker {
    /// Looks at everything once.
    pub(super) fn status(&self) -> status::CheckersStatus {
        let services = self.director.services().iter().enumerate();
        status::CheckersStatus {
            services: services.map(|(index, one)| self.service(index, one)).collect(),
            files: self.files.known().map(|(name, number)| (name.to_owned(), number)).collect(),
        }
    }

    /// In a few words.
    pub(super) fn summary(&self) -> String {
        let services = self.director.services();
        let servers = services.iter().map(|one| one.params().servers.len()).sum::<usize>();
        let is_up = |one: &VirtualServer| (0..one.params().servers.len()).filter(|at| one.is_up(*at)).count();
        let up = services.iter().map(is_up).sum::<usize>();
        let quorate = services.iter().filter(|one| one.has_quorum()).count();
        format!(
            "{quorate} of {} virtual servers with quorum, {up} of {servers} real servers up",
            services.len()
        )
    }

    fn service(&self, index: usize, service: &VirtualServer) -> status::Service {
        let mut pooled = vec![false; service.params().servers.len()];
        let mut sorry_pooled = false;
        for member in service.pool() {
            match member.slot {
                Slot::Server(server) => pooled.get_mut(server).into_iter().for_each(|pooled| *pooled = true),
                Slot::Sorry => sorry_pooled = true,
            }
        }
        let servers = pooled.into_iter().enumerate().map(|(server, pooled)| status::Server {
            up: service.is_up(server),
            pooled,
            weight: service.weight(server),
            checkers: service
                .opinions(server)
                .enumerate()
                .map(|(checker, (tally, contribution))| status::Checker {
                    up: tally.is_up(),
                    has_run: tally.has_run(),
                    failures: tally.failures(),
                    contribution,
                    last: self.probe(CheckerId { service: index, server, checker }),
                })
                .collect(),
        });
        status::Service {
            has_quorum: service.has_quorum(),
            sorry_serves: service.sorry_serves(),
            sorry_pooled,
            suspended: service.is_suspended(),
            servers: servers.collect(),
        }
    }

    fn probe(&self, id: CheckerId) -> Option<status::Probe> {
        let last = self.runner.last(id)?;
        Some(status::Probe {
            at: SystemTime::now() - Instant::now().saturating_duration_since(last.ended),
            took: last.ended.saturating_duration_since(last.started),
            late: last.late,
            passed: match last.outcome {
                Outcome::Passed | Outcome::PassedWith(_) => Some(true),
                Outcome::Failed(_) => Some(false),
                Outcome::Unable(_) => None,
            },
            exit_status: match last.outcome {
                Outcome::Passed => Some(0),
                Outcome::PassedWith(weight) => Some(FIRST_WEIGHT + i32::from(weight.get())),
                Outcome::Failed(Failure::Script(Fault::Status(status))) => Some(status),
                Outcome::Failed(_) | Outcome::Unable(_) => None,
            },
        })
    }
}
