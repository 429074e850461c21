//! What can go wrong, by cause. The kernel says little more than a number, and the same number means different things
//! for different commands: [`Cause`] is number and command read together.

use std::io;

use crate::Command;

/// Why a conversation with the kernel failed as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel has no IPVS and could not load it: the module `ip_vs` is missing.
    #[error("the kernel has no IPVS; load the module ip_vs")]
    NoModule,
    /// The socket failed.
    #[error("netlink socket: {0}")]
    Socket(#[from] io::Error),
    /// No answer came in time. Some kernels execute a request without ever answering; read the state to learn it.
    #[error("no answer from the kernel")]
    NoAnswer,
    /// Answers were lost because too many were waiting to be read.
    #[error("answers from the kernel were lost")]
    Overrun,
    /// The table changed again and again while it was read.
    #[error(
        "the kernel's table changes faster than it can be read; stop what else writes to it, or try again"
    )]
    Interrupted,
    /// An answer was cut.
    #[error("an answer from the kernel was cut")]
    Truncated,
    /// An answer makes no sense.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A question was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A question among changes: its answer would be lost.
    #[error("{0:?} is a question, not a change")]
    NotAChange(Command),
}

/// An answer that makes no sense: what is missing in it or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Of a service.
    #[error("the kernel described a service without a usable {0}")]
    Service(&'static str),
    /// Of a destination.
    #[error("the kernel described a destination without a usable {0}")]
    Destination(&'static str),
    /// Of a synchronisation daemon.
    #[error("the kernel described a synchronisation daemon without a usable {0}")]
    Daemon(&'static str),
    /// Of the whole.
    #[error("the kernel described itself without a usable {0}")]
    Info(&'static str),
    /// Broken framing.
    #[error("unreadable message from the kernel: {0}")]
    Framing(String),
    /// Of another kind than was asked for.
    #[error("the kernel answered something else than was asked")]
    Unexpected,
}

/// One request that the kernel refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}{}", .explanation.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
pub struct Refusal {
    /// What was asked.
    pub command: Command,
    /// Why not.
    pub cause: Cause,
    /// The kernel's number, positive.
    pub errno: i32,
    /// What the kernel says beyond the number; it rarely does.
    pub explanation: Option<String>,
}

/// What became of one request.
pub type Answer = Result<(), Refusal>;

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// Every command, also a reading one, needs `CAP_NET_ADMIN` in the initial user namespace.
    #[error("not permitted: IPVS needs CAP_NET_ADMIN in the initial user namespace")]
    NotPermitted,
    /// A service with this identity is there.
    #[error("service already exists")]
    ServiceExists,
    /// A destination with this address and port is there.
    #[error("destination already exists")]
    DestinationExists,
    /// This daemon runs.
    #[error("synchronisation daemon already runs")]
    DaemonRuns,
    /// There is no such service.
    #[error("no such service")]
    NoSuchService,
    /// The service is there, the destination is not.
    #[error("no such destination")]
    NoSuchDestination,
    /// This daemon does not run.
    #[error("no such synchronisation daemon runs")]
    NoSuchDaemon,
    /// The module of the scheduler, or that of the persistence engine, cannot be loaded.
    #[error("no such scheduler or persistence engine")]
    NoSuchScheduler,
    /// The daemon's interface does not exist.
    #[error("no such interface")]
    NoSuchInterface,
    /// The daemon's interface is down or leads nowhere.
    #[error("interface is not usable")]
    Unreachable,
    /// An address family other than IPv4 and IPv6.
    #[error("address family not supported")]
    BadFamily,
    /// A number outside its range; of thresholds, the lower one above the upper.
    #[error("value out of range")]
    OutOfRange,
    /// Something is missing or senseless: an address that is not unicast, mixed families without a tunnel, …
    #[error("invalid request")]
    Invalid,
    /// The kernel does not know the command.
    #[error("command not supported")]
    Unsupported,
    /// The family's number is no longer valid: the module was loaded again.
    #[error("family identifier is stale")]
    StaleFamily,
    /// Anything else.
    #[error("refused with error number {0}")]
    Other(i32),
}

/// Error numbers, the same on all architectures.
pub(crate) mod errno {
    pub(crate) const EPERM: i32 = 1;
    pub(crate) const ENOENT: i32 = 2;
    pub(crate) const ESRCH: i32 = 3;
    pub(crate) const EEXIST: i32 = 17;
    pub(crate) const ENODEV: i32 = 19;
    pub(crate) const EINVAL: i32 = 22;
    pub(crate) const ERANGE: i32 = 34;
    pub(crate) const EOPNOTSUPP: i32 = 95;
    pub(crate) const EAFNOSUPPORT: i32 = 97;
    pub(crate) const ENETUNREACH: i32 = 101;
    pub(crate) const ENOBUFS: i32 = 105;
}

impl Refusal {
    pub(crate) fn new(command: Command, errno: i32, explanation: Option<String>) -> Self {
        Self { command, cause: Cause::of(command, errno), errno, explanation }
    }
}

impl Cause {
    /// What an error number means for a command.
    pub fn of(command: Command, errno: i32) -> Self {
        match errno {
            errno::EPERM => Self::NotPermitted,
            errno::EEXIST => match command {
                Command::NewDestination => Self::DestinationExists,
                Command::NewDaemon => Self::DaemonRuns,
                Command::NewService => Self::ServiceExists,
                Command::SetService
                | Command::DelService
                | Command::GetService
                | Command::SetDestination
                | Command::DelDestination
                | Command::GetDestination
                | Command::DelDaemon
                | Command::GetDaemon
                | Command::SetConfig
                | Command::GetConfig
                | Command::GetInfo
                | Command::Zero
                | Command::Flush => Self::Other(errno),
            },
            errno::ENOENT => match command {
                Command::NewService | Command::SetService => Self::NoSuchScheduler,
                Command::SetDestination | Command::DelDestination => Self::NoSuchDestination,
                Command::DelService
                | Command::GetService
                | Command::NewDestination
                | Command::GetDestination
                | Command::NewDaemon
                | Command::DelDaemon
                | Command::GetDaemon
                | Command::SetConfig
                | Command::GetConfig
                | Command::GetInfo
                | Command::Zero
                | Command::Flush => Self::StaleFamily,
            },
            errno::ESRCH => match command {
                Command::NewDaemon | Command::DelDaemon | Command::GetDaemon => Self::NoSuchDaemon,
                Command::NewService
                | Command::SetService
                | Command::DelService
                | Command::GetService
                | Command::NewDestination
                | Command::SetDestination
                | Command::DelDestination
                | Command::GetDestination
                | Command::SetConfig
                | Command::GetConfig
                | Command::GetInfo
                | Command::Zero
                | Command::Flush => Self::NoSuchService,
            },
            errno::ENODEV => Self::NoSuchInterface,
            errno::ENETUNREACH => Self::Unreachable,
            errno::EAFNOSUPPORT => Self::BadFamily,
            errno::ERANGE => Self::OutOfRange,
            errno::EINVAL => Self::Invalid,
            errno::EOPNOTSUPP => Self::Unsupported,
            other => Self::Other(other),
        }
    }
}
