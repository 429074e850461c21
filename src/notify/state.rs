//! The mail about a change of state of a virtual router.

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
