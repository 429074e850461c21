//! The rights this process has, so that a missing one can be named before it is missed.

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
