//! What is to be done on a real server, in order: first it learns to be silent about the virtual addresses, then their
//! packets get in, and last it holds them.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU16;

use ipvs::{Forwarding, Tunnel};

use super::duty::Duty;
use super::host::{ANY, Host, OVER_IPV6};

/// Where virtual addresses go.
pub(crate) const LOOPBACK: &str = "lo";

/// One change. It prints as the command that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Set a kernel parameter, named by its path below `/proc/sys`.
    Set {
        /// Which.
        path: String,
        /// To what.
        value: u32,
    },
    /// Load a module of the kernel.
    Load(&'static str),
    /// Switch a device on.
    Up(&'static str),
    /// Have [`OVER_IPV6`] take IPv4 packets out, too.
    TakeBoth,
    /// Take apart what comes to a UDP port (GUE).
    Open {
        /// Whether by IPv6.
        v6: bool,
        /// Which port.
        port: NonZeroU16,
    },
    /// Hold an address.
    Add {
        /// Which.
        address: IpAddr,
        /// Where.
        device: &'static str,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // sysctl(8) takes slashes too, which keeps the dot in the name of a VLAN's interface apart.
            Self::Set { path, value } if path.contains('.') => write!(f, "sysctl -w {path}={value}"),
            Self::Set { path, value } => write!(f, "sysctl -w {}={value}", path.replace('/', ".")),
            Self::Load(module) => write!(f, "modprobe {module}"),
            Self::Up(device) => write!(f, "ip link set dev {device} up"),
            // ip-link(8) cannot change this device before Linux 6.13.
            Self::TakeBoth => write!(f, "ip -6 tunnel change {OVER_IPV6} mode {ANY}"),
            Self::Open { v6: false, port } => write!(f, "ip fou add port {port} gue"),
            Self::Open { v6: true, port } => write!(f, "ip -6 fou add port {port} gue"),
            Self::Add { address: IpAddr::V4(address), device } => {
                write!(f, "ip address add {address}/32 dev {device}")
            }
            Self::Add { address: IpAddr::V6(address), device } => {
                write!(f, "ip -6 address add {address}/128 dev {device} nodad")
            }
        }
    }
}

/// A change, and what it is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// What to do.
    pub(crate) change: Change,
    /// Why: a sentence without its full stop.
    pub(crate) why: String,
}

/// What cannot be done here, or need not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remark {
    /// Packets come by address translation to this address: only answers must find back through the director.
    Translated(IpAddr),
    /// The virtual address is on an interface that tells the network so.
    Exposed {
        /// Which address.
        vip: IpAddr,
        /// Where it is.
        interface: String,
    },
    /// The service is known by a firewall mark; its addresses do not stand in the file.
    Marked(IpAddr),
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Translated(server) => {
                write!(
                    f,
                    "{server} is reached by NAT: nothing to prepare but the route back through the director"
                )
            }
            Self::Exposed { vip, interface } => {
                write!(f, "{vip} is on {interface} already, where this host answers ARP for it; left alone")
            }
            Self::Marked(server) => write!(
                f,
                "{server} serves a firewall mark: the addresses behind it do not stand in the file and are not prepared"
            ),
        }
    }
}

/// The kernel's device that takes packets out of every tunnel of a kind, and the module that brings it.
struct Receiver {
    device: &'static str,
    module: &'static str,
}

/// The device that unwraps: decided by the family outside (the real server's) and inside (the virtual address's).
fn receiver(tunnel: Tunnel, outside_v6: bool, inside_v6: bool) -> Option<Receiver> {
    let (device, module) = match (tunnel, outside_v6, inside_v6) {
        (Tunnel::Ipip | Tunnel::Gue { .. }, false, false) => ("tunl0", "ipip"),
        (Tunnel::Ipip | Tunnel::Gue { .. }, false, true) => ("sit0", "sit"),
        (Tunnel::Ipip | Tunnel::Gue { .. }, true, _) => (OVER_IPV6, "ip6_tunnel"),
        (Tunnel::Gre { .. }, false, _) => ("gre0", "ip_gre"),
        (Tunnel::Gre { .. }, true, _) => ("ip6gre0", "ip6_gre"),
        (Tunnel::Other { .. }, _, _) => return None,
    };
    Some(Receiver { device, module })
}

/// Collects steps, each once.
struct Steps<'a> {
    host: &'a Host,
    quiet: Vec<Step>,
    way_in: Vec<Step>,
    addresses: Vec<Step>,
    remarks: Vec<Remark>,
}

/// What is missing for these duties on this host. Nothing is, if nothing is to be done.
pub(crate) fn steps(duties: &[Duty], host: &Host) -> (Vec<Step>, Vec<Remark>) {
    let mut steps =
        Steps { host, quiet: Vec::new(), way_in: Vec::new(), addresses: Vec::new(), remarks: Vec::new() };
    for duty in duties {
        steps.duty(duty);
    }
    let Steps { mut quiet, way_in, addresses, remarks, .. } = steps;
    quiet.extend(way_in);
    quiet.extend(addresses);
    (quiet, remarks)
}

fn remark(remarks: &mut Vec<Remark>, remark: Remark) {
    if !remarks.contains(&remark) {
        remarks.push(remark);
    }
}

/// The first reason is enough for a change.
fn push(steps: &mut Vec<Step>, step: Step) {
    if steps.iter().all(|other| other.change != step.change) {
        steps.push(step);
    }
}

impl Steps<'_> {
    fn duty(&mut self, duty: &Duty) {
        let tunnel = match duty.forwarding {
            Forwarding::Masquerade => return remark(&mut self.remarks, Remark::Translated(duty.server)),
            Forwarding::Direct => None,
            Forwarding::Tunnel(tunnel) => Some(tunnel),
            Forwarding::Local | Forwarding::Bypass | Forwarding::Other(_) => return,
        };
        let Some(vip) = duty.vip else { return remark(&mut self.remarks, Remark::Marked(duty.server)) };
        if vip.is_ipv4() {
            self.be_quiet();
        }
        match tunnel {
            Some(tunnel) => self.unwrap(tunnel, duty.server, vip),
            None if vip.is_ipv4() => self.let_in(duty.server),
            None => {}
        }
        // The kernel takes nothing with a loose filter from a device that has no IPv4 address.
        let device = match tunnel.and_then(|tunnel| receiver(tunnel, duty.server.is_ipv6(), vip.is_ipv6())) {
            Some(receiver) if vip.is_ipv4() => receiver.device,
            Some(_) | None => LOOPBACK,
        };
        let held = self
            .host
            .interfaces
            .iter()
            .filter(|(_, found)| found.addresses.iter().any(|(one, _)| *one == vip));
        let held: Vec<&str> = held.map(|(name, _)| name.as_str()).collect();
        if let Some(interface) = held.iter().find(|name| **name != LOOPBACK && !is_receiver(name)) {
            let interface = (*interface).to_owned();
            remark(&mut self.remarks, Remark::Exposed { vip, interface });
        } else if held.is_empty() || (device != LOOPBACK && !held.contains(&device)) {
            let why = format!("Packets to {vip} reach this host; it must know the address as its own");
            push(&mut self.addresses, Step { change: Change::Add { address: vip, device }, why });
        }
    }

    /// The ARP problem. IPv6 needs nothing: neighbours are answered for the addresses of the very interface only.
    fn be_quiet(&mut self) {
        let quiet = |ignore: u32| matches!(ignore, 1 | 2 | 8);
        let why = "This host must not answer ARP for a virtual address: clients would pass the director by";
        let of_all = self.host.number("net/ipv4/conf/all/arp_ignore");
        if !quiet(of_all) {
            self.set("all", "arp_ignore", 1, why);
        }
        let of_all = if quiet(of_all) { of_all } else { 1 };
        for (name, _) in self.host.interfaces.iter().filter(|(name, _)| *name != LOOPBACK) {
            let own = self.host.number(&format!("net/ipv4/conf/{name}/arp_ignore"));
            // The larger of both counts, and 3 to 7 let the host answer.
            if !quiet(own.max(of_all)) {
                self.set(name, "arp_ignore", 1, why);
            }
        }
        if self.host.number("net/ipv4/conf/all/arp_announce") < 2 {
            let why = "This host must not name a virtual address as the sender of its own ARP requests";
            self.set("all", "arp_announce", 2, why);
        }
    }

    fn unwrap(&mut self, tunnel: Tunnel, server: IpAddr, vip: IpAddr) {
        let Some(Receiver { device, module }) = receiver(tunnel, server.is_ipv6(), vip.is_ipv6()) else {
            return;
        };
        let interface = self.host.interfaces.get(device);
        if interface.is_none() {
            let why = format!("{module} brings {device}, which unwraps what the director sends");
            push(&mut self.way_in, Step { change: Change::Load(module), why });
        }
        if device == OVER_IPV6 && vip.is_ipv4() && self.host.inside_ipv6.as_deref() != Some(ANY) {
            let why = format!("{device} drops IPv4 packets as the kernel makes it");
            push(&mut self.way_in, Step { change: Change::TakeBoth, why });
        }
        if let Tunnel::Gue { port, .. } = tunnel
            && !self.host.udp_ports.contains(&(server.is_ipv6(), port.get()))
        {
            let module = if server.is_ipv6() { "fou6" } else { "fou" };
            let why = format!("The director wraps packets into UDP to port {port}");
            if !self.host.modules.contains(module) {
                push(&mut self.way_in, Step { change: Change::Load(module), why: why.clone() });
            }
            push(&mut self.way_in, Step { change: Change::Open { v6: server.is_ipv6(), port }, why });
        }
        let known = interface.map(|_| device).unwrap_or("default");
        if vip.is_ipv4() && self.host.effective(known, "rp_filter") == 1 {
            let path = format!("net/ipv4/conf/{device}/rp_filter");
            let why = format!(
                "A strict filter drops what comes out of {device}: answers to clients leave elsewhere"
            );
            push(&mut self.way_in, Step { change: Change::Set { path, value: 2 }, why });
        }
        if !interface.is_some_and(|interface| interface.up) {
            let why = format!("{device} unwraps what the director sends to {server}");
            push(&mut self.way_in, Step { change: Change::Up(device), why });
        }
    }

    /// Direct routing: requests come in where the real server's address is, answers may leave elsewhere.
    fn let_in(&mut self, server: IpAddr) {
        let Some(interface) = self.host.holder(server).map(str::to_owned) else { return };
        let mut defaults = self.host.defaults.iter().filter(|route| !route.v6).peekable();
        let leaves_elsewhere =
            defaults.peek().is_some() && defaults.all(|route| route.interface != interface);
        if leaves_elsewhere && self.host.effective(&interface, "rp_filter") == 1 {
            let path = format!("net/ipv4/conf/{interface}/rp_filter");
            let why = format!(
                "Answers to clients leave by another interface than {interface}: a strict filter drops their requests"
            );
            push(&mut self.way_in, Step { change: Change::Set { path, value: 2 }, why });
        }
    }

    fn set(&mut self, interface: &str, parameter: &str, value: u32, why: &str) {
        let path = format!("net/ipv4/conf/{interface}/{parameter}");
        push(&mut self.quiet, Step { change: Change::Set { path, value }, why: why.to_owned() });
    }
}

/// Whether an interface is one of those that only unwrap, and so speak no ARP.
fn is_receiver(interface: &str) -> bool {
    matches!(interface, "tunl0" | "sit0" | "ip6tnl0" | "gre0" | "ip6gre0")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::realserver::host::{DefaultRoute, Interface};

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn host(interfaces: &[(&str, &[&str])], parameters: &[(&str, &str)]) -> Host {
        let interface = |(name, addresses): &(&str, &[&str])| {
            let addresses = addresses.iter().map(|one| (ip(one), 24)).collect();
            ((*name).to_owned(), Interface { up: true, addresses })
        };
        let parameters: BTreeMap<_, _> =
            parameters.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
        Host { interfaces: interfaces.iter().map(interface).collect(), parameters, ..Host::default() }
    }

    fn commands(vip: &str, server: &str, forwarding: Forwarding, host: &Host) -> Vec<String> {
        let duty = Duty { vip: Some(ip(vip)), server: ip(server), forwarding };
        steps(&[duty, duty], host).0.iter().map(|step| step.change.to_string()).collect()
    }

    #[test]
    fn direct_routing_wants_silence_and_the_address() {
        let host = host(&[("lo", &["127.0.0.1"]), ("eth0", &["10.1.0.11"])], &[]);
        assert_eq!(
            commands("10.1.0.100", "10.1.0.11", Forwarding::Direct, &host),
            [
                "sysctl -w net.ipv4.conf.all.arp_ignore=1",
                "sysctl -w net.ipv4.conf.all.arp_announce=2",
                "ip address add 10.1.0.100/32 dev lo",
            ]
        );
        let v6 = commands("fd00::100", "10.1.0.11", Forwarding::Direct, &host);
        assert_eq!(v6, ["ip -6 address add fd00::100/128 dev lo nodad"]);
    }

    #[test]
    fn what_is_there_is_not_done_again() {
        let set = [("net/ipv4/conf/all/arp_ignore", "1"), ("net/ipv4/conf/all/arp_announce", "2")];
        let host = host(&[("lo", &["10.1.0.100"]), ("eth0", &["10.1.0.11"])], &set);
        assert!(commands("10.1.0.100", "10.1.0.11", Forwarding::Direct, &host).is_empty());
    }

    #[test]
    fn an_interface_that_answers_in_spite_of_all_is_set_too() {
        let set = [
            ("net/ipv4/conf/all/arp_ignore", "1"),
            ("net/ipv4/conf/all/arp_announce", "2"),
            ("net/ipv4/conf/eth0.7/arp_ignore", "3"),
        ];
        let host = host(&[("lo", &["10.1.0.100"]), ("eth0.7", &["10.1.0.11"])], &set);
        let commands = commands("10.1.0.100", "10.1.0.11", Forwarding::Direct, &host);
        assert_eq!(commands, ["sysctl -w net/ipv4/conf/eth0.7/arp_ignore=1"]);
    }

    #[test]
    fn a_strict_filter_is_loosened_where_answers_leave_elsewhere() {
        let set = [
            ("net/ipv4/conf/all/arp_ignore", "1"),
            ("net/ipv4/conf/all/arp_announce", "2"),
            ("net/ipv4/conf/all/rp_filter", "1"),
        ];
        let mut host = host(&[("lo", &["10.1.0.100"]), ("eth0", &["10.1.0.11"]), ("eth1", &[])], &set);
        let ask = |host: &Host| commands("10.1.0.100", "10.1.0.11", Forwarding::Direct, host);
        let by = |interface: &str| DefaultRoute { v6: false, gateway: None, interface: interface.to_owned() };
        host.defaults = vec![by("eth0")];
        assert!(ask(&host).is_empty());
        host.defaults = vec![by("eth1")];
        assert_eq!(ask(&host), ["sysctl -w net.ipv4.conf.eth0.rp_filter=2"]);
    }

    #[test]
    fn a_tunnel_wants_its_device_before_the_address() {
        let set = [
            ("net/ipv4/conf/all/arp_ignore", "1"),
            ("net/ipv4/conf/all/arp_announce", "2"),
            ("net/ipv4/conf/all/rp_filter", "1"),
        ];
        let host = host(&[("lo", &[]), ("eth0", &["10.2.0.11"])], &set);
        let ipip = Forwarding::Tunnel(Tunnel::Ipip);
        assert_eq!(
            commands("10.1.0.100", "10.2.0.11", ipip, &host),
            [
                "modprobe ipip",
                "sysctl -w net.ipv4.conf.tunl0.rp_filter=2",
                "ip link set dev tunl0 up",
                "ip address add 10.1.0.100/32 dev tunl0",
            ]
        );
        let port = NonZeroU16::new(6080).expect("not zero");
        let gue = Forwarding::Tunnel(Tunnel::Gue { port, checksum: ipvs::Checksum::None });
        assert_eq!(
            commands("fd00::100", "fd00::11", gue, &host)[1..4],
            ["modprobe fou6", "ip -6 fou add port 6080 gue", "ip link set dev ip6tnl0 up"]
        );
        let gre = Forwarding::Tunnel(Tunnel::Gre { checksum: ipvs::Checksum::None });
        assert_eq!(commands("fd00::100", "10.2.0.11", gre, &host)[0], "modprobe ip_gre");
        assert_eq!(commands("fd00::100", "10.2.0.11", ipip, &host)[0], "modprobe sit");
    }

    #[test]
    fn address_translation_wants_nothing_and_an_exposed_address_is_told() {
        let host = host(&[("lo", &[]), ("eth0", &["10.1.0.11", "10.1.0.100"])], &[]);
        let duty = |forwarding| Duty { vip: Some(ip("10.1.0.100")), server: ip("10.1.0.11"), forwarding };
        let (steps_, remarks) = steps(&[duty(Forwarding::Masquerade)], &host);
        assert_eq!((steps_, remarks), (vec![], vec![Remark::Translated(ip("10.1.0.11"))]));
        let (_, remarks) = steps(&[duty(Forwarding::Direct)], &host);
        assert_eq!(remarks, [Remark::Exposed { vip: ip("10.1.0.100"), interface: "eth0".into() }]);
    }

    #[test]
    fn ipv4_in_ipv6_wants_a_device_that_takes_it() {
        let mut host = host(&[("lo", &[]), ("eth0", &["fd00::11"]), (OVER_IPV6, &[])], &[]);
        let ipip = Forwarding::Tunnel(Tunnel::Ipip);
        let change = "ip -6 tunnel change ip6tnl0 mode any";
        let mut with = |mode: &str, vip| {
            host.inside_ipv6 = Some(mode.to_owned());
            commands(vip, "fd00::11", ipip, &host).iter().any(|one| one == change)
        };
        assert!(with("ip6ip6", "10.1.0.100") && !with("any", "10.1.0.100") && !with("ip6ip6", "fd00::100"));
    }

    #[test]
    fn two_ports_of_a_tunnel_load_its_module_once() {
        let mut host = host(&[("lo", &[]), ("eth0", &["10.2.0.11"]), ("tunl0", &[])], &[]);
        let gue = |port| {
            let port = NonZeroU16::new(port).expect("not zero");
            let forwarding = Forwarding::Tunnel(Tunnel::Gue { port, checksum: ipvs::Checksum::None });
            Duty { vip: Some(ip("fd00::100")), server: ip("10.2.0.11"), forwarding }
        };
        let commands = |host: &Host| -> Vec<String> {
            steps(&[gue(6080), gue(6081)], host).0.iter().map(|step| step.change.to_string()).collect()
        };
        let wanted = [
            "modprobe sit",
            "modprobe fou",
            "ip fou add port 6080 gue",
            "ip link set dev sit0 up",
            "ip fou add port 6081 gue",
            "ip -6 address add fd00::100/128 dev lo nodad",
        ];
        assert_eq!(commands(&host), wanted);
        host.modules.insert("fou".into());
        assert_eq!(commands(&host), [&wanted[..1], &wanted[2..]].concat());
    }
}
