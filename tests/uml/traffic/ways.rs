//! NAT, IP tunnelling and direct routing carry a client's requests to real servers and their answers back.

use super::farm::{Family, Farm, Plan, Way, client_address};
use lab::{Binary, Outcome, eventually};
use std::{collections::BTreeMap, time::Duration};

pub(crate) fn nat_carries_requests_and_answers(binary: &Binary) -> Outcome {
    carries(binary, Way::Nat)
}

pub(crate) fn tunnelling_carries_requests_and_answers(binary: &Binary) -> Outcome {
    carries(binary, Way::Tun)
}

pub(crate) fn direct_routing_carries_requests_and_answers(binary: &Binary) -> Outcome {
    carries(binary, Way::Dr)
}

fn carries(binary: &Binary, way: Way) -> Outcome {
    let mut farm = Farm::start(binary, &Plan::new(way, "rr"), 1)?;
    for family in [Family::V4, Family::V6] {
        farm.warm_up(family)?;
        let mut answers = BTreeMap::new();
        for _ in 0..9 {
            let answer = farm.ask(family)?;
            // Servers see who really asks.
            assert_eq!(answer.asker, client_address(family), "{way:?} {family:?}");
            *answers.entry(answer.name).or_insert(0) += 1;
        }
        let even: BTreeMap<_, _> = ["web1", "web2", "web3"].map(|name| (name.to_owned(), 3)).into();
        assert_eq!(answers, even, "{way:?} {family:?}");
    }
    // A server that no longer answers its check is not asked any more.
    farm.servers[1].origin = None;
    eventually("requests to the two that are left", Duration::from_secs(20), || {
        let names: Option<Vec<String>> =
            (0..6).map(|_| farm.ask(Family::V4).ok().map(|answer| answer.name)).collect();
        names.filter(|names| names.iter().all(|name| name != "web2"))
    })?;
    Ok(())
}
