//! What a director writes about its servers, and that killing who writes it takes no row out of the table.

use crate::stage::{START, Stage};
use lab::{Binary, Outcome, eventually, is_alive, seed, throughout};
use nix::sys::signal::{Signal, kill};
use std::{fs, time::Duration};

pub(crate) fn the_checkers_dump_tells_of_every_server_of_the_seed(binary: &Binary) -> Outcome {
    let mut stage = Stage::start(binary)?;
    let node = &stage.director().node;
    let path = node.outside("/tmp/keepalived_check.data");
    let (parent, worker) = (stage.daemon.process().pid(), stage.daemon.checkers_worker().expect("it runs"));
    for pid in [parent, worker] {
        // An earlier one may be read away.
        let _ = fs::remove_file(&path);
        kill(pid, Signal::SIGUSR1)?;
        let text = eventually("the dump", START, || fs::read_to_string(&path).ok())?;
        let count = |line: &str| text.lines().filter(|one| one.starts_with(line)).count();
        assert!(text.starts_with("------< Global definitions >------\n"), "{text}");
        assert_eq!(count(" VS VIP = "), seed::SERVICES.len());
        assert_eq!(count("   RIP = "), seed::DESTINATIONS);
        assert_eq!(count("   Keepalive method = TCP_CHECK"), seed::DESTINATIONS);
        assert_eq!(count("   RS set = 1"), seed::DESTINATIONS);
        assert_eq!(count("   quorum_state_up = 1"), seed::SERVICES.len());
    }
    Ok(())
}

pub(crate) fn checkers_that_die_again_and_again_take_no_row_out_of_the_table(binary: &Binary) -> Outcome {
    let stage = Stage::start(binary)?;
    let table = stage.saved_table()?;
    for pause in [0, 700, 150] {
        let worker = eventually("a living worker", START, || {
            stage.daemon.checkers_worker().filter(|pid| is_alive(*pid))
        })?;
        throughout("the table as it was", Duration::from_millis(pause), || {
            stage.saved_table().is_ok_and(|now| now == table)
        })?;
        kill(worker, Signal::SIGSEGV)?;
        throughout("the table as it was", Duration::from_secs(1), || {
            stage.saved_table().is_ok_and(|now| now == table)
        })?;
    }
    eventually("another worker", START, || stage.daemon.checkers_worker().filter(|pid| is_alive(*pid)))?;
    assert!(stage.is_complete());
    Ok(())
}
