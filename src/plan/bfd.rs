//! `bfd_instance` to the parameters of sessions.

use parser::config::{BfdInstance, Config};
use serde::{Deserialize, Serialize};
use vrrp::bfd::params::Role;
use vrrp::bfd::{Hops, Params};

/// The BFD worker's part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BfdPlan {
    /// The sessions, in the order of the file.
    pub(crate) sessions: Vec<Params>,
}

/// The sessions of a configuration.
pub(super) fn plan(config: &Config) -> BfdPlan {
    BfdPlan { sessions: config.bfd_instances.iter().map(session).collect() }
}

fn session(instance: &BfdInstance) -> Params {
    Params {
        name: instance.name.clone(),
        neighbor: instance.neighbor,
        source: instance.source,
        hops: if instance.multihop { Hops::Many } else { Hops::One },
        role: if instance.passive { Role::Passive } else { Role::Active },
        min_rx: instance.min_rx.into(),
        min_tx: instance.min_tx.into(),
        idle_tx: instance.idle_tx.into(),
        multiplier: instance.multiplier,
        ttl: instance.ttl,
        max_hops: instance.max_hops,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::read;
    use vrrp::bfd::Micros;

    fn sessions(text: &'static str) -> Vec<Params> {
        plan(&read(text)).sessions
    }

    #[test]
    fn a_session_has_the_originals_defaults() {
        let expected = Params {
            name: "b1".into(),
            neighbor: [10, 0, 0, 2].into(),
            source: None,
            hops: Hops::One,
            role: Role::Active,
            min_rx: Micros(10_000),
            min_tx: Micros(10_000),
            idle_tx: Micros(1_000_000),
            multiplier: 5,
            ttl: 255,
            max_hops: Some(0),
        };
        assert_eq!(sessions("bfd_instance b1 {\n neighbor_ip 10.0.0.2\n}\n"), [expected]);
    }

    #[test]
    fn every_word_of_a_session_is_taken() {
        let text = "bfd_instance b1 {\n neighbour_ip fd00::2\n source_ip fd00::1\n multihop\n passive\n min_rx 1.5\n\
                    min_tx 20\n idle_tx 2000\n multiplier 3\n hoplimit 255\n max_hops -1\n}\n";
        let expected = Params {
            name: "b1".into(),
            neighbor: "fd00::2".parse().expect("an address"),
            source: Some("fd00::1".parse().expect("an address")),
            hops: Hops::Many,
            role: Role::Passive,
            min_rx: Micros(1_500),
            min_tx: Micros(20_000),
            idle_tx: Micros(2_000_000),
            multiplier: 3,
            ttl: 255,
            max_hops: None,
        };
        assert_eq!(sessions(text), [expected]);
    }
}
