//! Packets find their virtual routers.

use std::time::SystemTime;

use vrrp::io::socket::Endpoint;
use vrrp::params::Transport;
use vrrp::sync::Step;
use vrrp::{Action, Packet};

use super::Worker;
use super::group::{Group, Members};
use super::instance::Instance;

impl Worker {
    /// Gives every packet that has arrived to its virtual router.
    pub(super) fn receive(&mut self) {
        let mut done = Vec::new();
        let Self { sockets, instances, groups, log_unknown_vrids, chatter, .. } = self;
        sockets.drain(|endpoint, now, packet| {
            let wall = SystemTime::now();
            let packet = match packet {
                Ok(packet) => packet,
                Err(line) => {
                    if chatter.permits(now) {
                        tracing::info!("{}", line.of(""));
                    }
                    return;
                }
            };
            match addressee(instances, endpoint, &packet) {
                Some(index) => done.push(match group_of(instances, groups, index) {
                    Some((at, place)) => {
                        let Group { plan, core, .. } = &mut groups[at];
                        let members = &mut Members { instances, indexes: &plan.members };
                        let mut out = Vec::new();
                        core.receive(now, members, place, wall, &packet, &mut out);
                        Done::Group(at, out)
                    }
                    None => {
                        let mut out = Vec::new();
                        instances[index].router.receive(now, wall, &packet, &mut out);
                        Done::Instance(index, out)
                    }
                }),
                None if *log_unknown_vrids && chatter.permits(now) => tracing::info!(
                    "Unknown VRID({}) received on interface({}). ignoring...",
                    packet.vrid(),
                    endpoint.interface.as_deref().unwrap_or_default()
                ),
                None => {}
            }
        });
        for one in done {
            match one {
                Done::Instance(index, out) => self.carry_out(index, out),
                Done::Group(at, out) => self.carry_out_group(at, out),
            }
        }
    }
}

/// What the packets of one round have led to.
enum Done {
    Instance(usize, Vec<Action>),
    Group(usize, Vec<Step>),
}

/// The sync group of a virtual router, and its place in it.
pub(super) fn group_of(instances: &[Instance], groups: &[Group], index: usize) -> Option<(usize, usize)> {
    let at = instances[index].group?;
    Some((at, groups[at].place(index)?))
}

/// The virtual router a packet is for. Unicast routers of one VRID and address are told apart by their peers.
fn addressee(instances: &[Instance], endpoint: &Endpoint, packet: &Packet<'_>) -> Option<usize> {
    let is_for = |instance: &Instance| {
        instance.plan.params.vrid.get() == packet.vrid() && instance.endpoint().as_ref() == Some(endpoint)
    };
    let mut candidates = instances.iter().enumerate().filter(|(_, instance)| is_for(instance));
    let (first, instance) = candidates.next()?;
    let Some((second, other)) = candidates.next() else { return Some(first) };
    let follows = |instance: &Instance| {
        instance.router.machine().leader().is_some_and(|leader| leader.address == packet.from())
    };
    let knows = |instance: &Instance| match &instance.plan.params.transport {
        Transport::Unicast { peers, .. } => peers.iter().any(|peer| peer.address == packet.from()),
        Transport::Multicast { .. } => true,
    };
    let all: Vec<_> = [(first, instance), (second, other)].into_iter().chain(candidates).collect();
    all.iter()
        .find(|(_, instance)| follows(instance))
        .or_else(|| all.iter().find(|(_, instance)| knows(instance)))
        .map(|(index, _)| *index)
}
