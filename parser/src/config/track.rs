//! What instances, groups and servers watch.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{IfName, Located, Program, Span};

/// How a tracked thing changes a priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Weight {
    /// Added while up if positive, while down if negative; 0 means FAULT while down.
    pub value: i32,
    /// Up and down change places.
    pub reverse: bool,
}

/// One line of a `track_…` block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracked<T> {
    /// The line.
    pub span: Span,
    /// What is watched.
    pub what: T,
    /// Its effect.
    pub weight: Weight,
}

/// All that an instance or a sync group watches. The numbers are indexes into the lists of [`Config`](super::Config).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Tracking {
    /// `track_interface`.
    pub interfaces: Vec<Tracked<IfName>>,
    /// `track_script`: index into `scripts`.
    pub scripts: Vec<Tracked<usize>>,
    /// `track_file`: index into `track_files`.
    pub files: Vec<Tracked<usize>>,
    /// `track_process`: index into `track_processes`.
    pub processes: Vec<Tracked<usize>>,
    /// `track_bfd`: index into `bfd_instances`.
    pub bfds: Vec<Tracked<usize>>,
}

/// One `vrrp_script`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackScript {
    /// Its name.
    pub name: String,
    /// The line that opened it.
    pub span: Span,
    /// What it does.
    pub program: Program,
    /// `interval`.
    pub interval: Duration,
    /// `timeout`; none is the interval.
    pub timeout: Option<Duration>,
    /// `weight`: the default of a `track_script` line.
    pub weight: Weight,
    /// `rise`: successes until up.
    pub rise: u32,
    /// `fall`: failures until down.
    pub fall: u32,
    /// `init_fail`: down until it succeeded.
    pub init_fail: bool,
}

/// One `track_file`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackFile {
    /// Its name.
    pub name: String,
    /// The line that opened it.
    pub span: Span,
    /// `file`.
    pub path: String,
    /// `weight`: the number in the file is multiplied by it.
    pub weight: Weight,
    /// `init_file`: the number to write at start.
    pub init: Option<i32>,
    /// `init_file … overwrite`: also over an existing file.
    pub overwrite: bool,
}

/// How the arguments of a process are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParamMatch {
    /// Not at all.
    None,
    /// All of them, exactly.
    Exact,
    /// The configured ones are the first of the real ones.
    Partial,
    /// As `Partial`, and the last may be the beginning of the real one.
    Initial,
}

/// One `vrrp_track_process`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackProcess {
    /// Its name.
    pub name: String,
    /// The line that opened it.
    pub span: Span,
    /// `process`: program and arguments.
    pub command: Vec<String>,
    /// `param_match`.
    pub param_match: ParamMatch,
    /// `full_command`: compare the command line instead of the 15-byte name.
    pub full_command: bool,
    /// `weight`: the default of a `track_process` line.
    pub weight: Weight,
    /// `quorum`: how many must run.
    pub quorum: u32,
    /// `quorum_max`: how many may run.
    pub quorum_max: Option<u32>,
    /// `terminate_delay`: before too few counts.
    pub terminate_delay: Duration,
    /// `fork_delay`: before enough counts.
    pub fork_delay: Duration,
}

/// One `track_group`: instances that fault when a static item is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackGroup {
    /// Its name.
    pub name: String,
    /// The line that opened it.
    pub span: Span,
    /// Its members: indexes into `Config::vrrp_instances`.
    pub members: Vec<usize>,
}

/// One `garp_group`: interfaces that share the space between announcements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GarpGroup {
    /// The line that opened it.
    pub span: Span,
    /// `garp_interval`; zero is none.
    pub garp_interval: Duration,
    /// `gna_interval`; zero is none.
    pub gna_interval: Duration,
    /// Its interfaces.
    pub interfaces: Vec<Located<IfName>>,
}

/// How a link is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkbeatKind {
    /// MII registers.
    Mii,
    /// ethtool.
    Ethtool,
    /// Interface flags.
    Ioctl,
}

/// One line of `linkbeat_interfaces`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linkbeat {
    /// The interface.
    pub interface: Located<IfName>,
    /// The preferred way; none is the first that works.
    pub kind: Option<LinkbeatKind>,
}

/// One line of `interface_up_down_delays`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceDelay {
    /// The interface.
    pub interface: Located<IfName>,
    /// How long it must be down to count.
    pub down: Duration,
    /// How long it must be up to count.
    pub up: Duration,
}
