//! SIGHUP: the difference is applied, and nothing else; what cannot be applied changes nothing.

use crate::stage::{START, Stage};
use lab::{Binary, Outcome, eventually, seed, throughout};
use std::{collections::BTreeMap, time::Duration};

/// What is wrong shows at once; what would be torn down after it, within this time.
const AFTERMATH: Duration = Duration::from_secs(3);

pub(crate) fn one_changed_weight_touches_that_entry_alone(binary: &Binary) -> Outcome {
    let stage = Stage::start(binary)?;
    let mut client = stage.cluster.client()?;
    eventually("connections to every real server", START, || {
        let connections = connections(&stage).ok()?;
        (connections.len() == seed::DESTINATIONS && connections.values().all(|count| *count > 0))
            .then_some(())
    })?;
    client.stop();
    let (before, counted) = (stage.saved_table()?, connections(&stage)?);

    let heavier = seed::CONFIG.replacen("weight 1", "weight 3", 1);
    stage.daemon.write_config(&heavier)?;
    stage.daemon.reload()?;
    let after = before.replacen("-r 172.16.0.200:80 -g -w 1", "-r 172.16.0.200:80 -g -w 3", 1);
    assert_ne!(after, before);
    eventually("the new weight", START, || (stage.saved_table().ok()? == after).then_some(()))?;
    stage.daemon.logs("Reload complete", START)?;
    // The kernel sums its counters up every two seconds, so they may still grow.
    let still = connections(&stage)?;
    let forgot = counted.iter().find(|(entry, count)| still.get(*entry) < Some(*count));
    assert_eq!(forgot, None, "an entry that is replaced forgets what it counted: {still:?}");
    assert!(stage.is_complete());
    Ok(())
}

pub(crate) fn a_broken_file_leaves_everything_as_it_was(binary: &Binary) -> Outcome {
    let half = seed::CONFIG.split_at(seed::CONFIG.len() / 2).0;
    nothing_changes(binary, |stage| stage.daemon.write_config(half))
}

pub(crate) fn a_file_with_a_missing_interface_leaves_everything_as_it_was(binary: &Binary) -> Outcome {
    let elsewhere = seed::CONFIG.replacen("interface eth1", "interface eth7", 1);
    nothing_changes(binary, |stage| stage.daemon.write_config(&elsewhere))
}

pub(crate) fn a_missing_file_leaves_everything_as_it_was(binary: &Binary) -> Outcome {
    nothing_changes(binary, |stage| stage.daemon.remove_config())
}

fn nothing_changes(binary: &Binary, spoil: impl FnOnce(&Stage) -> Outcome) -> Outcome {
    let mut stage = Stage::start(binary)?;
    let (table, workers) = (stage.saved_table()?, stage.daemon.workers());
    spoil(&stage)?;
    let mark = stage.daemon.journal().mark();
    stage.daemon.reload()?;
    throughout("the service as it was", AFTERMATH, || {
        stage.is_complete() && stage.saved_table().is_ok_and(|now| now == table)
    })?;
    assert!(stage.daemon.process().is_running());
    assert_eq!(stage.daemon.workers(), workers, "the same workers");
    assert!(!stage.daemon.journal().since(mark).is_empty(), "somebody must be told");

    // The next good file is taken.
    stage.daemon.write_config(&seed::CONFIG.replacen("weight 1", "weight 3", 1))?;
    stage.daemon.reload()?;
    eventually("the new weight", START, || stage.saved_table().ok()?.contains("-w 3").then_some(()))
}

/// The connections each real server of each service has had, as the administrator's tool counts them.
fn connections(stage: &Stage) -> Outcome<BTreeMap<(String, String), u64>> {
    let text = stage.director().node.run("ipvsadm", &["-Ln", "--stats", "--exact"])?;
    let mut service = String::new();
    let mut connections = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["TCP", address, ..] => address.clone_into(&mut service),
            ["->", server, count, ..] if !service.is_empty() => {
                connections.insert((service.clone(), server.to_owned()), count.parse()?);
            }
            _ => {}
        }
    }
    Ok(connections)
}
