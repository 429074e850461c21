//! Who is told of changes by scripts and FIFOs.

use parser::config::{self, Config};
use parser::diag::{Class, Diagnostic};
use serde::{Deserialize, Serialize};

use super::script::Vetting;
use crate::script::Program;

/// What runs when a virtual router or a sync group changes its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scripts {
    /// `notify_master`
    pub(crate) master: Option<Box<Program>>,
    /// `notify_backup`
    pub(crate) backup: Option<Box<Program>>,
    /// `notify_fault`
    pub(crate) fault: Option<Box<Program>>,
    /// `notify_stop`
    pub(crate) stop: Option<Box<Program>>,
    /// `notify_deleted`
    pub(crate) deleted: Option<Box<Program>>,
    /// `notify`, which gets four more words.
    pub(crate) any: Option<Box<Program>>,
    /// `notify_master_rx_lower_pri`
    pub(crate) lower_heard: Option<Box<Program>>,
}

impl Scripts {
    pub(super) fn plan(said: &config::Notify, vetting: &mut Vetting<'_>) -> Self {
        let config::Notify { master, backup, fault, stop, deleted, any, master_rx_lower_pri } = said;
        Self {
            backup: vetting.notify(backup.as_deref()).map(Box::new),
            master: vetting.notify(master.as_deref()).map(Box::new),
            fault: vetting.notify(fault.as_deref()).map(Box::new),
            stop: vetting.notify(stop.as_deref()).map(Box::new),
            deleted: vetting.notify(deleted.as_deref()).map(Box::new),
            any: vetting.notify(any.as_deref()).map(Box::new),
            lower_heard: vetting.notify(master_rx_lower_pri.as_deref()).map(Box::new),
        }
    }
}

/// Which events a FIFO gets, as its lines in the log begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Scope {
    /// `notify_fifo`: all.
    All,
    /// `vrrp_notify_fifo`
    Vrrp,
    /// `lvs_notify_fifo`
    Lvs,
}

impl Scope {
    /// What the original calls such a FIFO.
    pub(crate) const fn fifo(self) -> &'static str {
        match self {
            Self::All => "notify fifo",
            Self::Vrrp => "vrrp notify fifo",
            Self::Lvs => "lvs notify fifo",
        }
    }
}

/// A FIFO to write to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fifo {
    /// Which events it gets.
    pub(crate) scope: Scope,
    /// Where it is.
    pub(crate) path: String,
    /// User and group it belongs to when we make it.
    pub(crate) owner: (u32, u32),
    /// Its reader, if this process is to start it.
    pub(crate) script: Option<Program>,
}

/// The FIFOs of a worker; `own` is the one that only this worker writes to.
pub(super) fn fifos(
    config: &Config,
    own: Option<&config::Fifo>,
    scope: Scope,
    starts_reader_of_all: bool,
    vetting: &mut Vetting<'_>,
) -> Vec<Fifo> {
    let all = config.global.notify_fifo.as_ref().map(|fifo| (fifo, Scope::All, starts_reader_of_all));
    let own = own.map(|fifo| (fifo, scope, true));
    all.into_iter()
        .chain(own)
        .filter_map(|(fifo, scope, starts_reader)| {
            let owner = match &fifo.owner {
                Some(said) => vetting.look_up(said).map_err(|()| {
                    let text = format!("Failed to set uid/gid for {} {} - ignoring", scope.fifo(), fifo.path);
                    vetting.complain(Class::Log, Some(&fifo.span), text);
                }),
                None => Ok(vetting.usual().unwrap_or(crate::script::Identity {
                    uid: nix::unistd::geteuid().as_raw(),
                    gid: nix::unistd::getegid().as_raw(),
                    groups: Vec::new(),
                })),
            };
            let owner = owner.ok()?;
            let script = fifo.script.as_ref().filter(|_| starts_reader);
            Some(Fifo {
                scope,
                path: fifo.path.clone(),
                owner: (owner.uid, owner.gid),
                script: vetting.notify(script),
            })
        })
        .collect()
}

/// A script of the supervisor's, and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occasion {
    /// What runs.
    pub(crate) program: Program,
    /// How long it may take.
    pub(crate) limit: std::time::Duration,
}

/// `startup_script` and `shutdown_script`.
pub(super) fn occasions(
    config: &Config,
    complaints: &mut Vec<Diagnostic>,
) -> (Option<Occasion>, Option<Occasion>) {
    let global = &config.global;
    let mut vetting = Vetting::new(global);
    vetting.check_script_user();
    let mut occasion = |script: &Option<config::Script>, what, limit| {
        Some(Occasion { program: vetting.occasion(script.as_ref()?, what)?, limit })
    };
    let both = (
        occasion(&global.startup_script, "startup", global.startup_script_timeout),
        occasion(&global.shutdown_script, "shutdown", global.shutdown_script_timeout),
    );
    vetting.finish("start/shutdown scripts", complaints);
    both
}
