//! Two routers of one virtual router on one link.

use crate::{
    capture::Capture,
    failure::{Failure, Outcome},
    forger::Forger,
    keepalived::{Binary, Keepalived},
    lateness::Lateness,
    scene::{Link, Node, Scene},
    seed::VIPS,
    wait::eventually,
};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::{Duration, SystemTime},
};

/// How much later than the formula says an event may come: the daemon's scheduling.
const TOLERANCE: Duration = Duration::from_millis(50);

/// How much earlier it may seem to come: time stamps of different packets are not taken at the same point.
const JITTER: Duration = Duration::from_millis(1);

/// Longer than any election of these scenes.
pub const ELECTION: Duration = Duration::from_secs(8);

/// Which daemon each of the two routers runs.
#[derive(Debug, Clone)]
pub struct Cast {
    /// Of the first router.
    pub one: Binary,
    /// Of the second router.
    pub two: Binary,
}

/// Two routers and what passes between them.
#[derive(Debug)]
pub struct Pair {
    /// 172.16.0.1.
    pub one: Router,
    /// 172.16.0.2.
    pub two: Router,
    /// What passes on the link.
    pub capture: Capture,
    lateness: Lateness,
    link: Link,
    scene: Scene,
}

/// A router's machine and the daemon chosen for it.
#[derive(Debug)]
pub struct Router {
    /// The machine; its interface is `eth1`.
    pub node: Node,
    /// Its own address.
    pub address: Ipv4Addr,
    binary: Binary,
}

impl Router {
    /// Starts its daemon with this priority and the three addresses of [`VIPS`].
    ///
    /// # Errors
    /// As [`Keepalived::start`].
    pub fn start(&self, priority: u8) -> Outcome<Keepalived> {
        Keepalived::start(&self.node, &self.binary, &config(priority))
    }

    /// Starts its daemon with this configuration.
    ///
    /// # Errors
    /// As [`Keepalived::start`].
    pub fn start_with(&self, config: &str) -> Outcome<Keepalived> {
        Keepalived::start(&self.node, &self.binary, config)
    }

    /// Starts its daemon with more options and this configuration.
    ///
    /// # Errors
    /// As [`Keepalived::start`].
    pub fn start_telling(&self, options: &[&str], config: &str) -> Outcome<Keepalived> {
        Keepalived::start_telling(&self.node, &self.binary, options, config)
    }

    /// The program it runs.
    pub fn binary(&self) -> &Binary {
        &self.binary
    }

    /// How many of the virtual addresses it holds.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn holds(&self) -> Outcome<usize> {
        let held = self.node.addresses()?;
        Ok(VIPS.iter().filter(|vip| held.contains(&IpAddr::V4(**vip))).count())
    }
}

impl Pair {
    /// Builds the routers; their daemons do not run yet.
    ///
    /// # Errors
    /// The kernel refuses a part of the scene.
    pub fn new(cast: &Cast) -> Outcome<Self> {
        let scene = Scene::new()?;
        let link = scene.link("lan")?;
        let router = |name, last, binary: &Binary| -> Outcome<Router> {
            let address = Ipv4Addr::new(172, 16, 0, last);
            let node = scene.node(name)?.on(&link, "eth1", &[&format!("{address}/24")])?;
            Ok(Router { node, address, binary: binary.clone() })
        };
        Ok(Self {
            one: router("one", 1, &cast.one)?,
            two: router("two", 2, &cast.two)?,
            capture: scene.capture(&link)?,
            lateness: Lateness::measure(),
            link,
            scene,
        })
    }

    /// A third machine on the link, at 172.16.0.`last`, for the first router's program.
    ///
    /// # Errors
    /// The kernel refuses the machine.
    pub fn station(&self, name: &str, last: u8) -> Outcome<Router> {
        let address = Ipv4Addr::new(172, 16, 0, last);
        let node = self.scene.node(name)?.on(&self.link, "eth1", &[&format!("{address}/24")])?;
        Ok(Router { node, address, binary: self.one.binary.clone() })
    }

    /// A third station that sends what it likes, and its address.
    ///
    /// # Errors
    /// The kernel refuses the station.
    pub fn forger(&self) -> Outcome<(Ipv4Addr, Forger)> {
        let address = Ipv4Addr::new(172, 16, 0, 9);
        let node = self.scene.node("forger")?.on(&self.link, "eth0", &[&format!("{address}/24")])?;
        node.wait_until_connected("eth0")?;
        Ok((address, Forger::new(node, address)?))
    }

    /// Waits until `router` advertises after `since`, and says when it did first.
    ///
    /// # Errors
    /// It did not within [`ELECTION`].
    pub fn advert_of(&self, router: &Router, since: SystemTime) -> Outcome<SystemTime> {
        self.capture.wait_advert(router.address, since, ELECTION)
    }

    /// The last advert of `router` so far that says it is master.
    ///
    /// # Errors
    /// There is none.
    pub fn last_advert_of(&self, router: &Router) -> Outcome<SystemTime> {
        let adverts = self.capture.adverts(router.address, |priority| priority > 0);
        adverts
            .last()
            .copied()
            .ok_or_else(|| Failure::new(format!("{} never advertised", router.node.name())))
    }

    /// Checks that `event` came when `formula` says after `cause`: not earlier, and not more than 50 ms later, to which
    /// is added by how much the machine itself woke sleepers late: once to hear of the cause, once to act.
    ///
    /// # Errors
    /// It did not.
    pub fn on_time(&self, what: &str, cause: SystemTime, event: SystemTime, formula: Duration) -> Outcome {
        let took = event.duration_since(cause).unwrap_or_default();
        let latest = formula + TOLERANCE + self.lateness.around(cause) + self.lateness.around(event);
        let says = format!("{what} took {took:?}, the formula says {formula:?}");
        println!("{says}");
        if took + JITTER < formula || took > latest {
            return Err(Failure::new(format!("{says}, at the latest {latest:?}")));
        }
        Ok(())
    }
}

/// Waits until exactly `master` holds the virtual addresses.
///
/// # Errors
/// That was not so within [`ELECTION`].
pub fn settles(master: &Router, other: &Router) -> Outcome {
    eventually("the virtual addresses on the master alone", ELECTION, || {
        (master.holds().ok()? == VIPS.len() && other.holds().ok()? == 0).then_some(())
    })
}

/// The configuration of a router with this priority.
pub fn config(priority: u8) -> String {
    let [first, second, third] = VIPS;
    format!(
        "vrrp_instance VI_1 {{
            state BACKUP
            interface eth1
            virtual_router_id 50
            priority {priority}
            advert_int 1
            virtual_ipaddress {{
                {first}
                {second}
                {third}
            }}
        }}\n"
    )
}
