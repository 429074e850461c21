//! What a daemon does when something goes wrong around it.

use lab::{
    Outcome, eventually,
    pair::{Cast, ELECTION, Pair, settles},
    throughout,
};
use nix::sys::signal::{Signal, kill};
use std::time::Duration;

const HIGH: u8 = 200;

/// Workers may take five seconds to stop; then they are killed.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn a_worker_that_is_stuck_when_it_must_stop_leaves_no_address_behind(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let mut one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let worker = one.vrrp_worker().expect("a running daemon has a vrrp worker");
    kill(worker, Signal::SIGSTOP)?;
    one.process().signal(Signal::SIGTERM)?;
    one.logs("vrrp process failed to die - forcing termination", PATIENCE + ELECTION)?;
    let status = one.process().wait(ELECTION)?;
    assert_eq!(status.code(), Some(0));
    assert_eq!(pair.one.holds()?, 0);
    assert!(one.pid_files().iter().all(|path| !path.exists()));
    Ok(())
}

pub(crate) fn a_file_that_was_emptied_takes_nothing_away(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let held = pair.one.holds()?;
    let sent = pair.capture.adverts(pair.one.address, |_| true).len();
    one.write_config("")?;
    one.reload()?;
    one.logs("Reload refused", ELECTION)?;
    throughout("the addresses as they were", Duration::from_secs(2), || {
        pair.one.holds().is_ok_and(|now| now == held)
    })?;
    eventually("adverts after the refusal", ELECTION, || {
        (pair.capture.adverts(pair.one.address, |priority| priority == HIGH).len() >= sent + 3).then_some(())
    })
}

pub(crate) fn a_flood_of_short_packets_is_told_in_few_lines(cast: &Cast) -> Outcome {
    const FLOOD: usize = 5_000;
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let mark = one.journal().mark();
    let (_, forger) = pair.forger()?;
    for _ in 0..FLOOD {
        forger.send(&[0x21, 1], 255)?;
    }
    one.journal().wait(mark, "too short", ELECTION)?;
    eventually("the lines left out", ELECTION, || {
        forger.send(&[0x21, 1], 255).ok()?;
        one.journal().since(mark).iter().any(|line| line.text.contains("were left out")).then_some(())
    })?;
    let told = one.journal().since(mark).iter().filter(|line| line.text.contains("too short")).count();
    assert!(told < FLOOD / 10, "{told} lines");
    Ok(())
}
