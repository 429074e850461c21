//! Which option goes with which command, and which options with one another.

use crate::options::{OPTS, Opt, OptSet};
use crate::refusal::Refusal;

/// What a command makes of the options.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Its name in messages.
    pub(crate) name: &'static str,
    /// What it cannot do without.
    pub(crate) needs: OptSet,
    /// What it knows besides.
    pub(crate) takes: OptSet,
    /// Of which it takes one only.
    pub(crate) one_of: OptSet,
}

const NOTHING: OptSet = OptSet::of(&[]);
const SERVICE: OptSet = OptSet::of(&[Opt::Service]);
const SERVICE_AND_SERVER: OptSet = OptSet::of(&[Opt::Service, Opt::Server]);
const OF_SERVICE: OptSet =
    OptSet::of(&[Opt::Scheduler, Opt::Persistent, Opt::Netmask, Opt::OnePacket, Opt::Engine, Opt::Flags]);
const OF_SERVER: OptSet = OptSet::of(&[
    Opt::Forwarding,
    Opt::Weight,
    Opt::UpperThreshold,
    Opt::LowerThreshold,
    Opt::TunType,
    Opt::TunPort,
    Opt::TunNoCsum,
    Opt::TunCsum,
    Opt::TunRemCsum,
]);
const OF_DAEMON: OptSet =
    OptSet::of(&[Opt::Interface, Opt::SyncId, Opt::MaxLen, Opt::Group, Opt::Port, Opt::Ttl]);

const fn rules(name: &'static str, needs: OptSet, takes: OptSet) -> Rules {
    Rules { name, needs, takes, one_of: NOTHING }
}

pub(crate) const ADD_SERVICE: Rules = rules("add-service", SERVICE, OF_SERVICE);
pub(crate) const EDIT_SERVICE: Rules = rules("edit-service", SERVICE, OF_SERVICE);
pub(crate) const DELETE_SERVICE: Rules = rules("delete-service", SERVICE, NOTHING);
pub(crate) const CLEAR: Rules = rules("flush", NOTHING, NOTHING);
pub(crate) const ADD_SERVER: Rules = rules("add-server", SERVICE_AND_SERVER, OF_SERVER);
pub(crate) const EDIT_SERVER: Rules = rules("edit-server", SERVICE_AND_SERVER, OF_SERVER);
pub(crate) const DELETE_SERVER: Rules = rules("delete-server", SERVICE_AND_SERVER, NOTHING);
pub(crate) const ZERO: Rules = rules("zero", NOTHING, SERVICE);
pub(crate) const SAVE: Rules = rules("save", NOTHING, OptSet::of(&[Opt::Numeric]));
pub(crate) const RESTORE: Rules = rules("restore", NOTHING, NOTHING);
pub(crate) const SET: Rules = rules("set", NOTHING, NOTHING);
pub(crate) const START_DAEMON: Rules = rules("start-daemon", NOTHING, OF_DAEMON);
pub(crate) const STOP_DAEMON: Rules = rules("stop-daemon", NOTHING, OptSet::of(&[Opt::SyncId]));
pub(crate) const LIST: Rules = Rules {
    name: "list",
    needs: NOTHING,
    takes: OptSet::of(&[
        Opt::Numeric,
        Opt::Connection,
        Opt::Service,
        Opt::Timeout,
        Opt::Daemon,
        Opt::Stats,
        Opt::Rate,
        Opt::Thresholds,
        Opt::PersistentConn,
        Opt::NoSort,
        Opt::SyncId,
        Opt::Exact,
        Opt::TunInfo,
    ]),
    one_of: OptSet::of(&[Opt::Connection, Opt::Service, Opt::Timeout, Opt::Daemon]),
};

/// What a type of tunnel makes of the options: like a command's rules, of which only those about tunnels matter.
pub(crate) const IPIP: Rules = rules("ipip", NOTHING, NOTHING);
pub(crate) const GUE: Rules = Rules {
    name: "gue",
    needs: OptSet::of(&[Opt::TunPort]),
    takes: OptSet::of(&[Opt::TunNoCsum, Opt::TunCsum, Opt::TunRemCsum]),
    one_of: OptSet::of(&[Opt::TunNoCsum, Opt::TunCsum, Opt::TunRemCsum]),
};
pub(crate) const GRE: Rules = Rules {
    name: "gre",
    needs: NOTHING,
    takes: OptSet::of(&[Opt::TunNoCsum, Opt::TunCsum]),
    one_of: OptSet::of(&[Opt::TunNoCsum, Opt::TunCsum]),
};

impl Rules {
    /// Checks all options against a command.
    pub(crate) fn check(&self, given: OptSet) -> Result<(), Refusal> {
        self.check_from(given, Opt::Numeric, "command")
    }

    /// Checks the options about tunnels against a type of tunnel.
    pub(crate) fn check_tunnel(&self, given: OptSet) -> Result<(), Refusal> {
        self.check_from(given, Opt::TunPort, "tunnel type")
    }

    fn check_from(&self, given: OptSet, first: Opt, of: &str) -> Result<(), Refusal> {
        let name = self.name;
        let mut taken: Option<Opt> = None;
        for (opt, option) in OPTS.into_iter().filter(|(opt, _)| *opt >= first) {
            if !given.has(opt) {
                if self.needs.has(opt) {
                    let text = format!("You need to supply the '{option}' option for the '{name}' {of}");
                    return Err(Refusal::senseless(text));
                }
                continue;
            }
            if !self.needs.has(opt) && !self.takes.has(opt) {
                let text = format!("Illegal '{option}' option with the '{name}' {of}");
                return Err(Refusal::senseless(text));
            }
            if self.one_of.has(opt) {
                if let Some(other) = taken {
                    let text = format!(
                        "The option '{option}' conflicts with the '{}' option in the '{name}' {of}",
                        other.name()
                    );
                    return Err(Refusal::senseless(text));
                }
                taken = Some(opt);
            }
        }
        Ok(())
    }
}
