//! What goes into a virtual router and what comes out: the words the core and its surroundings share.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::log::Line;
use crate::priority::Priority;
use crate::track::{Object, Status};
use crate::wire::Advert;

/// Where a virtual router is. The numbers are the original's, as in its JSON and over SNMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum State {
    /// Not started.
    Init = 0,
    /// Another router has the addresses, or is about to.
    Backup = 1,
    /// This router has the addresses.
    Master = 2,
    /// Something it needs is missing.
    Fault = 3,
    /// Removed from the configuration.
    Deleted = 97,
    /// Ended with the process.
    Stopped = 98,
}

impl State {
    /// The name in log lines and dumps.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Backup => "BACKUP",
            Self::Master => "MASTER",
            Self::Fault => "FAULT",
            Self::Deleted => "DELETED",
            Self::Stopped => "STOP",
        }
    }

    /// The number outside tools know it by.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// Something without which a virtual router cannot work. It is in FAULT as long as one of them stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// A tracked thing is not as it should be.
    Tracked(Object),
    /// A tracked thing without which it would be in FAULT is not known yet. Nobody is told of this one.
    Untested(Object),
    /// The interface has no address to send from.
    NoSource,
    /// The configured source address is not on this machine.
    SourceNotConfigured,
    /// It is unicast and has nobody to speak to.
    NoPeers,
    /// It is multicast, and its interface is not.
    NoMulticast,
    /// Another member of its sync group is in FAULT.
    Partner,
    /// Another member of its sync group waits for what is not known yet. Nobody is told of this one.
    PartnerUntested,
}

impl Cause {
    /// Whether it is no fault but something that is waited for, silently.
    #[must_use]
    pub fn is_wait(&self) -> bool {
        matches!(self, Self::Untested(_) | Self::PartnerUntested)
    }

    /// Whether it comes from another member of the sync group.
    #[must_use]
    pub fn is_partners(&self) -> bool {
        matches!(self, Self::Partner | Self::PartnerUntested)
    }
}

/// Why the process is done with a virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The process stops.
    Shutdown,
    /// It is gone from the configuration.
    Removal,
}

/// What the world tells a virtual router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Begin; `quiet` is what remains of `vrrp_startup_delay`, in which nothing heard counts.
    Start {
        /// Zero without a delay.
        quiet: Duration,
    },
    /// Something else remains of `vrrp_startup_delay` than was said before. Harmless once it is over.
    Delay {
        /// Zero ends it.
        quiet: Duration,
    },
    /// End for good.
    Stop(Ending),
    /// An advert that passed [`crate::accept`].
    Advert {
        /// Its sender.
        from: IpAddr,
        /// What it says.
        advert: Advert,
    },
    /// What is now known of a tracked thing. Told of what is not tracked, nothing happens.
    Track(Object, Status),
    /// Something needed is missing.
    Fault(Cause),
    /// It is back.
    Recover(Cause),
    /// The interface's own address, from which adverts are sent unless one is configured; none is a fault of its own.
    Source(Option<IpAddr>),
    /// [`Action::HoldAddresses`] has been carried out.
    AddressesHeld {
        /// Whether an address was added that was not held before.
        added: bool,
    },
    /// Somebody else deleted an address, route or rule of this master.
    AddressLost,
    /// The sync group becomes master, and this backup with it.
    GoMaster,
    /// The sync group becomes backup, and this master with it.
    GoBackup,
    /// Another member of the sync group was answered by a lower router, which may have claimed these addresses too.
    PartnerChallenged,
    /// The deadline has come. Harmless if it has not.
    Tick,
}

/// What a virtual router asks of the world, in the order in which it must happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send an advert with this priority.
    Advertise(Priority),
    /// Make the kernel have the addresses, then answer with [`Event::AddressesHeld`].
    HoldAddresses,
    /// Make the kernel not have them.
    DropAddresses,
    /// Send this many rounds of gratuitous ARP or neighbour advertisements, one frame per address and round.
    Announce {
        /// At least 1.
        rounds: u32,
    },
    /// Send one frame for one address on each interface that holds addresses, except the router's own.
    AnnounceElsewhere,
    /// Send one frame for this address of the router's own, so that unicast peers find it.
    AnnounceSource(IpAddr),
    /// Tell scripts, FIFO and mail.
    Report {
        /// State left.
        from: State,
        /// State entered.
        to: State,
        /// What led to it.
        why: Why,
        /// Effective priority.
        priority: Priority,
    },
    /// Tell those who want to know more than states.
    Mention(Mention, Priority),
    /// Log.
    Log(Line),
}

/// What happened without a change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mention {
    /// A master heard a lower advert (`notify_master_rx_lower_pri`).
    LowerHeard,
    /// The effective priority has changed (`notify_priority_changes`).
    PriorityChanged,
}

/// What led to a change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was started.
    Started,
    /// It was started as the owner of its addresses: BACKUP for an instant that nobody is told about.
    StartedAsOwner,
    /// It was started before all was known that could fault it: FAULT, of which nobody is told.
    Waiting,
    /// The master fell silent, or there was none.
    MasterSilent,
    /// A better router spoke.
    Outranked,
    /// It was stopped for so long that others have taken over.
    Late,
    /// Something needed went missing.
    Faulted,
    /// Another member of its sync group is missing something.
    PartnerFaulted,
    /// Nothing is missing any more.
    Recovered,
    /// Its sync group moved.
    Synced,
    /// An address was deleted by somebody else.
    AddressLost,
    /// The process stops or the configuration has no such router any more.
    Ended,
}

/// What [`crate::Machine::reconfigure`] made of new parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing differs; nothing was touched.
    Unchanged,
    /// Taken over in place.
    Absorbed,
    /// This is another virtual router: end the old one and start a new one. Nothing was touched.
    Restart,
}

/// The master a backup follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leader {
    /// Where its last advert came from.
    pub address: IpAddr,
    /// The priority in it.
    pub priority: Priority,
}
