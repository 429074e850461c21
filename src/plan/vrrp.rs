//! `vrrp_instance` blocks to the VRRP worker's plan.

use parser::config::Config;
use parser::diag::Diagnostic;
use serde::{Deserialize, Serialize};

use super::System;
use crate::notify::mail;

/// What the VRRP worker does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VrrpPlan {
    /// Who is told by mail.
    pub(crate) alerts: Option<mail::Settings>,
}

/// Translates; what is wrong in the light of the running system goes to `complaints`.
pub(super) fn plan(
    _config: &Config,
    _system: &System,
    alerts: Option<mail::Settings>,
    _complaints: &mut Vec<Diagnostic>,
) -> VrrpPlan {
    VrrpPlan { alerts }
}
