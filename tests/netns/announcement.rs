//! The gratuitous ARP frames of a new master: one block of five rounds at once, another after five seconds.

use lab::{
    Outcome, Seen, eventually,
    pair::{Cast, ELECTION, Pair, config, settles},
    seed::VIPS,
    throughout,
};
use std::{net::Ipv4Addr, time::Duration};

/// `garp_master_repeat`, by default.
const ROUNDS: usize = 5;

/// `garp_master_delay`, by default.
const DELAY: Duration = Duration::from_secs(5);

pub(crate) fn a_new_master_announces_its_addresses_round_by_round_and_again_later(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let _one = pair.one.start(200)?;
    settles(&pair.one, &pair.two)?;
    let announced = || -> Vec<_> {
        let frames = pair.capture.frames().into_iter();
        let announcement = |frame: lab::Frame| match frame.seen {
            Seen::GratuitousArp { address, .. } if VIPS.contains(&address) => Some((frame.at, address)),
            Seen::GratuitousArp { .. }
            | Seen::MembershipReport
            | Seen::NeighbourAdvert { .. }
            | Seen::Advert { .. }
            | Seen::Bfd { .. } => None,
        };
        frames.filter_map(announcement).collect()
    };
    let block = ROUNDS * VIPS.len();
    eventually("the first block", ELECTION, || (announced().len() >= block).then_some(()))?;
    eventually("the second block", DELAY + ELECTION, || (announced().len() >= 2 * block).then_some(()))?;
    throughout("silence after it", Duration::from_secs(1), || announced().len() == 2 * block)?;

    let announced = announced();
    let addresses: Vec<Ipv4Addr> = announced.iter().map(|(_, address)| *address).collect();
    let rounds: Vec<_> = VIPS.into_iter().cycle().take(2 * block).collect();
    assert_eq!(addresses, rounds, "each round goes through all addresses");
    pair.on_time("the second block", announced[0].0, announced[block].0, DELAY)
}

pub(crate) fn announcements_keep_the_configured_distance(cast: &Cast) -> Outcome {
    const SPACE: Duration = Duration::from_millis(50);
    let pair = Pair::new(cast)?;
    let [one, two, three] = VIPS;
    let _one = pair.one.start_with(&format!(
        "global_defs {{\n vrrp_garp_interval 0.05\n}}
        vrrp_instance VI_1 {{
            version 3
            interface eth1
            virtual_router_id 50
            advert_int 0.1
            virtual_ipaddress {{\n {one}\n {two}\n {three}\n }}
        }}\n"
    ))?;
    settles(&pair.one, &pair.two)?;
    let frames = ROUNDS * VIPS.len();
    let times = || {
        let mut times: Vec<_> = VIPS.iter().flat_map(|vip| pair.capture.announcements(*vip)).collect();
        times.sort_unstable();
        times
    };
    let times =
        eventually("the first block", ELECTION, || Some(times()).filter(|times| times.len() >= frames))?;
    let pauses = times[..frames].windows(2).map(|two| two[1].duration_since(two[0]).unwrap_or_default());
    let shortest = pauses.min().unwrap_or_default();
    // A frame that left late lets the next one seem early.
    assert!(shortest > SPACE * 3 / 5, "{shortest:?}");
    let whole = times[frames - 1].duration_since(times[0]).unwrap_or_default();
    assert!(whole > SPACE * 13, "{whole:?}");
    for vip in VIPS {
        assert_eq!(pair.capture.announcements(vip).len(), ROUNDS);
    }
    Ok(())
}

pub(crate) fn vmacs_of_one_interface_keep_its_distance_together(cast: &Cast) -> Outcome {
    const SPACE: Duration = Duration::from_millis(50);
    let pair = Pair::new(cast)?;
    let [one, two, three] = VIPS;
    let router = |vrid: u8, vip: Ipv4Addr| {
        format!(
            "vrrp_instance VI_{vrid} {{
                version 3
                interface eth1
                use_vmac
                virtual_router_id {vrid}
                advert_int 0.1
                virtual_ipaddress {{\n {vip}\n }}
            }}\n"
        )
    };
    let group = "garp_group {\n garp_interval 0.05\n interface eth1\n}\n";
    let config = [group.to_owned(), router(51, one), router(52, two), router(53, three)].concat();
    let _one = pair.one.start_with(&config)?;
    let frames = ROUNDS * VIPS.len();
    let times = || {
        let mut times: Vec<_> = VIPS.iter().flat_map(|vip| pair.capture.announcements(*vip)).collect();
        times.sort_unstable();
        times
    };
    let times =
        eventually("the first block", ELECTION, || Some(times()).filter(|times| times.len() >= frames))?;
    let whole = times[frames - 1].duration_since(times[0]).unwrap_or_default();
    assert!(whole > SPACE * 13, "{whole:?}");
    Ok(())
}

pub(crate) fn an_address_that_is_there_already_is_announced_all_the_same(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let [one, two, three] = VIPS;
    let standing =
        format!("static_ipaddress {{\n {one}/32 dev eth1\n {two}/32 dev eth1\n {three}/32 dev eth1\n}}\n");
    let _one = pair.one.start_with(&(standing + &config(200)))?;
    eventually("a block of announcements", ELECTION, || {
        VIPS.iter().all(|vip| pair.capture.announcements(*vip).len() == ROUNDS).then_some(())
    })
}
