//! The scene around `examples/seed/keepalived.conf`: two directors, seven real servers, a mail server and a client.

use crate::{
    capture::Capture,
    client::{Client, Habit},
    failure::{Failure, Outcome},
    mailbox::Mailbox,
    scene::{Link, Node, Scene},
    server::RealServer,
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddrV4},
    time::Duration,
};

/// The configuration of the first director, as its owner wrote it.
pub const CONFIG: &str = include_str!("../../../examples/seed/keepalived.conf");

/// Its virtual addresses, in configuration order.
pub const VIPS: [Ipv4Addr; 3] = [lan(205), lan(206), lan(207)];

/// Its virtual services, in configuration order.
pub const SERVICES: [SocketAddrV4; 5] = [
    SocketAddrV4::new(lan(205), 80),
    SocketAddrV4::new(lan(205), 9085),
    SocketAddrV4::new(lan(206), 80),
    SocketAddrV4::new(lan(207), 80),
    SocketAddrV4::new(lan(207), 443),
];

/// The last octets of its real servers and the ports they serve.
const SERVERS: [(u8, &[u16]); 7] = [
    (195, &[80]),
    (196, &[80]),
    (197, &[80]),
    (198, &[80, 443]),
    (199, &[80, 443]),
    (200, &[80, 9085]),
    (201, &[80, 9085]),
];

/// How many real-server entries its IPVS table has when all of them are alive.
pub const DESTINATIONS: usize = 11;

/// The priority in [`CONFIG`].
pub const PRIORITY: u8 = 100;

/// The priority in [`twin`].
pub const TWIN_PRIORITY: u8 = 90;

const fn lan(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(172, 16, 0, last)
}

/// The configuration of the second director: the first one's with another role and a lower priority.
pub fn twin() -> String {
    CONFIG.replacen("state MASTER", "state BACKUP", 1).replacen(
        &format!("priority {PRIORITY}"),
        &format!("priority {TWIN_PRIORITY}"),
        1,
    )
}

/// A director's machine, without a daemon yet.
#[derive(Debug)]
pub struct Director {
    /// The machine.
    pub node: Node,
    /// Its own address on the servers' link.
    pub address: Ipv4Addr,
}

impl Director {
    /// The virtual addresses it holds.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn vips(&self) -> Outcome<BTreeSet<Ipv4Addr>> {
        let held = self.node.addresses()?;
        Ok(VIPS.into_iter().filter(|vip| held.contains(&IpAddr::V4(*vip))).collect())
    }
}

/// The machines of the scene.
#[derive(Debug)]
pub struct Cluster {
    /// The two directors, of which the first has the higher priority.
    pub directors: [Director; 2],
    /// The real servers, named after their addresses.
    pub servers: Vec<RealServer>,
    /// The mail server the configuration names.
    pub mailbox: Mailbox,
    /// What passes on the servers' link.
    pub capture: Capture,
    lan: Link,
    office: Link,
    scene: Scene,
}

impl Cluster {
    /// Builds the machines and starts the servers.
    ///
    /// # Errors
    /// The kernel refuses a part of the scene.
    pub fn new() -> Outcome<Self> {
        let scene = Scene::new()?;
        let lan_link = scene.link("lan")?;
        let office = scene.link("office")?;
        let director = |place: usize| director(&scene, &lan_link, &office, place);
        let server = |(last, ports)| -> Outcome<RealServer> {
            let address = lan(last).to_string();
            let node = scene.node(&address)?.on(&lan_link, "eth0", &[&format!("{address}/24")])?;
            RealServer::start(node, &VIPS, ports)
        };
        let directors = [director(0)?, director(1)?];
        let servers = SERVERS.into_iter().map(server).collect::<Outcome<_>>()?;
        let mail_server = scene.node("mail")?.on(&office, "eth0", &["192.168.1.10/24"])?;
        let mailbox = Mailbox::start(mail_server)?;
        let capture = scene.capture(&lan_link)?;
        Ok(Self { directors, servers, mailbox, capture, lan: lan_link, office, scene })
    }

    /// Boots the machine of a director (0 or 1) again: addresses it was given and its IPVS table are gone.
    ///
    /// # Errors
    /// The kernel refuses a part of the machine.
    pub fn reboot(&mut self, place: usize) -> Outcome {
        let machine = director(&self.scene, &self.lan, &self.office, place)?;
        let director =
            self.directors.get_mut(place).ok_or_else(|| Failure::new("there are two directors"))?;
        *director = machine;
        Ok(())
    }

    /// The real server with this address.
    ///
    /// # Errors
    /// The configuration has none with it.
    pub fn server(&mut self, address: &str) -> Outcome<&mut RealServer> {
        let server = self.servers.iter_mut().find(|server| server.name() == address);
        server.ok_or_else(|| Failure::new(format!("the seed has no real server {address}")))
    }

    /// Starts a client that asks all services in turn, without pause, from many addresses: the services are
    /// persistent, so that one address would only ever see one server.
    ///
    /// # Errors
    /// The kernel refuses an address.
    pub fn client(&self) -> Outcome<Client> {
        let sources: Vec<Ipv4Addr> = (10..190).map(lan).collect();
        let addresses: Vec<String> = sources.iter().map(|source| format!("{source}/24")).collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let node = self.scene.node("client")?.on(&self.lan, "eth0", &addresses)?;
        let habit = Habit {
            services: SERVICES.to_vec(),
            sources,
            window: 20,
            requests_per_source: 20,
            workers: 4,
            pause: Duration::from_millis(60),
            patience: Duration::from_millis(250),
        };
        Client::start(node, habit)
    }
}

fn director(scene: &Scene, lan_link: &Link, office: &Link, place: usize) -> Outcome<Director> {
    const MACHINES: [(&str, u8); 2] = [("lb1", 2), ("lb2", 3)];
    let (name, last) = *MACHINES.get(place).ok_or_else(|| Failure::new("there are two directors"))?;
    let node = scene.node(name)?.on(lan_link, "eth1", &[&format!("{}/24", lan(last))])?.on(
        office,
        "eth0",
        &[&format!("192.168.1.{last}/24")],
    )?;
    Ok(Director { node, address: lan(last) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twin_differs_in_role_and_priority_alone() {
        let twin = twin();
        let differing: Vec<_> = CONFIG.lines().zip(twin.lines()).filter(|(ours, its)| ours != its).collect();
        assert_eq!(
            differing,
            [("    state MASTER", "    state BACKUP"), ("    priority 100", "    priority 90")]
        );
        assert_eq!(CONFIG.lines().count(), twin.lines().count());
    }
}
