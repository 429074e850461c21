//! `nftables_ipvs`: groups of addresses that the kernel knows as one service each, by a mark that nftables gives their packets.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;

use parser::config::{self, Config, Members, NftablesIpvs, Service};
use parser::diag::{Class, Diagnostic};
use serde::{Deserialize, Serialize};

use super::ipvs::protocol;

/// The tables that mark, one for each family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marking {
    /// Their name.
    pub(crate) table: String,
    /// Priority of their chains.
    pub(crate) priority: i32,
    /// Which packets get which mark; no packet is meant twice.
    pub(crate) marks: Vec<Mark>,
}

/// Packets that get a mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Their protocol.
    pub(crate) protocol: ipvs::Protocol,
    /// The first address that they go to.
    pub(crate) first: IpAddr,
    /// The last.
    pub(crate) last: IpAddr,
    /// The port; 0 is any.
    pub(crate) port: u16,
    /// The mark.
    pub(crate) mark: NonZeroU32,
}

/// A group, as an index, and a protocol.
type Key = (usize, ipvs::Protocol);

/// The marks that groups have.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    by_group: BTreeMap<Key, NonZeroU32>,
    wish: Option<NftablesIpvs>,
}

impl Marks {
    /// Gives marks, in the order of the virtual servers, to groups that consist of addresses.
    pub(super) fn of(config: &Config) -> Self {
        let Some(wish) = &config.global.nftables_ipvs else { return Self::default() };
        let mut by_group = BTreeMap::new();
        let mut next = NonZeroU32::new(wish.first_mark);
        for vs in &config.virtual_servers {
            let Service::Group { group, .. } = &vs.service else { continue };
            let members = config.virtual_server_groups.get(*group).map_or(&[][..], |group| &group.members);
            let is_address = |member: &Members| matches!(member, Members::Range { .. });
            let key = (*group, protocol(vs.protocol));
            if members.is_empty() || !members.iter().all(is_address) || by_group.contains_key(&key) {
                continue;
            }
            let Some(mark) = next else { break };
            by_group.insert(key, mark);
            next = mark.checked_add(1);
        }
        Self { by_group, wish: Some(wish.clone()) }
    }

    /// The mark of a virtual server's group.
    pub(super) fn mark(&self, vs: &config::VirtualServer) -> Option<NonZeroU32> {
        let Service::Group { group, .. } = &vs.service else { return None };
        self.by_group.get(&(*group, protocol(vs.protocol))).copied()
    }

    /// The tables that give packets these marks.
    pub(super) fn plan(self, config: &Config, complaints: &mut Vec<Diagnostic>) -> Option<Marking> {
        let NftablesIpvs { table, priority, .. } = self.wish?;
        let mut marks: Vec<Mark> = Vec::new();
        for ((group, protocol), mark) in self.by_group {
            let Some(group) = config.virtual_server_groups.get(group) else { continue };
            for member in &group.members {
                let Members::Range { span, first, last, port } = member else { continue };
                let new = Mark { protocol, first: *first, last: *last, port: *port, mark };
                match marks.iter().find(|known| known.overlaps(&new)) {
                    Some(known) if known.mark == mark => {
                        let text = format!("{first}-{last} is in group {} more than once", group.name);
                        complaints.push(Diagnostic::new(Class::Log, Some(span.clone()), text));
                    }
                    Some(_) => {
                        let text = format!("{first}-{last} is in another group already - it stays there");
                        complaints.push(Diagnostic::new(Class::Log, Some(span.clone()), text));
                    }
                    None => marks.push(new),
                }
            }
        }
        (!marks.is_empty()).then_some(Marking { table, priority, marks })
    }
}

impl Mark {
    /// Whether a packet may be meant by both.
    fn overlaps(&self, other: &Self) -> bool {
        self.protocol == other.protocol
            && self.first <= other.last
            && other.first <= self.last
            && (self.port == other.port || self.port == 0 || other.port == 0)
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::plan;

    const TWO_GROUPS: &str = "global_defs {\nnftables_ipvs\nnftables_ipvs_start_fwmark 7\n}\n\
        virtual_server_group A {\n10.0.0.1-3 80\nfd00::1 80\n}\n\
        virtual_server_group B {\n10.0.0.3 80\n10.0.0.9 0\n}\n\
        virtual_server_group C {\nfwmark 3\n}\n\
        virtual_server group A {\nlvs_sched rr\nlvs_method DR\nprotocol TCP\nreal_server 10.1.0.1 80 {\n}\n}\n\
        virtual_server group B {\nlvs_sched rr\nlvs_method DR\nprotocol TCP\nreal_server 10.1.0.1 80 {\n}\n}\n\
        virtual_server group C {\nlvs_sched rr\nlvs_method DR\nprotocol TCP\nreal_server 10.1.0.1 80 {\n}\n}\n";

    #[test]
    fn a_group_of_addresses_is_one_service_for_each_family_behind_a_mark() {
        let (plan, said) = plan(TWO_GROUPS);
        let marking = plan.marking.expect("groups are to be marked");
        let marks: Vec<String> = marking
            .marks
            .iter()
            .map(|one| format!("{}-{} {} -> {}", one.first, one.last, one.port, one.mark))
            .collect();
        assert_eq!(
            marks,
            ["10.0.0.1-10.0.0.3 80 -> 7", "fd00::1-fd00::1 80 -> 7", "10.0.0.9-10.0.0.9 0 -> 8"]
        );
        assert!(said.iter().any(|line| line.contains("10.0.0.3-10.0.0.3 is in another group")), "{said:?}");
        let services: Vec<Vec<String>> = plan
            .services
            .iter()
            .map(|service| service.kernel.services.iter().map(|one| format!("{:?}", one.id)).collect())
            .collect();
        assert_eq!(services[0], ["FwMark { mark: 7, family: V4 }", "FwMark { mark: 7, family: V6 }"]);
        assert_eq!(services[1], ["FwMark { mark: 8, family: V4 }"]);
        assert_eq!(services[2], ["FwMark { mark: 3, family: V4 }"]);
    }
}
