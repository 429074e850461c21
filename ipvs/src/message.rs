//! Requests and replies: two types, because the same number means different things in each direction.

use netlink_packet_core::{DecodeError, DefaultNla, Emitable, ParseableParametrized};
use netlink_packet_generic::{GenlFamily, GenlHeader};

use crate::attr::{ConfigAttr, DaemonAttr, DestinationAttr, InfoAttr, Nest, ServiceAttr, read_all};
use crate::{Daemon, Destination, DestinationId, Name, Role, Service, ServiceId, Timeouts};

/// Name of the family, as the controller knows it.
pub(crate) const FAMILY: &str = "IPVS";
const VERSION: u8 = 1;

/// What a request does; its numbers are the kernel's `IPVS_CMD_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Command {
    /// `IPVS_CMD_NEW_SERVICE`
    NewService = 1,
    /// `IPVS_CMD_SET_SERVICE`
    SetService = 2,
    /// `IPVS_CMD_DEL_SERVICE`
    DelService = 3,
    /// `IPVS_CMD_GET_SERVICE`
    GetService = 4,
    /// `IPVS_CMD_NEW_DEST`
    NewDestination = 5,
    /// `IPVS_CMD_SET_DEST`
    SetDestination = 6,
    /// `IPVS_CMD_DEL_DEST`
    DelDestination = 7,
    /// `IPVS_CMD_GET_DEST`
    GetDestination = 8,
    /// `IPVS_CMD_NEW_DAEMON`
    NewDaemon = 9,
    /// `IPVS_CMD_DEL_DAEMON`
    DelDaemon = 10,
    /// `IPVS_CMD_GET_DAEMON`
    GetDaemon = 11,
    /// `IPVS_CMD_SET_CONFIG`
    SetConfig = 12,
    /// `IPVS_CMD_GET_CONFIG`
    GetConfig = 13,
    /// `IPVS_CMD_GET_INFO`
    GetInfo = 15,
    /// `IPVS_CMD_ZERO`
    Zero = 16,
    /// `IPVS_CMD_FLUSH`
    Flush = 17,
}

/// One thing asked of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Adds a service.
    NewService(Service),
    /// Replaces all settings of a service; its destinations and connections stay.
    SetService(Service),
    /// Removes a service with its destinations.
    DelService(ServiceId),
    /// Asks for one service.
    GetService(ServiceId),
    /// Asks for all services.
    ListServices,
    /// Adds a destination to a service.
    NewDestination(ServiceId, Destination),
    /// Replaces all settings of a destination.
    SetDestination(ServiceId, Destination),
    /// Removes a destination.
    DelDestination(ServiceId, DestinationId),
    /// Asks for all destinations of a service; of a missing one there are simply none.
    ListDestinations(ServiceId),
    /// Starts a synchronisation daemon.
    NewDaemon(Daemon),
    /// Stops a synchronisation daemon. The kernel looks at the role alone.
    DelDaemon {
        /// Which one.
        role: Role,
        /// Its interface.
        interface: Option<Name>,
        /// Its number.
        sync_id: u8,
    },
    /// Asks for the daemons that run, at most two.
    ListDaemons,
    /// Sets the timeouts that are `Some`.
    SetTimeouts(Timeouts),
    /// Asks for the timeouts.
    GetTimeouts,
    /// Asks for version and table size.
    GetInfo,
    /// Clears the counters of one service and its destinations, or all counters.
    Zero(Option<ServiceId>),
    /// Removes all services, also those of others.
    Flush,
}

impl Request {
    /// Its number.
    pub fn command(&self) -> Command {
        match self {
            Self::NewService(_) => Command::NewService,
            Self::SetService(_) => Command::SetService,
            Self::DelService(_) => Command::DelService,
            Self::GetService(_) | Self::ListServices => Command::GetService,
            Self::NewDestination(..) => Command::NewDestination,
            Self::SetDestination(..) => Command::SetDestination,
            Self::DelDestination(..) => Command::DelDestination,
            Self::ListDestinations(_) => Command::GetDestination,
            Self::NewDaemon(_) => Command::NewDaemon,
            Self::DelDaemon { .. } => Command::DelDaemon,
            Self::ListDaemons => Command::GetDaemon,
            Self::SetTimeouts(_) => Command::SetConfig,
            Self::GetTimeouts => Command::GetConfig,
            Self::GetInfo => Command::GetInfo,
            Self::Zero(_) => Command::Zero,
            Self::Flush => Command::Flush,
        }
    }

    /// Whether it changes something, which [`Handle::apply`](crate::Handle::apply) does; else it is a question, which
    /// has a method of its own there.
    pub fn is_change(&self) -> bool {
        match self {
            Self::NewService(_)
            | Self::SetService(_)
            | Self::DelService(_)
            | Self::NewDestination(..)
            | Self::SetDestination(..)
            | Self::DelDestination(..)
            | Self::NewDaemon(_)
            | Self::DelDaemon { .. }
            | Self::SetTimeouts(_)
            | Self::Zero(_)
            | Self::Flush => true,
            Self::GetService(_)
            | Self::ListServices
            | Self::ListDestinations(_)
            | Self::ListDaemons
            | Self::GetTimeouts
            | Self::GetInfo => false,
        }
    }

    /// The message that says it.
    pub fn to_message(&self) -> Message {
        let attrs = match self {
            Self::NewService(service) | Self::SetService(service) => vec![nest_service(service.encode())],
            Self::DelService(id)
            | Self::GetService(id)
            | Self::ListDestinations(id)
            | Self::Zero(Some(id)) => {
                vec![nest_service(id.encode())]
            }
            Self::NewDestination(id, destination) | Self::SetDestination(id, destination) => {
                vec![nest_service(id.encode()), nest_destination(destination.encode())]
            }
            Self::DelDestination(id, destination) => {
                vec![nest_service(id.encode()), nest_destination(destination.encode())]
            }
            Self::NewDaemon(daemon) => vec![nest_daemon(daemon.encode())],
            Self::DelDaemon { role, interface, sync_id } => {
                vec![nest_daemon(Daemon::encode_id(*role, *interface, *sync_id))]
            }
            Self::SetTimeouts(timeouts) => timeouts.encode(),
            Self::ListServices
            | Self::ListDaemons
            | Self::GetTimeouts
            | Self::GetInfo
            | Self::Zero(None)
            | Self::Flush => Vec::new(),
        };
        Message { command: self.command(), attrs }
    }
}

fn nest_service(attrs: Vec<ServiceAttr>) -> ConfigAttr {
    ConfigAttr::Service(Nest::request(attrs))
}

fn nest_destination(attrs: Vec<DestinationAttr>) -> ConfigAttr {
    ConfigAttr::Destination(Nest::request(attrs))
}

fn nest_daemon(attrs: Vec<DaemonAttr>) -> ConfigAttr {
    ConfigAttr::Daemon(Nest::request(attrs))
}

/// A request as the attributes it consists of: what goes behind the generic header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What is to be done.
    pub command: Command,
    /// To what.
    pub attrs: Vec<ConfigAttr>,
}

impl GenlFamily for Message {
    fn family_name() -> &'static str {
        FAMILY
    }
    fn command(&self) -> u8 {
        self.command as u8
    }
    fn version(&self) -> u8 {
        VERSION
    }
}

impl Emitable for Message {
    fn buffer_len(&self) -> usize {
        self.attrs.as_slice().buffer_len()
    }
    fn emit(&self, buffer: &mut [u8]) {
        self.attrs.as_slice().emit(buffer);
    }
}

/// One message from the kernel, read down to its attributes. [`crate::ServiceEntry::decode`] and its like say what
/// they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// One service.
    Service(Nest<ServiceAttr>),
    /// One destination; it does not say of which service.
    Destination(Nest<DestinationAttr>),
    /// One synchronisation daemon.
    Daemon(Nest<DaemonAttr>),
    /// The timeouts.
    Config(Vec<ConfigAttr>),
    /// Version and table size.
    Info(Vec<InfoAttr>),
    /// Something this crate does not know.
    Other {
        /// Its number.
        command: u8,
        /// Its attributes.
        attrs: Vec<DefaultNla>,
    },
}

/// `IPVS_CMD_*` of replies.
mod reply {
    pub(super) const NEW_SERVICE: u8 = 1;
    pub(super) const NEW_DEST: u8 = 5;
    pub(super) const NEW_DAEMON: u8 = 9;
    pub(super) const SET_CONFIG: u8 = 12;
    pub(super) const SET_INFO: u8 = 14;
}

impl ParseableParametrized<[u8], GenlHeader> for Reply {
    fn parse_with_param(bytes: &[u8], header: GenlHeader) -> Result<Self, DecodeError> {
        if header.cmd == reply::SET_INFO {
            return read_all(bytes).map(Self::Info);
        }
        let mut attrs: Vec<ConfigAttr> = read_all(bytes)?;
        match (header.cmd, attrs.pop(), attrs.is_empty()) {
            (reply::NEW_SERVICE, Some(ConfigAttr::Service(nest)), true) => Ok(Self::Service(nest)),
            (reply::NEW_DEST, Some(ConfigAttr::Destination(nest)), true) => Ok(Self::Destination(nest)),
            (reply::NEW_DAEMON, Some(ConfigAttr::Daemon(nest)), true) => Ok(Self::Daemon(nest)),
            (reply::SET_CONFIG, last, _) => {
                attrs.extend(last);
                Ok(Self::Config(attrs))
            }
            (command, _, _) => read_all(bytes).map(|attrs| Self::Other { command, attrs }),
        }
    }
}

impl GenlFamily for Reply {
    fn family_name() -> &'static str {
        FAMILY
    }
    fn command(&self) -> u8 {
        match self {
            Self::Service(_) => reply::NEW_SERVICE,
            Self::Destination(_) => reply::NEW_DEST,
            Self::Daemon(_) => reply::NEW_DAEMON,
            Self::Config(_) => reply::SET_CONFIG,
            Self::Info(_) => reply::SET_INFO,
            Self::Other { command, .. } => *command,
        }
    }
    fn version(&self) -> u8 {
        VERSION
    }
}

/// The kernel's side of the conversation, for those who play the kernel.
impl Emitable for Reply {
    fn buffer_len(&self) -> usize {
        match self {
            Self::Service(nest) => ConfigAttr::Service(nest.clone()).buffer_len(),
            Self::Destination(nest) => ConfigAttr::Destination(nest.clone()).buffer_len(),
            Self::Daemon(nest) => ConfigAttr::Daemon(nest.clone()).buffer_len(),
            Self::Config(attrs) => attrs.as_slice().buffer_len(),
            Self::Info(attrs) => attrs.as_slice().buffer_len(),
            Self::Other { attrs, .. } => attrs.as_slice().buffer_len(),
        }
    }
    fn emit(&self, buffer: &mut [u8]) {
        match self {
            Self::Service(nest) => ConfigAttr::Service(nest.clone()).emit(buffer),
            Self::Destination(nest) => ConfigAttr::Destination(nest.clone()).emit(buffer),
            Self::Daemon(nest) => ConfigAttr::Daemon(nest.clone()).emit(buffer),
            Self::Config(attrs) => attrs.as_slice().emit(buffer),
            Self::Info(attrs) => attrs.as_slice().emit(buffer),
            Self::Other { attrs, .. } => attrs.as_slice().emit(buffer),
        }
    }
}
