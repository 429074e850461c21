//! The text dumps, section by section.

mod bfd;
mod checkers;
mod global;
mod interfaces;
mod sockets;
mod standing;
mod vrrp;
mod watched;

use super::sheet::Sheet;
use crate::dump::Scene;
use crate::status::bfd::BfdStatus;
use crate::status::checkers::CheckersStatus;
use crate::status::vrrp::VrrpStatus;
use crate::worker::Role;

/// `keepalived_parent.data`.
pub(super) fn parent(scene: &Scene<'_>) -> String {
    let mut sheet = Sheet::default();
    global::write(scene, None, &mut sheet);
    sheet.into_text()
}

/// `keepalived.data`; without a status what is configured alone.
pub(super) fn vrrp(scene: &Scene<'_>, status: Option<&VrrpStatus>) -> String {
    let mut sheet = Sheet::default();
    global::write(scene, Some(Role::Vrrp), &mut sheet);
    vrrp::write(scene, status, &mut sheet);
    sheet.into_text()
}

/// `keepalived_check.data`; without a status what is configured alone.
pub(super) fn checkers(scene: &Scene<'_>, status: Option<&CheckersStatus>) -> String {
    let mut sheet = Sheet::default();
    global::write(scene, Some(Role::Checkers), &mut sheet);
    checkers::write(scene, status, &mut sheet);
    sheet.into_text()
}

/// `keepalived_bfd.data`; without a status what is configured alone.
pub(super) fn bfd(scene: &Scene<'_>, status: Option<&BfdStatus>) -> String {
    let mut sheet = Sheet::default();
    global::write(scene, Some(Role::Bfd), &mut sheet);
    bfd::write(scene, status, &mut sheet);
    sheet.into_text()
}
