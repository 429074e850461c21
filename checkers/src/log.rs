//! Every line and every mail of the checkers, in keepalived's own words, because people match on them
//! (checkers.md §3.8, §4.6, §4.11, §6.2, §8.4, §13, §14, §16 to §22).

mod check;

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::params::{CheckerKind, WhenDown};
use crate::{
    EntryId, Failure, LengthMismatch, Quorum, RealServerId, Step, TlsFault, Trouble, VirtualServerId, misc,
};

/// Who is interested in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody.
    Operator,
    /// Those who asked for details (`-D`).
    Detail,
    /// Everybody, as an error.
    Alarm,
}

/// One log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What happened.
    pub event: Event,
    /// Of which virtual server.
    pub service: VirtualServerId,
}

/// What a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A checker begins.
    Activating(RealServerId),
    /// A checker does not begin, because the address is elsewhere.
    Deactivating(RealServerId),
    /// A checker rests, because the address went elsewhere.
    Suspending(RealServerId),
    /// A checker came to a result.
    Check(RealServerId, Arc<CheckerKind>, Checked),
    /// A server came up.
    ServerUp(RealServerId, WhenDown),
    /// A server went down.
    ServerDown(RealServerId, WhenDown),
    /// A server has another weight.
    Weight {
        /// Which one.
        server: RealServerId,
        /// What counted before.
        from: u32,
        /// What counts now.
        to: u32,
        /// Whether it serves.
        up: bool,
    },
    /// A BFD session reaches a server, or does so no longer.
    Path {
        /// Which one.
        server: RealServerId,
        /// The session's name in the configuration.
        session: String,
        /// Whether it does.
        up: bool,
    },
    /// A tracked file took a server down, or does so no longer.
    File {
        /// Which one.
        server: RealServerId,
        /// The file's name in the configuration.
        name: String,
        /// Whether it is a fault now.
        fault: bool,
    },
    /// The quorum turned.
    Quorum(QuorumEvent, Quorum, u64),
    /// The sorry server serves.
    SorryIn(RealServerId, WhenDown),
    /// The sorry server serves no longer.
    SorryOut(RealServerId, WhenDown),
    /// The servers that are up come back, the sorry server being gone.
    AliveIn,
    /// The servers that are up give way to the sorry server.
    AliveOut,
    /// Everything stops: this server too.
    ShuttingDown(RealServerId, Presence),
    /// A reload took the virtual server away.
    ServiceGone,
    /// A reload took the server away.
    ServerGone(RealServerId),
    /// A reload took a line out of the group.
    EntryGone(EntryId),
    /// A reload brought the group another line.
    EntryAdded(EntryId),
    /// A server leaves the pool because a reload took it away.
    Removed(RealServerId, Presence),
}

/// Whether a server that leaves had weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It served, or was not there at all.
    Plain,
    /// It was down and only there because of `inhibit_on_failure`.
    Inhibited,
}

/// A turn of the quorum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuorumEvent {
    /// Gained while running.
    Gained,
    /// Gained at the start: the mail says so, the line does not.
    StartingUp,
    /// Lost while running.
    Lost,
    /// Not there at the start, or lost by a reload: with the threshold that was missed.
    StartingDown(u32),
}

/// A result of a checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The first success, or the one that ends a failure.
    Passed,
    /// While down: the page of this index has a good status.
    StatusGood(usize),
    /// While down: the page of this index has the digest that is wanted.
    DigestGood(usize),
    /// While down: the page of this index matches the pattern.
    RegexGood(usize),
    /// The page of this index has another length than announced.
    Length(usize, LengthMismatch),
    /// The network did not take the packet.
    NotSent,
    /// One failure of several.
    Attempt(Failure),
    /// A program's failure that is forgiven.
    Retrying {
        /// What happened.
        failure: Failure,
        /// Which one it is, from 1.
        nth: u32,
        /// How many are forgiven.
        of: u32,
    },
    /// Why there is no TLS session, before the failure that counts.
    Tls(TlsFault),
    /// The failure that counts, after so many that did not.
    Failed(Failure, Option<u32>),
    /// The probe could not be made: what failed, where keepalived says it.
    Unable(Trouble),
    /// The probe could not be made: the server keeps its state.
    Rescheduled(Trouble),
    /// The error number of a failed attempt, when it was another one the last time.
    Errno(i32),
}

impl Line {
    /// Who is interested.
    pub fn audience(&self) -> Audience {
        match &self.event {
            Event::Check(_, _, Checked::Errno(_)) | Event::File { .. } => Audience::Detail,
            Event::Check(_, _, Checked::Unable(Trouble { step: Step::Mark, .. })) => Audience::Alarm,
            Event::Activating(_)
            | Event::Deactivating(_)
            | Event::Suspending(_)
            | Event::Path { .. }
            | Event::Check(..)
            | Event::ServerUp(..)
            | Event::ServerDown(..)
            | Event::Weight { .. }
            | Event::Quorum(..)
            | Event::SorryIn(..)
            | Event::SorryOut(..)
            | Event::AliveIn
            | Event::AliveOut
            | Event::ShuttingDown(..)
            | Event::ServiceGone
            | Event::ServerGone(_)
            | Event::EntryGone(_)
            | Event::EntryAdded(_)
            | Event::Removed(..) => Audience::Operator,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let vs = &self.service;
        match &self.event {
            Event::Activating(rs) => write!(f, "Activating healthchecker for service {rs} for VS {vs}"),
            Event::Deactivating(rs) => write!(f, "Deactivating healthchecker for service {rs} for VS {vs}"),
            Event::Suspending(rs) => write!(f, "Suspending healthchecker for service {rs} for VS {vs}"),
            Event::Check(rs, kind, checked) => check::line(f, rs, vs, kind, *checked),
            Event::ServerUp(rs, WhenDown::Remove) => write!(f, "Adding service {rs} to VS {vs}"),
            Event::ServerUp(rs, WhenDown::Inhibit) => write!(f, "Enabling service {rs} of VS {vs}"),
            Event::ServerDown(rs, WhenDown::Remove) => write!(f, "Removing service {rs} from VS {vs}"),
            Event::ServerDown(rs, WhenDown::Inhibit) => write!(f, "Disabling service {rs} of VS {vs}"),
            Event::Weight { server, from, to, up } => {
                let active = if *up { "active" } else { "inactive" };
                write!(f, "Changing weight from {from} to {to} for {active} service {server} of VS {vs}")
            }
            Event::Path { server, session, up } => {
                write!(f, "BFD check of [{session}] RS({server}) is {}", if *up { "UP" } else { "DOWN" })
            }
            Event::File { server, name, fault: true } => {
                write!(f, "({server}): tracked file {name} now FAULT state")
            }
            Event::File { server, name, fault: false } => {
                write!(f, "({server}): tracked file {name} leaving FAULT state")
            }
            Event::Quorum(event, quorum, sum) => {
                let (q, h) = (quorum.quorum(), quorum.hysteresis());
                match event {
                    QuorumEvent::Gained | QuorumEvent::StartingUp => {
                        write!(f, "Gained quorum {q}+{h}={} <= {sum} for VS {vs}", quorum.to_gain())
                    }
                    QuorumEvent::Lost => {
                        write!(f, "Lost quorum {q}-{h}={} > {sum} for VS {vs}", quorum.to_keep())
                    }
                    QuorumEvent::StartingDown(missed) => {
                        write!(f, "Starting with quorum down {q}-{h}={missed} > {sum} for VS {vs}")
                    }
                }
            }
            Event::SorryIn(rs, WhenDown::Remove) => write!(f, "Adding sorry server {rs} to VS {vs}"),
            Event::SorryIn(rs, WhenDown::Inhibit) => write!(f, "Enabling sorry server {rs} to VS {vs}"),
            Event::SorryOut(rs, WhenDown::Remove) => write!(f, "Removing sorry server {rs} from VS {vs}"),
            Event::SorryOut(rs, WhenDown::Inhibit) => write!(f, "Disabling sorry server {rs} from VS {vs}"),
            Event::AliveIn => write!(f, "Adding alive servers to the pool for VS {vs}"),
            Event::AliveOut => write!(f, "Removing alive servers from the pool for VS {vs}"),
            Event::ShuttingDown(rs, presence) => {
                write!(f, "Shutting down {presence}service {rs} from VS {vs}")
            }
            Event::ServiceGone => match vs {
                VirtualServerId::Address { .. } | VirtualServerId::FwMark { .. } => {
                    write!(f, "Removing Virtual Server {vs}")
                }
                VirtualServerId::Group { name, .. } => write!(f, "Removing Virtual Server Group [{name}]"),
            },
            Event::ServerGone(rs) => write!(f, "service {rs} no longer exist"),
            Event::EntryGone(entry) => match entry {
                EntryId::FwMark(mark) => write!(f, "VS [{mark}] in group {} no longer exists", group(vs)),
                EntryId::Addresses { .. } => {
                    write!(f, "VS [{entry}] in group {} no longer exists", group(vs))
                }
            },
            Event::EntryAdded(entry) => write!(f, "VS [{entry}] added into group {}", group(vs)),
            Event::Removed(rs, presence) => write!(f, "Removing {presence}service {rs} from VS {vs}"),
        }
    }
}

fn group(vs: &VirtualServerId) -> &str {
    match vs {
        VirtualServerId::Group { name, .. } => name,
        VirtualServerId::Address { .. } | VirtualServerId::FwMark { .. } => "",
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "",
            Self::Inhibited => "(inhibited) ",
        })
    }
}

/// The system's text for an error number, without the number.
#[derive(Debug, Clone, Copy)]
pub struct Strerror(pub i32);

impl fmt::Display for Strerror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = io::Error::from_raw_os_error(self.0).to_string();
        f.write_str(text.split(" (os error").next().unwrap_or(&text))
    }
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Of which virtual server.
    pub service: VirtualServerId,
    /// Of which of its servers, or of the virtual server itself.
    pub server: Option<RealServerId>,
    /// Whether that is up after what happened.
    pub up: bool,
    /// What happened.
    pub cause: Cause,
}

/// What a mail tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A checker passed.
    Passed(Arc<CheckerKind>),
    /// A checker failed, for this reason.
    Failed(Arc<CheckerKind>, Option<Failure>),
    /// The quorum turned.
    Quorum(QuorumEvent, Quorum, u64),
    /// A reload took it away.
    Removing,
    /// Everything stops.
    ShuttingDown,
}

impl Alert {
    /// The subject behind `[ROUTER_ID] ` (§16.5).
    pub fn subject(&self) -> String {
        let state = if self.up { "UP" } else { "DOWN" };
        let service = &self.service;
        match self.server {
            Some(server) => format!("Realserver {server} of virtual server {service} - {state}"),
            None => format!("Virtualserver {service} - {state}"),
        }
    }

    /// The body, one line (§16.6).
    pub fn body(&self) -> String {
        match &self.cause {
            Cause::Passed(kind) => passed(kind),
            Cause::Failed(kind, failure) => failed(kind, self.server.as_ref(), *failure),
            Cause::Quorum(event, quorum, sum) => {
                let (words, threshold) = match event {
                    QuorumEvent::Gained => ("Gained quorum", quorum.to_gain()),
                    QuorumEvent::StartingUp => ("Starting with quorum up", quorum.to_gain()),
                    QuorumEvent::Lost => ("Lost quorum", quorum.to_keep()),
                    QuorumEvent::StartingDown(missed) => ("Starting with quorum down", *missed),
                };
                let (q, h) = (quorum.quorum(), quorum.hysteresis());
                format!("=> {words} {q}+{h}={threshold} <= {sum} <=")
            }
            Cause::Removing => "=> Removing <=".into(),
            Cause::ShuttingDown => "=> Shutting down <=".into(),
        }
    }
}

fn passed(kind: &CheckerKind) -> String {
    match kind {
        CheckerKind::Tcp(_) => "=> TCP CHECK succeed on service <=".into(),
        CheckerKind::Misc(_) => "=> MISC CHECK succeeded on service <=".into(),
        CheckerKind::Udp(_) => "=> UDP CHECK succeed on service <=".into(),
        CheckerKind::Dns(_) => "=> DNS_CHECK: succeed on service <=".into(),
        CheckerKind::Ping(_) => "=> ICMP CHECK succeed on service <=".into(),
        CheckerKind::Bfd(check) => format!("=> BFD CHECK {} succeeded on service <=", check.session),
        CheckerKind::Web(_) | CheckerKind::Smtp(_) | CheckerKind::File(_) => {
            "=> CHECK succeed on service <=".into()
        }
    }
}

fn failed(kind: &CheckerKind, server: Option<&RealServerId>, failure: Option<Failure>) -> String {
    match kind {
        CheckerKind::Tcp(_) => "=> TCP CHECK failed on service <=".into(),
        CheckerKind::Misc(_) if failure == Some(Failure::Script(misc::Fault::TimedOut)) => {
            "=> MISC CHECK timed out on service <=".into()
        }
        CheckerKind::Misc(_) => "=> MISC CHECK failed on service <=".into(),
        CheckerKind::Smtp(check) => {
            let reason = check::SmtpFailure { endpoint: &check.endpoint, server, failure };
            format!("=> CHECK failed on service : {reason} <=")
        }
        CheckerKind::Udp(_) => "=> UDP CHECK failed on service <=".into(),
        CheckerKind::Dns(_) => "=> DNS_CHECK: failed on service <=".into(),
        CheckerKind::Ping(_) => "=> ICMP CHECK failed on service <=".into(),
        CheckerKind::Bfd(check) => format!("=> BFD CHECK {} failed on service <=", check.session),
        CheckerKind::File(_) => "=> CHECK failed on service <=".into(),
        CheckerKind::Web(_) => "=> CHECK failed on service : HTTP/SSL request failed <=".into(),
    }
}
