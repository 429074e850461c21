//! Every change of a node's addresses, routes and rules, as `ip monitor` tells it.

use crate::{failure::Outcome, journal::Mark, process::Process, scene::Node, wait::eventually};
use std::{process::Command, time::Duration};

/// Records until it is dropped.
#[derive(Debug)]
pub struct AddressWatch {
    monitor: Process,
    mark: Mark,
}

impl AddressWatch {
    /// Watches addresses and whatever else `more` names.
    pub(crate) fn start(node: &Node, more: &[&str]) -> Outcome<Self> {
        const PROBE: &str = "127.0.0.9/32 dev lo";
        const START: Duration = Duration::from_secs(30);
        let mut command = Command::new("ip");
        command.args(["-oneline", "monitor", "address"]).args(more);
        let monitor = Process::start(node, command)?;
        // It does not say when it has begun to listen, so it is asked until it hears something.
        eventually("the first word of ip monitor", START, || {
            node.ip(&format!("address add {PROBE}")).ok()?;
            node.ip(&format!("address delete {PROBE}")).ok()?;
            monitor.journal().find(Mark::default(), "Deleted").map(drop)
        })?;
        node.ip(&format!("address add {PROBE}"))?;
        let last_probe = || {
            let lines = monitor.journal().since(Mark::default());
            lines.last().is_some_and(|line| !line.text.starts_with("Deleted")).then_some(())
        };
        eventually("the last probe", START, last_probe)?;
        let mark = monitor.journal().mark();
        Ok(Self { monitor, mark })
    }

    /// The changes so far, one line each; those that begin with `Deleted` are losses.
    pub fn changes(&self) -> Vec<String> {
        self.monitor.journal().since(self.mark).into_iter().map(|line| line.text).collect()
    }
}
