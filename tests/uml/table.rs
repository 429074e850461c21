//! The IPVS table of the seed's configuration.

use lab::{Keepalived, ORIGINAL, Outcome, eventually, seed};
use std::time::Duration;

pub(crate) fn the_table_equals_the_originals_entry_for_entry(_: &()) -> Outcome {
    let cluster = seed::Cluster::new()?;
    let [one, _] = &cluster.directors;
    let _daemon = Keepalived::start(&one.node, ORIGINAL, seed::CONFIG)?;
    eventually("a full table", Duration::from_secs(5), || {
        let table = lab::ipvs::table(&one.node).ok()?;
        (table.values().map(|servers| servers.len()).sum::<usize>() == seed::DESTINATIONS).then_some(())
    })?;
    println!("{}", one.node.run("ipvsadm", &["-Sn"])?);
    Ok(())
}
