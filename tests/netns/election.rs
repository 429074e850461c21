//! RFC 3768 §6.4: who becomes master, and when.

use crate::pair::{ADVERT_INTERVAL, ELECTION, Pair, TOLERANCE, down_interval, ours, settles, skew};
use lab::{Outcome, eventually, throughout};
use std::time::{Duration, SystemTime};

/// How long after `from` did `to` come?
fn between(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}

/// Not before the formula says (packets have stamps of the receiving kernel: allow a millisecond), not later than allowed.
fn assert_on_time(what: &str, took: Duration, formula: Duration) {
    let early = formula.saturating_sub(Duration::from_millis(1));
    assert!(
        took >= early && took <= formula + TOLERANCE,
        "{what} took {took:?}, the formula says {formula:?}"
    );
    println!("{what} took {took:?}, the formula says {formula:?}");
}

pub(crate) fn the_higher_priority_becomes_master_and_alone_holds_the_addresses() -> Outcome {
    let pair = Pair::new()?;
    let mut one = pair.one.start(ours(), 200)?;
    let two = pair.two.start(ours(), 100)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    settles(&pair.one, &pair.two)?;
    throughout("one master", 2 * ADVERT_INTERVAL, || {
        pair.one.holds_all().unwrap_or(false) && pair.two.holds_none().unwrap_or(false)
    })?;
    assert!(two.journal().find(Default::default(), "Entering MASTER STATE").is_none());
    assert!(one.process().is_running());
    Ok(())
}

pub(crate) fn a_router_that_is_alone_becomes_master_after_the_down_interval() -> Outcome {
    let pair = Pair::new()?;
    let router = pair.one.start(ours(), 200)?;
    let backup = router.logs("(VI_1) Entering BACKUP STATE (init)", ELECTION)?;
    let first = pair.advert_of(&pair.one, backup.at - Duration::from_secs(1))?;
    // The line is read a little after it was written, hence the earlier lower bound.
    let took = between(backup.at, first);
    let formula = down_interval(200);
    assert!(took + TOLERANCE >= formula && took <= formula + TOLERANCE, "took {took:?}, formula {formula:?}");
    settles(&pair.one, &pair.two)
}

pub(crate) fn a_stopped_master_is_followed_after_the_skew_alone() -> Outcome {
    let pair = Pair::new()?;
    let mut one = pair.one.start(ours(), 200)?;
    let _two = pair.two.start(ours(), 100)?;
    settles(&pair.one, &pair.two)?;
    let status = one.stop()?;
    assert_eq!(status.code(), Some(0));
    let goodbyes = pair.capture.adverts(pair.one.address, |priority| priority == 0);
    let [goodbye] = goodbyes[..] else { panic!("one advert of priority 0 was due, not {}", goodbyes.len()) };
    let first = pair.advert_of(&pair.two, goodbye)?;
    assert_on_time("the take-over after TERM", between(goodbye, first), skew(100));
    settles(&pair.two, &pair.one)?;
    assert_eq!(one.pid_files(), Vec::<&std::path::Path>::new());
    Ok(())
}

pub(crate) fn a_killed_master_is_followed_after_the_down_interval() -> Outcome {
    let pair = Pair::new()?;
    let mut one = pair.one.start(ours(), 200)?;
    let _two = pair.two.start(ours(), 100)?;
    settles(&pair.one, &pair.two)?;
    one.cut();
    let last =
        pair.last_advert_of(&pair.one).ok_or_else(|| lab::Failure::new("the master never advertised"))?;
    let first = pair.advert_of(&pair.two, last)?;
    assert_on_time("the take-over after KILL", between(last, first), down_interval(100));
    let goodbyes = pair.capture.adverts(pair.one.address, |priority| priority == 0);
    assert!(goodbyes.is_empty(), "a killed router cannot say goodbye");
    eventually("the addresses on the new master", ELECTION, || pair.two.holds_all().ok()?.then_some(()))
}

pub(crate) fn a_master_whose_cable_is_pulled_is_followed_and_yields_when_it_is_back() -> Outcome {
    let pair = Pair::new()?;
    let one = pair.one.start(ours(), 200)?;
    let _two = pair.two.start(ours(), 100)?;
    settles(&pair.one, &pair.two)?;
    pair.one.node.unplug("eth1")?;
    one.logs("(VI_1) Entering FAULT STATE", ELECTION)?;
    settles(&pair.two, &pair.one)?;
    let last =
        pair.last_advert_of(&pair.one).ok_or_else(|| lab::Failure::new("the master never advertised"))?;
    let first = pair.advert_of(&pair.two, last)?;
    assert_on_time("the take-over after the loss of the link", between(last, first), down_interval(100));
    pair.one.node.plug("eth1")?;
    settles(&pair.one, &pair.two)
}

pub(crate) fn a_returning_higher_priority_takes_over() -> Outcome {
    let pair = Pair::new()?;
    let two = pair.two.start(ours(), 100)?;
    settles(&pair.two, &pair.one)?;
    let one = pair.one.start(ours(), 200)?;
    let backup = one.logs("(VI_1) Entering BACKUP STATE (init)", ELECTION)?;
    let first = pair.advert_of(&pair.one, backup.at)?;
    assert!(between(backup.at, first) <= down_interval(200) + TOLERANCE);
    two.logs("(VI_1) Master received advert from 172.16.0.1 with higher priority 200, ours 100", ELECTION)?;
    settles(&pair.one, &pair.two)
}
