//! BFD sessions.

use ::vrrp::bfd::Hops;
use ::vrrp::bfd::params::Role;

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, object};
use crate::dump::words::either;
use crate::status::bfd::{BfdStatus, State};

pub(super) fn write(scene: &Scene<'_>, status: Option<&BfdStatus>, sheet: &mut Sheet) {
    if scene.plan.bfd.sessions.is_empty() {
        return;
    }
    sheet.section("BFD Topology");
    for params in &scene.plan.bfd.sessions {
        object!(sheet, "BFD Instance = {}", params.name);
        attribute!(sheet, "Neighbor IP = {}", params.neighbor);
        if let Some(source) = params.source {
            attribute!(sheet, "Source IP = {source}");
        }
        attribute!(sheet, "Required min RX interval = {} us", params.min_rx.0);
        attribute!(sheet, "Desired min TX interval = {} us", params.min_tx.0);
        attribute!(sheet, "Desired idle TX interval = {} us", params.idle_tx.0);
        attribute!(sheet, "Detection multiplier = {}", params.multiplier);
        attribute!(sheet, "Passive = {}", either(params.role == Role::Passive, "yes", "no"));
        attribute!(sheet, "Multihop = {}", either(params.hops == Hops::Many, "yes", "no"));
        attribute!(sheet, "TTL = {}", params.ttl);
        if let Some(hops) = params.max_hops {
            attribute!(sheet, "max_hops = {hops}");
        }
        let told = status.and_then(|status| status.sessions.iter().find(|one| one.name == params.name));
        let Some(told) = told else { continue };
        let state = match told.state {
            State::AdminDown => "AdminDown",
            State::Down => "Down",
            State::Init => "Init",
            State::Up => "Up",
        };
        attribute!(sheet, "local state = {state}");
        attribute!(sheet, "local discriminator = 0x{:x}", told.discriminator);
        attribute!(sheet, "local TX interval = {} us", told.interval.as_micros());
        attribute!(sheet, "local detection time = {} us", told.detection.as_micros());
    }
}
