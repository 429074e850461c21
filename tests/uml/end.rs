//! The end of a director, and the end of its parts.

use crate::stage::{START, Stage, entries};
use lab::{Binary, Mark, Outcome, eventually, is_alive, seed};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{path::Path, time::Duration};

/// Workers notice the supervisor's death at once and need a second for their goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

pub(crate) fn a_stopped_director_leaves_nothing(binary: &Binary) -> Outcome {
    let mut stage = Stage::start(binary)?;
    let workers = stage.daemon.workers();
    assert_eq!(workers.len(), 2);
    assert_eq!(stage.daemon.pid_files().len(), 3);
    let status = stage.daemon.stop()?;
    assert_eq!(status.code(), Some(0));
    assert_eq!(stage.director().vips()?.len(), 0);
    assert_eq!(stage.saved_table()?, "");
    assert_eq!(stage.daemon.pid_files(), Vec::<&Path>::new());
    assert!(!workers.into_iter().any(is_alive));
    Ok(())
}

pub(crate) fn the_supervisors_death_takes_workers_and_addresses_along(binary: &Binary) -> Outcome {
    let mut stage = Stage::start(binary)?;
    let workers = stage.daemon.workers();
    assert_eq!(workers.len(), 2);
    stage.daemon.process().signal(Signal::SIGKILL)?;
    eventually("the end of the workers", GOODBYE, || {
        (!workers.iter().any(|worker| is_alive(*worker))).then_some(())
    })?;
    assert_eq!(stage.director().vips()?.len(), 0);
    assert_eq!(entries(stage.director())?, 0);
    Ok(())
}

pub(crate) fn a_killed_vrrp_worker_is_started_again_and_becomes_master(binary: &Binary) -> Outcome {
    let stage = Stage::start(binary)?;
    let table = stage.saved_table()?;
    let (killed, mark) = kill_worker(&stage, stage.daemon.vrrp_worker())?;
    stage.daemon.journal().wait(mark, &format!("VRRP child process({killed}) died: Respawning"), START)?;
    stage.daemon.journal().wait(mark, "(wasIntranet) Entering MASTER STATE", START)?;
    let successor = stage.daemon.vrrp_worker();
    assert!(successor.is_some_and(|pid| pid != killed && is_alive(pid)), "{successor:?}");
    eventually("the addresses", START, || {
        (stage.director().vips().ok()?.len() == seed::VIPS.len()).then_some(())
    })?;
    assert_eq!(stage.saved_table()?, table, "the other worker's table is none of its business");
    Ok(())
}

pub(crate) fn a_killed_checkers_worker_is_started_again_over_the_same_table(binary: &Binary) -> Outcome {
    let stage = Stage::start(binary)?;
    let table = stage.saved_table()?;
    let (killed, mark) = kill_worker(&stage, stage.daemon.checkers_worker())?;
    stage.daemon.journal().wait(
        mark,
        &format!("Healthcheck child process({killed}) died: Respawning"),
        START,
    )?;
    stage.daemon.journal().wait(mark, "Activating healthchecker for service", START)?;
    let successor = stage.daemon.checkers_worker();
    assert!(successor.is_some_and(|pid| pid != killed && is_alive(pid)), "{successor:?}");
    assert_eq!(stage.saved_table()?, table);
    assert!(stage.is_complete());
    Ok(())
}

fn kill_worker(stage: &Stage, worker: Option<Pid>) -> Outcome<(Pid, Mark)> {
    let worker = worker.ok_or_else(|| lab::Failure::new("there is no pid file of the worker"))?;
    assert!(stage.daemon.workers().contains(&worker), "the pid file names a worker");
    let mark = stage.daemon.journal().mark();
    kill(worker, Signal::SIGKILL)?;
    Ok((worker, mark))
}
