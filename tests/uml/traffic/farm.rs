//! The machines: a client before one or two directors, three web servers behind them.

use lab::{
    Binary, Failure, Keepalived, Link, Node, Outcome, Scene, eventually,
    http::{Answer, Origin, get},
    ipvs,
};
use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

/// The virtual service's port.
pub(crate) const PORT: u16 = 80;

/// Longer than an election and the first round of checks on a busy machine.
const START: Duration = Duration::from_secs(60);

/// How a director hands packets to a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It rewrites addresses; answers pass through it.
    Nat,
    /// It wraps packets into packets to the server.
    Tun,
    /// It puts the server's link address on them.
    Dr,
}

impl Way {
    /// The word of keepalived.conf.
    const fn word(self) -> &'static str {
        match self {
            Self::Nat => "NAT",
            Self::Tun => "TUN",
            Self::Dr => "DR",
        }
    }
}

/// What a configuration of the farm says.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) way: Way,
    pub(crate) scheduler: &'static str,
    /// Of the three servers.
    pub(crate) weights: [u16; 3],
    /// How long each of them takes to answer.
    pub(crate) delays: [Duration; 3],
    /// Whether connections are made known to the other director.
    pub(crate) synced: bool,
    /// Servers are not prepared by hand: the scene has the program do it.
    pub(crate) by_tool: bool,
    /// The words behind `TUN`.
    pub(crate) wrapping: &'static str,
    /// Servers of an IPv4 service are reached by IPv6, and the other way round.
    pub(crate) across: bool,
    /// With direct routing, requests come to servers on one link and answers leave by another.
    pub(crate) aside: bool,
}

impl Plan {
    pub(crate) fn new(way: Way, scheduler: &'static str) -> Self {
        Self {
            way,
            scheduler,
            weights: [1; 3],
            delays: [Duration::ZERO; 3],
            synced: false,
            by_tool: false,
            wrapping: "",
            across: false,
            aside: false,
        }
    }

    /// The configuration of a director with this priority.
    pub(crate) fn config(&self, priority: u8) -> String {
        let mut text = String::new();
        if self.synced {
            text.push_str("global_defs { lvs_sync_daemon eth1 front }\n");
        }
        let _ = write!(
            text,
            "vrrp_instance front {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 1
    virtual_ipaddress {{ {}/24 }}
    virtual_ipaddress_excluded {{ {}/128 }}
}}
",
            vip(Family::V4),
            vip(Family::V6)
        );
        for family in [Family::V4, Family::V6] {
            let _ = write!(
                text,
                "virtual_server {} {PORT} {{
    delay_loop 1
    lvs_sched {}
    lvs_method {} {}
    protocol TCP
",
                vip(family),
                self.scheduler,
                self.way.word(),
                self.wrapping
            );
            for (place, weight) in self.weights.iter().enumerate() {
                let _ = write!(
                    text,
                    "    real_server {} {PORT} {{
        weight {weight}
        HTTP_GET {{
            url {{
                path /
                status_code 200
            }}
            connect_timeout 3
        }}
    }}
",
                    self.server_address(family, place)
                );
            }
            text.push_str("}\n");
        }
        text
    }

    /// Where the director reaches a server of a service.
    fn server_address(&self, of: Family, place: usize) -> IpAddr {
        let family = match (of, self.across) {
            (Family::V4, false) | (Family::V6, true) => Family::V4,
            (Family::V6, false) | (Family::V4, true) => Family::V6,
        };
        let link = if self.way == Way::Dr && !self.aside { 1 } else { 2 };
        address(family, link, [11, 12, 13][place])
    }
}

/// Of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

/// An address on the link in front of (1) or behind (2) the directors.
fn address(family: Family, link: u8, host: u8) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::new(10, link, 0, host).into(),
        Family::V6 => Ipv6Addr::new(0x2001, 0xdb8, link.into(), 0, 0, 0, 0, host.into()).into(),
    }
}

/// The virtual address.
pub(crate) fn vip(family: Family) -> IpAddr {
    address(family, 1, 100)
}

/// The client's address.
pub(crate) fn client_address(family: Family) -> IpAddr {
    address(family, 1, 9)
}

/// The virtual service.
pub(crate) fn service(family: Family) -> SocketAddr {
    SocketAddr::new(vip(family), PORT)
}

/// The machines with their daemons.
#[derive(Debug)]
pub(crate) struct Farm {
    pub(crate) client: Node,
    pub(crate) directors: Vec<Director>,
    pub(crate) servers: Vec<Server>,
    _scene: Scene,
}

/// A director.
#[derive(Debug)]
pub(crate) struct Director {
    pub(crate) node: Node,
    pub(crate) daemon: Keepalived,
}

/// A web server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) origin: Option<Origin>,
    pub(crate) node: Node,
}

impl Farm {
    /// Builds everything, starts one director after the other, and waits until the first serves all servers.
    pub(crate) fn start(binary: &Binary, plan: &Plan, directors: usize) -> Outcome<Self> {
        let scene = Scene::new()?;
        let front = scene.link("front")?;
        let back = scene.link("back")?;
        let client = on(bare(&scene, "client")?, &front, "eth0", 1, 9)?;
        let servers =
            (0..3).map(|place| server(&scene, &front, &back, plan, place)).collect::<Outcome<Vec<_>>>()?;
        let mut farm = Self { client, directors: Vec::new(), servers, _scene: scene };
        for place in 0..directors {
            let (name, host, priority) = [("lb1", 1, 200), ("lb2", 2, 100)][place];
            let node = on(bare(&farm._scene, name)?, &front, "eth0", 1, host)?;
            let node = on(node, &back, "eth1", 2, host)?;
            node.sysctl("net.ipv4.ip_forward", "1")?;
            node.sysctl("net.ipv6.conf.all.forwarding", "1")?;
            let daemon = Keepalived::start(&node, binary, &plan.config(priority))?;
            farm.directors.push(Director { node, daemon });
        }
        let first = farm.director();
        eventually("the virtual addresses and all servers", START, || {
            let held = first.node.addresses().ok()?;
            let table = ipvs::table(&first.node).ok()?;
            let full = table.values().next()?.len() == 3;
            (full && held.contains(&vip(Family::V4)) && held.contains(&vip(Family::V6))).then_some(())
        })?;
        Ok(farm)
    }

    /// The first director.
    pub(crate) fn director(&self) -> &Director {
        &self.directors[0]
    }

    /// Asks for the service over a connection of its own.
    pub(crate) fn ask(&self, family: Family) -> Outcome<Answer> {
        get(self.client.namespace(), service(family))
    }

    /// Waits until the service answers at all: the first packet may still look for its neighbour.
    pub(crate) fn warm_up(&self, family: Family) -> Outcome {
        let mut last = None;
        eventually("an answer of the service", START, || match self.ask(family) {
            Ok(_) => Some(()),
            Err(failure) => {
                last = Some(failure);
                None
            }
        })
        .map_err(|late| Failure::new(format!("{late}; last: {last:?}")))
    }
}

/// Brings the devices that unwrap packets, as the kernel itself would. Nodes have another `/tmp` than that program.
pub(crate) fn load_tunnels() -> Outcome {
    let failure = |error: std::io::Error| Failure::new(format!("modprobe: {error}"));
    let program = std::fs::read_to_string("/proc/sys/kernel/modprobe").map_err(failure)?;
    std::process::Command::new(program.trim())
        .args(["-a", "ipip", "ip6_tunnel", "sit", "ip_gre", "ip6_gre", "fou", "fou6"])
        .status()
        .map_err(failure)
        .map(drop)
}

/// A node that uses IPv6 addresses at once.
fn bare(scene: &Scene, name: &str) -> Outcome<Node> {
    let node = scene.node(name)?;
    node.sysctl("net.ipv6.conf.default.accept_dad", "0")?;
    Ok(node)
}

fn on(node: Node, link: &Link, interface: &str, number: u8, host: u8) -> Outcome<Node> {
    let v4 = format!("{}/24", address(Family::V4, number, host));
    let v6 = format!("{}/64", address(Family::V6, number, host));
    node.on(link, interface, &[&v4, &v6])
}

/// A web server as each way wants it prepared.
fn server(scene: &Scene, front: &Link, back: &Link, plan: &Plan, place: usize) -> Outcome<Server> {
    let host = [11, 12, 13][place];
    let name = format!("web{}", place + 1);
    let node = bare(scene, &name)?;
    let node = match plan.way {
        Way::Nat => {
            let node = on(node, back, "eth0", 2, host)?;
            // Answers must pass through the director.
            node.ip(&format!("route add default via {}", address(Family::V4, 2, 1)))?;
            node.ip(&format!("-6 route add default via {}", address(Family::V6, 2, 1)))?;
            node
        }
        Way::Dr if plan.aside => {
            let node = on(on(node, back, "eth0", 2, host)?, front, "eth1", 1, host)?;
            node.sysctl("net.ipv4.conf.all.rp_filter", "1")?;
            node.ip(&format!("route add default via {}", client_address(Family::V4)))?;
            node
        }
        Way::Dr => {
            let node = on(node, front, "eth0", 1, host)?;
            if !plan.by_tool {
                silence_arp(&node)?;
                hold(&node, "lo")?;
            }
            node
        }
        Way::Tun => {
            let node = on(on(node, back, "eth0", 2, host)?, front, "eth1", 1, host)?;
            if plan.by_tool {
                // As many distributions set it.
                node.sysctl("net.ipv4.conf.all.rp_filter", "1")?;
                return serve(node, plan.delays[place]);
            }
            silence_arp(&node)?;
            // What comes out of the tunnel has a client's source, which is not reached through the tunnel.
            node.sysctl("net.ipv4.conf.all.rp_filter", "0")?;
            node.ip("tunnel add tunl1 mode ipip local any remote any")
                .or_else(|_| node.ip("link show tunl0"))?;
            node.ip("link set dev tunl0 up")?;
            node.sysctl("net.ipv4.conf.tunl0.rp_filter", "0")?;
            node.ip("link set dev ip6tnl0 up")?;
            node.ip(&format!("address add {}/32 dev tunl0", vip(Family::V4)))?;
            node.ip(&format!("-6 address add {}/128 dev ip6tnl0 nodad", vip(Family::V6)))?;
            node
        }
    };
    serve(node, plan.delays[place])
}

fn serve(node: Node, delay: Duration) -> Outcome<Server> {
    let origin = Origin::start(&node, PORT, delay)?;
    Ok(Server { origin: Some(origin), node })
}

/// Nobody but the director may say where the virtual address is.
fn silence_arp(node: &Node) -> Outcome {
    node.sysctl("net.ipv4.conf.all.arp_ignore", "1")?;
    node.sysctl("net.ipv4.conf.all.arp_announce", "2")
}

fn hold(node: &Node, interface: &str) -> Outcome {
    node.ip(&format!("address add {}/32 dev {interface}", vip(Family::V4)))?;
    node.ip(&format!("-6 address add {}/128 dev {interface} nodad", vip(Family::V6))).map(drop)
}
