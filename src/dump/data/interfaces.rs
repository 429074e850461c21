//! Network interfaces.

use std::net::IpAddr;

use parser::config::{DynamicInterfaces, VrrpInstance};

use super::standing;
use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, member, object};
use crate::dump::words::{either, mac, weight};
use crate::plan::vmac::Kind;
use crate::plan::vrrp::Instance as Plan;
use crate::status::vrrp::Link;

const IFF_UP: u32 = 0x1;
const IFF_BROADCAST: u32 = 0x2;
const IFF_LOOPBACK: u32 = 0x8;
const IFF_POINTOPOINT: u32 = 0x10;
const IFF_RUNNING: u32 = 0x40;
const IFF_NOARP: u32 = 0x80;
const IFF_MULTICAST: u32 = 0x1000;

/// All that the system has; `users` are the virtual routers and what each of them is.
pub(super) fn write(scene: &Scene<'_>, users: &[(&VrrpInstance, &Plan)], links: &[Link], sheet: &mut Sheet) {
    let (vmacs, spaced) = (&scene.plan.vrrp.standing.vmacs, standing::spaced(scene));
    sheet.section("Interfaces");
    for link in links {
        object!(sheet, "Name = {}", link.name);
        attribute!(sheet, "index = {}", link.index);
        let text = |address: Option<IpAddr>| address.map_or("(none)".to_owned(), |one| one.to_string());
        attribute!(sheet, "IPv4 address = {}", text(link.ipv4.map(IpAddr::V4)));
        others(link, "IPv4", IpAddr::is_ipv4, sheet);
        attribute!(sheet, "IPv6 address = {}", text(link.ipv6.map(IpAddr::V6)));
        others(link, "IPv6", IpAddr::is_ipv6, sheet);
        let is_loopback = link.flags & IFF_LOOPBACK != 0;
        if let Some(address) = link.mac.filter(|_| !is_loopback) {
            attribute!(sheet, "MAC = {}", mac(address));
            attribute!(sheet, "MAC broadcast = {}", mac(link.broadcast));
        }
        attribute!(sheet, "State = {}", state(link.flags));
        let users: Vec<_> =
            users.iter().filter(|(_, plan)| plan.interfaces().any(|name| *name == link.name)).collect();
        attribute!(sheet, "Group = {}", link.group);
        if let Some(vmac) = vmacs.iter().find(|one| one.name == link.name) {
            let kind = match vmac.kind {
                Kind::Macvlan { .. } => "VMAC type private",
                Kind::Ipvlan { flags } => ipvlan_type(flags),
            };
            let below = links.iter().find(|one| one.name == vmac.base);
            let below = below.map_or_else(|| "(none)".to_owned(), |one| state(one.flags));
            attribute!(sheet, "{kind}, underlying interface = {}, state = {below}", vmac.base);
            attribute!(sheet, "I/f created by keepalived");
        } else if !users.is_empty()
            && scene.config.global.dynamic_interfaces == DynamicInterfaces::AllowIfChanges
        {
            attribute!(sheet, "Interface type/base can be changed");
        }
        attribute!(sheet, "MTU = {}", link.mtu);
        match link.hardware {
            nix::libc::ARPHRD_LOOPBACK => attribute!(sheet, "HW Type = LOOPBACK"),
            nix::libc::ARPHRD_ETHER => attribute!(sheet, "HW Type = ETHERNET"),
            other => attribute!(sheet, "HW Type = UNKNOWN ({other})"),
        }
        if let Some((number, space)) = spaced.get(&link.name) {
            for (title, every) in [("ARP", space.arp), ("NA", space.na)] {
                if !every.is_zero() {
                    attribute!(sheet, "Gratuitous {title} interval {}ms", every.as_millis());
                }
            }
            if *number > 0 {
                attribute!(sheet, "Gratuitous ARP aggregation group {number}");
            }
        }
        if !users.is_empty() {
            attribute!(sheet, "Tracking VRRP instances :");
            for (one, plan) in users {
                member!(sheet, "{}, {}", one.name, importance(one, plan, &link.name));
            }
        }
    }
}

/// The addresses besides the first.
fn others(link: &Link, title: &str, is_its: fn(&IpAddr) -> bool, sheet: &mut Sheet) {
    let all: Vec<_> = link.others.iter().filter(|address| is_its(address)).collect();
    if !all.is_empty() {
        attribute!(sheet, "Additional {title} addresses :");
        all.iter().for_each(|address| member!(sheet, "{address}"));
    }
}

/// What an interface is to a router: what it needs has no weight, and `dont_track_primary` has one that no line can have.
fn importance(one: &VrrpInstance, plan: &Plan, link: &str) -> String {
    let is_own = one.interface.as_ref().is_some_and(|name| name.value.as_str() == link);
    let holds_addresses =
        || plan.addresses.iter().chain(&plan.excluded).any(|address| address.interface == link);
    if is_own || holds_addresses() {
        return if is_own && one.dont_track_primary { "weight 255" } else { "weight 0" }.to_owned();
    }
    let tracked = one.tracking.interfaces.iter().find(|line| line.what.as_str() == link);
    tracked.map_or_else(|| "weight 0".to_owned(), |line| weight(line.weight))
}

/// `UP, RUNNING`, and what is unusual.
fn state(flags: u32) -> String {
    let is_loopback = flags & IFF_LOOPBACK != 0;
    let words = [
        (flags & IFF_RUNNING != 0, ", RUNNING"),
        (flags & IFF_BROADCAST == 0, ", no broadcast"),
        (is_loopback, ", loopback"),
        (flags & IFF_POINTOPOINT != 0, ", point to point"),
        (!is_loopback && flags & IFF_NOARP != 0, ", no arp"),
        (flags & IFF_MULTICAST == 0, ", no multicast"),
    ];
    let words: String = words.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word).collect();
    format!("{}{words}", either(flags & IFF_UP != 0, "UP", "DOWN"))
}

/// Whether frames can leave by it.
pub(super) fn is_up(link: &Link) -> bool {
    const BOTH: u32 = IFF_UP | IFF_RUNNING;
    link.flags & BOTH == BOTH
}

fn ipvlan_type(flags: u16) -> &'static str {
    match flags {
        0 => "IPVLAN type bridge",
        1 => "IPVLAN type private",
        _ => "IPVLAN type vepa",
    }
}
