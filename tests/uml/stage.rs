//! A director of the seed's cluster that has become master and filled its table.

use lab::{
    Binary, Keepalived, Outcome, eventually, ipvs,
    seed::{self, Cluster, Director},
};
use std::time::Duration;

/// Longer than an election and the start of a daemon on a busy machine.
pub(crate) const START: Duration = Duration::from_secs(60);

/// The seed's `delay_loop` and `delay_before_retry`, twice over: two workers start their checks at random; and a busy machine.
pub(crate) const DETECTION: Duration = Duration::from_secs(75);

pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    pub(crate) daemon: Keepalived,
}

impl Stage {
    /// Starts the seed's configuration on the first director.
    pub(crate) fn start(binary: &Binary) -> Outcome<Self> {
        let cluster = Cluster::new()?;
        let [first, _] = &cluster.directors;
        let daemon = Keepalived::start(&first.node, binary, seed::CONFIG)?;
        let stage = Self { cluster, daemon };
        eventually("the virtual addresses and a full table", START, || stage.is_complete().then_some(()))?;
        Ok(stage)
    }

    pub(crate) fn director(&self) -> &Director {
        let [first, _] = &self.cluster.directors;
        first
    }

    /// Whether the director holds every address and every real server of the seed.
    pub(crate) fn is_complete(&self) -> bool {
        is_complete(self.director())
    }

    /// The table as the administrator's tool writes it.
    pub(crate) fn saved_table(&self) -> Outcome<String> {
        self.director().node.run("ipvsadm", &["-Sn"])
    }
}

/// Whether a director holds every address and every real server of the seed.
pub(crate) fn is_complete(director: &Director) -> bool {
    director.vips().is_ok_and(|vips| vips.len() == seed::VIPS.len())
        && entries(director).is_ok_and(|entries| entries == seed::DESTINATIONS)
}

/// How many real servers there are in the table of a director.
pub(crate) fn entries(director: &Director) -> Outcome<usize> {
    Ok(ipvs::table(&director.node)?.values().map(|servers| servers.len()).sum())
}
