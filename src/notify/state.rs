//! The mail about a change of state of a virtual router or a sync group.

use vrrp::State;

/// What follows the router's name in the subject, and the line that is the body. Nothing for a state nobody is told about.
pub(crate) fn mail(state: State) -> Option<(&'static str, &'static str)> {
    const OWNING: &str = "=> VRRP Instance is now owning VRRP VIPs <=";
    const NO_LONGER: &str = "=> VRRP Instance is no longer owning VRRP VIPs <=";
    match state {
        State::Init => None,
        State::Master => Some(("Entering MASTER state", OWNING)),
        State::Backup => Some(("Entering BACKUP state", NO_LONGER)),
        State::Fault => Some(("Entering FAULT state", NO_LONGER)),
        State::Stopped => Some(("Stopping", "=> VRRP Instance stopping <=")),
        State::Deleted => Some(("Deleted", "=> VRRP Deleted at reload <=")),
    }
}

/// The same for a sync group.
pub(crate) fn group_mail(state: State) -> Option<(&'static str, &'static str)> {
    match state {
        State::Master => {
            Some(("Entering MASTER state", "=> All VRRP group instances are now in MASTER state <="))
        }
        State::Backup => {
            Some(("Entering BACKUP state", "=> All VRRP group instances are now in BACKUP state <="))
        }
        State::Fault => {
            Some(("Entering FAULT state", "=> All VRRP group instances are now in FAULT state <="))
        }
        State::Stopped => Some(("Stopping", "=> All VRRP group instances are now stopping <=")),
        State::Init | State::Deleted => None,
    }
}
