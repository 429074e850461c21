//! Every exit code of the daemon with its meaning; those of a configuration test are
//! [`parser::diag::test_exit_code`]'s.
//!
//! The numbers are keepalived's, because init systems and configuration-management tools act on them. A worker ends with
//! the same codes; the supervisor reads them back to decide between a restart and giving up.

use std::process::{ExitCode, Termination};

/// How a process of ours ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Asked to stop, or nothing to do (also: another instance is already running).
    Ok,
    /// Cannot work at all: bad option, no IPVS in the kernel, a fork that failed.
    Fatal,
    /// The configuration cannot be run: a missing interface, a keyword without its mandatory word.
    Config,
    /// A right is missing, such as `CAP_NET_RAW`.
    NoPermission,
    /// A worker lost what its loop stands on; started again it may find it.
    Broken,
    /// No configuration to read.
    NoConfig,
}

impl Exit {
    /// The code the operating system sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Fatal => 1,
            Self::Config => 2,
            Self::NoPermission => 4,
            Self::NoConfig => 6,
            Self::Broken => 70,
        }
    }

    /// What a worker's status means when restarting it cannot help, `None` when it can.
    pub(crate) const fn permanent(code: i32) -> Option<Self> {
        match code {
            1 => Some(Self::Fatal),
            2 => Some(Self::Config),
            4 => Some(Self::NoPermission),
            _ => None,
        }
    }

    /// The word keepalived logs for a permanent error.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Fatal => "FATAL",
            Self::Config => "CONFIG",
            Self::NoPermission => "missing permission",
            Self::NoConfig => "NO_CONFIG",
            Self::Broken => "event loop broken",
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
