//! The IPVS table of the seed's configuration.

use crate::stage::{START, entries};
use lab::{
    Binary, Keepalived, Outcome, eventually,
    seed::{self, Cluster},
};

pub(crate) fn the_table_equals_the_originals_entry_for_entry(ours: &Binary) -> Outcome {
    let cluster = Cluster::new()?;
    let [one, two] = &cluster.directors;
    let _ours = Keepalived::start(&one.node, ours, seed::CONFIG)?;
    let _theirs = Keepalived::start(&two.node, &Binary::original(), seed::CONFIG)?;
    for director in [one, two] {
        eventually("a full table", START, || (entries(director).ok()? == seed::DESTINATIONS).then_some(()))?;
    }
    let saved = one.node.run("ipvsadm", &["-Sn"])?;
    assert_eq!(saved.lines().count(), seed::SERVICES.len() + seed::DESTINATIONS);
    assert_eq!(saved, two.node.run("ipvsadm", &["-Sn"])?);
    Ok(())
}
