//! Who serves in one service of the kernel: what the virtual servers behind it want, brought together.

use std::collections::HashSet;

use checkers::{Slot, VirtualServer};
use ipvs::{Destination, DestinationId, ServiceId, Weight};

use crate::plan::ipvs::Services;

/// What one virtual server wants of a service.
pub(super) struct Share {
    /// The real servers it knows, in service or not.
    known: HashSet<DestinationId>,
    /// Who should serve.
    pool: Vec<(Slot, Destination)>,
}

impl Share {
    pub(super) fn of(plan: &Services, machine: &VirtualServer, id: &ServiceId) -> Self {
        let known = plan.servers.iter().map(|backend| backend.destination(id, Weight::ZERO).id).collect();
        Self { known, pool: pool(plan, machine, id).collect() }
    }

    fn weight(&self, id: DestinationId) -> Option<Weight> {
        self.pool.iter().find(|(_, one)| one.id == id).map(|(_, one)| one.weight)
    }
}

/// The destinations that one virtual server wants.
pub(super) fn pool<'a>(
    plan: &'a Services,
    machine: &VirtualServer,
    id: &'a ServiceId,
) -> impl Iterator<Item = (Slot, Destination)> + use<'a> {
    machine.pool().into_iter().filter_map(move |member| {
        let backend = match member.slot {
            Slot::Server(at) => plan.servers.get(at),
            Slot::Sorry => plan.sorry.as_ref(),
        };
        let weight = Weight::new(member.weight).unwrap_or(Weight::MAX);
        Some((member.slot, backend?.destination(id, weight)))
    })
}

/// What several virtual servers want of the same service: a server that one of them finds dead, or makes way for a
/// sorry server, serves for none of them; a sorry server that serves for one serves for all. Otherwise the first counts.
pub(super) fn shared(shares: &[Share]) -> Vec<Destination> {
    let serves_as_sorry =
        |(slot, one): &&(Slot, Destination)| *slot == Slot::Sorry && one.weight != Weight::ZERO;
    let all = || shares.iter().flat_map(|share| &share.pool);
    let mut destinations: Vec<Destination> = all().filter(serves_as_sorry).map(|(_, one)| *one).collect();
    for (_, one) in all() {
        let mut weight = one.weight;
        let wanted = shares.iter().filter(|share| share.known.contains(&one.id)).all(|share| {
            let theirs = share.weight(one.id);
            if theirs == Some(Weight::ZERO) {
                weight = Weight::ZERO;
            }
            theirs.is_some()
        });
        if wanted {
            destinations.push(Destination { weight, ..*one });
        }
    }
    destinations
}
