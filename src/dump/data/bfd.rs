//! BFD sessions.

use ::vrrp::bfd::Hops;
use ::vrrp::bfd::params::Role;

use crate::dump::Scene;
use crate::dump::sheet::{Sheet, attribute, object};
use crate::dump::words::{either, late_moment};
use crate::status::bfd::{BfdStatus, State};

fn word(state: State) -> &'static str {
    match state {
        State::AdminDown => "AdminDown",
        State::Down => "Down",
        State::Init => "Init",
        State::Up => "Up",
    }
}

pub(super) fn write(scene: &Scene<'_>, status: Option<&BfdStatus>, sheet: &mut Sheet) {
    if scene.plan.bfd.sessions.is_empty() {
        return;
    }
    // What the original tells here are its descriptors.
    sheet.section("BFD Data");
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
        attribute!(sheet, "{} = {}", either(params.neighbor.is_ipv6(), "hoplimit", "TTL"), params.ttl);
        if let Some(hops) = params.max_hops {
            attribute!(sheet, "max_hops = {hops}");
        }
        attribute!(sheet, "passive = {}", params.role == Role::Passive);
        if params.hops == Hops::Many {
            attribute!(sheet, "multihop = true");
        }
        if let Some(said) = scene.config.bfd_instances.iter().find(|one| one.name == params.name) {
            for (process, is_told) in [("VRRP", said.for_vrrp), ("checker", said.for_checkers)] {
                attribute!(sheet, "send event to {process} process = {}", either(is_told, "Yes", "No"));
            }
        }
        let told = status.and_then(|status| status.sessions.iter().find(|one| one.name == params.name));
        let Some(told) = told else { continue };
        let remote = &told.remote;
        attribute!(sheet, "local state = {}", word(told.state));
        attribute!(sheet, "remote state = {}", word(remote.state));
        attribute!(sheet, "local discriminator = 0x{:x}", told.discriminator);
        attribute!(sheet, "remote discriminator = 0x{:x}", remote.discriminator);
        attribute!(sheet, "local diag = {}", told.diagnostic);
        attribute!(sheet, "remote diag = {}", remote.diagnostic);
        attribute!(sheet, "remote min tx intv = {} us", remote.min_tx.as_micros());
        attribute!(sheet, "remote min rx intv = {} us", remote.min_rx.as_micros());
        attribute!(sheet, "local demand = 0");
        attribute!(sheet, "remote demand = {}", u8::from(remote.demand));
        attribute!(sheet, "remote detect multiplier = {}", remote.multiplier);
        // An answer to a poll is gone as soon as it is asked for.
        attribute!(sheet, "{}, !final", either(told.polls, "poll", "!poll"));
        attribute!(sheet, "local tx intv = {} us", told.interval.as_micros());
        attribute!(sheet, "remote tx intv = {} us", remote.interval.as_micros());
        attribute!(sheet, "local detection time = {} us", told.detection.as_micros());
        attribute!(sheet, "remote detection time = {} us", remote.detection.as_micros());
        match told.seen {
            Some(seen) => attribute!(sheet, "last seen = {}", late_moment(seen)),
            None => attribute!(sheet, "last_seen = [never]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::plan::tests::both;
    use crate::status::bfd::{Remote, Session};

    fn told(seen: Option<SystemTime>, state: State) -> Session {
        let time = Duration::from_millis(10);
        Session {
            name: "b1".into(),
            state,
            discriminator: 0x1a,
            interval: time,
            detection: 5 * time,
            diagnostic: "No Diagnostic".into(),
            polls: false,
            remote: Remote {
                state,
                discriminator: 0x2b,
                diagnostic: "Path Down".into(),
                multiplier: 5,
                min_tx: time,
                min_rx: 2 * time,
                demand: false,
                interval: time,
                detection: 4 * time,
            },
            seen,
        }
    }

    fn lines(session: Session) -> Vec<String> {
        let (config, plan, _) = both("bfd_instance b1 {\n neighbor_ip 10.0.0.2\n}\n");
        let scene = Scene::plain(&config, &plan);
        let text = crate::dump::data::bfd(&scene, Some(&BfdStatus { sessions: vec![session] }));
        text.lines().skip_while(|line| !line.contains("local state")).map(str::to_owned).collect()
    }

    #[test]
    fn a_session_is_told_from_both_ends() {
        let expected = [
            "   local state = Up",
            "   remote state = Up",
            "   local discriminator = 0x1a",
            "   remote discriminator = 0x2b",
            "   local diag = No Diagnostic",
            "   remote diag = Path Down",
            "   remote min tx intv = 10000 us",
            "   remote min rx intv = 20000 us",
            "   local demand = 0",
            "   remote demand = 0",
            "   remote detect multiplier = 5",
            "   !poll, !final",
            "   local tx intv = 10000 us",
            "   remote tx intv = 10000 us",
            "   local detection time = 50000 us",
            "   remote detection time = 40000 us",
        ];
        let seen = lines(told(Some(SystemTime::UNIX_EPOCH), State::Up));
        assert_eq!(seen[..expected.len()], expected);
        assert!(seen[expected.len()].starts_with("   last seen = 0.000000 ("), "{seen:?}");
        let never = lines(told(None, State::Down));
        assert_eq!(never[expected.len()..], ["   last_seen = [never]"]);
        assert_eq!(never[..2], ["   local state = Down", "   remote state = Down"]);
    }
}
