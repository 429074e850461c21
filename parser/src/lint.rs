//! What is legal but cannot work, or not as its author hopes.
//!
//! A lint looks at one [`Config`], or at those of two routers, and at nothing else, so it only says what the files show. The reader's own messages are
//! about text that means nothing or something else than it seems; findings are about text that means exactly what it says.
//! What the reader complains about already (an empty `unicast_peer`, a VRID used twice, a sync group of one, `nopreempt` with
//! `state MASTER`, a
//! long `auth_pass`, servers named twice) is not repeated here.

mod pair;
mod server;
mod track;
mod vrrp;

use crate::config::{Config, Span};

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The lint that found it.
    pub lint: Lint,
    /// The line it is about.
    pub span: Option<Span>,
    /// What was found.
    pub message: String,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lint {
    /// A script, file, process or BFD session that nobody watches.
    NeverTracked,
    /// A script that may run longer than the time between its runs.
    ScriptOutlastsInterval,
    /// A unicast peer that is the router itself.
    PeerIsSelf,
    /// A unicast peer that is one of the addresses the routers compete for.
    PeerIsVirtualAddress,
    /// A router that is not among the unicast peers of the other, seen with both files.
    PeerMissing,
    /// Two instances with the same VRID on one interface, told apart by group or peers only.
    VridShared,
    /// The same address in two instances that may have different masters.
    AddressInTwoInstances,
    /// A weight that leaves the priority as it is.
    WeightWithoutEffect,
    /// Weights together with `nopreempt`.
    WeightWithNopreempt,
    /// A quorum that cannot be regained.
    QuorumUnreachable,
    /// A sorry server for servers that never fail.
    SorryServerNeverUsed,
    /// A sorry server that is one of the real servers.
    SorryServerIsRealServer,
    /// A check that may take longer than the time between two.
    CheckOutlastsInterval,
    /// A server group that no virtual server uses.
    UnusedServerGroup,
    /// Alerts without somebody to send them to.
    MailToNobody,
}

impl Lint {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::NeverTracked,
        Self::ScriptOutlastsInterval,
        Self::PeerIsSelf,
        Self::PeerIsVirtualAddress,
        Self::PeerMissing,
        Self::VridShared,
        Self::AddressInTwoInstances,
        Self::WeightWithoutEffect,
        Self::WeightWithNopreempt,
        Self::QuorumUnreachable,
        Self::SorryServerNeverUsed,
        Self::SorryServerIsRealServer,
        Self::CheckOutlastsInterval,
        Self::UnusedServerGroup,
        Self::MailToNobody,
    ];

    /// Its name, which never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::NeverTracked => "never-tracked",
            Self::ScriptOutlastsInterval => "script-outlasts-interval",
            Self::PeerIsSelf => "peer-is-self",
            Self::PeerIsVirtualAddress => "peer-is-virtual-address",
            Self::PeerMissing => "peer-missing",
            Self::VridShared => "vrid-shared",
            Self::AddressInTwoInstances => "address-in-two-instances",
            Self::WeightWithoutEffect => "weight-without-effect",
            Self::WeightWithNopreempt => "weight-with-nopreempt",
            Self::QuorumUnreachable => "quorum-unreachable",
            Self::SorryServerNeverUsed => "sorry-server-never-used",
            Self::SorryServerIsRealServer => "sorry-server-is-real-server",
            Self::CheckOutlastsInterval => "check-outlasts-interval",
            Self::UnusedServerGroup => "unused-server-group",
            Self::MailToNobody => "mail-to-nobody",
        }
    }

    /// Why it matters, and what to do.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::NeverTracked => "it has no influence until an instance, a sync group or a checker names it",
            Self::ScriptOutlastsInterval => {
                "a run that hangs delays the next ones; make the timeout shorter than the interval"
            }
            Self::PeerIsSelf => "a router hears nothing from itself; name the other routers",
            Self::PeerIsVirtualAddress => {
                "a peer is reached by an address of its own; a virtual address moves to the master"
            }
            Self::PeerMissing => {
                "adverts go to the named peers and to nobody else; a router that hears none becomes master beside the other"
            }
            Self::VridShared => {
                "both have the same virtual MAC address, and a router that listens to both confuses them; use another VRID"
            }
            Self::AddressInTwoInstances => {
                "two masters may hold it at the same time; put the instances into a sync group or the address into one of them"
            }
            Self::WeightWithoutEffect => {
                "priorities stay between 1 and 254, so it can never cause a failover; choose the priority further from the limit"
            }
            Self::WeightWithNopreempt => {
                "where the other router has nopreempt as well, it does not take over however low the priority falls; leave the weight out, so that a failure is a fault"
            }
            Self::QuorumUnreachable => {
                "once lost, the quorum is only regained at quorum + hysteresis, which all servers together do not reach; lower one of them"
            }
            Self::SorryServerNeverUsed => {
                "a real server without a checker counts as up forever; give it a checker"
            }
            Self::SorryServerIsRealServer => {
                "it is taken out and put in as two things at once; name another server"
            }
            Self::CheckOutlastsInterval => {
                "the time between checks counts from the end of one, so a server that hangs is found later than delay_loop says"
            }
            Self::UnusedServerGroup => "`virtual_server group NAME` uses it",
            Self::MailToNobody => "mail needs notification_email and smtp_server in global_defs",
        }
    }
}

/// Everything the lints find, in the order of the files within each kind of block.
pub fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Findings::default();
    track::lint(config, &mut found);
    vrrp::lint(config, &mut found);
    server::lint(config, &mut found);
    mail(config, &mut found);
    found.0
}

/// What the file of another router of the same virtual routers shows besides; `name` is that of its file.
pub fn findings_beside(config: &Config, other: &Config, name: &str) -> Vec<Finding> {
    let mut found = Findings::default();
    pair::lint(config, other, name, &mut found);
    found.0
}

/// Collects findings.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn at(&mut self, lint: Lint, span: &Span, message: String) {
        self.0.push(Finding { lint, span: Some(span.clone()), message });
    }
}

fn mail(config: &Config, found: &mut Findings) {
    let mail = &config.global.mail;
    if mail.server.is_some() && !mail.to.is_empty() {
        return;
    }
    let missing = if mail.to.is_empty() { "notification_email" } else { "smtp_server" };
    let instances = config.vrrp_instances.iter().filter(|instance| instance.smtp_alert);
    let groups = config.sync_groups.iter().filter(|group| group.smtp_alert);
    let wanted = instances
        .map(|instance| (&instance.name, &instance.span))
        .chain(groups.map(|group| (&group.name, &group.span)));
    for (name, span) in wanted {
        let message = format!("({name}) wants mail to be sent, but there is no {missing}");
        found.at(Lint::MailToNobody, span, message);
    }
}
