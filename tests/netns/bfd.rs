//! BFD sessions between two daemons, and what follows from them for a virtual router.

use lab::{
    Keepalived, Mark, Outcome, eventually,
    pair::{Cast, ELECTION, Pair, Router, settles},
    throughout,
};
use nix::sys::signal::{Signal, kill};
use std::{net::Ipv4Addr, time::Duration};

/// Longer than any session of these scenes takes to come up or to be missed.
const SESSION: Duration = Duration::from_secs(8);

/// What is missed after 300 ms of silence.
fn session(name: &str, neighbor: Ipv4Addr) -> String {
    format!(
        "bfd_instance {name} {{\n neighbor_ip {neighbor}\n min_rx 100\n min_tx 100\n idle_tx 1000\n multiplier 3\n}}\n"
    )
}

fn virtual_router(priority: u8, more: &str) -> String {
    lab::pair::config(priority).replace("advert_int 1", &format!("advert_int 1\n{more}"))
}

/// The state a session says it is in, by its last word.
fn comes_up(daemon: &Keepalived, mark: Mark, name: &str) -> Outcome {
    daemon.journal().wait(mark, &format!("({name}) Entering Up state"), SESSION).map(drop)
}

fn goes_down(daemon: &Keepalived, mark: Mark, name: &str) -> Outcome {
    daemon.journal().wait(mark, &format!("({name}) Entering Down state"), SESSION).map(drop)
}

struct Two {
    pair: Pair,
    one: Keepalived,
    two: Keepalived,
}

/// Two daemons with a session between them that is up.
fn two_sessions(cast: &Cast) -> Outcome<Two> {
    let pair = Pair::new(cast)?;
    let one = pair.one.start_with(&session("b1", pair.two.address))?;
    let two = pair.two.start_with(&session("b2", pair.one.address))?;
    comes_up(&one, Mark::default(), "b1")?;
    comes_up(&two, Mark::default(), "b2")?;
    Ok(Two { pair, one, two })
}

pub(crate) fn a_session_comes_up_and_the_death_of_one_end_is_noticed(cast: &Cast) -> Outcome {
    let Two { pair: _pair, one, mut two } = two_sessions(cast)?;
    let mark = one.journal().mark();
    two.cut();
    let line = one.journal().wait(mark, "(b1) Expired after", SESSION)?;
    assert!(line.text.contains("Expired after 3"), "the detection time is 300 ms: {}", line.text);
    one.logs(
        "(b1) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic)",
        SESSION,
    )?;
    Ok(())
}

pub(crate) fn a_cut_link_takes_the_session_down_at_both_ends_and_it_returns_with_the_link(
    cast: &Cast,
) -> Outcome {
    let Two { pair, one, two } = two_sessions(cast)?;
    let marks = (one.journal().mark(), two.journal().mark());
    pair.one.node.unplug("eth1")?;
    goes_down(&one, marks.0, "b1")?;
    goes_down(&two, marks.1, "b2")?;
    pair.one.node.plug("eth1")?;
    comes_up(&one, marks.0, "b1")?;
    comes_up(&two, marks.1, "b2")
}

pub(crate) fn a_passive_end_is_silent_until_it_is_spoken_to(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let passive = session("b1", pair.two.address).replace("min_rx", "passive\n min_rx");
    let one = pair.one.start_with(&passive)?;
    let two = pair.two.start_with(&session("b2", pair.one.address).replace("min_rx", "passive\n min_rx"))?;
    throughout("two passive ends stay down", Duration::from_secs(2), || {
        one.journal().find(Mark::default(), "(b1) Entering").is_none()
    })?;
    two.write_config(&session("b3", pair.one.address))?;
    two.reload()?;
    comes_up(&one, Mark::default(), "b1")?;
    comes_up(&two, Mark::default(), "b3")
}

pub(crate) fn a_reload_keeps_the_session_and_takes_new_times_over(cast: &Cast) -> Outcome {
    let Two { pair, one, two } = two_sessions(cast)?;
    let marks = (one.journal().mark(), two.journal().mark());
    one.write_config(&session("b1", pair.two.address).replace("min_rx 100", "min_rx 200"))?;
    one.reload()?;
    one.journal().wait(marks.0, "Reload finished in", SESSION)?;
    one.journal().wait(marks.0, "Detection time is 600000 us (was 300000 us)", SESSION)?;
    throughout("both ends stay up", Duration::from_secs(2), || {
        one.journal().find(marks.0, "Entering Down").is_none()
            && two.journal().find(marks.1, "Entering Down").is_none()
    })
}

/// Two routers, the better of which needs the way to a third machine.
struct Upstream {
    pair: Pair,
    third: Router,
    one: Keepalived,
    two: Keepalived,
    gateway: Keepalived,
}

fn upstream(cast: &Cast, line: &str) -> Outcome<Upstream> {
    let pair = Pair::new(cast)?;
    let third = pair.station("third", 8)?;
    let gateway = third.start_with(&session("down", pair.one.address))?;
    let track = format!("track_bfd {{\n {line}\n }}\n");
    let config = session("up", third.address) + &virtual_router(200, &track);
    let one = pair.one.start_with(&config)?;
    let two = pair.two.start(100)?;
    one.logs("VRRP_Instance(VI_1) Tracked BFD instance up is UP", SESSION)?;
    settles(&pair.one, &pair.two)?;
    Ok(Upstream { pair, third, one, two, gateway })
}

pub(crate) fn a_master_that_loses_a_tracked_session_gives_way_at_once_and_returns_with_it(
    cast: &Cast,
) -> Outcome {
    let Upstream { pair, third, one, two: _two, mut gateway } = upstream(cast, "up")?;
    let mark = one.journal().mark();
    gateway.cut();
    let down = one.journal().wait(mark, "(up) Entering Down state", SESSION)?;
    let fault = one.journal().wait(mark, "(VI_1) Entering FAULT STATE", SESSION)?;
    one.journal().wait(mark, "VRRP_Instance(VI_1) Tracked BFD instance up is DOWN", SESSION)?;
    let took = fault.at.duration_since(down.at).unwrap_or_default();
    assert!(took < Duration::from_secs(1), "{took:?} from the session to the virtual router");
    settles(&pair.two, &pair.one)?;
    let mark = one.journal().mark();
    let _gateway = third.start_with(&session("down", pair.one.address))?;
    one.journal().wait(mark, "VRRP_Instance(VI_1) Tracked BFD instance up is UP", SESSION)?;
    settles(&pair.one, &pair.two)
}

pub(crate) fn a_weighted_session_moves_the_priority_and_the_better_router_takes_over(cast: &Cast) -> Outcome {
    let Upstream { pair, one, two: _two, mut gateway, .. } = upstream(cast, "up weight -150")?;
    let mark = one.journal().mark();
    gateway.cut();
    one.journal().wait(mark, "(VI_1) Changing effective priority from 200 to 50", SESSION)?;
    settles(&pair.two, &pair.one)
}

pub(crate) fn a_worker_that_is_started_again_knows_the_sessions_or_finds_them_again(cast: &Cast) -> Outcome {
    let Upstream { pair, one, two: _two, gateway, .. } = upstream(cast, "up")?;
    let mark = one.journal().mark();
    let vrrp = one.vrrp_worker().expect("a vrrp worker");
    kill(vrrp, Signal::SIGKILL)?;
    one.journal().wait(mark, "Received BFD event: instance up is in state Up", SESSION)?;
    settles(&pair.one, &pair.two)?;
    assert!(one.journal().find(mark, "(up) Entering").is_none(), "the session does not notice");

    let (mark, theirs) = (one.journal().mark(), gateway.journal().mark());
    let bfd = one.bfd_worker().expect("a bfd worker");
    kill(bfd, Signal::SIGKILL)?;
    one.journal().wait(mark, "Received BFD event: instance up is in state Down", SESSION)?;
    one.journal().wait(mark, "Received BFD event: instance up is in state Up", SESSION)?;
    goes_down(&gateway, theirs, "down")?;
    comes_up(&gateway, theirs, "down")?;
    settles(&pair.one, &pair.two)
}

pub(crate) fn a_reload_that_begins_to_track_a_session_that_is_up_moves_nothing(cast: &Cast) -> Outcome {
    let Upstream { pair, third, one, two: _two, gateway: _gateway } = upstream(cast, "up weight 5")?;
    let mark = one.journal().mark();
    let track = "track_bfd {\n up\n }\n";
    one.write_config(&(session("up", third.address) + &virtual_router(200, track)))?;
    one.reload()?;
    one.journal().wait(mark, "Received BFD event: instance up is in state Up", SESSION)?;
    eventually("the end of the reload", ELECTION, || one.journal().find(mark, "Reload complete"))?;
    throughout("the master stays", Duration::from_secs(2), || {
        pair.one.holds().is_ok_and(|held| held == lab::seed::VIPS.len())
    })?;
    assert!(one.journal().find(mark, "Entering").is_none(), "nothing moves");
    Ok(())
}

pub(crate) fn forged_and_foreign_packets_move_no_session(cast: &Cast) -> Outcome {
    let Two { pair, one, two } = two_sessions(cast)?;
    let (address, forger) = pair.forger()?;
    let marks = (one.journal().mark(), two.journal().mark());
    let down = |my: u32, your: u32| {
        let mut packet = vec![0x20, 0x40, 5, 24];
        packet.extend([my, your, 1_000_000, 1_000_000, 0].iter().flat_map(|word| word.to_be_bytes()));
        packet
    };
    let cut = down(7, 0)[..23].to_vec();
    for payload in [down(7, 0), down(7, 1), cut, Vec::new(), vec![0xff; 200]] {
        forger.datagram(pair.one.address, 3784, 255, &payload)?;
    }
    one.journal().wait(marks.0, "Packet is too small: 23 bytes", SESSION)?;
    one.journal().wait(marks.0, "your discriminator field is 0x00000001", SESSION)?;
    one.journal().wait(marks.0, &format!("Discarding bogus packet from [{address}]"), SESSION)?;
    throughout("both ends stay up", Duration::from_secs(1), || {
        one.journal().find(marks.0, "Entering Down").is_none()
            && two.journal().find(marks.1, "Entering Down").is_none()
    })
}

/// A machine behind a router, reached in two hops.
pub(crate) fn a_session_over_two_hops_comes_up_and_counts_them(cast: &Cast) -> Outcome {
    let scene = lab::Scene::new()?;
    let (near, far) = (scene.link("near")?, scene.link("far")?);
    let one = scene.node("one")?.on(&near, "eth1", &["172.16.0.1/24"])?;
    let way =
        scene.node("way")?.on(&near, "eth1", &["172.16.0.9/24"])?.on(&far, "eth2", &["172.16.1.9/24"])?;
    let two = scene.node("two")?.on(&far, "eth1", &["172.16.1.2/24"])?;
    way.sysctl("net.ipv4.ip_forward", "1")?;
    one.ip("route add 172.16.1.0/24 via 172.16.0.9")?;
    two.ip("route add 172.16.0.0/24 via 172.16.1.9")?;
    let config = |name: &str, neighbor: [u8; 4], hops: u8| {
        session(name, neighbor.into()).replace("min_rx", &format!("multihop\n max_hops {hops}\n min_rx"))
    };
    let near_end = Keepalived::start(&one, &cast.one, &config("b1", [172, 16, 1, 2], 1))?;
    let mut strict = Keepalived::start(&two, &cast.two, &config("b2", [172, 16, 0, 1], 0))?;
    strict.logs("Packet ttl(254) < 255 - discarding", SESSION)?;
    throughout("the strict end takes nothing", Duration::from_secs(2), || {
        near_end.journal().find(Mark::default(), "(b1) Entering Up").is_none()
    })?;
    strict.stop()?;
    let far_end = Keepalived::start(&two, &cast.two, &config("b2", [172, 16, 0, 1], 1))?;
    comes_up(&near_end, Mark::default(), "b1")?;
    comes_up(&far_end, Mark::default(), "b2")
}
