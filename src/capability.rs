//! The rights this process has: a missing one can be named before it is missed, and what a worker never needs is given up.

use rustix::thread::{CapabilitySet, capabilities, no_new_privs, set_capabilities};

use crate::worker::Role;

/// What root may do to files and processes of others: scripts of other users are ended, their FIFOs made and removed, and
/// files looked at that may lie anywhere. Besides, what the limits and priorities of a worker take.
const EVERY_WORKER: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::DAC_READ_SEARCH)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::NET_ADMIN)
    .union(CapabilitySet::NET_RAW)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::IPC_LOCK)
    .union(CapabilitySet::SYS_NICE)
    .union(CapabilitySet::SYS_RESOURCE);

fn needed(role: Role, enters_namespaces: bool) -> CapabilitySet {
    let entering = if enters_namespaces { CapabilitySet::SYS_ADMIN } else { CapabilitySet::empty() };
    entering.union(match role {
        // With `hidepid`, processes are looked for by this right.
        Role::Vrrp => EVERY_WORKER.union(CapabilitySet::SYS_PTRACE),
        Role::Checkers | Role::Bfd => EVERY_WORKER,
    })
}

/// Gives up what a worker of this role, which enters other network namespaces or does not, never needs. To be called before there is a second thread.
///
/// Only what this process itself may do becomes less: root's scripts have all rights again when they begin. They would
/// not under `no_new_privs`, so nothing is given up then, nor by a user who was given exactly what it has.
pub(crate) fn give_up_others(role: Role, enters_namespaces: bool) {
    if !rustix::process::geteuid().is_root() || no_new_privs().unwrap_or(true) {
        return;
    }
    let Ok(mut sets) = capabilities(None) else { return };
    sets.effective &= needed(role, enters_namespaces);
    sets.permitted &= needed(role, enters_namespaces);
    // Having more rights than necessary is no reason not to work.
    let _ = set_capabilities(None, sets);
}

/// `CAP_NET_ADMIN`: addresses, routes, IPVS.
const NET_ADMIN: u32 = 12;

/// Whether the right to change addresses is missing. A system that does not tell is taken to allow it.
pub(crate) fn lacks_net_admin() -> bool {
    std::fs::read_to_string("/proc/self/status").ok().and_then(|text| lacks(&text, NET_ADMIN)) == Some(true)
}

/// Whether a process with this `/proc/PID/status` may not change addresses.
pub(crate) fn status_lacks_net_admin(status: &str) -> bool {
    lacks(status, NET_ADMIN) == Some(true)
}

fn lacks(status: &str, capability: u32) -> Option<bool> {
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    Some(mask & (1 << capability) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_set_decides() {
        let all = "Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\n";
        assert_eq!(lacks(all, NET_ADMIN), Some(false));
        let without = "CapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffefff\n";
        assert_eq!(lacks(without, NET_ADMIN), Some(true));
        assert_eq!(lacks("Name:\tx\n", NET_ADMIN), None);
    }
}
