//! The addresses of a running master: changed by its configuration, and by somebody else.

use lab::{
    Outcome, eventually,
    pair::{Cast, ELECTION, Pair, config, settles},
    seed::VIPS,
};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::SystemTime,
};

const HIGH: u8 = 200;

pub(crate) fn a_reload_adds_an_address_and_never_lets_go_of_the_others(cast: &Cast) -> Outcome {
    const MORE: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 208);
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let watch = pair.one.node.watch_addresses()?;
    let before = pair.capture.adverts(pair.one.address, |_| true).len();

    let [.., last] = VIPS;
    one.write_config(&config(HIGH).replacen(&last.to_string(), &format!("{last}\n{MORE}"), 1))?;
    one.reload()?;
    eventually("the added address", ELECTION, || {
        pair.one.node.addresses().ok()?.contains(&IpAddr::V4(MORE)).then_some(())
    })?;
    one.logs("Reload complete", ELECTION)?;
    eventually("adverts before and after", ELECTION, || {
        (pair.capture.adverts(pair.one.address, |_| true).len() >= before + 2).then_some(())
    })?;
    assert!(pair.capture.adverts(pair.one.address, |priority| priority == 0).is_empty());
    eventually("word of the added address", ELECTION, || {
        watch.changes().iter().any(|change| change.contains("172.16.0.208/32")).then_some(())
    })?;
    let changes = watch.changes();
    let lost: Vec<_> = changes.iter().filter(|change| change.starts_with("Deleted")).collect();
    assert_eq!(lost, Vec::<&String>::new());
    Ok(())
}

pub(crate) fn an_address_somebody_deletes_is_back_after_a_new_election(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(HIGH)?;
    settles(&pair.one, &pair.two)?;
    let mark = one.journal().mark();
    let deleted = SystemTime::now();
    let [first, ..] = VIPS;
    pair.one.node.ip(&format!("address delete {first}/32 dev eth1"))?;
    one.journal().wait(mark, "(VI_1) Entering BACKUP STATE", ELECTION)?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
    settles(&pair.one, &pair.two)?;
    let goodbyes = pair.capture.adverts(pair.one.address, |priority| priority == 0);
    assert_eq!(goodbyes.iter().filter(|at| **at > deleted).count(), 1);
    Ok(())
}

/// The original reads the keyword but does nothing about it.
pub(crate) fn a_router_whose_watched_source_address_is_missing_is_in_fault(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let text = config(HIGH).replacen("advert_int 1", "mcast_src_ip 172.16.0.77\ntrack_src_ip", 1);
    let one = pair.one.start_with(&text)?;
    one.logs("(VI_1): entering FAULT state (src address not configured)", ELECTION)?;
    let mark = one.journal().mark();
    node.ip("address add 172.16.0.77/24 dev eth1")?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
    let mark = one.journal().mark();
    node.ip("address delete 172.16.0.77/24 dev eth1")?;
    one.journal().wait(mark, "(VI_1) Entering FAULT STATE", ELECTION)?;
    eventually("no address", ELECTION, || (pair.one.holds().ok()? == 0).then_some(()))
}
