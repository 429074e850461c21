//! Every way of speaking VRRP at once: two machines with one virtual router for each, through one life of a pair.

use lab::{
    Binary, Outcome,
    pair::{Cast, Pair, Router},
};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

/// Longer than any step of the life takes.
const STEP: Duration = Duration::from_secs(20);

/// One way of speaking; `OWN` and `PEER` stand for addresses of the two machines.
struct Mode {
    ipv6: bool,
    /// Of the first machine, which is the better one unless `stays`; the second has 100.
    priority: u8,
    /// Whether the second machine stays master when the first returns.
    stays: bool,
    /// Whether Debian's keepalived 2.2.7 knows it.
    is_old: bool,
    /// What both say.
    words: &'static str,
    /// What the second says besides.
    more: &'static str,
}

const fn mode(words: &'static str) -> Mode {
    Mode { ipv6: false, priority: 200, stays: false, is_old: true, words, more: "" }
}

const fn over_ipv6(words: &'static str) -> Mode {
    Mode { ipv6: true, ..mode(words) }
}

const SIGNED: &str =
    "version 3\n advert_int 0.1\n auth_hmac {\n key 1 0123456789abcdef0123456789abcdef\n active_key 1\n }";

const MODES: [Mode; 29] = [
    mode("version 2"),
    mode("version 3\n advert_int 0.1"),
    over_ipv6("version 2"),
    over_ipv6("version 3\n advert_int 0.1"),
    mode("version 2\n unicast_src_ip OWN\n unicast_peer {\n PEER\n }"),
    mode("version 3\n advert_int 0.1\n unicast_src_ip OWN\n unicast_peer {\n PEER\n }"),
    over_ipv6("version 3\n advert_int 0.1\n unicast_src_ip OWN\n unicast_peer {\n PEER\n }"),
    mode("unicast_ttl 9\n unicast_src_ip OWN\n unicast_peer {\n PEER min_ttl 9 max_ttl 9\n }"),
    mode("check_unicast_src\n unicast_src_ip OWN\n unicast_peer {\n PEER\n }"),
    mode("version 2\n authentication {\n auth_type PASS\n auth_pass secret\n }"),
    mode("version 2\n authentication {\n auth_type AH\n auth_pass secret\n }"),
    mode(
        "version 2\n unicast_src_ip OWN\n unicast_peer {\n PEER\n }\n authentication {\n auth_type AH\n auth_pass secret\n }",
    ),
    Mode { is_old: false, ..mode("version 3\n advert_int 0.1\n v3_checksum_as_v2 on") },
    Mode { is_old: false, ..mode(SIGNED) },
    Mode { is_old: false, ..over_ipv6(SIGNED) },
    mode(
        "version 3\n advert_int 0.1\n unicast_src_ip OWN\n unicast_peer {\n PEER\n }\n old_unicast_checksum",
    ),
    mode("version 2\n mcast_dst_ip 224.0.0.99"),
    mode("version 3\n advert_int 0.1\n mcast_src_ip OWN"),
    over_ipv6("version 3\n advert_int 0.1\n mcast_dst_ip ff02::99"),
    mode("version 2\n skip_check_adv_addr on"),
    mode("version 2\n strict_mode on"),
    mode("version 3\n strict_mode on"),
    Mode { priority: 255, ..mode("version 2") },
    Mode { priority: 255, ..mode("version 3\n advert_int 0.1") },
    // The backup learns the interval of the master.
    Mode { more: "advert_int 0.2", ..mode("version 3") },
    mode("version 3\n advert_int 0.1\n down_timer_adverts 6"),
    Mode { stays: true, ..mode("version 2\n nopreempt") },
    mode("version 3\n advert_int 0.1\n preempt_delay 1"),
    Mode {
        stays: true,
        priority: 100,
        ..mode("version 2\n lower_prio_no_advert on\n higher_prio_send_advert on")
    },
];

impl Mode {
    fn address(&self, number: usize) -> IpAddr {
        let number = u16::try_from(number).expect("few modes");
        if self.ipv6 {
            Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x50, number).into()
        } else {
            Ipv4Addr::from(u32::from(Ipv4Addr::new(172, 16, 1, 0)) + u32::from(number)).into()
        }
    }

    fn own(&self, router: &Router) -> String {
        let last = router.address.octets()[3];
        if self.ipv6 { format!("2001:db8::{last}") } else { router.address.to_string() }
    }
}

/// Those that both can speak, each with its VRID.
fn modes(cast: &Cast) -> Vec<(usize, &'static Mode)> {
    let has_original = [&cast.one, &cast.two].contains(&&Binary::original());
    (1..).zip(&MODES).filter(|(_, mode)| mode.is_old || !has_original).collect()
}

fn config(modes: &[(usize, &Mode)], own: &Router, peer: &Router, is_first: bool) -> String {
    let mut text = String::new();
    for (number, mode) in modes {
        let (priority, more) = if is_first { (mode.priority, "") } else { (100, mode.more) };
        let words = mode.words.replace("OWN", &mode.own(own)).replace("PEER", &mode.own(peer));
        let address = mode.address(*number);
        let _ = writeln!(
            text,
            "vrrp_instance VI_{number} {{\n interface eth1\n virtual_router_id {number}\n priority {priority}\n \
             {words}\n {more}\n virtual_ipaddress {{\n {address}\n }}\n}}"
        );
    }
    text
}

/// Those that `router` is master of, as its addresses show.
fn held(router: &Router) -> Outcome<BTreeSet<usize>> {
    let addresses = router.node.addresses()?;
    let is_held = |(number, mode): &(usize, &Mode)| addresses.contains(&mode.address(*number));
    Ok((1..).zip(&MODES).filter(is_held).map(|(number, _)| number).collect())
}

/// Waits until `router` is master of these, and of no others.
fn comes_to(what: &str, router: &Router, wanted: &BTreeSet<usize>) -> Outcome {
    let reached = lab::eventually(what, STEP, || (held(router).ok()? == *wanted).then_some(()));
    reached.map_err(|failure| {
        let held = held(router).unwrap_or_default();
        let (missing, extra): (Vec<_>, Vec<_>) =
            (wanted.difference(&held).collect(), held.difference(wanted).collect());
        lab::Failure::new(format!("{failure}: missing {missing:?}, too many {extra:?}"))
    })
}

pub(crate) fn every_mode_elects_follows_the_dead_and_the_stopped_and_gives_back(cast: &Cast) -> Outcome {
    let modes = modes(cast);
    let pair = Pair::new(cast)?;
    for router in [&pair.one, &pair.two] {
        router.node.ip(&format!("address add 2001:db8::{}/64 dev eth1 nodad", router.address.octets()[3]))?;
    }
    let (first, second) =
        (config(&modes, &pair.one, &pair.two, true), config(&modes, &pair.two, &pair.one, false));
    let of = |is_wanted: fn(&Mode) -> bool| -> BTreeSet<usize> {
        modes.iter().filter(|(_, mode)| is_wanted(mode)).map(|(number, _)| *number).collect()
    };
    let (none, all, stays) = (of(|_| false), of(|_| true), of(|mode| mode.stays));
    let better: BTreeSet<usize> = all.difference(&stays).copied().collect();

    let mut one = pair.one.start_with(&first)?;
    comes_to("the first alone, master of all", &pair.one, &all)?;
    let _two = pair.two.start_with(&second)?;
    one.cut();
    comes_to("the second after the kill", &pair.two, &all)?;
    let mut one = pair.one.start_with(&first)?;
    comes_to("the first after its return", &pair.one, &better)?;
    comes_to("the second after the return", &pair.two, &stays)?;
    pair.one.node.unplug("eth1")?;
    comes_to("the second after the cut", &pair.two, &all)?;
    comes_to("the first after the cut", &pair.one, &none)?;
    pair.one.node.plug("eth1")?;
    comes_to("the first after the repair", &pair.one, &better)?;
    comes_to("the second after the repair", &pair.two, &stays)?;
    one.stop()?;
    comes_to("the second after the stop", &pair.two, &all)?;
    comes_to("the first after the stop", &pair.one, &none)
}
