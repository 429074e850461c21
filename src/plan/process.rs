//! How each process of the daemon runs.

use std::time::Duration;

use parser::config::Global;
use serde::{Deserialize, Serialize};

use crate::worker::Role;

/// The time that a process of real-time priority may run without a pause, unless another one is given.
const REALTIME_LIMIT: Duration = Duration::from_millis(10);

/// How a process runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tuning {
    /// Its name in process listings; none is that of the program.
    pub(crate) name: Option<String>,
    /// Nice value, -20 to 19; does not count with a real-time priority.
    pub(crate) nice: i8,
    /// `SCHED_RR`, 1 to 99.
    pub(crate) realtime: Option<u8>,
    /// How long it may run without a pause while it has a real-time priority.
    pub(crate) realtime_limit: Duration,
    /// Its memory is never swapped out.
    pub(crate) locked: bool,
    /// The processors it runs on; none is all of them.
    pub(crate) cpus: Vec<u32>,
    /// Takes a real-time priority, and ever more of it, when its timers are served late.
    pub(crate) haste: Option<Haste>,
}

/// `max_auto_priority` and `min_auto_priority_delay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Haste {
    /// The highest priority, 1 to 99.
    pub(crate) highest: u8,
    /// What is late.
    pub(crate) from: Duration,
}

/// How a worker runs.
pub(crate) fn worker(global: &Global, role: Role) -> Tuning {
    let tuning = match role {
        Role::Checkers => &global.checker_process,
        Role::Vrrp => &global.vrrp_process,
        Role::Bfd => &global.bfd_process,
    };
    Tuning {
        name: tuning.name.clone(),
        nice: tuning.nice,
        realtime: tuning.realtime,
        realtime_limit: tuning.realtime_limit.unwrap_or(REALTIME_LIMIT),
        locked: tuning.no_swap,
        cpus: tuning.cpus.as_ref().map(|cpus| cpus.value.0.clone()).unwrap_or_default(),
        haste: u8::try_from(global.max_auto_priority)
            .ok()
            .filter(|highest| *highest > 0)
            .map(|highest| Haste { highest, from: global.min_auto_priority_delay }),
    }
}

/// How the supervisor runs.
pub(crate) fn supervisor(global: &Global) -> Tuning {
    Tuning { name: global.process_name.clone(), realtime_limit: REALTIME_LIMIT, ..Tuning::default() }
}
