//! What the VRRP worker knows that is not configured.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use vrrp::counters::Counters;
use vrrp::punctuality::Punctuality;
use vrrp::track::Object;
use vrrp::{Cause, Leader, State};

/// The whole worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct VrrpStatus {
    /// The virtual routers, in the order of the plan.
    pub(crate) instances: Vec<Instance>,
    /// The sync groups, in the order of the plan.
    pub(crate) groups: Vec<Group>,
    /// The scripts, files and processes that routers track.
    pub(crate) watched: Vec<Watched>,
    /// The BFD sessions that are up.
    pub(crate) paths_up: BTreeSet<String>,
    /// Which static addresses are held, in the order of the plan.
    pub(crate) standing: Vec<bool>,
    /// Every interface of the system.
    pub(crate) links: Vec<Link>,
}

/// One virtual router.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// Its name.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) state: State,
    /// Where it would like to be.
    pub(crate) wanted: State,
    /// What keeps it in FAULT.
    pub(crate) causes: BTreeSet<Cause>,
    /// When it came to its state.
    pub(crate) since: SystemTime,
    /// When its next advert is due, or when the silence of the master ends.
    pub(crate) due: Option<SystemTime>,
    /// The silence after which it takes over.
    pub(crate) master_down: Duration,
    /// Advert interval of the master, or its own.
    pub(crate) master_interval: Duration,
    /// The master it follows, as backup.
    pub(crate) leader: Option<Leader>,
    /// The priority it speaks with.
    pub(crate) effective_priority: u8,
    /// Configured priority and all weights, not limited to 1 to 254.
    pub(crate) total_priority: i64,
    /// Where its adverts come from.
    pub(crate) source: Option<IpAddr>,
    /// Its sockets, by their numbers: for what comes in, and for what goes out.
    pub(crate) sockets: Option<(i32, i32)>,
    /// When it sent its last advert.
    pub(crate) last_advert: Option<SystemTime>,
    /// Which of its addresses it holds: those of the plan in their order, then the excluded ones.
    pub(crate) holds: Vec<bool>,
    /// What was counted.
    pub(crate) counters: Counters,
    /// How well adverts keep their time.
    pub(crate) punctuality: Punctuality,
}

/// A script, file or process that routers track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watched {
    /// What it is.
    pub(crate) object: Object,
    /// What is known of it.
    pub(crate) known: Known,
    /// A script: whether it runs at this moment.
    pub(crate) is_running: bool,
    /// A script: whether there has been any result.
    pub(crate) is_tried: bool,
    /// A process: whether a change waits for its delay.
    pub(crate) is_waiting: bool,
    /// A process: how many there are. A script: the counter that `rise` and `fall` are about.
    pub(crate) count: usize,
}

/// What is known of something that is tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Known {
    /// Nothing yet.
    Nothing,
    /// It is as it should be.
    Good,
    /// It is not.
    Bad,
    /// The number in a file.
    Number(i32),
}

/// One sync group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) state: State,
    /// How many members are in FAULT.
    pub(crate) faulted: usize,
}

/// One interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// Its name.
    pub(crate) name: String,
    /// Its number.
    pub(crate) index: u32,
    /// The first IPv4 address to speak from.
    pub(crate) ipv4: Option<Ipv4Addr>,
    /// The first link-local IPv6 address.
    pub(crate) ipv6: Option<Ipv6Addr>,
    /// The other addresses of these kinds that are not ours.
    pub(crate) others: Vec<IpAddr>,
    /// Its link group.
    pub(crate) group: u32,
    /// Its MAC address, if it has one of six bytes.
    pub(crate) mac: Option<[u8; 6]>,
    /// Its broadcast MAC address.
    pub(crate) broadcast: [u8; 6],
    /// `IFF_…`.
    pub(crate) flags: u32,
    /// `ARPHRD_…`.
    pub(crate) hardware: u16,
    /// The largest packet it takes, in bytes.
    pub(crate) mtu: u32,
}
