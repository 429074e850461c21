//! Every line a virtual router can log, in the original's words, since people and their tools search for them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::params::{Family, Version, Vrid};
use crate::priority::Priority;

/// Whether a line is always logged or only with detailed logging (`-D`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Always.
    Normal,
    /// Only with `-D`.
    Detailed,
}

/// One line, still without the name of its virtual router; see [`Line::of`].
#[expect(missing_docs, reason = "the fields are the values in the text, which Display spells out")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    // Transitions.
    EnteringBackupAtStart,
    EnteringBackup,
    EnteringMaster,
    EnteringFault,
    FaultAtStart,
    FaultInterfaceDown {
        interface: String,
    },
    FaultNoAddress {
        family: Family,
    },
    FaultSourceNotConfigured,
    FaultNoPeers,
    /// Its interface does not take part in multicast, without which it reaches nobody.
    FaultNoMulticast {
        /// Its interface.
        interface: String,
    },
    FaultScript {
        script: String,
    },
    FaultFile {
        file: String,
        number: i32,
    },
    FaultProcess {
        process: String,
    },

    // Tracked things.
    FileFaults {
        file: String,
    },
    FileRecovers {
        file: String,
    },
    BfdTurned {
        session: String,
        up: bool,
    },

    // The system.
    SettingVips,
    RemovingVips,
    SettingExcludedVips,
    RemovingExcludedVips,
    SettingFirewallRule,
    RemovingFirewallRule,
    SettingRoutes,
    RemovingRoutes,
    SettingRules,
    RemovingRules,

    // Timers.
    AdvertTimeout,
    TimerLate {
        by: Duration,
    },
    IntervalLearnt {
        from: Duration,
        to: Duration,
    },
    IntervalReset {
        from: Duration,
        to: Duration,
    },
    PreemptDelayStarted {
        delay: Duration,
    },
    PreemptDelayStopped,

    // Adverts in the election.
    MasterSet {
        to: IpAddr,
    },
    MasterChanged {
        from: IpAddr,
        to: IpAddr,
    },
    BackupHeardRelease,
    MasterHeardRelease,
    SentRelease,
    LowerDiscarded {
        from: IpAddr,
        priority: Priority,
    },
    LowerHeard {
        from: IpAddr,
        priority: Priority,
        ours: Priority,
        answered: bool,
    },
    HigherHeard {
        from: IpAddr,
        priority: Priority,
        ours: Priority,
    },
    EqualWithHigherAddress {
        from: IpAddr,
        priority: Priority,
    },
    EqualWithOurAddress,
    PriorityChanged {
        from: Priority,
        to: Priority,
    },
    RivalOwner {
        from: IpAddr,
    },
    RivalOwnerPersists {
        from: IpAddr,
    },
    RivalOwnerGone,
    OwnerRestoredOnSilence,
    OwnerRestoredOnLower,

    // Packets refused.
    TooShort {
        family: Family,
        authenticated: bool,
        length: usize,
    },
    UnexpectedAh {
        from: IpAddr,
    },
    MissingAh {
        from: IpAddr,
    },
    WrongLength {
        from: IpAddr,
        length: usize,
        expected: usize,
    },
    WrongTtl {
        from: IpAddr,
        ttl: u8,
    },
    WrongVersion {
        from: IpAddr,
        version: u8,
        ours: Version,
    },
    UnknownAuthType {
        from: IpAddr,
        kind: u8,
    },
    OtherAuthType {
        from: IpAddr,
        kind: u8,
        ours: u8,
    },
    WrongPassword {
        from: IpAddr,
    },
    WrongAhValue,
    WrongAhSpi {
        from: Ipv4Addr,
        spi: u32,
    },
    OldAhSequence {
        sequence: u32,
        ours: u32,
    },
    AhSequenceOvertaken,
    MissingTrailer {
        from: IpAddr,
    },
    MalformedTrailer {
        from: IpAddr,
    },
    StaleTrailer {
        from: IpAddr,
        skew: i64,
        window: Duration,
    },
    UnknownTrailerKey {
        from: IpAddr,
        key: u8,
    },
    WrongTrailer {
        from: IpAddr,
    },
    ReplayedTrailer {
        from: IpAddr,
    },
    ClockSkew {
        from: IpAddr,
        skew: i64,
        window: Duration,
    },
    OtherIntervalV2 {
        from: IpAddr,
        ours: Duration,
        theirs: Duration,
    },
    OtherIntervalV3 {
        ours: Duration,
        theirs: Duration,
    },
    ZeroInterval {
        from: IpAddr,
    },
    WrongType {
        from: IpAddr,
        kind: u8,
    },
    TotalLengthMismatch {
        from: IpAddr,
        total: usize,
        received: usize,
    },
    WrongChecksum {
        from: IpAddr,
        version: Version,
    },
    UnexpectedUnicast {
        from: IpAddr,
    },
    UnexpectedMulticast {
        from: IpAddr,
    },
    OwnerIgnores {
        from: IpAddr,
    },
    OtherAddressCount {
        expected: usize,
        received: usize,
    },
    AddressMissing {
        from: IpAddr,
        vrid: Vrid,
        address: IpAddr,
    },
    TtlOutsideRange {
        from: IpAddr,
        ttl: u8,
        min: u8,
        max: u8,
    },
    NotAPeer {
        from: IpAddr,
    },

    // Announcements.
    QueueingAnnouncement {
        family: Family,
        interface: String,
        address: IpAddr,
    },
    Announcing {
        family: Family,
        interface: String,
        address: IpAddr,
    },
    AnnouncingSource {
        address: IpAddr,
    },

    // Sending.
    SendFailed {
        errno: i32,
        text: String,
    },
    SendToPeerFailed {
        peer: IpAddr,
        text: String,
    },

    // Reload.
    AddressNoLongerConfigured {
        address: IpAddr,
        prefix: u8,
        interface: String,
    },
}

impl Line {
    /// Whether it needs `-D`.
    #[must_use]
    pub fn detail(&self) -> Detail {
        let detailed = matches!(
            self,
            Self::SettingVips
                | Self::RemovingVips
                | Self::SettingExcludedVips
                | Self::RemovingExcludedVips
                | Self::SettingFirewallRule
                | Self::RemovingFirewallRule
                | Self::SettingRoutes
                | Self::RemovingRoutes
                | Self::SettingRules
                | Self::RemovingRules
                | Self::AdvertTimeout
                | Self::IntervalLearnt { .. }
                | Self::IntervalReset { .. }
                | Self::PreemptDelayStarted { .. }
                | Self::PreemptDelayStopped
                | Self::MasterSet { .. }
                | Self::MasterChanged { .. }
                | Self::BackupHeardRelease
                | Self::MasterHeardRelease
                | Self::SentRelease
                | Self::QueueingAnnouncement { .. }
                | Self::Announcing { .. }
                | Self::AnnouncingSource { .. }
                | Self::FileFaults { .. }
                | Self::FileRecovers { .. }
        );
        if detailed { Detail::Detailed } else { Detail::Normal }
    }

    /// The line as it is logged for the virtual router `instance`.
    #[must_use]
    pub fn of<'a>(&'a self, instance: &'a str) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| {
            if let Self::AnnouncingSource { .. } = self {
                write!(f, "{instance}: ")?;
            } else if let Self::BfdTurned { .. } = self {
                write!(f, "VRRP_Instance({instance}) ")?;
            } else if self.has_colon() {
                write!(f, "({instance}): ")?;
            } else if self.has_name() {
                write!(f, "({instance}) ")?;
            }
            self.text(f)
        })
    }

    /// Lines that are logged for every packet; others are not repeated until something changes.
    #[must_use]
    pub fn is_for_each_packet(&self) -> bool {
        matches!(self, Self::WrongAhValue | Self::WrongAhSpi { .. } | Self::OldAhSequence { .. })
    }

    /// Lines that anybody on the link can provoke again and again, packet by packet, without a change of state.
    #[must_use]
    pub fn is_provoked(&self) -> bool {
        matches!(
            self,
            Self::MasterSet { .. }
                | Self::MasterChanged { .. }
                | Self::BackupHeardRelease
                | Self::MasterHeardRelease
                | Self::PreemptDelayStarted { .. }
                | Self::PreemptDelayStopped
                | Self::IntervalLearnt { .. }
                | Self::LowerDiscarded { .. }
                | Self::LowerHeard { .. }
                | Self::EqualWithOurAddress
                | Self::AhSequenceOvertaken
                | Self::WrongAhValue
                | Self::WrongAhSpi { .. }
                | Self::OldAhSequence { .. }
        )
    }

    /// Lines that start with `(<i>): ` instead of `(<i>) `.
    fn has_colon(&self) -> bool {
        matches!(
            self,
            Self::FaultInterfaceDown { .. }
                | Self::FaultSourceNotConfigured
                | Self::FaultScript { .. }
                | Self::FaultFile { .. }
                | Self::FileFaults { .. }
                | Self::FileRecovers { .. }
                | Self::RivalOwnerGone
                | Self::SendFailed { .. }
        )
    }

    fn has_name(&self) -> bool {
        !matches!(
            self,
            Self::Announcing { .. }
                | Self::TooShort { .. }
                | Self::TimerLate { .. }
                | Self::WrongAhSpi { .. }
        )
    }

    fn text(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnteringBackupAtStart => f.write_str("Entering BACKUP STATE (init)"),
            Self::EnteringBackup => f.write_str("Entering BACKUP STATE"),
            Self::EnteringMaster => f.write_str("Entering MASTER STATE"),
            Self::EnteringFault => f.write_str("Entering FAULT STATE"),
            Self::FaultAtStart => f.write_str("entering FAULT state"),
            Self::FaultInterfaceDown { interface } => {
                write!(f, "entering FAULT state (interface {interface} down)")
            }
            Self::FaultNoAddress { family } => {
                write!(f, "entering FAULT state (no {family} address for interface)")
            }
            Self::FaultSourceNotConfigured => {
                f.write_str("entering FAULT state (src address not configured)")
            }
            Self::FaultNoPeers => f.write_str("Cannot use unicast without any peers - going to fault state"),
            Self::FaultNoMulticast { interface } => write!(
                f,
                "interface {interface} does not support multicast, specify unicast peers - disabling"
            ),
            Self::FaultScript { script } => write!(f, "entering FAULT state due to script {script}"),
            Self::FaultFile { file, number } => {
                write!(f, "entering FAULT state (tracked file {file} has status {number})")
            }
            Self::FaultProcess { process } => {
                write!(f, "entering FAULT state (tracked process {process} quorum not achieved)")
            }
            Self::FileFaults { file } => write!(f, "tracked file {file} now FAULT state"),
            Self::FileRecovers { file } => write!(f, "tracked file {file} leaving FAULT state"),
            Self::BfdTurned { session, up } => {
                write!(f, "Tracked BFD instance {session} is {}", if *up { "UP" } else { "DOWN" })
            }
            Self::SettingVips => f.write_str("setting VIPs."),
            Self::RemovingVips => f.write_str("removing VIPs."),
            Self::SettingExcludedVips => f.write_str("setting E-VIPs."),
            Self::RemovingExcludedVips => f.write_str("removing E-VIPs."),
            Self::SettingFirewallRule => f.write_str("setting firewall drop rule"),
            Self::RemovingFirewallRule => f.write_str("removing firewall drop rule"),
            Self::SettingRoutes => f.write_str("setting Virtual Routes"),
            Self::RemovingRoutes => f.write_str("removing Virtual Routes"),
            Self::SettingRules => f.write_str("setting Virtual Rules"),
            Self::RemovingRules => f.write_str("removing Virtual Rules"),
            Self::AdvertTimeout => f.write_str("Receive advertisement timeout"),
            Self::TimerLate { by } => {
                write!(f, "VRRP thread timer expired {}.{:06} seconds ago", by.as_secs(), by.subsec_micros())
            }
            Self::IntervalLearnt { from, to } => write!(
                f,
                "advertisement interval updated from {}ms to {}ms by master",
                from.as_millis(),
                to.as_millis()
            ),
            Self::IntervalReset { from, to } => write!(
                f,
                "changing advert interval from {}ms to locally configured {}ms",
                from.as_millis(),
                to.as_millis()
            ),
            Self::PreemptDelayStarted { delay } => {
                write!(f, "start preempt delay ({}.{:06})", delay.as_secs(), delay.subsec_micros())
            }
            Self::PreemptDelayStopped => f.write_str("stop preempt delay"),
            Self::MasterSet { to } => write!(f, "master set to {to}"),
            Self::MasterChanged { from, to } => write!(f, "master changed from {from} to {to}"),
            Self::BackupHeardRelease => f.write_str("Backup received priority 0 advertisement"),
            Self::MasterHeardRelease => f.write_str("Master received priority 0 message"),
            Self::SentRelease => f.write_str("sent 0 priority"),
            Self::LowerDiscarded { from, priority } => {
                write!(f, "received lower priority ({priority}) advert from {from} - discarding")
            }
            Self::LowerHeard { from, priority, ours, answered } => {
                write!(f, "Received advert from {from} with lower priority {priority}, ours {ours}")?;
                if *answered { f.write_str(", forcing new election") } else { Ok(()) }
            }
            Self::HigherHeard { from, priority, ours } => {
                write!(f, "Master received advert from {from} with higher priority {priority}, ours {ours}")
            }
            Self::EqualWithHigherAddress { from, priority } => write!(
                f,
                "Master received advert from {from} with same priority {priority} but higher IP address than ours"
            ),
            Self::EqualWithOurAddress => {
                f.write_str("WARNING - equal priority advert received from remote host with our IP address.")
            }
            Self::PriorityChanged { from, to } => {
                write!(f, "Changing effective priority from {from} to {to}")
            }
            Self::RivalOwner { from } => write!(
                f,
                "CONFIGURATION ERROR: local instance and {from} are both configured as address owner, please resolve"
            ),
            Self::RivalOwnerPersists { from } => write!(
                f,
                "{from} is still advertising as address owner, please resolve - reducing our priority"
            ),
            Self::RivalOwnerGone => f.write_str("rogue address owner appears to have stopped advertising"),
            Self::OwnerRestoredOnSilence => {
                f.write_str("Restoring our priority to 255 since other address owner has disappeared")
            }
            Self::OwnerRestoredOnLower => {
                f.write_str("Restoring our priority to 255 since received advert with lower priority")
            }
            Self::TooShort { family, authenticated, length } => {
                let with = if *authenticated { " with AH" } else { "" };
                write!(f, "{family} VRRP packet{with} too short - {length} bytes")
            }
            Self::UnexpectedAh { from } => write!(f, "Received AH header but auth type not AH from {from}"),
            Self::MissingAh { from } => write!(f, "No AH header but auth type is AH from {from}"),
            Self::WrongLength { from, length, expected } => {
                let which = if length > expected { "long" } else { "short" };
                write!(f, "vrrp packet from {from} too {which}, length {length} and expect {expected}")
            }
            Self::WrongTtl { from, ttl } => {
                write!(f, "invalid TTL/HL from {from}. Received {ttl} and expect 255")
            }
            Self::WrongVersion { from, version, ours } => {
                write!(f, "wrong VRRP version from {from}. Received {version} and expect {}", ours.number())
            }
            Self::UnknownAuthType { from, kind } => write!(f, "Invalid auth type from {from}: {kind}"),
            Self::OtherAuthType { from, kind, ours } => {
                write!(f, "received a {kind} auth from {from}, expecting {ours}!")
            }
            Self::WrongPassword { from } => write!(f, "received an invalid passwd from {from}!"),
            Self::WrongAhValue => f.write_str(
                "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !",
            ),
            // The original prints both as they lie in its memory.
            Self::WrongAhSpi { from, spi } => write!(
                f,
                "IPSEC AH : invalid IPSEC SPI value. {} and expect {}",
                u32::from_ne_bytes(from.octets()),
                u32::from_ne_bytes(spi.to_be_bytes())
            ),
            Self::OldAhSequence { sequence, ours } => write!(
                f,
                "IPSEC-AH : sequence number {sequence} already processed. Packet dropped. Local({ours})"
            ),
            Self::AhSequenceOvertaken => f.write_str("IPSEC-AH : Syncing seq_num - Increment seq"),
            Self::MissingTrailer { from } => write!(f, "missing authentication trailer from {from}"),
            Self::MalformedTrailer { from } => write!(f, "malformed authentication trailer from {from}"),
            Self::StaleTrailer { from, skew, window } => write!(
                f,
                "stale authentication trailer from {from}, clock skew {} sec exceeds window {} sec",
                skew.unsigned_abs(),
                window.as_secs()
            ),
            Self::UnknownTrailerKey { from, key } => {
                write!(f, "unknown authentication key id {key} from {from}")
            }
            Self::WrongTrailer { from } => write!(f, "invalid authentication HMAC from {from}"),
            Self::ReplayedTrailer { from } => write!(f, "replayed authentication trailer from {from}"),
            Self::ClockSkew { from, skew, window } => write!(
                f,
                "authentication clock skew {} sec from {from} approaching window {} sec",
                skew.unsigned_abs(),
                window.as_secs()
            ),
            Self::OtherIntervalV2 { from, ours, theirs } => write!(
                f,
                "advertisement interval mismatch with {from} mine={} sec rcv'd={} sec",
                ours.as_secs(),
                theirs.as_secs()
            ),
            Self::OtherIntervalV3 { ours, theirs } => write!(
                f,
                "advertisement interval mismatch ours = {} centi-sec rcv'd={} centi-sec",
                ours.as_millis() / 10,
                theirs.as_millis() / 10
            ),
            Self::ZeroInterval { from } => write!(f, "invalid advertisement interval 0 from {from}"),
            Self::WrongType { from, kind } => {
                write!(f, "Invalid packet type from {from}. {kind} and expect 1")
            }
            Self::TotalLengthMismatch { from, total, received } => write!(
                f,
                "ip_tot_len mismatch against received length from {from}. {total} and received {received}"
            ),
            Self::WrongChecksum { from, version } => {
                write!(f, "Invalid VRRPv{} checksum from {from}", version.number())
            }
            Self::UnexpectedUnicast { from } => {
                write!(f, "Expected multicast packet but received unicast packet from {from}")
            }
            Self::UnexpectedMulticast { from } => {
                write!(f, "Expected unicast packet but received multicast packet from {from}")
            }
            Self::OwnerIgnores { from } => {
                write!(f, "Dropping packet(s) from {from} since we are address owner")
            }
            Self::OtherAddressCount { expected, received } => {
                write!(f, "expected {expected} VIPs but received {received}")
            }
            Self::AddressMissing { from, vrid, address } => write!(
                f,
                "ip address associated with VRID {vrid} not present in advert from {from}: {address}"
            ),
            Self::TtlOutsideRange { from, ttl, min, max } => {
                write!(f, "TTL/HL {ttl} from {from} not in range [{min}, {max}]")
            }
            Self::NotAPeer { from } => write!(f, "unicast source address {from} not a unicast peer"),
            Self::QueueingAnnouncement { family, interface, address } => {
                let what = match family {
                    Family::Ipv4 => "gratuitous ARPs",
                    Family::Ipv6 => "Unsolicited Neighbour Adverts",
                };
                write!(f, "Sending/queueing {what} on {interface} for {address}")
            }
            Self::Announcing { family, interface, address } => {
                let what = match family {
                    Family::Ipv4 => "gratuitous ARP",
                    Family::Ipv6 => "unsolicited Neighbour Advert",
                };
                write!(f, "Sending {what} on {interface} for {address}")
            }
            Self::AnnouncingSource { address } => {
                let what = if address.is_ipv4() { "ARP" } else { "NA" };
                write!(f, "sending gratuitous {what} for {address}")
            }
            Self::SendFailed { errno, text } => write!(f, "send advert error {errno} ({text})"),
            Self::AddressNoLongerConfigured { address, prefix, interface } => {
                write!(f, "ip address {address}/{prefix} dev {interface}, no longer exist")
            }
            Self::SendToPeerFailed { peer, text } => write!(f, "Cant send advert to {peer} ({text})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_carry_the_instance_as_the_original_writes_it() {
        assert_eq!(Line::EnteringMaster.of("VI_1").to_string(), "(VI_1) Entering MASTER STATE");
        assert_eq!(
            Line::SendFailed { errno: 19, text: "No such device".into() }.of("VI_1").to_string(),
            "(VI_1): send advert error 19 (No such device)"
        );
        let garp = Line::Announcing {
            family: Family::Ipv4,
            interface: "eth0".into(),
            address: "10.0.0.100".parse().expect("an address"),
        };
        assert_eq!(garp.of("VI_1").to_string(), "Sending gratuitous ARP on eth0 for 10.0.0.100");
    }

    #[test]
    fn the_tail_of_a_lower_advert_says_whether_it_was_answered() {
        let line = |answered| {
            Line::LowerHeard {
                from: "10.0.0.2".parse().expect("an address"),
                priority: Priority::new(100),
                ours: Priority::new(150),
                answered,
            }
            .of("V")
            .to_string()
        };
        let start = "(V) Received advert from 10.0.0.2 with lower priority 100, ours 150";
        assert_eq!(line(false), start);
        assert_eq!(line(true), format!("{start}, forcing new election"));
    }
}
