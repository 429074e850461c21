//! How an instance behaves towards other routers: preemption, what it answers, what it announces, and what strict mode
//! leaves of that.

use std::time::Duration;

use super::Builder;
use crate::block::vrrp::InstanceBlock;
use crate::config::{Garp, Role, Version};
use crate::keyword::Slot;
use crate::resolve::{said, value};

impl Builder<'_> {
    pub(super) fn preemption(
        &mut self,
        block: &mut InstanceBlock,
        owner: bool,
        state: Role,
        strict: bool,
    ) -> (bool, Duration) {
        let mut preempt = said(block.preempt.take()).is_none_or(|unless| unless.0);
        if !preempt && owner {
            self.say("nopreempt is incompatible with priority 255. resetting nopreempt");
            preempt = true;
        }
        if !preempt && state == Role::Master {
            self.say("Warning - nopreempt will not work with initial state MASTER - clearing");
            preempt = true;
        }
        let mut delay = value(&block.rules.preempt_delay).unwrap_or(Duration::ZERO);
        if !delay.is_zero() {
            let fault = match (strict, preempt, state) {
                (true, _, _) => Some("preempt_delay is incompatible with strict mode - resetting"),
                (false, false, _) => Some("preempt_delay is incompatible with nopreempt mode - resetting"),
                (false, true, Role::Master) => {
                    Some("Warning - preempt delay will not work with initial state MASTER - clearing")
                }
                (false, true, Role::Backup) => None,
            };
            if let Some(fault) = fault {
                self.say(fault);
                delay = Duration::ZERO;
            }
        }
        (preempt, delay)
    }

    pub(super) fn accept(
        &mut self,
        block: &mut InstanceBlock,
        owner: bool,
        version: Version,
        strict: bool,
    ) -> bool {
        let given = value(&block.rules.accept).map(|unless| unless.0);
        let accept = given.unwrap_or(owner || !strict);
        if accept && strict && !owner && version == Version::V2 {
            self.say("warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting");
            return false;
        }
        accept
    }

    pub(super) fn prio_adverts(&mut self, block: &mut InstanceBlock, strict: bool) -> (bool, bool) {
        let lower = value(&block.rules.lower_prio_no_advert);
        let higher = value(&block.rules.higher_prio_send_advert);
        if !strict {
            let default = |slot: &Slot<bool>| slot.as_ref().is_some_and(|said| said.value);
            return (
                lower.unwrap_or_else(|| default(&self.defs.vrrp_lower_prio_no_advert)),
                higher.unwrap_or_else(|| default(&self.defs.vrrp_higher_prio_send_advert)),
            );
        }
        if lower == Some(false) {
            self.say("Strict mode requires no lower priority advert. resetting");
        }
        if higher == Some(true) {
            self.say("strict mode requires higher_prio_send_advert to be clear. resetting");
        }
        (true, false)
    }

    pub(super) fn owner_ignores(&mut self, block: &mut InstanceBlock, owner: bool, strict: bool) -> bool {
        let given = value(&block.rules.owner_ignore_adverts);
        if !owner {
            if given == Some(true) {
                self.say("owner_ignore_adverts is only valid for priority 255 - ignoring");
            }
            return false;
        }
        if strict {
            if given == Some(false) {
                self.say("owner_ignore_adverts must be set with strict_mode - setting");
            }
            return true;
        }
        let default = || self.defs.vrrp_owner_ignore_adverts.as_ref().is_some_and(|said| said.value);
        given.unwrap_or_else(default)
    }

    pub(super) fn down_timer(&mut self, block: &mut InstanceBlock, strict: bool) -> u8 {
        let adverts =
            value(&block.rules.down_timer_adverts).unwrap_or_else(|| self.defs.vrrp_down_timer_adverts());
        if strict && adverts != 3 {
            self.say("down_timer_adverts is incompatible with strict mode - resetting");
            return 3;
        }
        adverts
    }

    pub(super) fn garp(&mut self, block: &mut InstanceBlock, strict: bool) -> Garp {
        let global = self.config.global.garp;
        let master_delay = value(&block.garp.garp_master_delay).map_or(global.master_delay, |delay| delay.0);
        let master_repeat =
            value(&block.garp.garp_master_repeat).map_or(global.master_repeat, |repeat| repeat.0);
        let mut lower_prio_delay = value(&block.garp.garp_lower_prio_delay).map(|delay| delay.0);
        let mut lower_prio_repeat = value(&block.garp.garp_lower_prio_repeat);
        if strict {
            if lower_prio_repeat.is_some_and(|repeat| repeat > 0) {
                self.say("Strict mode requires no repeat garps. resetting");
            }
            if lower_prio_delay.is_some_and(|delay| !delay.is_zero()) {
                self.say("Strict mode requires no repeat garp delay. resetting");
            }
            (lower_prio_delay, lower_prio_repeat) = (Some(Duration::ZERO), Some(0));
        }
        let extra = value(&block.garp.garp_extra_if);
        Garp {
            master_delay,
            master_repeat,
            refresh: value(&block.garp.garp_master_refresh).map_or(global.refresh, |refresh| refresh.0),
            refresh_repeat: value(&block.garp.garp_master_refresh_repeat)
                .map_or(global.refresh_repeat, |repeat| repeat.0),
            lower_prio_delay: lower_prio_delay.unwrap_or(global.lower_prio_delay),
            lower_prio_repeat: lower_prio_repeat.unwrap_or(global.lower_prio_repeat),
            extra_if: extra.map_or(global.extra_if, |extra| extra.every),
            extra_if_all: extra.map_or(global.extra_if_all, |extra| extra.all),
        }
    }
}
