//! What a daemon does when something goes wrong around it.

use lab::{
    Keepalived, Mark, Outcome, eventually,
    pair::{Cast, ELECTION, Pair, config, settles},
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

pub(crate) fn a_missing_nft_is_named_and_costs_the_filter_alone(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let text = config(HIGH).replace("interface eth1", "interface eth1\n no_accept");
    let mut one = Keepalived::start_in(node, pair.one.binary(), &[], &[("PATH", "/nonexistent")], &text)?;
    one.logs("Entering MASTER STATE", ELECTION)?;
    eventually("the addresses", ELECTION, || pair.one.holds().is_ok_and(|held| held > 0).then_some(()))?;
    let complaint = "nftables: cannot run the command nft: No such file or directory";
    one.logs(complaint, ELECTION)?;
    let mark = one.journal().mark();
    one.write_config(&text.replace(&format!("priority {HIGH}"), "priority 190"))?;
    one.reload()?;
    one.journal().wait(mark, "Reload complete", ELECTION)?;
    let told = || one.journal().since(Mark::default());
    assert_eq!(told().iter().filter(|line| line.text.contains(complaint)).count(), 1, "{:?}", told());
    one.stop()?;
    assert_eq!(pair.one.holds()?, 0);
    Ok(())
}

pub(crate) fn an_address_that_the_kernel_refuses_is_named_and_the_others_are_there(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    node.sysctl("net/ipv6/conf/eth1/disable_ipv6", "1")?;
    let more = " virtual_ipaddress_excluded {\n 2001:db8::7/64\n 172.16.0.177/24\n }\n virtual_ipaddress {";
    let text = config(HIGH).replacen(" virtual_ipaddress {", more, 1);
    let mut one = pair.one.start_with(&text)?;
    one.logs("Entering MASTER STATE", ELECTION)?;
    one.logs("Netlink: error: Permission denied(13), type=RTM_NEWADDR(20)", ELECTION)?;
    one.logs("Unable to add address 2001:db8::7", ELECTION)?;
    let later = "172.16.0.177".parse()?;
    eventually("the address behind it", ELECTION, || {
        node.addresses().is_ok_and(|all| all.contains(&later)).then_some(())
    })?;
    assert!(pair.one.holds()? > 0);
    one.stop()?;
    assert_eq!(pair.one.holds()?, 0);
    assert!(!node.addresses()?.contains(&later));
    Ok(())
}
