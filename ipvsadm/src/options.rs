//! The options: letters, names, and what they are called in messages.

/// What an option says. Those up to [`Id::Version`] are commands, of which the first option must be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Id {
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
    StartDaemon,
    StopDaemon,
    Help,
    Version,
    Tcp,
    Udp,
    Sctp,
    FwMark,
    Ipv6,
    Sort,
    /// An option that stands in the table of [`crate::legal`].
    Plain(Opt),
    Gatewaying,
    Ipip,
    Masquerading,
}

/// What is counted, allowed and forbidden, in the order in which it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Opt {
    Numeric,
    Connection,
    Service,
    Scheduler,
    Persistent,
    Netmask,
    Server,
    Forwarding,
    Weight,
    UpperThreshold,
    LowerThreshold,
    Interface,
    Timeout,
    Daemon,
    Stats,
    Rate,
    Thresholds,
    PersistentConn,
    NoSort,
    SyncId,
    Exact,
    OnePacket,
    Engine,
    Flags,
    Group,
    Port,
    Ttl,
    MaxLen,
    TunInfo,
    TunType,
    TunPort,
    TunNoCsum,
    TunCsum,
    TunRemCsum,
}

/// Every [`Opt`] in order, with its name in messages.
pub(crate) const OPTS: [(Opt, &str); 34] = [
    (Opt::Numeric, "numeric"),
    (Opt::Connection, "connection"),
    (Opt::Service, "service-address"),
    (Opt::Scheduler, "scheduler"),
    (Opt::Persistent, "persistent"),
    (Opt::Netmask, "netmask"),
    (Opt::Server, "real-server"),
    (Opt::Forwarding, "forwarding-method"),
    (Opt::Weight, "weight"),
    (Opt::UpperThreshold, "u-threshold"),
    (Opt::LowerThreshold, "l-threshold"),
    (Opt::Interface, "mcast-interface"),
    (Opt::Timeout, "timeout"),
    (Opt::Daemon, "daemon"),
    (Opt::Stats, "stats"),
    (Opt::Rate, "rate"),
    (Opt::Thresholds, "thresholds"),
    (Opt::PersistentConn, "persistent-conn"),
    (Opt::NoSort, "nosort"),
    (Opt::SyncId, "syncid"),
    (Opt::Exact, "exact"),
    (Opt::OnePacket, "ops"),
    (Opt::Engine, "pe"),
    (Opt::Flags, "sched-flags"),
    (Opt::Group, "mcast-group"),
    (Opt::Port, "mcast-port"),
    (Opt::Ttl, "mcast-ttl"),
    (Opt::MaxLen, "sync-maxlen"),
    (Opt::TunInfo, "tun-info"),
    (Opt::TunType, "tun-type"),
    (Opt::TunPort, "tun-port"),
    (Opt::TunNoCsum, "tun-nocsum"),
    (Opt::TunCsum, "tun-csum"),
    (Opt::TunRemCsum, "tun-remcsum"),
];

impl Opt {
    /// Its name in messages.
    pub(crate) fn name(self) -> &'static str {
        OPTS[self as usize].1
    }
}

/// A set of [`Opt`]s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OptSet(u64);

impl OptSet {
    pub(crate) const fn of(opts: &[Opt]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < opts.len() {
            bits |= 1 << opts[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    pub(crate) const fn has(self, opt: Opt) -> bool {
        self.0 & (1 << opt as u8) != 0
    }

    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Adds one; false if it was there.
    pub(crate) fn insert(&mut self, opt: Opt) -> bool {
        let is_new = !self.has(opt);
        self.0 |= 1 << opt as u8;
        is_new
    }
}

/// Whether an option takes a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    Word,
    /// What is attached, or the next word unless it looks like an option.
    PerhapsAWord,
}

/// One option.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) short: Option<u8>,
    pub(crate) long: &'static str,
    pub(crate) takes: Takes,
}

const fn flag(id: Id, short: Option<u8>, long: &'static str) -> Row {
    Row { id, short, long, takes: Takes::Nothing }
}

const fn word(id: Id, short: Option<u8>, long: &'static str) -> Row {
    Row { id, short, long, takes: Takes::Word }
}

/// All of them.
pub(crate) const OPTIONS: &[Row] = &[
    flag(Id::AddService, Some(b'A'), "add-service"),
    flag(Id::EditService, Some(b'E'), "edit-service"),
    flag(Id::DeleteService, Some(b'D'), "delete-service"),
    flag(Id::Clear, Some(b'C'), "clear"),
    flag(Id::List, Some(b'L'), "list"),
    flag(Id::List, Some(b'l'), "list"),
    flag(Id::Zero, Some(b'Z'), "zero"),
    flag(Id::AddServer, Some(b'a'), "add-server"),
    flag(Id::EditServer, Some(b'e'), "edit-server"),
    flag(Id::DeleteServer, Some(b'd'), "delete-server"),
    flag(Id::Set, None, "set"),
    flag(Id::Help, Some(b'h'), "help"),
    flag(Id::Version, Some(b'v'), "version"),
    flag(Id::Restore, Some(b'R'), "restore"),
    flag(Id::Save, Some(b'S'), "save"),
    word(Id::StartDaemon, None, "start-daemon"),
    word(Id::StopDaemon, None, "stop-daemon"),
    word(Id::Tcp, Some(b't'), "tcp-service"),
    word(Id::Udp, Some(b'u'), "udp-service"),
    word(Id::Sctp, None, "sctp-service"),
    word(Id::FwMark, Some(b'f'), "fwmark-service"),
    word(Id::Plain(Opt::Scheduler), Some(b's'), "scheduler"),
    Row { id: Id::Plain(Opt::Persistent), short: Some(b'p'), long: "persistent", takes: Takes::PerhapsAWord },
    word(Id::Plain(Opt::Netmask), Some(b'M'), "netmask"),
    word(Id::Plain(Opt::Server), Some(b'r'), "real-server"),
    flag(Id::Masquerading, Some(b'm'), "masquerading"),
    flag(Id::Ipip, Some(b'i'), "ipip"),
    flag(Id::Gatewaying, Some(b'g'), "gatewaying"),
    word(Id::Plain(Opt::Weight), Some(b'w'), "weight"),
    word(Id::Plain(Opt::UpperThreshold), Some(b'x'), "u-threshold"),
    word(Id::Plain(Opt::LowerThreshold), Some(b'y'), "l-threshold"),
    flag(Id::Plain(Opt::Numeric), Some(b'n'), "numeric"),
    flag(Id::Plain(Opt::Connection), Some(b'c'), "connection"),
    flag(Id::Plain(Opt::Timeout), None, "timeout"),
    flag(Id::Plain(Opt::Daemon), None, "daemon"),
    flag(Id::Plain(Opt::Stats), None, "stats"),
    flag(Id::Plain(Opt::Rate), None, "rate"),
    flag(Id::Plain(Opt::Thresholds), None, "thresholds"),
    flag(Id::Plain(Opt::PersistentConn), None, "persistent-conn"),
    flag(Id::Plain(Opt::NoSort), None, "nosort"),
    flag(Id::Sort, None, "sort"),
    flag(Id::Plain(Opt::Exact), None, "exact"),
    flag(Id::Ipv6, Some(b'6'), "ipv6"),
    flag(Id::Plain(Opt::OnePacket), Some(b'o'), "ops"),
    word(Id::Plain(Opt::Engine), None, "pe"),
    word(Id::Plain(Opt::Flags), Some(b'b'), "sched-flags"),
    word(Id::Plain(Opt::Interface), None, "mcast-interface"),
    word(Id::Plain(Opt::SyncId), None, "syncid"),
    word(Id::Plain(Opt::MaxLen), None, "sync-maxlen"),
    word(Id::Plain(Opt::Group), None, "mcast-group"),
    word(Id::Plain(Opt::Port), None, "mcast-port"),
    word(Id::Plain(Opt::Ttl), None, "mcast-ttl"),
    flag(Id::Plain(Opt::TunInfo), None, "tun-info"),
    word(Id::Plain(Opt::TunType), None, "tun-type"),
    word(Id::Plain(Opt::TunPort), None, "tun-port"),
    flag(Id::Plain(Opt::TunNoCsum), None, "tun-nocsum"),
    flag(Id::Plain(Opt::TunCsum), None, "tun-csum"),
    flag(Id::Plain(Opt::TunRemCsum), None, "tun-remcsum"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_at_the_number_of_their_option() {
        for (at, (opt, _)) in OPTS.iter().enumerate() {
            assert_eq!(*opt as usize, at);
        }
    }
}
