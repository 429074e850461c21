//! Whom an instance believes: authentication of VRRPv2, and the HMAC trailer.

use std::time::Duration;

use super::Builder;
use crate::block::vrrp::{AuthBlock, HmacBlock, InstanceBlock};
use crate::config::{Auth, Family, Hmac, Version};
use crate::keyword::{Nested, Table};
use crate::resolve::said;
use crate::value::instance::AuthType;
use crate::value::time::secs;

impl Builder<'_> {
    pub(super) fn auth(
        &mut self,
        block: &mut InstanceBlock,
        family: Family,
        version: Version,
        strict: bool,
    ) -> Auth {
        let mut blocks = Nested::all(block.authentication.take()).into_iter().map(|said| said.value);
        let Some(mut merged) = blocks.next() else { return Auth::None };
        blocks.for_each(|later| merged.overlay(later));
        let AuthBlock { auth_type, auth_pass, .. } = merged;
        let Some(kind) = said(auth_type) else { return Auth::None };
        let password = said(auth_pass).filter(|password| !password.expose().is_empty());
        if strict {
            self.say("Strict mode does not support authentication. Ignoring.");
            return Auth::None;
        }
        if version == Version::V3 {
            self.say("VRRP version 3 does not support authentication. Ignoring.");
            return Auth::None;
        }
        match (kind, password) {
            (_, None) => {
                self.say("Authentication specified but no password given. Ignoring");
                Auth::None
            }
            (AuthType::Ah, Some(_)) if family == Family::V6 => {
                self.say("Cannot use AH authentication with IPv6. ignoring");
                Auth::None
            }
            (AuthType::Ah, Some(password)) => Auth::Ah(password),
            (AuthType::Pass, Some(password)) => Auth::Pass(password),
        }
    }

    pub(super) fn hmac(
        &mut self,
        block: &mut InstanceBlock,
        advert_int: Duration,
        strict: bool,
    ) -> Option<Hmac> {
        let mut blocks = Nested::all(block.auth_hmac.take()).into_iter().map(|said| said.value);
        let mut merged: HmacBlock = blocks.next()?;
        blocks.for_each(|later| merged.overlay(later));
        let keys = said(merged.key).map_or_else(Vec::new, |keys| keys.0);
        let active = said(merged.active_key).unwrap_or(0);
        if !keys.iter().any(|key| key.id == active) {
            self.say(&format!("auth_hmac active_key {active} is not defined - disabling auth_hmac"));
            return None;
        }
        let mut mode = said(merged.mode).map(|mode| mode.0).unwrap_or_default();
        if strict && mode != crate::config::HmacMode::Enforce {
            self.say("auth_hmac mode must be enforce in strict mode - resetting");
            mode = crate::config::HmacMode::Enforce;
        }
        let default = secs((3 * advert_int.as_secs()).clamp(5, 300));
        Some(Hmac {
            keys,
            active,
            window: said(merged.time_window).map_or(default, |window| window.0),
            anti_replay: said(merged.anti_replay).map(|replay| replay.0).unwrap_or_default(),
            mode,
        })
    }
}
