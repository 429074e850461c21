//! `linkbeat_use_polling` and `linkbeat_interfaces`: links that are asked how they are, because their drivers do not say.

use std::collections::BTreeSet;

use parser::config::{Config, LinkbeatKind};
use parser::diag::{Class, Diagnostic, Outcome, Severity};
use serde::{Deserialize, Serialize};

use super::System;
use super::vmac::Vmac;

/// A link that is asked every second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Polled {
    /// Its interface.
    pub(crate) interface: String,
    /// The way that is tried first; none is the usual order.
    pub(crate) way: Option<Way>,
}

/// How a link is asked, in the order in which ways are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// The basic status register of the transceiver (IEEE 802.3 §22.2.4).
    Mii,
    /// The driver, as `ethtool` does.
    Ethtool,
    /// The flags of the interface.
    Flags,
}

/// Which links are polled: of those somebody watches the configured ones, or all.
pub(super) fn plan(
    config: &Config,
    system: &System,
    watched: &BTreeSet<String>,
    vmacs: &[Vmac],
    complaints: &mut Vec<Diagnostic>,
) -> Vec<Polled> {
    let is_made = |name: &str| vmacs.iter().any(|vmac| vmac.name == name);
    let mut polled: Vec<Polled> = Vec::new();
    for line in &config.linkbeat {
        let name = line.interface.value.as_str();
        let why_not = if is_made(name) {
            Some("netlink works for vmacs/ipvlans")
        } else if !system.interfaces.contains(name) {
            let text = format!("unknown interface {name} specified for linkbeat interface");
            complaints.push(Diagnostic {
                severity: Severity::Error,
                outcome: Some(Outcome::Ignored),
                ..Diagnostic::new(Class::Fatal, Some(line.interface.span.clone()), text)
            });
            continue;
        } else if !watched.contains(name) {
            Some("not used for tracking")
        } else {
            None
        };
        if let Some(why_not) = why_not {
            let text = format!("Turning off linkbeat for {name} since {why_not}");
            complaints.push(Diagnostic::new(Class::Log, Some(line.interface.span.clone()), text));
        } else if polled.iter().all(|known| known.interface != name) {
            polled.push(Polled { interface: name.to_owned(), way: line.kind.map(way) });
        }
    }
    let of_instances = config.vrrp_instances.iter().filter(|one| one.linkbeat_use_polling);
    let own: BTreeSet<&str> =
        of_instances.filter_map(|one| Some(one.interface.as_ref()?.value.as_str())).collect();
    for name in watched {
        let is_meant = config.global.linkbeat_use_polling || own.contains(name.as_str());
        let is_new = polled.iter().all(|known| known.interface != *name);
        if is_meant && is_new && !is_made(name) {
            polled.push(Polled { interface: name.clone(), way: None });
        }
    }
    polled
}

fn way(kind: LinkbeatKind) -> Way {
    match kind {
        LinkbeatKind::Mii => Way::Mii,
        LinkbeatKind::Ethtool => Way::Ethtool,
        LinkbeatKind::Ioctl => Way::Flags,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::read;

    fn planned(text: &'static str) -> (Vec<Polled>, Vec<String>) {
        let config = read(text);
        let interfaces = ["eth0", "eth1"].map(str::to_owned).into();
        let system = System { interfaces, ..System::default() };
        let mut complaints = Vec::new();
        let watched = "eth0".to_owned();
        let polled = plan(&config, &system, &[watched].into(), &[], &mut complaints);
        (polled, complaints.iter().map(|one| one.text.clone()).collect())
    }

    #[test]
    fn a_line_counts_for_an_interface_that_is_there_and_watched() {
        let (polled, complaints) =
            planned("linkbeat_interfaces {\neth0 ETHTOOL\neth1\nnosuch MII\neth0 MII\n}\n");
        assert_eq!(polled, [Polled { interface: "eth0".into(), way: Some(Way::Ethtool) }]);
        assert_eq!(
            complaints,
            [
                "Turning off linkbeat for eth1 since not used for tracking",
                "unknown interface nosuch specified for linkbeat interface"
            ]
        );
    }

    #[test]
    fn polling_of_everything_is_of_what_is_watched() {
        let (polled, complaints) = planned("linkbeat_use_polling\n");
        assert_eq!(polled, [Polled { interface: "eth0".into(), way: None }]);
        assert_eq!(complaints, Vec::<String>::new());
    }
}
