//! Commands the daemon runs for the user, and FIFOs it writes to.

use serde::{Deserialize, Serialize};

use super::{Located, Span};

/// A command already split into words, as `execve` wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Program and arguments; never empty.
    pub argv: Vec<String>,
    /// The command as one text, as it stands in messages and dumps.
    pub text: String,
}

/// Who runs a script. Names are looked up by the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user's name.
    pub user: String,
    /// The group's name; none is the user's primary group.
    pub group: Option<String>,
    /// The user's supplementary groups are set too (a `:` before the group).
    pub supplementary_groups: bool,
}

/// A script and who runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// The line that named it.
    pub span: Span,
    /// What is run.
    pub command: Command,
    /// Who runs it; none is the default identity: `script_user`, else the user `keepalived_script`, else the daemon's own.
    pub identity: Option<Located<Identity>>,
}

/// What a `vrrp_script` does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Program {
    /// Runs a command.
    Run(Script),
    /// `<PATH`: succeeds when the file can be opened for reading.
    CanRead {
        /// The line that named it.
        span: Span,
        /// The file.
        path: String,
    },
}

/// A FIFO for notifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fifo {
    /// The line that named it.
    pub span: Span,
    /// Where it is.
    pub path: String,
    /// Its owner; none is the daemon's own user.
    pub owner: Option<Identity>,
    /// Its reader, started by the daemon with the path as last argument.
    pub script: Option<Script>,
}
