//! What a command line asks for, and the reading of its words.

use ipvs::{Request, Role, ServiceId};

use crate::legal::{self, Rules};
use crate::line::Line;
use crate::listing::Listing;
use crate::options::Id;
use crate::words::{Item, Words};
use crate::{Names, Refusal};

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// One request to the kernel that changes something.
    Change(Request),
    /// Show something.
    List(List),
    /// Write the table as command lines.
    Save {
        /// Addresses and ports as numbers.
        numeric: bool,
    },
    /// Read command lines from standard input.
    Restore,
    /// Print [`crate::usage()`].
    Help,
    /// Print [`crate::VERSION`].
    Version,
}

/// What to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// The table, or one service of it.
    Table {
        /// Only this one.
        service: Option<ServiceId>,
        /// How.
        listing: Listing,
        /// Otherwise in the order of the kernel.
        sorted: bool,
    },
    /// The connections.
    Connections {
        /// Addresses and ports as numbers.
        numeric: bool,
        /// With what the persistence engines know.
        engines: bool,
    },
    /// The timeouts.
    Timeouts,
    /// The synchronisation daemons.
    Daemons,
}

/// Reads the words of a command line that follow the program's name. `program` is what to call it.
///
/// # Errors
///
/// What to print, and the exit code.
pub fn read(words: &[&str], program: &str, names: &impl Names) -> Result<Command, Refusal> {
    if words.is_empty() {
        return Line::new(Order::List).finish(Vec::new());
    }
    let mut words = Words::new(words);
    let Some(Item::Option { row, value, written: _ }) = words.next() else {
        return Err(Refusal::advice(program));
    };
    let order = match row.id {
        Id::AddService => Order::AddService,
        Id::EditService => Order::EditService,
        Id::DeleteService => Order::DeleteService,
        Id::Clear => Order::Clear,
        Id::AddServer => Order::AddServer,
        Id::EditServer => Order::EditServer,
        Id::DeleteServer => Order::DeleteServer,
        Id::List => Order::List,
        Id::Zero => Order::Zero,
        Id::Save => Order::Save,
        Id::Restore => Order::Restore,
        Id::Set => Order::Set,
        Id::StartDaemon => Order::StartDaemon(role(value, "illegal start-daemon parameter specified")?),
        Id::StopDaemon => Order::StopDaemon(role(value, "illegal start_daemon specified")?),
        Id::Help => return Ok(Command::Help),
        Id::Version => return Ok(Command::Version),
        Id::Tcp
        | Id::Udp
        | Id::Sctp
        | Id::FwMark
        | Id::Ipv6
        | Id::Sort
        | Id::Plain(_)
        | Id::Gatewaying
        | Id::Ipip
        | Id::Masquerading => return Err(Refusal::advice(program)),
    };
    let mut line = Line::new(order);
    for item in words.by_ref() {
        match item {
            Item::Unknown(written) => return Err(Refusal::unreadable(format!("{written}: unknown option"))),
            Item::Missing(written) => {
                return Err(Refusal::unreadable(format!("{written}: missing argument")));
            }
            Item::Unwanted(written) => {
                return Err(Refusal::unreadable(format!("{written}: option does not take an argument")));
            }
            Item::Option { row, written, value } => line.take(row.id, written, value, names)?,
        }
    }
    line.finish(words.leftover())
}

fn role(value: Option<&str>, complaint: &str) -> Result<Role, Refusal> {
    match value {
        Some("master") => Ok(Role::Master),
        Some("backup") => Ok(Role::Backup),
        Some(_) | None => Err(Refusal::senseless(complaint)),
    }
}

/// The command of a command line, as its first option says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    AddService,
    EditService,
    DeleteService,
    Clear,
    AddServer,
    EditServer,
    DeleteServer,
    List,
    Zero,
    Save,
    Restore,
    Set,
    StartDaemon(Role),
    StopDaemon(Role),
}

impl Order {
    pub(crate) fn rules(self) -> &'static Rules {
        match self {
            Self::AddService => &legal::ADD_SERVICE,
            Self::EditService => &legal::EDIT_SERVICE,
            Self::DeleteService => &legal::DELETE_SERVICE,
            Self::Clear => &legal::CLEAR,
            Self::AddServer => &legal::ADD_SERVER,
            Self::EditServer => &legal::EDIT_SERVER,
            Self::DeleteServer => &legal::DELETE_SERVER,
            Self::List => &legal::LIST,
            Self::Zero => &legal::ZERO,
            Self::Save => &legal::SAVE,
            Self::Restore => &legal::RESTORE,
            Self::Set => &legal::SET,
            Self::StartDaemon(_) => &legal::START_DAEMON,
            Self::StopDaemon(_) => &legal::STOP_DAEMON,
        }
    }
}
