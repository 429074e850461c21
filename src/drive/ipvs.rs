//! The kernel's table kept as the director wants it: start, change, reload and stop are differences between what is
//! held and what is wanted.

mod pool;
mod refusal;
mod sync;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use checkers::{Director, Settlement, VirtualServer};
use ipvs::{
    Cause, Daemon, DestinationId, Error, Handle, Refusal, Request, ServiceId, ServiceSpec, Socket, Timeouts,
    Transport, Weight,
};

use self::pool::Share;
use self::refusal::{ServiceName, object_of};
use crate::plan::buffer::Buffer;
use crate::plan::ipvs::{Services, Table as TablePlan};
use crate::receive_buffer;
use crate::unusable::{self, Unusable};

/// Refusals that only say that the kernel holds something else than we believed.
const SURPRISES: [Cause; 4] =
    [Cause::ServiceExists, Cause::DestinationExists, Cause::NoSuchService, Cause::NoSuchDestination];

/// So many services are looked at in one go.
const AUDITED: usize = 32;

/// Our part of the kernel's table.
#[derive(Debug)]
pub(super) struct Table<T = Socket> {
    handle: Handle<T>,
    /// What each virtual server means to the kernel.
    plan: Vec<Services>,
    /// The services that are wanted.
    owners: HashMap<ServiceId, Owners>,
    /// What the kernel holds of ours, as far as its answers tell.
    held: HashMap<ServiceId, ServiceSpec>,
    /// The services in the order in which they are looked at, and the next one.
    round: (Vec<ServiceId>, usize),
    /// The timeouts before we changed them, and those in force.
    timeouts: Option<(Timeouts, Timeouts)>,
    /// The synchronisation daemons that we run, as the master's.
    daemons: Option<Daemon>,
}

/// A service, and the virtual servers behind it: more than one when the files name it twice, or use a mark of a group
/// under several protocols.
#[derive(Debug)]
struct Owners {
    service: ipvs::Service,
    indexes: Vec<usize>,
}

/// What the kernel refused: a destination, or the service itself.
type Refused = HashSet<(ServiceId, Option<DestinationId>)>;

impl Table {
    /// Opens the conversation, loading the kernel's module where necessary.
    pub(super) async fn open(plan: &TablePlan, room: Option<Buffer>) -> Result<Self, Unusable> {
        let table = unusable::open(plan.namespace.as_deref()).await.map(Self::over)?;
        table.make_room(room);
        Ok(table)
    }

    /// Gives the socket another receive buffer.
    pub(super) fn make_room(&self, room: Option<Buffer>) {
        receive_buffer::give(self.handle.transport(), room, "IPVS command");
    }
}

impl<T: Transport> Table<T> {
    fn over(handle: Handle<T>) -> Self {
        let (plan, owners, held) = (Vec::new(), HashMap::new(), HashMap::new());
        Self { handle, plan, owners, held, round: (Vec::new(), 0), timeouts: None, daemons: None }
    }

    /// Takes a plan: at the start with an empty table behind it, then at each reload.
    pub(super) async fn configure(&mut self, table: &TablePlan, services: Vec<Services>) {
        self.set_timeouts(table.timeouts).await;
        self.set_daemons(table.daemons).await;
        self.owners = HashMap::with_capacity(services.len());
        for (index, virtual_server) in services.iter().enumerate() {
            for service in &virtual_server.services {
                let owners = self.owners.entry(service.id);
                let owners = owners.or_insert_with(|| Owners { service: *service, indexes: Vec::new() });
                owners.indexes.push(index);
            }
        }
        self.plan = services;
        self.round = (self.plan.iter().flat_map(|all| &all.services).map(|one| one.id).collect(), 0);
    }

    /// Looks at some services, at others the next time, and puts back what somebody took out of the kernel. What was
    /// changed there stays until the next change of ours: an administrator may be draining a server.
    pub(super) async fn audit(&mut self, director: &Director) {
        let (order, next) = &mut self.round;
        let from = if *next < order.len() { *next } else { 0 };
        let to = order.len().min(from + AUDITED);
        *next = to;
        let ids: Vec<ServiceId> = order[from..to].to_vec();
        let mut robbed = Vec::new();
        for id in ids {
            if self.held.contains_key(&id) && self.is_robbed(id).await {
                robbed.push(id);
            }
        }
        if !robbed.is_empty() {
            self.reconcile(director, &robbed).await;
        }
    }

    /// Whether somebody took a service, or servers of it; they are then no longer held.
    async fn is_robbed(&mut self, id: ServiceId) -> bool {
        let there: HashSet<DestinationId> = match self.handle.destinations(id).await {
            Ok(entries) => entries.into_iter().map(|entry| entry.destination.id).collect(),
            Err(Error::Refused(Refusal { cause: Cause::NoSuchService, .. })) => HashSet::new(),
            Err(error) => {
                tracing::debug!("IPVS: cannot read the servers of {}: {error}", ServiceName(&id));
                return false;
            }
        };
        // The kernel shows a service that does not exist as one without servers.
        if there.is_empty()
            && let Err(Error::Refused(Refusal { cause: Cause::NoSuchService, .. })) =
                self.handle.service(id).await
        {
            tracing::info!("IPVS: somebody removed {} - adding it again", ServiceName(&id));
            self.held.remove(&id);
            return true;
        }
        let Some(held) = self.held.get_mut(&id) else { return false };
        let before = held.destinations.len();
        held.destinations.retain(|destination| there.contains(&destination.id));
        let gone = before - held.destinations.len();
        if gone > 0 {
            tracing::info!(
                "IPVS: somebody removed {gone} of the servers of {} - adding them again",
                ServiceName(&id)
            );
        }
        gone > 0
    }

    /// Empties the whole table, also of what others put there.
    pub(super) async fn flush(&mut self) {
        self.held.clear();
        if let Some(Err(refusal)) = self.apply(&[Request::Flush]).await.pop() {
            tell(&Request::Flush, &refusal);
        }
    }

    /// Learns what the kernel really holds of ours: after a start what a worker before us left behind, after an
    /// interrupted conversation what became of it.
    pub(super) async fn adopt(&mut self) {
        let found = match self.handle.services().await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!("IPVS: cannot read the table: {error}");
                return;
            }
        };
        let believed = std::mem::take(&mut self.held);
        for id in found.into_iter().map(|entry| entry.service.id) {
            if self.owners.contains_key(&id) || believed.contains_key(&id) {
                self.read(id).await;
            }
        }
    }

    /// Brings the kernel to what the director wants of these virtual servers, and says how it took what each awaits.
    pub(super) async fn bring(&mut self, director: &Director, services: &[usize]) -> Vec<Settlement> {
        let ids: Vec<ServiceId> = services.iter().flat_map(|index| self.ids(*index)).collect();
        let refused = self.reconcile(director, &ids).await;
        services.iter().map(|index| self.verdict(director, *index, &refused)).collect()
    }

    fn verdict(&self, director: &Director, index: usize, refused: &Refused) -> Settlement {
        let awaited = director.services().get(index).and_then(VirtualServer::awaited);
        let plan = self.plan.get(index);
        let Some(backend) = awaited.and_then(|server| plan?.servers.get(server)) else {
            return Settlement::Done;
        };
        let concerns = |id: ServiceId| {
            let destination = backend.destination(&id, Weight::ZERO).id;
            refused.contains(&(id, None)) || refused.contains(&(id, Some(destination)))
        };
        if self.ids(index).any(concerns) { Settlement::Refused } else { Settlement::Done }
    }

    /// Brings the kernel to what the director wants of all virtual servers, and removes what is wanted no more.
    pub(super) async fn bring_all(&mut self, director: &Director) {
        let mut ids: Vec<ServiceId> = (0..self.plan.len()).flat_map(|index| self.ids(index)).collect();
        let mut gone: Vec<ServiceId> =
            self.held.keys().filter(|id| !self.owners.contains_key(id)).copied().collect();
        gone.sort_unstable();
        ids.extend(gone);
        self.reconcile(director, &ids).await;
        self.held.values_mut().for_each(|spec| spec.destinations.shrink_to_fit());
    }

    /// Puts back what concerns the whole table.
    pub(super) async fn leave(&mut self) {
        self.set_timeouts(Timeouts::default()).await;
        self.set_daemons(None).await;
    }

    /// Takes everything of ours out of the kernel.
    pub(super) async fn clear(&mut self) {
        self.leave().await;
        self.plan.clear();
        self.owners.clear();
        self.bring_all(&Director::default()).await;
    }

    fn ids(&self, index: usize) -> impl Iterator<Item = ServiceId> + '_ {
        self.plan.get(index).into_iter().flat_map(|services| &services.services).map(|service| service.id)
    }

    /// Asks for the difference, and once more where the kernel was not as we believed.
    async fn reconcile(&mut self, director: &Director, ids: &[ServiceId]) -> Refused {
        let (mut refused, surprising) = self.ask(&self.difference(director, ids)).await;
        let surprising: HashSet<ServiceId> = surprising.into_iter().map(|(id, _)| id).collect();
        let again: Vec<ServiceId> = ids
            .iter()
            .copied()
            .filter(|id| surprising.contains(id) && !refused.contains(&(*id, None)))
            .collect();
        for id in &again {
            self.read(*id).await;
        }
        let (still, surprising) = self.ask(&self.difference(director, &again)).await;
        refused.extend(still);
        refused.extend(surprising);
        refused
    }

    fn difference(&self, director: &Director, ids: &[ServiceId]) -> Vec<Request> {
        let actual: Vec<ServiceSpec> = ids.iter().filter_map(|id| self.held.get(id)).cloned().collect();
        let wanted: Vec<ServiceSpec> = ids.iter().filter_map(|id| self.wanted(director, *id)).collect();
        ipvs::diff(&actual, &wanted)
    }

    /// A service with everybody in the pools of the virtual servers behind it.
    fn wanted(&self, director: &Director, id: ServiceId) -> Option<ServiceSpec> {
        let owners = self.owners.get(&id)?;
        let both = |owner: &usize| Some((self.plan.get(*owner)?, director.services().get(*owner)?));
        let behind = owners.indexes.iter().filter_map(both);
        let destinations = if owners.indexes.len() == 1 {
            behind.flat_map(|(plan, machine)| pool::pool(plan, machine, &id)).map(|(_, one)| one).collect()
        } else {
            pool::shared(&behind.map(|(plan, machine)| Share::of(plan, machine, &id)).collect::<Vec<_>>())
        };
        Some(ServiceSpec { service: owners.service, destinations })
    }

    /// Asks, and answers with what was refused for good and what may have another reason than was believed.
    async fn ask(&mut self, requests: &[Request]) -> (Refused, Refused) {
        let (mut refused, mut surprising) = (Refused::new(), Refused::new());
        let answers = self.apply(requests).await;
        refused.extend(requests[answers.len()..].iter().filter_map(object_of));
        for (request, answer) in requests.iter().zip(answers) {
            let Err(refusal) = answer else {
                self.note(request);
                continue;
            };
            tell(request, &refusal);
            let kind = if SURPRISES.contains(&refusal.cause) { &mut surprising } else { &mut refused };
            kind.extend(object_of(request));
        }
        (refused, surprising)
    }

    /// The answers, or none when the conversation failed.
    async fn apply(&mut self, requests: &[Request]) -> Vec<ipvs::Answer> {
        if requests.is_empty() {
            return Vec::new();
        }
        match self.handle.apply(requests).await {
            Ok(answers) => answers,
            Err(error) => {
                tracing::error!("IPVS: {} changes are in doubt: {error}", requests.len());
                self.adopt().await;
                Vec::new()
            }
        }
    }

    /// Keeps what the kernel has accepted.
    fn note(&mut self, request: &Request) {
        match request {
            Request::NewService(service) => {
                self.held.insert(service.id, ServiceSpec { service: *service, destinations: Vec::new() });
            }
            Request::SetService(service) => {
                if let Some(spec) = self.held.get_mut(&service.id) {
                    spec.service = *service;
                }
            }
            Request::DelService(id) => {
                self.held.remove(id);
            }
            Request::NewDestination(id, destination) | Request::SetDestination(id, destination) => {
                if let Some(spec) = self.held.get_mut(id) {
                    spec.destinations.retain(|held| held.id != destination.id);
                    spec.destinations.push(*destination);
                }
            }
            Request::DelDestination(id, destination) => {
                if let Some(spec) = self.held.get_mut(id) {
                    spec.destinations.retain(|held| held.id != *destination);
                }
            }
            Request::GetService(_)
            | Request::ListServices
            | Request::ListDestinations(_)
            | Request::NewDaemon(_)
            | Request::DelDaemon { .. }
            | Request::ListDaemons
            | Request::SetTimeouts(_)
            | Request::GetTimeouts
            | Request::GetInfo
            | Request::Zero(_)
            | Request::Flush => {}
        }
    }

    /// Learns what the kernel really holds of one service.
    async fn read(&mut self, id: ServiceId) {
        self.held.remove(&id);
        let service = match self.handle.service(id).await {
            Ok(entry) => entry.service,
            Err(Error::Refused(Refusal { cause: Cause::NoSuchService, .. })) => return,
            Err(error) => {
                tracing::error!("IPVS: cannot read {}: {error}", ServiceName(&id));
                return;
            }
        };
        match self.handle.destinations(id).await {
            Ok(entries) => {
                let destinations = entries.into_iter().map(|entry| entry.destination).collect();
                self.held.insert(id, ServiceSpec { service, destinations });
            }
            Err(error) => tracing::error!("IPVS: cannot read the servers of {}: {error}", ServiceName(&id)),
        }
    }

    /// Sets the timeouts that are given and puts the others back to what they were before us (§5.7).
    async fn set_timeouts(&mut self, wanted: Timeouts) {
        if self.timeouts.is_none() {
            if wanted == Timeouts::default() {
                return;
            }
            match self.handle.timeouts().await {
                Ok(before) => self.timeouts = Some((before, before)),
                Err(error) => {
                    tracing::info!("Failed to set ipvs timeouts: {error}");
                    return;
                }
            }
        }
        let Some((before, current)) = self.timeouts else { return };
        let next = Timeouts {
            tcp: wanted.tcp.or(before.tcp),
            tcp_fin: wanted.tcp_fin.or(before.tcp_fin),
            udp: wanted.udp.or(before.udp),
        };
        if next == current {
            return;
        }
        match self.apply(&[Request::SetTimeouts(next)]).await.pop() {
            Some(Ok(())) => self.timeouts = Some((before, next)),
            Some(Err(refusal)) => tracing::info!("Failed to set ipvs timeouts: {refusal}"),
            None => {}
        }
    }
}

fn tell(request: &Request, refusal: &Refusal) {
    tracing::info!("{}", refusal::line(request, refusal));
    if let Some(advice) = refusal::advice(request, refusal) {
        tracing::info!("{advice}");
    }
}
