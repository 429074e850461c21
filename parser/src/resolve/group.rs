//! Sync groups, and what instances mean together: roles, weights, and virtual router identifiers that must differ.

use std::collections::HashMap;

use crate::block::group::SyncGroupBlock;
use crate::config::{Config, Family, Located, Notify, Peering, Role, SyncGroup, VrrpInstance};
use crate::keyword::Blocks;
use crate::resolve::tracking::tracking;
use crate::resolve::{Complaints, said};

/// What groups say for members that do not: `notify_priority_changes` by the name of the member.
pub(super) fn priority_changes(blocks: &Blocks<SyncGroupBlock>) -> HashMap<String, bool> {
    let mut all = HashMap::new();
    for block in blocks.iter().map(|said| &said.value) {
        let Some(changes) = &block.notify_priority_changes else { continue };
        for member in block.group.iter().flat_map(|group| &group.value.0) {
            all.entry(member.value.clone()).or_insert(changes.value);
        }
    }
    all
}

/// Groups with the members they can have; their members know them from now on.
pub(super) fn sync_groups(
    blocks: Blocks<SyncGroupBlock>,
    config: &mut Config,
    complaints: &mut Complaints,
) -> Vec<SyncGroup> {
    let mut groups = Vec::new();
    for Located { value: mut block, span } in blocks {
        let name = block.head.clone();
        let mut members = Vec::new();
        let listed = block.group.is_some();
        for member in said(block.group.take()).map_or_else(Vec::new, |group| group.0) {
            let member = member.value;
            match config.vrrp_instances.iter().position(|instance| instance.name == member) {
                None => complaints.general(format!(
                    "Virtual router {member} specified in sync group {name} doesn't exist - ignoring"
                )),
                Some(at) if config.vrrp_instances[at].sync_group.is_some() || members.contains(&at) => {
                    complaints.general(format!(
                        "Virtual router {member} cannot exist in more than one sync group; ignoring {name}"
                    ))
                }
                Some(at) => members.push(at),
            }
        }
        match members.len() {
            0 if listed => {
                complaints.general(format!(
                    "Sync group {name}, no matching virtual router found in group declaration - removing"
                ));
                continue;
            }
            0 => {
                complaints.general(format!("Sync group {name} has no virtual router(s). removing"));
                continue;
            }
            1 => complaints.general(format!(
                "Sync group {name} has only 1 virtual router(s) - this probably isn't what you want"
            )),
            _ => {}
        }
        for member in &members {
            config.vrrp_instances[*member].sync_group = Some(groups.len());
        }
        let tracking = tracking(block.track.into_inner(), None, config, &name, complaints);
        let alerts = &config.global.mail;
        groups.push(SyncGroup {
            span,
            members,
            tracking,
            tracking_weight: block.sync_group_tracking_weight.is_some() || block.global_tracking.is_some(),
            notify: Notify {
                master: said(block.notify_master).map(Box::new),
                backup: said(block.notify_backup).map(Box::new),
                fault: said(block.notify_fault).map(Box::new),
                stop: said(block.notify_stop).map(Box::new),
                any: said(block.notify).map(Box::new),
                ..Notify::default()
            },
            smtp_alert: said(block.smtp_alert).or(alerts.alert_vrrp).or(alerts.alert).unwrap_or(false),
            name,
        });
    }
    groups
}

/// What instances mean together: unique VRIDs, the initial state of groups.
pub(super) fn settle(config: &mut Config, complaints: &mut Complaints) {
    for group in &config.sync_groups {
        let owners = group.members.iter().filter(|at| config.vrrp_instances[**at].priority == 255).count();
        if owners > 0 && owners < group.members.len() {
            complaints.general(format!(
                "Sync group {} has some member(s) as address owner and some not as address owner. This won't work.",
                group.name
            ));
        }
        let all_own = owners == group.members.len()
            && group.members.iter().all(|at| config.vrrp_instances[*at].state == Role::Master);
        if !all_own {
            for at in &group.members {
                config.vrrp_instances[*at].state = Role::Backup;
            }
        }
    }
    drop_weights(config, complaints);
    let mut alike: HashMap<(u8, Family, Option<&str>), Vec<&VrrpInstance>> = HashMap::new();
    for second in config.vrrp_instances.iter().filter(|one| one.vrid != VrrpInstance::NO_VRID) {
        let interface = second.interface.as_ref().map(|said| said.value.as_str());
        let earlier = alike.entry((second.vrid, second.family, interface)).or_default();
        let rival = earlier.iter().copied().find(|first| collide(first, second));
        earlier.push(second);
        if let (Some(first), Some(interface)) = (rival, &second.interface) {
            complaints.fatal(format!(
                "{} and {} both use VRID {} with {} on interface {}",
                first.name, second.name, second.vrid, second.family, interface.value
            ));
        }
    }
}

/// An address owner's priority cannot change, nor may a member's that must stay equal to the others'.
fn drop_weights(config: &mut Config, complaints: &mut Complaints) {
    let fixed: Vec<bool> = config.sync_groups.iter().map(|group| !group.tracking_weight).collect();
    for instance in &mut config.vrrp_instances {
        let owner = instance.priority == 255;
        let grouped = instance.sync_group.is_some_and(|group| fixed[group]);
        if !owner && !grouped {
            continue;
        }
        let name = &instance.name;
        let why = if owner { "address_owner" } else { "SYNC group" };
        let tracking = &mut instance.tracking;
        tracking.interfaces.retain_mut(|tracked| {
            let weighted = tracked.weight.value != 0;
            if weighted {
                let why = if owner { " due to address owner" } else { " weight due to SYNC group" };
                complaints.general(format!("({name}) ignoring {} tracked interface{why}", tracked.what));
                tracked.weight.value = 0;
            }
            !(weighted && owner)
        });
        tracking.scripts.retain(|tracked| {
            let script = &config.scripts[tracked.what].name;
            if tracked.weight.value != 0 {
                complaints
                    .general(format!("({name}) ignoring tracked script {script} with weights due to {why}"));
            }
            tracked.weight.value == 0
        });
        tracking.files.retain_mut(|tracked| {
            let file = &config.track_files[tracked.what].name;
            match tracked.weight.value {
                0 => true,
                1 => {
                    complaints.general(format!(
                        "({name}) ignoring weight from tracked file {file} due to {why}. specify weight 0"
                    ));
                    tracked.weight.value = 0;
                    true
                }
                weight => {
                    complaints.general(format!(
                        "({name}) ignoring tracked file {file} with weight {weight} due to {why}"
                    ));
                    false
                }
            }
        });
        tracking.bfds.retain(|tracked| {
            let (bfd, weight) = (&config.bfd_instances[tracked.what].name, tracked.weight.value);
            if weight != 0 {
                complaints.general(format!(
                    "({name}) ignoring tracked bfd {bfd} with weight {weight} due to {why}"
                ));
            }
            weight == 0
        });
    }
    for group in &mut config.sync_groups {
        if group.members.iter().all(|at| config.vrrp_instances[*at].priority != 255) {
            continue;
        }
        for tracked in group.tracking.interfaces.iter_mut().filter(|tracked| tracked.weight.value != 0) {
            complaints.general(format!(
                "({}) Cannot have weighted track interface '{}' with member having priority 255 - clearing weight",
                group.name, tracked.what
            ));
            tracked.weight.value = 0;
        }
        for weight in group
            .tracking
            .scripts
            .iter_mut()
            .chain(&mut group.tracking.files)
            .chain(&mut group.tracking.bfds)
            .map(|tracked| &mut tracked.weight)
        {
            weight.value = 0;
        }
    }
}

/// Whether two instances with the same VRID on the same interface would take each other's adverts for their own.
fn collide(first: &VrrpInstance, second: &VrrpInstance) -> bool {
    match (&first.peering, &second.peering) {
        (Peering::Multicast { group: a }, Peering::Multicast { group: b }) => a == b,
        (Peering::Unicast { peers: a, .. }, Peering::Unicast { peers: b, .. }) => {
            first.source == second.source
                && a.iter().any(|peer| b.iter().any(|other| peer.addr == other.addr))
        }
        (Peering::Multicast { .. } | Peering::Unicast { .. } | Peering::Missing, _) => false,
    }
}
