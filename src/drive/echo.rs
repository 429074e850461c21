//! The right to send echo requests from unprivileged sockets, which the kernel gives to a range of groups (icmp(7)).

use std::fs;

use checkers::params::{CheckerKind, VirtualServerParams};

const RANGE: &str = "/proc/sys/net/ipv4/ping_group_range";

/// The range that was before, put back when dropped (compat/checkers.md §22.2).
#[derive(Debug, Default)]
pub(super) struct Echoes {
    before: Option<String>,
}

impl Echoes {
    /// Has the kernel allow echoes where a `PING_CHECK` needs them.
    pub(super) fn allow(services: &[VirtualServerParams]) -> Self {
        let mut this = Self::default();
        this.widen(services);
        this
    }

    /// The same for a new configuration.
    pub(super) fn widen(&mut self, services: &[VirtualServerParams]) {
        let checkers =
            services.iter().flat_map(|service| &service.servers).flat_map(|server| &server.checkers);
        let wanted = checkers.into_iter().any(|checker| matches!(*checker.kind, CheckerKind::Ping(_)));
        if !wanted || self.before.is_some() {
            return;
        }
        let Ok(before) = fs::read_to_string(RANGE) else { return };
        let Some(wider) = from_zero(&before) else { return };
        match fs::write(RANGE, wider) {
            Ok(()) => self.before = Some(before),
            Err(error) => tracing::info!("Unable to set {RANGE} for PING_CHECK: {error}"),
        }
    }
}

/// The range with group 0 in it, if it is not.
fn from_zero(range: &str) -> Option<String> {
    let mut numbers = range.split_whitespace();
    let (low, high) = (numbers.next()?, numbers.next()?);
    (low != "0").then(|| format!("0 {high}"))
}

impl Drop for Echoes {
    fn drop(&mut self) {
        if let Some(before) = &self.before
            && let Err(error) = fs::write(RANGE, before)
        {
            tracing::info!("Unable to put {RANGE} back: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::from_zero;

    #[test]
    fn only_a_range_without_group_zero_is_widened() {
        assert_eq!(from_zero("1\t0\n").as_deref(), Some("0 0"));
        assert_eq!(from_zero("100\t200\n").as_deref(), Some("0 200"));
        assert_eq!(from_zero("0\t2147483647\n"), None);
        assert_eq!(from_zero(""), None);
    }
}
