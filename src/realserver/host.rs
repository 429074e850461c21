//! A host as far as it matters here: its interfaces, addresses, ways out, kernel parameters and open tunnel ports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::process::Command;

use futures_util::TryStreamExt as _;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteType};
use rtnetlink::RouteMessageBuilder;

use crate::mirror::Report;

/// The kernel's device that takes packets out of IPv6 ones.
pub(crate) const OVER_IPV6: &str = "ip6tnl0";

/// Its mode for packets of both families. The kernel makes it with that for IPv6 alone.
pub(crate) const ANY: &str = "any";

/// `IFF_UP`
const UP: u32 = 1;

/// A host, or what a test says of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host {
    /// By name.
    pub(crate) interfaces: BTreeMap<String, Interface>,
    /// Kernel parameters by their path below `/proc/sys`.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The default routes of the main table.
    pub(crate) defaults: Vec<DefaultRoute>,
    /// UDP ports that somebody listens on; IPv6 if true.
    pub(crate) udp_ports: BTreeSet<(bool, u16)>,
    /// What the device for tunnels over IPv6 takes out of packets: [`ANY`], `ip6ip6` or `ipip6`. None if it is not there.
    pub(crate) inside_ipv6: Option<String>,
    /// Modules of the kernel that are loaded. One that is built in may not show.
    pub(crate) modules: BTreeSet<String>,
}

/// An interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interface {
    /// Whether it was switched on.
    pub(crate) up: bool,
    /// Its addresses with the lengths of their prefixes.
    pub(crate) addresses: Vec<(IpAddr, u8)>,
}

/// A default route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DefaultRoute {
    /// Whether it is one of IPv6.
    pub(crate) v6: bool,
    /// Where to; none if everything is on the link.
    pub(crate) gateway: Option<IpAddr>,
    /// The interface it leaves by.
    pub(crate) interface: String,
}

impl Host {
    /// The interface that has an address.
    pub(crate) fn holder(&self, address: IpAddr) -> Option<&str> {
        let holds = |interface: &Interface| interface.addresses.iter().any(|(one, _)| *one == address);
        Some(self.interfaces.iter().find(|(_, interface)| holds(interface))?.0)
    }

    /// A numeric parameter; 0 if there is none.
    pub(crate) fn number(&self, path: &str) -> u32 {
        self.parameters.get(path).and_then(|value| value.trim().parse().ok()).unwrap_or(0)
    }

    /// What the kernel uses for an interface: the larger of its own value and that of all (ip-sysctl).
    pub(crate) fn effective(&self, interface: &str, parameter: &str) -> u32 {
        let of = |name: &str| self.number(&format!("net/ipv4/conf/{name}/{parameter}"));
        of("all").max(of(interface))
    }

    /// The interface on whose link an address is.
    pub(crate) fn link_to(&self, address: IpAddr) -> Option<&str> {
        self.interfaces.keys().find(|name| self.is_on_link(name, address)).map(String::as_str)
    }

    /// Whether an address is on a link of this interface.
    pub(crate) fn is_on_link(&self, interface: &str, address: IpAddr) -> bool {
        let networks = self.interfaces.get(interface).map(|found| found.addresses.as_slice());
        networks.unwrap_or_default().iter().any(|(own, prefix)| same_network(*own, address, *prefix))
    }
}

fn same_network(one: IpAddr, other: IpAddr, prefix: u8) -> bool {
    let (one, other, width) = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (u128::from(u32::from(one)), u128::from(u32::from(other)), 32)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.into(), other.into(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    let host_bits = 128_u32.min(u32::from(width - prefix.min(width)));
    (one ^ other).checked_shr(host_bits).unwrap_or(0) == 0
}

/// Looks at the host, in the network namespace of the calling thread.
pub(crate) async fn look() -> io::Result<Host> {
    let (connection, handle, _) = rtnetlink::new_connection()?;
    let connection = tokio::spawn(connection);
    let mut host = Host::default();
    let mut names = BTreeMap::new();
    let links: Vec<_> = handle.link().get().execute().try_collect().await.map_err(io::Error::other)?;
    for link in links {
        if let Some(Report::Link(link)) = Report::read(&RouteNetlinkMessage::NewLink(link)) {
            let interface = Interface { up: link.flags & UP != 0, addresses: Vec::new() };
            host.interfaces.insert(link.name.clone(), interface);
            names.insert(link.index, link.name);
        }
    }
    let addresses: Vec<_> = handle.address().get().execute().try_collect().await.map_err(io::Error::other)?;
    for address in addresses {
        if let Some(Report::Address(held)) = Report::read(&RouteNetlinkMessage::NewAddress(address))
            && let Some(interface) = names.get(&held.index).and_then(|name| host.interfaces.get_mut(name))
        {
            interface.addresses.push((held.address, held.prefix));
        }
    }
    for (v6, query) in [
        (false, RouteMessageBuilder::<std::net::Ipv4Addr>::new().build()),
        (true, RouteMessageBuilder::<std::net::Ipv6Addr>::new().build()),
    ] {
        // A kernel without IPv6 has no such routes.
        let routes: Vec<RouteMessage> =
            handle.route().get(query).execute().try_collect().await.unwrap_or_default();
        host.defaults.extend(routes.iter().filter_map(|route| default_route(route, v6, &names)));
    }
    connection.abort();
    let interfaces = host.interfaces.keys().map(String::as_str).chain(["all", "default"]);
    let paths = interfaces
        .flat_map(|name| {
            ["arp_ignore", "arp_announce", "rp_filter"].map(|last| format!("net/ipv4/conf/{name}/{last}"))
        })
        .chain(
            [
                "net/ipv4/ip_forward",
                "net/ipv4/vs/conntrack",
                "net/ipv6/conf/all/forwarding",
                "net/netfilter/nf_conntrack_count",
                "net/netfilter/nf_conntrack_max",
            ]
            .map(String::from),
        );
    let read = |path: String| Some((path.clone(), parameter(&path).ok()?));
    host.parameters = paths.filter_map(read).collect();
    for (v6, file) in [(false, "/proc/net/udp"), (true, "/proc/net/udp6")] {
        let text = fs::read_to_string(file).unwrap_or_default();
        host.udp_ports.extend(text.lines().filter_map(udp_port).map(|port| (v6, port)));
    }
    if host.interfaces.contains_key(OVER_IPV6) {
        host.inside_ipv6 = inside_ipv6().ok();
    }
    let modules = fs::read_dir("/sys/module").into_iter().flatten().flatten();
    host.modules = modules.map(|module| module.file_name().to_string_lossy().into_owned()).collect();
    Ok(host)
}

/// What [`OVER_IPV6`] takes, as ip-link(8) has it.
pub(super) fn inside_ipv6() -> io::Result<String> {
    let output = Command::new("ip").args(["-details", "-json", "link", "show", "dev", OVER_IPV6]).output()?;
    let links: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let mode = links[0]["linkinfo"]["info_data"]["proto"].as_str();
    mode.map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("ip does not tell the mode of {OVER_IPV6}")))
}

/// A kernel parameter by its path below `/proc/sys`.
pub(super) fn parameter(path: &str) -> io::Result<String> {
    Ok(fs::read_to_string(format!("/proc/sys/{path}"))?.trim().to_owned())
}

fn default_route(route: &RouteMessage, v6: bool, names: &BTreeMap<u32, String>) -> Option<DefaultRoute> {
    let header = &route.header;
    let is_default = header.destination_prefix_length == 0
        && header.table == RouteHeader::RT_TABLE_MAIN
        && header.kind == RouteType::Unicast;
    let (mut gateway, mut interface) = (None, None);
    for attribute in &route.attributes {
        if let RouteAttribute::Gateway(RouteAddress::Inet(address)) = attribute {
            gateway = Some(IpAddr::from(*address));
        } else if let RouteAttribute::Gateway(RouteAddress::Inet6(address)) = attribute {
            gateway = Some(IpAddr::from(*address));
        } else if let RouteAttribute::Oif(index) = attribute {
            interface = names.get(index).cloned();
        }
    }
    is_default.then_some(DefaultRoute { v6, gateway, interface: interface? })
}

/// The port of a line of `/proc/net/udp`.
fn udp_port(line: &str) -> Option<u16> {
    let local = line.split_whitespace().nth(1)?;
    u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_compared_by_their_prefix() {
        let same = |one: &str, other: &str, prefix| {
            same_network(one.parse().expect("an address"), other.parse().expect("an address"), prefix)
        };
        assert!(
            same("10.1.0.1", "10.1.0.200", 24) && same("fd00::1", "fd00::2", 64) && same("::1", "fd00::1", 0)
        );
        assert!(
            !same("10.1.0.1", "10.1.1.1", 24)
                && !same("fd00::1", "fd00::2", 128)
                && !same("10.1.0.1", "::1", 0)
        );
    }

    #[test]
    fn a_line_of_proc_names_its_local_port() {
        let line =
            "  42: 00000000:17C0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 0 2";
        assert_eq!(udp_port(line), Some(6080));
        assert_eq!(udp_port("  sl  local_address rem_address"), None);
    }
}
