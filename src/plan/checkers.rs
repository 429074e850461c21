//! `virtual_server` blocks to the checker worker's plan.

use parser::config::Config;
use parser::diag::Diagnostic;
use serde::{Deserialize, Serialize};

use super::System;
use crate::notify::mail;

/// What the checker worker does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckersPlan {
    /// Who is told by mail.
    pub(crate) alerts: Option<mail::Settings>,
}

/// Translates; what is wrong in the light of the running system goes to `complaints`.
pub(super) fn plan(
    _config: &Config,
    _system: &System,
    alerts: Option<mail::Settings>,
    _complaints: &mut Vec<Diagnostic>,
) -> CheckersPlan {
    CheckersPlan { alerts }
}
