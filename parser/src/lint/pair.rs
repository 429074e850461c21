//! What only the files of two routers together show.

use std::net::IpAddr;

use super::{Findings, Lint};
use crate::config::{Config, Peer, Peering, VrrpInstance};

/// `name` is that of the other router's file.
pub(super) fn lint(ours: &Config, theirs: &Config, name: &str, found: &mut Findings) {
    for instance in &ours.vrrp_instances {
        if let Some(other) = counterpart(instance, theirs) {
            peers(instance, other, name, found);
        }
    }
}

/// The same virtual router in the other file. Where several have its VRID, on several interfaces, the name decides.
fn counterpart<'a>(instance: &VrrpInstance, theirs: &'a Config) -> Option<&'a VrrpInstance> {
    let alike: Vec<&VrrpInstance> = theirs
        .vrrp_instances
        .iter()
        .filter(|other| (other.vrid, other.family) == (instance.vrid, instance.family))
        .collect();
    match alike[..] {
        [only] => Some(only),
        _ => alike.into_iter().find(|other| other.name == instance.name),
    }
}

fn peers(instance: &VrrpInstance, other: &VrrpInstance, file: &str, found: &mut Findings) {
    let (VrrpInstance { name, span, .. }, other_name) = (instance, &other.name);
    let mut tell = |message: String| found.at(Lint::PeerMissing, span, message);
    let (ours, theirs) = match (unicast(instance), unicast(other)) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        (None, None) => return,
        (Some(_), None) => {
            return tell(format!("({name}) speaks unicast, but {other_name} in {file} multicast"));
        }
        (None, Some(_)) => {
            return tell(format!("({name}) speaks multicast, but {other_name} in {file} unicast"));
        }
    };
    if instance.source == other.source {
        // The same router's file, or nothing is known of where either sends from.
        return;
    }
    let names = |peers: &[Peer], source: &IpAddr| peers.iter().any(|peer| peer.addr == *source);
    if let Some(source) = other.source.filter(|source| !names(ours, source)) {
        tell(format!("({name}) {source} is no unicast peer, but {other_name} in {file} sends from it"));
    }
    if let Some(source) = instance.source.filter(|source| !names(theirs, source)) {
        tell(format!("({name}) sends from {source}, but {other_name} in {file} has no such unicast peer"));
    }
}

/// The peers of an instance that speaks to peers only.
fn unicast(instance: &VrrpInstance) -> Option<&[Peer]> {
    match &instance.peering {
        Peering::Unicast { peers, .. } => Some(peers),
        Peering::Missing => Some(&[]),
        Peering::Multicast { .. } => None,
    }
}
