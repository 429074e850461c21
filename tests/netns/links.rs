//! What is heard of interfaces: by asking them, by too many notices at once, and for static objects that routers watch.

use lab::{
    Failure, Keepalived, Mark, Node, Outcome, eventually,
    pair::{Cast, ELECTION, Pair, settles},
    seed::VIPS,
    throughout,
};
use nix::sys::signal::{Signal, kill};
use std::{fs, time::Duration};

/// Nothing here takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

fn instance() -> &'static str {
    "vrrp_instance VI_1 {\n interface eth1\n virtual_router_id 50\n priority 200\n virtual_ipaddress {\n 172.16.0.205/24\n }\n}\n"
}

pub(crate) fn a_link_that_is_asked_says_when_its_cable_is_pulled(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let text = format!("linkbeat_interfaces {{\n eth1 ETHTOOL\n}}\n{}", instance());
    let one = pair.one.start_with(&text)?;
    one.logs("Using MII-BMSR/ETHTOOL NIC polling thread(s)...", ELECTION)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    let mark = one.journal().mark();
    pair.one.node.unplug("eth1")?;
    one.journal().wait(mark, "Linkbeat reports eth1 down", ELECTION)?;
    one.journal().wait(mark, "(VI_1) Entering FAULT STATE", ELECTION)?;
    pair.one.node.plug("eth1")?;
    one.journal().wait(mark, "Linkbeat reports eth1 up", ELECTION)?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
    let told = one.journal().since(mark);
    assert!(!told.iter().any(|line| line.text.contains("Netlink reports")), "{told:?}");
    Ok(())
}

/// The worker hears nothing for a moment in which `loss` happens, and more besides than the kernel keeps for it.
fn lose_unheard(node: &Node, daemon: &Keepalived, loss: &str) -> Outcome<Mark> {
    const CHANGES: usize = 2_000;
    let mut batch = "address add 192.0.2.77/32 dev lo\naddress del 192.0.2.77/32 dev lo\n".repeat(CHANGES);
    batch += loss;
    fs::write(node.outside("/run/batch"), batch)?;
    let worker = daemon.vrrp_worker().ok_or_else(|| Failure::new("there is no worker"))?;
    let mark = daemon.journal().mark();
    kill(worker, Signal::SIGSTOP)?;
    let outcome = node.run("ip", &["-batch", "/run/batch"]);
    kill(worker, Signal::SIGCONT)?;
    outcome?;
    daemon.journal().wait(mark, "Netlink: Receive buffer overrun on monitor socket", PATIENCE)?;
    Ok(mark)
}

pub(crate) fn more_notices_than_the_kernel_keeps_hide_no_lost_address(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let one = pair.one.start(200)?;
    settles(&pair.one, &pair.two)?;
    let mark = lose_unheard(&pair.one.node, &one, &format!("address del {}/32 dev eth1\n", VIPS[1]))?;
    one.journal().wait(mark, "(VI_1) Entering BACKUP STATE", PATIENCE)?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", PATIENCE)?;
    settles(&pair.one, &pair.two)
}

pub(crate) fn more_notices_than_the_kernel_keeps_hide_no_lost_vmac(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    let one = pair.one.start_with(&instance().replace("priority", "use_vmac\n priority"))?;
    let holds = || node.ip("address show dev vrrp.50").is_ok_and(|text| text.contains("172.16.0.205/24"));
    eventually("the address on the VMAC", ELECTION, || holds().then_some(()))?;
    let mark = lose_unheard(node, &one, "link del dev vrrp.50\n")?;
    one.journal().wait(mark, "(VI_1) Entering FAULT STATE", PATIENCE)?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", PATIENCE)?;
    eventually("the address on the new VMAC", PATIENCE, || holds().then_some(()))
}

pub(crate) fn a_static_address_takes_the_routers_that_watch_it_along(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let node = &pair.one.node;
    for words in ["link add extra0 type veth peer name extra1", "link set extra0 up", "link set extra1 up"] {
        node.ip(words)?;
    }
    let text = format!(
        "track_group G {{\n group {{\n VI_1\n }}\n}}\n\
         static_ipaddress {{\n 192.0.2.1/24 dev extra0 track_group G\n}}\n{}",
        instance()
    );
    let mut one = pair.one.start_with(&text)?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    let holds = || node.ip("address show dev extra0").is_ok_and(|text| text.contains("192.0.2.1/24"));
    assert!(holds());
    let mark = one.journal().mark();
    node.ip("link set extra0 down")?;
    one.journal().wait(mark, "(VI_1) Entering FAULT STATE", ELECTION)?;
    node.ip("link set extra0 up")?;
    one.journal().wait(mark, "(VI_1) Entering MASTER STATE", ELECTION)?;
    let mark = one.journal().mark();
    node.ip("address delete 192.0.2.1/24 dev extra0")?;
    one.journal().wait(mark, "Restoring deleted static address 192.0.2.1/24", ELECTION)?;
    eventually("the address", ELECTION, || holds().then_some(()))?;
    one.stop()?;
    assert!(!holds());
    Ok(())
}

pub(crate) fn an_interface_without_multicast_carries_no_router_that_needs_it(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    pair.one.node.ip("link set eth1 multicast off")?;
    let one = pair.one.start_with(instance())?;
    one.logs("interface eth1 does not support multicast, specify unicast peers - disabling", ELECTION)?;
    throughout("no address", Duration::from_secs(5), || pair.one.holds().is_ok_and(|held| held == 0))
}

pub(crate) fn an_interface_that_takes_part_in_multicast_again_carries_its_router(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    pair.one.node.ip("link set eth1 multicast off")?;
    let one = pair.one.start_with(instance())?;
    one.logs("does not support multicast", ELECTION)?;
    pair.one.node.ip("link set eth1 multicast on")?;
    one.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    Ok(())
}

pub(crate) fn a_dead_link_counts_before_a_backup_would_take_over_from_a_faster_master(
    cast: &Cast,
) -> Outcome {
    let pair = Pair::new(cast)?;
    let router = |priority: u8, interval: &str| {
        format!(
            "vrrp_instance VI_1 {{\n version 3\n interface eth1\n virtual_router_id 50\n priority {priority}\n \
             advert_int {interval}\n virtual_ipaddress {{\n 172.16.0.205/24\n }}\n}}\n"
        )
    };
    let two = pair.two.start_with(&router(200, "0.2"))?;
    two.logs("(VI_1) Entering MASTER STATE", ELECTION)?;
    let delays = "interface_up_down_delays {\n eth1 3 3\n}\n";
    let one = pair.one.start_with(&(delays.to_owned() + &router(100, "2")))?;
    one.logs("(VI_1) Entering BACKUP STATE", ELECTION)?;
    // It has learnt the interval by now.
    throughout("a backup", Duration::from_secs(1), || pair.one.holds().is_ok_and(|held| held == 0))?;
    let mark = one.journal().mark();
    pair.one.node.unplug("eth1")?;
    one.journal().wait(mark, "(VI_1) Entering FAULT STATE", ELECTION)?;
    let told = one.journal().since(mark);
    assert!(!told.iter().any(|line| line.text.contains("Entering MASTER STATE")), "{told:?}");
    assert!(told.iter().any(|line| line.text.contains("eth1: Adding flags change from 0x")), "{told:?}");
    Ok(())
}
