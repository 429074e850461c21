//! Virtual routers over IPv6: multicast in both versions, unicast, and the neighbour advertisements of a new master.

use lab::{
    Outcome, Seen, eventually,
    pair::{Cast, ELECTION, Pair, Router},
};
use std::net::IpAddr;

const VIPS: [&str; 3] = ["fe80::50", "2001:db8::100", "2001:db8::101"];

fn instance(priority: u8, words: &str) -> String {
    let [link, host, net] = VIPS;
    format!(
        "vrrp_instance VI_6 {{
            interface eth1
            virtual_router_id 60
            priority {priority}
            {words}
            virtual_ipaddress {{
                {link}/64
                {host}
                {net}/64
            }}
        }}\n"
    )
}

fn version_3(priority: u8) -> String {
    instance(priority, "advert_int 0.1")
}

fn holds(router: &Router) -> Outcome<usize> {
    let held = router.node.addresses()?;
    Ok(VIPS.iter().filter(|vip| vip.parse::<IpAddr>().is_ok_and(|vip| held.contains(&vip))).count())
}

fn settles(master: &Router, other: &Router) -> Outcome {
    eventually("the IPv6 addresses on the master alone", ELECTION, || {
        (holds(master).ok()? == VIPS.len() && holds(other).ok()? == 0).then_some(())
    })
}

/// The first stands back for the second, takes over, and gives back when it stops.
fn plays_both_roles(pair: &Pair, config: impl Fn(&Router, u8) -> String) -> Outcome {
    let two = pair.two.start_with(&config(&pair.two, 100))?;
    settles(&pair.two, &pair.one)?;
    let mut one = pair.one.start_with(&config(&pair.one, 200))?;
    settles(&pair.one, &pair.two)?;
    two.logs("with higher priority 200, ours 100", ELECTION)?;
    one.stop()?;
    two.logs("(VI_6) Backup received priority 0 advertisement", ELECTION)?;
    settles(&pair.two, &pair.one)
}

pub(crate) fn version_3_over_ipv6_elects_and_gives_back(cast: &Cast) -> Outcome {
    plays_both_roles(&Pair::new(cast)?, |_, priority| version_3(priority))
}

pub(crate) fn version_2_over_ipv6_elects_and_gives_back(cast: &Cast) -> Outcome {
    plays_both_roles(&Pair::new(cast)?, |_, priority| instance(priority, "version 2"))
}

pub(crate) fn ipv6_peers_elect_by_unicast(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    let address = |router: &Router| format!("2001:db8::{}", router.address.octets()[3]);
    for router in [&pair.one, &pair.two] {
        router.node.ip(&format!("address add {}/64 dev eth1 nodad", address(router)))?;
    }
    plays_both_roles(&pair, |router, priority| {
        let peer = if router.address == pair.one.address { &pair.two } else { &pair.one };
        let (own, peer) = (address(router), address(peer));
        let words =
            format!("advert_int 0.1\n unicast_src_ip {own}\n unicast_peer {{\n {peer}\n }}\n unicast_ttl 7");
        instance(priority, &words)
    })
}

pub(crate) fn ipv6_addresses_are_set_and_announced_as_the_original_does(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    pair.one.node.sysctl("net.ipv6.conf.eth1.forwarding", "1")?;
    let _one = pair.one.start_with(&version_3(200))?;
    settles(&pair.one, &pair.two)?;
    let shown = pair.one.node.ip("-6 -oneline address show dev eth1")?;
    let line = |vip: &str| shown.lines().find(|line| line.contains(vip)).unwrap_or_default().to_owned();
    let [link, host, net] = VIPS.map(line);
    assert!(host.contains("2001:db8::100/128 scope global nodad deprecated"), "{host}");
    assert!(net.contains("2001:db8::101/64 scope global nodad"), "{net}");
    assert!(
        link.contains("fe80::50/64 scope link nodad") || link.contains("fe80::50/64 scope global nodad"),
        "{link}"
    );
    VIPS.iter().try_for_each(|vip| all_name_a_router(&pair, vip))
}

/// A host that hears of a router that is none any more drops it from its default routers: RFC 4861 §7.2.5.
pub(crate) fn a_vmac_tells_whether_the_interface_below_it_routes(cast: &Cast) -> Outcome {
    let pair = Pair::new(cast)?;
    pair.one.node.sysctl("net.ipv6.conf.eth1.forwarding", "1")?;
    let _one = pair.one.start_with(&instance(200, "use_vmac\n advert_int 0.1"))?;
    VIPS.iter().try_for_each(|vip| all_name_a_router(&pair, vip))
}

/// The first block of advertisements of an address.
fn all_name_a_router(pair: &Pair, vip: &str) -> Outcome {
    let vip: IpAddr = vip.parse().map_err(std::io::Error::other)?;
    let flags = eventually(&format!("five advertisements of {vip}"), ELECTION, || {
        let frames = pair.capture.frames();
        let flags = frames.iter().filter_map(|frame| match frame.seen {
            Seen::NeighbourAdvert { address, flags, .. } => (address == vip).then_some(flags),
            Seen::Advert { .. } | Seen::GratuitousArp { .. } | Seen::MembershipReport | Seen::Bfd { .. } => {
                None
            }
        });
        let flags: Vec<u8> = flags.collect();
        (flags.len() >= 5).then_some(flags)
    })?;
    assert!(flags.iter().all(|flags| *flags == 0xa0), "router and override: {flags:x?}");
    Ok(())
}
