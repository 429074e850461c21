//! Two routers of one virtual router on one link.

use lab::{Capture, Keepalived, Node, Outcome, Scene, eventually};
use std::{
    env,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// The virtual addresses, in configuration order.
pub(crate) const VIPS: [Ipv4Addr; 3] =
    [Ipv4Addr::new(172, 16, 0, 205), Ipv4Addr::new(172, 16, 0, 206), Ipv4Addr::new(172, 16, 0, 207)];

/// The advert interval of all scenes: the shortest of VRRP version 2.
pub(crate) const ADVERT_INTERVAL: Duration = Duration::from_secs(1);

/// How much later than the formula says an event may come: the system's scheduling.
pub(crate) const TOLERANCE: Duration = Duration::from_millis(50);

/// Long enough for any election.
pub(crate) const ELECTION: Duration = Duration::from_secs(8);

/// The daemon under test: ours, or the one at the path in `KEEPALIVED_UNDER_TEST`.
pub(crate) fn ours() -> PathBuf {
    env::var_os("KEEPALIVED_UNDER_TEST")
        .map_or_else(|| env!("CARGO_BIN_EXE_keepalived").into(), PathBuf::from)
}

/// RFC 3768 §6.1: 256 minus the priority, in 256ths of a second.
pub(crate) fn skew(priority: u8) -> Duration {
    Duration::from_micros(u64::from(256 - u16::from(priority)) * 1_000_000 / 256)
}

/// RFC 3768 §6.1: three intervals and the skew.
pub(crate) fn down_interval(priority: u8) -> Duration {
    3 * ADVERT_INTERVAL + skew(priority)
}

/// The configuration of a router with this priority.
pub(crate) fn config(priority: u8) -> String {
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

/// A router's machine, without a daemon yet.
pub(crate) struct Router {
    pub(crate) node: Node,
    pub(crate) address: Ipv4Addr,
}

impl Router {
    pub(crate) fn holds_all(&self) -> Outcome<bool> {
        let held = self.node.addresses()?;
        Ok(VIPS.iter().all(|vip| held.contains(&IpAddr::V4(*vip))))
    }

    pub(crate) fn holds_none(&self) -> Outcome<bool> {
        let held = self.node.addresses()?;
        Ok(!VIPS.iter().any(|vip| held.contains(&IpAddr::V4(*vip))))
    }

    pub(crate) fn start(&self, binary: impl Into<PathBuf>, priority: u8) -> Outcome<Keepalived> {
        Keepalived::start(&self.node, binary.into(), &config(priority))
    }
}

/// Two routers and what passes between them.
pub(crate) struct Pair {
    pub(crate) one: Router,
    pub(crate) two: Router,
    pub(crate) capture: Capture,
    _scene: Scene,
}

impl Pair {
    pub(crate) fn new() -> Outcome<Self> {
        let scene = Scene::new()?;
        let link = scene.link("lan")?;
        let router = |name, last| -> Outcome<Router> {
            let address = Ipv4Addr::new(172, 16, 0, last);
            let node = scene.node(name)?.on(&link, "eth1", &[&format!("{address}/24")])?;
            Ok(Router { node, address })
        };
        Ok(Self {
            one: router("one", 1)?,
            two: router("two", 2)?,
            capture: scene.capture(&link)?,
            _scene: scene,
        })
    }

    /// Waits until `router` advertises after `since`, and says when it did first.
    pub(crate) fn advert_of(&self, router: &Router, since: SystemTime) -> Outcome<SystemTime> {
        self.capture.wait_advert(router.address, since, ELECTION)
    }

    /// The last advert of `router` so far that says it is master.
    pub(crate) fn last_advert_of(&self, router: &Router) -> Option<SystemTime> {
        self.capture.adverts(router.address, |priority| priority > 0).last().copied()
    }
}

/// Waits until exactly `master` holds the virtual addresses.
pub(crate) fn settles(master: &Router, other: &Router) -> Outcome {
    eventually("the virtual addresses on the master alone", ELECTION, || {
        (master.holds_all().ok()? && other.holds_none().ok()?).then_some(())
    })
}
